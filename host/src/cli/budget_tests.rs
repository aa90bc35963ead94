//! Which windows are shown, and what is left in them.
#![expect(clippy::unwrap_used, reason = "tests")]

use tidegate_core::budget::Limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::schedule::Facts;

use super::*;
use crate::config::parse_profile;

fn now() -> UtcMillis {
    UtcMillis::parse("2026-11-22T12:00:00Z").unwrap()
}

fn source(id: u128, tenant: &str) -> Source {
    Source {
        id: SourceId::from_bits(id),
        tenant: tenant.parse().unwrap(),
        profile: "insta".parse().unwrap(),
        identifier: "nasa".to_owned(),
        overrides: serde_json::Map::new(),
        schedule: None,
        state: tidegate_core::source::SourceState::Active,
        failure_count: 0,
        last_fetched_at: None,
        last_success_at: None,
        next_run: None,
        running: None,
        total_runs: 0,
        watermark: None,
        horizon: None,
        hints: None,
        facts: Facts::default(),
        retries: 0,
        display_name: None,
        platform_id: None,
        created_at: now(),
        updated_at: now(),
    }
}

fn rows(ledger: &[LedgerRow]) -> Vec<String> {
    let text = "plugin = \"p\"\nkind = \"k\"\nschedule = { every = \"1h\" }\n[actor]\nname = \"a/b\"\n[actor.price]\nas_of = \
                \"2026-08-20\"\nelement = 0.001\n[budget]\nusd_per_day = 1\nsource_usd_per_day = 0.5\n";
    let profile = parse_profile("insta", text, "a").unwrap();
    let profiles = BTreeMap::from([(profile.name.clone(), profile)]);
    let named = Limits { usd_per_month: Some(MicroUsd::new(7)), ..Limits::default() };
    let global = GlobalBudget { tenants: [("named".parse().unwrap(), named)].into(), ..GlobalBudget::default() };
    let mut known = Known::default();
    known.note(&source(1, "acme"));
    known.note(&source(2, "acme"));
    let line = |row: &Row| {
        let whose =
            [row.tenant.as_ref(), row.profile.as_ref()].map(|name| name.map(ToString::to_string).unwrap_or_default());
        let (granted, left) = (row.granted.map(|n| n.to_string()), row.left.map(|n| n.to_string()));
        let [granted, left] = [granted, left].map(|text| text.unwrap_or_else(|| "-".to_owned()));
        format!(
            "{} {} {}: {granted} {} {} {left}",
            row.scope,
            whose.join("/"),
            row.measure.word(),
            row.reserved,
            row.spent
        )
    };
    known.rows(&profiles, &global, ledger, now()).iter().map(line).collect()
}

#[test]
fn a_window_is_shown_if_it_has_a_limit_or_something_happened_in_it() {
    let at = |scope, measure, reserved, spent| LedgerRow {
        window: Window::at(scope, measure, &Zone::UTC, now()),
        balance: Balance { reserved, spent },
    };
    let acme = || -> (Tenant, ProfileName) { ("acme".parse().unwrap(), "insta".parse().unwrap()) };
    let ledger = [
        at(Scope::All, Measure::UsdPerDay, 20_000, 100_000),
        at(Scope::Profile(acme().0, acme().1), Measure::UsdPerDay, 20_000, 1_100_000),
        at(Scope::Profile(acme().0, acme().1), Measure::UsdPerMonth, 0, 5),
        at(Scope::Source(SourceId::from_bits(2)), Measure::UsdPerDay, 0, 100_000),
        at(Scope::Profile(acme().0, "gone".parse().unwrap()), Measure::RunsPerDay, 0, 3),
    ];
    let expected = [
        "all / runs-per-day: 500 0 0 500",
        "all / usd-per-day: 5000000 20000 100000 4880000",
        "all / usd-per-month: 50000000 0 0 50000000",
        "tenant named/ usd-per-month: 7 0 0 7",
        "profile acme/gone runs-per-day: - 0 3 -",
        "profile acme/insta usd-per-day: 1000000 20000 1100000 0",
        "profile acme/insta usd-per-month: - 0 5 -",
        "source acme/insta usd-per-day: 500000 0 100000 400000",
    ];
    assert_eq!(rows(&ledger), expected);
    assert_eq!(rows(&[]).len(), 5, "those with a limit: {:?}", rows(&[]));
}
