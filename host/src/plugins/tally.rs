//! What plugins are asked for and what it takes, counted.
//!
//! Owns: the counters of each component, and taking what they hold. Must not know: who wants to know. Counted by
//! [`super::plugin`] around every call; taken by the engine, through its plugin port. A call that tries a component while it is
//! loaded does not count.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::digest::Digest;
use super::fault::FaultKind;
use crate::ports::Used;

/// Counters of one component, whichever file it came from.
#[derive(Debug, Default)]
pub(super) struct Tally {
    version: String,
    calls: AtomicU64,
    cpu_nanos: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    items: AtomicU64,
    faults: Mutex<BTreeMap<&'static str, u64>>,
}

impl Tally {
    /// A call was made with so many bytes of pages and settings.
    pub(super) fn asked(&self, bytes: usize) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.bytes_in.fetch_add(number(bytes), Ordering::Relaxed);
    }

    /// It took so much CPU time, whatever came of it.
    pub(super) fn took(&self, cpu: Duration) {
        self.cpu_nanos.fetch_add(u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// It gave so many bytes of text, and so many items.
    pub(super) fn gave(&self, bytes: usize, items: usize) {
        self.bytes_out.fetch_add(number(bytes), Ordering::Relaxed);
        self.items.fetch_add(number(items), Ordering::Relaxed);
    }

    /// It gave nothing but a fault.
    pub(super) fn faulted(&self, kind: &FaultKind) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        *faults.entry(kind.word()).or_default() += 1;
    }

    /// What was counted since it was last taken. `None`: nothing.
    fn take(&self, plugin: &str, digest: Digest) -> Option<Used> {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        let faults = core::mem::take(&mut *self.faults.lock().unwrap_or_else(PoisonError::into_inner));
        let used = Used {
            plugin: plugin.to_owned(),
            digest: digest.to_string(),
            version: self.version.clone(),
            calls: take(&self.calls),
            cpu: Duration::from_nanos(take(&self.cpu_nanos)),
            bytes_in: take(&self.bytes_in),
            bytes_out: take(&self.bytes_out),
            items: take(&self.items),
            faults: faults.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect(),
        };
        (used.calls > 0 || !used.faults.is_empty() || !used.cpu.is_zero()).then_some(used)
    }
}

/// Counters of all components of a room, by name and digest.
#[derive(Debug, Default)]
pub(super) struct Tallies(Mutex<BTreeMap<(String, Digest), Arc<Tally>>>);

impl Tallies {
    /// The counters of a component: the same ones however often it is loaded.
    pub(super) fn of(&self, plugin: &str, version: &str, digest: Digest) -> Arc<Tally> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Tally { version: version.to_owned(), ..Tally::default() });
        Arc::clone(all.entry((plugin.to_owned(), digest)).or_insert_with(new))
    }

    /// What was counted since this was last asked. Components that are gone are forgotten when nothing is left to tell.
    pub(super) fn take(&self) -> Vec<Used> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = all.iter().filter_map(|((plugin, digest), tally)| tally.take(plugin, *digest)).collect();
        // Whoever counts holds a share: what is counted after this is told next time.
        all.retain(|_, tally| Arc::strong_count(tally) > 1);
        used
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_taken_once_and_what_is_gone_is_forgotten() {
        let (tallies, digest) = (Tallies::default(), Digest::of(b"one"));
        let one = tallies.of("rss", "0.1.0", digest);
        one.asked(10);
        tallies.of("rss", "0.1.0", digest).asked(5);
        one.took(Duration::from_millis(3));
        one.gave(7, 2);
        one.faulted(&FaultKind::Stack { limit: 1 });
        let used = tallies.take().pop().unwrap();
        assert_eq!((used.calls, used.bytes_in, used.bytes_out, used.items), (2, 15, 7, 2));
        assert_eq!((used.cpu, used.faults["stack"]), (Duration::from_millis(3), 1));
        assert_eq!(tallies.take(), []);
        one.asked(1);
        drop(one);
        assert_eq!(tallies.take().len(), 1, "the last call of a plugin that is gone is told");
        assert!(tallies.0.lock().unwrap().is_empty());
    }
}
