//! An operator's days with the daemon, each told from the first command to the last answer.
//!
//! Owns: what `product.md` promises to whoever types commands, driven through the binary against a server of feeds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tidegate_platforms::{DemoTimes, FeedServer, Script};
use tidegate_tests::daemon::{self, Daemon};
use tidegate_tests::place::{Place, QUICK_PROFILE, list, word};

const LONG: Duration = Duration::from_secs(60);

fn serving(place: &Place) -> Daemon {
    let daemon = place.serve().unwrap();
    daemon.wait_line("the start", LONG, |line| line.contains("tidegate serves")).unwrap();
    daemon
}

fn wait_items(daemon: &mut Daemon, source: &str, count: usize) -> Value {
    let args = ["items", "--limit", "1000", "--source", source];
    daemon.wait_until("its items", LONG, &args, |answer| list(answer, "items").len() >= count).unwrap()
}

fn wait_state(daemon: &mut Daemon, source: &str, state: &str) -> Value {
    let args = ["source", "show", source];
    let shown = daemon.wait_until(state, LONG, &args, |answer| answer["source"]["state"]["state"] == state).unwrap();
    shown["source"].clone()
}

fn drained(daemon: Daemon) {
    daemon.interrupt().unwrap();
    let (status, log) = daemon.wait(LONG).unwrap();
    assert_eq!(status.code(), Some(0), "{}", log.join("\n"));
    assert!(log.last().unwrap().contains("stopped"), "{}", log.join("\n"));
}

#[test]
fn serve_in_an_empty_directory_just_works_and_a_private_address_is_refused_with_the_remedy() {
    let feeds = FeedServer::start(Script::load(1, 30, 1)).unwrap();
    let place = Place::empty().unwrap();
    let mut daemon = serving(&place);
    assert!(place.dir().join("tidegate.db").is_file());
    let plugins = place.json(&["plugin", "list"]).unwrap();
    let live: Vec<_> = list(&plugins, "plugins").iter().filter(|entry| entry["state"] == "live").collect();
    let names: Vec<_> = live.iter().filter_map(|entry| entry["name"].as_str()).collect();
    assert_eq!(names, ["http", "instagram", "rss", "x"]);
    let profiles = place.json(&["profile", "list"]).unwrap();
    assert!(list(&profiles, "profiles").iter().any(|profile| profile["name"] == "rss_profile"), "{profiles}");

    let url = &feeds.urls()[0];
    let id = place.add("rss_profile", &[url]).unwrap().remove(0);
    let failed = ["runs", "list", "--ending", "failed", "--source", &id];
    let runs = daemon.wait_until("a refusal", LONG, &failed, |answer| !list(answer, "runs").is_empty()).unwrap();
    let why = runs["runs"][0]["failure"][1].as_str().unwrap();
    assert!(why.contains("127.0.0.1") && why.contains("allow_private"), "{why}");
    assert_eq!(feeds.books().total().requests, 0, "the address was dialled");
    drained(daemon);

    place.put("profiles/home.toml", QUICK_PROFILE).unwrap();
    let mut daemon = serving(&place);
    let id = place.add("home", &[url]).unwrap().remove(0);
    wait_items(&mut daemon, &id, 30);
    assert_eq!(place.json(&["doctor"]).unwrap()["ok"], true);
    drained(daemon);
}

