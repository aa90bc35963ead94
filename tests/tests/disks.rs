//! Disks that fail a daemon in the middle of its work on SQLite: full, read-only, not to be written beyond a length. The daemon
//! says so, and goes on by itself when they work again; nothing is lost and nothing doubled.
//!
//! Owns: what ails the disk, and the reckoning. A full disk is a small file system (root only; left out otherwise, visibly) and,
//! for everybody, a library between daemon and system; read-only is the library too, as no file system can be made read-only under
//! a file that is open for writing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]
#![allow(clippy::print_stderr, reason = "what was used, and the tally, belong into the test's output")]

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tidegate_platforms::{FeedServer, Script};
use tidegate_tests::audit::runs_begun;
use tidegate_tests::daemon::{self, Daemon};
use tidegate_tests::disk::{Disk, SickDisk, fill, limit_files};
use tidegate_tests::hook::get;
use tidegate_tests::measure::Stopwatch;
use tidegate_tests::place::{Place, QUICK_PROFILE, left_out, list, word};

const LONG: Duration = Duration::from_secs(120);
const FEEDS: usize = 40;
const ITEMS: usize = 20;
/// A run that could not be written is taken up again when its lease has passed.
const CONFIG: &str = "[budget]\nruns_per_day = 1000000\n[http]\nlisten = \"127.0.0.1:0\"\n";

/// A daemon at work.
struct Busy {
    place: Place,
    feeds: FeedServer,
    daemon: Daemon,
    listens: String,
    coming: std::vec::IntoIter<String>,
}

impl Busy {
    fn new(place: Place, start: impl FnOnce(Command) -> Command) -> Self {
        place.put("profiles/quick.toml", QUICK_PROFILE).unwrap();
        place.put("tidegate.toml", CONFIG).unwrap();
        let feeds = FeedServer::start(Script::load(FEEDS, ITEMS, 7)).unwrap();
        feeds.set_pause(Duration::from_millis(30));
        let command = start(daemon::command(place.dir(), &["serve"]).unwrap());
        let daemon = Daemon::spawn(place.dir(), command).unwrap();
        let line = daemon.wait_line("where it listens", LONG, |line| line.contains("listening on http://")).unwrap();
        let listens = line.split("http://").nth(1).unwrap().split(": ").next().unwrap().to_owned();
        daemon.wait_line("the start", LONG, |line| line.contains("tidegate serves")).unwrap();
        let coming = feeds.urls().into_iter();
        let mut busy = Self { place, feeds, daemon, listens, coming };
        busy.add(FEEDS / 2);
        busy.work();
        busy
    }

