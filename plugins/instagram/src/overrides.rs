//! The overrides of a source.
//!
//! Owns: their schemas (one for each kind, in `schema/`), their defaults, and the rules a schema cannot say. The host checks
//! them against the schema first; what is odd all the same is told by its pointer. Called by [`crate`]'s functions.

use serde::Deserialize;
use tidegate_plugin_kit::Problem;
use tidegate_plugin_kit::actors::{Checks, Settings, Template};
use tidegate_plugin_kit::fields::FieldMap;

use crate::fields::Field;
use crate::limits;

/// Overrides of kind "account", JSON Schema of draft 2020-12.
pub const ACCOUNT: &str = include_str!("../schema/account.json");
/// Overrides of kind "hashtag".
pub const HASHTAG: &str = include_str!("../schema/hashtag.json");
/// Overrides of kind "post".
pub const POST: &str = include_str!("../schema/post.json");
/// Overrides of kind "profile".
pub const PROFILE: &str = include_str!("../schema/profile.json");

/// What a source may set. A kind's schema says which of these it has.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overrides {
    /// Posts a run asks for, at most.
    pub limit: u32,
    /// "YYYY-MM-DD", or "": nothing older is asked for.
    pub since: String,
    /// Hours before the watermark that are asked for again.
    pub overlap_hours: u32,
    /// Whether pinned posts are left out, where the actor can.
    pub skip_pinned: bool,
    /// Whether an actor with two levels of detail is asked for the higher.
    pub details: bool,
    /// Whether a profile's section about the account is asked for.
    pub about: bool,
    /// Input of an actor that is not known, as a template; an empty object if there is none.
    pub input: Template,
    /// Where an actor writes its fields, by the names of [`Field`].
    pub field_map: FieldMap,
}

impl Default for Overrides {
    fn default() -> Self {
        Self {
            limit: limits::ASKED,
            since: String::new(),
            overlap_hours: 48,
            skip_pinned: true,
            details: false,
            about: false,
            input: Template::default(),
            field_map: FieldMap::new(),
        }
    }
}

impl Settings for Overrides {
    fn problems(&self) -> Vec<Problem> {
        let mut checks = Checks::default();
        checks.range("/limit", self.limit, 1, limits::ASKED);
        checks.range("/overlap_hours", self.overlap_hours, 0, limits::OVERLAP_HOURS);
        checks.day("/since", &self.since);
        checks.input(&self.input);
        checks.field_map::<Field>(&self.field_map);
        checks.problems()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use tidegate_plugin_kit::proofs;

    use super::*;

    #[test]
    fn defaults_are_those_of_the_schemas() {
        proofs::schemas_are_those_of::<Overrides, Field>(&[ACCOUNT, HASHTAG, POST, PROFILE]).unwrap();
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place() {
        for (json, pointer) in [
            ("{\"limit\":0}", "/limit"),
            ("{\"limit\":201}", "/limit"),
            ("{\"overlap_hours\":721}", "/overlap_hours"),
            ("{\"since\":\"2026-02-30\"}", "/since"),
            ("{\"since\":\"2026-02-03T00:00:00Z\"}", "/since"),
            ("{\"input\":{\"customMapFunction\":\"x\"}}", "/input/customMapFunction"),
            ("{\"field_map\":{\"nothing\":[\"a\"]}}", "/field_map/nothing"),
            ("{\"field_map\":{\"id\":[]}}", "/field_map/id"),
            ("{\"field_map\":{\"id\":[\"a..b\"]}}", "/field_map/id"),
        ] {
            let problems = Overrides::read(json).unwrap().problems();
            assert_eq!(problems.first().map(|problem| problem.pointer.as_str()), Some(pointer), "{json}");
        }
    }
}
