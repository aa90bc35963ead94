//! What a run remembers between its pages.
//!
//! Owns: how it travels: as JSON in `step.state` and `batch.state`, without the members that say nothing. Must not know:
//! what a plugin remembers.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A state of a run.
pub trait RunState: Default + Serialize + DeserializeOwned {
    /// Reads it. A page without a readable state is taken for the first of the run.
    fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Writes it.
    fn write(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

/// Whether a count or an id says nothing; for `skip_serializing_if`.
pub fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}
