//! `kill -9` at fifty random moments (`TIDEGATE_KILL_ROUNDS`: so many) while feeds grow and sources come in: what was published
//! is stored once, each source had one bootstrap, and the ledger has spent what was begun.
//!
//! Owns: the moments (`TIDEGATE_KILL_SEED` plays a run of this test again), and the reckoning at the end. Nothing here
//! waits for time to pass alone: a life ends after so many lines of the daemon's log, or so many milliseconds after one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]
#![allow(clippy::print_stderr, reason = "the seed and the tally belong into the test's output")]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tidegate_platforms::{Behaviour, DemoTimes, FeedServer, Listing, Pace, Script};
use tidegate_tests::audit;
use tidegate_tests::daemon::Daemon;
use tidegate_tests::dice::{Dice, rounds};
use tidegate_tests::place::{Place, QUICK_PROFILE, list, word};

const KILLS: u32 = 50;
/// Further sources, so that bootstraps are under way in every life.
const LOAD_FEEDS: usize = 100;
const LOAD_ITEMS: usize = 20;
const LONG: Duration = Duration::from_secs(120);
/// The promise: a run that died with its daemon is found within it.
const RECOVERED_WITHIN: Duration = Duration::from_secs(30);

/// The feeds: those of the demo with nothing ever falling out of them, and many that stand still.
struct Feeds {
    growing: FeedServer,
    still: FeedServer,
}

impl Feeds {
    fn start() -> Self {
        let times = DemoTimes { window: 100_000, slow_by: Duration::from_millis(300), ..DemoTimes::default() };
        Self {
            growing: FeedServer::start(Script::demo_with(times).pace(Pace::ByHand)).unwrap(),
            still: FeedServer::start(Script::load(LOAD_FEEDS, LOAD_ITEMS, 7)).unwrap(),
        }
    }

    /// The demo's addresses, but for the one that answers 429: whoever is told to slow down waits a minute at least.
    fn demo(&self) -> impl Iterator<Item = &Listing> {
        let busy = |listing: &&Listing| matches!(listing.behaviour, Behaviour::Busy { .. });
        self.growing.listings().iter().filter(move |listing| !busy(listing))
    }

    /// By the identifier a source has in the end: the ids that must be stored. `None` for a feed that stands still, whose
    /// items are counted.
    fn promised(&self) -> BTreeMap<String, Option<BTreeSet<String>>> {
        let growing = self.demo().filter(|listing| listing.behaviour != Behaviour::Gone);
        let growing = growing.map(|listing| {
            let (identifier, path) = match &listing.behaviour {
                Behaviour::Moved { to } | Behaviour::Page { feed: to } => (self.growing.url(to), to),
                _ => (listing.url.clone(), &listing.path),
            };
            (identifier, Some(self.growing.published(path).unwrap().into_iter().collect()))
        });
        growing.chain(self.still.urls().into_iter().map(|url| (url, None))).collect()
    }
}

/// A life of the daemon up to the moment it is killed. The feeds grow with each line it writes.
fn live(daemon: &Daemon, feeds: &Feeds, grow: Duration, dice: &mut Dice) {
    // One in five dies while it starts, before anything was logged perhaps.
    let lines = if dice.below(5) == 0 { 0 } else { 1 + dice.below(30) };
    for wanted in 1..=lines {
        let seen = Cell::new(0);
        let more = daemon.wait_line("a sign of life", LONG, |_| {
            seen.set(seen.get() + 1);
            seen.get() >= wanted
        });
        more.unwrap();
        feeds.growing.advance(grow);
    }
    let moment = Duration::from_micros(dice.below(40_000));
    let missed = daemon.wait_line("nothing: the moment is what counts", moment, |_| false);
    assert!(missed.is_err());
}

/// Waits until no run of an earlier life is called running.
fn wait_recovered(daemon: &mut Daemon, running_before: &BTreeMap<String, String>) {
    let of_earlier_life = |answer: &serde_json::Value| {
        list(answer, "runs").iter().any(|run| running_before.get(&word(run, "id")) == Some(&word(run, "started_at")))
    };
    let args = ["runs", "list", "--stage", "running", "--limit", "1000"];
    daemon.wait_until("recovery of the dead runs", RECOVERED_WITHIN, &args, |answer| !of_earlier_life(answer)).unwrap();
}

