//! The store in a PostgreSQL database, which any number of daemons share.
//!
//! Owns: the connections. Each piece of work is a transaction in a task of its own; commits are gathered and written many at a
//! time. Locks are taken in one order everywhere: gates, sources by id, runs, then windows of the ledger; the decision record
//! 0009 says why. A file per group of tables holds its SQL; the way from rows to domain values is `rows`', the rules stay in
//! the core, which is called from inside the transactions. Put together by `cli`.

mod actor_run;
mod actor_runs;
mod alert;
mod cell;
mod claim;
mod commit;
mod committer;
mod dead;
mod dead_letters;
mod end;
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
mod open;
mod parked;
mod plugin_use;
mod pool;
mod pulse;
mod quarantine;
mod rate;
mod replay;
mod schedule;
mod schema;
mod source;
#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests; their tasks are awaited")]
mod tests;
mod upkeep;
mod wake;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use tidegate_core::claim::{Claim, ClaimRequest, Generation, NotClaimed};
use tidegate_core::id::{DaemonId, RunId, SourceId};
use tidegate_core::source::{NewSource, PausedBy, Source};
use tidegate_core::time::UtcMillis;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ports::{
    Candidate, Commit, Committed, Created, ItemFilter, ItemRow, LedgerRow, RunFilter, RunRow, SkipCount, SkipRecord,
    SourceFilter, Store, StoreError, Stuck,
};
use committer::Committer;
use pool::{Manner, Pool, Work};
use schedule::Floor;

/// A database, open.
pub struct PostgresStore {
    pool: Pool,
    /// `None`: closed.
    committer: Mutex<Option<Committer>>,
    /// Where this daemon's next look for due sources begins.
    floor: Mutex<Floor>,
    /// Hears of what other processes have made due.
    told: Arc<Notify>,
    ending: CancellationToken,
    options: PgConnectOptions,
    tasks: TaskTracker,
}

impl PostgresStore {
    fn committer(&self, doing: &str) -> Result<Committer, StoreError> {
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        committer.ok_or_else(|| self.pool.server().closed(doing))
    }

    fn floor(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read<T: Send + 'static>(&self, doing: &'static str, work: Work<T>) -> Result<T, StoreError> {
        self.pool.run(Manner::Read, doing, work).await
    }

    async fn write<T: Send + 'static>(&self, doing: &'static str, work: Work<T>) -> Result<T, StoreError> {
        self.pool.run(Manner::Write, doing, work).await
    }

    async fn long<T: Send + 'static>(&self, doing: &'static str, work: Work<T>) -> Result<T, StoreError> {
        self.pool.run(Manner::Long, doing, work).await
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // Nobody listens any more; what is under way goes on to its end.
        self.ending.cancel();
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn create_source(&self, new: NewSource, bootstrap: RunId, now: UtcMillis) -> Result<Created, StoreError> {
        let work: Work<_> = Box::new(move |conn| {
            Box::pin(async move {
                let created = source::create(conn, new, bootstrap, now).await?;
                if matches!(created, Created::New(_)) {
                    wake::tell(conn).await?;
                }
                Ok(created)
            })
        });
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
        let work: Work<_> = Box::new(move |conn| {
            Box::pin(async move {
                wake::tell(conn).await?;
                source::resume(conn, id, now).await
            })
        });
        self.write("resume a source", work).await
    }

    async fn remove(&self, id: SourceId) -> Result<Option<Source>, StoreError> {
        self.long("remove a source", Box::new(move |conn| Box::pin(source::remove(conn, id)))).await
    }

    async fn candidates(&self, now: UtcMillis, limit: usize) -> Result<Vec<Candidate>, StoreError> {
        let floor = self.floor().clone();
        let work: Work<_> = Box::new(move |conn| Box::pin(schedule::candidates(conn, floor, now, limit)));
        let (found, floor) = self.read("look for due sources", work).await?;
        *self.floor() = floor;
        Ok(found)
    }

    async fn next_due(&self) -> Result<Option<UtcMillis>, StoreError> {
        self.read("look for the next due source", Box::new(move |conn| Box::pin(schedule::next_due(conn)))).await
    }

    async fn skip(&self, skips: Vec<SkipRecord>, now: UtcMillis) -> Result<(), StoreError> {
        if skips.is_empty() {
            return Ok(());
        }
        self.write("note skips", Box::new(move |conn| Box::pin(schedule::skip(conn, skips, now)))).await
    }

    async fn look_again(&self) -> Result<(), StoreError> {
        self.unpark().await
    }

    async fn claim(
        &self,
        requests: Vec<ClaimRequest>,
        now: UtcMillis,
    ) -> Result<Vec<Result<Claim, NotClaimed>>, StoreError> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        self.write("claim sources", Box::new(move |conn| Box::pin(claim::claim(conn, requests, now)))).await
    }

    async fn heartbeat(
        &self,
        runs: Vec<(RunId, Generation)>,
        lease_until: UtcMillis,
    ) -> Result<Vec<RunId>, StoreError> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        // What was handed in before counts: a run that is being ended is not prolonged.
        self.committer("prolong leases")?.flush().await?;
        self.write("prolong leases", Box::new(move |conn| Box::pin(claim::heartbeat(conn, runs, lease_until)))).await
    }

    async fn stuck(&self, _me: DaemonId, now: UtcMillis, limit: usize) -> Result<Vec<Stuck>, StoreError> {
        self.read("look for stuck runs", Box::new(move |conn| Box::pin(claim::stuck(conn, now, limit)))).await
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
        self.write("give a claim up", work).await
    }

    async fn commit(&self, commit: Commit, now: UtcMillis) -> Result<Committed, StoreError> {
        self.committer("commit a run")?.commit((commit, now)).await
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRow>, StoreError> {
        self.read("read a run", Box::new(move |conn| Box::pin(list::run(conn, id)))).await
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
        self.write("delete what is kept too long", Box::new(move |conn| Box::pin(upkeep::expire(conn, now, limit))))
            .await
    }

    async fn check(&self) -> Result<Vec<String>, StoreError> {
        self.long("check the database", Box::new(|conn| Box::pin(upkeep::check(conn)))).await
    }

    async fn woken(&self) {
        self.told.notified().await;
    }

    async fn close(&self) {
        self.ending.cancel();
        drop(self.committer.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.tasks.close();
        self.tasks.wait().await;
        self.pool.close().await;
    }
}
