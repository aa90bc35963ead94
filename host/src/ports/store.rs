//! The store as the engine and the CLI see it.
//!
//! Two rules hold for every implementation, and the conformance suite checks them on each. A method either does all it
//! says or nothing: it is one transaction. And whoever calls passes `now` and the ids; a store has neither clock nor dice.
//! Absence is `Ok(None)`, never an error.

use async_trait::async_trait;
use serde::Serialize;
use tidegate_core::budget::{Balance, Window};
use tidegate_core::claim::{Claim, ClaimRequest, Generation, NotClaimed};
use tidegate_core::failure::Class;
use tidegate_core::id::{DaemonId, ItemId, PageId, ProfileName, RunId, SourceId, Tenant};
use tidegate_core::item::{Counts, Item, Page};
use tidegate_core::run::{Ending, Finish, Settlement};
use tidegate_core::source::{NewSource, PausedBy, Source, Trigger};
use tidegate_core::time::UtcMillis;

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

/// What became of a wish for a source.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    /// It is new. Its bootstrap run is queued, if it is active.
    New(Source),
    /// It was there already, unchanged by this.
    Existing(Source),
}

/// A source that may be due, with the run that is queued for it, if there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The source.
    pub source: Source,
    /// The oldest run queued for it whose time has come.
    pub queued: Option<(RunId, Trigger)>,
}

/// A decision not to run, to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkipRecord {
    /// Of which source.
    pub source: SourceId,
    /// Its tenant.
    pub tenant: Tenant,
    /// Its profile.
    pub profile: ProfileName,
    /// The reason in a word.
    pub reason: &'static str,
    /// The reason as a sentence: kept with the source as its last skip.
    pub detail: String,
    /// When the answer may change. The source is not a candidate before; `None`: not before a person acts on it or the
    /// daemon starts again.
    pub until: Option<UtcMillis>,
}

/// How often sources of a profile were skipped for a reason on a UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkipCount {
    /// Midnight at which the day began.
    pub day: UtcMillis,
    /// Whose sources.
    pub tenant: Tenant,
    /// Of which profile.
    pub profile: ProfileName,
    /// The reason in a word.
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// A run whose daemon no longer speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stuck {
    /// The run.
    pub run: RunId,
    /// Its source.
    pub source: SourceId,
    /// Its generation.
    pub generation: Generation,
    /// Why it was made.
    pub trigger: Trigger,
    /// Attempts so far.
    pub attempt: u32,
}

/// A raw page, to be kept for replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawPage {
    /// Identity.
    pub id: PageId,
    /// Number within the run, from 0.
    pub number: u32,
    /// Status of the response.
    pub status: u16,
    /// URL that answered.
    pub url: String,
    /// Header fields, redirects and the step's state as one JSON object.
    pub meta: String,
    /// The body, compressed by zstd.
    pub body: Vec<u8>,
    /// Its size before compression.
    pub body_bytes: u64,
    /// Arrival.
    pub fetched_at: UtcMillis,
    /// Deleted after this.
    pub keep_until: UtcMillis,
}

/// What a run wants written: a page, its end, or both.
#[derive(Debug)]
pub struct Commit {
    /// The run.
    pub run: RunId,
    /// Its source.
    pub source: SourceId,
    /// Fences the write.
    pub generation: Generation,
    /// New items the run may store in all, over its pages and attempts.
    pub cap: u32,
    /// The page.
    pub page: Option<Box<Page>>,
    /// One id for each item of the page, should it be new.
    pub item_ids: Vec<ItemId>,
    /// The page as it came, if it is to be kept.
    pub raw: Option<RawPage>,
    /// Bytes fetched since the last commit of this run.
    pub bytes: u64,
    /// Fetches made since the last commit of this run.
    pub fetches: u32,
    /// The end.
    pub finish: Option<Box<Finish>>,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Committed {
    /// Written, whole.
    Done {
        /// Items of the whole run so far.
        total: Counts,
        /// The end, if this was it.
        settlement: Option<Box<Settlement>>,
    },
    /// Nothing was written: the run belongs to somebody else now, or its source is gone.
    Stale,
}

/// Which sources to list. Everything `None`: all.
#[derive(Debug, Clone, Default)]
pub struct SourceFilter {
    /// Of this tenant.
    pub tenant: Option<Tenant>,
    /// Of this profile.
    pub profile: Option<ProfileName>,
    /// In this state (the word).
    pub state: Option<String>,
    /// Whose id comes after this one.
    pub after: Option<SourceId>,
    /// At most so many; the store's own limit holds above it, and is what 0 asks for.
    pub limit: u32,
}

/// Which runs to list, newest first. Everything `None`: all.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Of this source.
    pub source: Option<SourceId>,
    /// Of this tenant.
    pub tenant: Option<Tenant>,
    /// In this stage.
    pub stage: Option<RunStage>,
    /// With this ending.
    pub ending: Option<Ending>,
    /// Whose id comes before this one.
    pub before: Option<RunId>,
    /// At most so many; the store's own limit holds above it, and is what 0 asks for.
    pub limit: u32,
}

