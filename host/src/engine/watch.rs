//! The watch pass: which actor runs have ended.
//!
//! Owns: asking the platform about all runs that are put away, a few questions for however many, and waking those that have
//! ended. Also asks whether a refused credential works again. Must not know: what follows. Runs beside the scheduler's
//! passes, because a slow platform must not hold those up. What it sees is a hint: the run that is woken looks for itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_core::actor::RemoteId;
use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{CredentialName, RunId};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::Engine;
use crate::ports::{Event, StoreError, Waiting};

impl Engine {
    /// Watches the actor platform until it is aborted.
    pub(super) async fn watching(self: Arc<Self>) {
        loop {
            let next = tokio::time::Instant::now() + self.settings().watch;
            let _asked = self.told("gates", self.probe().await);
            let _woken = self.told("watch", self.watch().await);
            tokio::time::sleep_until(next).await;
        }
    }

    /// Wakes runs whose actor run has ended. Gives how many.
    pub(super) async fn watch(self: &Arc<Self>) -> Result<usize, StoreError> {
        let waiting = self.ports.store.waiting(limits::ACTOR_LIST * limits::ACTOR_LIST_PAGES).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let shut: Vec<Gate> = self.ports.store.gates().await?.into_iter().filter(|gate| !gate.lets_read()).collect();
        let mut by_credential: BTreeMap<CredentialName, Vec<Waiting>> = BTreeMap::new();
        for one in waiting {
            by_credential.entry(one.credential.clone()).or_default().push(one);
        }
        by_credential.retain(|credential, _| {
            let key = GateKey::Credential(credential.clone());
            shut.iter().all(|gate| gate.key != key)
        });
        // Beside one another: an account that is told to slow down must not hold up the others.
        let mut watching = tokio::task::JoinSet::new();
        for (credential, waiting) in by_credential {
            let engine = Arc::clone(self);
            watching.spawn(async move { engine.watch_one(&credential, waiting).await });
        }
        let mut woken = 0;
        while let Some(watched) = watching.join_next().await {
            // One that panicked is repeated with the next beat.
            woken += watched.unwrap_or(Ok(0))?;
        }
        Ok(woken)
    }

    async fn watch_one(&self, credential: &CredentialName, waiting: Vec<Waiting>) -> Result<usize, StoreError> {
        let since = waiting.iter().map(|one| one.at).min().unwrap_or_default();
        let runs: BTreeMap<RemoteId, RunId> = waiting.into_iter().map(|one| (one.remote, one.run)).collect();
        let remotes: Vec<RemoteId> = runs.keys().cloned().collect();
        let seen = match self.ports.actors.statuses(credential, &remotes, since).await {
            Ok(seen) => seen,
            Err(failure) => {
                self.refused_account(&failure, credential).await;
                return Ok(0);
            }
        };
        let ended: Vec<RunId> = seen
            .iter()
            .filter(|(_, status)| status.end().is_some())
            .filter_map(|(remote, _)| runs.get(remote).copied())
            .collect();
        let woken = ended.len();
        self.ports.store.wake(ended, self.ports.clock.now()).await?;
        if woken > 0 {
            self.live.nudge();
        }
        Ok(woken)
    }

    /// Tries what is closed and due. An account is asked what it may do, which costs nothing; what else is closed simply opens,
    /// and the next start is the question.
    pub(super) async fn probe(&self) -> Result<usize, StoreError> {
        let now = self.ports.clock.now();
        let mut opened = 0;
        for gate in self.ports.store.gates().await? {
            if gate.until <= now {
                opened += usize::from(self.try_gate(gate, now).await?);
            }
        }
        Ok(opened)
    }

    async fn try_gate(&self, gate: Gate, now: UtcMillis) -> Result<bool, StoreError> {
        let open = match &gate.key {
            GateKey::Credential(name) if gate.needs_probe() => self.works(name, &gate, now).await,
            GateKey::Credential(_) | GateKey::Actor(..) | GateKey::Net(_) => true,
        };
        let opened = open && self.ports.store.open_gate(gate.key.clone(), now).await?;
        if opened {
            self.tell(&Event::GateOpened { key: gate.key });
            self.live.nudge();
        }
        Ok(opened)
    }

    /// Has every closed gate tried at once: an operator has changed something.
    pub async fn try_gates(&self) {
        let now = self.ports.clock.now();
        match self.ports.store.gates().await {
            Ok(gates) => {
                for gate in gates {
                    let _opened = self.told("gates", self.try_gate(gate, now).await);
                }
            }
            Err(error) => self.tell(&Event::PassFailed { pass: "gates", error: error.to_string() }),
        }
    }

    /// Whether an account works again; if not, its gate stays closed for a while.
    async fn works(&self, name: &CredentialName, gate: &Gate, now: UtcMillis) -> bool {
        let (class, why) = match self.ports.actors.account(name).await {
            Ok(account) if account.has_money() => return true,
            Ok(_) if gate.class == Class::Quota => (Class::Quota, gate.why.clone()),
            Ok(_) => (Class::Quota, "the token works, but the account has no money left".to_owned()),
            Err(failure) if failure.class == Class::Credential => (Class::Credential, failure.message),
            // No answer says nothing about the account.
            Err(_) => (gate.class, gate.why.clone()),
        };
        let tried = Gate { key: gate.key.clone(), class, why, since: now, until: now.plus(limits::GATE_PROBE) };
        // This was the trial, though an operator may have asked for it before it was due.
        self.close(tried, now.max(gate.until)).await;
        false
    }

    /// Closes the gate of a credential that is refused, whatever it was asked for.
    pub(super) async fn refused_account(&self, failure: &Failure, credential: &CredentialName) {
        if matches!(failure.class, Class::Credential | Class::Quota) {
            let now = self.ports.clock.now();
            let gate = Gate {
                key: GateKey::Credential(credential.clone()),
                class: failure.class,
                why: failure.message.clone(),
                since: now,
                until: now.plus(limits::GATE_PROBE),
            };
            self.close(gate, now).await;
        }
    }
}
