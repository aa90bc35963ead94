//! How far a request is while the client works on it.
//!
//! Owns: telling "still connecting" from "waiting for the header", which the HTTP client shows as one wait. Must not
//! know: either of them. Set around a request by the fetch, noted by `connect`.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

tokio::task_local! {
    static CURRENT: Arc<Progress>;
}

/// Progress of one request.
#[derive(Default)]
pub(super) struct Progress {
    connecting: AtomicBool,
    changed: Notify,
}

/// While it lives, the request is connecting.
pub(super) struct Connecting<'a>(&'a Progress);

impl Progress {
    /// That of the request this code runs for.
    pub(super) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    pub(super) fn connecting(&self) -> Connecting<'_> {
        self.connecting.store(true, Ordering::Relaxed);
        self.changed.notify_one();
        Connecting(self)
    }
}

impl Drop for Connecting<'_> {
    fn drop(&mut self) {
        self.0.connecting.store(false, Ordering::Relaxed);
        self.0.changed.notify_one();
    }
}

/// The header was not there in time.
pub(super) struct TooSlow;

/// Waits for `answer`, at most `header` from the moment there is a connection. Connecting is limited by the client;
/// `connecting` is only the end for a connection that another request has taken over.
pub(super) async fn header_within<F: Future>(
    header: Duration,
    connecting: Duration,
    answer: F,
) -> Result<F::Output, TooSlow> {
    let progress = Arc::new(Progress::default());
    let mut answer = pin!(CURRENT.scope(Arc::clone(&progress), answer));
    let mut timer = pin!(sleep(header));
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return Ok(answer),
            () = progress.changed.notified() => {
                let connecting_now = progress.connecting.load(Ordering::Relaxed);
                timer.set(sleep(if connecting_now { connecting.saturating_add(header) } else { header }));
            }
            () = &mut timer => return Err(TooSlow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Connects for so long, then answers after so long.
    async fn answer(connect: Duration, header: Duration) -> &'static str {
        let progress = Progress::current();
        let connecting = progress.as_deref().map(Progress::connecting);
        sleep(connect).await;
        drop(connecting);
        sleep(header).await;
        "answer"
    }

    #[tokio::test(start_paused = true)]
    async fn connecting_does_not_count_for_the_header() {
        for (connect, header, in_time) in [(0, 1, true), (8, 1, true), (8, 3, false), (0, 3, false), (40, 0, false)] {
            let waited = header_within(2 * SECOND, 10 * SECOND, answer(connect * SECOND, header * SECOND)).await;
            assert_eq!(waited.is_ok(), in_time, "{connect} {header}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_kept_connection_counts_from_the_start() {
        assert!(header_within(2 * SECOND, 10 * SECOND, sleep(SECOND)).await.is_ok());
        assert!(header_within(2 * SECOND, 10 * SECOND, sleep(3 * SECOND)).await.is_err());
    }
}
