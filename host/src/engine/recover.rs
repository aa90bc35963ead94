//! The recover pass: runs whose daemon no longer speaks for them.
//!
//! Owns: taking them up again, or giving them up after too many attempts. Called first in every tick, so that what died
//! is known before anything new starts. Idempotent: requeue and commit say which generation they mean, so that two daemons
//! that recover the same run do it once.

use tidegate_core::limits;

use super::Engine;
use super::end::Ended;
use crate::ports::{Event, StoreError, Stuck};

impl Engine {
    /// Recovers what is stuck. Gives how many runs were.
    pub(super) async fn recover(&self) -> Result<usize, StoreError> {
        let mut recovered = 0;
        for _ in 0..limits::PASS_ROUNDS {
            let now = self.ports.clock.now();
            let stuck = self.ports.store.stuck(self.settings().daemon, now, limits::PASS_BATCH).await?;
            let full = stuck.len() == limits::PASS_BATCH;
            // A lease of our own that passed while the database was slow is no death: the next heartbeat prolongs it.
            for run in stuck.into_iter().filter(|stuck| !self.live.holds(stuck.run)) {
                recovered += usize::from(self.recover_one(run).await?);
            }
            if !full {
                break;
            }
        }
        Ok(recovered)
    }

    async fn recover_one(&self, stuck: Stuck) -> Result<bool, StoreError> {
        let now = self.ports.clock.now();
        let (again, ended) = (stuck.attempt < limits::RECOVERIES, Ended::from(&stuck));
        let requeued = again && self.ports.store.requeue(stuck.run, stuck.generation, true, now, now).await?;
        let done = match (again, requeued) {
            (_, true) => true,
            // Somebody else's, which the commit finds out too; or it has paid for something, and must not begin again.
            (true, false) => return self.keep(ended).await,
            // A run that takes its daemon down again and again is not tried for ever.
            (false, false) => {
                self.give_up(ended, format!("the daemon died {} times during this run", stuck.attempt)).await?
            }
        };
        if done {
            self.tell(&Event::Recovered { run: stuck.run, source: stuck.source, attempt: stuck.attempt, requeued });
        }
        Ok(done)
    }
}
