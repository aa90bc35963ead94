//! The CPU time of one call.
//!
//! Owns: counting what the calling thread has spent while it polled the call. Must not know: what is called. A call
//! that waits (for a core, for its turn on the runtime) is not charged, so a busy machine makes calls slow, not faulty.

use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};

/// Shared by the future that polls a call and the beat that looks after its deadline, which run on one thread.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Nanoseconds of all polls that have ended.
    spent: AtomicU64,
    /// What the thread's clock showed when the current poll began.
    began: AtomicU64,
    /// Whether the beat has ended the current poll.
    yielded: AtomicBool,
    /// Whether the last poll ended because the call waits for something.
    asleep: AtomicBool,
}

impl Meter {
    /// Charges what `future` costs to this meter.
    pub(super) fn measure<F: Future>(self: &Arc<Self>, future: F) -> Measured<F> {
        Measured { meter: Arc::clone(self), future: Box::pin(future) }
    }

    /// CPU time up to now; only within the call.
    pub(super) fn so_far(&self) -> Duration {
        let poll = thread_nanos().saturating_sub(self.began.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent.load(Ordering::Relaxed).saturating_add(poll))
    }

    /// The beat has taken the call's turn from it: it does not wait, it works.
    pub(super) fn takes_turn(&self) {
        self.yielded.store(true, Ordering::Relaxed);
    }

    /// Whether the call waits for something of its own, and not for a core.
    pub(super) fn is_asleep(&self) -> bool {
        self.asleep.load(Ordering::Relaxed)
    }

    /// CPU time of all polls that have ended.
    pub(super) fn total(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Ordering::Relaxed))
    }
}

/// CPU time of this thread in nanoseconds.
fn thread_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// A future whose polls are charged to a meter.
pub(super) struct Measured<F> {
    meter: Arc<Meter>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Measured<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let began = thread_nanos();
        self.meter.began.store(began, Ordering::Relaxed);
        self.meter.yielded.store(false, Ordering::Relaxed);
        let poll = self.future.as_mut().poll(cx);
        self.meter.asleep.store(poll.is_pending() && !self.meter.yielded.load(Ordering::Relaxed), Ordering::Relaxed);
        self.meter.spent.fetch_add(thread_nanos().saturating_sub(began), Ordering::Relaxed);
        poll
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_poll_is_charged() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let meter = Arc::new(Meter::default());
        let inner = Arc::clone(&meter);
        let within = runtime.block_on(meter.measure(async move {
            let mut marks = Vec::new();
            for _ in 0..3 {
                // Works until the clock of the thread has moved on.
                let before = inner.so_far();
                while inner.so_far() == before {}
                marks.push(inner.so_far());
                tokio::task::yield_now().await;
            }
            marks
        }));
        assert!(within.is_sorted_by(|a, b| a < b), "{within:?}");
        assert!(meter.total() >= *within.last().unwrap());
    }
}
