#![expect(clippy::unwrap_used, reason = "tests")]
//! What is read, what wins, and what a mistake is told.

use tidegate_core::budget::Limits;
use tidegate_core::money::MicroUsd;

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
fn all_that_is_out_of_range_is_told_at_once_where_it_stands() {
    let one = load("[net]\n\n[net.hosts.\"api.example.com\"]\nconcurrency = 65\n", &[]).unwrap_err();
    assert!(one.message.contains("4 | concurrency = 65\n"), "{one}");
    assert!(one.message.ends_with("net.hosts.\"api.example.com\".concurrency is out of range"), "{one}");
    assert_eq!(one.hint.as_deref(), Some("a number from 1 to 64"));

    let text = "[scheduler]\nruns_at_once = 0\n[store]\nconnections = 0\n[net]\nhost_concurrency = 1\n";
    let several = load(text, &[("TIDEGATE_NET_HOST_CONCURRENCY", "99")]).unwrap_err().to_string();
    let parts = [
        "3 settings cannot be used",
        "line 2, column 16",
        "scheduler.runs_at_once is out of range: a number from 1 to 1024",
        "line 4, column 15",
        "environment variable TIDEGATE_NET_HOST_CONCURRENCY",
        "net.host_concurrency is out of range: a number from 1 to 64",
    ];
    let mut rest = several.as_str();
    for part in parts {
        assert!(rest.contains(part), "no {part:?} in {rest:?} of {several}");
        rest = rest.split_once(part).unwrap().1;
    }
}

#[test]
fn every_key_has_its_variable() {
    // One value for every key there is.
    let limits = "runs_per_day = 1\nusd_per_day = 1\nusd_per_month = 1\n";
    let text = format!(
        "timezone = \"UTC\"\n[store]\nurl = \"postgres://host/db\"\n[net]\ncontact = \"me\"\nrequests_per_minute = 1\nrequests_per_hour = 1\n[platforms.x]\n\
         runs_per_minute = 1\nruns_per_hour = 1\nruns_at_once = 1\n[budget.each_tenant]\n{limits}[tenants.acme]\ntimezone = \"Asia/Tokyo\"\n[tenants.acme.budget]\n{limits}[credentials.a]\nenv = \"A\"\n\
         origin = \"https://a.example\"\nruns_per_minute = 1\nruns_per_hour = 1\n[credentials.b]\nfile = \"b\"\n[credentials.c]\nsystemd = \"c\"\n\
         [alerts.webhook.a]\nenv = \"A\"\nallow_private = [\"127.0.0.1\"]\n[alerts.webhook.b]\nfile = \"b\"\n\
         [alerts.webhook.c]\nsystemd = \"c\"\n"
    );
    let known = toml::Table::try_from(load(&text, &[]).unwrap()).unwrap();
    let mut keys = std::collections::BTreeSet::new();
    paths(&known, &mut Vec::new(), &mut keys);
    let listed: std::collections::BTreeSet<String> = environment::KEYS.iter().map(|key| key.join(".")).collect();
    assert_eq!(keys, listed);
}

/// Every key of a table, with `*` for the names that operators give.
fn paths(table: &toml::Table, above: &mut Vec<String>, found: &mut std::collections::BTreeSet<String>) {
    for (key, value) in table {
        let above_it: Vec<&str> = above.iter().map(String::as_str).collect();
        let named = matches!(above_it[..], ["tenants" | "credentials" | "platforms"] | ["alerts", "webhook"]);
        above.push(if named { "*".to_owned() } else { key.clone() });
        match value {
            toml::Value::Table(table) => paths(table, above, found),
            _ => {
                found.insert(above.join("."));
            }
        }
        above.pop();
    }
}

#[test]
fn budgets_are_read_to_the_millionth_and_made_into_the_daemons() {
    let text = r#"
        [budget]
        runs_per_day = 7
        usd_per_day = 0.0017
        usd_per_month = "12.5"
        [budget.each_tenant]
        usd_per_day = 2
        [tenants.acme-2.budget]
        runs_per_day = 3
    "#;
    let variables =
        [("TIDEGATE_TENANTS_ACME_2_BUDGET_USD_PER_MONTH", "0.25"), ("TIDEGATE_BUDGET_EACH_TENANT_RUNS_PER_DAY", "9")];
    let budget = load(text, &variables).unwrap().global_budget();
    let usd = |micros| Some(MicroUsd::new(micros));
    let all = Limits { runs_per_day: Some(7), usd_per_day: usd(1_700), usd_per_month: usd(12_500_000) };
    let each = Limits { runs_per_day: Some(9), usd_per_day: usd(2_000_000), usd_per_month: None };
    let acme = Limits { runs_per_day: Some(3), usd_per_day: None, usd_per_month: usd(250_000) };
    assert_eq!((budget.all, budget.each_tenant), (all, each));
    assert_eq!(budget.tenants, BTreeMap::from([("acme-2".parse().unwrap(), acme)]));
    assert_eq!(load("", &[]).unwrap().global_budget(), tidegate_core::budget::GlobalBudget::default());
}

