//! The settle pass: what actor runs have really cost.
//!
//! Owns: looking at ended actor runs until their cost is final, also at those nobody reads any more: a start whose outcome was
//! never learnt is looked for, a run that goes on without a reader is ended. Must not know: the ledger. Until the cost is
//! final the worst case stays reserved, so that a budget can not be passed by a late bill.

use std::sync::Arc;
use std::time::Duration;

use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::actor::{RemoteId, RemoteRun, RemoteStatus};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::time::UtcMillis;

use super::Engine;
use crate::ports::{Actors, Event, Looked, StoreError, Unsettled};

/// How long a look that showed nothing certain is followed by none, at first; doubled with the time that has passed.
const PAUSE: Duration = Duration::from_secs(10);
/// Between two passes of one tick.
const SHORTEST: Duration = Duration::from_millis(100);

impl Engine {
    /// Settles costs until it is aborted.
    pub(super) async fn settling(self: Arc<Self>) {
        loop {
            let next = tokio::time::Instant::now() + self.settings().watch;
            for _ in 0..limits::PASS_ROUNDS {
                // Less than a batch: the rest is not due yet.
                let settled = self.told("settle", self.settle().await);
                if settled.is_none_or(|settled| settled < limits::PASS_BATCH) {
                    break;
                }
            }
            tokio::time::sleep_until(next).await;
        }
    }

    /// Settles what becomes due until then, for [`limits::SETTLE_LAST`] at most. Gives whether a pass could not do its work.
    pub(super) async fn settle_until(&self, until: UtcMillis) -> bool {
        let passes = async {
            loop {
                let Some(settled) = self.told("settle", self.settle().await) else { return true };
                match self.told("settle", self.ports.store.next_look().await) {
                    Some(Some(at)) if at <= until => {
                        let now = self.ports.clock.now();
                        // More than a batch was due; else what is due again at once is not waited for in a busy loop.
                        let rest = if settled < limits::PASS_BATCH { SHORTEST } else { Duration::ZERO };
                        tokio::time::sleep(at.since(now).max(rest)).await;
                    }
                    Some(_) => return false,
                    None => return true,
                }
            }
        };
        // What did not answer in time is left to the next tick.
        tokio::time::timeout(limits::SETTLE_LAST, passes).await.unwrap_or(false)
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
                let key = GateKey::Credential(one.order.credential.clone());
                if let Some(gate) = shut.iter().find(|gate| gate.key == key) {
                    settled += usize::from(self.book(one, unasked(one, gate, now)).await?);
                    continue;
                }
                let known = match one.remote {
                    Some(_) => Vec::new(),
                    None => self.ports.store.taken(&one.order, one.earliest().minus(limits::ACTOR_GIVE_UP)).await?,
                };
                let (actors, one) = (self.ports.actors.clone(), one.clone());
                asking.spawn(async move {
                    let seen = look(actors.as_ref(), &one, &known).await;
                    (one, seen)
                });
            }
            while let Some(answer) = asking.join_next().await {
                let Ok((one, seen)) = answer else { continue };
                if let Err(failure) = &seen {
                    self.refused_account(failure, &one.order.credential).await;
                }
                let looked = judge(&one, seen, self.ports.clock.now());
                settled += usize::from(self.book(&one, looked).await?);
            }
        }
        Ok(settled)
    }

    /// Writes down what a look has shown. What cannot be written down is told, and looked at again later: one actor run must
    /// not keep all others from being settled. Gives whether its cost is final.
    async fn book(&self, one: &Unsettled, looked: Looked) -> Result<bool, StoreError> {
        let done = matches!(looked, Looked::Final { .. });
        let now = self.ports.clock.now();
        match self.ports.store.looked(one.order.intent, looked).await {
            Ok(cost) => {
                if let Some(cost) = cost {
                    self.tell(&Event::CostFinal { run: one.run, source: one.source, cost });
                }
                Ok(done)
            }
            Err(error) => {
                let error = format!("the cost of intent {} of run {}: {error}", one.order.intent, one.run);
                self.tell(&Event::PassFailed { pass: "settle", error });
                let none = Err(Failure::new(Class::Transient, "it could not be stored"));
                let looked = postponed(judge(one, none, now), now.plus(limits::ACTOR_PAUSE_MOST));
                self.ports.store.looked(one.order.intent, looked).await.map(|_| false)
            }
        }
    }
}

