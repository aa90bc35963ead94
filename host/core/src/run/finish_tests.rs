//! What the end of a run does to its source: tables, then what holds for every end.

use core::time::Duration;

use proptest::prelude::*;

use super::finish::{Ending, Finish, Notice, Policy, RunResult};
use crate::contract::{Facts, Hints, OutcomeStatus};
use crate::failure::{Class, Failure};
use crate::fixtures::{at, fresh_source, invalid, now, paused, profile, secs, source, watermark};
use crate::item::Counts;
use crate::source::{NextRun, PausedBy, Source, SourceState, Trigger};

fn finish(result: RunResult) -> Finish {
    let profile = profile();
    Finish {
        trigger: Trigger::Schedule,
        result,
        watermark: None,
        resumed: false,
        unread: false,
        facts: None,
        moved_to: None,
        hints: None,
        warnings: vec![],
        request: None,
        policy: Policy {
            schedule: profile.schedule,
            min_interval: profile.min_interval,
            retry: profile.retry,
            dice: 0,
        },
    }
}

fn success() -> Finish {
    Finish { watermark: Some(watermark("new")), ..finish(RunResult::Succeeded(OutcomeStatus::Ok)) }
}

fn failed(class: Class) -> Finish {
    finish(RunResult::Failed(Failure::new(class, "it broke")))
}

fn stored(new: u32) -> Counts {
    Counts { new, oldest_new: Some(at("2026-11-01T00:00:00Z")), ..Counts::default() }
}

fn next(seconds: u64, trigger: Trigger) -> Option<NextRun> {
    Some(NextRun { at: now().plus(secs(seconds)), trigger })
}

#[test]
fn a_success_resets_what_failures_left_and_plans_the_next_run() {
    let before = Source { failure_count: 2, retries: 3, running: Some(crate::id::RunId::from_bits(1)), ..source() };
    let settled = success().settle(&before, &stored(2), now());
    let expected = Source {
        failure_count: 0,
        retries: 0,
        running: None,
        last_fetched_at: Some(now()),
        last_success_at: Some(now()),
        next_run: next(3_600, Trigger::Schedule),
        total_runs: 2,
        watermark: Some(watermark("new")),
        updated_at: now(),
        ..before
    };
    assert_eq!(settled.source, expected);
    assert_eq!((settled.ending, settled.failure, settled.notice), (Ending::Ok, None, Some(Notice::Recovered)));
    assert_eq!(success().settle(&source(), &stored(2), now()).notice, None, "there was nothing to recover from");
}

#[test]
fn the_ending_says_whether_anything_changed() {
    let table = [
        ("nothing", Counts::default(), OutcomeStatus::Ok, Ending::NoNew),
        ("known items only", Counts { duplicate: 9, ..Counts::default() }, OutcomeStatus::Ok, Ending::NoNew),
        ("new", stored(1), OutcomeStatus::Ok, Ending::Ok),
        ("edited", Counts { updated: 1, ..Counts::default() }, OutcomeStatus::Ok, Ending::Ok),
        ("counts", Counts { metrics_updated: 1, ..Counts::default() }, OutcomeStatus::Ok, Ending::Ok),
        ("gone", Counts { removed: 1, ..Counts::default() }, OutcomeStatus::Ok, Ending::Ok),
        ("says no-new, brings items all the same", stored(1), OutcomeStatus::NoNew, Ending::Ok),
        ("more than can be counted", Counts { updated: 1, ..stored(u32::MAX) }, OutcomeStatus::Ok, Ending::Ok),
    ];
    for (case, total, outcome, ending) in table {
        let settled = finish(RunResult::Succeeded(outcome)).settle(&source(), &total, now());
        assert_eq!(settled.ending, ending, "{case}");
    }
}

