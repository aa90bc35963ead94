//! The JSON Schema of a profile, for editors.
//!
//! Owns: how the table of keys is written as JSON Schema (draft 7, the one that editors of TOML read). Called by `tidegate
//! profile schema`; `profiles/schema.json` is its output, and a test says when the file is stale.

use serde_json::{Map, Value, json};
use tidegate_core::limits;

use super::keys::{Form, Key, PROFILE};

/// A span as people write it.
const SPAN: &str = "^([0-9]+[smhdw])+$";
/// An amount of US dollars as text.
const MONEY: &str = "^[0-9]+(\\.[0-9]{1,6})?$";

/// The JSON Schema of a profile.
#[must_use]
pub fn profile_schema() -> Value {
    let mut schema = table(PROFILE);
    if let Value::Object(schema) = &mut schema {
        schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        schema.insert("title".to_owned(), json!("A profile of tidegate"));
        let about =
            "What an operator allows and wants for sources of one sort. `tidegate profile check` checks the rest.";
        schema.insert("description".to_owned(), json!(about));
    }
    schema
}

fn table(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if let (false, Value::Object(schema)) = (required.is_empty(), &mut schema) {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut property = form(&key.form);
    if let Value::Object(property) = &mut property {
        property.insert("description".to_owned(), json!(key.about));
        if let Ok(default) = serde_json::from_str::<Value>(key.default) {
            property.insert("default".to_owned(), default);
        }
    }
    property
}

fn form(form: &Form) -> Value {
    let span = json!({ "type": "string", "pattern": SPAN });
    let money = json!({ "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string", "pattern": MONEY }] });
    match form {
        Form::Text => json!({ "type": "string" }),
        Form::Pattern(pattern) => json!({ "type": "string", "pattern": pattern }),
        Form::Count { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Form::PowerOfTwo { least, most } => {
            let powers: Vec<u64> = std::iter::successors(Some(*least), |power| power.checked_mul(2))
                .take_while(|power| power <= most)
                .collect();
            json!({ "type": "integer", "enum": powers })
        }
        Form::Span { .. } => span,
        Form::Money => money,
        Form::Flag => json!({ "type": "boolean" }),
        Form::SpanOr(word) => json!({ "anyOf": [span, { "const": word }] }),
        Form::Tiers => tiers(&span),
        Form::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Form::Spans => json!({ "type": "array", "items": span }),
        Form::Any => json!({ "type": "object" }),
        Form::Prices => json!({ "type": "object", "additionalProperties": money }),
        Form::Table(keys) => table(keys),
        Form::OneOf(keys, names) => {
            let mut schema = table(keys);
            let each: Vec<Value> = names.iter().map(|name| json!({ "required": [name] })).collect();
            if let Value::Object(schema) = &mut schema {
                schema.insert("oneOf".to_owned(), json!(each));
            }
            schema
        }
    }
}

/// A table of tiers by its name, or its rows from most followers to fewest.
fn tiers(span: &Value) -> Value {
    let row = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": { "followers": { "type": "integer", "minimum": 1 }, "every": span },
        "required": ["followers", "every"],
    });
    json!({ "anyOf": [{ "const": "default" }, { "type": "array", "items": row, "minItems": 1, "maxItems": limits::TIERS }] })
}
