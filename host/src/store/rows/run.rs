//! Rows of `run` as the audit record they are.
//!
//! Owns: the way from a row to a [`RunRow`] and its counts. Must not know: the database, or who writes them.

use tidegate_core::failure::Class;
use tidegate_core::item::Counts;
use tidegate_core::money::MicroUsd;
use tidegate_core::run::Ending;
use tidegate_core::source::Trigger;

use super::cells::{Cells, Raw};
use crate::ports::{RunRow, RunStage, StoreError};

/// The columns [`read`] wants: of the run under the name `r`, of its source under `s`.
macro_rules! run_columns {
    () => {
        "r.id, r.source, s.tenant, s.profile, r.trigger, r.stage, r.attempt, r.created_at, r.started_at, r.ended_at,
        r.ending, r.failure_class, r.failure, r.warnings, r.fetches, r.bytes, r.pages, r.items_new, r.items_updated,
        r.metrics_updated, r.duplicates, r.over_cap, r.before_horizon, r.removed, r.rejected, r.fillers, r.oldest_new, r.cost_estimate, r.cost, r.plugin"
    };
}
pub(in crate::store) use run_columns;

pub(in crate::store) const fn stage_word(stage: RunStage) -> &'static str {
    match stage {
        RunStage::Queued => "queued",
        RunStage::Running => "running",
        RunStage::Waiting => "waiting",
        RunStage::Ended => "ended",
    }
}

fn stage(word: &str) -> Option<RunStage> {
    [RunStage::Queued, RunStage::Running, RunStage::Waiting, RunStage::Ended]
        .into_iter()
        .find(|stage| stage_word(*stage) == word)
}

pub(in crate::store) fn counts(cells: &Cells<'_>) -> Result<Counts, StoreError> {
    Ok(Counts {
        new: cells.count("items_new")?,
        updated: cells.count("items_updated")?,
        metrics_updated: cells.count("metrics_updated")?,
        duplicate: cells.count("duplicates")?,
        over_cap: cells.count("over_cap")?,
        before_horizon: cells.count("before_horizon")?,
        removed: cells.count("removed")?,
        rejected: cells.count("rejected")?,
        fillers: cells.count("fillers")?,
        oldest_new: cells.opt_time("oldest_new")?,
    })
}

pub(in crate::store) fn read(row: &dyn Raw) -> Result<RunRow, StoreError> {
    let cells = Cells::new(row, "run", "id");
    let failure = match (cells.opt_word("failure_class", Class::from_word)?, cells.opt_text("failure")?) {
        (None, None) => None,
        (Some(class), Some(message)) => Some((class, message)),
        _ => return Err(cells.bad("failure_class", "failure_class and failure stand together or not at all")),
    };
    Ok(RunRow {
        id: cells.id("id")?,
        source: cells.id("source")?,
        tenant: cells.name("tenant")?,
        profile: cells.name("profile")?,
        trigger: cells.word("trigger", Trigger::from_word)?,
        stage: cells.word("stage", stage)?,
        attempt: cells.count("attempt")?,
        created_at: cells.time("created_at")?,
        started_at: cells.opt_time("started_at")?,
        ended_at: cells.opt_time("ended_at")?,
        ending: cells.opt_word("ending", Ending::from_word)?,
        failure,
        counts: counts(&cells)?,
        fetches: cells.count("fetches")?,
        bytes: cells.count("bytes")?,
        pages: cells.count("pages")?,
        warnings: cells.opt_json("warnings")?.unwrap_or_default(),
        plugin: cells.opt_json("plugin")?,
        cost_estimate: MicroUsd::new(cells.count("cost_estimate")?),
        cost: MicroUsd::new(cells.count("cost")?),
    })
}
