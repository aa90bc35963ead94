//! The supervisor: repeats the passes until it is told to stop, then drains.
//!
//! Owns: when a pass is due, and the order of stopping. Must not know: what the passes do. Called by `cli`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::Engine;
use super::admit::Admitted;
use crate::ports::{Event, StoreError};

/// What a tick has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Runs taken up again.
    pub recovered: usize,
    /// Runs started.
    pub started: usize,
    /// Sources skipped.
    pub skipped: usize,
    /// Passes that could not do their work; why is in the log.
    pub failed_passes: usize,
}

impl Engine {
    /// Serves until `stop` is done, then drains: nothing new starts, running work has [`limits::DRAIN`] to end, what is left
    /// goes back into the queue. If `hard` is done meanwhile, it goes back at once.
    pub async fn serve(self: &Arc<Self>, stop: impl Future<Output = ()>, hard: impl Future<Output = ()>) {
        let heartbeats = self.tasks_beside(Arc::clone(self).heartbeats());
        let watching = self.tasks_beside(Arc::clone(self).watching());
        let settling = self.tasks_beside(Arc::clone(self).settling());
        tokio::pin!(stop);
        loop {
            let whole = self.tick().await;
            let rest = async {
                if !whole {
                    // What is due stays due: without a rest a database that refuses would be asked a hundred times a second.
                    tokio::time::sleep(limits::POLL).await;
                }
                self.wait().await;
            };
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = rest => {}
            }
        }
        self.drain(hard).await;
        self.note_last_use().await;
        watching.abort();
        settling.abort();
        heartbeats.abort();
    }

    /// One tick, and the runs it has started to their end, those that wait for an actor run too. Costs that the last tick left
    /// open are settled first, because what is reserved for them stands in the way; those of this one before it ends, as far as
    /// they become final within [`limits::SETTLE_LAST`]. `stop` ends it early, as in [`Engine::serve`]; what waits then is found
    /// again by the next tick.
    pub async fn run_once(self: &Arc<Self>, stop: impl Future<Output = ()>) -> Tally {
        let heartbeats = self.tasks_beside(Arc::clone(self).heartbeats());
        let watching = self.tasks_beside(Arc::clone(self).watching());
        tokio::pin!(stop);
        let mut tally = Tally::default();
        let began = self.ports.clock.now();
        if self.settle_unless(began, stop.as_mut(), &mut tally).await {
            let settling = self.tasks_beside(Arc::clone(self).settling());
            let stopped = self.one_tick(stop.as_mut(), &mut tally).await;
            settling.abort();
            if !stopped {
                let until = self.ports.clock.now().plus(limits::SETTLE_LAST);
                self.settle_unless(until, stop, &mut tally).await;
            }
        }
        self.note_last_use().await;
        watching.abort();
        heartbeats.abort();
        tally
    }

    /// Settles what becomes due until then. Gives whether `stop` has left it in peace; it must not be asked again if not.
    async fn settle_unless(
        &self,
        until: UtcMillis,
        stop: Pin<&mut impl Future<Output = ()>>,
        tally: &mut Tally,
    ) -> bool {
        tokio::select! {
            () = stop => false,
            failed = self.settle_until(until) => {
                tally.failed_passes += usize::from(failed);
                true
            }
        }
    }

    /// What is due now, to its end. Gives whether `stop` has ended it.
    async fn one_tick(self: &Arc<Self>, mut stop: Pin<&mut impl Future<Output = ()>>, tally: &mut Tally) -> bool {
        let mut stopped = false;
        match self.recover_now().await {
            Some(recovered) => tally.recovered = recovered,
            None => tally.failed_passes += 1,
        }
        tally.failed_passes += usize::from(self.told("alive", self.here().await).is_none());
        tally.failed_passes += usize::from(self.told("lift", self.lift().await).is_none());
        tally.failed_passes += usize::from(self.told("attend", self.attend().await).is_none());
        tally.failed_passes += usize::from(self.retier_now().await.is_none());
        // One tick is what was due when it began: a source that is due again before the last run has ended waits.
        let due_by = self.ports.clock.now();
        loop {
            match self.admit_now(due_by).await {
                Some(admitted) => {
                    tally.started += admitted.started;
                    tally.skipped += admitted.skipped;
                }
                None => tally.failed_passes += 1,
            }
            // A pass ends only when there is no room or nothing due, and without a run there is room.
            let wake = match (self.live.is_empty(), self.ports.store.next_wake().await) {
                (true, Ok(None) | Err(_)) => break,
                // Put off for longer than a run that goes well: its account is closed, and another tick will see.
                (true, Ok(Some(at))) if at.since(self.ports.clock.now()) > limits::ACTOR_LOOK => break,
                (_, Ok(Some(at))) => at.since(self.ports.clock.now()).min(limits::POLL),
                (false, Ok(None) | Err(_)) => limits::POLL,
            };
            tokio::select! {
                () = &mut stop => {
                    self.stop.cancel();
                    stopped = true;
                    break;
                }
                () = self.live.changed() => {}
                () = tokio::time::sleep(wake.max(Duration::from_millis(10))) => {}
            }
        }
        self.tasks.close();
        self.tasks.wait().await;
        stopped
    }

    /// The passes, in the order of the product: what died first, then what is due, then what is old. Gives whether all of
    /// them could be done.
    async fn tick(self: &Arc<Self>) -> bool {
        let recovered = self.recover_now().await.is_some();
        let renewed = self.told("renew", self.renewed().await).is_some();
        let lifted = self.told("lift", self.lift().await).is_some();
        let attended = self.told("attend", self.attend().await).is_some();
        let retiered = self.retier_now().await.is_some();
        let caught_up = self.told("catch up", self.catch_up().await).is_some();
        let admitted = self.admit_now(self.ports.clock.now()).await.is_some();
        let upkept = self.told("upkeep", self.upkeep().await).is_some();
        let noted = self.told("plugin use", self.note_use().await).is_some();
        caught_up && recovered && renewed && lifted && attended && retiered && admitted && upkept && noted
    }

    async fn recover_now(&self) -> Option<usize> {
        self.told("recover", self.recover().await)
    }

    async fn retier_now(&self) -> Option<usize> {
        self.told("retier", self.retier().await)
    }

    async fn admit_now(self: &Arc<Self>, due_by: UtcMillis) -> Option<Admitted> {
        self.told("admit", self.admit(due_by).await)
    }

    /// Tells of a pass that failed.
    pub(super) fn told<T>(&self, pass: &'static str, result: Result<T, StoreError>) -> Option<T> {
        result.map_err(|error| self.tell(&Event::PassFailed { pass, error: error.to_string() })).ok()
    }

    /// Waits until something is due, a run has made room, a lease may have passed, or the tick is over. Other processes add
    /// sources too, so the database is asked at every [`limits::POLL`]; it answers from an index.
    async fn wait(&self) {
        let tick = tokio::time::sleep(limits::TICK.min(limits::LOOK_FOR_DEAD));
        tokio::pin!(tick);
        loop {
            let pause = match (self.ports.store.next_due().await, self.ports.store.next_wake().await) {
                (Ok(due), Ok(wake)) => {
                    let next = [due, wake].into_iter().flatten().min();
                    next.map_or(limits::POLL, |next| next.since(self.ports.clock.now()).min(limits::POLL))
                }
                (Err(_), _) | (_, Err(_)) => limits::POLL,
            };
            // Without room it does not matter what is due; a run that ends is told.
            let pause = if self.live.room() == 0 { limits::POLL } else { pause };
            if pause.is_zero() {
                // Never a busy loop, should a pass leave a due source behind.
                tokio::time::sleep(Duration::from_millis(10)).await;
                return;
            }
            tokio::select! {
                // In this order always: a simulated day is the same each time.
                biased;
                () = &mut tick => return,
                () = self.live.changed() => return,
                () = self.ports.store.woken() => return,
                () = tokio::time::sleep(pause.max(Duration::from_millis(10))) => {}
            }
        }
    }

    async fn drain(&self, hard: impl Future<Output = ()>) {
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => return,
            () = hard => {}
            () = tokio::time::sleep(limits::DRAIN) => {}
        }
        self.stop.cancel();
        self.tasks.wait().await;
    }

    /// A task that is not a run: it is ended, not drained.
    #[expect(clippy::disallowed_methods, reason = "the tracker is for runs; this task is aborted by its caller")]
    #[expect(clippy::unused_self, reason = "belongs to the engine")]
    fn tasks_beside<F: Future<Output = ()> + Send + 'static>(&self, task: F) -> tokio::task::JoinHandle<()> {
        tokio::spawn(task)
    }
}
