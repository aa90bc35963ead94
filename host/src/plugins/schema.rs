//! The JSON Schema of a kind's overrides.
//!
//! Owns: compiling a plugin's schema under limits (no reference outside the document, no pattern that backtracks) and
//! telling what is wrong with overrides so that a person can correct them: pointer, what is accepted, the nearest name.
//! Must not know: sources or profiles. Called by `probe` (examples) and through [`super::Plugin::check_overrides`].

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;
use tidegate_core::contract::Problem;
use tidegate_core::limits;
use tidegate_core::nearest::nearest;
use tidegate_core::one_line::{one_line, quoted};

/// What overrides of one kind may be.
#[derive(Debug)]
pub(super) enum Schema {
    /// No override is accepted.
    Nothing,
    /// What the schema accepts.
    Object {
        /// The compiled schema.
        validator: Box<Validator>,
        /// The schema itself, whose names messages give.
        document: Box<Value>,
        /// Regular expressions in it.
        patterns: usize,
    },
}

impl Schema {
    /// Compiles the text of a manifest; "" accepts nothing. The error says what is wrong with it.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Nothing);
        }
        let schema: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let effort = super::effort::of(&schema)?;
        let validator = validator(&schema)?;
        Ok(Self::Object { validator: Box::new(validator), document: Box::new(schema), patterns: effort.patterns })
    }

    /// Regular expressions that are kept for it.
    pub(super) const fn patterns(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Object { patterns, .. } => *patterns,
        }
    }

    /// What is wrong with these overrides; empty if they are right.
    pub(super) fn problems(&self, overrides: &Value) -> Vec<Problem> {
        let problem = |pointer: String, message: String| Problem { pointer, message };
        let Value::Object(map) = overrides else {
            return vec![problem(String::new(), "overrides are a JSON object, such as {}".to_owned())];
        };
        match self {
            Self::Nothing => map
                .keys()
                .take(limits::PROBLEMS)
                .map(|name| problem(pointer("", name), "this kind of source has no settings; remove it".to_owned()))
                .collect(),
            Self::Object { validator, document, .. } => {
                let mut problems: Vec<Problem> = validator
                    .iter_errors(overrides)
                    .take(limits::PROBLEMS)
                    .flat_map(|e| explain(&e, document))
                    .collect();
                problems.truncate(limits::PROBLEMS);
                problems
            }
        }
    }
}

/// Compiles a schema: of draft 2020-12, unless it says itself that it is of draft 7, as generators of other languages do.
fn validator(schema: &Value) -> Result<Validator, String> {
    let named = schema.get("$schema").and_then(Value::as_str).unwrap_or_default();
    let (draft, name) = match named.trim_end_matches('#') {
        "http://json-schema.org/draft-07/schema" => (Draft::Draft7, "draft 7"),
        _ => (Draft::Draft202012, "draft 2020-12"),
    };
    let patterns =
        PatternOptions::regex().size_limit(limits::SCHEMA_REGEX_BYTES).dfa_size_limit(limits::SCHEMA_REGEX_BYTES);
    jsonschema::options()
        .with_draft(draft)
        .offline()
        .with_pattern_options(patterns)
        .build(schema)
        .map_err(|error| format!("it is not a JSON Schema of {name}: {error}"))
}

/// One error of the validator in words; an error about several names is a problem at each.
fn explain(error: &ValidationError<'_>, document: &Value) -> Vec<Problem> {
    let at = error.instance_path().as_str().to_owned();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let settings = beside(document, error.schema_path().as_str());
            let problem = |name: &String| Problem { pointer: pointer(&at, name), message: unknown(name, &settings) };
            unexpected.iter().map(problem).collect()
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![Problem { pointer: pointer(&at, name), message: "this setting is required".to_owned() }]
        }
        ValidationErrorKind::Enum { options } => {
            let options = one_line(&options.to_string(), limits::WORD_BYTES);
            vec![Problem { pointer: at, message: format!("{} is none of {options}", short(error.instance())) }]
        }
        ValidationErrorKind::FalseSchema => {
            vec![Problem { pointer: at, message: "nothing is accepted here; remove it".to_owned() }]
        }
        _ => {
            vec![Problem { pointer: at, message: one_line(&error.to_string(), limits::WORD_BYTES) }]
        }
    }
}

