//! What people do with sources.
//!
//! Owns: creating, pausing, resuming, removing, listing. Must not know: what a run does.

use tidegate_core::id::{RunId, SourceId};
use tidegate_core::item::Counts;
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::source::{NewSource, NextRun, PausedBy, Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use super::tables::{Entry, Run, Tables};
use crate::ports::{Created, RunRow, RunStage, SourceFilter};

/// What is asked for, within the store's own limit; 0 asks for that.
pub(super) fn rows(limit: u32) -> usize {
    let most = if limit == 0 { limits::LIST_ROWS } else { limit.min(limits::LIST_ROWS) };
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// A run that nobody has claimed yet.
pub(super) fn new_run(id: RunId, source: &Source, trigger: Trigger, now: UtcMillis) -> Run {
    Run {
        row: RunRow {
            id,
            source: source.id,
            tenant: source.tenant.clone(),
            profile: source.profile.clone(),
            trigger,
            stage: RunStage::Queued,
            attempt: 0,
            created_at: now,
            started_at: None,
            ended_at: None,
            ending: None,
            failure: None,
            counts: Counts::default(),
            fetches: 0,
            bytes: 0,
            pages: 0,
            warnings: Vec::new(),
            plugin: None,
            cost_estimate: MicroUsd::ZERO,
            cost: MicroUsd::ZERO,
        },
        generation: None,
        daemon: None,
        lease_until: None,
        not_before: Some(now),
        wake_at: None,
        credential: None,
        reserved: std::collections::BTreeMap::new(),
        intents: Vec::new(),
    }
}

impl Tables {
    pub(super) fn create(&mut self, new: NewSource, bootstrap: RunId, now: UtcMillis) -> Created {
        let identity = (new.tenant.clone(), new.profile.clone(), new.identifier.clone());
        if let Some(there) = self.identities.get(&identity).and_then(|id| self.sources.get(id)) {
            return Created::Existing(there.source.clone());
        }
        // Without an identifier there is nothing to fetch yet.
        let queue = new.active && !new.identifier.is_empty();
        let source = Source {
            id: new.id,
            tenant: new.tenant,
            profile: new.profile,
            identifier: new.identifier,
            overrides: new.overrides,
            schedule: new.schedule,
            state: if new.active { SourceState::Active } else { SourceState::Inactive },
            failure_count: 0,
            last_fetched_at: None,
            last_success_at: None,
            next_run: None,
            running: None,
            total_runs: 0,
            watermark: None,
            horizon: None,
            hints: None,
            facts: tidegate_core::schedule::Facts::default(),
            retries: 0,
            display_name: None,
            platform_id: None,
            created_at: now,
            updated_at: now,
        };
        self.identities.insert(identity, source.id);
        self.sources.insert(source.id, Entry::new(source.clone()));
        self.doubt(source.id);
        if queue {
            self.insert_run(new_run(bootstrap, &source, Trigger::Bootstrap, now));
            if let Some(entry) = self.sources.get_mut(&source.id) {
                entry.bootstrap = Some(bootstrap);
            }
            self.refresh_due(source.id);
        }
        Created::New(source)
    }

    pub(super) fn list_sources(&self, filter: &SourceFilter) -> Vec<Source> {
        use std::ops::Bound::{Excluded, Unbounded};
        let after = filter.after.map_or(Unbounded, Excluded);
        self.sources
            .range((after, Unbounded))
            .map(|(_, entry)| &entry.source)
            .filter(|source| filter.tenant.as_ref().is_none_or(|tenant| source.tenant == *tenant))
            .filter(|source| filter.profile.as_ref().is_none_or(|profile| source.profile == *profile))
            .filter(|source| filter.state.as_ref().is_none_or(|state| source.state.word() == state))
            .take(rows(filter.limit))
            .cloned()
            .collect()
    }

    pub(super) fn pause(&mut self, id: SourceId, by: PausedBy, reason: String, now: UtcMillis) -> Option<Source> {
        let entry = self.sources.get_mut(&id)?;
        if entry.source.state.may_be_paused() {
            entry.source.state = SourceState::Paused { since: now, by, reason };
            // What may not run has no next run; resuming gives it one.
            entry.source.next_run = None;
            entry.source.updated_at = now;
            entry.parked = false;
            // What it waits for is ended before its time.
            if let Some(run) = entry.source.running {
                self.change(run, |run| {
                    if run.row.stage == RunStage::Waiting {
                        run.wake_at = Some(now);
                    }
                });
            }
            self.refresh_due(id);
        }
        self.sources.get(&id).map(|entry| entry.source.clone())
    }

    pub(super) fn resume(&mut self, id: SourceId, now: UtcMillis) -> Option<Source> {
        let entry = self.sources.get_mut(&id)?;
        entry.parked = false;
        if entry.source.state != SourceState::Active {
            let queued = |run: RunId| entry.queued.keys().any(|(_, queued)| *queued == run);
            let next = match entry.bootstrap {
                // It goes first and is due by itself.
                Some(run) if queued(run) => None,
                Some(_) => Some(NextRun { at: now, trigger: Trigger::Schedule }),
                // It was created switched off: its first run is made by the claim.
                None => Some(NextRun { at: now, trigger: Trigger::Bootstrap }),
            };
            let source = &mut entry.source;
            source.state = SourceState::Active;
            source.failure_count = 0;
            source.retries = 0;
            source.updated_at = now;
            source.next_run = next.filter(|_| !source.identifier.is_empty());
        }
        // An active one that was put off is looked at again.
        self.refresh_due(id);
        self.sources.get(&id).map(|entry| entry.source.clone())
    }

    pub(super) fn remove(&mut self, id: SourceId) -> Option<Source> {
        let source = self.sources.get(&id)?.source.clone();
        if let Some(run) = source.running {
            // It has been started: it counts.
            self.settle_run(run, true);
        }
        // Nobody will hear any more what was paid: the most it can be is booked.
        self.settle_worst(id);
        self.forget_follows(id);
        let runs = self.take_source(id)?.runs;
        self.forget_pages(id);
        self.dead.forget(id);
        self.ended.retain(|run| !runs.contains(run));
        runs.into_iter().for_each(|run| self.remove_run(run));
        Some(source)
    }
}
