//! What is known when claims are made, and what may be claimed of it.
//!
//! Owns: the decision over the rows a store has read while nobody else could change them. Must not know: the database, or
//! budgets.

use std::collections::{HashMap, HashSet};

use tidegate_core::claim::{Claim, ClaimRequest, Generation};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::source::{SourceState, Trigger};

use super::cells::{Cells, Raw};
use super::source::Row;
use crate::ports::{StoreError, Stuck};

/// What is known of the runs and sources that are asked for.
#[derive(Default)]
pub(in crate::store) struct Known {
    pub(in crate::store) sources: HashMap<SourceId, Row>,
    pub(in crate::store) queued: HashMap<RunId, Queued>,
    /// Sources that have had their first run, or have it queued.
    bootstrapped: HashSet<SourceId>,
}

/// A run that waits to be claimed.
pub(in crate::store) struct Queued {
    source: SourceId,
    trigger: Trigger,
    attempt: u32,
    items_new: u32,
}

impl Known {
    /// Takes a source in: [`Row::read`]'s columns, and `bootstrapped`.
    pub(in crate::store) fn add(&mut self, row: &dyn Raw) -> Result<(), StoreError> {
        let source = Row::read(row)?;
        if Cells::new(row, "source", "id").flag("bootstrapped")? {
            self.bootstrapped.insert(source.source.id);
        }
        self.sources.insert(source.source.id, source);
        Ok(())
    }
}

/// A queued run.
pub(in crate::store) fn queued(row: &dyn Raw) -> Result<(RunId, Queued), StoreError> {
    let cells = Cells::new(row, "run", "id");
    let queued = Queued {
        source: cells.id("source")?,
        trigger: cells.word("trigger", Trigger::from_word)?,
        attempt: cells.count("attempt")?,
        items_new: cells.count("items_new")?,
    };
    Ok((cells.id("id")?, queued))
}

/// The claim as it would be, budgets left out.
pub(in crate::store) fn decide(known: &mut Known, request: &ClaimRequest) -> Option<Claim> {
    let row = known.sources.get(&request.source)?;
    if row.source.state != SourceState::Active || row.source.running.is_some() {
        return None;
    }
    let (trigger, attempt, items_before) = if request.queued {
        let queued = known.queued.get(&request.run).filter(|queued| queued.source == request.source)?;
        (queued.trigger, queued.attempt.saturating_add(1), queued.items_new)
    } else if row.source.total_runs != request.total_runs
        || request.trigger == Trigger::Bootstrap && known.bootstrapped.contains(&request.source)
    {
        return None;
    } else {
        (request.trigger, 1, 0)
    };
    Some(Claim {
        run: request.run,
        source: row.source.clone(),
        generation: Generation(row.generation.saturating_add(1)),
        trigger,
        attempt,
        items_before,
        reserved: request.reserved,
        resume: None,
        lease_until: request.lease_until,
    })
}

/// A run whose daemon no longer speaks for it.
pub(in crate::store) fn stuck(row: &dyn Raw) -> Result<Stuck, StoreError> {
    let cells = Cells::new(row, "run", "id");
    Ok(Stuck {
        run: cells.id("id")?,
        source: cells.id("source")?,
        generation: Generation(cells.int("generation")?),
        trigger: cells.word("trigger", Trigger::from_word)?,
        attempt: cells.count("attempt")?,
    })
}
