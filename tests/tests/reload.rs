//! SIGHUP: settings that are right are taken over whole, settings that are wrong not at all.
//!
//! Owns: the real binary with its configuration changed under it. What each setting does is told elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tidegate_tests::actors::reload;
use tidegate_tests::daemon::Daemon;
use tidegate_tests::feed::Feed;
use tidegate_tests::hook::{Hook, get};
use tidegate_tests::place::{Place, list, word};

const LONG: Duration = Duration::from_secs(60);

/// A profile for feeds on this machine: due every second, with so many runs a day and new items a run.
fn profile(runs_per_day: u32, max_items: u32) -> String {
    format!(
        "plugin = \"rss\"\nkind = \"feed\"\nschedule = {{ every = \"1s\", min_interval = \"1s\" }}\n\
         retry = {{ in_run = [], runs = [\"1s\"], max_failures = 1 }}\nnet = {{ allow_private = [\"127.0.0.1\"] }}\n\
         caps = {{ max_items = {max_items}, bootstrap_max_items = {max_items} }}\n\
         [budget]\nruns_per_day = {runs_per_day}\n"
    )
}

fn config(listen: &str, runs_per_day: u32, more: &str) -> String {
    format!("[budget]\nruns_per_day = {runs_per_day}\n[http]\nlisten = \"{listen}\"\n{more}")
}

fn serving(place: &Place) -> (Daemon, String) {
    let daemon = place.serve().unwrap();
    daemon.wait_line("the start", LONG, |line| line.contains("tidegate serves")).unwrap();
    let address = listeners(&daemon).remove(0);
    (daemon, address)
}

/// Where it has listened until now, in order.
fn listeners(daemon: &Daemon) -> Vec<String> {
    let after = |line: &str| Some(line.split("listening on http://").nth(1)?.split(": ").next()?.to_owned());
    daemon.log().iter().filter_map(|line| after(line)).collect()
}

/// Reloads, and waits for what is said of it: `Ok` that it holds now, `Err` the lines of the mistakes.
fn reloaded(daemon: &Daemon) -> Result<(), Vec<String>> {
    let (taken, kept) = ("was read again and holds now", "what held before holds on");
    let ends = |log: &[String]| log.iter().filter(|line| line.contains(taken) || line.contains(kept)).count();
    let before = daemon.log();
    reload(daemon).unwrap();
    let wanted = ends(&before) + 1;
    let seen = std::cell::Cell::new(0);
    daemon
        .wait_line("what becomes of the reload", LONG, |line| {
            seen.set(seen.get() + usize::from(line.contains(taken) || line.contains(kept)));
            seen.get() == wanted
        })
        .unwrap();
    let new = daemon.log().split_off(before.len());
    if new.iter().any(|line| line.contains(taken)) { Ok(()) } else { Err(new) }
}

fn has(address: &str, line: &str) {
    let (_, metrics) = get(address, "/metrics").unwrap();
    assert!(metrics.lines().any(|one| one == line), "{line}: {metrics}");
}

/// Waits until the source was skipped for this reason.
fn skipped(daemon: &mut Daemon, source: &str, reason: &str) {
    let args = ["source", "explain", source];
    let holds = |answer: &Value| word(&answer["last_skip"], "reason").contains(reason);
    daemon.wait_until(reason, LONG, &args, holds).unwrap();
}

fn runs(daemon: &mut Daemon, source: &str, count: usize) {
    let args = ["runs", "list", "--source", source];
    daemon.wait_until("its runs", LONG, &args, |answer| list(answer, "runs").len() >= count).unwrap();
}

