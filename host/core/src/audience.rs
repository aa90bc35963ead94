//! What its followers mean for when a source runs.
//!
//! Owns: what follows from the first active follower, from a change of their number, and from the last one leaving. Must not
//! know: how followers are counted or stored, or the table of tiers (`schedule`). Called by each store inside the transaction
//! that changes follows, and by `engine/retier` when it counts anew.
//!
//! An active follower is one who was seen less than [`limits::ACTIVE_WITHIN`] ago, unless configured otherwise. To follow is
//! to be seen. Nobody's reading makes a source run: it raises its number of followers, and the scheduler does the rest.

use core::time::Duration;

use crate::limits;
use crate::schedule::{Given, Rhythm, Schedule};
use crate::source::{NextRun, Source, SourceState, Trigger};
use crate::time::UtcMillis;

/// A source with no active follower has one now. Gives whether anything changed; if so it is to be looked at again.
///
/// It is due at once, so that it is served within [`limits::RETIER`]; but if it was attempted less than that ago, only then:
/// who comes and goes does not make it run more often.
pub fn first_follower(source: &mut Source, now: UtcMillis) -> bool {
    if source.facts.followers != Some(0) {
        return false;
    }
    source.facts.followers = Some(1);
    if may_have_next_run(source) {
        let rested = source.last_fetched_at.map_or(now, |last| last.plus(limits::RETIER).max(now));
        let rested = rested.min(now.plus(limits::RETIER));
        source.next_run = Some(match source.next_run {
            Some(next) if next.at <= rested => next,
            Some(next) => NextRun { at: rested, ..next },
            None => NextRun { at: rested, trigger: Trigger::Schedule },
        });
    }
    true
}

/// Nobody follows a source any more. Gives whether anything changed. When it is due it is skipped as dormant.
pub fn last_follower_left(source: &mut Source) -> bool {
    let changed = source.facts.followers != Some(0);
    source.facts.followers = Some(0);
    changed
}

/// What is due next when the active followers of `source` turn out to be `followers`.
///
/// Only a schedule by followers is moved, and only where the interval changes: up to the new interval after the last attempt,
/// never earlier than `now`. A retry keeps its time. A source that falls dormant keeps what is due: it is skipped then.
#[must_use]
pub fn next_run(
    source: &Source,
    schedule: &Schedule,
    min_interval: Duration,
    followers: u32,
    dice: u32,
    now: UtcMillis,
) -> Option<NextRun> {
    let Rhythm::Tiers(tiers) = &schedule.rhythm else { return source.next_run };
    // Nobody has counted: it is served by the slowest tier until now.
    let before = source.facts.followers.map_or_else(|| tiers.slowest(), |before| tiers.of(before));
    let Some(after) = tiers.of(followers) else { return source.next_run };
    let same = before.is_some_and(|before| before.every == after.every);
    let kept = source.next_run.is_some_and(|next| same || next.trigger != Trigger::Schedule);
    if kept || !may_have_next_run(source) {
        return source.next_run;
    }
    let mut facts = source.facts;
    facts.followers = Some(followers);
    let given = Given { facts: &facts, last_attempt: source.last_fetched_at, now, min_interval, dice, pause: None };
    let at = schedule.next_run(&given).due.at()?.max(now);
    Some(NextRun { at, trigger: Trigger::Schedule })
}

