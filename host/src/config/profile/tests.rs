//! What a profile may say, what a mistake is told, and that the table of keys, the schema and the shapes agree.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use serde_json::{Value, json};
use tidegate_core::actor::PriceTable;
use tidegate_core::contract::{Kind, Manifest};
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Caps;

use super::keys::{Form, Key, PROFILE};
use super::*;

const PAID: &str = r#"plugin = "instagram"
kind = "account"
schedule = { every = "6h" }
[actor]
name = "apify/instagram-post-scraper"
build = "0.0.36"
memory_mb = 1024
timeout = "6m"
spare_elements = 3
[actor.price]
as_of = "2026-08-20"
start = 0.001
element = "0.0023"
minimum = 0.01
compute_unit = 0.4
[actor.price.events]
date-filter = 0.0013
[budget]
usd_per_run = 0.2
usd_per_day = 2
source_usd_per_day = 1
"#;

fn paid(change: &[(&str, &str)]) -> Result<Profile, ConfigError> {
    let text = change.iter().fold(PAID.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    parse_profile("insta", &text, "insta.toml")
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
        net = { allowed_hosts = ["*.example.org"], allowed_methods = ["GET", "POST"], allow_private = ["10.0.0.0/8"], body_bytes = 1000 }
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
        ("a", right.replace("every", "evry"), "unknown field `evry`", "did you mean `every`?"),
        ("a", right.replace("every = \"1h\"", ""), "one of every, cron and tiers", "tiers = \"default\""),
        ("a", right.replace("every = \"1h\"", "cron = \"61 * * * *\""), "line 3", "docs/configuration.md"),
        ("a", right.replace("every = \"1h\"", "cron = \"* * 0 * *\""), "column 5: day of month: 0 is out of range", ""),
        ("a", right.replace("\"1h\"", "\"1h\", timezone = \"UTC\""), "timezone belongs to cron", ""),
        ("a", right.replace("every = \"1h\"", "cron = \"@daily\", timezone = \"Berlin\""), "time zone database", ""),
        (
            "a",
            right.replace("every = \"1h\"", "tiers = \"default\", min_interval = \"5m\""),
            "row 1: every = \"3m\" is below min_interval = \"5m\"",
            "",
        ),
        ("a", right.replace("every = \"1h\"", "tiers = [{ followers = 5 }]"), "tiers is \"default\" or a list", ""),
        ("a", format!("{right}caps = {{ max_items = 0 }}\n"), "caps.max_items = 0 is out of range", "1 to 10000"),
        (
            "a",
            format!("{right}retry = {{ max_failures = 0 }}\n"),
            "retry.max_failures = 0 is out of range",
            "1 to 1000",
        ),
        ("a", format!("{right}net = {{ allowed_hosts = [\"https://a\"] }}\n"), "is not a host", "without scheme"),
        ("a", format!("{right}net = {{ allowed_hosts = [\"a b\"] }}\n"), "\"a b\" is not a host", "[2001:db8::1]"),
        ("a", format!("{right}net = {{ allowed_methods = [\"get\"] }}\n"), "is no method", "one of GET, HEAD"),
        ("A b", right.to_owned(), "is not a name", "rename the file"),
    ];
    for (name, text, message, hint) in table {
        let error = parse_profile(name, &text, "a.toml").unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{text}: {:?}", error.hint);
    }
}

#[test]
fn every_form_of_a_schedule() {
    let table = [
        ("every = \"6h\", jitter = \"none\"", "every 6h, no jitter"),
        ("cron = \"0 9,17 * * 1-5\", timezone = \"Europe/Berlin\"", "cron \"0 9,17 * * 1-5\" (Europe/Berlin)"),
        ("tiers = \"default\", activity = true, adaptive = true", "tiers, activity, adaptive"),
        (
            "tiers = [{ followers = 9, every = \"1m\" }, { followers = 1, every = \"2h\" }]",
            "tiers (9+ every 1m, 1+ every 2h)",
        ),
    ];
    let schema = jsonschema::draft7::new(&profile_schema()).unwrap();
    for (written, shown) in table {
        let text = format!("plugin = \"rss\"\nkind = \"feed\"\nschedule = {{ {written} }}\n");
        assert_eq!(parse_profile("a", &text, "a.toml").unwrap().schedule.to_string(), shown);
        let parsed: toml::Table = toml::from_str(&text).unwrap();
        assert!(schema.is_valid(&json!(parsed)), "{written}");
    }
}

