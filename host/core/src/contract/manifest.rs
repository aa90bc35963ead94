//! What a plugin says about itself and about a source's settings. Shapes only; see `wit/v0.1/types.wit`.

use serde::{Deserialize, Serialize};

/// What a plugin says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the platform and of the plugin.
    pub name: String,
    /// Semantic version of the plugin.
    pub version: String,
    /// One sentence for a person.
    pub description: String,
    /// The kinds of source it understands.
    pub kinds: Vec<Kind>,
    /// JSON object.
    pub extra: Option<String>,
}

impl Manifest {
    /// The kind of that name.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.name == name)
    }
}

/// One kind of source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// Name, unique in the plugin.
    pub name: String,
    /// One sentence for a person.
    pub description: String,
    /// JSON Schema (draft 2020-12) of the overrides; "" accepts none.
    pub overrides_schema: String,
    /// Sources that are right.
    pub examples: Vec<Example>,
    /// Hosts its requests may name: exact, `*.suffix`, or `*`.
    pub hosts: Vec<String>,
    /// HTTP methods it uses, upper case.
    pub methods: Vec<String>,
    /// Actors it can feed, as `user/name`.
    pub actors: Vec<String>,
    /// What of a watermark makes its next run smaller.
    pub deltas: Vec<String>,
    /// Whether its sources take webhook deliveries.
    pub deliveries: bool,
    /// JSON object.
    pub extra: Option<String>,
}

/// A source that is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The identifier.
    pub identifier: String,
    /// JSON object.
    pub overrides: String,
    /// What it shows.
    pub note: String,
}

/// The answer of `validate` for a source that is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Valid {
    /// The identifier in its one normal form.
    pub identifier: String,
    /// JSON object.
    pub extra: Option<String>,
}

/// Something wrong with an identifier (pointer "") or its overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// JSON Pointer (RFC 6901) into the overrides, "" for the identifier.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}
