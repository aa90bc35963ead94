//! The store in memory.
//!
//! Owns: everything, for as long as the process lives, behind one lock; no method awaits while it holds it, so each is whole
//! or nothing. For `tidegate simulate` and for tests that need no file; never for `serve`: what is in memory does not
//! survive, and paid work must. Must not know: rules, which are asked of the core in the same places as in a database. Put
//! together by `cli`.
//!
//! Sources that are due, leases and waiting runs stand in ordered indexes: a claim costs the logarithm of what there is.
//! Ended runs are forgotten beyond [`Keep::ended_runs`], a source's items beyond [`Keep::items_of_source`], oldest
//! first. Several daemons may share one [`Memory`].

mod actor;
mod actor_runs;
mod alert;
mod claim;
mod commit;
mod dead;
mod dead_letters;
mod extra;
mod follow;
mod follows;
mod gate;
mod item;
mod kept;
mod ledger;
mod plugin_use;
mod quarantine;
mod rate;
mod source;
mod tables;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests; their tasks are awaited")]
mod tests;
mod upkeep;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tidegate_core::claim::{Claim, ClaimRequest, Generation, NotClaimed};
use tidegate_core::id::{DaemonId, RunId, SourceId};
use tidegate_core::limits;
use tidegate_core::source::{NewSource, PausedBy, Source};
use tidegate_core::time::UtcMillis;

use crate::ports::{
    Candidate, Commit, Committed, Created, ItemFilter, ItemRow, LedgerRow, RunFilter, RunRow, SkipCount, SkipRecord,
    SourceFilter, Store, StoreError, Stuck,
};
use tables::Tables;

/// How much is kept of what has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Ended runs in all. One whose cost is not final is kept beyond it.
    pub ended_runs: usize,
    /// Items of one source. One that is forgotten counts as new when it comes again.
    pub items_of_source: usize,
}

impl Default for Keep {
    fn default() -> Self {
        Self { ended_runs: limits::MEMORY_RUNS, items_of_source: limits::MEMORY_ITEMS }
    }
}

/// A database that lives in memory, for as many stores as open it.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Tables>>);

impl Memory {
    /// An empty one.
    #[must_use]
    pub fn new(keep: Keep) -> Self {
        Self(Arc::new(Mutex::new(Tables { keep, ..Tables::default() })))
    }

    /// Opens it. As when a database is opened, every source that was put off is looked at again.
    #[must_use]
    pub fn open(&self) -> MemoryStore {
        self.tables().unpark();
        MemoryStore { memory: self.clone(), closed: AtomicBool::new(false) }
    }

    /// What a run of a source stored that began at `began`, and for whom.
    #[must_use]
    pub fn arrived(&self, source: SourceId, began: UtcMillis) -> Arrived {
        self.tables().arrived(source, began)
    }

    /// A panic in the middle of a change is a bug of this room; a test that goes on finds it by [`Store::check`].
    fn tables(&self) -> std::sync::MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a run has stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Active followers of the source.
    pub followers: Option<u32>,
    /// Publication and arrival of each item that is dated and was published while the source had active followers.
    pub items: Vec<(UtcMillis, UtcMillis)>,
}

/// A [`Memory`], open.
pub struct MemoryStore {
    memory: Memory,
    closed: AtomicBool,
}

