//! What a store says about the work before it, in a few numbers: for metrics and for people who watch.

use async_trait::async_trait;
use serde::Serialize;
use tidegate_core::time::UtcMillis;

use super::StoreError;

/// The work before a database, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Pulse {
    /// Sources whose time has come and that have no live run. Counted up to `tidegate_core::limits::DUE_COUNTED`.
    pub due: u64,
    /// Since when the longest waiting one of them is due.
    pub due_since: Option<UtcMillis>,
    /// Runs under way in some daemon.
    pub running: u64,
    /// Runs that are put away until their actor run has ended.
    pub waiting: u64,
    /// Alerts that are not resolved.
    pub alerts: u64,
}

/// A store that can be watched. Cheap: each number comes from an index.
#[async_trait]
pub trait Pulses: Send + Sync {
    /// The numbers at `now`.
    async fn pulse(&self, now: UtcMillis) -> Result<Pulse, StoreError>;
}
