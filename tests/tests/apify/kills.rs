//! `kill -9` at two hundred random moments (`TIDEGATE_KILL_ROUNDS`: so many) while fifty accounts are ingested through paid
//! actors, on both stores: nothing is ordered twice, every bill stands in the ledger, and what was published is stored once.
//!
//! Owns: the moments (`TIDEGATE_KILL_SEED` plays a run of this test again), and the reckoning at the end. The actor platform
//! goes on while the daemon is dead. Its accounts publish every 10 to 20 s, and the sources on Instagram ask for nothing
//! twice (no overlap), so that a post that is lost once stays lost.
#![allow(clippy::print_stderr, reason = "the tally belongs into the test's output")]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use apify_emulator::{Account, Millis, Options, Platform};
use tidegate_tests::actors::{World, quick};
use tidegate_tests::audit::Audit;
use tidegate_tests::daemon::Daemon;
use tidegate_tests::dice::{Dice, rounds};
use tidegate_tests::place::{list, word};

const KILLS: u32 = 200;
const KILLS_POSTGRES: u32 = 50;
/// Accounts on each platform.
const EACH: usize = 25;
/// What a life lasts at most if what it is to end by does not happen.
const LIFE: Duration = Duration::from_millis(1_500);
const LONG: Duration = Duration::from_secs(150);

const INSTAGRAM: &str = r#"
plugin = "instagram"
kind = "account"
overrides = { skip_pinned = false, details = false, overlap_hours = 0 }
schedule = { every = "8s", min_interval = "1s" }
caps = { max_items = 100, bootstrap_max_items = 100 }
retry = { in_run = ["1s"], runs = ["1s", "2s"], max_failures = 1000 }
budget = { usd_per_day = 900, source_usd_per_month = 90 }
[actor]
name = "apify/instagram-post-scraper"
build = "latest"
timeout = "1m"
[actor.price]
as_of = "2026-08-01"
element = 0.0017
minimum = 0.01
"#;

const X: &str = r#"
plugin = "x"
kind = "account"
schedule = { every = "8s", min_interval = "1s" }
caps = { max_items = 100, bootstrap_max_items = 100 }
retry = { in_run = ["1s"], runs = ["1s", "2s"], max_failures = 1000 }
budget = { usd_per_month = 9000, source_usd_per_day = 90 }
[actor]
name = "apidojo/tweet-scraper"
build = "latest"
timeout = "1m"
[actor.price]
as_of = "2026-01-01"
element = 0.0004
minimum = 0.01
"#;

/// Money enough, so that what is reserved for lives that died is never in the way.
const OPEN: &str = "[budget]\nruns_per_day = 1000000\nusd_per_day = 1000\nusd_per_month = 10000\n
[tenants.one.budget]\nusd_per_day = 1000\n[tenants.two.budget]\nusd_per_month = 1000\n";
/// No further run begins; those under way go on.
const SHUT: &str = "[budget]\nruns_per_day = 1\nusd_per_day = 1000\nusd_per_month = 10000\n
[tenants.one.budget]\nusd_per_day = 1000\n[tenants.two.budget]\nusd_per_month = 1000\n";

/// The account's own limits are not what this is about; its costs are final 10 s after the end of a run, as on the platform.
fn options() -> Options {
    let account = Account { memory_mb: u32::MAX, concurrent_runs: u32::MAX, ..Account::default() };
    Options { account, ..quick() }
}

