#![expect(clippy::unwrap_used, reason = "tests")]
//! Section 6 of the product's description, row by row.

use super::*;
use crate::fixtures::{at, fresh_source, invalid, now, paused, profile, secs, source};
use crate::source::{NextRun, PausedBy, SourceState};
use crate::time::Span;

const DEMAND: Extra = Extra::Demand { rest: Duration::from_secs(600) };

fn run(n: u128) -> RunId {
    RunId::from_bits(n)
}

/// Fetched an hour ago, due in an hour.
fn idle() -> Source {
    Source { next_run: next("2026-11-21T13:00:00Z", Trigger::Schedule), ..source() }
}

fn next(text: &str, trigger: Trigger) -> Option<NextRun> {
    Some(NextRun { at: at(text), trigger })
}

fn said(extra: Extra, source: &Source, pending: &[(RunId, Trigger)]) -> String {
    match extra.decide(source, pending, now()) {
        Ok(()) => "queued".to_owned(),
        Err(why) => why.to_string(),
    }
}

type Change = fn(&mut Source);

#[test]
fn what_a_person_and_what_a_reader_may_cause() {
    let table: [(&str, Change, &str, &str); 12] = [
        ("stale, due in an hour", |_| {}, "queued", "queued"),
        ("fetched a moment ago", |s| s.last_fetched_at = Some(now()), "queued", "fresh"),
        (
            "fetched a millisecond too late",
            |s| s.last_fetched_at = Some(at("2026-11-21T11:50:00.001Z")),
            "queued",
            "fresh",
        ),
        ("stale this millisecond", |s| s.last_fetched_at = Some(at("2026-11-21T11:50:00Z")), "queued", "queued"),
        ("due", |s| s.next_run = next("2026-11-21T12:00:00Z", Trigger::Schedule), "queued", "by itself"),
        ("waits for a retry", |s| s.next_run = next("2026-11-21T12:20:00Z", Trigger::Retry), "queued", "by itself"),
        ("never fetched, nothing due", |s| *s = fresh_source(), "queued", "queued"),
        ("switched off", |s| s.state = SourceState::Inactive, "switched off", "switched off"),
        ("paused", |s| s.state = paused(PausedBy::Operator), "paused by an operator: holidays", "paused by"),
        ("paused automatically", |s| s.state = paused(PausedBy::Automatic), "paused automatically", "paused auto"),
        ("invalid", |s| s.state = invalid(), "invalid: gone", "invalid: gone"),
        ("without an identifier", |s| s.identifier.clear(), "no identifier", "no identifier"),
    ];
    for (case, change, person, reader) in table {
        let mut source = idle();
        change(&mut source);
        assert!(said(Extra::OneOff, &source, &[]).contains(person), "{case}: {}", said(Extra::OneOff, &source, &[]));
        assert!(said(DEMAND, &source, &[]).contains(reader), "{case}: {}", said(DEMAND, &source, &[]));
    }
}

/// Its runs that have not ended.
type Pending = Vec<(RunId, Trigger)>;

#[test]
fn at_most_one_is_queued() {
    let running = Source { running: Some(run(1)), next_run: None, ..idle() };
    let already = |n| format!("already ({})", run(n));
    let table: [(&str, Source, Pending, String, String); 6] = [
        ("a one-off is queued", idle(), vec![(run(2), Trigger::OneOff)], already(2), already(2)),
        ("a demand is queued", idle(), vec![(run(2), Trigger::Demand)], already(2), already(2)),
        ("the bootstrap is queued", fresh_source(), vec![(run(2), Trigger::Bootstrap)], already(2), already(2)),
        ("runs by schedule", running.clone(), vec![(run(1), Trigger::Schedule)], "queued".to_owned(), already(1)),
        ("runs as a one-off", running.clone(), vec![(run(1), Trigger::OneOff)], already(1), already(1)),
        (
            "runs, and one is queued",
            running,
            vec![(run(1), Trigger::Schedule), (run(2), Trigger::OneOff)],
            already(2),
            already(1),
        ),
    ];
    for (case, source, pending, person, reader) in table {
        assert!(said(Extra::OneOff, &source, &pending).contains(&person), "{case}");
        assert!(said(DEMAND, &source, &pending).contains(&reader), "{case}");
    }
}

#[test]
fn demand_is_off_unless_the_profile_says_so_and_never_below_its_interval() {
    assert_eq!(Extra::demand(&profile()), None);
    let with = |seconds, least| Profile {
        demand: Some(Demand { stale_after: Span::seconds(seconds) }),
        min_interval: secs(least),
        ..profile()
    };
    let rest = |profile| Extra::demand(&profile);
    assert_eq!(rest(with(600, 60)), Some(Extra::Demand { rest: secs(600) }));
    assert_eq!(rest(with(60, 900)), Some(Extra::Demand { rest: secs(900) }));
}

/// Whatever is read however often: the attempts of a source lie a rest apart, as long as each begins at its reading.
#[test]
fn reading_all_day_makes_one_run_for_each_interval() {
    let mut source = Source { next_run: next("2026-11-23T00:00:00Z", Trigger::Schedule), ..source() };
    let (mut queued, mut clock) = (0, now());
    while clock < at("2026-11-22T12:00:00Z") {
        if DEMAND.decide(&source, &[], clock).is_ok() {
            queued += 1;
            source.last_fetched_at = Some(clock);
        }
        clock = clock.plus(secs(7));
    }
    // 24 h in steps of 7 s: an interval is 602 s as they fall.
    assert_eq!(queued, 86_400 / 602 + 1);
    assert!(at("2026-11-22T12:00:00Z").since(source.last_fetched_at.unwrap()) <= secs(602));
}
