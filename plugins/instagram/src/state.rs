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
    /// From when on posts were asked for, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutoff_ms: Option<i64>,
    /// This run of the actor only looks at the profile, as no posts came.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lookup: bool,
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
    /// Items that are neither pinned nor older than the cutoff.
    #[serde(skip_serializing_if = "zero")]
    pub in_window: u32,
    /// Elements about somebody else.
    #[serde(skip_serializing_if = "zero")]
    pub left_out: u32,
    /// Elements that could not be read.
    #[serde(skip_serializing_if = "zero")]
    pub rejects: u32,
    /// Rows of a plan that may not use the actor.
    #[serde(skip_serializing_if = "zero")]
    pub demo: u32,
    /// Rows that say that it does not exist.
    #[serde(skip_serializing_if = "zero")]
    pub not_found: u32,
    /// Rows that say that nothing is to be seen.
    #[serde(skip_serializing_if = "zero")]
    pub no_items: u32,
    /// Rows that say that the actor was turned away.
    #[serde(skip_serializing_if = "zero")]
    pub blocked: u32,
    /// Rows with another error.
    #[serde(skip_serializing_if = "zero")]
    pub errors: u32,
    /// What the first row with an error said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The profile, if it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// The newest item in the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<Newest>,
    /// Whether an item in the window is as old as the watermark: the posts since then are all here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reached: bool,
    /// When the oldest item in the window was published, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_ms: Option<i64>,
}

/// What a profile says about its posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Whether it is protected.
    pub private: bool,
    /// Whether it says that it has no posts at all.
    pub empty: bool,
}

/// The newest item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Newest {
    /// When it was published, in milliseconds since 1970.
    pub at_ms: i64,
    /// Its external id.
    pub id: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn zero(number: &u32) -> bool {
    *number == 0
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