    fn add(&mut self, count: usize) {
        let some: Vec<String> = self.coming.by_ref().take(count).collect();
        self.place.add("quick", &some.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    }

    /// Waits until runs end from now on.
    fn work(&self) {
        let seen = self.daemon.log().len();
        let runs = |line: &str| line.contains("ingested http");
        let (count, skip) = (std::cell::Cell::new(0), std::cell::Cell::new(seen));
        let more = |line: &str| {
            if skip.get() > 0 {
                skip.set(skip.get() - 1);
                return false;
            }
            count.set(count.get() + usize::from(runs(line)));
            count.get() >= 10
        };
        self.daemon.wait_line("runs that end", LONG, more).unwrap();
    }

    /// Waits until `/readyz` says so; gives its reasons.
    fn says(&self, status: u16) -> String {
        let watch = Stopwatch::start();
        loop {
            let (said, body) = get(&self.listens, "/readyz").unwrap();
            if said == status {
                return body;
            }
            assert!(watch.elapsed() < LONG, "/readyz says {said}: {body}\n{}", self.daemon.log().join("\n"));
            assert!(self.daemon.wait_line("nothing", Duration::from_millis(100), |_| false).is_err());
        }
    }

    /// The disk fails, and is well again; twice, with more work each time.
    fn live_through(mut self, words: &str, fail: impl Fn(&Self), heal: impl Fn(&Self)) {
        for round in 1..=2 {
            let failing = self.daemon.log().iter().filter(|line| line.contains(words)).count();
            fail(&self);
            let seen = std::cell::Cell::new(0);
            let told = |line: &str| {
                seen.set(seen.get() + usize::from(line.contains(words)));
                seen.get() > failing
            };
            let line = self.daemon.wait_line(&format!("{words:?} in the log"), LONG, told).unwrap();
            let reasons = self.says(503);
            assert!(reasons.contains(words), "{reasons}");
            // What is stored can be read meanwhile.
            assert!(!self.place.runs(&[]).unwrap().is_empty());
            if round == 1 {
                eprintln!("the log says: {line}\n/readyz says: {reasons}");
            }
            let watch = Stopwatch::start();
            heal(&self);
            self.says(200);
            self.work();
            eprintln!("at work {:.1} s after the disk was well", watch.elapsed().as_secs_f64());
            self.add(FEEDS / 4);
        }
        self.reckon();
    }

    fn reckon(mut self) {
        for url in self.feeds.urls() {
            let args = ["items", "--source", &url, "--limit", "1000"];
            let whole = |answer: &Value| list(answer, "items").len() >= ITEMS;
            self.daemon.wait_until(&url, LONG, &args, whole).unwrap();
        }
        let live = ["runs", "list", "--stage", "running", "--limit", "1000"];
        let at_rest = |answer: &Value| {
            // What failed with the disk is minutes old by comparison with a run's milliseconds; it must not stay.
            list(answer, "runs").len() < FEEDS
        };
        self.daemon.wait_until("runs to come and go", LONG, &live, at_rest).unwrap();
        self.daemon.interrupt().unwrap();
        let (status, log) = self.daemon.wait(LONG).unwrap();
        assert!(status.success(), "{status}\n{}", log.join("\n"));
        // Runs that failed with the disk in their last second wait for their lease: another life takes them up at once.
        self.place.json(&["run-scheduled"]).unwrap();
        for url in self.feeds.urls() {
            let items = self.place.items(&url).unwrap();
            let ids: BTreeSet<String> = items.iter().map(|item| word(item, "external_id")).collect();
            assert_eq!((ids.len(), items.len()), (ITEMS, ITEMS), "{url}: nothing lost, nothing doubled");
        }
        let (sources, runs) = (self.place.sources().unwrap(), self.place.runs(&[]).unwrap());
        assert_eq!(sources.len(), FEEDS);
        for source in &sources {
            let id = word(source, "id");
            let first =
                runs.iter().filter(|run| word(run, "source") == id && word(run, "trigger") == "bootstrap").count();
            assert_eq!(first, 1, "{source}");
        }
        assert!(runs.iter().all(|run| word(run, "stage") != "running"), "a run was left behind");
        let (spent, attempts) = runs_begun(&self.place).unwrap();
        assert_eq!(spent, attempts, "the ledger has spent what was begun");
        let doctor = self.place.json(&["doctor"]).unwrap();
        let whole = |finding: &Value| word(finding, "detail").ends_with("is whole");
        assert!(doctor["ok"] == true && list(&doctor, "findings").iter().any(whole), "{doctor}");
        eprintln!("{} runs, begun {attempts} times", runs.len());
    }
}

#[test]
fn a_small_disk_that_fills_up_at_work() {
    let place = Place::empty().unwrap();
    let Some(_disk) = Disk::over(place.dir(), "size=96m") else {
        return left_out("a full disk", "making a file system takes root");
    };
    eprintln!("used: a tmpfs of 96 MiB that is filled");
    let filler = place.dir().join("filler");
    let (full, free) = (filler.clone(), filler);
    let fail = move |_: &Busy| fill(&full).unwrap();
    Busy::new(place, |command| command).live_through("is full", fail, move |_| std::fs::remove_file(&free).unwrap());
}

/// Errors of the system by way of the library.
fn sick(error: &'static str, words: &str) {
    let place = Place::empty().unwrap();
    let disk = SickDisk::of(place.dir()).unwrap();
    eprintln!("used: {error} for each write, by a library between daemon and system");
    let put = |mut command: Command| {
        disk.put_under(&mut command);
        command
    };
    let busy = Busy::new(place, put);
    busy.live_through(words, |_| disk.fall_ill(error).unwrap(), |_| disk.recover().unwrap());
}

#[test]
fn a_disk_without_room_at_work() {
    sick("ENOSPC", "is full");
}

#[test]
fn a_disk_that_becomes_read_only_at_work() {
    sick("EROFS", "disk I/O error");
}

#[test]
fn a_disk_that_breaks_at_work() {
    sick("EIO", "disk I/O error");
}

#[test]
fn files_that_may_not_grow_at_work() {
    eprintln!("used: RLIMIT_FSIZE of the daemon");
    let ignoring = |command: Command| {
        // The signal that comes with the error is ignored, as service managers have it for daemons.
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell
    };
    let busy = Busy::new(Place::empty().unwrap(), ignoring);
    let limit = |bytes: Option<u64>| move |busy: &Busy| limit_files(busy.daemon.pid(), bytes).unwrap();
    busy.live_through("disk I/O error", limit(Some(4_096)), limit(None));
}
