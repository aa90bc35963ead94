//! A run's place in this daemon.
//!
//! Owns: that it is given back. Must not know: what the run does. Held by the task of each run under way.

use std::sync::Arc;

use tidegate_core::claim::Generation;
use tidegate_core::id::RunId;

use super::Engine;
use crate::ports::Event;

/// A run's place among those under way: given back however its task ends, by a panic too, so that the run is recovered.
pub(super) struct Place {
    pub(super) engine: Arc<Engine>,
    pub(super) run: RunId,
    pub(super) generation: Generation,
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let error = format!("run {}: its task panicked; the run is taken up again", self.run);
            self.engine.tell(&Event::PassFailed { pass: "work", error });
        }
        self.engine.live.leave(self.run, self.generation);
    }
}
