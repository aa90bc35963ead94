//! Never over budget: many sources that are always due, actors that charge what they like up to their caps and say so late,
//! and a daemon that is killed meanwhile.
//!
//! Owns: budgets so tight that each sort of them binds, the looks at them while money moves, and the reckoning against the
//! platform's books. `TIDEGATE_KILL_SEED` plays a run of this test again.
#![allow(clippy::print_stderr, reason = "the tally belongs into the test's output")]

use std::fmt::Write as _;
use std::time::Duration;

use apify_emulator::{Account, Options, Script};
use tidegate_tests::actors::{World, quick};
use tidegate_tests::audit::Audit;
use tidegate_tests::daemon::Daemon;
use tidegate_tests::dice::Dice;
use tidegate_tests::place::list;

/// Kills while budgets of sources, profiles and tenants bind, and as many while the one over all does.
const KILLS: u32 = 12;
const LIFE: Duration = Duration::from_secs(3);
/// An order that may have been made is looked for 90 s, made again, and paid for 12 s after its end.
const LONG: Duration = Duration::from_secs(240);
/// Sources of a tenant on each platform.
const EACH: usize = 8;
const TENANTS: [&str; 3] = ["one", "two", "three"];
/// What may be spent when only the budget over all binds, in micro-USD.
const WIDER: u64 = 300_000;
/// Runs of a source that charge each their own way.
const RUNS: u32 = 12;

/// With its spare elements a first run costs $0.0391 at worst, exactly what the profile grants a run.
const INSTAGRAM: &str = r#"
plugin = "instagram"
kind = "account"
schedule = { every = "1s", min_interval = "1s" }
caps = { max_items = 10, bootstrap_max_items = 20 }
retry = { in_run = ["1s"], runs = ["1s", "1s"], max_failures = 1000 }
[actor]
name = "apify/instagram-post-scraper"
timeout = "1m"
spare_elements = 3
[actor.price]
as_of = "2026-08-01"
element = 0.0017
minimum = 0.01
"#;

/// A run costs $0.01 at worst: the platform takes no lower cap.
const X: &str = r#"
plugin = "x"
kind = "account"
schedule = { every = "1s", min_interval = "1s" }
caps = { max_items = 10, bootstrap_max_items = 20 }
retry = { in_run = ["1s"], runs = ["1s", "1s"], max_failures = 1000 }
[actor]
name = "apidojo/tweet-scraper"
timeout = "1m"
[actor.price]
as_of = "2026-01-01"
element = 0.0004
minimum = 0.01
"#;

/// The profiles with these budgets, and `tidegate.toml`.
fn configure(world: &World, instagram: &str, x: &str, daemon: &str) {
    world.place.put("profiles/ig.toml", format!("{INSTAGRAM}[budget]\n{instagram}\n")).unwrap();
    world.place.put("profiles/x.toml", format!("{X}[budget]\n{x}\n")).unwrap();
    world.configure(&format!("[budget]\nruns_per_day = 100000\n{daemon}\n")).unwrap();
}

/// Budgets that bind below the one over all: those of each source on Instagram, of the profile for X (its eight sources could
/// spend $0.40), and of tenant one.
fn narrow(world: &World) {
    let instagram = "usd_per_run = 0.0391\nusd_per_day = 0.8\nsource_usd_per_day = 0.06";
    let x = "usd_per_run = 0.01\nusd_per_month = 0.12\nsource_usd_per_month = 0.05";
    let daemon = "usd_per_day = 10\nusd_per_month = 10\neach_tenant = { usd_per_month = 5 }
        [tenants.one.budget]\nusd_per_day = 0.2";
    configure(world, instagram, x, daemon);
}

/// Nothing binds but the budget over all, a little above what is gone. Sources keep a budget, so that theirs are booked on.
fn wide(world: &World, spent: u64) {
    let usd = |micro: u64| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    let daemon = format!("usd_per_day = {}\nusd_per_month = {}", usd(spent + 500_000), usd(spent + WIDER));
    configure(world, "source_usd_per_day = 5", "source_usd_per_month = 5", &daemon);
}

/// Costs are known 10 s late as on the platform, where a run does not say otherwise.
fn options() -> Options {
    let account = Account { memory_mb: u32::MAX, concurrent_runs: u32::MAX, ..Account::default() };
    Options { account, ..quick() }
}

fn handles(tenant: &str, platform: &str) -> Vec<String> {
    (0..EACH).map(|n| format!("{tenant}_{platform}{}", char::from(b'a' + u8::try_from(n).unwrap()))).collect()
}

/// What each run of each source does: items without regard to what was asked, so that the cap ends many; any end; a cost
/// that is shown late.
fn charges(dice: &mut Dice) -> Script {
    let mut rules = String::new();
    let sources = TENANTS.into_iter().flat_map(|tenant| ["i", "x"].into_iter().flat_map(|of| handles(tenant, of)));
    for handle in sources {
        for nth in 1..=RUNS {
            let items = [0, 1, 7, 10, 25, 200][usize::try_from(dice.below(6)).unwrap()];
            let end = ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED"];
            let end = end[usize::try_from(dice.below(6)).unwrap()];
            let (lag, duration) = (dice.below(11_000), 100 + dice.below(1_500));
            // Writing to a string cannot fail.
            let _ok = write!(
                rules,
                r#"{}{{"when": {{"endpoint": "start", "handle": "{handle}"}}, "nth": {nth}, "times": 1, "effect": {{"run":
                {{"items": {items}, "ends": "{end}", "cost_lag_ms": {lag}, "duration_ms": {duration}}}}}}}"#,
                if rules.is_empty() { "" } else { ",\n" }
            );
        }
    }
    Script::from_json(&format!("[{rules}]")).unwrap()
}

