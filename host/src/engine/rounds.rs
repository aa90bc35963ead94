//! When the passes were last done that are not done in every tick.
//!
//! Owns: the times, in memory: a daemon that starts does all of them. Must not know: what the passes do.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tidegate_core::time::UtcMillis;

/// When one of them was last done.
#[derive(Default)]
pub(super) struct Round(Mutex<Option<UtcMillis>>);

impl Round {
    /// Whether it is due again `after` it was last done. A clock that was set back makes it due too.
    pub(super) fn is_due(&self, after: Duration, now: UtcMillis) -> bool {
        self.lock().is_none_or(|last| now < last || now.since(last) >= after)
    }

    /// Notes that it was done.
    pub(super) fn done(&self, now: UtcMillis) {
        *self.lock() = Some(now);
    }

    /// When it was last done.
    pub(super) fn last(&self) -> Option<UtcMillis> {
        *self.lock()
    }

    /// Whether it was done since it was last asked for.
    pub(super) fn was_done(&self) -> bool {
        self.lock().is_some()
    }

    /// Makes it due at once.
    pub(super) fn again(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<UtcMillis>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rounds of one engine.
#[derive(Default)]
pub(super) struct Rounds {
    /// Counting active followers.
    pub(super) retier: Round,
    /// Noting that a daemon is alive.
    pub(super) alive: Round,
    /// Deleting what is kept too long.
    pub(super) upkeep: Round,
    /// Trimming kept pages to the room of their profiles.
    pub(super) trim: Round,
    /// Looking for quarantines that are over, after a start and after a reload.
    pub(super) lift: Round,
    /// Looking for sources whose plugin has gone or come back, after a start and after a change.
    pub(super) attend: Round,
    /// Taking what plugins have used.
    pub(super) used: Round,
    /// Writing down which versions serve.
    pub(super) noted: Round,
}
