//! Runs that somebody asks for: an operator's one-off, a reader's demand.
//!
//! Owns: the way from the wish to the queue. Must not know: when a wish is granted (`tidegate_core::extra`, asked again inside
//! the store's transaction), or how the run is admitted: from the queue on it is a run like any other. Called by the CLI, and
//! by whoever serves feeds to readers.

use tidegate_core::extra::Extra;
use tidegate_core::id::{RunId, SourceId};

use super::{Engine, Ports, Settings};
use crate::ports::{Queued, StoreError};

/// Queues a one-off run of a source. Gives the id it has if it is new.
///
/// # Errors
/// When the store cannot be written.
pub async fn one_off(ports: &Ports, source: SourceId) -> Result<(RunId, Queued), StoreError> {
    let now = ports.clock.now();
    let run = RunId::new(now, ports.dice.throw());
    let queued = ports.store.queue_extra(source, Extra::OneOff, run, now).await?;
    Ok((run, queued))
}

/// A reader has read what these sources brought. Where a profile allows it and a source is stale, one extra run is queued;
/// gives the sources with such a run. Most readings end with a look at each source: only what is granted is written.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn read(ports: &Ports, settings: &Settings, sources: &[SourceId]) -> Result<Vec<SourceId>, StoreError> {
    let mut queued = Vec::new();
    if settings.profiles.values().all(|profile| profile.demand.is_none()) {
        return Ok(queued);
    }
    for id in sources {
        let Some(source) = ports.store.source(*id).await? else { continue };
        let Some(extra) = settings.profiles.get(&source.profile).and_then(Extra::demand) else { continue };
        let now = ports.clock.now();
        let running: Vec<_> = source.running.map(|run| (run, extra.trigger())).into_iter().collect();
        if extra.decide(&source, &running, now).is_err() {
            continue;
        }
        let run = RunId::new(now, ports.dice.throw());
        if ports.store.queue_extra(*id, extra, run, now).await? == Queued::New {
            queued.push(*id);
        }
    }
    Ok(queued)
}

impl Engine {
    /// As [`read`]; what is queued is looked at at once.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn read(&self, sources: &[SourceId]) -> Result<Vec<SourceId>, StoreError> {
        let queued = read(&self.ports, &self.settings(), sources).await?;
        if !queued.is_empty() {
            self.live.nudge();
        }
        Ok(queued)
    }
}
