//! A source's settings (overrides) of a plugin on actors: read and checked.
//!
//! Owns: the reading, and the rules that such plugins share beyond their schemas. The host checks overrides against the
//! schema first; what is odd all the same is told by its pointer. Must not know: which settings a plugin has.

use serde::de::DeserializeOwned;

use super::Template;
use crate::Problem;
use crate::fields::{FieldMap, Mapped, PATH_STEPS};
use crate::moment::Moment;

/// Paths of one field in a field map, at most.
const FIELD_PATHS: usize = 4;
/// Length of a path in a field map, in bytes, at most.
const PATH_BYTES: usize = 128;

/// What a source may set.
pub trait Settings: Default + DeserializeOwned {
    /// What is wrong with them beyond the schema, in the order of the settings.
    fn problems(&self) -> Vec<Problem>;

    /// Reads overrides ("" counts as "{}").
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    fn read(json: &str) -> Result<Self, Problem> {
        if json.trim().is_empty() {
            return Ok(Self::default());
        }
        let wrong =
            |why: &str| Problem::new("", format!("overrides are a JSON object with settings of this kind: {why}"));
        if !json.trim_start().starts_with('{') {
            return Err(wrong("this is none"));
        }
        serde_json::from_str(json).map_err(|error| wrong(&error.to_string()))
    }
}

/// Collects what is wrong.
#[derive(Debug, Default)]
pub struct Checks {
    problems: Vec<Problem>,
}

impl Checks {
    /// At `pointer` stands something wrong.
    pub fn wrong(&mut self, pointer: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(pointer, message));
    }

    /// A number from `least` to `most`.
    pub fn range(&mut self, pointer: &str, value: u32, least: u32, most: u32) {
        if !(least..=most).contains(&value) {
            self.wrong(pointer, format!("{value} was given; {least} to {most} is right"));
        }
    }

    /// A day as `YYYY-MM-DD`, or "".
    pub fn day(&mut self, pointer: &str, day: &str) {
        if !day.is_empty() && (day.len() != 10 || Moment::parse(day).is_none()) {
            self.wrong(pointer, format!("\"{day}\" is no day; write it as \"2026-01-31\""));
        }
    }

    /// The setting `input`: an object, in which nothing is code.
    pub fn input(&mut self, input: &Template) {
        if let Some(pointer) = input.code() {
            self.wrong(&format!("/input{pointer}"), "code is not handed to actors; remove this member");
        }
        if !input.is_object() {
            self.wrong("/input", "an input is a JSON object");
        }
    }

    /// The setting `field_map`: fields that there are, with paths that can be walked.
    pub fn field_map<F: Mapped>(&mut self, own: &FieldMap) {
        let fits = |path: &String| {
            let steps = path.split('.').count();
            steps <= PATH_STEPS && path.len() <= PATH_BYTES && path.split('.').all(|step| !step.is_empty())
        };
        for (name, paths) in own {
            let pointer = format!("/field_map/{name}");
            if F::named(name).is_none() {
                self.wrong(&pointer, format!("there is no such field; there are {}", F::names()));
            } else if paths.is_empty() || paths.len() > FIELD_PATHS || !paths.iter().all(fits) {
                self.wrong(
                    &pointer,
                    format!(
                        "a field has 1 to {FIELD_PATHS} paths of up to {PATH_STEPS} names joined by dots, such as \
                         \"user.login\""
                    ),
                );
            }
        }
    }

    /// All that was found.
    pub fn problems(self) -> Vec<Problem> {
        self.problems
    }
}
