//! A plugin that breaks down on different sources is taken out of service, and comes back.
//!
//! Owns: the way from a trap in the sandbox to a person who hears of it once, through the real binary and the hostile guest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;
use tidegate_tests::actors::reload;
use tidegate_tests::daemon::Daemon;
use tidegate_tests::guests;
use tidegate_tests::hook::{Hook, get};
use tidegate_tests::place::{Place, list, word};

const LONG: Duration = Duration::from_secs(120);
const GUEST: &str = "hostile-guest";

/// Sources are due every second, and no failure pauses one.
fn profile(plugin: &str, kind: &str) -> String {
    format!(
        "plugin = \"{plugin}\"\nkind = \"{kind}\"\nschedule = {{ every = \"1s\", min_interval = \"1s\", jitter = \"none\" }}\n\
         retry = {{ in_run = [], runs = [\"1s\"], max_failures = 1000 }}\nnet = {{ allow_private = [\"127.0.0.1\"] }}\n"
    )
}

fn serving(place: &Place) -> (Daemon, String) {
    let daemon = place.serve().unwrap();
    daemon.wait_line("the start", LONG, |line| line.contains("tidegate serves")).unwrap();
    let line = daemon.wait_line("where it listens", LONG, |line| line.contains("listening on http://")).unwrap();
    let address = line.split("http://").nth(1).unwrap().split(": ").next().unwrap().to_owned();
    (daemon, address)
}

/// The quarantine of the guest, as `plugin list` shows it.
fn held(answer: &Value) -> Option<Value> {
    let guest = list(answer, "plugins").iter().find(|plugin| word(plugin, "name") == GUEST)?;
    Some(guest["quarantine"].clone()).filter(|held| !held.is_null())
}

/// Waits until a version other than this one is in quarantine, or the same one anew.
fn quarantined(daemon: &mut Daemon, before: Option<&Value>) -> Value {
    let holds = |answer: &Value| held(answer).is_some_and(|now| Some(&now) != before);
    held(&daemon.wait_until("its quarantine", LONG, &["plugin", "list"], holds).unwrap()).unwrap()
}

fn skipped(daemon: &mut Daemon, source: &str) -> Value {
    let args = ["source", "explain", source];
    let holds = |answer: &Value| word(&answer["last_skip"], "reason").contains("hostile-guest is in quarantine");
    daemon.wait_until("its skip", LONG, &args, holds).unwrap()
}

fn runs(place: &Place, source: &str) -> usize {
    place.runs(&["--source", source]).unwrap().len()
}

/// What a webhook has been told of the quarantine, in order.
fn changes(hook: &Hook) -> Vec<String> {
    let body = |text: &str| serde_json::from_str::<Value>(text).unwrap()["alerts"].as_array().unwrap().clone();
    let told = hook.heard().into_iter().flat_map(|heard| body(&heard.body));
    told.filter(|notice| word(notice, "kind") == "plugin-quarantined").map(|notice| word(&notice, "change")).collect()
}

