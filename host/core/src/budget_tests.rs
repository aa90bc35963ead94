#![expect(clippy::unwrap_used, reason = "tests")]
//! Which windows hold for a source, and what its run reserves in each.

use super::*;
use crate::eligibility::{Circumstances, Presence, decide};
use crate::fixtures::actors::actor_profile;
use crate::fixtures::{at, fresh_source, now, profile, source};
use crate::source::{NextRun, Trigger};

fn usd(dollars: u64) -> Option<MicroUsd> {
    Some(MicroUsd::new(dollars * 1_000_000))
}

/// No limit anywhere.
fn unlimited() -> GlobalBudget {
    GlobalBudget {
        all: Limits::default(),
        each_tenant: Limits::default(),
        tenants: BTreeMap::new(),
        zones: Zones::default(),
    }
}

/// What a run reserves, a line for each window: measure, scope, amount of limit.
fn reserved(source: &Source, profile: &Profile, global: &GlobalBudget) -> Vec<String> {
    let due = Source { next_run: Some(NextRun { at: now(), trigger: Trigger::Schedule }), ..source.clone() };
    let given = Circumstances {
        now: now(),
        queued: None,
        plugin: Presence::Serves,
        quarantine: None,
        gate: None,
        host: None,
        account: None,
    };
    let eligible = decide(&due, Some(profile), given).unwrap();
    let line = |Reservation { window, amount, limit }: Reservation| {
        let limit = if limit == u64::MAX { "no limit".to_owned() } else { window.measure.amount(limit) };
        let scope = window.scope.key();
        format!("{} {scope}: {} of {limit}", window.measure.word(), window.measure.amount(amount))
    };
    reservations(eligible, &due, profile, global, now()).into_iter().map(line).collect()
}

#[test]
fn a_source_that_costs_nothing_reserves_runs_only() {
    let mut limited = profile();
    limited.budget.limits = Limits { runs_per_day: Some(50), usd_per_day: usd(1), usd_per_month: usd(2) };
    let tenant = Limits { runs_per_day: Some(100), usd_per_day: usd(3), usd_per_month: None };
    let named = GlobalBudget { tenants: [("acme".parse().unwrap(), tenant)].into(), ..GlobalBudget::default() };
    let runs = "runs-per-day all: 1 run of 500 runs";
    let table = [
        ("nothing said", profile(), GlobalBudget::default(), vec![runs]),
        ("no limit at all", profile(), unlimited(), vec!["runs-per-day all: 1 run of no limit"]),
        (
            "limits of every scope",
            limited,
            named,
            vec![
                runs,
                "runs-per-day tenant/acme: 1 run of 100 runs",
                "runs-per-day profile/acme/rss_profile: 1 run of 50 runs",
            ],
        ),
    ];
    for (case, profile, global, expected) in table {
        assert_eq!(reserved(&source(), &profile, &global), expected, "{case}");
    }
}

/// Money is written down for everything that is asked about, limited or not; for a single source only where it is limited.
#[test]
fn a_source_that_costs_money_reserves_its_worst_case() {
    let scopes = ["all", "tenant/acme", "profile/acme/rss_profile"];
    let money = |limit: &str| {
        let both = |scope: &str| ["day", "month"].map(|period| format!("usd-per-{period} {scope}: $0.077 of {limit}"));
        scopes.iter().flat_map(|scope| both(scope)).collect::<Vec<_>>()
    };
    let mut everything = vec!["runs-per-day all: 1 run of no limit".to_owned()];
    everything.extend(money("no limit"));
    assert_eq!(reserved(&source(), &actor_profile(), &unlimited()), everything);

    let mut limited = actor_profile();
    limited.budget.source_usd_per_day = usd(1);
    let source_limit = "usd-per-day source/src_00000000000000000000000007: $0.077 of $1.00".to_owned();
    assert_eq!(reserved(&source(), &limited, &unlimited()).last(), Some(&source_limit));

    let first = reserved(&fresh_source(), &actor_profile(), &unlimited());
    assert_eq!(first[1], "usd-per-day all: $0.127 of no limit", "a first run may bring more, and cost more");
    limited.budget.usd_per_run = Some(MicroUsd::new(50_000));
    let capped = reserved(&source(), &limited, &unlimited());
    assert_eq!(capped[1], "usd-per-day all: $0.05 of no limit", "never more than a run may cost");
}

/// A tenant by name has its own limits instead of those of each tenant, not beside them.
#[test]
fn a_named_tenant_has_its_own_limits() {
    let each = Limits { usd_per_day: usd(1), usd_per_month: usd(9), runs_per_day: Some(7) };
    let own = Limits { usd_per_day: usd(2), ..Limits::default() };
    let global = GlobalBudget { each_tenant: each, tenants: [("acme".parse().unwrap(), own)].into(), ..unlimited() };
    let limits = |tenant: &str| {
        let source = Source { tenant: tenant.parse().unwrap(), ..source() };
        let mine = Scope::Tenant(source.tenant.clone());
        let windows = windows(&source, &actor_profile(), &global, now()).into_iter();
        windows.filter(|(window, _)| window.scope == mine).map(|(_, limit)| limit).collect::<Vec<_>>()
    };
    assert_eq!(limits("acme"), [2_000_000, u64::MAX]);
    assert_eq!(limits("zeta"), [7, 1_000_000, 9_000_000]);
}

