//! The store as the engine and the CLI see it.
//!
//! Two rules hold for every implementation, and the conformance suite checks them on each. A method either does all it
//! says or nothing: it is one transaction. And whoever calls passes `now` and the ids; a store has neither clock nor dice.
//! Absence is `Ok(None)`, never an error.

use async_trait::async_trait;
use tidegate_core::claim::{Claim, ClaimRequest, Generation, NotClaimed};
use tidegate_core::id::{DaemonId, RunId, SourceId};
use tidegate_core::source::{NewSource, PausedBy, Source};
use tidegate_core::time::UtcMillis;

use super::rows::{
    Candidate, Commit, Committed, Created, ItemFilter, ItemRow, LedgerRow, RunFilter, RunRow, SkipCount, SkipRecord,
    SourceFilter, Stuck,
};

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or broke.
    #[error("{doing}: {cause}")]
    Database {
        /// What was attempted, on what.
        doing: String,
        /// What the driver said.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A row says what no row may say.
    #[error("table {table}, column {column}, row {row}: {why}")]
    BadRow {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Which row.
        row: String,
        /// What is wrong with it.
        why: String,
    },
    /// Another daemon has the database open.
    #[error("{file} is in use by another tidegate (process {pid}); one daemon at a time may open a SQLite file")]
    InUse {
        /// The file.
        file: String,
        /// Its holder.
        pid: String,
    },
    /// The database was written by a newer version.
    #[error(
        "{file} has schema version {found}, this tidegate knows up to {known}; use the newer version that wrote it"
    )]
    TooNew {
        /// The file or database.
        file: String,
        /// Its version.
        found: i64,
        /// Our version.
        known: i64,
    },
    /// The database was written by an older version, and others may be working with it.
    #[error(
        "{database} has schema version {found}, this tidegate needs {known}; `tidegate migrate` brings it up to date"
    )]
    OldSchema {
        /// The database.
        database: String,
        /// Its version.
        found: i64,
        /// Our version.
        known: i64,
    },
    /// The disk is full. Nothing was written.
    #[error("{doing}: the disk that holds {file} is full; nothing was written")]
    DiskFull {
        /// What was attempted.
        doing: String,
        /// The file.
        file: String,
    },
    /// The file or its folder cannot be written.
    #[error("{file} cannot be written: {why}")]
    ReadOnly {
        /// The file.
        file: String,
        /// What the system said.
        why: String,
    },
    /// The store is closing; nothing was written.
    #[error("{doing}: the store is closing")]
    Closed {
        /// What was attempted.
        doing: String,
    },
}