/// Watermark ("old" before, "new" proposed, "-" none) and horizon after a run, by what the run left out.
#[test]
fn where_the_next_run_starts() {
    let cut = Counts { over_cap: 3, ..stored(10) };
    let (fresh, known) = (fresh_source(), source());
    let reset = Source { watermark: None, ..source() };
    let retried = Source { horizon: Some(at("2026-10-01T00:00:00Z")), ..fresh_source() };
    let table = [
        ("all taken", &known, stored(10), false, "new", None),
        ("new items left out: they must be found again", &known, cut, false, "old", None),
        ("pages left unread: the proposal covers it", &known, stored(10), true, "new", None),
        ("first, all taken", &fresh, stored(5), false, "new", None),
        ("first, cut", &fresh, cut, false, "new", Some("2026-11-01T00:00:00Z")),
        ("first, cut between two pages", &fresh, stored(20), true, "new", Some("2026-11-01T00:00:00Z")),
        ("first, cut again after a failure", &retried, cut, false, "new", Some("2026-11-01T00:00:00Z")),
        ("first, whole after a failure", &retried, stored(5), false, "new", Some("2026-10-01T00:00:00Z")),
        ("from the top again, unread pages: not for a first run", &reset, stored(10), true, "-", None),
        ("from the top again, nothing new on all that was read", &reset, Counts::default(), true, "new", None),
        ("from the top again, all read", &reset, stored(10), false, "new", None),
    ];
    for (case, before, total, unread, mark, horizon) in table {
        let after = Finish { unread, ..success() }.settle(before, &total, now()).source;
        let cursor = after.watermark.as_ref().and_then(|watermark| watermark.cursor.as_deref());
        assert_eq!(cursor.unwrap_or("-"), mark, "{case}");
        assert_eq!(after.horizon, horizon.map(at), "{case}");
    }
    // An attempt died that had stored items: older ones than this one has left out, perhaps.
    for (case, before, total, unread, mark) in [
        ("all taken", &fresh, stored(5), false, "new"),
        ("cut", &fresh, cut, false, "-"),
        ("cut between two pages", &fresh, stored(20), true, "-"),
        ("not its first run", &known, stored(20), true, "new"),
    ] {
        let after = Finish { resumed: true, unread, ..success() }.settle(before, &total, now()).source;
        let cursor = after.watermark.as_ref().and_then(|watermark| watermark.cursor.as_deref());
        assert_eq!(cursor.unwrap_or("-"), mark, "resumed, {case}");
    }
    let silent = Finish { watermark: None, ..success() }.settle(&known, &stored(1), now()).source;
    assert_eq!(silent.watermark, known.watermark, "no proposal leaves the old one");
}

/// A first run that stores its items and then fails would else take as many older ones with each retry.
#[test]
fn a_first_run_that_fails_is_cut_where_it_was_cut() {
    let cut = Counts { over_cap: 80, ..stored(20) };
    let after = failed(Class::RateLimited).settle(&fresh_source(), &cut, now()).source;
    assert_eq!((after.horizon, after.watermark), (Some(at("2026-11-01T00:00:00Z")), None));
    let after = failed(Class::RateLimited).settle(&fresh_source(), &stored(3), now()).source;
    assert_eq!(after.horizon, None, "nothing was left out");
    let after = failed(Class::RateLimited).settle(&source(), &cut, now()).source;
    assert_eq!((after.horizon, after.watermark), (None, source().watermark), "not its first run");
}

