//! Turns at hosts, as a store keeps them for all daemons of a database.
//!
//! Owns: the trait and its shapes. Must not know: the rules (`tidegate_core::rate`) or who makes requests.

use async_trait::async_trait;
use serde::Serialize;
use tidegate_core::rate::{Line, Outcome, Rates, RunRate, TurnId, Turned};
use tidegate_core::time::UtcMillis;

use super::StoreError;

/// Somebody who wants to make a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnAsk {
    /// Name and port: `feeds.example:443`.
    pub host: String,
    /// Drawn by the one who asks.
    pub id: TurnId,
    /// What is allowed there.
    pub rates: Rates,
}

/// Somebody who has made one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnBack {
    /// Name and port.
    pub host: String,
    /// The turn.
    pub id: TurnId,
    /// What became of it.
    pub outcome: Outcome,
}

/// A host that is closed or has requests under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostRow {
    /// Name and port.
    pub host: String,
    /// Until when nobody asks it.
    pub closed_until: Option<UtcMillis>,
    /// Whether it asked for that (429, or 503 with `Retry-After`); else it has failed too often.
    pub asked: bool,
    /// Failures in a row.
    pub failures: u32,
    /// Requests under way.
    pub under_way: u32,
}

/// What is known of hosts.
#[async_trait]
pub trait Hosts: Send + Sync {
    /// Whether several daemons use this database, so that each request has to be asked for here. One that has it to itself
    /// asks only where a rate has to outlive it.
    fn is_shared(&self) -> bool;

    /// Takes turns back and gives turns out, in this order, in one transaction. Answers in the order of `asks`.
    async fn turns(&self, asks: Vec<TurnAsk>, backs: Vec<TurnBack>, now: UtcMillis) -> Result<Vec<Turned>, StoreError>;

    /// How these rates stand: what a claim would find, taking nothing.
    async fn line(&self, rates: Vec<RunRate>) -> Result<Line, StoreError>;

    /// Hosts that are closed at `now`, by name.
    async fn closed_hosts(&self, now: UtcMillis) -> Result<Vec<HostRow>, StoreError>;
}
