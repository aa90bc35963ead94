//! Forecasts held against counting by hand, and against runs admitted one by one.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::budget::{self, Limits, Measure};
use crate::fixtures::{at, fresh_source, now, paused, profile, source};
use crate::profile::{ActorPolicy, ProfileBudget};
use crate::schedule::Facts;
use crate::source::{NextRun, PausedBy};
use crate::zone::Zone;

fn usd(text: &str) -> MicroUsd {
    MicroUsd::from_decimal(text).unwrap()
}

/// $0.002 a post: $0.02 a run at worst, $0.04 the first one.
fn paid(name: &str, every: &str) -> Profile {
    let price = crate::actor::PriceTable {
        as_of: "2026-08-20".to_owned(),
        start: MicroUsd::ZERO,
        element: usd("0.002"),
        events: BTreeMap::new(),
        compute_unit: MicroUsd::ZERO,
        minimum: MicroUsd::ZERO,
    };
    let actor = ActorPolicy {
        name: "apify/instagram-post-scraper".parse().unwrap(),
        build: "1".to_owned(),
        credential: "apify".parse().unwrap(),
        memory_mb: None,
        timeout: Duration::from_secs(300),
        spare_elements: 0,
        starts: 1,
        price,
    };
    let schedule = Schedule::every(every.parse().unwrap());
    Profile { name: name.parse().unwrap(), schedule, actor: Some(actor), ..profile() }
}

fn global(runs: u64, day: &str, month: &str) -> GlobalBudget {
    let all = Limits { runs_per_day: Some(runs), usd_per_day: Some(usd(day)), usd_per_month: Some(usd(month)) };
    GlobalBudget { all, ..GlobalBudget::default() }
}

fn of(profile: &Profile, id: u128, due: UtcMillis) -> Source {
    let next_run = Some(NextRun { at: due, trigger: Trigger::Schedule });
    Source { id: SourceId::from_bits(id), profile: profile.name.clone(), next_run, ..source() }
}

fn forecast(profile: &Profile, global: &GlobalBudget, costs: &Costs, sources: &[Source], days: u32) -> Forecast {
    let profiles = BTreeMap::from([(profile.name.clone(), profile.clone())]);
    let mut forecaster = Forecaster::new(&profiles, global, costs, [], now());
    sources.iter().for_each(|source| forecaster.add(source));
    forecaster.finish(days)
}

#[test]
fn runs_and_money_without_a_budget_that_binds() {
    let profile = paid("insta", "6h");
    let mut sources: Vec<Source> = (1..=3).map(|id| of(&profile, id, now())).collect();
    sources.push(Source { profile: profile.name.clone(), id: SourceId::from_bits(9), ..fresh_source() });
    sources.push(Source { state: paused(PausedBy::Operator), ..of(&profile, 10, now()) });
    let found = forecast(&profile, &GlobalBudget::default(), &Costs::default(), &sources, 2);
    // Four sources, eight runs each; one run of one of them is a first one, of 20 posts.
    assert_eq!((found.worst.runs, found.worst.money, found.worst.put_off), (32, usd("0.66"), 0));
    assert_eq!(found.worst.bound, None);
    assert_eq!(found.expected, None);
    let [row] = &found.rows[..] else { unreachable!("one row: {found:?}") };
    assert_eq!((row.sources, row.idle, row.worst.runs), (4, 1, 32));
}

