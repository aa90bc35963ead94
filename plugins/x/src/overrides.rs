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
/// Overrides of kind "search".
pub const SEARCH: &str = include_str!("../schema/search.json");
/// Overrides of kind "post".
pub const POST: &str = include_str!("../schema/post.json");

/// In which order a search answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Sort {
    /// Newest first.
    Latest,
    /// X's choice.
    Top,
}

/// What a source may set. A kind's schema says which of these it has.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overrides {
    /// Posts a run asks for, at most.
    pub limit: u32,
    /// "YYYY-MM-DD", or "": nothing older is asked for.
    pub since: String,
    /// Days before the watermark that are asked for again.
    pub overlap_days: u32,
    /// Whether replies are asked for.
    pub replies: bool,
    /// Whether reposts are asked for.
    pub retweets: bool,
    /// Whether only posts with media are.
    pub media_only: bool,
    /// Fewer likes are not asked for.
    pub min_likes: u32,
    /// Fewer reposts are not asked for.
    pub min_retweets: u32,
    /// ISO 639-1, or "".
    pub language: String,
    /// Whether the search text may use operators.
    pub operators: bool,
    /// Order of a search.
    pub sort: Sort,
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
            overlap_days: 1,
            replies: true,
            retweets: true,
            media_only: false,
            min_likes: 0,
            min_retweets: 0,
            language: String::new(),
            operators: false,
            sort: Sort::Latest,
            input: Template::default(),
            field_map: FieldMap::new(),
        }
    }
}

impl Settings for Overrides {
    fn problems(&self) -> Vec<Problem> {
        let mut checks = Checks::default();
        checks.range("/limit", self.limit, 1, limits::ASKED);
        checks.range("/overlap_days", self.overlap_days, 0, limits::OVERLAP_DAYS);
        checks.range("/min_likes", self.min_likes, 0, limits::MINIMUM);
        checks.range("/min_retweets", self.min_retweets, 0, limits::MINIMUM);
        checks.day("/since", &self.since);
        if self.language.len() > 3 || !self.language.bytes().all(|byte| byte.is_ascii_lowercase()) {
            checks.wrong("/language", format!("\"{}\" is no language; write it as \"en\"", self.language));
        }
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
        proofs::schemas_are_those_of::<Overrides, Field>(&[ACCOUNT, SEARCH, POST]).unwrap();
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place() {
        for (json, pointer) in [
            ("{\"limit\":0}", "/limit"),
            ("{\"limit\":1001}", "/limit"),
            ("{\"overlap_days\":8}", "/overlap_days"),
            ("{\"since\":\"2026-02-30\"}", "/since"),
            ("{\"since\":\"2026-02-03T00:00:00Z\"}", "/since"),
            ("{\"language\":\"en from:a\"}", "/language"),
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
