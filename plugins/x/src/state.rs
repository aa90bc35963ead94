//! What a run remembers between its pages.
//!
//! Owns: the state, as JSON in `step.state` and `batch.state`: what was asked for, and what the pages of the dataset have
//! brought so far, since several decisions need the whole dataset. Called by [`crate::input`] and [`crate::dataset`].

use serde::{Deserialize, Serialize};

/// A page without a readable state is taken for the first of the run.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Posts that were asked for.
    #[serde(skip_serializing_if = "zero")]
    pub asked: u32,
    /// Runs of the actor so far, this one included.
    #[serde(skip_serializing_if = "zero")]
    pub fetches: u32,
    /// The day up to which this run of the actor asks, where it goes on with a cut window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Id of the newest item of the run.
    #[serde(skip_serializing_if = "none")]
    pub newest: u64,
    /// What the dataset has brought so far.
    pub seen: Seen,
}

/// Counts over the pages of one dataset.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// Items.
    #[serde(skip_serializing_if = "zero")]
    pub items: u32,
    /// Elements about somebody else.
    #[serde(skip_serializing_if = "zero")]
    pub left_out: u32,
    /// Elements that could not be read.
    #[serde(skip_serializing_if = "zero")]
    pub rejects: u32,
    /// Padding rows of the sort that says nothing more.
    #[serde(skip_serializing_if = "zero")]
    pub padding: u32,
    /// Rows that say that there is nothing.
    #[serde(skip_serializing_if = "zero")]
    pub no_results: u32,
    /// Rows of a plan that may not use the actor.
    #[serde(skip_serializing_if = "zero")]
    pub demo: u32,
    /// Rows that report an error, and what the first one said.
    #[serde(skip_serializing_if = "zero")]
    pub errors: u32,
    /// See `errors`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// Id of the oldest item that is not pinned.
    #[serde(skip_serializing_if = "none")]
    pub oldest: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn none(id: &u64) -> bool {
    *id == 0
}

impl State {
    /// Reads a state.
    pub fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Writes it.
    pub fn write(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}
