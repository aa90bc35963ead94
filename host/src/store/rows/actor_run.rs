//! Rows of `actor_run`.
//!
//! Owns: the way from a row to an [`Intent`], to what is not settled, and to the audit record. Must not know: the database, or
//! what a change of stage means.

use tidegate_core::actor::{Order, RemoteStatus};
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Intent, IntentStage, Progress};

use super::cells::{Cells, Raw};
use crate::ports::{ActorRunRow, StoreError, Unsettled};

/// The columns [`order`] wants, of the table under the name `a`.
macro_rules! order_columns {
    () => {
        "a.id, a.credential, a.actor, a.build, a.memory_mb, a.timeout_s, a.charge_cap, a.input"
    };
}

/// The columns [`intent`] and [`progress`] want.
macro_rules! intent_columns {
    () => {
        "a.number, a.state AS step_state, a.max_elements, a.job_now, a.job_max_items, a.ordered_at, a.asked_at, a.troubles, a.remote,
        a.dataset, a.started_at AS remote_at, a.aborted, a.progress"
    };
}
pub(in crate::store) use {intent_columns, order_columns};

/// A word the core has parsed once, parsed again.
pub(in crate::store) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    cells: &Cells<'_>,
    column: &'static str,
) -> Result<T, StoreError> {
    cells.text(column)?.parse().map_err(|error| cells.bad(column, format!("{error}")))
}

fn opt_parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    cells: &Cells<'_>,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let Some(text) = cells.opt_text(column)? else { return Ok(None) };
    text.parse().map(Some).map_err(|error| cells.bad(column, format!("{error}")))
}

/// What was ordered.
pub(in crate::store) fn order(cells: &Cells<'_>, id: &'static str) -> Result<Order, StoreError> {
    let memory = cells.opt_int("memory_mb")?;
    Ok(Order {
        intent: cells.id(id)?,
        credential: cells.name("credential")?,
        actor: parsed(cells, "actor")?,
        build: cells.text("build")?,
        memory_mb: memory
            .map(|mb| u32::try_from(mb).map_err(|_| cells.bad("memory_mb", format!("{mb} is out of range"))))
            .transpose()?,
        timeout: std::time::Duration::from_secs(cells.count("timeout_s")?),
        charge_cap: MicroUsd::new(cells.count("charge_cap")?),
        input: cells.text("input")?,
    })
}

/// An intent whose run goes on.
pub(in crate::store) fn intent(cells: &Cells<'_>, id: &'static str) -> Result<Intent, StoreError> {
    let stage = match (opt_parsed(cells, "remote")?, opt_parsed(cells, "dataset")?, cells.opt_time("remote_at")?) {
        (None, None, None) => IntentStage::Intended,
        (Some(remote), Some(dataset), Some(at)) => {
            IntentStage::Started { remote, dataset, at, aborted: cells.flag("aborted")? }
        }
        _ => return Err(cells.bad("remote", "remote, dataset and started_at stand together or not at all")),
    };
    Ok(Intent {
        order: order(cells, id)?,
        number: cells.count("number")?,
        state: cells.opt_text("step_state")?,
        max_elements: cells.count("max_elements")?,
        job_now: cells.time("job_now")?,
        job_max_items: cells.count("job_max_items")?,
        ordered_at: cells.time("ordered_at")?,
        asked_at: cells.time("asked_at")?,
        stage,
        troubles: cells.count("troubles")?,
    })
}

/// What the run knew beside it.
pub(in crate::store) fn progress(cells: &Cells<'_>) -> Result<Progress, StoreError> {
    cells.json("progress")
}

/// An actor run whose cost is not final.
pub(in crate::store) fn unsettled(row: &dyn Raw) -> Result<Unsettled, StoreError> {
    let cells = Cells::new(row, "actor_run", "id");
    Ok(Unsettled {
        order: order(&cells, "id")?,
        run: cells.id("run")?,
        source: cells.id("source")?,
        ordered_at: cells.time("ordered_at")?,
        asked_at: cells.time("asked_at")?,
        ended_at: cells.time("ended_at")?,
        remote: opt_parsed(&cells, "remote")?,
        status: cells.opt_word("status", RemoteStatus::from_word)?,
        cost: cost(&cells)?,
        elements: cells.count("elements")?,
    })
}

fn cost(cells: &Cells<'_>) -> Result<Option<MicroUsd>, StoreError> {
    cells.opt_int("cost")?.map(|_| cells.count("cost").map(MicroUsd::new)).transpose()
}

pub(in crate::store) fn audit(row: &dyn Raw) -> Result<ActorRunRow, StoreError> {
    let cells = Cells::new(row, "actor_run", "id");
    Ok(ActorRunRow {
        id: cells.id("id")?,
        stage: cells.text("stage")?,
        actor: cells.text("actor")?,
        build: cells.text("build")?,
        credential: cells.name("credential")?,
        charge_cap: MicroUsd::new(cells.count("charge_cap")?),
        remote: opt_parsed(&cells, "remote")?,
        status: cells.opt_word("status", RemoteStatus::from_word)?,
        cost: cost(&cells)?,
        elements: cells.count("elements")?,
        asked_at: cells.time("asked_at")?,
        ended_at: cells.opt_time("ended_at")?,
    })
}
