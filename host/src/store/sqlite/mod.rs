//! The store in one SQLite file.
//!
//! Owns: the file. Readers read snapshots, one writer writes, and one daemon at a time holds the lock. A file per group of
//! tables holds its SQL and the way between rows and domain values; the rules stay in the core, which is called from
//! inside the transactions. Put together by `cli`.

mod actor_run;
mod actor_runs;
mod alert;
mod claim;
mod commit;
mod dead;
mod dead_letters;
mod error;
mod extra;
mod follow;
mod follows;
mod gate;
mod item;
mod kept;
mod kept_pages;
mod ledger;
mod list;
mod lock;
mod open;
mod parked;
mod plugin_use;
mod pulse;
mod quarantine;
mod rate;
mod readers;
mod replay;
mod run;
mod schedule;
mod schema;
mod source;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
pub(crate) mod tamper;
#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests; their tasks are awaited")]
mod tests;
mod upkeep;
mod writer;

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tidegate_core::claim::{Claim, ClaimRequest, Generation, NotClaimed};
use tidegate_core::id::{DaemonId, RunId, SourceId, Tenant};
use tidegate_core::source::{NewSource, PausedBy, Source};
use tidegate_core::time::UtcMillis;
use tokio::sync::oneshot;

pub use open::OpenOptions;

use crate::ports::{
    Candidate, Commit, Committed, Created, ItemFilter, ItemRow, LedgerRow, RunFilter, RunRow, SkipCount, SkipRecord,
    SourceFilter, Store, StoreError, Stuck,
};
use error::File;
use readers::Readers;
use writer::{Work, Writer};

/// A database file, open.
pub struct SqliteStore {
    readers: Readers,
    /// `None`: opened to read only, or closed.
    writer: Mutex<Option<Writer>>,
    ended: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
    file: File,
    mode: Mode,
    /// The tenant after which shares go on.
    shared_to: Mutex<Option<Tenant>>,
}

/// What this process may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Everything: it holds the lock.
    Daemon,
    /// A person's wishes.
    Shared,
    /// Read.
    ReadOnly,
}

impl SqliteStore {
    fn writer(&self, doing: &'static str) -> Result<Writer, StoreError> {
        if self.mode == Mode::ReadOnly {
            let why = format!("{doing}: it was opened to read only");
            return Err(StoreError::ReadOnly { file: self.file.name().to_owned(), why });
        }
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        writer.ok_or_else(|| self.file.closed(doing))
    }