#[test]
fn good_bad_and_good_again() {
    let feed = Feed::start(usize::MAX).unwrap();
    let place = Place::with_profile("tight", &profile(1, 10)).unwrap();
    place.put("tidegate.toml", config("127.0.0.1:0", 1_000, "")).unwrap();
    let (mut daemon, address) = serving(&place);
    let tight = place.add("tight", &[&feed.url]).unwrap().remove(0);
    skipped(&mut daemon, &tight, "budget spent: 1 run per day for profile tight");
    has(&address, "tidegate_reload_ok 1");

    // Two mistakes, and a budget that is right: none of it is taken over.
    place.put("profiles/tight.toml", profile(1_000, 10).replace("1s", "1 second")).unwrap();
    place.put("profiles/other.toml", profile(5, 5).replace("\"feed\"", "\"fed\"")).unwrap();
    place.put("tidegate.toml", config("127.0.0.1:0", 2_000, "")).unwrap();
    let wrong = reloaded(&daemon).unwrap_err().join("\n");
    for said in ["reload refused:", "tight.toml: ", "line 4", "not a time span", "other.toml: kind = \"fed\""] {
        assert!(wrong.contains(said), "{said}: {wrong}");
    }
    let (status, ready) = get(&address, "/readyz").unwrap();
    assert!(status == 200 && ready.starts_with("ready\nthe last reload was refused, older settings hold: "), "{ready}");
    has(&address, "tidegate_reload_ok 0");
    has(&address, "tidegate_reloads_total{outcome=\"refused\"} 1");
    has(&address, "tidegate_budget_left_runs{profile=\"\",scope=\"all\",tenant=\"\"} 999");

    // Mended: a budget that is larger lets run what was put off until midnight.
    place.put("profiles/tight.toml", profile(1_000, 10)).unwrap();
    std::fs::remove_file(place.dir().join("profiles/other.toml")).unwrap();
    reloaded(&daemon).unwrap();
    runs(&mut daemon, &tight, 3);
    assert_eq!(get(&address, "/readyz").unwrap(), (200, "ready\n".to_owned()));
    has(&address, "tidegate_reload_ok 1");

    // What holds from a start only is refused with all that came with it.
    place.put("tidegate.toml", config("127.0.0.1:0", 3_000, "[store]\npath = \"other.db\"\n")).unwrap();
    let wrong = reloaded(&daemon).unwrap_err().join("\n");
    assert!(wrong.contains("store.path was changed") && wrong.contains("restart the daemon"), "{wrong}");
    has(&address, "tidegate_budget_left_usd{period=\"day\",profile=\"\",scope=\"all\",tenant=\"\"} 5");
    place.put("tidegate.toml", config("127.0.0.1:0", 3_000, "").replace("[http]", "usd_per_day = 7\n[http]")).unwrap();
    reloaded(&daemon).unwrap();
    has(&address, "tidegate_budget_left_usd{period=\"day\",profile=\"\",scope=\"all\",tenant=\"\"} 7");
    has(&address, "tidegate_reloads_total{outcome=\"applied\"} 2");
    daemon.interrupt().unwrap();
    assert_eq!(daemon.wait(LONG).unwrap().0.code(), Some(0));
}

/// A component that compiles for seconds holds up neither the reload nor what came with it; a profile that names it is looked at when
/// it is there.
#[test]
fn what_is_being_compiled_holds_up_no_reload() {
    let packed = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v0.1/python.wasm.zst")).unwrap();
    let component = zstd::bulk::decompress(&packed, tidegate_core::limits::COMPONENT_BYTES).unwrap();
    let place = Place::with_profile("feeds", &profile(1_000, 5)).unwrap();
    place.put("tidegate.toml", config("127.0.0.1:0", 1_000, "")).unwrap();
    let (daemon, address) = serving(&place);
    place.put("plugins/golden.wasm", component).unwrap();
    let golden = profile(1_000, 5).replace("\"rss\"", "\"golden\"");
    place.put("profiles/right.toml", golden.replace("\"feed\"", "\"articles\"")).unwrap();
    place.put("profiles/wrong.toml", golden).unwrap();
    place.put("tidegate.toml", config("127.0.0.1:0", 2_000, "")).unwrap();
    reloaded(&daemon).unwrap();
    has(&address, "tidegate_budget_left_runs{profile=\"\",scope=\"all\",tenant=\"\"} 2000");
    let is_live = |line: &str| line.contains("plugin golden 0.1.0 serves");
    assert!(!daemon.log().iter().any(|line| is_live(line)), "it was compiled in time: nothing is proved");
    daemon.wait_line("the component", LONG, is_live).unwrap();
    let refused = daemon.wait_line("its profile", LONG, |line| line.contains("wrong.toml: kind = \"feed\"")).unwrap();
    assert!(refused.contains("articles"), "{refused}");
    daemon.wait_line("its other profile", LONG, |line| line.contains("profile right ")).unwrap();
    daemon.interrupt().unwrap();
    assert_eq!(daemon.wait(LONG).unwrap().0.code(), Some(0));
}

