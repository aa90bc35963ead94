//! What a clock that was set back means for when a source runs.
//!
//! Owns: which stored times are pulled forward, and to when. Must not know: how it was noticed, or rows. Called by
//! `engine/catch_up`.
//!
//! A source that was attempted "in the future" was attempted before the clock was set back. Its next time was reckoned from
//! there, and by the new clock lies too far ahead: by as much as the clock was set back. It moves back with the clock, so that
//! what was spread stays spread, waits stay as long as they were meant to be, and nothing runs sooner than it would have.

use core::time::Duration;

use crate::schedule::{Given, Rhythm, Schedule};
use crate::source::{NextRun, Source, SourceState, Trigger};
use crate::time::UtcMillis;

/// When `source` is due after the clock was set back by `back`, if that is another time than the one that stands.
#[must_use]
pub fn next_run(
    source: &Source,
    schedule: &Schedule,
    min_interval: Duration,
    back: Duration,
    now: UtcMillis,
) -> Option<NextRun> {
    let next = source.next_run?;
    let last = source.last_fetched_at.filter(|last| *last > now)?;
    if source.state != SourceState::Active || source.running.is_some() {
        return None;
    }
    let at = match (&schedule.rhythm, next.trigger) {
        // Times of the wall stay what they are. Whether those that come again have had their turn, the schedule knows.
        (Rhythm::Cron(_), Trigger::Schedule) => {
            let given =
                Given { facts: &source.facts, last_attempt: Some(last), now, min_interval, dice: 0, pause: None };
            schedule.next_run(&given).due.at()?
        }
        _ => next.at.minus(back).max(now),
    };
    (at < next.at).then_some(NextRun { at, ..next })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::fixtures;
    use crate::limits;
    use crate::time::Span;

    fn at(minutes: i64) -> UtcMillis {
        let noon = UtcMillis::parse("2026-11-21T12:00:00Z").unwrap();
        UtcMillis::from_millis(noon.as_millis() + minutes * 60_000)
    }

    fn cron(text: &str) -> Schedule {
        serde_json::from_value(serde_json::json!({ "cron": text })).unwrap()
    }

    /// Attempted last at `last`, due at `due`, in minutes; the clock shows noon.
    fn source(last: i64, due: i64, trigger: Trigger) -> Source {
        let next_run = Some(NextRun { at: at(due), trigger });
        Source { last_fetched_at: Some(at(last)), next_run, ..fixtures::source() }
    }

    #[test]
    fn what_moves_and_what_does_not() {
        use Trigger::{Retry, Schedule as ByItself};
        let hourly = Schedule::every(Span::seconds(3_600));
        // Last attempt, due, trigger, schedule, minutes by which the clock was set back, due then.
        let table = [
            ("attempted before noon", (-5, 55), ByItself, &hourly, 60, None),
            ("just attempted", (60, 125), ByItself, &hourly, 60, Some(65)),
            ("attempted a while before the clock was set", (10, 75), ByItself, &hourly, 60, Some(15)),
            ("overdue when it was set", (5, 20), ByItself, &hourly, 60, Some(0)),
            ("set back by a day", (1_440, 1_500), ByItself, &hourly, 1_440, Some(60)),
            ("a retry waits as long as it was told", (60, 80), Retry, &hourly, 60, Some(20)),
            // 13:00 has been: it does not come again, and 14:00 is no sooner than it was.
            ("cron, its time comes again", (61, 120), ByItself, &cron("0 * * * *"), 60, None),
            (
                "cron, set back by days",
                (3 * 1_440 + 1, 3 * 1_440 + 60),
                ByItself,
                &cron("0 * * * *"),
                3 * 1_440,
                Some(60),
            ),
        ];
        for (what, (last, due), trigger, schedule, back, expected) in table {
            let source = source(last, due, trigger);
            let moved = next_run(&source, schedule, Duration::from_secs(60), Duration::from_secs(60 * back), at(0));
            assert_eq!(moved.map(|next| next.at), expected.map(at), "{what}");
        }
    }

    #[test]
    fn who_runs_or_is_stopped_is_left_alone() {
        let moved = |source: &Source| {
            let hourly = Schedule::every(Span::seconds(3_600));
            next_run(source, &hourly, Duration::from_secs(60), Duration::from_secs(3_600), at(0))
        };
        let plain = source(60, 125, Trigger::Schedule);
        assert!(moved(&plain).is_some());
        for source in [
            Source { running: Some(crate::id::Id::from_bits(1)), ..plain.clone() },
            Source { state: SourceState::Inactive, ..plain.clone() },
            Source { next_run: None, ..plain.clone() },
            Source { last_fetched_at: None, ..plain },
        ] {
            assert_eq!(moved(&source), None);
        }
    }

    proptest! {
        /// However far the clock was set back: nothing is due in the past or later than it was, nothing waits longer than its
        /// interval with jitter, and the real time between two attempts is what it was.
        #[test]
        fn nothing_stands_still_and_nothing_runs_sooner(
            every in 60_u32..90_000, late in 0_u64..300, since in 0_u64..100_000, back in 90_u64..1_000_000,
        ) {
            let seconds = Duration::from_secs;
            // Before the clock was set, it showed this much more, and the last attempt was `since` before that.
            let then = at(0).plus(seconds(back));
            let last = then.minus(seconds(since));
            let due = last.plus(seconds(u64::from(every) + late));
            let schedule = Schedule::every(Span::seconds(every));
            let source = Source {
                last_fetched_at: Some(last),
                next_run: Some(NextRun { at: due, trigger: Trigger::Schedule }),
                ..fixtures::source()
            };
            let after = next_run(&source, &schedule, seconds(60), seconds(back), at(0)).map_or(due, |next| next.at);
            prop_assert!(after <= due);
            prop_assert!(after.since(at(0)) <= seconds(u64::from(every) + late), "no longer than it ever waits");
            if last > at(0) {
                prop_assert_eq!(after.since(at(0)), due.since(then), "as long as was left of it");
            }
        }
    }

    /// Far back, times of the wall come again: that is [`limits::CLOCK_BACK`]'s to say, here as in the schedule.
    #[test]
    fn cron_is_the_schedules_own_reckoning() {
        let minutes = i64::try_from(limits::CLOCK_BACK.as_secs() / 60).unwrap();
        for (ahead, again) in [(minutes, false), (minutes + 1, true)] {
            let source = source(ahead, ahead + 60, Trigger::Schedule);
            let back = Duration::from_secs(u64::try_from(ahead).unwrap() * 60);
            let moved = next_run(&source, &cron("0 * * * *"), Duration::from_secs(60), back, at(0));
            let soon = moved.is_some_and(|next| next.at <= at(60));
            assert_eq!(soon, again, "{ahead}: {moved:?}");
        }
    }
}
