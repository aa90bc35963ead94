//! What the store keeps for replay, and how what a replay came to is written.
//!
//! The same two rules hold as for [`super::Store`]: each method is one transaction, and `now` and ids are given.

use async_trait::async_trait;
use tidegate_core::contract::{Metric, Removal};
use tidegate_core::id::{ItemId, PageId, ProfileName, RunId, SourceId};
use tidegate_core::item::{Counts, Item};
use tidegate_core::time::UtcMillis;

use super::{ItemRow, LetterId, RunPlugin, StoreError};

/// Which kept pages to list: of ended runs of one source.
#[derive(Debug, Clone, Copy)]
pub struct KeptFilter {
    /// The source.
    pub source: SourceId,
    /// Fetched then or later.
    pub since: Option<UtcMillis>,
    /// Fetched before.
    pub until: Option<UtcMillis>,
    /// The last one of the listing before.
    pub after: Option<KeptPage>,
    /// At most so many.
    pub limit: u32,
}

/// A kept page in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptPage {
    /// Identity.
    pub id: PageId,
    /// Its run.
    pub run: RunId,
    /// Arrival.
    pub fetched_at: UtcMillis,
    /// Number within its attempt: the order of pages that came in the same millisecond.
    pub number: u32,
}

/// What is to be written about one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Rewrite {
    /// The platform's own id.
    pub external_id: String,
    /// Its last stored change when it was looked at; `None`: it was not stored. If it has changed since, somebody knows better,
    /// and it is left as it is.
    pub seen: Option<UtcMillis>,
    /// What is written.
    pub what: Rewritten,
}

/// What is written about an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Rewritten {
    /// All of it.
    Whole {
        /// Its id, should it be new.
        id: ItemId,
        /// The item.
        item: Box<Item>,
        /// The page it came with.
        page: PageId,
    },
    /// Its counts.
    Metrics(Vec<Metric>),
    /// That it is gone.
    Gone(Removal),
}

/// What one run of trigger `replay` writes.
#[derive(Debug, Clone)]
pub struct ReplayRun {
    /// The run that records it.
    pub run: RunId,
    /// The source.
    pub source: SourceId,
    /// The plugin it was done with.
    pub plugin: RunPlugin,
    /// Pages that were normalized again for it.
    pub pages: u32,
    /// What is not among the items: duplicates, rejects, fillers.
    pub counts: Counts,
    /// Items, each once.
    pub items: Vec<Rewrite>,
    /// Open letters about elements of these pages that are none any more.
    pub letters: Vec<LetterId>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Written.
    Done {
        /// What was written.
        counts: Counts,
        /// Items that have changed since they were looked at.
        overtaken: u32,
    },
    /// Nothing was written: the source is gone.
    Gone,
}

/// The part of the store that keeps raw pages.
#[async_trait]
pub trait KeptPages: Send + Sync {
    /// Kept pages of ended runs of a source, in the order in which they were fetched.
    async fn kept_pages(&self, filter: &KeptFilter) -> Result<Vec<KeptPage>, StoreError>;

    /// What is stored under these external ids; what is not stored is left out.
    async fn stored_items(&self, source: SourceId, external_ids: Vec<String>) -> Result<Vec<ItemRow>, StoreError>;

    /// The external ids of items of a source that the platform has not taken away, each with the page it last came with, where
    /// that was kept; in the order of the ids, those after `after`, at most `limit`.
    async fn items_by_page(
        &self,
        source: SourceId,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<(String, Option<PageId>)>, StoreError>;

    /// Writes what a replay came to, as a run of trigger `replay` that has ended, and marks letters as taken up by it. Neither the
    /// source's schedule nor its watermark nor its count of runs is touched, nor any budget.
    async fn apply_replay(&self, replay: ReplayRun, now: UtcMillis) -> Result<Applied, StoreError>;

    /// Deletes the oldest kept pages of a profile until the others take no more than `most` bytes; at most `limit`. Gives how
    /// many.
    async fn trim_pages(&self, profile: &ProfileName, most: u64, limit: usize) -> Result<u64, StoreError>;
}
