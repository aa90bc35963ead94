//! The settle pass: what actor runs have really cost.
//!
//! Owns: looking at ended actor runs until their cost is final, also at those nobody reads any more: a start whose outcome was
//! never learnt is looked for, a run that goes on without a reader is ended. Must not know: the ledger. Until the cost is
//! final the worst case stays reserved, so that a budget can not be passed by a late bill.

use std::sync::Arc;
use std::time::Duration;

use tidegate_core::actor::RemoteRun;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::time::UtcMillis;

use super::Engine;
use crate::ports::{Event, Looked, StoreError, Unsettled};

/// How long a look that showed nothing certain is followed by none, at first; doubled with the time that has passed.
const PAUSE: Duration = Duration::from_secs(10);

impl Engine {
    /// Settles costs until it is aborted.
    pub(super) async fn settling(self: Arc<Self>) {
        let mut beat = tokio::time::interval(self.settings.watch);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            for _ in 0..limits::PASS_ROUNDS {
                // Less than a batch: the rest is not due yet.
                let settled = self.told("settle", self.settle().await);
                if settled.is_none_or(|settled| settled < limits::PASS_BATCH) {
                    break;
                }
            }
        }
    }

    /// Settles what is due, at most a batch. Gives how many actor runs.
    pub(super) async fn settle(&self) -> Result<usize, StoreError> {
        let now = self.ports.clock.now();
        let unsettled = self.ports.store.unsettled(now, limits::PASS_BATCH).await?;
        if unsettled.is_empty() {
            return Ok(0);
        }
        let shut: Vec<_> = self.ports.store.gates().await?.into_iter().filter(|gate| !gate.lets_read()).collect();
        let mut settled = 0;
        // A few at a time: each is one question, and there may be thousands.
        for some in unsettled.chunks(limits::ACTOR_ASKS_AT_ONCE) {
            let mut asking = tokio::task::JoinSet::new();
            for one in some {
                let refused = shut.iter().any(|gate| {
                    gate.key == tidegate_core::actor::gate::GateKey::Credential(one.order.credential.clone())
                });
                if refused {
                    let at = now.plus(limits::GATE_PROBE);
                    self.ports.store.looked(one.order.intent, Looked::Later { at, remote: None }).await?;
                    continue;
                }
                let (actors, one) = (self.ports.actors.clone(), one.clone());
                asking.spawn(async move {
                    let seen = look(actors.as_ref(), &one).await;
                    (one, seen)
                });
            }
            while let Some(answer) = asking.join_next().await {
                let Ok((one, seen)) = answer else { continue };
                if let Err(failure) = &seen {
                    self.refused_account(failure, &one.order.credential).await;
                }
                settled += usize::from(self.book(&one, seen).await?);
            }
        }
        Ok(settled)
    }

    async fn book(&self, one: &Unsettled, seen: Result<Option<RemoteRun>, Failure>) -> Result<bool, StoreError> {
        let now = self.ports.clock.now();
        let looked = judge(one, seen, now);
        let done = matches!(looked, Looked::Final { .. });
        if let Some(cost) = self.ports.store.looked(one.order.intent, looked).await? {
            self.tell(&Event::CostFinal { run: one.run, source: one.source, cost });
        }
        Ok(done)
    }
}

/// What the platform says about an ended actor run. One that nobody reads any more and that goes on is told to end.
async fn look(actors: &dyn crate::ports::Actors, one: &Unsettled) -> Result<Option<RemoteRun>, Failure> {
    let run = match &one.remote {
        Some(remote) => actors.inspect(&one.order.credential, remote).await?,
        None => actors.find(&one.order, one.asked_at).await?,
    };
    if let Some(run) = &run
        && run.status.end().is_none()
    {
        actors.abort(&one.order.credential, &run.id).await?;
    }
    Ok(run)
}

/// What follows from a look.
fn judge(one: &Unsettled, seen: Result<Option<RemoteRun>, Failure>, now: UtcMillis) -> Looked {
    let waited = now.since(one.ended_at);
    let later = |remote| Looked::Later { at: now.plus(PAUSE.max(waited / 2).min(limits::ACTOR_PAUSE_MOST)), remote };
    match seen {
        Ok(Some(run)) if run.status.end().is_some() => match run.cost {
            // A run that ended while nobody looked may have ended just now.
            _ if one.remote.is_none() => later(Some(run.id)),
            Some(cost) => Looked::Final { status: Some(run.status), cost },
            // The platform does not say. What it could have cost at most stands, once there is no hope of better.
            None if waited < limits::ACTOR_YOUNG => later(None),
            None => Looked::Final { status: Some(run.status), cost: worst(one) },
        },
        Ok(Some(run)) => later(Some(run.id)),
        // It was never started: the last that was asked for has been answered, and lists have caught up.
        Ok(None)
            if one.remote.is_none() && now.since(one.asked_at) > limits::ACTOR_ASK_TIMEOUT + limits::ADOPT_WINDOW =>
        {
            Looked::Final { status: None, cost: MicroUsd::ZERO }
        }
        Ok(None) if one.remote.is_some() && waited > limits::ACTOR_YOUNG => {
            Looked::Final { status: None, cost: worst(one) }
        }
        Err(failure) if failure.class == Class::Config || waited > limits::ACTOR_GIVE_UP * 7 => {
            Looked::Final { status: None, cost: worst(one) }
        }
        Ok(None) | Err(_) => later(None),
    }
}

/// The most it can have cost, where nobody says what it did.
fn worst(one: &Unsettled) -> MicroUsd {
    one.cost.map_or(one.order.charge_cap, |seen| seen.max(one.order.charge_cap))
}