fn handles() -> Vec<(Platform, String)> {
    let both = [(Platform::Instagram, "ig"), (Platform::X, "x")];
    let of =
        |(platform, name): (Platform, &'static str)| (0..EACH).map(move |n| (platform, format!("fast_{name}_{n}")));
    both.into_iter().flat_map(of).collect()
}

fn world(postgres: Option<String>) -> World {
    let world = World::over(options(), postgres).unwrap();
    world.place.put("profiles/ig.toml", INSTAGRAM).unwrap();
    world.place.put("profiles/x.toml", X).unwrap();
    world.configure(OPEN).unwrap();
    for (number, tenant) in ["one", "two"].into_iter().enumerate() {
        for (platform, profile) in [(Platform::Instagram, "ig"), (Platform::X, "x")] {
            let own = handles().into_iter().filter(|(of, _)| *of == platform).map(|(_, handle)| handle);
            let own: Vec<String> =
                own.enumerate().filter(|(at, _)| at % 2 == number).map(|(_, handle)| handle).collect();
            let mut args = vec!["source", "add", "--profile", profile, "--tenant", tenant];
            args.extend(own.iter().map(String::as_str));
            world.place.json(&args).unwrap();
        }
    }
    world
}

/// A life of the daemon up to the moment it is killed.
fn live(world: &World, daemon: &Daemon, before: impl Fn(&str) -> u64, dice: &mut Dice) {
    let behind = |endpoint: &str, more: u64| {
        // A life in which that does not happen is one too.
        let _met = world.asked(endpoint, before(endpoint) + more, LIFE);
    };
    match dice.below(10) {
        // While it starts, before anything was logged perhaps.
        0 => {}
        // Behind a line of its log.
        1 | 2 => {
            let (seen, wanted) = (Cell::new(0), 1 + dice.below(20));
            let line = |_: &str| {
                seen.set(seen.get() + 1);
                seen.get() >= wanted
            };
            // Fewer lines than that are a life too.
            daemon.wait_line("a sign of life", LIFE, line).ok();
        }
        // Right behind a request: a start has reached the platform and its answer is on its way, or being stored.
        3..=6 => behind("start", 1 + dice.below(8)),
        7 => behind("get-run", 1 + dice.below(30)),
        8 => behind("items", 1 + dice.below(20)),
        _ => behind("list", 1 + dice.below(3)),
    }
    let most = if dice.below(2) == 0 { 2_000 } else { 60_000 };
    let moment = Duration::from_micros(dice.below(most));
    let missed = daemon.wait_line("nothing: the moment is what counts", moment, |_| false);
    assert!(missed.is_err());
}

/// Kills until there were enough; gives how many lives left an order behind whose outcome they did not know. `logs` takes
/// what the lives had to say.
fn kill(world: &World, kills: u32, dice: &mut Dice, logs: &mut Vec<String>) -> u32 {
    let mut unknown = 0;
    for life in 0..kills {
        let asked =
            ["start", "get-run", "items", "list"].map(|endpoint| (endpoint, world.emulator.requests_of(endpoint)));
        let before = |endpoint: &str| asked.iter().find(|(name, _)| *name == endpoint).map_or(0, |(_, count)| *count);
        let daemon = world.serve().unwrap();
        live(world, &daemon, before, dice);
        logs.extend(daemon.kill9().unwrap().into_iter().map(|line| format!("{life:3} {line}")));
        let audit = world.audit().unwrap();
        unknown += u32::from(audit.ordered.iter().any(|row| row.stage == "intended"));
        // Runs that nobody has taken note of yet are those whose answers died.
        let books = world.books();
        assert!(books.starts_by_user_agent.values().all(|starts| *starts == 1), "{:?}", audit.orders_against(&books));
    }
    unknown
}

/// Prints what the daemons logged about the runs whose intents are named in `wrong`.
fn tell_of(wrong: &[String], audit: &Audit, logs: &[String]) {
    for row in audit.ordered.iter().filter(|row| wrong.iter().any(|wrong| wrong.contains(&row.intent.to_string()))) {
        let run = row.run.to_string();
        logs.iter().filter(|line| line.contains(&run)).for_each(|line| eprintln!("{line}"));
    }
}

/// Lets every source run once more from beginning to end, then lets all costs become final. Gives when the last kill was.
fn come_to_rest(world: &World, logs: &mut Vec<String>) {
    let killed = world.emulator.now();
    let daemon = world.serve().unwrap();
    world
        .wait("each source to run once more", LONG, |world| {
            let audit = world.audit()?;
            Ok(audit.well.len() == EACH * 2 && audit.well.values().all(|begun| *begun > killed.0))
        })
        .unwrap();
    logs.extend(stop(daemon));
    world.configure(SHUT).unwrap();
    let daemon = world.serve().unwrap();
    world.wait("all costs to be final", LONG, |world| Ok(world.audit()?.is_settled())).unwrap();
    logs.extend(stop(daemon));
}

fn stop(daemon: Daemon) -> Vec<String> {
    daemon.interrupt().unwrap();
    let (status, log) = daemon.wait(LONG).unwrap();
    assert!(status.success(), "{status}\n{}", log.join("\n"));
    log
}

/// Everything that was published when a source last asked is stored, once; nothing else is.
fn reckon_items(world: &World, audit: &Audit) -> usize {
    let mut count = 0;
    for (platform, handle) in handles() {
        let ids: Vec<String> =
            world.place.items(&handle).unwrap().iter().map(|item| word(item, "external_id")).collect();
        let once: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(once.len(), ids.len(), "{handle}: stored twice");
        let asked = Millis(audit.well[&handle]);
        let promised = world.emulator.published(platform, &handle, asked);
        let lost: Vec<&String> = promised.iter().filter(|id| !once.contains(id.as_str())).collect();
        assert!(lost.is_empty(), "{handle}: {lost:?} of {promised:?} are not stored");
        let all = world.emulator.published(platform, &handle, world.emulator.now());
        let strange: Vec<&&str> = once.iter().filter(|id| !all.iter().any(|known| known == *id)).collect();
        assert!(strange.is_empty(), "{handle}: {strange:?} were never published");
        count += ids.len();
    }
    count
}

#[test]
fn ordeal_two_hundred_kills_order_nothing_twice_and_pay_every_bill() {
    ordeal(&world(None), rounds(KILLS));
}

/// The same on PostgreSQL, where a dead daemon's lease has to pass before anybody takes up what it had.
#[test]
fn ordeal_kills_on_postgresql_order_nothing_twice_and_pay_every_bill() {
    let Some(cluster) = tidegate_cluster::shared() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(cluster.database(None)).unwrap();
    ordeal(&world(Some(database.url())), rounds(KILLS_POSTGRES));
}

fn ordeal(world: &World, kills: u32) {
    let mut dice = Dice::of_setting();
    let mut logs = Vec::new();
    let unknown = kill(world, kills, &mut dice, &mut logs);
    eprintln!("{unknown} of {kills} kills left an order whose outcome was not known");
    assert!(unknown > 0, "no kill met a start: the moments are badly chosen");
    come_to_rest(world, &mut logs);

    let (audit, books) = (world.audit().unwrap(), world.books());
    let wrong = audit.orders_against(&books);
    tell_of(&wrong, &audit, &logs);
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!((audit.started(), books.runs.len()), (books.runs.len(), books.starts_by_user_agent.len()));
    assert_eq!(audit.money_against(&books), Vec::<String>::new());
    let items = reckon_items(world, &audit);

    for source in world.place.sources().unwrap() {
        assert_eq!(
            (source["state"]["state"].as_str(), &source["failure_count"]),
            (Some("active"), &0.into()),
            "{source}"
        );
    }
    let doctor = world.place.json(&["doctor"]).unwrap();
    let whole = |finding: &serde_json::Value| word(finding, "detail").ends_with("is whole");
    assert!(list(&doctor, "findings").iter().any(whole), "{doctor}");
    assert_eq!(world.leaks(&[]).unwrap(), Vec::<String>::new());
    let (runs, adopted, charged) = (books.runs.len(), audit.ordered.len(), books.charged.0);
    eprintln!(
        "{runs} actor runs for {adopted} intents, {charged} micro-USD billed and booked, {items} items stored once"
    );
}