/// Names of the settings that the object knows whose keyword at this place of the schema was broken.
fn beside<'a>(document: &'a Value, keyword: &str) -> Vec<&'a str> {
    let object = keyword.rsplit_once('/').and_then(|(object, _)| document.pointer(object));
    let names = object.and_then(|object| object.get("properties")).and_then(Value::as_object);
    names.map(|names| names.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn unknown(name: &str, settings: &[&str]) -> String {
    if settings.is_empty() {
        return "there is no such setting; remove it".to_owned();
    }
    let accepted = one_line(&settings.join(", "), limits::MESSAGE_BYTES / 2);
    match nearest(name, settings.iter().copied()) {
        Some(near) => format!("there is no such setting; did you mean {}? Accepted: {accepted}", quoted(near)),
        None => format!("there is no such setting. Accepted: {accepted}"),
    }
}

fn short(value: &Value) -> String {
    one_line(&value.to_string(), 80)
}

/// A JSON Pointer one level deeper (RFC 6901, section 3).
fn pointer(at: &str, name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    one_line(&format!("{at}/{name}"), limits::MESSAGE_BYTES)
}

#[cfg(test)]
#[path = "schema_vectors.rs"]
mod vectors;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    const SCHEMA: &str = r##"{
        "type": "object", "additionalProperties": false, "required": ["mode"],
        "properties": {
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
            "mode": {"enum": ["new", "all"]},
            "tag": {"type": "string", "pattern": "^(a+)+$"},
            "map": {"$ref": "#/$defs/map"}
        },
        "$defs": {"map": {
            "type": "object", "additionalProperties": false,
            "properties": {"title": {"type": "string"}, "link": {"type": "object", "additionalProperties": false}}
        }}
    }"##;

    fn pointers(overrides: &Value) -> Vec<(String, String)> {
        let schema = Schema::compile(SCHEMA).unwrap();
        schema.problems(overrides).into_iter().map(|p| (p.pointer, p.message)).collect()
    }

    #[test]
    fn right_overrides_have_no_problem() {
        assert_eq!(pointers(&json!({"mode": "new", "limit": 5, "tag": "aaa"})), []);
        assert_eq!(Schema::compile("").unwrap().problems(&json!({})), []);
    }

    #[test]
    fn each_problem_names_its_place_and_what_is_right() {
        let table = [
            (json!({"mode": "old"}), "/mode", "\"old\" is none of [\"new\",\"all\"]"),
            (json!({}), "/mode", "required"),
            (json!({"mode": "new", "limit": 0}), "/limit", "minimum"),
            (json!({"mode": "new", "limit": "5"}), "/limit", "integer"),
            (json!({"mode": "new", "limt": 5}), "/limt", "did you mean \"limit\"?"),
            (json!({"mode": "new", "a/b~c": 5}), "/a~1b~0c", "Accepted: limit, map, mode, tag"),
            (
                json!({"mode": "new", "map": {"titel": ""}}),
                "/map/titel",
                "did you mean \"title\"? Accepted: link, title",
            ),
            (json!({"mode": "new", "map": {"link": {"to": ""}}}), "/map/link", "remove it"),
            (json!([]), "", "object"),
        ];
        for (overrides, place, words) in table {
            let found = pointers(&overrides);
            let (pointer, message) = found.first().unwrap();
            assert_eq!((found.len(), pointer.as_str()), (1, place), "{overrides}: {found:?}");
            assert!(message.contains(words), "{overrides}: {message}");
        }
        let nothing = Schema::compile("").unwrap().problems(&json!({"x": 1}));
        assert_eq!(nothing.first().unwrap().pointer, "/x");
    }

    #[test]
    fn a_pattern_does_not_backtrack() {
        // Exponential in a backtracking matcher: 2^4000 steps.
        let long = format!("{}b", "a".repeat(4_000));
        assert_eq!(pointers(&json!({"mode": "new", "tag": long})).len(), 1);
    }

    #[test]
    fn what_is_not_a_schema_is_refused() {
        for text in [
            "{",
            r#"{"type": "objekt"}"#,
            r#"{"properties": 5}"#,
            r#"{"$ref": "https://example.org/schema.json"}"#,
            r#"{"$ref": "file:///etc/passwd"}"#,
            r##"{"$ref": "#"}"##,
            r#"{"properties": {"a": {"pattern": "("}}}"#,
        ] {
            assert!(Schema::compile(text).is_err(), "{text}");
        }
    }
}
