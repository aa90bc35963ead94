//! How often: the generic cell rate algorithm, for the minute and the hour together.
//!
//! Owns: when the next may pass. Must not know: what passes. Called by [`super::Line`] and [`super::HostState`].
//!
//! The algorithm is that of ITU-T I.371 (virtual scheduling): one instant for each period says when the next would be due if all
//! came evenly, and who comes no earlier than a tolerance before it passes. Here a tenth of a limit may come at once and the
//! rest comes evenly, at such a distance that no stretch of the period's length ever sees more than the limit. (With the whole limit
//! as tolerance it would see nearly twice as much.)

use core::num::NonZeroU32;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::Rates;
use crate::time::UtcMillis;

/// The stretch of time that a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Period {
    /// 60 s.
    Minute,
    /// 3,600 s.
    Hour,
}

/// Where two periods stand. The default is that of something that was never used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// When the next would be due by the minute's limit.
    pub minute_at: UtcMillis,
    /// The same by the hour's.
    pub hour_at: UtcMillis,
}

/// One limit, taken apart.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// Between two that come evenly.
    interval: Duration,
    /// How much earlier one may come.
    tolerance: Duration,
}

impl Period {
    /// Its length.
    #[must_use]
    pub const fn length(self) -> Duration {
        match self {
            Self::Minute => Duration::from_secs(60),
            Self::Hour => Duration::from_secs(3_600),
        }
    }

    const fn limit(self, rates: &Rates) -> Option<NonZeroU32> {
        match self {
            Self::Minute => rates.per_minute,
            Self::Hour => rates.per_hour,
        }
    }
}

impl Cell {
    fn of(limit: NonZeroU32, period: Period) -> Self {
        // `burst` at once and `limit - burst` after them within the period: with intervals of `length / (limit - burst + 1)`
        // the next after those comes when the period is over.
        let burst = 1 + (limit.get() - 1) / 10;
        let even = u128::from(limit.get() - burst + 1);
        let millis = period.length().as_millis().div_ceil(even);
        let interval = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
        Self { interval, tolerance: interval * (burst - 1) }
    }

    /// When the next may pass, which may have been long ago. An instant further ahead than the algorithm ever sets it comes from
    /// a clock that was set back, or from a limit that was lower: it is not waited for.
    fn free(self, due: UtcMillis, now: UtcMillis) -> (UtcMillis, UtcMillis) {
        let due = due.min(now.plus(self.tolerance).plus(self.interval));
        (due, due.minus(self.tolerance))
    }
}

impl Pace {
    /// When the next may pass, not before `now`, and what it waits for.
    #[must_use]
    pub fn free(self, rates: &Rates, now: UtcMillis) -> (UtcMillis, Option<Period>) {
        self.cells(rates).fold((now, None), |(at, why), (period, cell, due)| {
            let (_, free) = cell.free(due, now);
            if free > at { (free, Some(period)) } else { (at, why) }
        })
    }

    /// Lets one pass at `now`.
    ///
    /// # Errors
    /// When it may pass, and which period says so. Nothing is changed.
    pub fn take(&mut self, rates: &Rates, now: UtcMillis) -> Result<(), (UtcMillis, Period)> {
        if let (until, Some(period)) = self.free(rates, now) {
            return Err((until, period));
        }
        let mut after = *self;
        for (period, cell, due) in self.cells(rates) {
            let next = cell.free(due, now).0.max(now).plus(cell.interval);
            match period {
                Period::Minute => after.minute_at = next,
                Period::Hour => after.hour_at = next,
            }
        }
        *self = after;
        Ok(())
    }

    /// The distance at which many pass, one after the other.
    #[must_use]
    pub fn interval(rates: &Rates) -> Duration {
        Self::default().cells(rates).map(|(_, cell, _)| cell.interval).max().unwrap_or_default()
    }

    fn cells(self, rates: &Rates) -> impl Iterator<Item = (Period, Cell, UtcMillis)> + use<> {
        let of = |period: Period, due| Some((period, Cell::of(period.limit(rates)?, period), due));
        [of(Period::Minute, self.minute_at), of(Period::Hour, self.hour_at)].into_iter().flatten()
    }
}

impl core::fmt::Display for Period {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
        })
    }
}