    async fn write<T: Send + 'static>(&self, doing: &'static str, work: Work<T>) -> Result<T, StoreError> {
        self.writer(doing)?.write(doing, work).await
    }

    /// A write that only the scheduler of the daemon makes.
    async fn schedule<T: Send + 'static>(&self, doing: &'static str, work: Work<T>) -> Result<T, StoreError> {
        if self.mode == Mode::Shared {
            return Err(self.file.refuse(doing, "only the daemon does this; the database was opened beside it"));
        }
        self.write(doing, work).await
    }

    async fn read<T: Send>(&self, doing: &'static str, work: Work<T>) -> Result<T, StoreError> {
        self.readers.read(doing, work).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_source(&self, new: NewSource, bootstrap: RunId, now: UtcMillis) -> Result<Created, StoreError> {
        let work: Work<_> = Box::new(move |conn| Box::pin(source::create(conn, new, bootstrap, now)));
        self.write("create a source", work).await
    }

    async fn source(&self, id: SourceId) -> Result<Option<Source>, StoreError> {
        self.read("read a source", Box::new(move |conn| Box::pin(source::one(conn, id)))).await
    }

    async fn sources(&self, filter: &SourceFilter) -> Result<Vec<Source>, StoreError> {
        let filter = filter.clone();
        self.read("list sources", Box::new(move |conn| Box::pin(list::sources(conn, filter)))).await
    }

    async fn pause(
        &self,
        id: SourceId,
        by: PausedBy,
        reason: &str,
        now: UtcMillis,
    ) -> Result<Option<Source>, StoreError> {
        let reason = reason.to_owned();
        self.write("pause a source", Box::new(move |conn| Box::pin(source::pause(conn, id, by, reason, now)))).await
    }

    async fn resume(&self, id: SourceId, now: UtcMillis) -> Result<Option<Source>, StoreError> {
        self.write("resume a source", Box::new(move |conn| Box::pin(source::resume(conn, id, now)))).await
    }

    async fn remove(&self, id: SourceId) -> Result<Option<Source>, StoreError> {
        self.write("remove a source", Box::new(move |conn| Box::pin(source::remove(conn, id)))).await
    }

    async fn candidates(&self, now: UtcMillis, limit: usize) -> Result<Vec<Candidate>, StoreError> {
        let after = self.shared_to.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let work: Work<_> = Box::new(move |conn| Box::pin(schedule::candidates(conn, after, now, limit)));
        let (found, last) = self.read("look for due sources", work).await?;
        *self.shared_to.lock().unwrap_or_else(PoisonError::into_inner) = last;
        Ok(found)
    }

    async fn next_due(&self) -> Result<Option<UtcMillis>, StoreError> {
        self.read("look for the next due source", Box::new(move |conn| Box::pin(schedule::next_due(conn)))).await
    }

    async fn skip(&self, skips: Vec<SkipRecord>, now: UtcMillis) -> Result<(), StoreError> {
        if skips.is_empty() {
            return Ok(());
        }
        self.schedule("note skips", Box::new(move |conn| Box::pin(schedule::skip(conn, skips, now)))).await
    }

    async fn look_again(&self) -> Result<(), StoreError> {
        self.schedule("look at all sources again", Box::new(|conn| Box::pin(source::unpark(conn)))).await
    }

    async fn claim(
        &self,
        requests: Vec<ClaimRequest>,
        now: UtcMillis,
    ) -> Result<Vec<Result<Claim, NotClaimed>>, StoreError> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        self.schedule("claim sources", Box::new(move |conn| Box::pin(claim::claim(conn, requests, now)))).await
    }

    async fn heartbeat(
        &self,
        runs: Vec<(RunId, Generation)>,
        lease_until: UtcMillis,
    ) -> Result<Vec<RunId>, StoreError> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        self.schedule("prolong leases", Box::new(move |conn| Box::pin(claim::heartbeat(conn, runs, lease_until)))).await
    }

    async fn stuck(&self, me: DaemonId, now: UtcMillis, limit: usize) -> Result<Vec<Stuck>, StoreError> {
        self.read("look for stuck runs", Box::new(move |conn| Box::pin(claim::stuck(conn, me, now, limit)))).await
    }

    async fn requeue(
        &self,
        run: RunId,
        generation: Generation,
        attempted: bool,
        at: UtcMillis,
        now: UtcMillis,
    ) -> Result<bool, StoreError> {
        let work: Work<_> = Box::new(move |conn| Box::pin(claim::requeue(conn, run, generation, attempted, at, now)));
        self.schedule("give a claim up", work).await
    }

    async fn commit(&self, commit: Commit, now: UtcMillis) -> Result<Committed, StoreError> {
        self.schedule("commit a run", Box::new(move |conn| Box::pin(commit::commit(conn, commit, now)))).await
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRow>, StoreError> {
        self.read("read a run", Box::new(move |conn| Box::pin(run::one(conn, id)))).await
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
        let filter = filter.clone();
        self.read("list runs", Box::new(move |conn| Box::pin(list::runs(conn, filter)))).await
    }

    async fn items(&self, filter: &ItemFilter) -> Result<Vec<ItemRow>, StoreError> {
        let filter = filter.clone();
        self.read("list items", Box::new(move |conn| Box::pin(list::items(conn, filter)))).await
    }

    async fn ledger(&self, now: UtcMillis) -> Result<Vec<LedgerRow>, StoreError> {
        self.read("read the ledger", Box::new(move |conn| Box::pin(ledger::open_windows(conn, now)))).await
    }

    async fn skips(&self, now: UtcMillis) -> Result<Vec<SkipCount>, StoreError> {
        self.read("read the skips", Box::new(move |conn| Box::pin(schedule::skips(conn, now)))).await
    }

    async fn last_skip(&self, id: SourceId) -> Result<Option<(UtcMillis, String)>, StoreError> {
        self.read("read a source's last skip", Box::new(move |conn| Box::pin(schedule::last_skip(conn, id)))).await
    }

    async fn expire(&self, now: UtcMillis, limit: usize) -> Result<u64, StoreError> {
        self.schedule("delete what is kept too long", Box::new(move |conn| Box::pin(upkeep::expire(conn, now, limit))))
            .await
    }

    async fn check(&self) -> Result<Vec<String>, StoreError> {
        self.read("check the database", Box::new(|conn| Box::pin(upkeep::check(conn)))).await
    }

    async fn close(&self) {
        // Readers first: the last connection to close folds the log into the database.
        self.readers.close().await;
        drop(self.writer.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(ended) = self.ended.lock().await.take()
            && ended.await.is_err()
        {
            tracing::error!(file = self.file.name(), "the writer broke down; what it had answered is written");
        }
    }
}
