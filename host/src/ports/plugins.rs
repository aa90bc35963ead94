//! The plugin room as the engine sees it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tidegate_core::contract::{Batch, Failure, Job, Manifest, Page, Problem, Step, Valid};

/// The plugins that are loaded.
pub trait Plugins: Send + Sync {
    /// The live version of the plugin of that name. A run keeps the one it began with.
    fn find(&self, name: &str) -> Option<Arc<dyn Plugin>>;

    /// Names of all that are loaded, sorted.
    fn names(&self) -> Vec<String>;
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
