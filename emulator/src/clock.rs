//! The emulator's time.
//!
//! Owns: the only place here that asks a clock, what was advanced by hand, and waiting for a moment. Must not know: what
//! happens at that moment. Called by the server, the driver and the handlers.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// Later by so many milliseconds.
    #[must_use]
    pub const fn after(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds since `earlier`; negative where it is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `2026-08-14T03:35:02.118Z`, as the API writes all times.
    #[must_use]
    pub fn iso(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S%.3fZ")
    }

    /// By the rules of `jiff::fmt::strtime`, in UTC.
    pub(crate) fn format(self, format: &str) -> String {
        self.timestamp().strftime(format).to_string()
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// An instant of RFC 3339.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(|timestamp| Self(timestamp.as_millisecond()))
    }
}

/// Whose clock moves the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// The machine's clock. Advancing by hand comes on top.
    Real,
    /// Moved only by hand, from here on: the same calls give the same answers.
    Virtual(Millis),
    /// Moved only by hand, from the machine's present on.
    VirtualNow,
}

/// A start, and the time since then.
pub(crate) struct Clock {
    begun: Millis,
    since: Option<Instant>,
    advanced_ms: AtomicI64,
    moved: watch::Sender<()>,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the clock of a fake platform is at the edge by nature")]
    pub(crate) fn start(begin: Begin) -> Self {
        let (begun, since) = match begin {
            Begin::Real => (Millis(Timestamp::now().as_millisecond()), Some(Instant::now())),
            Begin::Virtual(begun) => (begun, None),
            Begin::VirtualNow => (Millis(Timestamp::now().as_second() * 1_000), None),
        };
        Self { begun, since, advanced_ms: AtomicI64::new(0), moved: watch::Sender::new(()) }
    }

    pub(crate) fn begun(&self) -> Millis {
        self.begun
    }

    pub(crate) fn by_hand(&self) -> bool {
        self.since.is_none()
    }

    pub(crate) fn now(&self) -> Millis {
        let real = self.since.map_or(0, |since| i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX));
        self.begun.after(real).after(self.advanced_ms.load(Ordering::SeqCst))
    }

    /// Moves the time forward and wakes whoever waits.
    pub(crate) fn advance(&self, by: Duration) {
        self.advanced_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        self.stir();
    }

    /// Wakes whoever waits, to look again.
    pub(crate) fn stir(&self) {
        self.moved.send_replace(());
    }

    /// Told of every move from now on. Take it before looking at the time.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.moved.subscribe()
    }

    /// Until the moment, or until the time was moved or stirred: look again after it.
    pub(crate) async fn nap(&self, until: Option<Millis>, moved: &mut watch::Receiver<()>) {
        let left = until.filter(|_| !self.by_hand()).map(|until| until.since(self.now()).max(0));
        match left.and_then(|left| u64::try_from(left).ok()) {
            // A millisecond more, since the machine's timer may fire within the last one.
            Some(left) => tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left.saturating_add(1))) => {}
                _ = moved.changed() => {}
            },
            // The sender lives in this clock: it cannot be gone.
            None => drop(moved.changed().await),
        }
    }

    /// Until the moment has come.
    pub(crate) async fn until(&self, moment: Millis) {
        let mut moved = self.watch();
        while self.now() < moment {
            self.nap(Some(moment), &mut moved).await;
        }
    }
}
