//! The books: what was asked for and what was answered, per path.
//!
//! Owns: the counters and their snapshot. Must not know: why an answer was given. Called by the server (writes) and by
//! tests and benches, which assert on the snapshot.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// What one path was asked and has answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Requests whose head was read.
    pub requests: u64,
    /// Requests that carried `If-None-Match` or `If-Modified-Since`.
    pub conditional: u64,
    /// Answers with 2xx.
    pub ok: u64,
    /// Answers with 304.
    pub not_modified: u64,
    /// Answers with another 3xx.
    pub redirects: u64,
    /// Answers with 4xx.
    pub refused: u64,
    /// Answers with 5xx.
    pub failed: u64,
    /// Bytes of bodies handed to the socket.
    pub bytes: u64,
}

impl Account {
    fn zip(self, other: Self, with: fn(u64, u64) -> u64) -> Self {
        Self {
            requests: with(self.requests, other.requests),
            conditional: with(self.conditional, other.conditional),
            ok: with(self.ok, other.ok),
            not_modified: with(self.not_modified, other.not_modified),
            redirects: with(self.redirects, other.redirects),
            refused: with(self.refused, other.refused),
            failed: with(self.failed, other.failed),
            bytes: with(self.bytes, other.bytes),
        }
    }
}

/// A snapshot of the books.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// Every path the script knows, also those nobody asked for. Of a fault, the path's first part (`/status`).
    pub paths: BTreeMap<String, Account>,
    /// All paths that the script does not know, together.
    pub elsewhere: Account,
    /// Connections accepted.
    pub connections: u64,
    /// The most requests that were under way at one time.
    pub most_at_once: u64,
}

impl Books {
    /// The account of one path; empty when the script does not know it.
    #[must_use]
    pub fn path(&self, path: &str) -> Account {
        self.paths.get(path).copied().unwrap_or_default()
    }

    /// All paths together, unknown ones included.
    #[must_use]
    pub fn total(&self) -> Account {
        self.paths.values().fold(self.elsewhere, |sum, account| sum.zip(*account, u64::saturating_add))
    }

    /// What happened since an earlier snapshot. `most_at_once` is a maximum and stays as it is.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let paths = self
            .paths
            .iter()
            .map(|(path, account)| (path.clone(), account.zip(earlier.path(path), u64::saturating_sub)));
        Self {
            paths: paths.collect(),
            elsewhere: self.elsewhere.zip(earlier.elsewhere, u64::saturating_sub),
            connections: self.connections.saturating_sub(earlier.connections),
            most_at_once: self.most_at_once,
        }
    }
}

/// The counters of one path.
#[derive(Default)]
pub(crate) struct Tally {
    requests: AtomicU64,
    conditional: AtomicU64,
    ok: AtomicU64,
    not_modified: AtomicU64,
    redirects: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    bytes: AtomicU64,
}

impl Tally {
    /// A request came in; gives its number, the first is 1.
    pub(crate) fn asked(&self, conditional: bool) -> u64 {
        if conditional {
            self.conditional.fetch_add(1, Ordering::Relaxed);
        }
        self.requests.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn answered(&self, status: u16) {
        let counter = match status {
            304 => &self.not_modified,
            300..=399 => &self.redirects,
            400..=499 => &self.refused,
            500.. => &self.failed,
            _ => &self.ok,
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn read(&self) -> Account {
        let get = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Account {
            requests: get(&self.requests),
            conditional: get(&self.conditional),
            ok: get(&self.ok),
            not_modified: get(&self.not_modified),
            redirects: get(&self.redirects),
            refused: get(&self.refused),
            failed: get(&self.failed),
            bytes: get(&self.bytes),
        }
    }
}

/// The counters of all paths of a script; their number is fixed at the start.
pub(crate) struct Counters {
    paths: HashMap<String, Tally>,
    elsewhere: Tally,
    connections: AtomicU64,
    under_way: AtomicU64,
    most_at_once: AtomicU64,
}

/// One request under way; over when dropped, also when its connection died.
pub(crate) struct UnderWay<'a>(&'a AtomicU64);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    pub(crate) fn new(paths: impl IntoIterator<Item = String>) -> Self {
        Self {
            paths: paths.into_iter().map(|path| (path, Tally::default())).collect(),
            elsewhere: Tally::default(),
            connections: AtomicU64::new(0),
            under_way: AtomicU64::new(0),
            most_at_once: AtomicU64::new(0),
        }
    }

    pub(crate) fn of(&self, path: &str) -> &Tally {
        self.paths.get(path).unwrap_or(&self.elsewhere)
    }

    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn enter(&self) -> UnderWay<'_> {
        let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(now, Ordering::Relaxed);
        UnderWay(&self.under_way)
    }

    pub(crate) fn snapshot(&self) -> Books {
        Books {
            paths: self.paths.iter().map(|(path, tally)| (path.clone(), tally.read())).collect(),
            elsewhere: self.elsewhere.read(),
            connections: self.connections.load(Ordering::Relaxed),
            most_at_once: self.most_at_once.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counters;

    #[test]
    fn counts_by_path_and_class_and_since_a_snapshot() {
        let counters = Counters::new(["/a".to_owned()]);
        for (status, conditional) in [(200, false), (304, true), (301, false), (429, false), (503, false)] {
            counters.of("/a").asked(conditional);
            counters.of("/a").answered(status);
        }
        counters.of("/a").sent(12);
        let before = counters.snapshot();
        assert_eq!(counters.of("/nowhere").asked(false), 1);
        counters.of("/nowhere").answered(404);
        let account = before.path("/a");
        assert_eq!((account.requests, account.conditional, account.bytes), (5, 1, 12));
        assert_eq!([account.ok, account.not_modified, account.redirects, account.refused, account.failed], [1; 5]);
        let since = counters.snapshot().since(&before);
        assert_eq!((since.path("/a").requests, since.elsewhere.refused, since.total().requests), (0, 1, 1));
    }

    #[test]
    fn the_most_at_once_is_kept_after_they_are_over() {
        let counters = Counters::new([]);
        {
            let _first = counters.enter();
            let _second = counters.enter();
        }
        let _third = counters.enter();
        assert_eq!(counters.snapshot().most_at_once, 2);
    }
}
