//! The rules that decide when a source is next due, each with the numbers it decided by.
//!
//! Owns: their names and how they read. Must not know: the arithmetic (`reckon`). Printed by `source explain`.

use core::fmt;
use core::time::Duration;

use serde::Serialize;

use crate::time::{Span, UtcMillis};

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The rule with its numbers.
    #[serde(flatten)]
    pub rule: Rule,
    /// When the source is due as far as this rule and those before it go. `None`: never, as things are.
    pub due: Option<UtcMillis>,
    /// Whether it moved the time.
    pub moved: bool,
    /// When the rule may say something else by itself. `None`: when its facts or the schedule change.
    pub changes: Option<UtcMillis>,
}

/// A rule with the numbers behind its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum Rule {
    /// There was no attempt yet.
    First,
    /// The last attempt lies in the future: the clock was set back.
    ClockBack {
        /// By how much, at least; milliseconds.
        ahead_ms: u64,
        /// Whether the attempt is taken to be as late as it says, or to have been just now.
        believed: bool,
    },
    /// `every`.
    Every {
        /// The interval.
        interval: Span,
    },
    /// `cron`.
    Cron {
        /// As written.
        expression: String,
        /// Its zone.
        timezone: String,
        /// The time after the one that is due.
        following: Option<UtcMillis>,
    },
    /// `tiers`.
    Tier {
        /// Active followers; `None`: not counted yet.
        followers: Option<u32>,
        /// The interval of the tier they make.
        interval: Span,
        /// Followers from which on it is fetched more often.
        more_from: Option<u32>,
    },
    /// `tiers`, and nobody follows it.
    Dormant {
        /// Active followers.
        followers: u32,
        /// Followers from which on it is fetched.
        from: u32,
    },
    /// `activity`.
    Activity {
        /// The weight of the hour in which the interval begins, in thousandths: 2000 is twice as fast.
        weight: u16,
    },
    /// `adaptive`, from its own items.
    Published {
        /// Mean time from one publication to the next, in milliseconds.
        interval_ms: u64,
        /// Publications looked at.
        times: u32,
    },
    /// `adaptive`, from `ttl` and the like.
    Ttl {
        /// Milliseconds.
        interval_ms: u64,
    },
    /// `adaptive`, from `Cache-Control: max-age`.
    MaxAge {
        /// Milliseconds.
        interval_ms: u64,
    },
    /// The shortest interval that the profile allows.
    MinInterval {
        /// Milliseconds.
        interval_ms: u64,
    },
    /// `Retry-After`, or what the source says like it.
    NotBefore {
        /// The moment.
        until: UtcMillis,
    },
    /// `adaptive`, from `skipHours` and `skipDays`.
    Skipped {
        /// Bit n is the hour n of the UTC day.
        hours: u32,
        /// Bit 0 is Sunday.
        days: u8,
    },
    /// Spreading of herds.
    Jitter {
        /// Milliseconds.
        by_ms: u64,
    },
    /// It came due while nothing was run.
    CatchUp {
        /// When runs began again.
        awake: UtcMillis,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.due, self.moved) {
            (None, _) => write!(f, "{}: not due", self.rule)?,
            (Some(due), true) => write!(f, "{}: due {due}", self.rule)?,
            (Some(_), false) => write!(f, "{}: leaves it", self.rule)?,
        }
        match self.changes {
            Some(at) => write!(f, "; may change at {at}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("never attempted"),
            Self::ClockBack { ahead_ms, believed } => {
                let taken = if *believed { "believed, so that no time is run twice" } else { "taken for now" };
                write!(f, "the last attempt lies {} ahead of the clock, {taken}", Millis(*ahead_ms))
            }
            Self::Every { interval } => write!(f, "every {interval} from the last attempt"),
            Self::Cron { expression, timezone, following } => {
                write!(f, "cron {expression:?} in {timezone}")?;
                following.map_or(Ok(()), |at| write!(f, " (then {at})"))
            }
            Self::Tier { followers, interval, more_from } => {
                match followers {
                    Some(followers) => write!(f, "{followers} active followers: every {interval}")?,
                    None => write!(f, "followers not counted yet: every {interval}")?,
                }
                more_from.map_or(Ok(()), |from| write!(f, ", more often from {from} on"))
            }
            Self::Dormant { followers, from } => {
                write!(f, "dormant: {followers} active followers, fetched from {from} on")
            }
            Self::Activity { weight } => {
                write!(f, "activity of its followers: the hour counts {}.{:03}", weight / 1_000, weight % 1_000)
            }
            Self::Published { interval_ms, times } => {
                write!(f, "publishes every {} (its last {times} times)", Millis(*interval_ms))
            }
            Self::Ttl { interval_ms } => write!(f, "asks for {} between fetches", Millis(*interval_ms)),
            Self::MaxAge { interval_ms } => write!(f, "its last answer is fresh for {}", Millis(*interval_ms)),
            Self::MinInterval { interval_ms } => write!(f, "min_interval {}", Millis(*interval_ms)),
            Self::NotBefore { until } => write!(f, "told not to ask before {until}"),
            Self::Skipped { .. } => f.write_str("asks to be left alone at certain hours or days (UTC)"),
            Self::Jitter { by_ms } => write!(f, "jitter {}", Millis(*by_ms)),
            Self::CatchUp { awake } => write!(f, "overdue when runs began again at {awake}"),
        }
    }
}

/// A span for a person: whole seconds once there is one.
struct Millis(u64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 / 1_000 {
            0 => write!(f, "{}ms", self.0),
            seconds => write!(f, "{}", Span::seconds(u32::try_from(seconds).unwrap_or(u32::MAX))),
        }
    }
}

/// A duration in whole milliseconds.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