#[test]
fn a_source_is_added_twice_paused_resumed_and_removed_while_the_daemon_runs() {
    let feeds = FeedServer::start(Script::load(2, 7, 2)).unwrap();
    let place = Place::with_profile("quick", QUICK_PROFILE).unwrap();
    let mut daemon = serving(&place);
    let (url, other) = (feeds.urls()[0].clone(), feeds.urls()[1].clone());
    let id = place.add("quick", &[&url]).unwrap().remove(0);
    let again = place.json(&["source", "add", "--profile", "quick", &url]).unwrap();
    assert_eq!((&again["sources"][0]["created"], word(&again["sources"][0], "id")), (&Value::Bool(false), id.clone()));
    wait_items(&mut daemon, &id, 7);

    let runs = place.runs(&["--source", &url, "--ending", "ok"]).unwrap();
    let first = runs.last().unwrap();
    assert_eq!((word(first, "trigger"), &first["counts"]["new"]), ("bootstrap".to_owned(), &7.into()));
    let shown = place.json(&["runs", "show", &word(first, "id")]).unwrap();
    assert_eq!(shown["run"], *first);

    place.json(&["source", "pause", &url, "--reason", "holiday"]).unwrap();
    let paused = wait_state(&mut daemon, &id, "paused");
    assert_eq!((word(&paused["state"], "by"), word(&paused["state"], "reason")), ("operator".into(), "holiday".into()));
    let verdict = place.json(&["source", "show", &url]).unwrap()["verdict"].to_string();
    assert!(verdict.contains("does not run now") && verdict.contains("holiday"), "{verdict}");
    let idle = ["source", "show", url.as_str()];
    daemon.wait_until("its last run to end", LONG, &idle, |answer| answer["source"]["running"].is_null()).unwrap();
    // Another source comes and runs meanwhile; this one does not.
    let total = place.source(&id).unwrap()["total_runs"].clone();
    let second = place.add("quick", &[&other]).unwrap().remove(0);
    daemon
        .wait_until("runs of the other", LONG, &["source", "show", &second], |answer| {
            answer["source"]["total_runs"].as_u64() >= Some(3)
        })
        .unwrap();
    assert_eq!(place.source(&id).unwrap()["total_runs"], total);

    place.json(&["source", "resume", &url]).unwrap();
    let more = |answer: &Value| answer["source"]["total_runs"].as_u64() > total.as_u64();
    daemon.wait_until("a run after the pause", LONG, &["source", "show", &id], more).unwrap();

    let asked = place.run(&["source", "remove", &url]).unwrap();
    assert!(asked.code == Some(2) && asked.sentence().contains("say --yes"), "{asked:?}");
    place.json(&["source", "remove", &url, "--yes"]).unwrap();
    let gone = place.run(&["source", "show", &url]).unwrap();
    assert!(gone.code == Some(3) && gone.sentence().contains(&format!("did you mean {other}?")), "{gone:?}");
    assert_eq!(place.sources().unwrap().len(), 1);
    drained(daemon);
}

#[test]
fn items_are_paged_without_a_gap_and_each_comes_once() {
    let feeds = FeedServer::start(Script::load(3, 23, 3)).unwrap();
    let place = Place::with_profile("quick", QUICK_PROFILE).unwrap();
    let urls = feeds.urls();
    let ids = place.add("quick", &urls.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    let mut daemon = serving(&place);
    for id in &ids {
        wait_items(&mut daemon, id, 23);
    }
    drained(daemon);
    let mut seen = Vec::new();
    let mut before: Option<String> = None;
    loop {
        let mut args = vec!["items", "--limit", "10"];
        args.extend(before.iter().flat_map(|cursor| ["--before", cursor.as_str()]));
        let page = place.json(&args).unwrap();
        assert!(list(&page, "items").len() <= 10);
        seen.extend(list(&page, "items").iter().map(|item| word(item, "id")));
        before = page["next"].as_str().map(str::to_owned);
        if before.is_none() {
            break;
        }
    }
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (69, 69));
}

#[test]
fn feeds_that_move_hide_behind_a_page_or_end_are_followed_found_and_closed() {
    let feeds = FeedServer::start(Script::demo_with(DemoTimes::default())).unwrap();
    let place = Place::with_profile("quick", QUICK_PROFILE).unwrap();
    let from = ["/old-pier/pilots.rss", "/village/", "/closed/fish-auction.rss"].map(|path| feeds.url(path));
    let ids = place.add("quick", &from.each_ref().map(String::as_str)).unwrap();
    let mut daemon = serving(&place);
    for (id, to) in ids.iter().zip(["/new-pier/pilots.rss", "/village/noticeboard.json"]) {
        wait_items(&mut daemon, id, 4);
        assert_eq!(word(&place.source(id).unwrap(), "identifier"), feeds.url(to));
    }
    let closed = wait_state(&mut daemon, &ids[2], "invalid");
    assert!(word(&closed["state"], "reason").contains("410"), "{closed}");
    drained(daemon);
}

#[test]
fn what_is_not_found_three_times_is_invalid_and_a_resume_tries_it_again() {
    let faults = FeedServer::start(Script::faults()).unwrap();
    let profile = QUICK_PROFILE.replace("max_failures = 1000", "max_failures = 3");
    let place = Place::with_profile("quick", &profile).unwrap();
    let id = place.add("quick", &[&faults.url("/status/404")]).unwrap().remove(0);
    let mut daemon = serving(&place);
    let invalid = wait_state(&mut daemon, &id, "invalid");
    assert_eq!(invalid["failure_count"], 3, "{invalid}");
    assert!(word(&invalid["state"], "reason").contains("404"), "{invalid}");
    assert_eq!(place.runs(&["--source", &id, "--ending", "failed"]).unwrap().len(), 3);
    place.json(&["source", "resume", &id]).unwrap();
    daemon
        .wait_until("the fourth try", LONG, &["source", "show", &id], |answer| {
            answer["source"]["total_runs"].as_u64() >= Some(4)
        })
        .unwrap();
    drained(daemon);
}

