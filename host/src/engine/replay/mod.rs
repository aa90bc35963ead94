//! Replay: kept pages normalized again with the plugin that serves now, offline and free.
//!
//! Owns: which pages are taken, in which order, and what is told and written of them. Must not know: what differs (the core's
//! `replay` says so), SQL, or any way out: it is given neither egress nor actors. Called by the CLI.
//!
//! One source after the other, its pages in the order in which they were fetched. Pages are normalized side by side, because each
//! has its own job and state, and taken one after the other. What is written is what the pages come to, item by item, unless the
//! item has changed since it was looked at: then a run of now knows better.

mod normalized;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tidegate_core::counted::counted;
use tidegate_core::id::{ProfileName, RunId, SourceId};
use tidegate_core::limits;
use tidegate_core::profile::Profile;
use tidegate_core::replay::{FieldChange, Tally};
use tidegate_core::source::Source;
use tidegate_core::time::UtcMillis;

use crate::ports::{Clock, Dice, Observer, Plugins, SourceFilter, Store, StoreError};

/// All that a replay needs of the world: nothing that could reach out of it.
#[derive(Clone)]
pub struct Offline {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The plugin room.
    pub plugins: Arc<dyn Plugins>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The dice, for ids.
    pub dice: Arc<dyn Dice>,
    /// Whoever wants to know what plugins log.
    pub observer: Arc<dyn Observer>,
}

/// What is to be replayed.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Of all sources of this profile.
    pub profile: Option<ProfileName>,
    /// Of this source only.
    pub source: Option<SourceId>,
    /// Pages fetched then or later.
    pub since: Option<UtcMillis>,
    /// Pages fetched before.
    pub until: Option<UtcMillis>,
    /// Whether it is written.
    pub write: bool,
    /// Changes that are told one by one, at most.
    pub show: usize,
    /// Pages that are normalized at once.
    pub at_once: usize,
}

/// Why nothing can be replayed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The profile, its plugin or its kind is not there.
    #[error("{what}; pages are normalized with the profile and the plugin of now")]
    Absent {
        /// What is not there.
        what: String,
    },
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store could not any more: some of it is written.
    #[error("{} written, as {} of trigger replay, and no more: {}", counted(*items, "item"), counted(*runs, "run"), why(cause))]
    Partly {
        /// Items that were written, and stay so.
        items: u64,
        /// The runs of trigger `replay` that were.
        runs: u64,
        /// What ended it.
        #[source]
        cause: StoreError,
    },
}

/// What ended it, without the word that nothing was written: of the last piece that is so, of the replay it is not.
fn why(cause: &StoreError) -> String {
    match cause {
        StoreError::DiskFull { doing, file } => format!("{doing}: the disk that holds {file} is full"),
        other => other.to_string(),
    }
}

/// What came of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Pages {
    /// Normalized again.
    pub replayed: u64,
    /// Kept by a version that did not keep all it takes, or unreadable.
    pub not_replayable: u64,
    /// For which the plugin gave a failure, as it may have done then.
    pub failed: u64,
    /// On which the plugin broke down.
    pub faults: u64,
}

/// One change, told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The source.
    pub source: SourceId,
    /// Its identifier.
    pub identifier: String,
    /// The platform's own id of the item.
    pub external_id: String,
    /// "new", "changed", "metrics", "removed", or "gone": it does not come of the pages any more, and stays.
    pub change: &'static str,
    /// What would change about it.
    pub fields: Vec<FieldChange>,
}

/// What a replay has come to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Sources that have kept pages.
    pub sources: u64,
    /// Pages.
    pub pages: Pages,
    /// Items that came of the pages, each time they came.
    pub items_read: u64,
    /// Elements that were rejected.
    pub rejected: u64,
    /// Items, each once, beside what is stored.
    pub items: Tally,
    /// Stored items of these pages that do not come of them any more. They are left as they are.
    pub gone: u64,
    /// Dead letters about elements that are none any more.
    pub letters: u64,
    /// Items that had changed when they were to be written, and were left as they are.
    pub overtaken: u64,
    /// Runs of trigger `replay` that were written.
    pub runs: Vec<RunId>,
    /// Items that were written.
    #[serde(skip)]
    pub wrote: u64,
    /// Some of the changes.
    pub shown: Vec<Shown>,
    /// Some of what went wrong, by page.
    pub trouble: Vec<String>,
}

impl Report {
    /// Whether the pages come to what is stored.
    #[must_use]
    pub const fn is_the_same(&self) -> bool {
        self.items.is_nothing() && self.gone == 0
    }

    fn trouble(&mut self, most: usize, told: impl FnOnce() -> String) {
        if self.trouble.len() < most {
            self.trouble.push(told());
        }
    }
}

/// Replays what is meant.
///
/// # Errors
/// [`Refused`]. What was written until then stays so, and is found unchanged by the next replay.
pub async fn replay(
    ports: &Offline,
    profiles: &BTreeMap<ProfileName, Profile>,
    wish: &Wish,
) -> Result<Report, Refused> {
    let mut report = Report::default();
    match all(ports, profiles, wish, &mut report).await {
        Ok(()) => Ok(report),
        Err(Refused::Store(cause)) if !report.runs.is_empty() => {
            Err(Refused::Partly { items: report.wrote, runs: report.runs.len() as u64, cause })
        }
        Err(refused) => Err(refused),
    }
}

async fn all(
    ports: &Offline,
    profiles: &BTreeMap<ProfileName, Profile>,
    wish: &Wish,
    report: &mut Report,
) -> Result<(), Refused> {
    if let Some(id) = wish.source {
        let source = ports.store.source(id).await?;
        let absent = || Refused::Absent { what: format!("there is no source {id}") };
        let source = source.ok_or_else(absent)?;
        let with = source::With::of(ports, profiles, &source.profile)?;
        return Ok(source::replay(ports, &with, wish, source, report).await?);
    }
    let Some(name) = &wish.profile else { return Ok(()) };
    let with = source::With::of(ports, profiles, name)?;
    let mut filter = SourceFilter { profile: Some(name.clone()), limit: limits::LIST_ROWS, ..SourceFilter::default() };
    loop {
        let sources: Vec<Source> = ports.store.sources(&filter).await?;
        let Some(last) = sources.last() else { return Ok(()) };
        filter.after = Some(last.id);
        for source in sources {
            source::replay(ports, &with, wish, source, report).await?;
        }
    }
}
