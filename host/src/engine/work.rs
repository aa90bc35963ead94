//! One run, from claim to commit.
//!
//! Owns: performing the machine's effects and feeding the results back. Holds no rule of the product. Must not know: how a
//! port does its work. Started by `admit`, one task for each claim.

use std::sync::Arc;
use std::time::Duration;

use tidegate_core::actor::gate::Gate;
use tidegate_core::claim::Claim;
use tidegate_core::contract;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::money::MicroUsd;
use tidegate_core::plan::Wanted;
use tidegate_core::profile::Profile;
use tidegate_core::run::{Effect, Event as Happened, Finish, IntentEnd, Machine, Stop};
use tidegate_core::time::UtcMillis;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::end::Ended;
use super::place::Place;
use super::{Engine, Settings, kept};
use crate::ports::{Asked, Attempt, Commit, Committed, Event, Plugin, RawPage, RunPlugin, StoreError};

/// A run under way.
pub(super) struct Work {
    pub(super) engine: Arc<Engine>,
    pub(super) claim: Claim,
    profile: Profile,
    plugin: Arc<dyn Plugin>,
    pub(super) machine: Machine,
    /// Cancelled when the claim is no longer ours.
    lost: CancellationToken,
    deadline: Instant,
    started_at: UtcMillis,
    fetches: u32,
    bytes: u64,
    /// The same since the last commit.
    since_commit: (u32, u64),
    plugin_cpu: Duration,
    raw: Option<RawPage>,
    /// What its actor runs have cost by now.
    cost: MicroUsd,
}

/// What interrupts an effect.
pub(super) enum Interrupted {
    /// The machine is to be told.
    Stop(Stop),
    /// The claim is lost: nothing more may be written.
    Lost,
    /// The store could not do what belongs to the effect; the lease passes and the run is taken up again.
    Store(StoreError),
}

impl Engine {
    /// Starts the work of a claim in a task of its own. It ends by the settings it began with, whatever is set meanwhile.
    pub(super) fn start(self: &Arc<Self>, claim: Claim, settings: &Settings) {
        let profile = settings.profiles.get(&claim.source.profile).cloned();
        let lost = self.live.enter(claim.run, claim.generation);
        let place = Place { engine: Arc::clone(self), run: claim.run, generation: claim.generation };
        self.tasks.spawn(async move {
            let engine = Arc::clone(&place.engine);
            if let Err(error) = Box::pin(Arc::clone(&engine).work(claim, profile, lost)).await {
                // The lease passes and the recover pass takes the run up again.
                engine.tell(&Event::PassFailed { pass: "work", error: format!("run {}: {error}", place.run) });
            }
        });
    }

    async fn work(
        self: Arc<Self>,
        claim: Claim,
        profile: Option<Profile>,
        lost: CancellationToken,
    ) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        let plugin = profile.as_ref().and_then(|profile| self.ports.plugins.of(profile).ok());
        let kind = profile
            .as_ref()
            .zip(plugin.as_ref())
            .and_then(|(profile, plugin)| plugin.manifest().kind(&profile.kind).cloned());
        let (Some(profile), Some(plugin), Some(kind)) = (profile, plugin, kind) else {
            return self.without_profile(&claim, now).await;
        };
        let machine = Machine::new(&claim, profile.clone(), kind, now, self.dice());
        let deadline = Instant::now() + profile.caps.deadline;
        let work = Work {
            engine: self,
            claim,
            profile,
            plugin,
            machine,
            lost,
            deadline,
            started_at: now,
            fetches: 0,
            bytes: 0,
            since_commit: (0, 0),
            plugin_cpu: Duration::ZERO,
            raw: None,
            cost: MicroUsd::ZERO,
        };
        Box::pin(work.drive()).await
    }
}

impl Work {
    async fn drive(mut self) -> Result<(), StoreError> {
        let mut happened = Happened::Begin;
        loop {
            let effect = self.machine.on(happened, self.now());
            happened = match effect {
                // Commits are not interrupted here, so there is never one to wait for.
                Effect::Done | Effect::Await => return Ok(()),
                Effect::Release(at) => return self.release(at).await,
                Effect::Intend(intent, progress) => match self.intend(*intent, *progress).await? {
                    Some(happened) => happened,
                    None => return Ok(()),
                },
                Effect::Park(park) => return self.park(*park).await,
                Effect::Commit { page, ended, finish } => match self.commit(page, ended, finish).await? {
                    Some(happened) => happened,
                    None => return Ok(()),
                },
                effect => match self.perform(effect).await {
                    Ok(happened) => happened,
                    Err(Interrupted::Stop(stop)) => Happened::Stop(stop),
                    Err(Interrupted::Store(error)) => return Err(error),
                    Err(Interrupted::Lost) => {
                        self.stale();
                        return Ok(());
                    }
                },
            };
        }
    }