impl MemoryStore {
    fn with<T>(&self, doing: &'static str, work: impl FnOnce(&mut Tables) -> T) -> Result<T, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed { doing: doing.to_owned() });
        }
        Ok(work(&mut self.memory.tables()))
    }

    /// Work that may find that it was asked for something no store does.
    fn trying<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Tables) -> Result<T, String>,
    ) -> Result<T, StoreError> {
        let refused = |why: String| StoreError::Database { doing: doing.to_owned(), cause: why.into() };
        self.with(doing, work)?.map_err(refused)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create_source(&self, new: NewSource, bootstrap: RunId, now: UtcMillis) -> Result<Created, StoreError> {
        self.with("create a source", |tables| tables.create(new, bootstrap, now))
    }

    async fn source(&self, id: SourceId) -> Result<Option<Source>, StoreError> {
        self.with("read a source", |tables| tables.sources.get(&id).map(|entry| entry.source.clone()))
    }

    async fn sources(&self, filter: &SourceFilter) -> Result<Vec<Source>, StoreError> {
        self.with("list sources", |tables| tables.list_sources(filter))
    }

    async fn pause(
        &self,
        id: SourceId,
        by: PausedBy,
        reason: &str,
        now: UtcMillis,
    ) -> Result<Option<Source>, StoreError> {
        self.with("pause a source", |tables| tables.pause(id, by, reason.to_owned(), now))
    }

    async fn resume(&self, id: SourceId, now: UtcMillis) -> Result<Option<Source>, StoreError> {
        self.with("resume a source", |tables| tables.resume(id, now))
    }

    async fn remove(&self, id: SourceId) -> Result<Option<Source>, StoreError> {
        self.with("remove a source", |tables| tables.remove(id))
    }

    async fn candidates(&self, now: UtcMillis, limit: usize) -> Result<Vec<Candidate>, StoreError> {
        self.with("look for due sources", |tables| tables.candidates(now, limit))
    }

    async fn next_due(&self) -> Result<Option<UtcMillis>, StoreError> {
        self.with("look for the next due source", |tables| tables.due.first().map(|(at, ..)| *at))
    }

    async fn skip(&self, skips: Vec<SkipRecord>, now: UtcMillis) -> Result<(), StoreError> {
        self.with("note skips", |tables| tables.skip(skips, now))
    }

    async fn look_again(&self) -> Result<(), StoreError> {
        self.with("look at all sources again", Tables::unpark)
    }

    async fn claim(
        &self,
        requests: Vec<ClaimRequest>,
        now: UtcMillis,
    ) -> Result<Vec<Result<Claim, NotClaimed>>, StoreError> {
        self.with("claim sources", |tables| tables.claim(&requests, now))
    }

    async fn heartbeat(
        &self,
        runs: Vec<(RunId, Generation)>,
        lease_until: UtcMillis,
    ) -> Result<Vec<RunId>, StoreError> {
        self.with("prolong leases", |tables| tables.heartbeat(runs, lease_until))
    }

    async fn stuck(&self, _me: DaemonId, now: UtcMillis, limit: usize) -> Result<Vec<Stuck>, StoreError> {
        self.with("look for stuck runs", |tables| tables.stuck(now, limit))
    }

    async fn requeue(
        &self,
        run: RunId,
        generation: Generation,
        attempted: bool,
        at: UtcMillis,
        now: UtcMillis,
    ) -> Result<bool, StoreError> {
        self.with("give a claim up", |tables| tables.requeue(run, generation, attempted, at, now))
    }

    async fn commit(&self, commit: Commit, now: UtcMillis) -> Result<Committed, StoreError> {
        self.trying("commit a run", |tables| tables.commit(commit, now))
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRow>, StoreError> {
        self.with("read a run", |tables| tables.runs.get(&id).map(|run| run.row.clone()))
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
        self.with("list runs", |tables| tables.list_runs(filter))
    }

    async fn items(&self, filter: &ItemFilter) -> Result<Vec<ItemRow>, StoreError> {
        self.with("list items", |tables| tables.list_items(filter))
    }

    async fn ledger(&self, now: UtcMillis) -> Result<Vec<LedgerRow>, StoreError> {
        self.with("read the ledger", |tables| tables.open_windows(now))
    }

    async fn skips(&self, now: UtcMillis) -> Result<Vec<SkipCount>, StoreError> {
        self.with("read the skips", |tables| tables.skip_counts(now))
    }

    async fn last_skip(&self, id: SourceId) -> Result<Option<(UtcMillis, String)>, StoreError> {
        self.with("read a source's last skip", |tables| tables.sources.get(&id)?.skipped.clone())
    }

    async fn expire(&self, now: UtcMillis, limit: usize) -> Result<u64, StoreError> {
        self.with("delete what is kept too long", |tables| tables.expire(now, limit))
    }

    async fn check(&self) -> Result<Vec<String>, StoreError> {
        self.with("check the database", |tables| tables.problems())
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}
