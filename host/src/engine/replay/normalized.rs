//! One kept page, normalized again.
//!
//! Owns: the way from a page's id to what the plugin makes of it now. Must not know: what is stored of it. Called by `source`,
//! for several pages at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use tidegate_core::id::{PageId, RunId};
use tidegate_core::item::{self, Page};

use super::super::kept;
use super::Offline;
use crate::ports::{Event, KeptPage, Plugin, StoreError};

/// What came of a page.
pub(super) enum Normalized {
    /// What the plugin makes of it, and the elements that were left out then.
    Page(Box<Page>, BTreeSet<u32>),
    /// The plugin gives a failure.
    Failed(String),
    /// The plugin broke down, or its answer breaks the contract.
    Fault(String),
    /// It cannot be normalized again.
    NotReplayable(String),
    /// It was deleted meanwhile.
    Absent,
}

/// Normalizes a kept page with the job of then.
pub(super) async fn normalize(
    ports: &Offline,
    plugin: &Arc<dyn Plugin>,
    kept: KeptPage,
) -> Result<(PageId, Normalized), StoreError> {
    let raw = match ports.store.page(kept.id).await {
        Ok(Some(raw)) => raw,
        Ok(None) => return Ok((kept.id, Normalized::Absent)),
        // One broken row is no reason to leave the other pages as they are; a broken store is.
        Err(broken @ StoreError::BadRow { .. }) => {
            return Ok((kept.id, Normalized::NotReplayable(format!("cannot be read again: {broken}"))));
        }
        Err(error) => return Err(error),
    };
    let (page, job) = match kept::restore(&raw) {
        Err(why) => return Ok((kept.id, Normalized::NotReplayable(format!("cannot be read again: {why}")))),
        Ok(kept::Kept { job: None, .. }) => {
            let why = "was kept by an older version, which did not keep what the plugin was asked";
            return Ok((kept.id, Normalized::NotReplayable(why.to_owned())));
        }
        Ok(kept::Kept { page, job: Some(job) }) => (page, job),
    };
    if plugin.manifest().kind(&job.kind).is_none() {
        let why = format!("is of the kind {:?}, which the plugin does not have any more", job.kind);
        return Ok((kept.id, Normalized::NotReplayable(why)));
    }
    let status = kept::status(&page);
    let asked = plugin.normalize(&job, page).await;
    for line in asked.log {
        let plugin = plugin.manifest().name.clone();
        ports.observer.see(&Event::PluginLogged { run: kept.run, plugin, line });
    }
    let normalized = match asked.answer {
        Err(fault) => Normalized::Fault(fault.message),
        Ok(Err(failure)) => Normalized::Failed(failure.message),
        // As of then: what was in the future then was left out then.
        Ok(Ok(batch)) => match item::accept(batch, status, raw.fetched_at) {
            Err(bad) => Normalized::Fault(format!("bad output: {bad}")),
            Ok(page) => Normalized::Page(Box::new(page), raw.left_out.into_iter().collect()),
        },
    };
    Ok((kept.id, normalized))
}

/// How a page is named in what is told.
pub(super) fn named(page: PageId, run: RunId) -> String {
    format!("page {page} of run {run}")
}
