#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "tests; what is left out is said")]
//! What is exposed, read as strictly as the format is written.

mod exposition;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::alert::{self, Change, Notice};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::Id;
use tidegate_core::item::Counts;
use tidegate_core::quarantine::Quarantine;
use tidegate_core::run::Ending;
use tidegate_core::source::{NewSource, Trigger};

use super::*;
use crate::ports::{
    ActorRuns as _, Attempt, Delivery, Event, Holds, Hosts as _, Observer as _, Plugin, PluginLine, Plugins,
    PluginsSeen, ProfilesSeen, Quarantines as _, Store as _, TurnBack, Used,
};
use crate::store::sqlite::{OpenOptions, SqliteStore};
use exposition::{Exposed, read};

struct Two;

impl Plugins for Two {
    fn find(&self, _: &str) -> Option<Arc<dyn Plugin>> {
        None
    }

    fn names(&self) -> Vec<String> {
        vec!["rss".to_owned(), "x".to_owned()]
    }
}

fn at(seconds: u64) -> UtcMillis {
    UtcMillis::parse("2026-11-22T12:00:00Z").unwrap().plus(Duration::from_secs(seconds))
}

fn attempt(tenant: &str, ending: Ending) -> Attempt {
    let failed = ending == Ending::Failed;
    Attempt {
        run: Id::from_bits(1),
        source: Id::from_bits(2),
        identifier: "https://canary.example/feed".to_owned(),
        tenant: tenant.parse().unwrap(),
        platform: "rss".to_owned(),
        profile: "feeds".parse().unwrap(),
        overrides: "{}".to_owned(),
        trigger: Trigger::Schedule,
        attempt: 1,
        ending,
        failure: failed.then(|| Failure::new(Class::Transient, "canary")),
        counts: Counts { new: 3, duplicate: 2, rejected: 1, ..Counts::default() },
        fetches: 2,
        bytes: 1_000,
        duration: Duration::from_millis(30),
        plugin_cpu: Duration::from_millis(3),
        cost_estimate: MicroUsd::new(50_000),
        cost: MicroUsd::new(1),
        warnings: vec![],
        notice: None,
        dead: false,
    }
}

fn gate() -> Gate {
    let key = GateKey::Credential("apify".parse().unwrap());
    Gate { key, class: Class::Quota, why: "canary".to_owned(), since: at(0), until: at(600) }
}

/// One of every event.
fn everything() -> Vec<Event> {
    let (run, source) = (Id::from_bits(1), Id::from_bits(2));
    let (open, _) = alert::raise(None, alert::rate_limited("x", "canary"), at(0), None);
    let sent = |delivery| Event::AlertSent { sink: "ops".to_owned(), notices: 2, delivery };
    vec![
        Event::Attempt(Box::new(attempt("acme", Ending::Ok))),
        Event::Attempt(Box::new(attempt("acme", Ending::Failed))),
        Event::Skipped {
            source,
            identifier: "canary".to_owned(),
            tenant: "acme".parse().unwrap(),
            profile: "feeds".parse().unwrap(),
            reason: "paused",
            detail: "canary".to_owned(),
        },
        Event::Recovered { run, source, attempt: 1, requeued: true },
        Event::Recovered { run, source, attempt: 3, requeued: false },
        Event::ActorStarted {
            run,
            source,
            actor: "a/b".to_owned(),
            remote: "canary".to_owned(),
            charge_cap: MicroUsd::new(1),
            adopted: true,
        },
        Event::CostFinal { run, source, cost: MicroUsd::new(12_345) },
        Event::GateClosed { gate: gate() },
        Event::GateOpened { key: gate().key },
        Event::Stale { run, source },
        Event::PassFailed { pass: "admit", error: "canary".to_owned() },
        Event::PluginLogged {
            run,
            plugin: "rss".to_owned(),
            line: PluginLine { level: "info", message: "canary".to_owned() },
        },
        Event::Quarantined { quarantine: quarantine() },
        Event::Released { plugin: "rss".to_owned() },
        Event::ClockSetBack { by: Duration::from_secs(3_600) },
        Event::PluginAway { profile: "feeds".parse().unwrap(), why: "canary".to_owned(), sources: 2 },
        Event::PluginBack { sources: 2 },
        Event::PluginsUsed { used: vec![used(), used()] },
        Event::PluginsSeen(seen(5)),
        Event::PluginsSeen(seen(2)),
        Event::ProfilesSeen(ProfilesSeen {
            refused: vec![("canary".to_owned(), Holds::Nothing)],
            all_refused: 3,
            ..ProfilesSeen::default()
        }),
        Event::Reloaded { refused: Vec::new() },
        Event::Reloaded { refused: vec!["canary".to_owned()] },
        Event::Alerted { notice: Box::new(Notice { change: Change::Opened, open, at: at(0) }) },
        sent(Delivery::Sent),
        sent(Delivery::Failed("canary".to_owned())),
        sent(Delivery::Dropped(3)),
    ]
}