#[test]
fn an_actor_with_its_price() {
    let profile = paid(&[]).unwrap();
    let actor = profile.actor.unwrap();
    let usd = MicroUsd::new;
    let price = PriceTable {
        as_of: "2026-08-20".to_owned(),
        start: usd(1_000),
        element: usd(2_300),
        events: [("date-filter".to_owned(), usd(1_300))].into(),
        compute_unit: usd(400_000),
        minimum: usd(10_000),
    };
    assert_eq!((actor.price, actor.credential.as_str(), actor.memory_mb), (price, "apify", Some(1_024)));
    assert_eq!((actor.timeout, actor.spare_elements, actor.starts), (Duration::from_secs(360), 3, 1));
    assert_eq!(profile.caps.max_pages, 1, "as many fetches as actor runs are paid for");
    assert_eq!(profile.budget.usd_per_run, Some(usd(200_000)));
}

#[test]
fn an_actor_that_is_wrong_is_told_with_its_line_and_the_remedy() {
    const WITHOUT_PRICE: &str = "as_of = \"2026-08-20\"\nstart = 0.001\nelement = \"0.0023\"\nminimum = 0.01\ncompute_unit = 0.4\n[actor.price.events]\ndate-filter = 0.0013\n";
    type Change = &'static [(&'static str, &'static str)];
    let table: [(Change, &str, &str, &str); 17] = [
        (&[("[actor.price]\n", ""), (WITHOUT_PRICE, "")], "line 4", "without a price", "[actor.price] with as_of"),
        (&[("element = \"0.0023\"\n", "")], "line 10", "missing field `element`", ""),
        (&[("as_of = \"2026-08-20\"\n", "")], "line 10", "missing field `as_of`", ""),
        (&[("2026-08-20", "2026-02-30")], "line 11", "is not a date", "2026-08-20"),
        (&[("2026-08-20", "August 2026")], "line 11", "is not a date", "2026-08-20"),
        (&[("\"0.0023\"", "-0.1")], "line 13", "negative", ""),
        (&[("\"0.0023\"", "\"0.0000001\"")], "line 13", "six decimals", ""),
        (&[("apify/instagram-post-scraper", "instagram")], "line 5", "is not the name of an actor", "apify.com"),
        (&[("\"0.0.36\"", "\"a b\"")], "line 6", "no tag or number", "number of a build"),
        (&[("1024", "1000")], "line 7", "actor.memory_mb = 1000 is out of range", "a power of two from 128 to 32768"),
        (&[("1024", "65536")], "line 7", "out of range", "a power of two"),
        (&[("6m", "7h")], "line 8", "actor.timeout = \"7h\" is out of range", "at most \"6h\""),
        (&[("spare_elements = 3", "starts = 21")], "line 9", "actor.starts = 21", "1 to 20"),
        (&[("usd_per_run = 0.2", "usd_per_run = 0.009")], "line 19", "does not start for less than $0.01", "raise it"),
        (
            &[("usd_per_run = 0.2", "usd_per_run = 0.1")],
            "line 19",
            "caps.bootstrap_max_items = 20",
            "raise budget.usd_per_run to $0.1238",
        ),
        (
            &[("usd_per_day = 2\n", "usd_per_day = 0.1\n")],
            "line 20",
            "it would never run",
            "lower caps.bootstrap_max_items",
        ),
        (&[("memory_mb = 1024\n", "")], "line 14", "the worst case of a run is unknown", "set actor.memory_mb"),
    ];
    for (change, line, message, hint) in table {
        let error = paid(change).unwrap_err();
        let told = error.to_string();
        assert!(told.contains(line) && told.contains(message), "{change:?}: {told}");
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{change:?}: {:?}", error.hint);
    }
}

#[test]
fn a_token_in_a_profile_is_refused_and_not_repeated() {
    const CANARY: &str = "apify_api_C4n4ry";
    for (from, to) in [
        ("build =", "token = \"apify_api_C4n4ry\"\nbuild ="),
        ("build =", "credential = \"apify_api_C4n4ry\"\nbuild ="),
        ("build =", "credential = [\"apify_api_C4n4ry\"]\nbuild ="),
        ("\"0.0.36\"", "\"apify_api_C4n4ry x\""),
        ("apify/instagram-post-scraper", "apify_api_C4n4ry"),
        ("[actor]", "[actor]\ntoken = \"apify_api_C4n4ry"),
    ] {
        let error = paid(&[(from, to)]).unwrap_err();
        assert!(!format!("{error:?}").contains(CANARY), "{to}: {error:?}");
    }
    let error = paid(&[("build =", "token = \"apify_api_C4n4ry\"\nbuild =")]).unwrap_err();
    assert!(error.message.contains("unknown field `token`"), "{error}");
    assert!(error.hint.unwrap().contains("[credentials.NAME]"));
}

fn manifest(actors: &[&str]) -> Manifest {
    let kind = Kind {
        name: "account".to_owned(),
        description: String::new(),
        overrides_schema: r#"{"type":"object","additionalProperties":false,"properties":{"input":{}}}"#.to_owned(),
        examples: vec![],
        hosts: vec![],
        methods: vec![],
        actors: actors.iter().map(|actor| (*actor).to_owned()).collect(),
        deltas: vec![],
        deliveries: false,
        extra: None,
    };
    Manifest {
        name: "instagram".to_owned(),
        version: "1.0.0".to_owned(),
        description: String::new(),
        kinds: vec![kind],
        extra: None,
    }
}

