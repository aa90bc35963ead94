//! Extra runs, and elements of kept pages that are taken up again.
//!
//! Owns: looking at a source and queueing in one go. Must not know: when a run may be queued; that is [`Extra::decide`]'s.

use std::collections::HashSet;

use tidegate_core::extra::{Extra, NotQueued};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::item::Counts;
use tidegate_core::run::Ending;
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use super::item;
use super::source::new_run;
use super::tables::Tables;
use crate::ports::{DeadKind, LetterId, Queued, QueuedRun, Replay, Replayed, RunPlugin, RunStage};

impl Tables {
    pub(super) fn queue_extra(&mut self, id: SourceId, extra: Extra, run: RunId, now: UtcMillis) -> Queued {
        let Some(entry) = self.sources.get(&id) else { return Queued::Absent };
        let ids = entry.queued.keys().map(|(_, run)| *run).chain(entry.source.running);
        let mut pending: Vec<_> = ids.filter_map(|run| Some((run, self.runs.get(&run)?.row.trigger))).collect();
        pending.sort_unstable();
        if let Err(why) = extra.decide(&entry.source, &pending, now) {
            return Queued::Not(why);
        }
        let queued = new_run(run, &entry.source, extra.trigger(), now);
        self.insert_run(queued);
        if let Some(entry) = self.sources.get_mut(&id) {
            entry.parked = false;
        }
        self.refresh_due(id);
        Queued::New
    }

    /// The queued run whose turn is next, in the order of the candidates.
    pub(super) fn next_queued(&self, id: SourceId, now: UtcMillis) -> Option<QueuedRun> {
        let queued = &self.sources.get(&id)?.queued;
        let ((_, run), at) = queued.iter().min_by_key(|((made, run), at)| ((**at).max(now), *made, *run))?;
        Some(QueuedRun { run: *run, trigger: self.runs.get(run)?.row.trigger, at: *at })
    }

    /// Takes the letter of a run up by an extra run of its source.
    pub(super) fn retry_run(&mut self, letter: LetterId, run: RunId, now: UtcMillis) -> Queued {
        let open = self.dead.open(letter).filter(|letter| matches!(letter.what, DeadKind::Run { .. }));
        let Some(source) = open.map(|letter| letter.source) else { return Queued::Absent };
        let queued = self.queue_extra(source, Extra::OneOff, run, now);
        let by = match &queued {
            Queued::New => run,
            Queued::Not(NotQueued::Already { run, .. }) => *run,
            Queued::Not(_) | Queued::Absent => return queued,
        };
        self.dead.mark(&[letter], by, now);
        queued
    }

    /// The row of a replay: a run that fetched nothing, cost nothing and has ended.
    pub(super) fn record_replay(
        &mut self,
        run: RunId,
        source: SourceId,
        pages: u32,
        plugin: RunPlugin,
        counts: &Counts,
        now: UtcMillis,
    ) {
        let Some(entry) = self.sources.get(&source) else { return };
        let mut record = new_run(run, &entry.source, Trigger::Replay, now);
        record.not_before = None;
        record.row.attempt = 1;
        record.row.pages = pages;
        record.row.plugin = Some(plugin);
        record.row.counts = *counts;
        record.row.started_at = Some(now);
        record.row.ended_at = Some(now);
        record.row.ending = Some(Ending::of(counts));
        self.insert_run(record);
        self.change(run, |run| run.row.stage = RunStage::Ended);
    }

    /// `Err`: what is wrong; nothing was written.
    pub(super) fn replay(&mut self, replay: Replay, now: UtcMillis) -> Result<Replayed, String> {
        let Replay { run, plugin, letters, source, from, fetched_at, mut page, mut item_ids } = replay;
        let is_open = |id: &LetterId| {
            let letter = self.dead.open(*id).filter(|letter| letter.source == source);
            letter.is_some_and(|letter| matches!(letter.what, DeadKind::Element { .. }))
        };
        let gone: Vec<LetterId> = letters.iter().copied().filter(|letter| !is_open(letter)).collect();
        let Some(entry) = self.sources.get_mut(&source) else { return Ok(Replayed::NotOpen(letters)) };
        if !gone.is_empty() {
            return Ok(Replayed::NotOpen(gone));
        }
        if item_ids.len() < page.items.len() {
            return Err(format!("{} ids were given for {} items; each needs one", item_ids.len(), page.items.len()));
        }
        // An old page is no reason to set back what came later.
        let later = entry.items.values().filter(|row| row.changed_at > fetched_at);
        let newer: HashSet<String> = later.map(|row| row.item.external_id.clone()).collect();
        let before = page.items.len();
        page.items.retain(|item| !newer.contains(&item.external_id));
        page.removals.retain(|removal| !newer.contains(&removal.external_id));
        let known = u32::try_from(before - page.items.len()).unwrap_or(u32::MAX);
        item_ids.truncate(page.items.len());
        let (taken, _) = item::take(entry, page, item_ids, Some(from), u32::MAX, self.keep, now);
        let counts = taken.plus(Counts { duplicate: known, ..Counts::default() });
        self.record_replay(run, source, 1, plugin, &counts, now);
        self.dead.mark(&letters, run, now);
        Ok(Replayed::Done(counts))
    }
}
