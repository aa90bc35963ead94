//! What the store keeps of what needs a person, and of runs somebody asks for.
//!
//! The same two rules hold as for [`super::Store`]: each method is one transaction, and `now` and ids are given. A letter is
//! open until it is taken up ([`DeadLetters::replay`], [`DeadLetters::retry_run`]), which happens in the transaction that
//! writes or queues what takes it up; so it is taken up once, and lost never.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;
use tidegate_core::extra::{Extra, NotQueued};
use tidegate_core::failure::Class;
use tidegate_core::id::{ItemId, PageId, ProfileName, RunId, SourceId, Tenant};
use tidegate_core::item::{Counts, Page};
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use super::{RawPage, RunPlugin, StoreError};

/// The number of a dead letter, as people type it. Numbers grow, and are never given twice.
pub type LetterId = i64;

/// What needs a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeadLetter {
    /// Its number.
    pub id: LetterId,
    /// What it is.
    #[serde(flatten)]
    pub what: DeadKind,
    /// Of which source.
    pub source: SourceId,
    /// What that reads.
    pub identifier: String,
    /// Whose.
    pub tenant: Tenant,
    /// By which profile.
    pub profile: ProfileName,
    /// The run it is from.
    pub run: RunId,
    /// Which attempt of it.
    pub attempt: u32,
    /// The class of the failure.
    pub class: Class,
    /// What went wrong, for a person.
    pub reason: String,
    /// Since when.
    pub created_at: UtcMillis,
    /// When it was taken up, and by which run. `None`: it is open.
    pub retried: Option<Retried>,
}

/// How a letter was taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// When.
    pub at: UtcMillis,
    /// By which run.
    pub run: RunId,
}

/// The two sorts of dead letters.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DeadKind {
    /// An element of a page that its plugin could not turn into an item.
    Element {
        /// The raw page, if it was kept; it may be gone by now.
        page: Option<PageId>,
        /// Which element of it.
        element: u32,
        /// What the plugin said beside the reason; an object.
        extra: Option<Value>,
    },
    /// A run that nothing tries again.
    Run {
        /// What it asked for last, without secrets.
        request: Option<Value>,
    },
}

impl DeadKind {
    /// The sort in a word, as stored and printed.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Element { .. } => "element",
            Self::Run { .. } => "run",
        }
    }
}

/// Which dead letters are meant. Everything as by default: all open ones.
#[derive(Debug, Clone, Default)]
pub struct DeadFilter {
    /// The one of this number.
    pub id: Option<LetterId>,
    /// Of this tenant.
    pub tenant: Option<Tenant>,
    /// Of this profile.
    pub profile: Option<ProfileName>,
    /// Of this source.
    pub source: Option<SourceId>,
    /// Of this sort: `element` or `run`.
    pub kind: Option<String>,
    /// Of this class of failure.
    pub class: Option<Class>,
    /// Whose reason has this text in it, whatever its case (of ASCII letters).
    pub reason: Option<String>,
    /// Not older than this.
    pub since: Option<UtcMillis>,
    /// With those that were taken up already.
    pub retried: bool,
    /// Whose number is below this one.
    pub before: Option<LetterId>,
    /// Whose number is at most this one: none that came later.
    pub up_to: Option<LetterId>,
    /// At most so many; the store's own limit holds above it, and is what 0 asks for. Counts have no limit.
    pub limit: u32,
}

/// How many dead letters of a sort there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadCount {
    /// Whose.
    pub tenant: Tenant,
    /// By which profile.
    pub profile: ProfileName,
    /// `element` or `run`.
    pub kind: String,
    /// The class of the failure.
    pub class: Class,
    /// How many.
    pub count: u64,
    /// The highest number among them.
    pub last: LetterId,
}

/// A kept page without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageRow {
    /// Identity.
    pub id: PageId,
    /// Of which attempt of the run.
    pub attempt: u32,
    /// Number within the attempt, from 0.
    pub number: u32,
    /// Status of the response.
    pub status: u16,
    /// URL that answered.
    pub url: String,
    /// Size of the body before compression.
    pub body_bytes: u64,
    /// Arrival.
    pub fetched_at: UtcMillis,
    /// Deleted after this.
    pub keep_until: UtcMillis,
}

/// Elements of a kept page that were normalized again.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The run that records it.
    pub run: RunId,
    /// The plugin it was done with.
    pub plugin: RunPlugin,
    /// The letters that it takes up; all of one source.
    pub letters: Vec<LetterId>,
    /// Their source.
    pub source: SourceId,
    /// The raw page.
    pub from: PageId,
    /// When that arrived: what is stored of an item since then is newer than it, and stays.
    pub fetched_at: UtcMillis,
    /// What came of those elements; no rejects.
    pub page: Page,
    /// One id for each item, should it be new.
    pub item_ids: Vec<ItemId>,
}

/// What became of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// Written, whole.
    Done(Counts),
    /// Nothing was written: these letters are not open any more, or their source is gone.
    NotOpen(Vec<LetterId>),
}

/// What became of a wish for an extra run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Queued {
    /// It is queued under the given id.
    New,
    /// It is not.
    Not(NotQueued),
    /// There is no such source, or no such open letter.
    Absent,
}

/// A run that is queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct QueuedRun {
    /// Identity.
    pub run: RunId,
    /// Why it exists.
    pub trigger: Trigger,
    /// When its time comes.
    pub at: UtcMillis,
}

/// The part of the store that holds dead letters and queues extra runs.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Dead letters, newest first.
    async fn dead_letters(&self, filter: &DeadFilter) -> Result<Vec<DeadLetter>, StoreError>;

    /// How many there are of each tenant, profile, sort and class.
    async fn dead_counts(&self, filter: &DeadFilter) -> Result<Vec<DeadCount>, StoreError>;

    /// The pages that are kept of a run, in their order.
    async fn pages(&self, run: RunId) -> Result<Vec<PageRow>, StoreError>;

    /// A kept page, whole.
    async fn page(&self, id: PageId) -> Result<Option<RawPage>, StoreError>;

    /// Stores what came of elements that were normalized again, records it as a run of trigger `replay` that has ended, and
    /// marks the letters as taken up by it. Neither the source's schedule nor its watermark is touched.
    async fn replay(&self, replay: Replay, now: UtcMillis) -> Result<Replayed, StoreError>;

    /// Takes up the open letter of a run: queues a one-off run `run` of its source, or leaves it to the extra run that is
    /// queued already, and marks the letter in the same transaction. `Queued::Not(Already)`: it was left to that one.
    async fn retry_run(&self, letter: LetterId, run: RunId, now: UtcMillis) -> Result<Queued, StoreError>;

    /// Deletes what the filter means, at most `limit`; gives how many.
    async fn discard(&self, filter: &DeadFilter, limit: u32) -> Result<u64, StoreError>;

    /// The run queued for a source that the admit pass takes next, and when its time comes.
    async fn queued(&self, source: SourceId, now: UtcMillis) -> Result<Option<QueuedRun>, StoreError>;

    /// Queues an extra run, if [`Extra::decide`] lets it be queued as the source stands in this transaction. The source is
    /// looked at at once. That there is one extra run of each sort at a time is a unique index, too.
    async fn queue_extra(
        &self,
        source: SourceId,
        extra: Extra,
        run: RunId,
        now: UtcMillis,
    ) -> Result<Queued, StoreError>;
}
