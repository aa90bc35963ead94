//! The plugin room as the engine sees it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tidegate_core::contract::{Batch, Failure, Job, Manifest, Page, Problem, Step, Valid};
use tidegate_core::eligibility::Presence;
use tidegate_core::profile::Profile;

/// The plugins that are loaded.
pub trait Plugins: Send + Sync {
    /// The live version of the plugin of that name. A run keeps the one it began with.
    fn find(&self, name: &str) -> Option<Arc<dyn Plugin>>;

    /// The plugin that reads the sources of a profile, within that profile's limits. A profile that pins a component gets that
    /// one or none.
    fn of(&self, profile: &Profile) -> Result<Arc<dyn Plugin>, Absent> {
        let plugin = self.find(&profile.plugin).ok_or(Absent::Plugin)?;
        fits(&*plugin, profile)?;
        Ok(plugin)
    }

    /// Names of all that are loaded, sorted.
    fn names(&self) -> Vec<String>;

    /// What plugins have been asked for since this was last asked, and what it took.
    fn take_used(&self) -> Vec<Used> {
        Vec::new()
    }

    /// The components that serve: whatever they have been asked for, somebody may want to know that they do.
    fn serving(&self) -> Vec<Version> {
        Vec::new()
    }
}

/// Why no plugin reads the sources of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// None of its name is loaded.
    Plugin,
    /// The one that is loaded does not know the kind.
    Kind,
    /// The one that is loaded is not the one that is pinned.
    Pinned,
}

impl From<Absent> for Presence {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::Plugin | Absent::Kind => Self::Missing,
            Absent::Pinned => Self::Unpinned,
        }
    }
}

/// Whether a plugin may read the sources of a profile that names it.
///
/// # Errors
/// Why not.
pub fn fits(plugin: &dyn Plugin, profile: &Profile) -> Result<(), Absent> {
    if profile.plugin_digest.as_ref().is_some_and(|pin| !pin.is(&plugin.digest())) {
        return Err(Absent::Pinned);
    }
    plugin.manifest().kind(&profile.kind).map(drop).ok_or(Absent::Kind)
}

/// A version of a plugin that serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The plugin's name.
    pub plugin: String,
    /// The digest of the component.
    pub digest: String,
    /// The version it calls itself.
    pub version: String,
    /// Where it came from, for a person.
    pub origin: String,
}

/// What a version of a plugin was asked for over some time, and what that took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Used {
    /// The plugin's name.
    pub plugin: String,
    /// The digest of the component.
    pub digest: String,
    /// The version it calls itself.
    pub version: String,
    /// Calls.
    pub calls: u64,
    /// Calls that ended in a fault, by the fault in a word.
    pub faults: BTreeMap<String, u64>,
    /// CPU time inside the sandbox.
    pub cpu: Duration,
    /// Pages and settings it was given, in bytes.
    pub bytes_in: u64,
    /// Texts it gave, in bytes.
    pub bytes_out: u64,
    /// Items it gave.
    pub items: u64,
}

impl Used {
    /// Both together, of one version.
    pub fn add(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.cpu = self.cpu.saturating_add(other.cpu);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
        self.items = self.items.saturating_add(other.items);
        for (kind, count) in &other.faults {
            let sum = self.faults.entry(kind.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}

/// One loaded version of a plugin.
#[async_trait]
pub trait Plugin: Send + Sync {
    /// What it says about itself.
    fn manifest(&self) -> &Manifest;

    /// What tells this version from every other: the digest of the component.
    fn digest(&self) -> String;

    /// What is wrong with overrides by the kind's JSON Schema; empty if they fit. To be asked before [`Plugin::validate`].
    fn check_overrides(&self, kind: &str, overrides: &Value) -> Vec<Problem>;

    /// Checks the settings of a source. `overrides` is a JSON object, valid against the kind's schema.
    async fn validate(&self, kind: &str, identifier: &str, overrides: &str) -> Asked<Result<Valid, Vec<Problem>>>;

    /// Says what to fetch first.
    async fn plan(&self, job: &Job) -> Asked<Result<Step, Failure>>;

    /// Turns a page into items.
    async fn normalize(&self, job: &Job, page: Page) -> Asked<Result<Batch, Failure>>;
}

/// What came of a call.
#[derive(Debug)]
pub struct Asked<T> {
    /// The answer, or how the plugin broke its contract or limits.
    pub answer: Result<T, PluginFault>,
    /// What it logged.
    pub log: Vec<PluginLine>,
    /// CPU time, as far as it was measured.
    pub cpu: Duration,
}

/// A plugin that broke its contract or its limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PluginFault {
    /// The fault in a word: the label of counters.
    pub kind: &'static str,
    /// Plugin, version, call, what happened, what to do.
    pub message: String,
    /// The same with what whoever writes the plugin has to do.
    pub for_author: String,
    /// Whether the plugin is to blame, and not the load of the machine.
    pub is_plugins: bool,
}

/// A line a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginLine {
    /// "debug", "info", "warn" or "error".
    pub level: &'static str,
    /// The text, on one line.
    pub message: String,
}
