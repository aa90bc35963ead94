//! Overrides: what a person sets for a source, laid over what the profile and the schema say.
//!
//! Owns: the laying-over. Must not know: how a schema is checked (the edge does, with a JSON Schema library). Called when
//! a source is created and when a job is made, so that a plugin sees the same object both times.

use serde_json::{Map, Value};

/// `overrides` with the top-level `default`s of an object schema filled in where a property is absent.
///
/// A schema that is not an object, or has no `properties`, adds nothing.
#[must_use]
pub fn with_defaults(schema: &Value, mut overrides: Map<String, Value>) -> Map<String, Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        if let Some(default) = property.get("default")
            && !overrides.contains_key(name)
        {
            overrides.insert(name.clone(), default.clone());
        }
    }
    overrides
}

/// The schema a kind declares: parsed, or the one that accepts no override at all where it declares none.
///
/// # Errors
/// What is wrong with the text.
pub fn schema(text: &str) -> Result<Value, serde_json::Error> {
    if text.trim().is_empty() {
        return Ok(serde_json::json!({ "type": "object", "additionalProperties": false }));
    }
    serde_json::from_str(text)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn defaults_fill_what_is_absent_and_nothing_else() {
        let schema = schema(r#"{"properties":{"a":{"default":1},"b":{"default":[2]},"c":{}}}"#).unwrap();
        let given = serde_json::json!({"b": null}).as_object().cloned().unwrap();
        let filled = Value::Object(with_defaults(&schema, given));
        assert_eq!(filled, serde_json::json!({"a": 1, "b": null}));
        assert_eq!(with_defaults(&super::schema("").unwrap(), Map::new()), Map::new());
        assert_eq!(with_defaults(&Value::Bool(true), Map::new()), Map::new());
    }
}
