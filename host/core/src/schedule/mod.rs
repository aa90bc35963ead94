//! When a source is next due.
//!
//! Owns: [`Schedule`], its forms and what may be tuned; `cron`, `tier`, `activity` and `adaptive` each own one rule, `facts` what
//! they are told about a source, `reckon` puts the rules together, `count` counts runs for a forecast, `catch_up` spreads what
//! is overdue, `written` is how a schedule is stored and typed. Must not know: whether a source may run (`eligibility`), or what
//! time it is. Called by `run` when a run ends, by the engine when a source is created, its followers change or a daemon wakes,
//! and by whatever explains a source.

pub mod activity;
pub mod adaptive;
pub mod catch_up;
mod count;
pub mod cron;
mod facts;
mod reckon;
mod rule;
pub mod tier;
mod written;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use core::time::Duration;

use crate::time::{Span, UtcMillis};

pub use catch_up::Pause;
pub use facts::Facts;
pub use reckon::{Due, Given, Reckoning};
pub use rule::{Rule, Verdict};
pub use written::{NotASchedule, Written, WrittenTiers};

use cron::Cron;
use tier::Tiers;

/// How often a source is fetched: a rhythm, and what it adapts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// When a run follows the one before.
    pub rhythm: Rhythm,
    /// What else decides.
    pub tuning: Tuning,
}

/// When a run follows the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rhythm {
    /// So long after the last attempt.
    Every(Span),
    /// At the times of a cron expression.
    Cron(Box<Cron>),
    /// So long after the last attempt as its followers are worth.
    Tiers(Tiers),
}

/// What decides beside the rhythm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tuning {
    /// Faster in the hours its followers read, slower in the others, as often over the day. Not for cron.
    pub activity: bool,
    /// Never faster than the source publishes, nor than it and its answers ask for.
    pub adaptive: bool,
    /// How far runs are spread that are due together.
    pub jitter: Jitter,
}

/// How much later than due a run may be, to spread herds. Never earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Jitter {
    /// A tenth of the interval, at most 5 minutes; nothing with cron, whose times are kept.
    #[default]
    Usual,
    /// Nothing.
    Off,
    /// At most so long; with cron at most half of the time until the following one.
    UpTo(Span),
}

/// The shortest time between two scheduled runs, unless the profile says otherwise.
pub const MIN_INTERVAL: Duration = Duration::from_secs(60);

/// Usual jitter is at most this part of an interval ...
const JITTER_PART: u32 = 10;
/// ... and at most this long.
const JITTER_MOST: Duration = Duration::from_secs(5 * 60);

impl Schedule {
    /// So long after the last attempt, and nothing else.
    #[must_use]
    pub fn every(span: Span) -> Self {
        Self { rhythm: Rhythm::Every(span), tuning: Tuning::default() }
    }

    /// When a source is due next, and why then. See [`Given`].
    #[must_use]
    pub fn next_run(&self, given: &Given<'_>) -> Reckoning {
        reckon::reckon(self, given)
    }

    /// The most runs there are from `due`, when the first one is, until before `until`; and when the next one is due then.
    ///
    /// What only makes runs fewer or moves them inside a day (jitter, activity, adaptive) is left out. Where nobody has counted
    /// followers the fastest tier is taken. A dormant source has none, and `until` as its next one.
    #[must_use]
    pub fn most_runs(
        &self,
        due: UtcMillis,
        until: UtcMillis,
        min_interval: Duration,
        facts: &Facts,
    ) -> (u64, UtcMillis) {
        count::most_runs(&self.rhythm, due, until, min_interval, facts)
    }

    /// The first time at or after `at` at which a run may be due: any time, but for cron.
    #[must_use]
    pub fn opportunity(&self, at: UtcMillis) -> UtcMillis {
        match &self.rhythm {
            Rhythm::Every(_) | Rhythm::Tiers(_) => at,
            Rhythm::Cron(cron) => cron.at_or_after(at).unwrap_or(at),
        }
    }

    /// Whether nothing runs as long as the facts are these.
    #[must_use]
    pub fn is_dormant(&self, facts: &Facts) -> bool {
        match &self.rhythm {
            Rhythm::Every(_) | Rhythm::Cron(_) => false,
            Rhythm::Tiers(tiers) => facts.followers.is_some_and(|followers| tiers.of(followers).is_none()),
        }
    }
}

impl core::fmt::Display for Schedule {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match &self.rhythm {
            Rhythm::Every(span) => write!(f, "every {span}")?,
            Rhythm::Cron(cron) => write!(f, "{cron}")?,
            Rhythm::Tiers(tiers) => write!(f, "{tiers}")?,
        }
        if self.tuning.activity {
            f.write_str(", activity")?;
        }
        if self.tuning.adaptive {
            f.write_str(", adaptive")?;
        }
        match self.tuning.jitter {
            Jitter::Usual => Ok(()),
            Jitter::Off => f.write_str(", no jitter"),
            Jitter::UpTo(most) => write!(f, ", jitter up to {most}"),
        }
    }
}

impl Jitter {
    /// How much later a run is, picked by `dice`. `interval`: to the run after it. `kept`: whether times are kept by default.
    fn pick(self, interval: Duration, kept: bool, dice: u32) -> Duration {
        let most = match (self, kept) {
            (Self::Off, _) | (Self::Usual, true) => return Duration::ZERO,
            (Self::Usual, false) => (interval / JITTER_PART).min(JITTER_MOST),
            (Self::UpTo(most), true) => most.duration().min(interval / 2),
            (Self::UpTo(most), false) => most.duration(),
        };
        part(most, dice)
    }
}

/// A part of `most` picked by `dice`, which is uniform over all of `u32`.
fn part(most: Duration, dice: u32) -> Duration {
    most.mul_f64(f64::from(dice) / f64::from(u32::MAX))
}
