//! What the store keeps of actor runs, and of the gates before them.
//!
//! The same two rules hold as for [`super::Store`]: each method is one transaction, and `now` and ids are given.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::actor::{Order, RemoteId, RemoteStatus};
use tidegate_core::claim::{Claim, Generation};
use tidegate_core::id::{CredentialName, DaemonId, IntentId, RunId, SourceId};
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Intent, Park, Progress};
use tidegate_core::time::UtcMillis;

use super::StoreError;

/// A run that is put away, whose actor run has been started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub run: RunId,
    /// Who pays.
    pub credential: CredentialName,
    /// The platform's id of what it waits for.
    pub remote: RemoteId,
    /// When that was started or found.
    pub at: UtcMillis,
}

/// An actor run whose cost is not final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// What was ordered, with the intent's id.
    pub order: Order,
    /// For which run.
    pub run: RunId,
    /// Of which source.
    pub source: SourceId,
    /// When the platform was first asked to start it.
    pub ordered_at: UtcMillis,
    /// When the platform was last asked to start it.
    pub asked_at: UtcMillis,
    /// When the run was done with it.
    pub ended_at: UtcMillis,
    /// The platform's id of it. `None`: it is not known whether there is one.
    pub remote: Option<RemoteId>,
    /// How it stood when it was last seen.
    pub status: Option<RemoteStatus>,
    /// Its cost when it was last seen.
    pub cost: Option<MicroUsd>,
    /// Elements that were read.
    pub elements: u32,
}

impl Unsettled {
    /// From when on the platform's run may have been started, as [`Intent::earliest`].
    #[must_use]
    pub fn earliest(&self) -> UtcMillis {
        self.ordered_at.min(self.asked_at)
    }
}

/// What a look at an ended actor run has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// That is what it cost.
    Final {
        /// How it ended, if there was one.
        status: Option<RemoteStatus>,
        /// What is booked.
        cost: MicroUsd,
    },
    /// Nothing certain yet.
    Later {
        /// When it is looked at again.
        at: UtcMillis,
        /// What was seen of it, if anything: the platform's id of it, and how it stands.
        seen: Option<(RemoteId, RemoteStatus)>,
    },
}

/// What the store keeps of actor runs.
#[async_trait]
pub trait ActorRuns: Send + Sync {
    /// Writes an intent down, or down again before it is asked for once more; when it was ordered stays as it was. `false`: nothing was written, the run is
    /// somebody else's.
    async fn intend(
        &self,
        run: RunId,
        generation: Generation,
        intent: Intent,
        progress: Progress,
    ) -> Result<bool, StoreError>;

    /// Notes that there is no run for an intent and will be none. `false`: the run is somebody else's.
    async fn void(&self, run: RunId, generation: Generation, intent: IntentId) -> Result<bool, StoreError>;

    /// Puts a run away until `wake_at`: it keeps what it has reserved, and nobody speaks for it. `false`: nothing was written,
    /// the run is somebody else's.
    async fn park(&self, run: RunId, generation: Generation, park: Park) -> Result<bool, StoreError>;

    /// Runs that are put away and whose actor run has been started, at most `limit`, those that wait longest first. One whose
    /// last question had no answer is left out: it is not the end of its actor run that it waits for, and it must not be woken
    /// before its pause is over.
    async fn waiting(&self, limit: usize) -> Result<Vec<Waiting>, StoreError>;

    /// Makes runs that are put away due at `now`.
    async fn wake(&self, runs: Vec<RunId>, now: UtcMillis) -> Result<(), StoreError>;

    /// Claims runs that are put away and due at `now`, longest due first.
    async fn claim_waiting(
        &self,
        daemon: DaemonId,
        lease_until: UtcMillis,
        now: UtcMillis,
        limit: usize,
    ) -> Result<Vec<Claim>, StoreError>;

    /// When the next run that is put away is due.
    async fn next_wake(&self) -> Result<Option<UtcMillis>, StoreError>;

    /// How many runs each credential has under way, claimed or put away.
    async fn under_way(&self) -> Result<BTreeMap<CredentialName, u32>, StoreError>;

    /// Actor runs that are due for a look at their cost, at most `limit`.
    async fn unsettled(&self, now: UtcMillis, limit: usize) -> Result<Vec<Unsettled>, StoreError>;

    /// When the next actor run is due for a look at its cost.
    async fn next_look(&self) -> Result<Option<UtcMillis>, StoreError>;

    /// The platform's ids of what was ordered at `since` or later with the same credential of the same actor, as far as they
    /// are known, this order's own left out: they stand for something already.
    async fn taken(&self, order: &Order, since: UtcMillis) -> Result<Vec<RemoteId>, StoreError>;

    /// Writes what a look has shown. A platform's run that stands for another order already is refused, and nothing is
    /// written. When the last actor run of an ended run is final, what the run has reserved is given back
    /// and what it cost is booked. Gives the run's cost then.
    async fn looked(&self, intent: IntentId, looked: Looked) -> Result<Option<MicroUsd>, StoreError>;

    /// Actor runs of a run, in their order, as (what was ordered, its stage, what is known of it).
    async fn actor_runs(&self, run: RunId) -> Result<Vec<ActorRunRow>, StoreError>;

    /// Gates that are closed.
    async fn gates(&self) -> Result<Vec<Gate>, StoreError>;

    /// Closes a gate, or keeps it closed for longer. Runs that are put away behind it stay so; if it let nothing be read before
    /// and does now, they are due at `now`. One that is closed for a weightier reason stays as it is ([`Gate::outweighs`]).
    /// `true`: it was open, or closed for another reason.
    async fn close_gate(&self, gate: Gate, now: UtcMillis) -> Result<bool, StoreError>;

    /// Opens a gate: what was put off because of it is due at `now`. `false`: it was open.
    async fn open_gate(&self, key: GateKey, now: UtcMillis) -> Result<bool, StoreError>;

    /// The mean cost of a run for each profile of each tenant, over runs that have ended since `since`.
    async fn costs(&self, since: UtcMillis) -> Result<Vec<CostRow>, StoreError>;
}

/// An actor run as it stands in the audit record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ActorRunRow {
    /// Which intent.
    pub id: IntentId,
    /// Where it stands: intended, started, ended, settled, booked, void.
    pub stage: String,
    /// The actor.
    pub actor: String,
    /// Its build, as ordered.
    pub build: String,
    /// Who pays.
    pub credential: CredentialName,
    /// The most the platform may charge.
    pub charge_cap: MicroUsd,
    /// The platform's id.
    pub remote: Option<RemoteId>,
    /// How it stood when it was last seen.
    pub status: Option<RemoteStatus>,
    /// What it cost, as far as that is known.
    pub cost: Option<MicroUsd>,
    /// Elements that were read.
    pub elements: u32,
    /// When the platform was last asked to start it.
    pub asked_at: UtcMillis,
    /// When the run was done with it.
    pub ended_at: Option<UtcMillis>,
}

/// What runs of a profile have cost.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CostRow {
    /// Whose.
    pub tenant: tidegate_core::id::Tenant,
    /// Of which profile.
    pub profile: tidegate_core::id::ProfileName,
    /// How many runs have ended.
    pub runs: u64,
    /// What they cost together.
    pub cost: MicroUsd,
}
