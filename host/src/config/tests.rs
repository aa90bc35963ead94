#![expect(clippy::unwrap_used, reason = "tests")]
//! What is read, what wins, and what a mistake is told.

use std::time::Duration;

use tidegate_core::profile::Caps;

use super::*;

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE_NAME), text).unwrap();
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(dir.path(), None, &environment)
}

#[test]
fn nothing_at_all_gives_the_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::load(dir.path(), None, &Environment::new()).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.budget.runs_per_day, 500);
}

#[test]
fn the_environment_goes_before_the_file() {
    let config = load(
        "[budget]\nruns_per_day = 7\n[scheduler]\nruns_at_once = 3\n",
        &[("TIDEGATE_BUDGET_RUNS_PER_DAY", "9"), ("TIDEGATE_LOG_FORMAT", "json"), ("TIDEGATE_DIR", "/x")],
    )
    .unwrap();
    assert_eq!((config.budget.runs_per_day, config.scheduler.runs_at_once), (9, 3));
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn a_mistake_is_told_with_its_place_and_the_remedy() {
    type Variables = &'static [(&'static str, &'static str)];
    let table: [(&str, Variables, &str, &str); 7] = [
        ("[budgte]\nruns_per_day = 7\n", &[], "line 1", "did you mean `budget`?"),
        ("[budget]\nruns_per_dya = 7\n", &[], "line 2", "did you mean `runs_per_day`?"),
        ("[budget]\nruns_per_day = \"many\"\n", &[], "line 2", ""),
        ("[plugins]\nwasi = \"alow\"\n", &[], "line 2", "did you mean `allow`?"),
        ("budget\n", &[], "line 1", ""),
        ("", &[("TIDEGATE_BUDGET_RUN_PER_DAY", "1")], "is not a setting", "did you mean TIDEGATE_BUDGET_RUNS_PER_DAY?"),
        ("[scheduler]\nruns_at_once = 0\n", &[], "out of range", "a number from 1 to 1024"),
    ];
    for (text, variables, message, hint) in table {
        let error = load(text, variables).unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{text}: {:?}", error.hint);
    }
}

#[test]
fn every_key_has_its_variable() {
    let known = toml::Table::try_from(Config {
        net: NetConfig { contact: Some(String::new()), ..NetConfig::default() },
        ..Config::default()
    })
    .unwrap();
    let keys: Vec<(String, String)> = known
        .iter()
        .flat_map(|(section, keys)| keys.as_table().unwrap().keys().map(|key| (section.clone(), key.clone())))
        .collect();
    for (section, key) in &keys {
        assert!(KEYS.contains(&(section.as_str(), key.as_str())), "{section}.{key} is missing in KEYS");
    }
    assert_eq!(keys.len(), KEYS.len());
}

#[test]
fn the_shipped_profiles_are_right() {
    for (name, text) in shipped_profiles() {
        parse_profile(name, text, "shipped").unwrap();
    }
}

#[test]
fn a_profile_with_everything() {
    let text = r#"
        plugin = "rss"
        kind = "feed"
        keep_pages = "2d"
        allowed_overrides = ["discover"]
        overrides = { max_pages = 2 }
        schedule = { every = "30m", min_interval = "10m" }
        caps = { max_items = 5, deadline = "2m" }
        budget = { runs_per_day = 12 }
        retry = { in_run = ["1s"], runs = [], max_failures = 5 }
        net = { allowed_hosts = ["*.example.org"], allow_private = ["10.0.0.0/8"], body_bytes = 1000 }
    "#;
    let profile = parse_profile("a", text, "a.toml").unwrap();
    assert_eq!(profile.caps, Caps { max_items: 5, deadline: Duration::from_secs(120), ..Caps::default() });
    assert_eq!(profile.retry.in_run, [Duration::from_secs(1)]);
    assert_eq!(profile.min_interval, Duration::from_secs(600));
    assert_eq!(profile.net.body_bytes, 1_000);
}

#[test]
fn a_wrong_profile_is_told_with_its_line_and_the_remedy() {
    let right = "plugin = \"rss\"\nkind = \"feed\"\nschedule = { every = \"1h\" }\n";
    let table = [
        ("a", "plugin = \"rss\"\nkind = \"feed\"\n".to_owned(), "missing field `schedule`", ""),
        ("a", format!("{right}plugni = 1\n"), "line 4", "did you mean `plugin`?"),
        ("a", right.replace("1h", "1x"), "units are s, m, h, d and w", ""),
        (
            "a",
            right.replace("every = \"1h\"", "cron = \"* * * * *\""),
            "unknown field `cron`",
            "known here: every, min_interval",
        ),
        ("a", format!("{right}caps = {{ max_items = 0 }}\n"), "caps.max_items = 0 is out of range", "1 to 10000"),
        ("a", format!("{right}retry = {{ max_failures = 0 }}\n"), "no source would ever run", "1 or more"),
        ("a", format!("{right}net = {{ allowed_hosts = [\"https://a\"] }}\n"), "is not a host", "without scheme"),
        ("A b", right.to_owned(), "is not a name", "rename the file"),
    ];
    for (name, text, message, hint) in table {
        let error = parse_profile(name, &text, "a.toml").unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{text}: {:?}", error.hint);
    }
}
