//! The server's time: how long it has been running, as the feeds see it.
//!
//! Owns: the start, the real clock where it is wanted, and what was advanced by hand. The only place here that asks a
//! clock. Called by the server and the demo's feeds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Whose clock makes feeds grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The machine's clock; [`advance`](crate::FeedServer::advance) comes on top.
    Real,
    /// Only [`advance`](crate::FeedServer::advance), from 2026-11-01T06:00:00Z on: the same calls give the same bytes.
    ByHand,
}

/// A start, and the time since then.
pub(crate) struct Time {
    begun: Timestamp,
    since: Option<Instant>,
    advanced_ms: AtomicU64,
}

/// 2026-11-01T06:00:00Z, where time by hand begins.
const BY_HAND_BEGINS: Timestamp = Timestamp::constant(1_793_512_800, 0);

impl Time {
    /// Starts now; the start has whole seconds, as `Last-Modified` has (RFC 9110 section 5.6.7).
    #[expect(clippy::disallowed_methods, reason = "the clock of a fake platform is at the edge by nature")]
    pub(crate) fn start(pace: Pace) -> Self {
        let (begun, since) = match pace {
            Pace::Real => (Timestamp::now(), Some(Instant::now())),
            Pace::ByHand => (BY_HAND_BEGINS, None),
        };
        let begun = Timestamp::from_second(begun.as_second()).unwrap_or(BY_HAND_BEGINS);
        Self { begun, since, advanced_ms: AtomicU64::new(0) }
    }

    pub(crate) fn begun(&self) -> Timestamp {
        self.begun
    }

    /// Since the start, what was advanced by hand included.
    pub(crate) fn elapsed(&self) -> Duration {
        let real = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        real + Duration::from_millis(self.advanced_ms.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.advanced_ms.fetch_add(millis, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::{BY_HAND_BEGINS, Pace, Time};
    use std::time::Duration;

    #[test]
    fn by_hand_moves_only_by_hand() {
        let time = Time::start(Pace::ByHand);
        assert_eq!(BY_HAND_BEGINS.to_string(), "2026-11-01T06:00:00Z");
        assert_eq!(time.elapsed(), Duration::ZERO);
        time.advance(Duration::from_millis(1_500));
        time.advance(Duration::from_secs(2));
        assert_eq!(time.elapsed(), Duration::from_millis(3_500));
        assert_eq!(time.begun(), BY_HAND_BEGINS);
    }
}
