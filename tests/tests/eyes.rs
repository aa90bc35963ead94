//! What an operator sees: alerts at a webhook, metrics and health at the listener, `top`.
//!
//! Owns: the way from a source that fails to a person who hears of it once, through the real binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tidegate_tests::daemon::Daemon;
use tidegate_tests::hook::{Hook, get};
use tidegate_tests::place::{Place, list, word};

const LONG: Duration = Duration::from_secs(60);
const SECRET: &str = "T0HOOK-B0HOOK-canary7f3a9c";

/// A failure, once its retry has come to nothing, pauses a source; nothing waits long.
const FRAGILE: &str = r#"
plugin = "rss"
kind = "feed"
schedule = { every = "1s", min_interval = "1s" }
retry = { in_run = [], runs = ["1s"], max_failures = 1 }
net = { allow_private = ["127.0.0.1"] }
"#;

const FEED: &str = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title><item><title>One</title>\
                    <guid>1</guid><link>https://coast.example/1</link></item></channel></rss>";

/// A feed that can be broken and mended.
struct Feed {
    url: String,
    works: Arc<AtomicBool>,
}

impl Feed {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/feed.xml", listener.local_addr().unwrap());
        let works = Arc::<AtomicBool>::default();
        let mended = Arc::clone(&works);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let _head = lines.take_while(|line| !line.is_empty()).count();
                let (status, body) = if mended.load(Ordering::SeqCst) { ("200 OK", FEED) } else { ("500 No", "") };
                let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/rss+xml\r\nConnection: close\r\n");
                write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok();
            }
        });
        Self { url, works }
    }
}

fn place(hook: &Hook) -> Place {
    let place = Place::with_profile("fragile", FRAGILE).unwrap();
    place.put("hook.address", format!("{}/services/{SECRET}\n", hook.origin)).unwrap();
    let config = "[budget]\nruns_per_day = 1000\n[http]\nlisten = \"127.0.0.1:0\"\n\
                  [alerts.webhook.ops]\nfile = \"hook.address\"\nallow_private = [\"127.0.0.1\"]\n";
    place.put("tidegate.toml", config).unwrap();
    place
}

fn serving(place: &Place) -> (Daemon, String) {
    let daemon = place.serve().unwrap();
    daemon.wait_line("the start", LONG, |line| line.contains("tidegate serves")).unwrap();
    let line = daemon.wait_line("where it listens", LONG, |line| line.contains("listening on http://")).unwrap();
    let address = line.split("http://").nth(1).unwrap().split(": ").next().unwrap().to_owned();
    (daemon, address)
}

fn notices(hook: &Hook, count: usize) -> Vec<Value> {
    let heard = hook.wait(count, LONG).unwrap();
    let body = |text: &str| serde_json::from_str::<Value>(text).unwrap()["alerts"].as_array().unwrap().clone();
    heard.iter().flat_map(|heard| body(&heard.body)).collect()
}

fn state(daemon: &mut Daemon, source: &str, state: &str) {
    let args = ["source", "show", source];
    daemon.wait_until(state, LONG, &args, |answer| answer["source"]["state"]["state"] == state).unwrap();
}

/// Names of the files, database and all, in which these bytes stand.
fn files_with(dir: &Path, wanted: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, wanted));
        } else if std::fs::read(&path).unwrap().windows(wanted.len()).any(|window| window == wanted) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
