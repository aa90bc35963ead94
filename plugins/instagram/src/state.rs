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
    #[serde(skip_serializing_if = "is_zero")]
    pub items: u32,
    /// Items that are neither pinned nor older than the cutoff.
    #[serde(skip_serializing_if = "is_zero")]
    pub in_window: u32,
    /// Elements about somebody else.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u32,
    /// Elements that could not be read.
    #[serde(skip_serializing_if = "is_zero")]
    pub rejects: u32,
    /// Rows of a plan that may not use the actor.
    #[serde(skip_serializing_if = "is_zero")]
    pub demo: u32,
    /// Rows that say that it does not exist.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_found: u32,
    /// Rows that say that nothing is to be seen.
    #[serde(skip_serializing_if = "is_zero")]
    pub no_items: u32,
    /// Rows that say that the actor was turned away.
    #[serde(skip_serializing_if = "is_zero")]
    pub blocked: u32,
    /// Rows with another error.
    #[serde(skip_serializing_if = "is_zero")]
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

impl RunState for State {}