fn used() -> Used {
    Used {
        plugin: "rss".to_owned(),
        digest: "canary".to_owned(),
        version: "canary".to_owned(),
        calls: 4,
        faults: [("trap".to_owned(), 2)].into(),
        cpu: Duration::from_millis(250),
        bytes_in: 1_000,
        bytes_out: 100,
        items: 7,
    }
}

fn seen(refused: u64) -> PluginsSeen {
    PluginsSeen {
        live: vec![("rss".to_owned(), "canary".to_owned())],
        refused: vec![("truncated", "canary".to_owned())],
        gone: vec!["canary".to_owned()],
        all_refused: [("truncated", refused)].into(),
        ..PluginsSeen::default()
    }
}

fn quarantine() -> Quarantine {
    let (plugin, digest, why) = ("rss".to_owned(), "canary".to_owned(), "canary".to_owned());
    Quarantine { plugin, digest, since: at(0), runs: 5, sources: 3, why }
}

async fn watched(dir: &tempfile::TempDir) -> Watched {
    let options = OpenOptions { create: true, daemon: Id::from_bits(7), now: at(0) };
    let store = SqliteStore::open(&dir.path().join("tidegate.db"), options).await.unwrap();
    let source = NewSource {
        id: Id::new(at(0), 5),
        tenant: "acme".parse().unwrap(),
        profile: "feeds".parse().unwrap(),
        identifier: "https://canary.example/feed".to_owned(),
        overrides: serde_json::Map::new(),
        schedule: None,
        active: true,
    };
    store.create_source(source, Id::new(at(0), 6), at(0)).await.unwrap();
    store.close_gate(gate(), at(0)).await.unwrap();
    store.quarantine(quarantine()).await.unwrap();
    let told = tidegate_core::rate::Outcome::Told(at(600));
    let back = TurnBack { host: "canary.example:443".to_owned(), id: tidegate_core::rate::TurnId(1), outcome: told };
    store.turns(vec![], vec![back], at(0)).await.unwrap();
    Watched {
        store: Arc::new(store),
        plugins: Arc::new(Two),
        profiles: std::collections::BTreeMap::new(),
        budget: tidegate_core::budget::GlobalBudget::default(),
    }
}

fn value(exposed: &Exposed, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let wanted: Vec<(String, String)> = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let mut found = exposed.series.iter().filter(|one| one.name == name);
    found.find(|one| wanted.iter().all(|label| one.labels.contains(label))).map(|one| one.value)
}

#[tokio::test]
async fn everything_is_exposed_as_the_format_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = Metrics::new(at(0)).unwrap();
    everything().iter().for_each(|event| metrics.see(event));
    let watched = watched(&dir).await;
    let text = metrics.scrape(Some(&watched), at(30)).await;
    let ids = [RunId::from_bits(1).to_string(), tidegate_core::id::SourceId::from_bits(2).to_string()];
    assert!(!text.contains("canary") && ids.iter().all(|id| !text.contains(id)), "{text}");
    let exposed = read(&text).unwrap();
    for metric in table::ALL {
        let family = exposed.families.get(metric.name).unwrap_or_else(|| panic!("{} is not exposed", metric.name));
        assert_eq!((family.0.as_str(), family.1.as_str()), (metric.sort, metric.help), "{}", metric.name);
    }
    assert_eq!(exposed.families.len(), table::ALL.len(), "and nothing else");
    for one in &exposed.series {
        let metric = table::ALL.iter().find(|metric| metric.name == one.family).unwrap();
        let names: BTreeSet<&str> =
            one.labels.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "le").collect();
        assert_eq!(names, metric.labels.iter().copied().collect(), "{one:?}");
    }
    for (name, labels, expected) in [
        ("tidegate_runs_total", &[("ending", "failed")][..], 1.0),
        ("tidegate_items_total", &[("outcome", "new"), ("tenant", "acme")], 6.0),
        ("tidegate_cost_usd_total", &[("tenant", "acme"), ("profile", "feeds")], 0.012_345),
        ("tidegate_run_duration_seconds_count", &[("platform", "rss")], 2.0),
        ("tidegate_alert_notices_total", &[("outcome", "dropped")], 2.0),
        ("tidegate_due_sources", &[], 1.0),
        ("tidegate_queue_lag_seconds", &[], 30.0),
        ("tidegate_gates_closed", &[("class", "quota")], 1.0),
        ("tidegate_hosts_closed", &[("why", "asked")], 1.0),
        ("tidegate_hosts_closed", &[("why", "failing")], 0.0),
        ("tidegate_budget_left_runs", &[("scope", "all")], 500.0),
        ("tidegate_budget_left_usd", &[("scope", "all"), ("period", "month")], 50.0),
        ("tidegate_plugins_loaded", &[], 2.0),
        ("tidegate_plugins_quarantined", &[("plugin", "rss")], 1.0),
        ("tidegate_plugin_quarantines_total", &[("plugin", "rss")], 1.0),
        ("tidegate_reloads_total", &[("outcome", "applied")], 1.0),
        ("tidegate_plugin_calls_total", &[("plugin", "rss")], 8.0),
        ("tidegate_plugin_faults_total", &[("plugin", "rss"), ("kind", "trap")], 4.0),
        ("tidegate_plugin_cpu_seconds_total", &[("plugin", "rss")], 0.5),
        ("tidegate_plugin_bytes_total", &[("plugin", "rss"), ("direction", "out")], 200.0),
        ("tidegate_plugin_items_total", &[("plugin", "rss")], 14.0),
        ("tidegate_plugin_swaps_total", &[("plugin", "rss")], 2.0),
        ("tidegate_plugins_refused", &[("reason", "truncated")], 2.0),
        ("tidegate_profiles_refused", &[], 3.0),
        ("tidegate_reload_ok", &[], 0.0),
        ("tidegate_store_up", &[], 1.0),
        ("process_start_time_seconds", &[], 1795348800.0),
    ] {
        assert_eq!(value(&exposed, name, labels), Some(expected), "{name}");
    }
    promtool(&text);
}