    pub(super) fn now(&self) -> UtcMillis {
        self.engine.ports.clock.now()
    }

    pub(super) fn stale(&self) {
        self.engine.tell(&Event::Stale { run: self.claim.run, source: self.claim.source.id });
    }

    /// Performs an effect that takes time, unless something ends the run meanwhile.
    async fn perform(&mut self, effect: Effect) -> Result<Happened, Interrupted> {
        let (stop, lost, deadline) = (self.engine.stop.clone(), self.lost.clone(), self.deadline);
        tokio::select! {
            biased;
            happened = self.effect(effect) => happened,
            () = lost.cancelled() => Err(Interrupted::Lost),
            () = stop.cancelled() => Err(Interrupted::Stop(Stop::Drain)),
            () = tokio::time::sleep_until(deadline) => Err(Interrupted::Stop(Stop::Deadline)),
        }
    }

    async fn effect(&mut self, effect: Effect) -> Result<Happened, Interrupted> {
        Ok(match effect {
            Effect::AskPlan => {
                let asked = self.plugin.plan(self.machine.job()).await;
                let answer = self.hear(asked);
                Happened::Planned(answer.and_then(|plan| plan.map_err(|given| Failure::of_plugin(given, None))))
            }
            Effect::Wait(wait) => {
                tokio::time::sleep(wait).await;
                Happened::WaitOver
            }
            Effect::Fetch(plan) => {
                self.count_fetch();
                let now = self.now();
                let fetched = match plan.wanted() {
                    Wanted::Http(request) => self.engine.ports.egress.fetch(request, &self.profile.net, now).await,
                    // The machine orders actor runs; it never has one fetched.
                    Wanted::Actor(_) => Err(Failure::new(Class::Transient, "internal: an actor run is not a fetch")),
                };
                let fetched = match (fetched, &self.profile.net.credential) {
                    (Err(failure), Some(credential)) => {
                        let asked = failure.class == Class::Auth;
                        let failure = failure.with_credential(self.claim.source.last_success_at.is_some());
                        // Not the server's own words: other tenants' sources wait behind this gate too.
                        let said = if asked { "the server refuses it (401)" } else { &failure.message };
                        let said = Failure::new(failure.class, said);
                        if let Some(gate) = Gate::refused(&said, &credential.name, self.now()) {
                            self.engine.close(gate, self.now()).await;
                        }
                        Err(failure)
                    }
                    (fetched, _) => fetched,
                };
                if let Ok(response) = &fetched {
                    self.count_bytes(u64::try_from(response.body.as_bytes().len()).unwrap_or(u64::MAX));
                }
                Happened::Fetched(fetched)
            }
            Effect::Normalize(page) => {
                self.raw = self.keep(&page);
                let status = kept::status(&page);
                let asked = self.plugin.normalize(self.machine.job(), page).await;
                let overloaded = asked.answer.as_ref().is_err_and(|fault| !fault.is_plugins);
                match self.hear(asked) {
                    Err(failure) if overloaded => Happened::Overloaded(failure),
                    answer => {
                        let given = |given| Failure::of_plugin(given, status);
                        Happened::Normalized(answer.and_then(|batch| batch.map_err(given)))
                    }
                }
            }
            Effect::Start(intent) => self.start(&intent).await?,
            Effect::Find(intent) => self.find(&intent).await?,
            Effect::Inspect(intent) => self.inspect(&intent).await,
            Effect::Abort(intent) => self.abort(&intent).await,
            Effect::Read(intent, offset) => self.read(&intent, offset).await,
            // Handled by `drive`; a machine that is told of a wait it did not ask for ends the run.
            Effect::Commit { .. }
            | Effect::Intend(..)
            | Effect::Park(_)
            | Effect::Await
            | Effect::Release(_)
            | Effect::Done => Happened::WaitOver,
        })
    }

    pub(super) fn count_fetch(&mut self) {
        self.fetches += 1;
        self.since_commit.0 += 1;
    }

    pub(super) fn count_bytes(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.since_commit.1 = self.since_commit.1.saturating_add(bytes);
    }

    /// Takes note of what a call logged and used, and turns a fault into a failure.
    fn hear<T>(&mut self, asked: Asked<T>) -> Result<T, Failure> {
        self.plugin_cpu += asked.cpu;
        for line in asked.log {
            let plugin = self.plugin.manifest().name.clone();
            self.engine.tell(&Event::PluginLogged { run: self.claim.run, plugin, line });
        }
        asked.answer.map_err(|fault| {
            // A machine that is overloaded is no fault of the plugin, and passes.
            let class = if fault.is_plugins { Class::PluginFault } else { Class::Transient };
            Failure::new(class, fault.message)
        })
    }