/// The store.
#[async_trait]
pub trait Store:
    super::ActorRuns
    + super::AlertRows
    + super::DeadLetters
    + super::Follows
    + super::Hosts
    + super::KeptPages
    + super::PluginUse
    + super::Pulses
    + super::Quarantines
{
    // ---- sources ----

    /// Creates a source and queues its bootstrap run, or finds the one with the same tenant, profile and identifier.
    /// `bootstrap` is the id of the run. That there is one bootstrap run for each source, ever, is a unique index.
    async fn create_source(&self, new: NewSource, bootstrap: RunId, now: UtcMillis) -> Result<Created, StoreError>;

    /// The source of that id.
    async fn source(&self, id: SourceId) -> Result<Option<Source>, StoreError>;

    /// Sources in the order of their ids.
    async fn sources(&self, filter: &SourceFilter) -> Result<Vec<Source>, StoreError>;

    /// Pauses a source; a run under way goes on to its end. Already paused: unchanged.
    async fn pause(
        &self,
        id: SourceId,
        by: PausedBy,
        reason: &str,
        now: UtcMillis,
    ) -> Result<Option<Source>, StoreError>;

    /// Makes a paused, invalid or inactive source active again, its failures forgotten, due at `now`. If its bootstrap run
    /// is still queued that one is what is due; if it never had one (it was created inactive) `next_run` says `bootstrap`,
    /// and the claim makes it. An active source that was put off by a skip is looked at again.
    async fn resume(&self, id: SourceId, now: UtcMillis) -> Result<Option<Source>, StoreError>;

    /// Deletes a source with its items, pages and runs. The ledger keeps what was spent; a live run counts as spent, and
    /// its commits are stale from now on.
    async fn remove(&self, id: SourceId) -> Result<Option<Source>, StoreError>;

    // ---- the scheduler's passes ----

    /// Sources that may be due at `now`, longest due first: active, without a live run, with `next_run` or a queued run
    /// whose time has come. Where there are more than `limit`, every tenant gets its share of them, and tenants that got none
    /// this time get theirs next time.
    async fn candidates(&self, now: UtcMillis, limit: usize) -> Result<Vec<Candidate>, StoreError>;

    /// The earliest time at which a source is a candidate; one that has passed already means that a source is waiting.
    async fn next_due(&self) -> Result<Option<UtcMillis>, StoreError>;

    /// Counts skips and puts the sources off until their `until`.
    async fn skip(&self, skips: Vec<SkipRecord>, now: UtcMillis) -> Result<(), StoreError>;

    /// Looks at every source again that was put off by a skip, as when a daemon starts: a budget may have been raised, a profile
    /// have come into being.
    async fn look_again(&self) -> Result<(), StoreError>;

    /// Makes claims, each with all its rates and reservations or not at all. Answers in the order of the requests. A claim uses up
    /// what was due: unless it took a queued run, the source has no `next_run` until the run ends or is given up.
    async fn claim(
        &self,
        requests: Vec<ClaimRequest>,
        now: UtcMillis,
    ) -> Result<Vec<Result<Claim, NotClaimed>>, StoreError>;

    /// Prolongs leases. Gives back those that are no longer ours.
    async fn heartbeat(&self, runs: Vec<(RunId, Generation)>, lease_until: UtcMillis)
    -> Result<Vec<RunId>, StoreError>;

    /// Runs whose lease has passed. A store that serves one daemon at a time also gives every run claimed by a daemon other
    /// than `me`: it cannot be alive.
    async fn stuck(&self, me: DaemonId, now: UtcMillis, limit: usize) -> Result<Vec<Stuck>, StoreError>;

    /// Gives a claim up: the run is queued again, due at `at`. `attempted`: whether it counts as an attempt and as spent in
    /// the ledger (a run that died) or not (a daemon that drains). `false`: nothing was written, because the run is not ours,
    /// or because it must not begin again: it is done with an actor run that was paid for, and has none open. Such a run is
    /// to be ended.
    ///
    /// A run that has an actor run open is put away until `at` instead. If nobody knows whether the platform has started it,
    /// it counts as having been asked for until `now` at least: `asked_at` is no earlier than
    /// [`tidegate_core::limits::ACTOR_ASK_TIMEOUT`] before `now`, and just that where it is certain that nobody asks any more
    /// (one daemon at a time has the store, so that the one that did has died or gives the run up itself).
    async fn requeue(
        &self,
        run: RunId,
        generation: Generation,
        attempted: bool,
        at: UtcMillis,
        now: UtcMillis,
    ) -> Result<bool, StoreError>;

    /// Writes a page of a run, its end, or both: items, watermark, outcome, source and ledger in one transaction. A caller
    /// that goes away before the answer leaves it written whole or not at all. An item that was marked as gone and comes
    /// again is unmarked.
    async fn commit(&self, commit: Commit, now: UtcMillis) -> Result<Committed, StoreError>;

    /// Waits until another process has made something due: it has added a source, resumed one, opened a gate. A hint only,
    /// which may come for nothing or not at all; a store without such a way never says so.
    async fn woken(&self) {
        core::future::pending::<()>().await;
    }

    // ---- reading ----

    /// The run of that id.
    async fn run(&self, id: RunId) -> Result<Option<RunRow>, StoreError>;

    /// Runs, newest first.
    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError>;

    /// Items, newest first.
    async fn items(&self, filter: &ItemFilter) -> Result<Vec<ItemRow>, StoreError>;

    /// Windows that are open at `now`.
    async fn ledger(&self, now: UtcMillis) -> Result<Vec<LedgerRow>, StoreError>;

    /// Skips of the UTC day of `now`.
    async fn skips(&self, now: UtcMillis) -> Result<Vec<SkipCount>, StoreError>;

    /// A source's last skip since it last ran: when, and why as a sentence.
    async fn last_skip(&self, id: SourceId) -> Result<Option<(UtcMillis, String)>, StoreError>;

    // ---- upkeep ----

    /// Deletes what is kept too long: pages after their `keep_until`, dead letters after 90 days, ledger windows and
    /// skip counts after 400 days.
    /// At most `limit` rows; gives how many.
    async fn expire(&self, now: UtcMillis, limit: usize) -> Result<u64, StoreError>;

    /// Checks the database's own integrity. `Ok` gives the problems; none is right.
    async fn check(&self) -> Result<Vec<String>, StoreError>;

    /// Writes what waits and closes. Later calls fail with [`StoreError::Closed`].
    async fn close(&self);
}