/// Looks at every budget: what is promised and what is gone are within what is granted, and cover all that was charged.
fn look(world: &World) {
    // The books first: what is charged later is covered by what is reserved now.
    let books = world.books();
    let budget = world.place.json(&["budget"]).unwrap();
    let audit = Audit::of(&world.place).unwrap();
    for window in list(&budget, "windows") {
        let amount = |name: &str| window[name].as_u64();
        let Some(granted) = amount("granted") else { continue };
        let taken = amount("reserved").unwrap() + amount("spent").unwrap();
        assert!(taken <= granted, "over budget: {window}");
    }
    assert_eq!(audit.uncovered(&books), Vec::<String>::new());
    let dear = books.runs.iter().find(|run| run.cap.is_none_or(|cap| run.charged > cap));
    assert!(dear.is_none(), "charged above its cap: {dear:?}");
}

/// A life of the daemon up to the moment it is killed; gives its log.
fn live(world: &World, dice: &mut Dice) -> Vec<String> {
    let endpoint = ["start", "items", "get-run", "start"][usize::try_from(dice.below(4)).unwrap()];
    let wanted = world.emulator.requests_of(endpoint) + 1 + dice.below(12);
    let daemon = world.serve().unwrap();
    // A life in which that does not happen is one too.
    let _met = world.asked(endpoint, wanted, LIFE);
    let moment = Duration::from_micros(dice.below(20_000));
    assert!(daemon.wait_line("nothing: the moment is what counts", moment, |_| false).is_err());
    let log = daemon.kill9().unwrap();
    look(world);
    log
}

/// Serves until nobody has anything left to spend and all costs are final; gives the log.
fn exhaust(world: &World) -> Vec<String> {
    let daemon = world.serve().unwrap();
    let (mut before, mut last) = (usize::MAX, Audit::default());
    let rest = world.wait("every source to stop at a budget", LONG, |world| {
        look(world);
        last = Audit::of(&world.place)?;
        let still = last.ordered.len() == before;
        before = last.ordered.len();
        Ok(still && last.is_settled() && last.eager.is_empty())
    });
    let open: Vec<_> = last.ordered.iter().filter(|row| !matches!(row.stage.as_str(), "booked" | "void")).collect();
    assert!(rest.is_ok(), "{rest:?}\nnot settled: {open:?}\nnot skipped: {:?}", last.eager);
    stop(daemon)
}

fn stop(daemon: Daemon) -> Vec<String> {
    daemon.interrupt().unwrap();
    let (status, log) = daemon.wait(LONG).unwrap();
    assert!(status.success(), "{status}\n{}", log.join("\n"));
    log
}

/// Which sorts of budgets have stopped somebody.
fn bound(log: &[String]) -> Vec<&'static str> {
    let sorts = ["in all", "for tenant", "for profile", "for source"];
    let skipped = || log.iter().filter(|line| line.contains("skipped"));
    sorts.into_iter().filter(|sort| skipped().any(|line| line.contains(sort))).collect()
}

fn reckon(world: &World) -> Audit {
    let (audit, books) = (Audit::of(&world.place).unwrap(), world.books());
    assert_eq!(audit.orders_against(&books), Vec::<String>::new());
    assert_eq!(audit.money_against(&books), Vec::<String>::new());
    look(world);
    audit
}

#[test]
fn ordeal_no_budget_is_passed_whatever_is_charged_and_whoever_dies() {
    let mut dice = Dice::of_setting();
    let world = World::new(Options { script: charges(&mut dice), ..options() }).unwrap();
    narrow(&world);
    for tenant in TENANTS {
        for (profile, platform) in [("ig", "i"), ("x", "x")] {
            let own = handles(tenant, platform);
            let mut args = vec!["source", "add", "--profile", profile, "--tenant", tenant];
            args.extend(own.iter().map(String::as_str));
            world.place.json(&args).unwrap();
        }
    }
    let mut log: Vec<String> = (0..KILLS).flat_map(|_| live(&world, &mut dice)).collect();
    log.extend(exhaust(&world));
    assert_eq!(bound(&log), ["for tenant", "for profile", "for source"]);
    reckon(&world);
    let spent = world.books().charged.0;
    let runs = world.books().runs.len();

    wide(&world, spent);
    let mut log: Vec<String> = (0..KILLS).flat_map(|_| live(&world, &mut dice)).collect();
    log.extend(exhaust(&world));
    assert_eq!(bound(&log), ["in all"]);
    reckon(&world);
    let books = world.books();
    assert!(books.charged.0 > spent && books.charged.0 <= spent + WIDER, "{}", books.charged.0);
    assert_eq!(world.leaks(&[]).unwrap(), Vec::<String>::new());
    let active = |source: &&serde_json::Value| source["state"]["state"] == "active";
    let sources = world.place.sources().unwrap();
    eprintln!("{} of {} sources are active", sources.iter().filter(active).count(), sources.len());
    eprintln!("{runs} runs for {spent} micro-USD, then {} for {}", books.runs.len() - runs, books.charged.0 - spent);
}
