//! The same through the real daemon: it stays alive and healthy, and the next run of another plugin succeeds.
//!
//! Owns: one daemon with a site on loopback, every case that says `daemon = true` as a source, and the daemon's memory before
//! and after.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use tidegate_tests::daemon::Daemon;
use tidegate_tests::hook::get;
use tidegate_tests::measure::{Stopwatch, usage};
use tidegate_tests::place::{Place, list, word};

use crate::case;
use crate::make;
use crate::scene::printable;

const LONG: Duration = Duration::from_secs(120);
/// How much larger the daemon may be after all of them: the largest answers were on their way through it, several at once.
const GROWTH_MIB: u64 = 96;

const FEED: &str = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title><item><title>One</title>\
                    <guid>1</guid><link>https://coast.example/1</link></item></channel></rss>";

/// A site that answers everything with a feed; gives its origin.
fn site() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let _head = lines.take_while(|line| !line.is_empty()).count();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\n";
            write!(stream, "{head}Content-Length: {}\r\n\r\n{FEED}", FEED.len()).ok();
        }
    });
    origin
}

/// Never due again, and nothing is repeated: each source has one run.
fn profile(plugin: &str, kind: &str, rest: &str) -> String {
    format!(
        "plugin = \"{plugin}\"\nkind = \"{kind}\"\nschedule = {{ every = \"1d\" }}\n\
         retry = {{ in_run = [], runs = [], max_failures = 1000 }}\nnet = {{ allow_private = [\"127.0.0.1\"] }}\n{rest}"
    )
}

/// Waits for the end of the one run of a source; gives how it ended.
fn ended(daemon: &mut Daemon, source: &str) -> (String, String) {
    let args = ["runs", "list", "--source", source];
    let holds =
        |answer: &serde_json::Value| list(answer, "runs").first().is_some_and(|run| word(run, "stage") == "ended");
    let answer = daemon.wait_until("its end", LONG, &args, holds).unwrap();
    let run = list(&answer, "runs").first().unwrap().clone();
    let failure = &run["failure"];
    let class = failure[0].as_str().map_or_else(|| word(&run, "ending"), str::to_owned);
    (class, failure[1].as_str().unwrap_or_default().to_owned())
}

fn resident(daemon: &Daemon) -> u64 {
    usage(daemon.pid()).unwrap().resident_bytes
}

#[test]
fn the_daemon_goes_on_whatever_its_plugins_do() {
    let origin = site();
    let place = Place::with_profile("tricks", &profile("hostile-guest", "trick", "")).unwrap();
    let tricks = profile("hostile-guest", "trick", &format!("[overrides]\norigin = \"{origin}\"\n"));
    place.put("profiles/tricks.toml", tricks).unwrap();
    place.put("profiles/feeds.toml", profile("rss", "feed", "")).unwrap();
    place.put("plugins/hostile.wasm", &*make::GUEST).unwrap();
    place.put("tidegate.toml", "[budget]\nruns_per_day = 1000000\n[http]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let mut daemon = place.serve().unwrap();
    daemon.wait_line("the start", LONG, |line| line.contains("tidegate serves")).unwrap();
    let line = daemon.wait_line("where it listens", LONG, |line| line.contains("listening on http://")).unwrap();
    let address = line.split("http://").nth(1).unwrap().split(": ").next().unwrap().to_owned();
    let feed = |number: usize| place.add("feeds", &[&format!("{origin}/feed-{number}.xml")]).unwrap().remove(0);
    let first = feed(0);
    assert_eq!(ended(&mut daemon, &first).0, "ok");
    let before = resident(&daemon);
    let cases: Vec<case::Case> = case::all();
    let daemons = cases.iter().filter_map(|case| case.run.as_ref().filter(|run| run.daemon).map(|run| (case, run)));
    let (mut played, mut failed) = (0, Vec::new());
    for (case, run) in daemons {
        played += 1;
        let watch = Stopwatch::start();
        let source = place.add("tricks", &[&case::grown(&run.identifier)]).unwrap().remove(0);
        let other = feed(played);
        let (class, message) = ended(&mut daemon, &source);
        let other = ended(&mut daemon, &other).0;
        eprintln!("{:34} {:>8.1} ms  daemon: {class}: {message:.100}", case.name, watch.elapsed().as_secs_f64() * 1e3);
        printable(&message, &case.name);
        // A run that has brought no item says so.
        let expected = case.expect.daemon_ends.as_ref().or(case.expect.ends.as_ref()).unwrap();
        let as_expected = class == *expected || (expected == "ok" && class == "no-new");
        let healthy = get(&address, "/healthz").unwrap().0 == 200 && other == "ok";
        if !(as_expected && healthy) {
            failed.push(format!(
                "{}: {} It ended with {class} ({message}), the other with {other}",
                case.name, case.does
            ));
        }
        // What breaks down on so many sources is taken out of service, which is another test's matter.
        place.run(&["plugin", "release", "hostile-guest"]).unwrap();
    }
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(played >= 30, "{played} cases for the daemon");
    let grown = resident(&daemon).saturating_sub(before) >> 20;
    eprintln!("{played} cases; the daemon has {grown} MiB more than before");
    assert!(grown <= GROWTH_MIB, "the daemon has {grown} MiB more than before");
    assert_eq!(get(&address, "/readyz").unwrap().0, 200);
    daemon.interrupt().unwrap();
    assert_eq!(daemon.wait(LONG).unwrap().0.code(), Some(0));
}