/// A profile that came into being lets its sources run, and one that is gone stops them. A run ends by what it began with.
#[test]
fn profiles_come_change_and_go() {
    let feed = Feed::start(0).unwrap();
    let place = Place::with_profile("slow", &profile(1_000, 5)).unwrap();
    place.put("tidegate.toml", config("127.0.0.1:0", 100_000, "")).unwrap();
    place.put("profiles/later.toml", profile(1_000, 2)).unwrap();
    let ids = [place.add("slow", &[&feed.url]).unwrap(), place.add("later", &[&feed.url]).unwrap()].concat();
    std::fs::remove_file(place.dir().join("profiles/later.toml")).unwrap();
    let (mut daemon, _) = serving(&place);
    feed.asked(1);
    skipped(&mut daemon, &ids[1], "there is no profile");

    // While the first one is under way its profile allows less, and goes.
    place.put("profiles/slow.toml", profile(1_000, 1)).unwrap();
    reloaded(&daemon).unwrap();
    std::fs::remove_file(place.dir().join("profiles/slow.toml")).unwrap();
    place.put("profiles/later.toml", profile(1_000, 2)).unwrap();
    reloaded(&daemon).unwrap();
    feed.open();
    runs(&mut daemon, &ids[1], 1);
    skipped(&mut daemon, &ids[0], "there is no profile");
    assert_eq!(place.items(&ids[0]).unwrap().len(), 5, "as many as when it began");
    let ended = |answer: &Value| list(answer, "runs").iter().any(|run| word(run, "stage") == "ended");
    daemon.wait_until("its run", LONG, &["runs", "list", "--source", &ids[1]], ended).unwrap();
    assert!(!place.items(&ids[1]).unwrap().is_empty());
}

/// Where the daemon listens and whom it tells change too.
#[test]
fn listener_and_webhooks_turn() {
    let (first, second) = (Hook::start().unwrap(), Hook::start().unwrap());
    let place = Place::with_profile("fragile", &profile(1_000, 5)).unwrap();
    let hooks = "[alerts.webhook.ops]\nfile = \"hook.address\"\nallow_private = [\"127.0.0.1\"]\n";
    place.put("hook.address", format!("{}/one", first.origin)).unwrap();
    place.put("tidegate.toml", config("127.0.0.1:0", 1_000, hooks)).unwrap();
    let (daemon, old) = serving(&place);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let holder = TcpListener::bind(taken).unwrap();

    // A port that somebody else has: the old one serves on, and the old webhook is told.
    place.put("hook.address", format!("{}/two", second.origin)).unwrap();
    place.put("tidegate.toml", config(&taken.to_string(), 1_000, hooks)).unwrap();
    let wrong = reloaded(&daemon).unwrap_err().join("\n");
    assert!(wrong.contains(&format!("listening on {taken}")), "{wrong}");
    assert_eq!(get(&old, "/healthz").unwrap().0, 200);
    // An address that is none, told without quoting it.
    place.put("hook.address", "hooks.example/canary").unwrap();
    let wrong = reloaded(&daemon).unwrap_err().join("\n");
    assert!(wrong.contains("webhook ops") && !wrong.contains("canary"), "{wrong}");

    drop(holder);
    place.put("hook.address", format!("{}/two", second.origin)).unwrap();
    reloaded(&daemon).unwrap();
    assert_eq!(get(&taken.to_string(), "/readyz").unwrap().0, 200);
    assert!(get(&old, "/healthz").is_err(), "nobody listens there any more");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    place.add("fragile", &[&format!("http://{nobody}/feed.xml")]).unwrap();
    let told = second.wait(1, LONG).unwrap();
    assert!(told[0].body.contains("source-paused"), "{told:?}");
    assert!(first.heard().is_empty());
    place.put("tidegate.toml", config("off", 1_000, hooks)).unwrap();
    reloaded(&daemon).unwrap();
    assert!(get(&taken.to_string(), "/healthz").is_err());
}
