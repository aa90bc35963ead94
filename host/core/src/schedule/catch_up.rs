//! Coming back after a pause: a daemon that was down, a machine that slept, a clock that was set forward.
//!
//! Owns: how what came due meanwhile is spread. Must not know: what is due. Called by the schedule, and by the engine to move the
//! stored due times of overdue sources when it wakes.
//!
//! However many times of a source have passed, it is run once. What a pause of some length held up is spread over as long a
//! time, at most the window: a daemon that was restarted in ten seconds is back at its usual pace after ten.

use core::time::Duration;

use super::part;
use crate::time::UtcMillis;

/// A time in which nothing was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The last sign of life before it.
    pub from: UtcMillis,
    /// When runs began again. Stays what it is for as long as the daemon is awake: due times are reckoned from it.
    pub until: UtcMillis,
    /// The longest time to spread over.
    pub window: Duration,
}

impl Pause {
    /// When a source is run that was due at `due`. What was not overdue when the pause ended keeps its time.
    ///
    /// `dice` is uniform over all of `u32`, and the same for the same source: asking again gives the same answer. `interval`
    /// is the source's own; nothing is put off by more than that.
    #[must_use]
    pub fn spread(&self, due: UtcMillis, interval: Option<Duration>, dice: u32) -> UtcMillis {
        if due >= self.until {
            return due;
        }
        let most = self.window.min(self.until.since(self.from)).min(interval.unwrap_or(Duration::MAX));
        self.until.plus(part(most, dice))
    }
}
