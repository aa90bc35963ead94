//! Runs that wait for a rate, one behind the other.
//!
//! Owns: whether a run fits into all its rates, and when one that does not is to ask again. Must not know: rows. Made by a store of
//! what it has read while nobody else could change it, asked for every claim of a call, written back.
//!
//! A source that is refused gets a place in the line: an instant of its own, as far behind the one before as the rate lets runs
//! pass. Twenty thousand sources that are due at once are so put off once each, and not asked again all together whenever one
//! of them may run.

use std::collections::{BTreeMap, BTreeSet};

use super::{Pace, Period, RateScope, RunRate};
use crate::limits;
use crate::time::UtcMillis;

/// Where a scope stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// When the next may pass.
    pub pace: Pace,
    /// Where the line ends.
    pub tail_at: UtcMillis,
}

/// A run that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Into what.
    pub scope: RateScope,
    /// Because of the rate of this period; `None`: because as many as allowed are under way.
    pub period: Option<Period>,
    /// How many are allowed.
    pub limit: u32,
    /// When to ask again.
    pub until: UtcMillis,
}

/// The scopes of the claims of one call.
#[derive(Debug, Default)]
pub struct Line {
    places: BTreeMap<RateScope, Place>,
    /// Runs under way.
    under_way: BTreeMap<RateScope, u32>,
    changed: BTreeSet<RateScope>,
}

impl Line {
    /// A scope as it was read. One that is not told of was never used.
    pub fn put(&mut self, scope: RateScope, place: Place) {
        self.places.insert(scope, place);
    }

    /// How many runs of a scope are under way.
    pub fn put_under_way(&mut self, scope: RateScope, runs: u32) {
        self.under_way.insert(scope, runs);
    }

    /// Runs of a scope under way, where they were counted.
    #[must_use]
    pub fn under_way(&self, scope: &RateScope) -> Option<u32> {
        self.under_way.get(scope).copied()
    }

    /// Whether a run fits into all of these now.
    ///
    /// # Errors
    /// The first it does not fit into. It has a place in the line then.
    pub fn ask(&mut self, wanted: &[RunRate], now: UtcMillis) -> Result<(), Refused> {
        for rate in wanted {
            let most = rate.rates.concurrency.map_or(u32::MAX, core::num::NonZeroU32::get);
            if self.under_way.get(&rate.scope).copied().unwrap_or(0) >= most {
                let until = now.plus(limits::RATE_BUSY);
                return Err(Refused { scope: rate.scope.clone(), period: None, limit: most, until });
            }
            let place = self.places.get(&rate.scope).copied().unwrap_or_default();
            if let (free, Some(period)) = place.pace.free(&rate.rates, now) {
                let until = self.queue(rate, place, free, now);
                let limit = match period {
                    Period::Minute => rate.rates.per_minute,
                    Period::Hour => rate.rates.per_hour,
                };
                let limit = limit.map_or(u32::MAX, core::num::NonZeroU32::get);
                return Err(Refused { scope: rate.scope.clone(), period: Some(period), limit, until });
            }
        }
        Ok(())
    }

    /// Lets a run pass that was asked for and fits.
    pub fn take(&mut self, wanted: &[RunRate], now: UtcMillis) {
        for rate in wanted {
            *self.under_way.entry(rate.scope.clone()).or_default() += 1;
            let place = self.places.entry(rate.scope.clone()).or_default();
            // It fits: that was asked, and nobody else has the line.
            if rate.rates.is_paced() && place.pace.take(&rate.rates, now).is_ok() {
                self.changed.insert(rate.scope.clone());
            }
        }
    }

    /// The end of the line, one place further on.
    fn queue(&mut self, rate: &RunRate, mut place: Place, free: UtcMillis, now: UtcMillis) -> UtcMillis {
        let at = if place.tail_at > now.plus(limits::RATE_LINE) { free } else { place.tail_at.max(free) };
        place.tail_at = at.plus(Pace::interval(&rate.rates));
        self.places.insert(rate.scope.clone(), place);
        self.changed.insert(rate.scope.clone());
        at
    }

    /// What has changed and is to be written.
    pub fn changed(&self) -> impl Iterator<Item = (&RateScope, &Place)> {
        self.changed.iter().filter_map(|scope| Some((scope, self.places.get(scope)?)))
    }
}
