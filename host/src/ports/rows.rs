//! What goes into a store and what comes out of it, as plain data of the domain.
//!
//! Owns: the shapes of wishes, listings and rows. Must not know: SQL. Passed through [`super::Store`].

use serde::Serialize;
use tidegate_core::actor::gate::GateKey;
use tidegate_core::budget::{Balance, Window};
use tidegate_core::claim::Generation;
use tidegate_core::failure::Class;
use tidegate_core::id::{ItemId, PageId, ProfileName, RunId, SourceId, Tenant};
use tidegate_core::item::{Counts, Item, Page};
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Ending, Finish, IntentEnd, Settlement};
use tidegate_core::source::{Source, Trigger};
use tidegate_core::time::UtcMillis;

use super::Plugin;

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
    /// The closed gate that is the reason. If it has been opened since it was looked at, the source stays a candidate: nobody
    /// would wake it.
    pub gate: Option<GateKey>,
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
    /// Elements that the run left out because of its cap: found out when its items are written, and told with a page that is
    /// read.
    pub left_out: Vec<u32>,
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
    /// The actor run the run is done with.
    pub actor: Option<IntentEnd>,
    /// The end.
    pub finish: Option<Box<Finish>>,
    /// The plugin the run was done with; written with the end.
    pub plugin: Option<RunPlugin>,
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
    /// Put away until its actor run has ended.
    Waiting,
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
    /// Pages whose items were taken. How many are kept as they came is another matter: a profile may keep none, and the page that
    /// a run failed on is kept and not taken.
    pub pages: u32,
    /// For a person.
    pub warnings: Vec<String>,
    /// The plugin that did it. `None`: it has not ended, or ended before anything was asked.
    pub plugin: Option<RunPlugin>,
    /// The most it may cost, as reserved.
    pub cost_estimate: MicroUsd,
    /// What it has cost, as far as that is known.
    pub cost: MicroUsd,
}

/// The version of a plugin that a run was done with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct RunPlugin {
    /// The plugin's name.
    pub name: String,
    /// The version it calls itself.
    pub version: String,
    /// The digest of the component.
    pub digest: String,
}

impl RunPlugin {
    /// What a run is recorded with that was done with this plugin.
    pub(crate) fn of(plugin: &dyn Plugin) -> Self {
        let manifest = plugin.manifest();
        Self { name: manifest.name.clone(), version: manifest.version.clone(), digest: plugin.digest() }
    }
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
    /// The raw page it last came with, if that was kept; it may be gone.
    pub page: Option<PageId>,
}

/// A window of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerRow {
    /// Which.
    pub window: Window,
    /// Its state.
    pub balance: Balance,
}
