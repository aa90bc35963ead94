//! The runs under way in this daemon.
//!
//! Owns: how many there may be, which they are, and the signal that one has ended. Must not know: what they do. Used by
//! `admit` (is there room), `work` (enter and leave), `heartbeat` (whose lease to prolong) and `serve` (when to look again).

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tidegate_core::claim::Generation;
use tidegate_core::id::RunId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long a free place may wait for others to become free: what an idle daemon would notice least.
const COALESCE: Duration = Duration::from_millis(20);

pub(super) struct Live {
    most: AtomicUsize,
    runs: Mutex<HashMap<RunId, (Generation, CancellationToken)>>,
    changed: Notify,
}

impl Live {
    pub(super) fn new(most: usize) -> Self {
        Self { most: AtomicUsize::new(most.max(1)), runs: Mutex::new(HashMap::new()), changed: Notify::new() }
    }

    /// Allows so many from now on. Those on top that are under way go on.
    pub(super) fn allow(&self, most: usize) {
        self.most.store(most.max(1), Ordering::Relaxed);
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// How many more runs may start.
    pub(super) fn room(&self) -> usize {
        self.most().saturating_sub(self.lock().len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Whether this daemon is working on the run at this moment.
    pub(super) fn holds(&self, run: RunId) -> bool {
        self.lock().contains_key(&run)
    }

    /// Notes a run. The token is cancelled when the run turns out to be somebody else's. Whoever enters leaves.
    pub(super) fn enter(&self, run: RunId, generation: Generation) -> CancellationToken {
        let lost = CancellationToken::new();
        self.lock().insert(run, (generation, lost.clone()));
        lost
    }

    /// Forgets a run under this generation and tells whoever waits for room. The same run may be back already under a
    /// higher one.
    pub(super) fn leave(&self, run: RunId, generation: Generation) {
        let mut runs = self.lock();
        if runs.get(&run).is_some_and(|(entered, _)| *entered == generation) {
            runs.remove(&run);
        }
        drop(runs);
        self.changed.notify_one();
    }

    /// All runs, to be spoken for.
    pub(super) fn all(&self) -> Vec<(RunId, Generation)> {
        self.lock().iter().map(|(run, (generation, _))| (*run, *generation)).collect()
    }

    /// Ends a run that is no longer ours under this generation. The same run may be back already under a higher one.
    pub(super) fn lose(&self, run: RunId, generation: Generation) {
        if let Some((entered, lost)) = self.lock().get(&run)
            && *entered == generation
        {
            lost.cancel();
        }
    }

    /// Tells whoever waits for room that there is something to look at.
    pub(super) fn nudge(&self) {
        self.changed.notify_one();
    }

    /// Waits until a run has left since the last call and it is worth looking for more: a quarter of the places is free,
    /// nothing is left, or [`COALESCE`] has passed. Claims made together share one transaction and one fsync.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
        let more = async {
            while self.room() * 4 < self.most() && !self.is_empty() {
                self.changed.notified().await;
            }
        };
        let _long_enough = tokio::time::timeout(COALESCE, more).await;
    }

    /// Nothing that holds the lock can panic half-way through a change, so a poisoned lock is still whole.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, (Generation, CancellationToken)>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sign of life may be answered when the run was put away and claimed again meanwhile: the new claim is not lost.
    #[test]
    fn only_the_generation_that_was_lost_is_ended() {
        let live = Live::new(1);
        let run = RunId::from_bits(1);
        let first = live.enter(run, Generation(1));
        let asked = live.all();
        live.leave(run, Generation(1));
        let second = live.enter(run, Generation(2));
        asked.into_iter().for_each(|(run, generation)| live.lose(run, generation));
        assert!(!first.is_cancelled() && !second.is_cancelled());
        live.lose(run, Generation(2));
        assert!(second.is_cancelled());
    }
}
