//! What a run remembers between its pages.
//!
//! Owns: the state: what was asked for, and what the pages of the dataset have
//! brought so far, since several decisions need the whole dataset. Called by [`crate::input`] and [`crate::dataset`].

use serde::{Deserialize, Serialize};
use tidegate_plugin_kit::actors::{RunState, is_zero};

/// The state.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Posts that were asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub asked: u32,
    /// Runs of the actor so far, this one included.
    #[serde(skip_serializing_if = "is_zero")]
    pub fetches: u32,
    /// The day up to which this run of the actor asks, where it goes on with a cut window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Id of the newest item of the run.
    #[serde(skip_serializing_if = "is_zero")]
    pub newest: u64,
    /// What the dataset has brought so far.
    pub seen: Seen,
}

/// Counts over the pages of one dataset.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// Items.
    #[serde(skip_serializing_if = "is_zero")]
    pub items: u32,
    /// Elements about somebody else.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u32,
    /// Elements that could not be read.
    #[serde(skip_serializing_if = "is_zero")]
    pub rejects: u32,
    /// Padding rows of the sort that says nothing more.
    #[serde(skip_serializing_if = "is_zero")]
    pub padding: u32,
    /// Rows that say that there is nothing.
    #[serde(skip_serializing_if = "is_zero")]
    pub no_results: u32,
    /// Rows of a plan that may not use the actor.
    #[serde(skip_serializing_if = "is_zero")]
    pub demo: u32,
    /// Rows that report an error, and what the first one said.
    #[serde(skip_serializing_if = "is_zero")]
    pub errors: u32,
    /// See `errors`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// Id of the oldest item that is not pinned.
    #[serde(skip_serializing_if = "is_zero")]
    pub oldest: u64,
}

impl RunState for State {}
