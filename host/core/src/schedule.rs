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