#[test]
fn a_full_window_opens_again_when_the_next_begins() {
    let table = [
        (Measure::RunsPerDay, "2026-11-22T00:00:00Z", "budget spent: 3 runs per day in all"),
        (Measure::UsdPerDay, "2026-11-22T00:00:00Z", "budget spent: $0.000003 per day in all"),
        (Measure::UsdPerMonth, "2026-12-01T00:00:00Z", "budget spent: $0.000003 per month in all"),
    ];
    for (measure, until, said) in table {
        let reservation =
            Reservation { window: Window::at(Scope::All, measure, &Zone::UTC, now()), amount: 1, limit: 3 };
        let skip = full(&reservation, Balance { reserved: 0, spent: 3 }, now());
        assert_eq!((skip.until, skip.reason.to_string().as_str()), (Some(at(until)), said), "{measure:?}");
    }
}

#[test]
fn a_reservation_fits_to_the_last_and_sums_do_not_wrap() {
    let half = Balance { reserved: 3, spent: 4 };
    assert_eq!(half.reserve(3, 10), Some(Balance { reserved: 6, spent: 4 }));
    assert_eq!(half.reserve(4, 10), None);
    assert_eq!(half.reserve(0, 6), None, "a window that is over its limit takes nothing, not even nothing");
    assert_eq!(Balance { reserved: 1, spent: 0 }.reserve(u64::MAX, u64::MAX), None);
    assert_eq!(Balance { reserved: 0, spent: 1 }.reserve(u64::MAX, u64::MAX), None);
    assert_eq!(half.settle(3, 9), Balance { reserved: 0, spent: 13 }, "more than was reserved is booked all the same");
}

/// What is a day in Berlin is one for its tenant, the tenant's profiles and sources; the whole has its own.
#[test]
fn days_are_the_tenants_own() {
    let zone = |name: &str| Zone::parse(name).unwrap();
    let berlin = [("acme".parse().unwrap(), zone("Europe/Berlin"))];
    let mut limited = actor_profile();
    limited.budget.source_usd_per_day = usd(1);
    let zones = Zones { tenants: berlin.into(), ..Zones::default() };
    let global = GlobalBudget { zones: zones.clone(), ..unlimited() };
    let elsewhere = GlobalBudget { zones: Zones { all: zone("Asia/Tokyo"), ..zones }, ..unlimited() };
    // Half past eleven in the evening in Berlin, tomorrow in Tokyo.
    let now = at("2026-03-29T21:30:00Z");
    let day = |tenant: &str, global: &GlobalBudget, scope: usize| {
        let source = Source { tenant: tenant.parse().unwrap(), ..source() };
        let windows = windows(&source, &limited, global, now).into_iter().map(|(window, _)| window);
        let days: Vec<Window> = windows.filter(|window| window.measure == Measure::UsdPerDay).collect();
        (days[scope].start, days[scope].end(), days[scope].to_string())
    };
    let spring = (at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z"));
    let greenwich = (at("2026-03-29T00:00:00Z"), at("2026-03-30T00:00:00Z"));
    let tokyo = (at("2026-03-29T15:00:00Z"), at("2026-03-30T15:00:00Z"));
    for (scope, whose) in
        ["in all", "for tenant acme", "for profile rss_profile of tenant acme", "for source"].iter().enumerate()
    {
        let (start, end, said) = day("acme", &global, scope);
        let (expected, zone) = if scope == 0 { (greenwich, "") } else { (spring, " (Europe/Berlin)") };
        assert_eq!((start, end), expected, "{whose}");
        assert!(said.starts_with(&format!("per day{zone} {whose}")), "{said}");
    }
    let (start, end, said) = day("zeta", &elsewhere, 1);
    assert_eq!(((start, end), said.as_str()), (tokyo, "per day (Asia/Tokyo) for tenant zeta"));
    assert_eq!(day("acme", &elsewhere, 1).0, spring.0);
}

/// A budget of a day of 23 hours, and of one of 25, is spent once and opens again with the next day.
#[test]
fn a_day_of_another_length_has_one_budget() {
    let zone = Zone::parse("America/New_York").unwrap();
    for (now, hours, until) in [
        ("2026-03-08T12:00:00Z", 23, "2026-03-09T04:00:00Z"),
        ("2026-11-01T12:00:00Z", 25, "2026-11-02T05:00:00Z"),
        ("2026-11-02T12:00:00Z", 24, "2026-11-03T05:00:00Z"),
    ] {
        let window = Window::at(Scope::All, Measure::RunsPerDay, &zone, at(now));
        assert_eq!(window.end().since(window.start).as_secs() / 3_600, hours, "{now}");
        let reservation = Reservation { window, amount: 1, limit: 3 };
        let skip = full(&reservation, Balance { reserved: 0, spent: 3 }, at(now));
        assert_eq!(skip.until, Some(at(until)), "{now}");
        assert_eq!(skip.reason.to_string(), "budget spent: 3 runs per day (America/New_York) in all");
    }
}