/// Which items to list, newest first by publication, else by arrival. Everything `None`: all.
#[derive(Debug, Clone, Default)]
pub struct ItemFilter {
    /// Of this source.
    pub source: Option<SourceId>,
    /// Of this tenant.
    pub tenant: Option<Tenant>,
    /// The last item of the listing before: `sort_at` and id.
    pub before: Option<(UtcMillis, ItemId)>,
    /// At most so many; the store's own limit holds above it, and is what 0 asks for.
    pub limit: u32,
}

/// Where a run stands, as its row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStage {
    /// Waits for the admit pass.
    Queued,
    /// Claimed.
    Running,
    /// Over.
    Ended,
}

/// A run's row: the audit record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRow {
    /// Identity.
    pub id: RunId,
    /// Its source.
    pub source: SourceId,
    /// Whose.
    pub tenant: Tenant,
    /// By which profile.
    pub profile: ProfileName,
    /// Why.
    pub trigger: Trigger,
    /// Where it stands.
    pub stage: RunStage,
    /// Attempts so far.
    pub attempt: u32,
    /// Queued or made.
    pub created_at: UtcMillis,
    /// Claimed, last.
    pub started_at: Option<UtcMillis>,
    /// Over.
    pub ended_at: Option<UtcMillis>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Why it failed: class and message.
    pub failure: Option<(Class, String)>,
    /// What became of its items.
    pub counts: Counts,
    /// Fetches made.
    pub fetches: u32,
    /// Bytes fetched.
    pub bytes: u64,
    /// Pages stored.
    pub pages: u32,
    /// For a person.
    pub warnings: Vec<String>,
}

/// A stored item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemRow {
    /// Identity of the row.
    pub id: ItemId,
    /// Its source.
    pub source: SourceId,
    /// Whose.
    pub tenant: Tenant,
    /// The item.
    pub item: Item,
    /// What lists are sorted by: publication, else arrival.
    pub sort_at: UtcMillis,
    /// Arrival.
    pub first_seen_at: UtcMillis,
    /// Last change that was stored.
    pub changed_at: UtcMillis,
    /// When and why the platform took it away.
    pub removed: Option<(UtcMillis, String)>,
}

/// A window of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerRow {
    /// Which.
    pub window: Window,
    /// Its state.
    pub balance: Balance,
}

/// The store.
#[async_trait]
pub trait Store: Send + Sync {
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
    /// whose time has come.
    async fn candidates(&self, now: UtcMillis, limit: usize) -> Result<Vec<Candidate>, StoreError>;

    /// The earliest time at which a source is a candidate; one that has passed already means that a source is waiting.
    async fn next_due(&self) -> Result<Option<UtcMillis>, StoreError>;

    /// Counts skips and puts the sources off until their `until`.
    async fn skip(&self, skips: Vec<SkipRecord>, now: UtcMillis) -> Result<(), StoreError>;

    /// Makes claims, each with all its reservations or not at all. Answers in the order of the requests. A claim uses up
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
    /// the ledger (a run that died) or not (a daemon that drains). `false`: nothing was written, the run is not ours.
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
