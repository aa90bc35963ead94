//! A run's dealings with the actor platform.
//!
//! Owns: performing the machine's effects on actor runs, in the order that makes them safe: the intent is stored before the
//! platform is asked, and taken back only when the platform has said no. Holds no rule of the product. A part of [`Work`].

use tidegate_core::actor::gate::Gate;
use tidegate_core::actor::{ActorName, Order, RemoteRun};
use tidegate_core::failure::Failure;
use tidegate_core::id::CredentialName;
use tidegate_core::limits;
use tidegate_core::run::{Event as Happened, Intent, IntentStage, Park, Progress, Started};
use tidegate_core::time::UtcMillis;

use super::Engine;
use super::work::{Interrupted, Work};
use crate::ports::{Event, NotStarted, StoreError};

impl Engine {
    /// Closes the gate that a refusal closes, if it is one that closes a gate. Nobody else asks until it opens.
    pub(super) async fn refused(&self, failure: &Failure, credential: &CredentialName, actor: &ActorName) {
        let now = self.ports.clock.now();
        let Some(gate) = Gate::of(failure, credential, actor, now, self.dice()) else { return };
        self.close(gate, now).await;
    }

    /// Closes a gate, and tells of it if that is news.
    pub(super) async fn close(&self, gate: Gate, now: UtcMillis) {
        match self.ports.store.close_gate(gate.clone(), now).await {
            Ok(true) => self.tell(&Event::GateClosed { gate }),
            Ok(false) => {}
            Err(error) => self.tell(&Event::PassFailed { pass: "close a gate", error: error.to_string() }),
        }
    }

    /// The run that was started for an order no earlier than `since`, among those that stand for nothing yet.
    pub(super) async fn find_run(
        &self,
        order: &Order,
        since: UtcMillis,
    ) -> Result<Result<Option<RemoteRun>, Failure>, StoreError> {
        // What is started now may have been ordered long ago.
        let taken = self.ports.store.taken(order, since.minus(limits::ACTOR_GIVE_UP)).await?;
        Ok(self.ports.actors.find(order, since, &taken).await)
    }
}

impl Work {
    /// `None`: the run is somebody else's.
    pub(super) async fn intend(&self, intent: Intent, progress: Progress) -> Result<Option<Happened>, StoreError> {
        let (run, generation) = (self.claim.run, self.claim.generation);
        if self.engine.ports.store.intend(run, generation, intent, progress).await? {
            return Ok(Some(Happened::Intended));
        }
        self.stale();
        Ok(None)
    }

    pub(super) async fn start(&mut self, intent: &Intent) -> Result<Happened, Interrupted> {
        self.count_fetch();
        let started = match self.engine.ports.actors.start(&intent.order).await {
            Ok(run) => {
                self.tell_started(intent, &run, false);
                Started::Run(run)
            }
            Err(NotStarted::Unknown(failure)) => {
                self.refused(intent, &failure).await;
                Started::Unknown(failure)
            }
            Err(NotStarted::Refused(failure)) => {
                let (run, generation) = (self.claim.run, self.claim.generation);
                let void = self.engine.ports.store.void(run, generation, intent.order.intent).await;
                if !void.map_err(Interrupted::Store)? {
                    return Err(Interrupted::Lost);
                }
                self.refused(intent, &failure).await;
                Started::Refused(failure)
            }
        };
        Ok(Happened::Started(started))
    }

    pub(super) async fn find(&self, intent: &Intent) -> Result<Happened, Interrupted> {
        let found = self.engine.find_run(&intent.order, intent.earliest()).await.map_err(Interrupted::Store)?;
        match &found {
            Ok(Some(run)) => self.tell_started(intent, run, true),
            Ok(None) => {}
            Err(failure) => self.refused(intent, failure).await,
        }
        Ok(Happened::Found(found))
    }

    pub(super) async fn inspect(&self, intent: &Intent) -> Happened {
        let IntentStage::Started { remote, .. } = &intent.stage else { return Happened::Inspected(Ok(None)) };
        let inspected = self.engine.ports.actors.inspect(&intent.order.credential, remote).await;
        if let Err(failure) = &inspected {
            self.refused(intent, failure).await;
        }
        Happened::Inspected(inspected)
    }

    pub(super) async fn abort(&self, intent: &Intent) -> Happened {
        let IntentStage::Started { remote, .. } = &intent.stage else { return Happened::Aborted(Ok(())) };
        let told = self.engine.ports.actors.abort(&intent.order.credential, remote).await;
        if let Err(failure) = &told {
            self.refused(intent, failure).await;
        }
        Happened::Aborted(told)
    }

    pub(super) async fn read(&mut self, intent: &Intent, offset: u32) -> Happened {
        let IntentStage::Started { dataset, .. } = &intent.stage else {
            return Happened::Sliced(Ok(tidegate_core::actor::Slice::default()));
        };
        let slice = self.engine.ports.actors.read(&intent.order.credential, dataset, offset).await;
        match &slice {
            Ok(slice) => self.count_bytes(slice.bytes),
            Err(failure) => self.refused(intent, failure).await,
        }
        Happened::Sliced(slice)
    }

    /// Nobody speaks for the run after this; whoever claims it next goes on with it.
    pub(super) async fn park(&self, park: Park) -> Result<(), StoreError> {
        if !self.engine.ports.store.park(self.claim.run, self.claim.generation, park).await? {
            self.stale();
        }
        Ok(())
    }

    async fn refused(&self, intent: &Intent, failure: &Failure) {
        self.engine.refused(failure, &intent.order.credential, &intent.order.actor).await;
    }

    fn tell_started(&self, intent: &Intent, run: &RemoteRun, adopted: bool) {
        self.engine.tell(&Event::ActorStarted {
            run: self.claim.run,
            source: self.claim.source.id,
            actor: intent.order.actor.to_string(),
            remote: run.id.to_string(),
            charge_cap: intent.order.charge_cap,
            adopted,
        });
    }
}
