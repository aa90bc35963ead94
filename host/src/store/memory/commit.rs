//! Commits: a page of a run, its end, or both.
//!
//! Owns: the order of things: fence, refuse what cannot be written whole, then write. Must not know: what is taken
//! (`Intake`) or what an end means ([`Finish::settle`]).

use tidegate_core::id::{RunId, SourceId};
use tidegate_core::item::Counts;
use tidegate_core::run::{Finish, Settlement};
use tidegate_core::schedule::activity::Activity;
use tidegate_core::source::Source;
use tidegate_core::time::UtcMillis;

use super::dead::Origin;
use super::item;
use super::tables::Tables;
use crate::ports::{Commit, Committed, RunStage};

impl Tables {
    /// `Err`: what is wrong with the commit; nothing was written.
    pub(super) fn commit(&mut self, commit: Commit, now: UtcMillis) -> Result<Committed, String> {
        let Commit { run: id, source, cap, page, item_ids, mut raw, bytes, fetches, actor, finish, plugin, .. } =
            commit;
        let Some(run) = self.ours(id, commit.generation).filter(|run| run.row.source == source) else {
            return Ok(Committed::Stale);
        };
        let items = page.as_ref().map_or(0, |page| page.items.len());
        if item_ids.len() < items {
            return Err(format!("{} ids were given for {items} items; each needs one", item_ids.len()));
        }
        let (paid, mut total, pages) = (run.credential.is_some(), run.row.counts, u32::from(page.is_some()));
        let attempt = run.row.attempt;
        if let Some((ended, remote)) = actor.as_ref().and_then(|ended| Some((ended.intent, ended.remote.clone()?))) {
            self.stand_for(ended, &remote)?;
        }
        let hours = self.hours_if_asked(source, finish.as_deref());
        let Some(entry) = self.sources.get_mut(&source) else { return Ok(Committed::Stale) };
        let kept = raw.as_ref().map(|raw| raw.id);
        let mut rejects = Vec::new();
        if let Some(mut page) = page {
            rejects = core::mem::take(&mut page.rejects);
            let room = cap.saturating_sub(total.new);
            let (counts, left_out) = item::take(entry, *page, item_ids, kept, room, self.keep, now);
            total = total.plus(counts);
            if let Some(raw) = &mut raw {
                raw.left_out = left_out;
            }
        }
        let before = finish.as_ref().map(|finish| {
            let mut before = entry.source.clone();
            if finish.asks_for_rhythm(&before) {
                before.facts.published = item::rhythm(entry);
            }
            if finish.asks_for_hours(&before) {
                before.facts.activity = hours;
            }
            before
        });
        let origin = Origin::of(&entry.source, id, attempt, now);
        for reject in rejects {
            self.dead.bury_element(&origin, kept, reject);
        }
        if let Some(raw) = raw {
            self.keep_page(raw, source, id, attempt);
        }
        if let Some(ended) = actor {
            self.end_actor(id, &ended, now);
        }
        self.change(id, |run| {
            run.row.counts = total;
            run.row.bytes = run.row.bytes.saturating_add(bytes);
            run.row.fetches = run.row.fetches.saturating_add(fetches);
            run.row.pages = run.row.pages.saturating_add(pages);
        });
        let settlement = finish.zip(before).map(|(finish, before)| {
            let settlement = self.end_run(id, attempt, &before, *finish, &total, now);
            self.change(id, |run| run.row.plugin = plugin);
            if paid {
                self.end_actors(id, now);
                self.settle_money(id);
            }
            self.forget_runs();
            Box::new(settlement)
        });
        Ok(Committed::Done { total, settlement })
    }

    /// When the followers of a source read, where its schedule asks for it.
    fn hours_if_asked(&self, source: SourceId, finish: Option<&Finish>) -> Option<Activity> {
        let entry = self.sources.get(&source)?;
        finish.filter(|finish| finish.asks_for_hours(&entry.source)).and_then(|_| self.hours(source))
    }

    fn end_run(
        &mut self,
        id: RunId,
        attempt: u32,
        before: &Source,
        mut finish: Finish,
        total: &Counts,
        now: UtcMillis,
    ) -> Settlement {
        self.stay_unique(before, &mut finish);
        let settlement = finish.settle(before, total, now);
        self.change(id, |run| {
            run.row.stage = RunStage::Ended;
            run.row.ended_at = Some(now);
            run.row.ending = Some(settlement.ending);
            run.row.failure = settlement.failure.as_ref().map(|failure| (failure.class, failure.message.clone()));
            run.row.warnings = finish.warnings;
            run.daemon = None;
            run.lease_until = None;
        });
        self.settle_run(id, true);
        self.replace(before, settlement.source.clone());
        if let (true, Some(failure)) = (settlement.dead, &settlement.failure) {
            let origin = Origin::of(&settlement.source, id, attempt, now);
            self.dead.bury_run(&origin, failure, finish.request);
        }
        settlement
    }

    /// A source that has moved to where another one of its tenant and profile is keeps its identifier.
    fn stay_unique(&self, source: &Source, finish: &mut Finish) {
        let Some(to) = &finish.moved_to else { return };
        let identity = (source.tenant.clone(), source.profile.clone(), to.clone());
        if let Some(other) = self.identities.get(&identity).filter(|other| **other != source.id) {
            finish
                .warnings
                .push(format!("it has moved to {to}, which is source {other} already; remove one of the two"));
            finish.moved_to = None;
        }
    }

    /// Puts a source as it is after a run in the place of itself before.
    fn replace(&mut self, before: &Source, after: Source) {
        let id = after.id;
        if before.identifier != after.identifier {
            let (tenant, profile) = (before.tenant.clone(), before.profile.clone());
            self.identities.remove(&(tenant.clone(), profile.clone(), before.identifier.clone()));
            self.identities.insert((tenant, profile, after.identifier.clone()), id);
        }
        if let Some(entry) = self.sources.get_mut(&id) {
            entry.source = after;
            entry.parked = false;
        }
        self.refresh_due(id);
    }
}