#[test]
fn an_actor_belongs_to_the_kind_unless_the_profile_brings_its_input() {
    let known = ["apify/instagram-post-scraper", "apify/instagram-scraper"];
    assert_eq!(check_overrides(&paid(&[]).unwrap(), &manifest(&known), "a"), Ok(()));
    let mistyped = paid(&[("instagram-post-scraper", "instagram-post-scrapper")]).unwrap();
    let error = check_overrides(&mistyped, &manifest(&known), "a").unwrap_err();
    assert_eq!(error.hint.unwrap(), "did you mean apify/instagram-post-scraper?");
    let taught = Profile { overrides: json!({ "input": {} }).as_object().cloned().unwrap(), ..mistyped };
    assert_eq!(check_overrides(&taught, &manifest(&known), "a"), Ok(()));
    assert!(check_overrides(&paid(&[]).unwrap(), &manifest(&[]), "a").unwrap_err().message.contains("uses no actor"));
    let none = Profile { actor: None, ..paid(&[]).unwrap() };
    assert!(check_overrides(&none, &manifest(&known), "a").unwrap_err().hint.unwrap().contains("instagram-scraper"));
}

#[test]
fn what_is_not_pinned_is_warned_of() {
    assert!(warnings(&paid(&[]).unwrap(), "a").is_empty());
    for change in [("\"0.0.36\"", "\"latest\""), ("build = \"0.0.36\"\n", "")] {
        let found = warnings(&paid(&[change]).unwrap(), "a");
        assert!(found[0].message.contains("not pinned"), "{found:?}");
    }
}

/// The keys serde knows at a place: it names them when it meets one it does not know.
fn parsed_keys(place: &[&str]) -> Vec<String> {
    let mut table = toml::Table::new();
    table.insert("no_such_key".to_owned(), toml::Value::Integer(0));
    for name in place.iter().rev() {
        table = toml::Table::from_iter([((*name).to_owned(), toml::Value::Table(table))]);
    }
    let required = |name: &str, value: &str| (name.to_owned(), toml::Value::String(value.to_owned()));
    if place.first().is_some_and(|first| *first == "actor") {
        let actor = table.get_mut("actor").unwrap().as_table_mut().unwrap();
        actor.extend([required("name", "a/b"), required("build", "1")]);
    }
    let error = parse_profile("a", &toml::to_string(&table).unwrap(), "a").unwrap_err().to_string();
    let (_, known) = error
        .split_once("expected one of ")
        .or_else(|| error.split_once("expected "))
        .unwrap_or_else(|| unreachable!("{place:?}: {error}"));
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn each_table(
    keys: &'static [Key],
    place: &mut Vec<&'static str>,
    see: &mut impl FnMut(&[&'static str], &'static [Key]),
) {
    see(place, keys);
    for key in keys {
        if let Form::Table(keys) | Form::OneOf(keys, _) = key.form {
            place.push(key.name);
            each_table(keys, place, see);
            place.pop();
        }
    }
}

#[test]
fn the_table_of_keys_is_what_is_parsed() {
    each_table(PROFILE, &mut Vec::new(), &mut |place, keys| {
        let mut listed: Vec<String> = keys.iter().map(|key| key.name.to_owned()).collect();
        let mut parsed = parsed_keys(place);
        listed.sort();
        parsed.sort();
        assert_eq!(listed, parsed, "{place:?}");
        for key in keys.iter().filter(|key| !key.default.is_empty()) {
            assert!(serde_json::from_str::<Value>(key.default).is_ok(), "{place:?} {}", key.name);
        }
    });
}

#[test]
fn the_schema_for_editors_is_the_one_in_the_folder_of_profiles() {
    let stale = "profiles/schema.json is stale: cargo run -- profile schema > profiles/schema.json";
    let made = serde_json::to_string_pretty(&profile_schema()).unwrap();
    assert_eq!(include_str!("../../../../profiles/schema.json").trim_end(), made, "{stale}");
}

#[test]
fn shipped_profiles_fit_the_schema_and_name_it() {
    let schema = jsonschema::draft7::new(&profile_schema()).unwrap();
    for (name, text) in shipped_profiles() {
        assert!(text.starts_with("#:schema ./schema.json\n"), "{name}");
        let table: toml::Table = toml::from_str(text).unwrap();
        let problems: Vec<String> = schema.iter_errors(&json!(table)).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new(), "{name}");
    }
    for wrong in [
        json!({}),
        json!({ "plugin": "a", "kind": "b", "schedule": { "every": "soon" } }),
        json!({ "plugni": 1 }),
        json!({ "plugin": "a", "kind": "b", "schedule": {} }),
    ] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}