/// One that runs gets its next run when it ends, one without identifier or never run when its first run is claimed.
fn may_have_next_run(source: &Source) -> bool {
    source.state == SourceState::Active && source.running.is_none() && source.last_fetched_at.is_some()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::Id;
    use crate::schedule::Facts;
    use crate::time::Span;

    fn at(minutes: u64) -> UtcMillis {
        UtcMillis::parse("2026-11-21T10:00:00Z").unwrap().plus(Duration::from_secs(60 * minutes))
    }

    fn next(minutes: u64) -> Option<NextRun> {
        Some(NextRun { at: at(minutes), trigger: Trigger::Schedule })
    }

    /// Attempted at minute 0, due at `due`.
    fn source(followers: Option<u32>, due: Option<NextRun>) -> Source {
        Source {
            id: Id::from_bits(1),
            tenant: "acme".parse().unwrap(),
            profile: "feeds".parse().unwrap(),
            identifier: "one".to_owned(),
            overrides: serde_json::Map::new(),
            schedule: None,
            state: SourceState::Active,
            failure_count: 0,
            last_fetched_at: Some(at(0)),
            last_success_at: Some(at(0)),
            next_run: due,
            running: None,
            total_runs: 1,
            watermark: None,
            horizon: None,
            hints: None,
            facts: Facts { followers, ..Facts::default() },
            retries: 0,
            display_name: None,
            platform_id: None,
            created_at: at(0),
            updated_at: at(0),
        }
    }

    fn tiers() -> Schedule {
        serde_json::from_str(r#"{"tiers":"default","jitter":"none"}"#).unwrap()
    }

    #[test]
    fn the_first_follower_is_served_within_five_minutes() {
        let table = [
            ("long dormant", source(Some(0), None), 600, next(600)),
            ("attempted just now", source(Some(0), None), 2, next(5)),
            ("due later", source(Some(0), next(120)), 60, next(60)),
            ("due sooner", source(Some(0), next(3)), 2, next(3)),
            ("the clock was set back", source(Some(0), next(999)), 0, next(5)),
            ("followed already", source(Some(3), next(60)), 30, next(60)),
            ("never counted", source(None, next(120)), 60, next(120)),
            ("paused", Source { state: SourceState::Inactive, ..source(Some(0), None) }, 600, None),
            ("running", Source { running: Some(Id::from_bits(2)), ..source(Some(0), None) }, 600, None),
            ("first run still queued", Source { last_fetched_at: None, ..source(Some(0), None) }, 600, None),
        ];
        for (case, mut given, now, expected) in table {
            let dormant = given.facts.followers == Some(0);
            assert_eq!(first_follower(&mut given, at(now)), dormant, "{case}");
            assert_eq!(given.next_run, expected, "{case}");
            assert_ne!(given.facts.followers, Some(0), "{case}");
        }
    }

    #[test]
    fn tiers_move_what_is_due() {
        let retry = Some(NextRun { at: at(33), trigger: Trigger::Retry });
        let paused = Source { state: SourceState::Inactive, ..source(Some(1), None) };
        let table = [
            ("faster", source(Some(1), next(120)), 10, 2, next(15)),
            ("faster, overdue by it", source(Some(1), next(120)), 100, 40, next(40)),
            ("slower", source(Some(100), next(3)), 1, 1, next(120)),
            ("the same interval", source(Some(2), next(60)), 4, 10, next(60)),
            ("dormant keeps what is due", source(Some(2), next(60)), 0, 10, next(60)),
            ("awake again", source(Some(0), None), 5, 10, next(30)),
            ("awake after long", source(Some(0), None), 5, 500, next(500)),
            ("counted for the first time", source(None, next(120)), 100, 10, next(10)),
            ("a retry keeps its time", source(Some(1), retry), 100, 10, retry),
            ("paused", paused, 100, 10, None),
        ];
        for (case, given, followers, now, expected) in table {
            let found = next_run(&given, &tiers(), Duration::from_secs(60), followers, 0, at(now));
            assert_eq!(found, expected, "{case}");
        }
        let every = Schedule::every(Span::seconds(3_600));
        let found = next_run(&source(Some(0), next(60)), &every, Duration::from_secs(60), 100, 0, at(10));
        assert_eq!(found, next(60), "only schedules by followers move");
    }

    proptest! {
        /// However often people come and go, a source that is attempted when due is not attempted more than once in a while.
        #[test]
        fn coming_and_going_makes_no_runs(steps in prop::collection::vec((1_u64..4, any::<bool>()), 1..200)) {
            let mut source = source(Some(0), None);
            let (mut now, mut attempts) = (0, 0_u64);
            for (minutes, comes) in steps {
                now += minutes;
                if comes { first_follower(&mut source, at(now)); } else { last_follower_left(&mut source); }
                if source.facts.followers != Some(0) && source.next_run.is_some_and(|next| next.at <= at(now)) {
                    attempts += 1;
                    source.last_fetched_at = Some(at(now));
                    source.next_run = None;
                    source.facts.followers = Some(0);
                }
            }
            prop_assert!(attempts <= now / 5 + 1, "{attempts} in {now} minutes");
        }
    }
}
