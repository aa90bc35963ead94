//! The recover pass: runs whose daemon no longer speaks for them.
//!
//! Owns: taking them up again, or giving them up after too many attempts. Called first in every tick, so that what died
//! is known before anything new starts. Idempotent: requeue and commit say which generation they mean, so that two daemons
//! that recover the same run do it once.

use tidegate_core::failure::{Class, Failure};
use tidegate_core::limits;
use tidegate_core::run::{Finish, Policy, RunResult};

use super::Engine;
use crate::ports::{Commit, Event, StoreError, Stuck};

impl Engine {
    /// Recovers what is stuck. Gives how many runs were.
    pub(super) async fn recover(&self) -> Result<usize, StoreError> {
        let mut recovered = 0;
        for _ in 0..limits::PASS_ROUNDS {
            let now = self.ports.clock.now();
            let stuck = self.ports.store.stuck(self.settings.daemon, now, limits::PASS_BATCH).await?;
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
        let requeue = stuck.attempt < limits::RECOVERIES;
        let done = if requeue {
            self.ports.store.requeue(stuck.run, stuck.generation, true, now, now).await?
        } else {
            self.give_up(stuck).await?
        };
        if done {
            self.tell(&Event::Recovered {
                run: stuck.run,
                source: stuck.source,
                attempt: stuck.attempt,
                requeued: requeue,
            });
        }
        Ok(done)
    }

    /// A run that takes its daemon down again and again is not tried for ever.
    async fn give_up(&self, stuck: Stuck) -> Result<bool, StoreError> {
        let Some(source) = self.ports.store.source(stuck.source).await? else {
            return Ok(false);
        };
        let message = format!("the daemon died {} times during this run", stuck.attempt);
        let policy = match self.settings.profiles.get(&source.profile) {
            Some(profile) => Policy {
                schedule: profile.schedule.clone(),
                min_interval: profile.min_interval,
                retry: profile.retry.clone(),
                dice: self.dice(),
            },
            // Without its profile a source does not run; it waits under its own schedule or a day.
            None => Policy {
                schedule: source.schedule.clone().unwrap_or_else(|| {
                    tidegate_core::schedule::Schedule::every(tidegate_core::time::Span::seconds(86_400))
                }),
                min_interval: tidegate_core::schedule::MIN_INTERVAL,
                retry: tidegate_core::profile::Retry::default(),
                dice: self.dice(),
            },
        };
        let finish = Finish {
            trigger: stuck.trigger,
            result: RunResult::Failed(Failure::new(Class::Abandoned, message)),
            watermark: None,
            unread: false,
            facts: None,
            moved_to: None,
            hints: None,
            warnings: Vec::new(),
            policy,
        };
        let commit = Commit {
            run: stuck.run,
            source: stuck.source,
            generation: stuck.generation,
            cap: 0,
            page: None,
            item_ids: Vec::new(),
            raw: None,
            bytes: 0,
            fetches: 0,
            actor: None,
            finish: Some(Box::new(finish)),
        };
        let committed = self.ports.store.commit(commit, self.ports.clock.now()).await?;
        Ok(committed != crate::ports::Committed::Stale)
    }
}