/// The runs that are called running, with the time of their start: after a kill, those that died.
fn running(place: &Place) -> BTreeMap<String, String> {
    let runs = place.runs(&["--stage", "running"]).unwrap();
    runs.iter().map(|run| (word(run, "id"), word(run, "started_at"))).collect()
}

#[test]
fn kills_lose_no_item_double_none_and_bootstrap_no_source_twice() {
    let (kills, mut dice) = (rounds(KILLS), Dice::of_setting());
    // However many lives there are, the feeds come to the same length.
    let grow = Duration::from_millis(800) * KILLS / kills.max(KILLS);
    let feeds = Feeds::start();
    let place = Place::with_profile("quick", QUICK_PROFILE).unwrap();
    let growing: Vec<&str> = feeds.demo().map(|listing| listing.url.as_str()).collect();
    place.add("quick", &growing).unwrap();

    let mut still = feeds.still.urls().into_iter();
    let (mut hits, mut died) = (0, BTreeMap::new());
    for _ in 0..kills {
        let mut daemon = place.serve().unwrap();
        let batch: Vec<String> = still.by_ref().take(LOAD_FEEDS.div_ceil(30)).collect();
        if !batch.is_empty() {
            place.add("quick", &batch.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        }
        wait_recovered(&mut daemon, &died);
        live(&daemon, &feeds, grow, &mut dice);
        daemon.kill9().unwrap();
        died = running(&place);
        hits += u32::from(!died.is_empty());
    }
    eprintln!("{hits} of {kills} kills hit a running run");
    assert!(hits > 0, "no kill met a run: the moments are badly chosen");

    let mut daemon = place.serve().unwrap();
    wait_recovered(&mut daemon, &died);
    let promised = feeds.promised();
    for (identifier, ids) in &promised {
        let wanted = ids.as_ref().map_or(LOAD_ITEMS, BTreeSet::len);
        let args = ["items", "--source", identifier, "--limit", "1000"];
        daemon.wait_until(identifier, LONG, &args, |answer| list(answer, "items").len() >= wanted.min(1_000)).unwrap();
    }
    daemon.interrupt().unwrap();
    let (status, log) = daemon.wait(LONG).unwrap();
    assert!(status.success(), "{status}\n{}", log.join("\n"));
    reckon(&place, &promised, growing.len());
}

/// What the database holds, against what was published.
fn reckon(place: &Place, promised: &BTreeMap<String, Option<BTreeSet<String>>>, growing: usize) {
    for (identifier, wanted) in promised {
        let ids: Vec<String> = place.items(identifier).unwrap().iter().map(|item| word(item, "external_id")).collect();
        let once: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(once.len(), ids.len(), "{identifier}: stored twice");
        match wanted {
            Some(wanted) => assert_eq!(&once, wanted, "{identifier}"),
            None => assert_eq!(once.len(), LOAD_ITEMS, "{identifier}"),
        }
    }
    let sources = place.sources().unwrap();
    assert_eq!(sources.len(), growing + LOAD_FEEDS);
    let runs = place.runs(&[]).unwrap();
    for source in &sources {
        let id = word(source, "id");
        let of_source = runs.iter().filter(|run| word(run, "source") == id);
        let bootstraps = of_source.filter(|run| word(run, "trigger") == "bootstrap").count();
        assert_eq!(bootstraps, 1, "{}", word(source, "identifier"));
    }
    assert!(runs.iter().all(|run| word(run, "stage") != "running"), "a run survived its daemon");
    let (spent, attempts) = audit::runs_begun(place).unwrap();
    assert_eq!(spent, attempts, "the ledger has spent what was begun");
    let gone = sources.iter().filter(|source| source["state"]["state"] == "invalid").count();
    assert_eq!(gone, 1, "the feed that is gone for good, and no other");
    let doctor = place.json(&["doctor"]).unwrap();
    let whole = |finding: &serde_json::Value| word(finding, "detail").ends_with("is whole");
    assert!(doctor["ok"] == true && list(&doctor, "findings").iter().any(whole), "{doctor}");
    eprintln!("{} sources, {} runs, all published items stored once", sources.len(), runs.len());
}