#[test]
fn cron_and_tiers_run_as_often_as_they_say() {
    // Now is Saturday, 2026-11-21 12:00.
    let profile = paid("insta", "6h");
    let runs = |schedule: &str, followers: Option<u32>, due: &str, days| {
        let schedule = Some(serde_json::from_str(schedule).unwrap());
        let facts = Facts { followers, ..Facts::default() };
        let sources: Vec<Source> =
            (0..3).map(|id| Source { schedule: schedule.clone(), facts, ..of(&profile, id, at(due)) }).collect();
        let found = forecast(&profile, &global(100_000, "10000", "100000"), &Costs::default(), &sources, days);
        (found.worst.runs / 3, found.rows.first().map(|row| (row.sources, row.idle)).unwrap())
    };
    let tiers = r#"{"tiers":"default"}"#;
    let table = [
        (r#"{"cron":"0 9,17 * * 1-5"}"#, None, "2026-11-23T09:00:00Z", 7, 10, (3, 0)),
        (r#"{"cron":"30 17 * * *"}"#, None, "2026-11-21T17:30:00Z", 7, 7, (3, 0)),
        (r#"{"cron":"30 17 * * *","timezone":"Asia/Tokyo"}"#, None, "2026-11-22T08:30:00Z", 1, 1, (3, 0)),
        (r#"{"cron":"*/10 * * * *"}"#, None, "2026-11-21T12:00:00Z", 2, 288, (3, 0)),
        (r#"{"cron":"0 0 1 1 *"}"#, None, "2027-01-01T00:00:00Z", 30, 0, (3, 0)),
        (tiers, Some(1), "2026-11-21T12:00:00Z", 1, 12, (3, 0)),
        (tiers, Some(100), "2026-11-21T12:00:00Z", 1, 480, (3, 0)),
        (tiers, Some(0), "2026-11-21T12:00:00Z", 1, 0, (0, 3)),
    ];
    for (schedule, followers, due, days, expected, row) in table {
        assert_eq!(runs(schedule, followers, due, days), (expected, row), "{schedule} {followers:?}");
    }
}

#[test]
fn the_budget_that_binds_is_named_with_its_hour() {
    let profile = paid("insta", "6h");
    let sources: Vec<Source> = (0..10).map(|id| of(&profile, id, now())).collect();
    let found = forecast(&profile, &global(500, "0.30", "50"), &Costs::default(), &sources, 1);
    // Ten are due every six hours, and fifteen runs of $0.02 fit into a day: ten at noon and five at six in the evening;
    // all ten at midnight (five by their schedule, five that were put off) and five at six in the morning.
    let bound = found.worst.bound.unwrap();
    assert_eq!((bound.window.scope, bound.window.measure, bound.limit), (Scope::All, Measure::UsdPerDay, 300_000));
    assert_eq!(bound.at, at("2026-11-21T18:00:00Z"));
    assert_eq!((found.worst.runs, found.worst.put_off), (30, 10));
    assert_eq!(found.worst.money, usd("0.60"));
}

#[test]
fn what_runs_have_cost_makes_room_for_more_of_them() {
    let profile = paid("insta", "1h");
    let sources = [of(&profile, 1, now())];
    let costs = Costs {
        sources: BTreeMap::new(),
        profiles: BTreeMap::from([(("acme".parse().unwrap(), profile.name.clone()), usd("0.005"))]),
    };
    let found = forecast(&profile, &global(500, "0.10", "50"), &costs, &sources, 1);
    // Twelve hours a day: five of $0.02 fit; of $0.005 all twelve, as the last one still finds $0.02.
    assert_eq!((found.worst.runs, found.worst.money), (10, usd("0.20")));
    let expected = found.expected.unwrap();
    assert_eq!((expected.runs, expected.money, expected.bound), (24, usd("0.12"), None));
}

#[test]
fn a_budget_of_each_source_binds_each_of_them() {
    let budget = ProfileBudget { source_usd_per_day: Some(usd("0.05")), ..ProfileBudget::default() };
    let profile = Profile { budget, ..paid("insta", "6h") };
    let sources: Vec<Source> = (0..7).map(|id| of(&profile, id, at("2026-11-22T00:00:00Z"))).collect();
    let found = forecast(&profile, &GlobalBudget::default(), &Costs::default(), &sources, 1);
    // Two of $0.02 each in the half day that is left.
    assert_eq!((found.worst.runs, found.worst.put_off), (14, 0));
    let found = forecast(&profile, &GlobalBudget::default(), &Costs::default(), &sources, 2);
    assert_eq!(found.worst.runs, 14 + 14);
    assert!(matches!(found.worst.bound.unwrap().window.scope, Scope::Source(_)));
}

#[test]
fn what_the_ledger_says_counts_from_the_first_hour() {
    let profile = paid("insta", "6h");
    let profiles = BTreeMap::from([(profile.name.clone(), profile.clone())]);
    let (budget, costs) = (global(500, "0.30", "50"), Costs::default());
    let day = Window::at(Scope::All, Measure::UsdPerDay, &Zone::UTC, now());
    let spent = Balance { reserved: 20_000, spent: 270_000 };
    let mut forecaster = Forecaster::new(&profiles, &budget, &costs, [(day, spent)], now());
    forecaster.add(&of(&profile, 1, now()));
    let found = forecaster.finish(1);
    assert_eq!(found.worst.bound.map(|bound| bound.at), Some(now()));
    assert_eq!(found.worst.runs, 2, "at midnight and at six");
}

#[test]
fn equal_sources_take_the_room_of_one() {
    let profile = paid("insta", "6h");
    let profiles = BTreeMap::from([(profile.name.clone(), profile.clone())]);
    let (budget, costs) = (GlobalBudget::default(), Costs::default());
    let mut forecaster = Forecaster::new(&profiles, &budget, &costs, [], now());
    for id in 0..100_000_u32 {
        let due = now().plus(Duration::from_millis(u64::from(id) * 216));
        forecaster.add(&of(&profile, u128::from(id), due));
    }
    assert_eq!((forecaster.cohorts.len(), forecaster.due.len()), (1, 6));
    let found = forecaster.finish(30);
    assert_eq!(found.rows.len(), 1);
    assert!(found.worst.money <= usd("100"), "two months' budgets of $50: {:?}", found.worst);
}

/// The same, each run by itself: who is due first is admitted if every window has room for its worst case.
fn one_by_one(profile: &Profile, global: &GlobalBudget, sources: &[Source], days: u32) -> (u64, MicroUsd, u64) {
    let until = now().plus(Duration::from_secs(u64::from(days) * 86_400));
    let mut due: BTreeMap<(UtcMillis, bool, usize), ()> = BTreeMap::new();
    for (index, source) in sources.iter().enumerate() {
        let at = source.next_run.map_or(now(), |next| next.at);
        due.insert((at, source.last_success_at.is_none(), index), ());
    }
    let mut ledger: BTreeMap<Window, Balance> = BTreeMap::new();
    let (mut runs, mut money, mut put_off) = (0, MicroUsd::ZERO, 0);
    while let Some(((at, fresh, index), ())) = due.pop_first() {
        if at >= until {
            break;
        }
        let source = Source { last_success_at: (!fresh).then_some(now()), ..sources[index].clone() };
        let worst = budget::worst_case(&source, profile).micros();
        let amount = |window: &Window| if window.measure.is_money() { worst } else { 1 };
        let windows = budget::windows(&source, profile, global, at);
        let balance =
            |ledger: &BTreeMap<Window, Balance>, window: &Window| ledger.get(window).copied().unwrap_or_default();
        let full =
            windows.iter().find(|(window, limit)| balance(&ledger, window).reserve(amount(window), *limit).is_none());
        if let Some((window, _)) = full {
            put_off += 1;
            due.insert((window.end(), fresh, index), ());
            continue;
        }
        for (window, limit) in &windows {
            let reserved = balance(&ledger, window).reserve(amount(window), *limit).unwrap();
            ledger.insert(window.clone(), reserved.settle(amount(window), amount(window)));
        }
        runs += 1;
        money = money.plus(MicroUsd::new(worst));
        let (_, next) =
            profile.schedule.most_runs(at, at.plus(Duration::from_millis(1)), profile.min_interval, &Facts::default());
        due.insert((next, false, index), ());
    }
    (runs, money, put_off)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Batches give what admitting one run after the other gives.
    #[test]
    fn a_forecast_is_what_would_be_admitted(
        hours in 1_u32..30,
        runs in 1_u64..40,
        (day, month) in (1_u64..40, 1_u64..200),
        profile_day in prop::option::of(1_u64..30),
        sources in prop::collection::vec((0_u64..40, any::<bool>()), 1..12),
    ) {
        let budget = ProfileBudget {
            limits: Limits { usd_per_day: profile_day.map(|cents| MicroUsd::new(cents * 10_000)), ..Limits::default() },
            ..ProfileBudget::default()
        };
        let profile = Profile { budget, ..paid("insta", &format!("{hours}h")) };
        let all = Limits {
            runs_per_day: Some(runs),
            usd_per_day: Some(MicroUsd::new(day * 10_000)),
            usd_per_month: Some(MicroUsd::new(month * 10_000)),
        };
        let global = GlobalBudget { all, ..GlobalBudget::default() };
        let sources: Vec<Source> = sources.iter().zip(0..).map(|((due, fresh), id)| {
            let source = of(&profile, id, now().plus(HOUR * u32::try_from(*due).unwrap()));
            Source { last_success_at: source.last_success_at.filter(|_| !fresh), ..source }
        }).collect();
        let found = forecast(&profile, &global, &Costs::default(), &sources, 12).worst;
        let (runs, money, put_off) = one_by_one(&profile, &global, &sources, 12);
        prop_assert_eq!((found.runs, found.money, found.put_off), (runs, money, put_off));
    }
}