/// What is no longer there is no longer shown, and a database that is away costs its numbers only.
#[tokio::test]
async fn numbers_of_the_database_are_those_of_the_moment() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = Metrics::new(at(0)).unwrap();
    let starting = read(&metrics.scrape(None, at(0)).await).unwrap();
    assert_eq!(value(&starting, "tidegate_store_up", &[]), Some(0.0));
    let watched = watched(&dir).await;
    watched.store.open_gate(gate().key, at(1)).await.unwrap();
    let open = read(&metrics.scrape(Some(&watched), at(1)).await).unwrap();
    assert_eq!(value(&open, "tidegate_gates_closed", &[]), None);
    watched.store.close().await;
    let away = read(&metrics.scrape(Some(&watched), at(2)).await).unwrap();
    assert_eq!(value(&away, "tidegate_store_up", &[]), Some(0.0));
    assert_eq!(value(&away, "tidegate_due_sources", &[]), None);
    assert!(value(&away, "tidegate_build_info", &[("version", env!("CARGO_PKG_VERSION"))]).is_some());
}

#[tokio::test]
async fn labels_are_bounded() {
    let metrics = Metrics::new(at(0)).unwrap();
    for number in 0..limits::METRIC_LABELS + 10 {
        metrics.see(&Event::Attempt(Box::new(attempt(&format!("t{number}"), Ending::NoNew))));
    }
    let exposed = read(&metrics.scrape(None, at(0)).await).unwrap();
    let runs: Vec<_> = exposed.series.iter().filter(|one| one.name == "tidegate_runs_total").collect();
    assert_eq!(runs.len(), limits::METRIC_LABELS + 1);
    assert_eq!(value(&exposed, "tidegate_runs_total", &[("tenant", "_other")]), Some(10.0));
}

/// The documented table is the one the code registers.
#[test]
fn the_documentation_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
    let text = std::fs::read_to_string(path).unwrap();
    let table = documented();
    assert!(text.contains(&table), "docs/metrics.md does not hold this table:\n{table}");
}

/// <https://prometheus.io/docs/practices/naming/>
#[test]
fn names_are_as_they_should_be() {
    for Metric { name, sort, labels, help } in table::ALL {
        assert!(name.starts_with("tidegate_") || name.starts_with("process_"), "{name}");
        assert_eq!(name.ends_with("_total"), sort == "counter", "{name}");
        assert!(sort != "histogram" || name.ends_with("_seconds"), "{name}");
        assert!(!name.contains("milli") && !name.contains("micro") && help.ends_with('.'), "{name}");
        for label in labels {
            assert!(!["source", "identifier", "run", "le", "job", "instance"].contains(label), "{name}: {label}");
        }
    }
}

/// The reference parser says the same, where it is installed.
fn promtool(text: &str) {
    use std::io::Write as _;
    let command = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let Ok(mut child) = command else {
        eprintln!("left out: `promtool check metrics`, as promtool is not installed");
        return;
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
