//! Actor runs: intents, what became of them, and the runs that are put away for them.
//!
//! Owns: the changes of an intent's stage, and of a run from running to waiting and back. Must not know: what a change
//! means (the machine) or how the platform is asked.

use std::collections::BTreeMap;

use tidegate_core::actor::{Order, RemoteId};
use tidegate_core::claim::{Claim, Generation};
use tidegate_core::id::{CredentialName, DaemonId, IntentId, RunId};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Intent, IntentEnd, IntentStage, Park, Progress, Resume};
use tidegate_core::time::UtcMillis;

use super::tables::{Actor, ActorStage, Run, Tables};
use crate::ports::{ActorRunRow, Looked, RunStage, Unsettled, Waiting};

impl Tables {
    /// What a run waits for, if it has ordered something it is not done with.
    pub(super) fn open_intent(&self, run: &Run) -> Option<&Actor> {
        run.intents.iter().filter_map(|intent| self.intents.get(intent)).find(|actor| actor.stage.is_open())
    }

    /// `Err`: what is wrong; nothing was written.
    pub(super) fn intend(
        &mut self,
        run: RunId,
        generation: Generation,
        intent: Intent,
        progress: Progress,
    ) -> Result<bool, String> {
        let Some(source) = self.ours(run, generation).map(|run| run.row.source) else { return Ok(false) };
        let id = intent.order.intent;
        let intent = Intent { stage: IntentStage::Intended, troubles: 0, ..intent };
        if let Some(there) = self.intents.get_mut(&id) {
            // Asked for again: the same order, another time. One that has a run already is not asked for.
            if !matches!(there.stage, ActorStage::Intended | ActorStage::Void) || there.remote.is_some() {
                return Err(format!("intent {id} has a run already; nothing is ordered twice"));
            }
            there.stage = ActorStage::Intended;
            // When it was ordered stays.
            let (number, ordered_at) = (there.intent.number, there.intent.ordered_at);
            there.intent = Intent { number, ordered_at, ..intent };
            there.progress = progress;
            return Ok(true);
        }
        let actor = Actor {
            run,
            source,
            stage: ActorStage::Intended,
            intent,
            progress,
            remote: None,
            status: None,
            cost: None,
            elements: 0,
            ended_at: None,
            look_at: None,
        };
        self.intents.insert(id, actor);
        self.change(run, |run| run.intents.push(id));
        Ok(true)
    }

    pub(super) fn void(&mut self, run: RunId, generation: Generation, intent: IntentId) -> bool {
        if self.ours(run, generation).is_none() {
            return false;
        }
        let actor = self.intents.get_mut(&intent).filter(|actor| actor.run == run);
        if let Some(actor) = actor.filter(|actor| actor.stage == ActorStage::Intended) {
            actor.stage = ActorStage::Void;
        }
        true
    }

    /// `Err`: what is wrong; nothing was written.
    pub(super) fn park(&mut self, run: RunId, generation: Generation, park: Park) -> Result<bool, String> {
        if self.ours(run, generation).is_none() {
            return Ok(false);
        }
        let Park { intent, progress, wake_at } = park;
        if let IntentStage::Started { remote, .. } = &intent.stage {
            self.stand_for(intent.order.intent, remote)?;
        }
        let actor = self.intents.get_mut(&intent.order.intent).filter(|actor| actor.run == run);
        if let Some(actor) = actor.filter(|actor| actor.stage.is_open()) {
            actor.stage = match &intent.stage {
                IntentStage::Intended => ActorStage::Intended,
                IntentStage::Started { .. } => ActorStage::Started,
            };
            actor.remote = match &intent.stage {
                IntentStage::Intended => None,
                IntentStage::Started { remote, .. } => Some(remote.clone()),
            };
            actor.intent.stage = intent.stage;
            actor.intent.troubles = intent.troubles;
            actor.intent.asked_at = intent.asked_at;
            actor.progress = progress;
        }
        self.change(run, |run| {
            run.row.stage = RunStage::Waiting;
            run.wake_at = Some(wake_at);
            run.daemon = None;
            run.lease_until = None;
        });
        Ok(true)
    }

    /// One of the platform's runs stands for one intent; what stands for another is refused.
    pub(super) fn stand_for(&mut self, intent: IntentId, remote: &RemoteId) -> Result<(), String> {
        let Some(actor) = self.intents.get(&intent) else { return Ok(()) };
        let key = (actor.intent.order.credential.clone(), remote.clone());
        let stands = *self.remotes.entry(key).or_insert(intent);
        if stands == intent { Ok(()) } else { Err(format!("run {remote} stands for intent {stands} already")) }
    }