#[test]
fn a_spent_budget_skips_and_says_so() {
    let feeds = FeedServer::start(Script::load(1, 3, 4)).unwrap();
    let place = Place::with_profile("tight", &format!("{QUICK_PROFILE}\n[budget]\nruns_per_day = 2\n")).unwrap();
    let id = place.add("tight", &[&feeds.urls()[0]]).unwrap().remove(0);
    let mut daemon = serving(&place);
    let args = ["source", "show", id.as_str()];
    let shown = daemon.wait_until("a skip", LONG, &args, |answer| !answer["last_skip"].is_null()).unwrap();
    let reason = shown["last_skip"]["reason"].to_string();
    assert!(reason.contains("budget") && reason.contains('2'), "{reason}");
    assert_eq!(shown["source"]["total_runs"], 2);
    daemon.wait_line("the skip in the log", LONG, |line| line.contains("skipped") && line.contains("budget")).unwrap();
    drained(daemon);
}

#[test]
fn an_interrupt_lets_a_run_end_and_a_second_one_does_not() {
    let slow = DemoTimes { slow_by: Duration::from_secs(4), ..DemoTimes::default() };
    let feeds = FeedServer::start(Script::demo_with(slow)).unwrap();
    let place = Place::with_profile("quick", QUICK_PROFILE).unwrap();
    let id = place.add("quick", &[&feeds.url("/ferry/slow-boat.atom")]).unwrap().remove(0);
    let running = |answer: &Value| answer["source"]["running"].is_string();
    let args = ["source", "show", id.as_str()];

    let mut daemon = serving(&place);
    daemon.wait_until("a run under way", LONG, &args, running).unwrap();
    drained(daemon);
    let ended = place.runs(&["--source", &id]).unwrap();
    assert_eq!((ended.len(), word(&ended[0], "ending")), (1, "ok".to_owned()), "{ended:?}");

    // The slow one is asked again, and cut short: its run goes back into the queue, and nothing stays running.
    let mut daemon = serving(&place);
    daemon.wait_until("a run under way", LONG, &args, running).unwrap();
    daemon.interrupt().unwrap();
    daemon.wait_line("the first signal", LONG, |line| line.contains("again to stop at once")).unwrap();
    daemon.interrupt().unwrap();
    assert_eq!(daemon.wait(LONG).unwrap().0.code(), Some(0));
    assert!(place.runs(&["--stage", "running"]).unwrap().is_empty());
    assert_eq!(place.runs(&["--stage", "queued"]).unwrap().len(), 1);
}

#[test]
fn run_scheduled_does_one_tick_and_is_done() {
    let feeds = FeedServer::start(Script::load(5, 4, 5)).unwrap();
    let profile = QUICK_PROFILE.replace("every = \"1s\"", "every = \"1h\"");
    let place = Place::with_profile("hourly", &profile).unwrap();
    let urls = feeds.urls();
    let ids = place.add("hourly", &urls.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    let tick = place.json(&["run-scheduled"]).unwrap();
    assert_eq!(tick, serde_json::json!({ "recovered": 0, "started": 5, "skipped": 0, "failed_passes": 0 }));
    for id in &ids {
        assert_eq!(place.items(id).unwrap().len(), 4);
    }
    assert_eq!(place.json(&["run-scheduled"]).unwrap()["started"], 0, "nothing is due for an hour");
    assert_eq!(feeds.books().total().requests, 5);
}

#[test]
fn the_demo_ends_by_itself_and_prints_its_sum() {
    let place = Place::empty().unwrap();
    let output = daemon::run(place.dir(), &["-o", "json", "demo", "--for", "5s"]).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let sum: Value = serde_json::from_slice(&output.stdout).unwrap();
    for name in ["sources", "items", "runs", "skips", "failures", "recoveries", "spent_micro_usd", "adopted"] {
        assert!(sum[name].is_u64(), "{name}: {sum}");
    }
    assert!(sum["sources"].as_u64() >= Some(20) && sum["items"].as_u64() > Some(50), "{sum}");
    assert!(sum["failures"].as_u64() > Some(0), "{sum}");
    assert_eq!(std::fs::read_dir(place.dir()).unwrap().count(), 0, "the demo leaves nothing behind");
}
