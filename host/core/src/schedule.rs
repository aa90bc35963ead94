//! When a source is next due.
//!
//! Owns: the forms of a schedule and the arithmetic of the next time. Must not know: whether a source may run
//! (`eligibility`), or what time it is. Called by `run` when a run ends, and by the engine when a source is created.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::{Span, UtcMillis};

/// How often a source is fetched, as stored and as written in a profile: `{"every": "6h"}`.
///
/// Later forms (`cron`, `tiers`) become further variants; a row or file with a form this version does not know is
/// refused, never read as another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Schedule {
    /// So long after the last attempt.
    Every(Span),
}

/// The shortest time between two scheduled runs, unless the profile says otherwise.
pub const MIN_INTERVAL: Duration = Duration::from_secs(60);

/// Jitter is at most this part of an interval ...
const JITTER_PART: u32 = 10;
/// ... and at most this long.
const JITTER_MOST: Duration = Duration::from_secs(5 * 60);

impl Schedule {
    /// When a source is due that was last attempted at `last_attempt`.
    ///
    /// `min_interval` is the profile's. `dice` is uniform over all of `u32` and spreads herds: the time comes up to a
    /// tenth of the interval (at most 5 minutes) later, never earlier.
    #[must_use]
    pub fn next_run(&self, last_attempt: UtcMillis, min_interval: Duration, dice: u32) -> UtcMillis {
        match self {
            Self::Every(span) => {
                let interval = span.duration().max(min_interval);
                last_attempt.plus(interval).plus(jitter(interval, dice))
            }
        }
    }
}

impl Schedule {
    /// The most runs there are from `due`, when the first one is, until before `until`; and when the next one is due then.
    /// Jitter, which only ever makes them fewer, is left out.
    #[must_use]
    pub fn most_runs(&self, due: UtcMillis, until: UtcMillis, min_interval: Duration) -> (u64, UtcMillis) {
        match self {
            Self::Every(span) => {
                let interval = span.duration().max(min_interval).max(Duration::from_secs(1));
                if due >= until {
                    return (0, due);
                }
                let runs = until.since(due).as_millis().div_ceil(interval.as_millis());
                let passed = Duration::from_millis(u64::try_from(interval.as_millis() * runs).unwrap_or(u64::MAX));
                (u64::try_from(runs).unwrap_or(u64::MAX), due.plus(passed))
            }
        }
    }
}

impl core::fmt::Display for Schedule {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Every(span) => write!(f, "every {span}"),
        }
    }
}

/// A part of `interval` picked by `dice`.
fn jitter(interval: Duration, dice: u32) -> Duration {
    let most = (interval / JITTER_PART).min(JITTER_MOST);
    most.mul_f64(f64::from(dice) / f64::from(u32::MAX))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> UtcMillis {
        UtcMillis::parse(text).unwrap()
    }

    #[test]
    fn every_counts_from_the_last_attempt() {
        let last = at("2026-11-21T10:00:00Z");
        let table = [
            ("6h", "1m", 0, "2026-11-21T16:00:00Z"),
            ("6h", "1m", u32::MAX, "2026-11-21T16:05:00Z"),
            ("10m", "1m", u32::MAX, "2026-11-21T10:11:00Z"),
            ("10s", "1m", 0, "2026-11-21T10:01:00Z"),
        ];
        for (every, least, dice, due) in table {
            let schedule = Schedule::Every(every.parse().unwrap());
            let least: Span = least.parse().unwrap();
            assert_eq!(schedule.next_run(last, least.duration(), dice), at(due), "{every} {least} {dice}");
        }
    }

    #[test]
    fn unknown_forms_are_refused() {
        for text in [r#"{"cron":"* * * * *"}"#, r#"{"every":"soon"}"#, r#"{"every":"1h","cron":"x"}"#, "{}"] {
            assert!(serde_json::from_str::<Schedule>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<Schedule>(r#"{"every":"90m"}"#).unwrap().to_string(), "every 1h30m");
    }

    #[test]
    fn runs_are_counted_up_to_a_time() {
        let due = at("2026-11-21T10:00:00Z");
        let table = [
            ("6h", "1m", "2026-11-21T10:00:00Z", 0, "2026-11-21T10:00:00Z"),
            ("6h", "1m", "2026-11-21T10:00:01Z", 1, "2026-11-21T16:00:00Z"),
            ("6h", "1m", "2026-11-22T10:00:00Z", 4, "2026-11-22T10:00:00Z"),
            ("6h", "1m", "2026-11-22T10:00:01Z", 5, "2026-11-22T16:00:00Z"),
            ("1m", "1h", "2026-11-21T12:30:00Z", 3, "2026-11-21T13:00:00Z"),
            ("6h", "1m", "2026-11-20T10:00:00Z", 0, "2026-11-21T10:00:00Z"),
        ];
        for (every, least, until, runs, next) in table {
            let least: Span = least.parse().unwrap();
            let counted = Schedule::Every(every.parse().unwrap()).most_runs(due, at(until), least.duration());
            assert_eq!(counted, (runs, at(next)), "{every} {least} {until}");
        }
    }

    proptest! {
        #[test]
        fn never_sooner_than_asked_and_never_much_later(every in 1_u32..200_000, least in 1_u32..200_000, dice: u32) {
            let last = at("2026-11-21T10:00:00Z");
            let (every, least) = (Span::seconds(every), Span::seconds(least));
            let waited = Schedule::Every(every).next_run(last, least.duration(), dice).since(last);
            let interval = every.duration().max(least.duration());
            prop_assert!(waited >= interval);
            prop_assert!(waited <= interval + (interval / JITTER_PART).min(JITTER_MOST));
        }
    }
}