/// What is made of an actor run whose account refuses us, without asking: that it does not answer. It is asked again when the
/// gate is tried, and given up like any other that nobody answers for.
fn unasked(one: &Unsettled, gate: &Gate, now: UtcMillis) -> Looked {
    let refused = Err(Failure::new(Class::Credential, gate.why.clone()));
    postponed(judge(one, refused, now), now.plus(limits::GATE_PROBE))
}

/// The same at another time.
fn postponed(looked: Looked, at: UtcMillis) -> Looked {
    match looked {
        Looked::Later { seen, .. } => Looked::Later { at, seen },
        looked @ Looked::Final { .. } => looked,
    }
}

/// What the platform says about an ended actor run. One that nobody reads any more and that goes on is told to end.
/// `taken`: runs that stand for other intents.
async fn look(actors: &dyn Actors, one: &Unsettled, taken: &[RemoteId]) -> Result<Option<RemoteRun>, Failure> {
    let run = match &one.remote {
        Some(remote) => actors.inspect(&one.order.credential, remote).await?,
        None => actors.find(&one.order, one.earliest(), taken).await?,
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
    // A run that was given up while it was being asked for was asked for until then.
    let asked_at = one.asked_at.max(one.ended_at.minus(limits::ACTOR_ASK_TIMEOUT));
    let later = |seen| Looked::Later { at: now.plus(PAUSE.max(waited / 2).min(limits::ACTOR_PAUSE_MOST)), seen };
    match seen {
        Ok(Some(run)) if run.status.end().is_some() => match run.cost {
            // Seen to have ended for the first time: that may have been a moment ago, and its cost still grows.
            // What a list says of it may leave its cost out, too: it is asked for by itself.
            _ if one.remote.is_none() || one.status.and_then(RemoteStatus::end).is_none() => {
                Looked::Later { at: now.plus(limits::COST_FINAL), seen: Some((run.id, run.status)) }
            }
            Some(cost) => Looked::Final { status: Some(run.status), cost },
            // The platform does not say, or not here: a run that was found in a list is looked at by its id next time. What it
            // could have cost at most stands, once there is no hope of better.
            None if one.remote.is_none() || waited < limits::ACTOR_YOUNG => later(Some((run.id, run.status))),
            None => Looked::Final { status: Some(run.status), cost: worst(one) },
        },
        Ok(Some(run)) => later(Some((run.id, run.status))),
        // It was never started: the last that was asked for has been answered, and lists have caught up.
        Ok(None) if one.remote.is_none() && now.since(asked_at) > limits::ACTOR_ASK_TIMEOUT + limits::ADOPT_WINDOW => {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tidegate_core::actor::Order;
    use tidegate_core::id::Id;

    use super::*;

    const START: UtcMillis = UtcMillis::from_millis(1_793_512_800_000);
    const CAP: u64 = 50_000;

    fn at(seconds: u64) -> UtcMillis {
        START.plus(Duration::from_secs(seconds))
    }

    /// Asked for at 0, done with at 10.
    fn unsettled(remote: Option<&str>, status: Option<RemoteStatus>) -> Unsettled {
        Unsettled {
            order: Order {
                intent: Id::from_bits(1),
                credential: "apify".parse().unwrap(),
                actor: "apify/instagram-scraper".parse().unwrap(),
                build: "latest".to_owned(),
                memory_mb: None,
                timeout: Duration::from_secs(60),
                charge_cap: MicroUsd::new(CAP),
                input: "{}".to_owned(),
            },
            run: Id::from_bits(2),
            source: Id::from_bits(3),
            ordered_at: at(0),
            asked_at: at(0),
            ended_at: at(10),
            remote: remote.map(|remote| remote.parse().unwrap()),
            status,
            cost: None,
            elements: 0,
        }
    }

    fn run(status: RemoteStatus, cost: Option<u64>) -> Result<Option<RemoteRun>, Failure> {
        let (id, dataset) = ("run".parse().unwrap(), "set".parse().unwrap());
        let cost = cost.map(MicroUsd::new);
        Ok(Some(RemoteRun { id, dataset, status, message: None, build: None, cost, charged_elements: None }))
    }

    fn later(seconds: u64, seen: Option<RemoteStatus>) -> Looked {
        Looked::Later { at: at(seconds), seen: seen.map(|status| ("run".parse().unwrap(), status)) }
    }

    fn finally(status: Option<RemoteStatus>, cost: u64) -> Looked {
        Looked::Final { status, cost: MicroUsd::new(cost) }
    }

    /// The platform corrects a cost for ten seconds after a run's end, and nobody knows how long ago that was but who has seen
    /// it before.
    #[test]
    fn a_cost_is_final_when_the_end_was_seen_before() {
        use RemoteStatus::{Aborted, Running, Succeeded};
        let failure = || Err(Failure::new(Class::Transient, "no answer"));
        for (what, before, seen, now, expected) in [
            (
                "ended, for all we know just now",
                (Some("run"), None),
                run(Succeeded, Some(9)),
                20,
                later(32, Some(Succeeded)),
            ),
            ("found, and ended", (None, None), run(Succeeded, Some(9)), 20, later(32, Some(Succeeded))),
            (
                "read, and known by its mark only",
                (None, Some(Succeeded)),
                run(Succeeded, None),
                32,
                later(44, Some(Succeeded)),
            ),
            (
                "ran when it was last seen",
                (Some("run"), Some(Running)),
                run(Aborted, Some(9)),
                20,
                later(32, Some(Aborted)),
            ),
            (
                "was seen to have ended",
                (Some("run"), Some(Succeeded)),
                run(Succeeded, Some(9)),
                32,
                finally(Some(Succeeded), 9),
            ),
            ("runs on, told to end", (Some("run"), None), run(Running, Some(9)), 20, later(30, Some(Running))),
            ("runs again", (Some("run"), Some(Succeeded)), run(Running, Some(9)), 20, later(30, Some(Running))),
            ("does not say", (Some("run"), Some(Succeeded)), run(Succeeded, None), 32, later(43, Some(Succeeded))),
            ("the list does not say", (None, Some(Succeeded)), run(Succeeded, None), 70, later(82, Some(Succeeded))),
            ("will not say", (Some("run"), Some(Succeeded)), run(Succeeded, None), 71, finally(Some(Succeeded), CAP)),
            ("not in the list yet", (None, None), Ok(None), 90, later(130, None)),
            ("was never started", (None, None), Ok(None), 91, finally(None, 0)),
            ("the platform has lost it", (Some("run"), None), Ok(None), 71, finally(None, CAP)),
            ("no answer", (Some("run"), Some(Succeeded)), failure(), 20, later(30, None)),
        ] {
            assert_eq!(judge(&unsettled(before.0, before.1), seen, at(now)), expected, "{what}");
        }
    }

    const NO: &str = "no such token";

    /// A start that was given up an hour after it was written down may have been asked for until then.
    #[test]
    fn a_start_that_was_given_up_late_is_looked_for_all_the_same() {
        let late = Unsettled { ended_at: at(3_600), ..unsettled(None, None) };
        assert_eq!(judge(&late, Ok(None), at(3_601)), later(3_611, None));
        assert_eq!(judge(&late, Ok(None), at(3_630)), later(3_645, None));
        assert_eq!(judge(&late, Ok(None), at(3_631)), finally(None, 0));
    }

    /// A credential that was renamed never works again, and what was ordered with it must not stay reserved for ever.
    #[test]
    fn behind_a_closed_gate_nothing_is_asked_and_all_is_settled_in_the_end() {
        let gate = |now| Gate {
            key: GateKey::Credential("apify".parse().unwrap()),
            class: Class::Credential,
            why: NO.to_owned(),
            since: at(0),
            until: now,
        };
        let week = 7 * 86_400 + 10;
        for (one, now, expected) in [
            (unsettled(Some("run"), None), 20, later(620, None)),
            (unsettled(None, None), week, later(week + 600, None)),
            (unsettled(Some("run"), None), week + 1, finally(None, CAP)),
            (unsettled(None, None), week + 1, finally(None, CAP)),
        ] {
            assert_eq!(unasked(&one, &gate(at(now)), at(now)), expected, "{now}");
        }
    }
}
