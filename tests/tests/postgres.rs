//! What a person sees of a PostgreSQL database, and what one daemon tells another by it. What becomes of many is tried in `many`.
//!
//! Owns: the server (`tidegate-cluster`; without PostgreSQL on this machine the tests say that they were skipped).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::time::Duration;

use serde_json::Value;
use tidegate_cluster::Database;
use tidegate_tests::daemon::{self, Daemon};
use tidegate_tests::place::{Place, QUICK_PROFILE};

const LONG: Duration = Duration::from_secs(120);

/// A directory whose configuration names the database.
fn place(url: &str) -> Place {
    let place = Place::with_profile("quick", QUICK_PROFILE).unwrap();
    place.put("tidegate.toml", format!("[budget]\nruns_per_day = 1000000\n\n[store]\nurl = \"{url}\"\n")).unwrap();
    place
}

fn database() -> Option<Database<'static>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    Some(runtime.block_on(tidegate_cluster::shared()?.database(None)).unwrap())
}

fn serve(place: &Place) -> Daemon {
    let daemon = place.serve().unwrap();
    daemon.wait_line("its first line", LONG, |line| line.contains("tidegate serves postgres://")).unwrap();
    daemon
}

#[test]
fn a_person_sees_the_database_but_not_its_password() {
    let Some(database) = database() else { return };
    let url = database.url().replacen("tidegate@", "tidegate:hushhush@", 1);
    let place = place(&url);
    let migrated = place.json(&["migrate"]).unwrap();
    assert_eq!(migrated["from"], 0, "{migrated}");
    let shown = [
        &["config", "show"][..],
        &["-o", "json", "config", "show"],
        &["migrate"],
        &["doctor"],
        &["source", "list"],
        &["plan"],
        &["budget"],
        &["--database", "postgres://tidegate:hushhush@127.0.0.1:1/absent", "source", "list"],
        &["--database", "mysql://tidegate:hushhush@127.0.0.1:1/absent", "source", "list"],
        &["--help"],
    ];
    for args in shown {
        let mut command = daemon::command(place.dir(), args).unwrap();
        let output = command.env("TIDEGATE_STORE_URL", &url).output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(!said.contains("hushhush"), "{args:?}: {said}");
        let names_it = matches!(args.first(), Some(&"config" | &"migrate" | &"doctor"));
        assert!(!names_it || said.contains("tidegate:***@localhost"), "{args:?}: {said}");
    }
    place
        .put("tidegate.toml", format!("[store]\nurl = \"{}\"\nconnections = 0\n", url.replace("postgres", "mysql")))
        .unwrap();
    let said = place.run(&["config", "check"]).unwrap();
    assert_ne!(said.code, Some(0));
    assert!(said.stderr.contains("postgres://") && !said.stderr.contains("hushhush"), "{}", said.stderr);
}

/// A host that says 429 to everybody, and how often it was asked.
fn busy_host() -> (String, std::sync::Arc<std::sync::atomic::AtomicU64>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::sync::Arc::<std::sync::atomic::AtomicU64>::default();
    let count = std::sync::Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok_and(|bytes| bytes > 0) {
                count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let answer = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 600\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(answer.as_bytes()).ok();
            }
        }
    });
    (origin, asked)
}

#[test]
fn what_one_daemon_hears_of_a_host_holds_for_the_other() {
    let Some(database) = database() else { return };
    let (origin, asked) = busy_host();
    let places = [place(&database.url()), place(&database.url())];
    for place in &places {
        let config = format!(
            "[budget]\nruns_per_day = 1000000\n[net]\nhost_concurrency = 1\n[store]\nurl = \"{}\"\n",
            database.url()
        );
        place.put("tidegate.toml", config).unwrap();
    }
    let daemons = [serve(&places[0]), serve(&places[1])];
    let urls: Vec<String> = (0..20).map(|n| format!("{origin}/{n}.xml")).collect();
    places[0].add("quick", &urls.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    // Those that were not begun are skipped; those that were end as told to wait. Nobody asks the host again.
    let [mut one, two] = daemons;
    for url in &urls {
        let put_off =
            |answer: &Value| answer["runs_now"] == false && answer["running"].is_null() && !answer["changes"].is_null();
        one.wait_until(url, LONG, &["source", "explain", url], put_off).unwrap();
    }
    let explained = places[1].json(&["source", "explain", &urls[19]]).unwrap();
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1, "{explained}");
    for daemon in [one, two] {
        daemon.interrupt().unwrap();
        let (status, log) = daemon.wait(LONG).unwrap();
        assert!(status.success(), "{status}\n{}", log.join("\n"));
    }
    let failed = places[0].sources().unwrap().iter().filter(|source| source["failure_count"] != 0).count();
    assert_eq!(failed, 0, "no source is to blame");
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
}
