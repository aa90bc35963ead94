//! Worlds small enough for every run of the tests; the large ones of the design are run by hand, in release.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate_core::budget::Limits;
use tidegate_core::failure::Class;
use tidegate_core::money::MicroUsd;

use super::{Outage, People, Report, Weather, World, simulate};

const HOUR: Duration = Duration::from_secs(3_600);

fn lived(world: &World) -> Report {
    let report = simulate(world).unwrap();
    assert_eq!((report.failed_passes, report.problems.as_slice()), (0, [].as_slice()), "{}", report.text());
    report
}

fn small() -> World {
    World {
        hours: 6,
        sources: 40,
        people: People { users: 60, zipf: 1.0, follows: 4.0, ..People::default() },
        ..World::default()
    }
}

fn fair() -> Weather {
    Weather { failures: BTreeMap::new(), ..Weather::default() }
}

/// Everybody follows everything and is there every five minutes, at all hours.
fn crowd(users: usize, sources: usize) -> World {
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let follows = sources as f64 * 20.0;
    World {
        sources,
        people: People { users, zipf: 1.0, follows, active: 1.0, visits_per_day: 288.0, daily: false },
        weather: fair(),
        ..World::default()
    }
}

#[test]
fn the_same_seed_is_the_same_world_and_another_is_not() {
    let world = World { paid: 0.3, hours: 3, ..small() };
    let told = |world: &World| serde_json::to_string(&lived(world)).unwrap();
    let first = told(&world);
    assert_eq!(told(&world), first);
    assert_ne!(told(&World { seed: 2, ..world }), first);
}

#[test]
fn a_hundred_followers_cost_twenty_fetches_an_hour_instead_of_twelve_hundred() {
    let report = lived(&World { hours: 4, ..crowd(100, 1) });
    // Every three minutes and up to a tenth for jitter.
    assert!((17.0..=20.0).contains(&report.fetches_per_hour), "{}", report.text());
    assert!((1_100.0..=1_300.0).contains(&report.fetch_per_request_per_hour), "{}", report.text());
    assert!(report.savings > 0.98, "{}", report.text());
    assert!(report.freshness_p95_s["3m"] < 200.0, "{}", report.text());
}

#[test]
fn what_nobody_follows_is_not_fetched() {
    let people = People { users: 0, ..People::default() };
    let report = lived(&World { hours: 3, people, ..small() });
    assert_eq!((report.fetches, report.tiers.get("dormant")), (0, Some(&40)), "{}", report.text());
}

#[test]
fn fetches_follow_followers_and_not_requests() {
    let report = lived(&small());
    let rich = World { people: People { visits_per_day: 40.0, ..small().people }, ..small() };
    let rich = lived(&rich);
    assert!(rich.fetch_per_request_per_hour > 8.0 * report.fetch_per_request_per_hour);
    assert!(rich.fetches_per_hour < 1.5 * report.fetches_per_hour, "{}\n{}", report.text(), rich.text());
}

#[test]
fn paid_sources_cost_what_their_actors_charge_and_never_more_than_the_budget() {
    let world = World { paid: 1.0, hours: 8, weather: fair(), ..small() };
    let free = lived(&world);
    assert!(free.usd_per_day > 0.5 && free.items > 50, "{}", free.text());
    let runs = 24.0 / f64::from(world.hours) * f64::from(u32::try_from(free.runs).unwrap());
    assert!(free.usd_per_day > runs * 0.001, "at least its starts: {}", free.text());
    let budget = Limits { usd_per_day: Some(MicroUsd::new(300_000)), ..Limits::default() };
    let bound = lived(&World { budget, ..world });
    assert!(bound.usd_per_day * 8.0 / 24.0 <= 0.3, "{}", bound.text());
    assert!(bound.skips.get("budget-spent").is_some_and(|skips| *skips > 0), "{}", bound.text());
}

#[test]
fn an_outage_fails_runs_and_passes() {
    let outages = vec![Outage { from: 3 * HOUR, lasts: HOUR / 2 }];
    let report = lived(&World { weather: Weather { outages, ..fair() }, ..small() });
    let failures = report.failures.get(Class::Transient.word()).copied().unwrap_or(0);
    assert!(failures > 0 && report.failed_runs == failures, "{}", report.text());
    assert!(report.failed_runs * 4 < report.runs, "{}", report.text());
}

/// Eight hours of sleep with all sources overdue: each runs once, spread over the window, and none is lost.
#[test]
fn after_a_sleep_there_is_no_herd_and_none_is_lost() {
    let world = World { hours: 12, sleeps: vec![(2 * HOUR, 8 * HOUR)], ..crowd(15, 600) };
    let report = lived(&world);
    // 600 sources of the 15 minutes' tier, spread over ten minutes: sixty in each, not six hundred in the first.
    assert!(report.runs_per_minute_peak < 130, "{}", report.text());
    // Four hours awake, four runs an hour, and up to a tenth for jitter.
    let each = f64::from(u32::try_from(report.runs).unwrap()) / 600.0;
    assert!((13.5..=17.5).contains(&each), "{each}: {}", report.text());
}

/// A hundred thousand sources that are due every two hours, and a machine that sleeps for eight: each runs once before it,
/// once in the ten minutes after it, and once more two hours later.
#[test]
#[ignore = "minutes in a debug build; in release: cargo test --release -p tidegate --lib a_hundred_thousand -- --ignored"]
fn a_hundred_thousand_wake_evenly_after_eight_hours() {
    let weather = Weather { latency: Duration::from_millis(100), ..fair() };
    let sleeps = vec![(HOUR, 8 * HOUR)];
    let report = lived(&World { hours: 12, sleeps, weather, runs_at_once: 1_024, ..crowd(1, 100_000) });
    let each = f64::from(u32::try_from(report.runs).unwrap()) / 100_000.0;
    // Jitter puts the first run of a few into the night, and so together with the one after it.
    assert!((2.9..=3.0).contains(&each), "{each}: {}", report.text());
    // Ten thousand a minute if they were spread without chance.
    assert!(report.runs_per_minute_peak < 11_000, "{}", report.text());
}

/// Nothing runs twice and nothing stands still when somebody sets the clock back and forward again.
#[test]
fn a_clock_that_is_set_back_and_forward_makes_no_double_runs() {
    let steady = lived(&World { hours: 8, ..crowd(15, 50) });
    let hour = 3_600;
    for clock_set in [vec![(3 * HOUR, -hour)], vec![(3 * HOUR, hour)], vec![(3 * HOUR, -hour), (5 * HOUR, hour)]] {
        let set = lived(&World { hours: 8, clock_set: clock_set.clone(), ..crowd(15, 50) });
        // A clock that is set forward may bring one run of each source forward. None is left out, and set back it changes nothing.
        let forward = u64::try_from(clock_set.iter().filter(|(_, by)| *by > 0).count()).unwrap();
        assert!(set.runs <= steady.runs + 20 + 60 * forward, "{clock_set:?}: {} and {}", set.text(), steady.text());
        assert!(set.runs + 20 >= steady.runs, "{clock_set:?}: {} and {}", set.text(), steady.text());
    }
}
