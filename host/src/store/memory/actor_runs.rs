//! The store's side of [`ActorRuns`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::actor::{Order, RemoteId};
use tidegate_core::claim::{Claim, Generation};
use tidegate_core::id::{CredentialName, DaemonId, IntentId, RunId};
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Intent, Park, Progress};
use tidegate_core::time::UtcMillis;

use super::MemoryStore;
use crate::ports::{ActorRunRow, ActorRuns, CostRow, Looked, StoreError, Unsettled, Waiting};

#[async_trait]
impl ActorRuns for MemoryStore {
    async fn intend(
        &self,
        run: RunId,
        generation: Generation,
        intent: Intent,
        progress: Progress,
    ) -> Result<bool, StoreError> {
        self.trying("write an intent down", |tables| tables.intend(run, generation, intent, progress))
    }

    async fn void(&self, run: RunId, generation: Generation, intent: IntentId) -> Result<bool, StoreError> {
        self.with("take an intent back", |tables| tables.void(run, generation, intent))
    }

    async fn park(&self, run: RunId, generation: Generation, park: Park) -> Result<bool, StoreError> {
        self.trying("put a run away", |tables| tables.park(run, generation, park))
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        self.with("list waiting runs", |tables| tables.waiting(limit))
    }

    async fn wake(&self, runs: Vec<RunId>, now: UtcMillis) -> Result<(), StoreError> {
        self.with("wake runs", |tables| tables.wake(runs, now))
    }

    async fn claim_waiting(
        &self,
        daemon: DaemonId,
        lease_until: UtcMillis,
        now: UtcMillis,
        limit: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        self.with("claim waiting runs", |tables| tables.claim_waiting(daemon, lease_until, now, limit))
    }

    async fn next_wake(&self) -> Result<Option<UtcMillis>, StoreError> {
        self.with("look for the next waiting run", |tables| tables.wakes.first().map(|(at, _)| *at))
    }

    async fn under_way(&self) -> Result<BTreeMap<CredentialName, u32>, StoreError> {
        self.with("count paid runs under way", |tables| tables.under_way())
    }

    async fn unsettled(&self, now: UtcMillis, limit: usize) -> Result<Vec<Unsettled>, StoreError> {
        self.with("look for open costs", |tables| tables.unsettled(now, limit))
    }

    async fn next_look(&self) -> Result<Option<UtcMillis>, StoreError> {
        self.with("look for the next open cost", |tables| tables.looks.first().map(|(at, _)| *at))
    }

    async fn taken(&self, order: &Order, since: UtcMillis) -> Result<Vec<RemoteId>, StoreError> {
        self.with("list known runs of an actor", |tables| tables.taken(order, since))
    }

    async fn looked(&self, intent: IntentId, looked: Looked) -> Result<Option<MicroUsd>, StoreError> {
        self.trying("settle a cost", |tables| tables.looked(intent, looked))
    }

    async fn actor_runs(&self, run: RunId) -> Result<Vec<ActorRunRow>, StoreError> {
        self.with("read a run's actor runs", |tables| tables.actor_runs(run))
    }

    async fn gates(&self) -> Result<Vec<Gate>, StoreError> {
        self.with("read the gates", |tables| tables.gates.values().cloned().collect())
    }

    async fn close_gate(&self, gate: Gate, now: UtcMillis) -> Result<bool, StoreError> {
        self.with("close a gate", |tables| tables.close_gate(gate, now))
    }

    async fn open_gate(&self, key: GateKey, now: UtcMillis) -> Result<bool, StoreError> {
        self.with("open a gate", |tables| tables.open_gate(&key, now))
    }

    async fn costs(&self, since: UtcMillis) -> Result<Vec<CostRow>, StoreError> {
        self.with("read what runs have cost", |tables| tables.costs(since))
    }
}