    /// The raw page, if this profile keeps pages and there is something to keep.
    fn keep(&self, page: &contract::Page) -> Option<RawPage> {
        let keep = self.profile.keep_pages?;
        let now = self.now();
        kept::raw(self.engine.id(), page, self.machine.job(), self.claim.run, (now, now.plus(keep.duration())))
    }

    /// Writes a page, the end, or both. `None`: the run is over.
    async fn commit(
        &mut self,
        page: Option<Box<tidegate_core::item::Page>>,
        ended: Option<IntentEnd>,
        mut finish: Option<Box<Finish>>,
    ) -> Result<Option<Happened>, StoreError> {
        if let Some(finish) = &mut finish {
            finish.moved_to = self.moved_to(finish).await;
        }
        let item_ids = page.iter().flat_map(|page| &page.items).map(|_| self.engine.id()).collect();
        let (fetches, bytes) = core::mem::take(&mut self.since_commit);
        let commit = Commit {
            run: self.claim.run,
            source: self.claim.source.id,
            generation: self.claim.generation,
            cap: self.machine.cap(),
            page,
            item_ids,
            raw: self.raw.take(),
            bytes,
            fetches,
            actor: ended,
            plugin: finish.as_ref().map(|_| RunPlugin::of(&*self.plugin)),
            finish,
        };
        let warnings = commit.finish.as_ref().map(|finish| finish.warnings.clone()).unwrap_or_default();
        if let Some(cost) = commit.actor.as_ref().and_then(|ended| ended.cost) {
            self.cost = self.cost.plus(cost);
        }
        match self.engine.ports.store.commit(commit, self.now()).await? {
            Committed::Stale => {
                self.stale();
                Ok(None)
            }
            Committed::Done { total, settlement: None } => Ok(Some(Happened::Committed(total))),
            Committed::Done { total, settlement: Some(settlement) } => {
                let fault = settlement.failure.clone().filter(|failure| failure.class == Class::PluginFault);
                self.report(total, *settlement, warnings);
                if let Some(fault) = fault {
                    let of = (self.claim.run, self.claim.source.id);
                    // What cannot be counted now is counted next time.
                    self.engine.told("faults", self.engine.broke_down(&*self.plugin, of, &fault.message).await);
                }
                Ok(None)
            }
        }
    }

    /// Where the source has moved, if its plugin takes the new place for a valid and different one.
    async fn moved_to(&mut self, finish: &Finish) -> Option<String> {
        let to = finish.facts.as_ref()?.moved_to.clone()?;
        let overrides = self.machine.job().overrides.clone();
        let asked = self.plugin.validate(&self.profile.kind, &to, &overrides).await;
        let valid = self.hear(asked).ok()?.ok()?;
        (valid.identifier != self.claim.source.identifier).then_some(valid.identifier)
    }

    async fn release(self, at: Option<UtcMillis>) -> Result<(), StoreError> {
        let now = self.now();
        let at = at.unwrap_or(now);
        let (run, generation) = (self.claim.run, self.claim.generation);
        if !self.engine.ports.store.requeue(run, generation, false, at, now).await? {
            // Not ours, which the commit finds out too; or it has paid for something, and must not begin again.
            self.engine.keep(Ended::from(&self.claim)).await?;
        }
        Ok(())
    }

    /// One line for each attempt, with all that its row knows.
    fn report(
        &self,
        counts: tidegate_core::item::Counts,
        settlement: tidegate_core::run::Settlement,
        warnings: Vec<String>,
    ) {
        let source = &self.claim.source;
        self.engine.tell(&Event::Attempt(Box::new(Attempt {
            run: self.claim.run,
            source: source.id,
            identifier: source.identifier.clone(),
            tenant: source.tenant.clone(),
            platform: self.plugin.manifest().name.clone(),
            profile: source.profile.clone(),
            overrides: serde_json::Value::Object(source.overrides.clone()).to_string(),
            trigger: self.claim.trigger,
            attempt: self.claim.attempt,
            ending: settlement.ending,
            failure: settlement.failure,
            counts,
            fetches: self.fetches,
            bytes: self.bytes,
            duration: self.now().since(self.started_at),
            plugin_cpu: self.plugin_cpu,
            cost_estimate: self.claim.reserved,
            cost: self.cost,
            warnings,
            notice: settlement.notice,
            dead: settlement.dead,
        })));
    }
}
