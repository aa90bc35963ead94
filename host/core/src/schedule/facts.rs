//! What the schedule is told about a source beyond the source itself.
//!
//! Owns: the shape of it. Must not know: where followers, views and items are counted. Made by the engine of what the store
//! holds; the default says nothing is known.

use serde::{Deserialize, Serialize};

use super::activity::Activity;
use super::adaptive::{Published, Wishes};

/// What is known about a source that its schedule may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Active followers. `None`: nobody has counted them yet, and the source is served as by the slowest tier.
    pub followers: Option<u32>,
    /// When its followers read. `None`: unknown, all hours are alike.
    pub activity: Option<Activity>,
    /// How often it publishes.
    pub published: Option<Published>,
    /// What it and its answers ask for.
    pub wishes: Wishes,
}
