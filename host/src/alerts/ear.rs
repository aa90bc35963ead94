//! Where events come in.
//!
//! Owns: a bounded queue between the engine and the desk. Must not know: what is done about an event.

use std::sync::atomic::{AtomicU64, Ordering};

use tidegate_core::limits;
use tokio::sync::mpsc;

use super::signal::{Signal, signals};
use crate::ports::{Event, Observer};

/// Told of every event; quick, and never waits.
pub struct Ear {
    to: mpsc::Sender<Signal>,
    dropped: AtomicU64,
}

/// What the ear has heard, for the desk.
pub struct Inbox(pub(super) mpsc::Receiver<Signal>);

/// An ear, and where it leads.
#[must_use]
pub fn ear() -> (Ear, Inbox) {
    let (to, from) = mpsc::channel(limits::ALERT_INBOX);
    (Ear { to, dropped: AtomicU64::new(0) }, Inbox(from))
}

impl Observer for Ear {
    fn see(&self, event: &Event) {
        for signal in signals(event) {
            if self.to.try_send(signal).is_err() {
                let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
                // Rarer and rarer: what overflows a queue would overflow the log too.
                if dropped.is_power_of_two() {
                    tracing::warn!(dropped, "alerts cannot keep up: {dropped} events were not judged until now");
                }
            }
        }
    }
}
