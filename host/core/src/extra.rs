//! Extra runs: those that neither a schedule nor a failure makes.
//!
//! Owns: when an operator's one-off run or a reader's demand may be queued (section 6 of the product's description). Must not
//! know: rows, or who asks. Called by the store inside the transaction that queues, with what it finds there, and by the
//! engine before it, so that a feed that is read a thousand times a minute costs no write.
//!
//! Queued is all an extra run is: it is admitted like any other, by the same rules and within the same budgets. Only the
//! schedule is not waited for.

use core::time::Duration;

use serde::Serialize;

use crate::eligibility::{self, SkipReason};
use crate::id::RunId;
use crate::profile::Profile;
use crate::source::{Source, Trigger};
use crate::time::UtcMillis;

/// An extra run that somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// An operator asks for it.
    OneOff,
    /// A reader has read what is stale.
    Demand {
        /// At least so long after the last attempt, whatever came of that.
        rest: Duration,
    },
}

/// Where a profile lets readers cause runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Demand {
    /// How long after its last attempt a source is stale.
    pub stale_after: crate::time::Span,
}

/// Why an extra run is not queued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum NotQueued {
    /// Nothing of the source may run before a person has acted.
    Stopped(SkipReason),
    /// It has no identifier yet, so there is nothing to fetch.
    Nothing,
    /// There is one.
    Already {
        /// The run that is queued or under way.
        run: RunId,
        /// Why that one exists.
        trigger: Trigger,
    },
    /// It runs by itself before anything could be queued.
    Due {
        /// Since when, or from when on.
        at: UtcMillis,
    },
    /// It was fetched not long ago.
    Fresh {
        /// Until when that holds.
        until: UtcMillis,
    },
}

impl core::fmt::Display for NotQueued {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Stopped(reason) => reason.fmt(f),
            Self::Nothing => f.write_str("it has no identifier"),
            Self::Already { run, trigger } => write!(f, "there is a {trigger} run already ({run})"),
            Self::Due { at } => write!(f, "it runs by itself at {at}"),
            Self::Fresh { until } => write!(f, "it was fetched not long ago, and is fresh until {until}"),
        }
    }
}

impl Extra {
    /// What a reader of a source of this profile may cause, if anything. Never sooner than the profile's shortest interval.
    #[must_use]
    pub fn demand(profile: &Profile) -> Option<Self> {
        let demand = profile.demand?;
        Some(Self::Demand { rest: demand.stale_after.duration().max(profile.min_interval) })
    }

    /// Why the run exists.
    #[must_use]
    pub const fn trigger(self) -> Trigger {
        match self {
            Self::OneOff => Trigger::OneOff,
            Self::Demand { .. } => Trigger::Demand,
        }
    }

    /// Decides whether the run is queued at `now`. `pending`: the source's runs that have not ended.
    ///
    /// An operator's wish waits beside a run of another sort that is under way, as that one may have begun before what they
    /// want fetched was published. A reader's does not, nor does it go before a retry: whoever refused us has said when to
    /// come again.
    ///
    /// # Errors
    /// [`NotQueued`] with the first thing that stands against it.
    pub fn decide(self, source: &Source, pending: &[(RunId, Trigger)], now: UtcMillis) -> Result<(), NotQueued> {
        if let Some(reason) = eligibility::stopped(source) {
            return Err(NotQueued::Stopped(reason));
        }
        if source.identifier.is_empty() {
            return Err(NotQueued::Nothing);
        }
        let in_the_way = |run: RunId, trigger: Trigger| match self {
            Self::OneOff => trigger == Trigger::OneOff || source.running != Some(run),
            Self::Demand { .. } => true,
        };
        if let Some((run, trigger)) = pending.iter().copied().find(|(run, trigger)| in_the_way(*run, *trigger)) {
            return Err(NotQueued::Already { run, trigger });
        }
        match self {
            Self::OneOff => Ok(()),
            Self::Demand { rest } => stale(source, rest, now),
        }
    }
}

fn stale(source: &Source, rest: Duration, now: UtcMillis) -> Result<(), NotQueued> {
    if let Some(next) = source.next_run
        && (next.at <= now || next.trigger != Trigger::Schedule)
    {
        return Err(NotQueued::Due { at: next.at });
    }
    match source.last_fetched_at.map(|last| last.plus(rest)) {
        Some(until) if until > now => Err(NotQueued::Fresh { until }),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "extra_tests.rs"]
mod tests;
