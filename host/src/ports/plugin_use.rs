//! What the store keeps of the versions of plugins: which serve, and what they were asked for.
//!
//! A daemon counts in memory; what it writes here is what `plugin list`, another process, can show. The same two rules hold as
//! for [`super::Store`]: each method is one transaction, and `now` is given.

use async_trait::async_trait;
use tidegate_core::id::ProfileName;
use tidegate_core::time::UtcMillis;

use super::{StoreError, Used, Version};

/// A version of a plugin, with all that was counted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseRow {
    /// Which.
    pub version: Version,
    /// When it first served.
    pub first_at: UtcMillis,
    /// When it was last known to serve.
    pub served_at: UtcMillis,
    /// What it was asked for.
    pub used: Used,
}

/// Versions of plugins, and sources whose plugin is not there.
#[async_trait]
pub trait PluginUse: Send + Sync {
    /// Notes which versions serve now, and adds what was counted. Versions that have not served for long are forgotten.
    async fn note_use(&self, serving: Vec<Version>, used: Vec<Used>, now: UtcMillis) -> Result<(), StoreError>;

    /// All versions that are remembered, by plugin and digest.
    async fn plugin_use(&self) -> Result<Vec<UseRow>, StoreError>;

    /// Pauses active sources of a profile for as long as their plugin is not there; what is due stays noted. A run under way
    /// goes on to its end. At most `most`; gives how many.
    async fn pause_for_plugin(
        &self,
        profile: &ProfileName,
        reason: &str,
        now: UtcMillis,
        most: usize,
    ) -> Result<usize, StoreError>;

    /// Ends that for sources of these profiles: they are as they were before, and what came due meanwhile is due now. At most
    /// `most`; gives how many.
    async fn back_with_plugin(
        &self,
        profiles: Vec<ProfileName>,
        now: UtcMillis,
        most: usize,
    ) -> Result<usize, StoreError>;
}
