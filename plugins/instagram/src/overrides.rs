//! The overrides of a source.
//!
//! Owns: their schemas (one for each kind, in `schema/`), their reading, and the rules a schema cannot say. The host checks
//! them against the schema first; what is odd all the same is told by its pointer. Called by [`crate`]'s functions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tidegate_plugin_kit::fields::PATH_STEPS;
use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::{Problem, actors};

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
    pub input: Value,
    /// Where an actor writes its fields, by the names of [`Field`].
    pub field_map: BTreeMap<String, Vec<String>>,
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
            input: Value::Object(serde_json::Map::new()),
            field_map: BTreeMap::new(),
        }
    }
}

impl Overrides {
    /// Reads overrides ("" counts as "{}").
    ///
    /// # Errors
    ///
    /// A JSON Pointer and what is wrong there.
    pub fn read(json: &str) -> Result<Self, (String, String)> {
        if json.trim().is_empty() {
            return Ok(Self::default());
        }
        let wrong =
            |why: &str| (String::new(), format!("overrides are a JSON object with settings of this kind: {why}"));
        if !json.trim_start().starts_with('{') {
            return Err(wrong("this is none"));
        }
        serde_json::from_str(json).map_err(|error| wrong(&error.to_string()))
    }

    /// What is wrong with them beyond the schema.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |pointer: &str, message: String| problems.push(Problem::new(pointer, message));
        for (pointer, value, least, most) in
            [("/limit", self.limit, 1, limits::ASKED), ("/overlap_hours", self.overlap_hours, 0, limits::OVERLAP_HOURS)]
        {
            if !(least..=most).contains(&value) {
                wrong(pointer, format!("{value} was given; {least} to {most} is right"));
            }
        }
        if !self.since.is_empty() && (self.since.len() != 10 || Moment::parse(&self.since).is_none()) {
            wrong("/since", format!("\"{}\" is no day; write it as \"2026-01-31\"", self.since));
        }
        if let Some(pointer) = actors::code_in(&self.input) {
            wrong(&format!("/input{pointer}"), "code is not handed to actors; remove this member".to_owned());
        }
        if !self.input.is_object() {
            wrong("/input", "an input is a JSON object".to_owned());
        }
        for (name, paths) in &self.field_map {
            let fits = |path: &String| {
                let steps = path.split('.').count();
                steps <= PATH_STEPS && path.len() <= limits::PATH_BYTES && path.split('.').all(|step| !step.is_empty())
            };
            if Field::named(name).is_none() {
                wrong(&format!("/field_map/{name}"), format!("there is no such field; there are {}", Field::names()));
            } else if paths.is_empty() || paths.len() > limits::FIELD_PATHS || !paths.iter().all(fits) {
                wrong(
                    &format!("/field_map/{name}"),
                    format!(
                        "a field has 1 to {} paths of up to {PATH_STEPS} names joined by dots, such as \"user.login\"",
                        limits::FIELD_PATHS
                    ),
                );
            }
        }
        problems
    }

    /// Whether an input for an unknown actor is set.
    pub fn has_input(&self) -> bool {
        self.input.as_object().is_some_and(|members| !members.is_empty())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_schemas() {
        for schema in [ACCOUNT, HASHTAG, POST, PROFILE] {
            let schema: Value = serde_json::from_str(schema).unwrap();
            assert_eq!(schema["additionalProperties"], Value::Bool(false));
            let mut defaults = serde_json::Map::new();
            for (name, property) in schema["properties"].as_object().unwrap() {
                for word in ["title", "description", "default", "examples"] {
                    assert!(!property[word].is_null(), "{name} has no {word}");
                }
                defaults.insert(name.clone(), property["default"].clone());
            }
            let read = Overrides::read(&Value::Object(defaults).to_string()).unwrap();
            assert_eq!(read, Overrides::default());
            let names = schema["properties"]["field_map"]["propertyNames"]["enum"].as_array().unwrap();
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            assert_eq!(names.join(", "), Field::names());
        }
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
        assert!(Overrides::read("{\"customMapFunction\":\"x\"}").is_err());
        assert!(Overrides::read("[]").is_err());
    }
}
