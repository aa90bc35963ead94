//! What the store keeps of plugins that break down.
//!
//! The same two rules hold as for [`super::Store`]: each method is one transaction, and `now` is given. What is too much is
//! `tidegate_core::quarantine`'s to say.

use async_trait::async_trait;
use tidegate_core::id::{ProfileName, RunId, SourceId};
use tidegate_core::quarantine::{Faults, Quarantine};
use tidegate_core::time::UtcMillis;

use super::StoreError;

/// A run in which a plugin broke down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The plugin's name.
    pub plugin: String,
    /// The digest of the version.
    pub digest: String,
    /// The run.
    pub run: RunId,
    /// Its source.
    pub source: SourceId,
}

/// Faults and quarantines.
#[async_trait]
pub trait Quarantines: Send + Sync {
    /// Notes a fault; a run counts once. Gives those of the same version that are counted, this one with them: as many as are
    /// kept, none older than the window.
    async fn note_fault(&self, fault: Fault, now: UtcMillis) -> Result<Faults, StoreError>;

    /// How many sources of these profiles have last succeeded at `since` or later; not counted beyond `most`.
    async fn worked(&self, profiles: Vec<ProfileName>, since: UtcMillis, most: u32) -> Result<u32, StoreError>;

    /// Whether every counted fault of a version is of one tenant's sources, while active sources of these profiles are another
    /// tenant's.
    async fn are_of_one_tenant(
        &self,
        version: (String, String),
        profiles: Vec<ProfileName>,
    ) -> Result<bool, StoreError>;

    /// Takes a version out of service. `false`: it was already, and stays as it is.
    async fn quarantine(&self, quarantine: Quarantine) -> Result<bool, StoreError>;

    /// Versions that are out of service, by plugin and digest.
    async fn quarantines(&self) -> Result<Vec<Quarantine>, StoreError>;

    /// Lets a plugin serve again, or only that version of it: its faults are forgotten, and every source that was put off is
    /// looked at again. `false`: it was not out of service, and nothing was written.
    async fn release(&self, plugin: &str, digest: Option<&str>) -> Result<bool, StoreError>;
}