/// Failure class, state of the source when the run ends, then: state word, next run, whom to tell.
#[test]
fn a_failure_meets_the_source_as_it_is_then() {
    let operator = || paused(PausedBy::Operator);
    let retry = next(300, Trigger::Retry);
    let regular = next(3_600, Trigger::Schedule);
    let told = |text: &str| Some(Notice::Paused(text.to_owned()));
    let gone = Some(Notice::Invalidated("it broke".to_owned()));
    let many = |class| told(&format!("3 failures in a row; last ({class}): it broke"));
    let active = || SourceState::Active;
    let table = [
        (Class::Transient, active(), 0, "active", retry, None),
        (Class::RateLimited, active(), 2, "active", next(60, Trigger::Retry), None),
        (Class::Blocked, active(), 2, "active", retry, None),
        (Class::PlanLimited, active(), 2, "active", retry, None),
        (Class::Auth, active(), 0, "active", regular, None),
        (Class::NotFound, active(), 0, "active", regular, None),
        (Class::BadAnswer, active(), 0, "active", regular, None),
        (Class::PluginFault, active(), 0, "active", regular, None),
        (Class::Abandoned, active(), 0, "active", regular, None),
        (Class::Gone, active(), 0, "invalid", None, gone),
        (Class::Private, active(), 0, "paused", None, told("it broke")),
        (Class::Config, active(), 0, "paused", None, told("it broke")),
        (Class::Transient, active(), 2, "paused", None, many(Class::Transient)),
        (Class::BadAnswer, active(), 2, "paused", None, many(Class::BadAnswer)),
        (
            Class::NotFound,
            active(),
            2,
            "invalid",
            None,
            Some(Notice::Invalidated("not found 3 times in a row; last: it broke".to_owned())),
        ),
        // Somebody was faster.
        (Class::Transient, operator(), 0, "paused", None, None),
        (Class::Transient, operator(), 2, "paused", None, None),
        (Class::Gone, operator(), 0, "paused", None, None),
        (Class::Transient, SourceState::Inactive, 0, "inactive", None, None),
        (Class::Private, SourceState::Inactive, 0, "inactive", None, None),
        (Class::BadAnswer, invalid(), 2, "invalid", None, None),
    ];
    for (class, state, failure_count, word, next_run, notice) in table {
        let case = format!("{class} x {} after {failure_count}", state.word());
        let before = Source { state, failure_count, ..source() };
        let settled = failed(class).settle(&before, &Counts::default(), now());
        assert_eq!((settled.source.state.word(), settled.source.next_run), (word, next_run), "{case}");
        assert_eq!((settled.notice, settled.ending), (notice, Ending::Failed), "{case}");
        if before.state != SourceState::Active {
            assert_eq!(settled.source.state, before.state, "{case}: since, by and reason stand");
        }
        assert_eq!(settled.failure.map(|failure| failure.class), Some(class), "{case}");
    }
}

#[test]
fn a_success_does_not_wake_what_somebody_stopped_meanwhile() {
    for state in [paused(PausedBy::Operator), SourceState::Inactive, invalid()] {
        let before = Source { state, ..source() };
        let after = success().settle(&before, &stored(1), now()).source;
        assert_eq!((after.next_run, &after.state), (None, &before.state));
        assert_eq!((after.last_success_at, after.watermark), (Some(now()), Some(watermark("new"))), "its items count");
    }
}

#[test]
fn retries_are_counted_until_a_run_is_none() {
    let table = [
        (Trigger::Schedule, Class::Transient, 3, 0),
        (Trigger::Retry, Class::Transient, 0, 1),
        (Trigger::Retry, Class::RateLimited, 7, 8),
        (Trigger::Retry, Class::RateLimited, u32::MAX, u32::MAX),
        (Trigger::OneOff, Class::Transient, 2, 0),
        (Trigger::Bootstrap, Class::Transient, 0, 0),
    ];
    for (trigger, class, retries, expected) in table {
        let before = Source { retries, ..source() };
        let after = Finish { trigger, ..failed(class) }.settle(&before, &Counts::default(), now()).source;
        assert_eq!(after.retries, expected, "{trigger} {class} after {retries}");
    }
}

#[test]
fn what_pages_said_holds_whatever_came_of_the_run() {
    let facts = Facts { display_name: Some("New".to_owned()), ..Facts::default() };
    let hints = Hints { complete: true, ..Hints::default() };
    let before = Source { display_name: Some("Old".to_owned()), platform_id: Some("42".to_owned()), ..source() };
    for ended in [success(), failed(Class::Transient)] {
        let said = Finish { facts: Some(facts.clone()), hints: Some(hints.clone()), ..ended.clone() };
        let moved = Finish { moved_to: Some("https://b.example/feed".to_owned()), ..said };
        let after = moved.settle(&before, &Counts::default(), now()).source;
        assert_eq!((after.display_name.as_deref(), after.platform_id.as_deref()), (Some("New"), Some("42")));
        assert_eq!((after.identifier.as_str(), after.hints), ("https://b.example/feed", Some(hints.clone())));
        let after = ended.settle(&before, &Counts::default(), now()).source;
        assert_eq!((after.display_name, after.identifier), (before.display_name.clone(), before.identifier.clone()));
    }
}

