//! The store's side of [`ActorRuns`]: each method's way to reader or writer.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::actor::{Order, RemoteId};
use tidegate_core::claim::{Claim, Generation};
use tidegate_core::id::{CredentialName, DaemonId, IntentId, RunId};
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Intent, Park, Progress};
use tidegate_core::time::UtcMillis;

use super::{SqliteStore, actor_run, gate, parked};
use crate::ports::{ActorRunRow, ActorRuns, CostRow, Looked, StoreError, Unsettled, Waiting};

#[async_trait]
impl ActorRuns for SqliteStore {
    async fn intend(
        &self,
        run: RunId,
        generation: Generation,
        intent: Intent,
        progress: Progress,
    ) -> Result<bool, StoreError> {
        self.schedule(
            "write an intent down",
            Box::new(move |conn| Box::pin(actor_run::intend(conn, run, generation, intent, progress))),
        )
        .await
    }

    async fn void(&self, run: RunId, generation: Generation, intent: IntentId) -> Result<bool, StoreError> {
        self.schedule(
            "take an intent back",
            Box::new(move |conn| Box::pin(actor_run::void(conn, run, generation, intent))),
        )
        .await
    }

    async fn park(&self, run: RunId, generation: Generation, park: Park) -> Result<bool, StoreError> {
        self.schedule("put a run away", Box::new(move |conn| Box::pin(parked::park(conn, run, generation, park)))).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        self.read("list waiting runs", Box::new(move |conn| Box::pin(parked::waiting(conn, limit)))).await
    }

    async fn wake(&self, runs: Vec<RunId>, now: UtcMillis) -> Result<(), StoreError> {
        if runs.is_empty() {
            return Ok(());
        }
        self.schedule("wake runs", Box::new(move |conn| Box::pin(parked::wake(conn, runs, now)))).await
    }

    async fn claim_waiting(
        &self,
        daemon: DaemonId,
        lease_until: UtcMillis,
        now: UtcMillis,
        limit: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        self.schedule(
            "claim waiting runs",
            Box::new(move |conn| Box::pin(parked::claim(conn, daemon, lease_until, now, limit))),
        )
        .await
    }

    async fn next_wake(&self) -> Result<Option<UtcMillis>, StoreError> {
        self.read("look for the next waiting run", Box::new(|conn| Box::pin(parked::next_wake(conn)))).await
    }

    async fn under_way(&self) -> Result<BTreeMap<CredentialName, u32>, StoreError> {
        self.read("count paid runs under way", Box::new(|conn| Box::pin(parked::under_way(conn)))).await
    }

    async fn unsettled(&self, now: UtcMillis, limit: usize) -> Result<Vec<Unsettled>, StoreError> {
        self.read("look for open costs", Box::new(move |conn| Box::pin(actor_run::unsettled(conn, now, limit)))).await
    }

    async fn next_look(&self) -> Result<Option<UtcMillis>, StoreError> {
        self.read("look for the next open cost", Box::new(|conn| Box::pin(actor_run::next_look(conn)))).await
    }

    async fn taken(&self, order: &Order, since: UtcMillis) -> Result<Vec<RemoteId>, StoreError> {
        let order = order.clone();
        self.read("list known runs of an actor", Box::new(move |conn| Box::pin(actor_run::taken(conn, order, since))))
            .await
    }

    async fn looked(&self, intent: IntentId, looked: Looked) -> Result<Option<MicroUsd>, StoreError> {
        self.schedule("settle a cost", Box::new(move |conn| Box::pin(actor_run::looked(conn, intent, looked)))).await
    }

    async fn actor_runs(&self, run: RunId) -> Result<Vec<ActorRunRow>, StoreError> {
        self.read("read a run's actor runs", Box::new(move |conn| Box::pin(actor_run::of_run(conn, run)))).await
    }

    async fn gates(&self) -> Result<Vec<Gate>, StoreError> {
        self.read("read the gates", Box::new(|conn| Box::pin(gate::all(conn)))).await
    }

    async fn close_gate(&self, closed: Gate, now: UtcMillis) -> Result<bool, StoreError> {
        self.schedule("close a gate", Box::new(move |conn| Box::pin(gate::close(conn, closed, now)))).await
    }

    async fn open_gate(&self, key: GateKey, now: UtcMillis) -> Result<bool, StoreError> {
        self.schedule("open a gate", Box::new(move |conn| Box::pin(gate::open(conn, key, now)))).await
    }

    async fn costs(&self, since: UtcMillis) -> Result<Vec<CostRow>, StoreError> {
        self.read("read what runs have cost", Box::new(move |conn| Box::pin(parked::costs(conn, since)))).await
    }
}