fn a_source_that_fails_is_told_of_once_and_so_is_its_recovery() {
    let (hook, feed) = (Hook::start().unwrap(), Feed::start());
    let place = place(&hook);
    let (mut daemon, listener) = serving(&place);
    assert_eq!(get(&listener, "/readyz").unwrap(), (200, "ready\n".to_owned()));
    let id = place.add("fragile", &[&feed.url]).unwrap().remove(0);
    state(&mut daemon, &id, "paused");
    let told = notices(&hook, 1);
    assert_eq!((word(&told[0], "change"), word(&told[0], "kind")), ("opened".into(), "source-paused".into()));
    assert_eq!(word(&told[0], "remedy"), format!("tidegate source resume {id}"));
    assert_eq!((word(&told[0], "identifier"), word(&told[0], "profile")), (feed.url.clone(), "fragile".into()));
    let open = place.json(&["alert", "list"]).unwrap();
    assert_eq!((list(&open, "alerts").len(), word(&list(&open, "alerts")[0], "kind")), (1, "source-paused".into()));
    let top = place.json(&["top"]).unwrap();
    assert_eq!((&top["pulse"]["alerts"], word(&top["failures"][0], "identifier")), (&1.into(), feed.url.clone()));
    let (status, metrics) = get(&listener, "/metrics").unwrap();
    assert_eq!(status, 200);
    for line in [
        "tidegate_alerts_open 1",
        "tidegate_store_up 1",
        "tidegate_alerts_total{change=\"opened\",kind=\"source-paused\"} 1",
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line}: {metrics}");
    }
    assert!(!metrics.contains(&id) && !metrics.contains("feed.xml"), "{metrics}");

    // A restart, and a resume while it still fails: it is paused again, and nobody is told again.
    daemon.interrupt().unwrap();
    let (status, mut log) = daemon.wait(LONG).unwrap();
    assert_eq!(status.code(), Some(0), "{}", log.join("\n"));
    let (mut daemon, listener) = serving(&place);
    place.json(&["source", "resume", &id]).unwrap();
    state(&mut daemon, &id, "paused");
    feed.works.store(true, Ordering::SeqCst);
    place.json(&["source", "resume", &id]).unwrap();
    let told = notices(&hook, 2);
    let changes: Vec<String> = told.iter().map(|notice| word(notice, "change")).collect();
    assert_eq!(changes, ["opened", "resolved"], "{told:?}");
    assert_eq!(word(&told[0], "id"), word(&told[1], "id"));
    let none = |answer: &Value| list(answer, "alerts").is_empty();
    daemon.wait_until("no open alert", LONG, &["alert", "list"], none).unwrap();

    assert_eq!(get(&listener, "/nothing").unwrap().0, 404);
    daemon.interrupt().unwrap();
    log.extend(daemon.wait(LONG).unwrap().1);
    assert_eq!(hook.heard().len(), 2, "nothing else was sent");
    let log = log.join("\n");
    assert!(log.contains("alert: paused") && log.contains("resolved: paused"), "{log}");
    // The address of the webhook stands in its own file only.
    assert!(!log.contains(SECRET) && !place.run(&["config", "show"]).unwrap().stdout.contains(SECRET));
    let holding: Vec<String> = files_with(place.dir(), SECRET.as_bytes());
    assert_eq!(holding, ["hook.address"]);
}

#[test]
fn alerts_are_tried_by_hand() {
    let hook = Hook::start().unwrap();
    let place = place(&hook);
    let tried = place.json(&["alert", "test"]).unwrap();
    assert_eq!((&tried["ok"], &tried["sinks"][0]["status"]), (&true.into(), &200.into()));
    let told = notices(&hook, 1);
    assert_eq!((word(&told[0], "change"), word(&told[0], "severity")), ("test".into(), "info".into()));
    let unknown = place.run(&["alert", "test", "opps"]).unwrap();
    assert!(unknown.code == Some(3) && unknown.sentence().contains("did you mean ops?"), "{unknown:?}");

    place.put("hook.address", format!("{}/services/{SECRET}\n", hook.origin.replace("http:", "https:"))).unwrap();
    let failed = place.run(&["alert", "test", "ops"]).unwrap();
    assert!(failed.code == Some(1) && failed.stdout.contains("FAILED  ops: "), "{failed:?}");
    place.put("hook.address", "").unwrap();
    let empty = place.run(&["alert", "test"]).unwrap();
    assert!(empty.code == Some(1) && empty.stdout.contains("hook.address is empty"), "{empty:?}");
    for said in [&failed, &empty] {
        assert!(!said.stdout.contains(SECRET) && !said.stderr.contains(SECRET), "{said:?}");
    }
    place.put("tidegate.toml", "").unwrap();
    let none = place.run(&["alert", "test"]).unwrap();
    assert!(none.code == Some(0) && none.stdout.contains("no webhook is configured"), "{none:?}");
}

#[test]
fn a_port_in_use_is_told_before_anything_begins() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::empty().unwrap();
    let address = taken.local_addr().unwrap();
    place.put("tidegate.toml", format!("[http]\nlisten = \"{address}\"\n")).unwrap();
    let said = place.run(&["serve"]).unwrap();
    assert!(said.code == Some(1) && said.sentence().contains(&format!("listening on {address}")), "{said:?}");
    assert!(!place.dir().join("tidegate.db").exists());
    assert_eq!(place.run(&["top", "--once"]).unwrap().code, Some(3), "there is no database to watch");
}