#[test]
fn what_is_no_amount_of_money_is_told_with_its_line() {
    for (amount, why) in [
        ("-1", "negative"),
        ("0.0000001", "six decimals"),
        ("\"1 USD\"", "decimal number"),
        ("nan", "decimal number"),
        ("true", "amount of US dollars"),
    ] {
        let error = load(&format!("[budget]\nusd_per_day = {amount}\n"), &[]).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains(why), "{amount}: {error}");
    }
}

#[test]
fn an_address_of_a_webhook_in_a_settings_file_is_refused_and_not_repeated() {
    const URL: &str = "https://hooks.slack.com/services/T0CANARY/B0CANARY/canary-1";
    for text in [
        format!("[alerts.webhook.ops]\nurl = \"{URL}\"\n"),
        format!("[alerts.webhook.ops]\nenv = \"{URL}\"\n"),
        format!("[alerts.webhook]\nops = \"{URL}\"\n"),
        format!("[alerts]\nwebhook.ops.url = \"{URL}\"\n"),
        format!("[alerts]\nslack = \"{URL}\"\n"),
        format!("alerts = {{ webhook = {{ ops = {{ file = \"{URL}\" }} }} }}\n"),
    ] {
        let error = load(&text, &[]).unwrap_err();
        let told = format!("{error} {:?}", error.hint);
        assert!(!told.to_lowercase().contains("canary"), "{text}: {told}");
        assert!(told.contains("alerts.webhook.NAME"), "{text}: {told}");
    }
    let error = load("", &[("TIDEGATE_ALERTS_WEBHOOK_OPS_ENV", URL)]).unwrap_err();
    assert!(!format!("{error} {:?}", error.hint).to_lowercase().contains("canary"), "{error}");
    let config = load(
        "[alerts]\nremind = \"never\"\n[alerts.webhook.ops-team]\nenv = \"A\"\n[http]\nlisten = \"localhost:9898\"\n",
        &[("TIDEGATE_ALERTS_WEBHOOK_OPS_TEAM_FORMAT", "slack")],
    )
    .unwrap();
    assert_eq!(config.http.listen, Listen::At("127.0.0.1:9898".parse().unwrap()));
    assert_eq!(config.alerts.remind.after(), None);
    assert_eq!(config.alerts.webhook[&"ops-team".parse().unwrap()].format, WebhookFormat::Slack);
    assert!(load("[http]\nlisten = \"9898\"\n", &[]).unwrap_err().to_string().contains("http.listen is an address"));
}

#[test]
fn tenants_have_days_of_their_own() {
    let text = "timezone = \"Asia/Tokyo\"\n[budget.each_tenant]\nruns_per_day = 9\n[tenants.acme]\ntimezone = \"Europe/Berlin\"\n\
                [tenants.zeta.budget]\nruns_per_day = 3\n";
    let variables = [("TIDEGATE_TENANTS_YETI_TIMEZONE", "UTC")];
    let budget = load(text, &variables).unwrap().global_budget();
    let zone = |tenant: &str| budget.zones.tenant(&tenant.parse().unwrap()).to_string();
    assert_eq!(["acme", "zeta", "yeti", "other"].map(zone), ["Europe/Berlin", "Asia/Tokyo", "UTC", "Asia/Tokyo"]);
    assert_eq!(budget.zones.all.name(), "Asia/Tokyo");
    let runs = |tenant: &str| budget.tenant(&tenant.parse().unwrap()).runs_per_day;
    assert_eq!(["acme", "zeta", "other"].map(runs), [Some(9), Some(3), Some(9)], "a zone is no budget");
    let wrong = load("[tenants.acme]\ntimezone = \"Europe/Berln\"\n", &[]).unwrap_err().to_string();
    assert!(wrong.contains("line 2") && wrong.contains("did you mean \"Europe/Berlin\"?"), "{wrong}");
}

/// Whatever is typed where it does not belong, what may be a token is not repeated.
#[test]
fn what_may_be_a_token_is_not_repeated() {
    for text in [
        "apify = \"canary-5f2e91\"\n",
        "[net]\ncanary-5f2e91\n",
        "canary-5f2e91",
        "[store]\npath = \"postgres://u:canary-5f2e91@127.0.0.1:1/x\"\n",
        "[store]\ntoken = \"canary-5f2e91\"\n",
    ] {
        let error = load(text, &[]).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("canary"), "{text}: {said}");
    }
}

/// What would be right is said without the names of Rust's types.
#[test]
fn numbers_are_told_in_words() {
    for (text, said) in [
        ("[net]\nrequests_per_minute = 0\n", "expected a whole number, 1 or more"),
        ("[budget]\nruns_per_day = -1\n", "expected a whole number, 0 or more"),
        ("[scheduler]\nruns_at_once = -1\n", "expected a whole number, 0 or more"),
    ] {
        let error = load(text, &[]).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}