    /// The platform's ids of what was ordered at `since` or later like this, this order's own left out.
    pub(super) fn taken(&self, order: &Order, since: UtcMillis) -> Vec<RemoteId> {
        let alike = self.intents.iter().filter(|(id, actor)| {
            let other = &actor.intent;
            **id != order.intent
                && other.order.credential == order.credential
                && other.order.actor == order.actor
                && other.ordered_at >= since
        });
        alike.filter_map(|(_, actor)| actor.remote.clone()).collect()
    }

    /// A run whose claim is given up while it is not known whether its actor run was started: it may be being asked for until
    /// now.
    pub(super) fn given_up(&mut self, run: RunId, now: UtcMillis) {
        let intents = self.runs.get(&run).map(|run| run.intents.clone()).unwrap_or_default();
        for id in intents {
            if let Some(actor) = self.intents.get_mut(&id).filter(|actor| actor.stage == ActorStage::Intended) {
                actor.intent = actor.intent.clone().cut_short(now);
            }
        }
    }

    pub(super) fn waiting(&self, limit: usize) -> Vec<Waiting> {
        let runs = self.wakes.iter().filter_map(|(_, id)| self.runs.get(id));
        let started = runs.filter_map(|run| match self.open_intent(run)? {
            // One in trouble is woken by its own pause.
            actor if actor.stage == ActorStage::Started && actor.intent.troubles == 0 => match &actor.intent.stage {
                IntentStage::Started { remote, at, .. } => Some(Waiting {
                    run: run.row.id,
                    credential: actor.intent.order.credential.clone(),
                    remote: remote.clone(),
                    at: *at,
                }),
                IntentStage::Intended => None,
            },
            _ => None,
        });
        started.take(limit).collect()
    }

    pub(super) fn wake(&mut self, runs: Vec<RunId>, now: UtcMillis) {
        for run in runs {
            self.change(run, |run| {
                if run.row.stage == RunStage::Waiting {
                    run.wake_at = run.wake_at.map(|at| at.min(now));
                }
            });
        }
    }

    pub(super) fn claim_waiting(
        &mut self,
        daemon: DaemonId,
        lease_until: UtcMillis,
        now: UtcMillis,
        limit: usize,
    ) -> Vec<Claim> {
        let due = self.wakes.iter().take_while(|(at, _)| *at <= now).take(limit);
        let due: Vec<RunId> = due.map(|(_, id)| *id).collect();
        due.into_iter().filter_map(|id| self.claim_waiting_one(id, daemon, lease_until)).collect()
    }

    fn claim_waiting_one(&mut self, id: RunId, daemon: DaemonId, lease_until: UtcMillis) -> Option<Claim> {
        let run = self.runs.get(&id)?;
        let resume = self
            .open_intent(run)
            .map(|actor| Box::new(Resume { intent: actor.intent.clone(), progress: actor.progress.clone() }));
        let entry = self.sources.get_mut(&run.row.source)?;
        entry.generation = entry.generation.saturating_add(1);
        let claim = Claim {
            run: id,
            source: entry.source.clone(),
            generation: Generation(entry.generation),
            trigger: run.row.trigger,
            attempt: run.row.attempt,
            items_before: run.row.counts.new,
            reserved: run.row.cost_estimate,
            resume,
            lease_until,
        };
        self.change(id, |run| {
            run.row.stage = RunStage::Running;
            run.wake_at = None;
            run.generation = Some(claim.generation);
            run.daemon = Some(daemon);
            run.lease_until = Some(lease_until);
        });
        Some(claim)
    }

    pub(super) fn under_way(&self) -> BTreeMap<CredentialName, u32> {
        let count = |runs: &std::collections::BTreeSet<RunId>| u32::try_from(runs.len()).unwrap_or(u32::MAX);
        self.paid.iter().map(|(credential, runs)| (credential.clone(), count(runs))).collect()
    }

