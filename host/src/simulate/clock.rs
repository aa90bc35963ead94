//! Virtual time.
//!
//! Owns: the clock of a simulated world. It goes with tokio's, which stands still while there is work and jumps to the next
//! timer when there is none; a day passes as fast as its work is done. It may be set, as people and machines set clocks.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tidegate_core::time::UtcMillis;
use tokio::time::Instant;

use crate::ports::Clock;

/// A clock in a runtime whose time is paused.
#[derive(Debug)]
pub(super) struct VirtualClock {
    start: UtcMillis,
    began: Instant,
    /// By how many milliseconds it has been set.
    set_by: AtomicI64,
}

impl VirtualClock {
    /// A clock that shows `start` now.
    pub(super) fn new(start: UtcMillis) -> Self {
        Self { start, began: Instant::now(), set_by: AtomicI64::new(0) }
    }

    /// Sets it forward, as a machine does that has slept: no timer has run meanwhile.
    pub(super) fn forward(&self, by: Duration) {
        self.set_by.fetch_add(millis(by), Ordering::AcqRel);
    }

    /// Sets it back.
    pub(super) fn back(&self, by: Duration) {
        self.set_by.fetch_sub(millis(by), Ordering::AcqRel);
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl Clock for VirtualClock {
    fn now(&self) -> UtcMillis {
        let shown = self.start.plus(self.began.elapsed());
        UtcMillis::from_millis(shown.as_millis().saturating_add(self.set_by.load(Ordering::Acquire)))
    }
}