#[test]
fn a_plugin_that_breaks_down_is_taken_out_and_comes_back() {
    let hook = Hook::start().unwrap();
    let place = Place::with_profile("tricks", &profile(GUEST, "trick")).unwrap();
    place.put("profiles/feeds.toml", profile("rss", "feed")).unwrap();
    let component = guests::build("tidegate-guest-hostile", &[]).unwrap();
    place.put("plugins/hostile.wasm", &component).unwrap();
    place.put("hook.address", format!("{}/hook", hook.origin)).unwrap();
    let config = "[budget]\nruns_per_day = 1000000\n[http]\nlisten = \"127.0.0.1:0\"\n\
                  [alerts.webhook.ops]\nfile = \"hook.address\"\nallow_private = [\"127.0.0.1\"]\n";
    place.put("tidegate.toml", config).unwrap();
    let (mut daemon, address) = serving(&place);

    // Two sources break it down, again and again: they are their own affair.
    let two = place.add("tricks", &["panic", "silent"]).unwrap();
    for source in &two {
        let enough = |answer: &Value| list(answer, "runs").len() >= 6;
        daemon.wait_until("their runs", LONG, &["runs", "list", "--source", source], enough).unwrap();
    }
    assert_eq!(held(&place.json(&["plugin", "list"]).unwrap()), None);

    // A third one: it is the plugin's.
    let third = place.add("tricks", &["recurse"]).unwrap().remove(0);
    let first = quarantined(&mut daemon, None);
    assert_eq!(first["sources"], 3, "{first}");
    assert!(first["runs"].as_u64().unwrap() >= 5 && word(&first, "why").contains("hostile-guest"), "{first}");
    let explained = skipped(&mut daemon, &third);
    let rule = |answer: &Value| list(answer, "rules").iter().find(|rule| rule["rule"] == "quarantine").unwrap().clone();
    let said = rule(&explained);
    assert_eq!((word(&said, "verdict"), word(&said, "reason")), ("no".into(), "plugin-quarantined".into()));
    assert!(word(&said, "changes").contains("tidegate plugin release hostile-guest"), "{said}");
    let metrics = get(&address, "/metrics").unwrap().1;
    assert!(metrics.contains("tidegate_plugins_quarantined{plugin=\"hostile-guest\"} 1\n"), "{metrics}");
    assert!(metrics.contains("tidegate_skips_total{profile=\"tricks\",reason=\"plugin-quarantined\"}"), "{metrics}");
    let doctor = place.run(&["doctor"]).unwrap();
    assert!(doctor.code == Some(1) && doctor.stdout.contains("hostile-guest is in quarantine"), "{doctor:?}");
    hook.wait(1, LONG).unwrap();
    assert_eq!(changes(&hook), ["opened"]);

    // The others go on: their plugin is another one.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let feed = place.add("feeds", &[&format!("http://{nobody}/feed.xml")]).unwrap().remove(0);
    let enough = |answer: &Value| list(answer, "runs").len() >= 2;
    daemon.wait_until("another plugin's runs", LONG, &["runs", "list", "--source", &feed], enough).unwrap();
    assert_eq!(held(&place.json(&["plugin", "list"]).unwrap()), Some(first.clone()));

    // Over a restart, nothing of it runs and nobody hears of it again.
    for source in &two {
        skipped(&mut daemon, source);
    }
    let before: Vec<usize> = two.iter().map(|source| runs(&place, source)).collect();
    daemon.kill9().unwrap();
    let (mut daemon, _) = serving(&place);
    let more = runs(&place, &feed) + 2;
    let enough = |answer: &Value| list(answer, "runs").len() >= more;
    daemon.wait_until("runs after the restart", LONG, &["runs", "list", "--source", &feed], enough).unwrap();
    let after: Vec<usize> = two.iter().map(|source| runs(&place, source)).collect();
    assert_eq!((after, changes(&hook)), (before, vec!["opened".to_owned()]));

    // A person lets it serve; it breaks down as before.
    let released = place.run(&["plugin", "release", GUEST]).unwrap();
    assert!(released.code == Some(0) && released.stdout.contains("serves again"), "{released:?}");
    let second = quarantined(&mut daemon, Some(&first));
    assert_eq!(word(&second, "digest"), word(&first, "digest"));
    let unknown = place.run(&["plugin", "release", "hostile-gest"]).unwrap();
    assert!(unknown.code == Some(3) && unknown.sentence().contains("did you mean hostile-guest?"), "{unknown:?}");

    // Another version takes its place, and is judged by itself.
    place.put("plugins/hostile.wasm", guests::patched(&component, "0.1.0+seal", "0.1.0+hare")).unwrap();
    reload(&daemon).unwrap();
    daemon.wait_line("the end of it", LONG, |line| line.contains("is in quarantine no more")).unwrap();
    let third = quarantined(&mut daemon, Some(&second));
    assert_ne!(word(&third, "digest"), word(&second, "digest"));
    daemon.interrupt().unwrap();
    assert_eq!(daemon.wait(LONG).unwrap().0.code(), Some(0));
    let told = changes(&hook);
    assert!(told.len() >= 3 && told.iter().step_by(2).all(|change| change == "opened"), "{told:?}");
    assert!(told.iter().skip(1).step_by(2).all(|change| change == "resolved"), "{told:?}");
}