fn any_state() -> impl Strategy<Value = SourceState> {
    let paused = prop_oneof![Just(paused(PausedBy::Operator)), Just(paused(PausedBy::Automatic))];
    prop_oneof![3 => Just(SourceState::Active), 1 => Just(SourceState::Inactive), 1 => paused, 1 => Just(invalid())]
}

fn any_source() -> impl Strategy<Value = Source> {
    (any_state(), 0_u32..4, 0_u32..5, any::<bool>()).prop_map(|(state, failure_count, retries, fresh)| {
        let base = if fresh { fresh_source() } else { source() };
        Source { state, failure_count, retries, ..base }
    })
}

fn any_finish() -> impl Strategy<Value = Finish> {
    let failure = (0..Class::ALL.len(), prop::option::of(any::<u64>())).prop_map(|(class, told)| {
        let retry_after = told.map(Duration::from_secs);
        RunResult::Failed(Failure { retry_after, ..Failure::new(Class::ALL[class], "it broke") })
    });
    let status = prop_oneof![Just(OutcomeStatus::Ok), Just(OutcomeStatus::NoNew), Just(OutcomeStatus::Other)];
    let result = prop_oneof![status.prop_map(RunResult::Succeeded), failure];
    (result, 0..Trigger::ALL.len(), any::<bool>(), any::<bool>(), any::<u32>()).prop_map(
        |(result, trigger, proposes, unread, dice)| {
            let watermark = proposes.then(|| watermark("new"));
            let ended = Finish { trigger: Trigger::ALL[trigger], watermark, unread, ..finish(result) };
            Finish { policy: Policy { dice, ..ended.policy }, ..ended }
        },
    )
}

proptest! {
    #[test]
    fn whatever_ends_these_hold(before in any_source(), end in any_finish(), new: u32, over_cap in 0_u32..3) {
        let total = Counts { over_cap, ..stored(new) };
        let settled = end.settle(&before, &total, now());
        let after = &settled.source;
        prop_assert_eq!(after.running, None);
        prop_assert_eq!(after.last_fetched_at, Some(now()));
        prop_assert_eq!(after.total_runs, before.total_runs + 1);
        prop_assert!(after.state == SourceState::Active || after.next_run.is_none());
        prop_assert!(after.next_run.is_none_or(|next| next.at > now() && next.at <= now().plus(secs(25 * 3_600))));
        match &end.result {
            RunResult::Succeeded(_) => {
                prop_assert_eq!((after.failure_count, after.retries), (0, 0));
                prop_assert_eq!(after.last_success_at, Some(now()));
                prop_assert_eq!(&after.state, &before.state);
                // An active source that works is never left without a next run.
                prop_assert_eq!(after.next_run.is_some(), after.state == SourceState::Active);
            }
            RunResult::Failed(failure) => {
                prop_assert_eq!(after.last_success_at, before.last_success_at);
                prop_assert_eq!(&after.watermark, &before.watermark);
                let counted = after.failure_count.checked_sub(before.failure_count);
                prop_assert!(matches!(counted, Some(0 | 1)));
                prop_assert!(failure.class.counts() || counted == Some(0));
                // Only what was active changes its state, and then nobody has to guess.
                prop_assert!(after.state == before.state || before.state == SourceState::Active);
                prop_assert_eq!(after.state != before.state, settled.notice.is_some());
                prop_assert_eq!(after.next_run.is_some(), after.state == SourceState::Active);
            }
        }
    }
}