    /// The run is done with this one. Its cost is looked at when it is final.
    pub(super) fn end_actor(&mut self, run: RunId, ended: &IntentEnd, now: UtcMillis) {
        let actor = self.intents.get_mut(&ended.intent).filter(|actor| actor.run == run && actor.stage.is_open());
        let Some(actor) = actor else { return };
        let over = ended.status.is_some_and(|status| status.end().is_some());
        let look_at = if over { now.plus(limits::COST_FINAL) } else { now };
        actor.stage = ActorStage::Ended;
        actor.status = ended.status.or(actor.status);
        actor.cost = ended.cost.or(actor.cost);
        actor.elements = ended.elements;
        actor.ended_at = Some(now);
        actor.look_at = Some(look_at);
        actor.remote = actor.remote.take().or_else(|| ended.remote.clone());
        self.looks.insert((look_at, ended.intent));
        self.refresh_cost(run);
    }

    /// The run is over: whatever it has not said it is done with (it was given up) is looked at.
    pub(super) fn end_actors(&mut self, run: RunId, now: UtcMillis) {
        let intents = self.runs.get(&run).map(|run| run.intents.clone()).unwrap_or_default();
        for id in intents {
            if let Some(actor) = self.intents.get_mut(&id).filter(|actor| actor.stage.is_open()) {
                actor.stage = ActorStage::Ended;
                actor.ended_at = Some(now);
                actor.look_at = Some(now);
                self.looks.insert((now, id));
            }
        }
    }

    /// The cost of a run as far as it is known.
    fn refresh_cost(&mut self, run: RunId) {
        let Some(found) = self.runs.get_mut(&run) else { return };
        let costs = found.intents.iter().filter_map(|intent| self.intents.get(intent)?.cost);
        found.row.cost = costs.fold(MicroUsd::ZERO, MicroUsd::plus);
    }

    pub(super) fn unsettled(&self, now: UtcMillis, limit: usize) -> Vec<Unsettled> {
        let due = self.looks.iter().take_while(|(at, _)| *at <= now).take(limit);
        due.filter_map(|(_, id)| {
            let actor = self.intents.get(id)?;
            Some(Unsettled {
                order: actor.intent.order.clone(),
                run: actor.run,
                source: actor.source,
                ordered_at: actor.intent.ordered_at,
                asked_at: actor.intent.asked_at,
                ended_at: actor.ended_at?,
                remote: actor.remote.clone(),
                status: actor.status,
                cost: actor.cost,
                elements: actor.elements,
            })
        })
        .collect()
    }

    /// `Err`: what is wrong; nothing was written.
    pub(super) fn looked(&mut self, id: IntentId, looked: Looked) -> Result<Option<MicroUsd>, String> {
        let known = self.intents.get(&id).filter(|actor| actor.stage == ActorStage::Ended);
        let nameless = known.is_some_and(|actor| actor.remote.is_none());
        if let (true, Looked::Later { seen: Some((remote, _)), .. }) = (nameless, &looked) {
            self.stand_for(id, remote)?;
        }
        Ok(self.note_look(id, looked))
    }

    fn note_look(&mut self, id: IntentId, looked: Looked) -> Option<MicroUsd> {
        let actor = self.intents.get_mut(&id).filter(|actor| actor.stage == ActorStage::Ended)?;
        if let Some(at) = actor.look_at.take() {
            self.looks.remove(&(at, id));
        }
        match looked {
            Looked::Later { at, seen } => {
                let (remote, status) = seen.unzip();
                actor.remote = actor.remote.take().or(remote);
                actor.status = status.or(actor.status);
                actor.look_at = Some(at);
                self.looks.insert((at, id));
                None
            }
            Looked::Final { status, cost } => {
                actor.stage = ActorStage::Settled;
                actor.cost = Some(cost);
                actor.status = status.or(actor.status);
                let run = actor.run;
                self.refresh_cost(run);
                self.settle_money(run).then(|| self.runs.get(&run).map(|run| run.row.cost))?
            }
        }
    }

    pub(super) fn actor_runs(&self, run: RunId) -> Vec<ActorRunRow> {
        let intents = self.runs.get(&run).map(|run| run.intents.as_slice()).unwrap_or_default();
        let rows = intents.iter().filter_map(|id| {
            let actor = self.intents.get(id)?;
            let order = &actor.intent.order;
            Some(ActorRunRow {
                id: *id,
                stage: actor.stage.word().to_owned(),
                actor: order.actor.to_string(),
                build: order.build.clone(),
                credential: order.credential.clone(),
                charge_cap: order.charge_cap,
                remote: actor.remote.clone(),
                status: actor.status,
                cost: actor.cost,
                elements: actor.elements,
                asked_at: actor.intent.asked_at,
                ended_at: actor.ended_at,
            })
        });
        rows.collect()
    }
}
