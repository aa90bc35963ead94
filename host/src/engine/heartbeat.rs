//! The sign of life of every run under way.
//!
//! Owns: prolonging leases, and ending runs whose lease somebody else has taken. Runs beside the passes, so that a long pass
//! or a slow database does not cost a lease.

use std::sync::Arc;

use tidegate_core::limits;

use super::Engine;
use crate::ports::Event;

impl Engine {
    /// Speaks for the runs under way until the engine has stopped and none is left.
    pub(super) async fn heartbeats(self: Arc<Self>) {
        let mut beat = tokio::time::interval(limits::HEARTBEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let runs = self.live.all();
            if runs.is_empty() {
                continue;
            }
            let lease_until = self.ports.clock.now().plus(limits::LEASE);
            match self.ports.store.heartbeat(runs.clone(), lease_until).await {
                // Lost under the generation that was asked about: while the answer was on its way the run may have been put
                // away and claimed again.
                Ok(lost) => {
                    runs.iter().filter(|(run, _)| lost.contains(run)).for_each(|one| self.live.lose(one.0, one.1));
                }
                Err(error) => self.tell(&Event::PassFailed { pass: "heartbeat", error: error.to_string() }),
            }
        }
    }
}
