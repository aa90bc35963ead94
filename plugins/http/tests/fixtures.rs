//! The plugin's own fixtures, examples and schemas, natively. `UPDATE_FIXTURES=1` writes what comes out instead of comparing it.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests")]

use serde_json::Value;
use tidegate_plugin_http::Http;
use tidegate_plugin_http::fields::NAMES;
use tidegate_plugin_http::settings::{GRAPHQL, GRAPHQL_SCHEMA, REST, REST_SCHEMA, Settings};
use tidegate_plugin_kit::proofs;

#[test]
fn every_fixture_gives_its_batches() {
    proofs::fixtures_give_their_batches::<Http>(env!("CARGO_MANIFEST_DIR"), 20).unwrap();
}

#[test]
fn the_manifest_keeps_its_promises() {
    proofs::examples_are_valid::<Http>().unwrap();
}

/// The defaults of a schema are those of the code: at the top, where the host fills them in, and in each object below.
#[test]
fn the_schemas_say_what_the_code_does() {
    for (kind, schema) in [(REST, REST_SCHEMA), (GRAPHQL, GRAPHQL_SCHEMA)] {
        let schema: Value = serde_json::from_str(schema).unwrap();
        let mut all = defaults(&schema);
        let mut none = serde_json::json!({});
        if kind == GRAPHQL {
            all["query"] = "{ a }".into();
            none["query"] = "{ a }".into();
        }
        let read = |value: &Value| Settings::read(kind, &value.to_string()).map(|read| Settings { listing: 0, ..read });
        assert_eq!(read(&all).unwrap(), read(&none).unwrap(), "{kind}");
        documented(&schema, kind);
        let names: Vec<&String> = schema["properties"]["fields"]["properties"].as_object().unwrap().keys().collect();
        let mut known = NAMES.to_vec();
        known.sort_unstable();
        let mut told: Vec<&str> = names.into_iter().map(String::as_str).collect();
        told.sort_unstable();
        assert_eq!(told, known);
    }
}

fn defaults(schema: &Value) -> Value {
    let mut filled = serde_json::Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let Some(default) = property.get("default") else { continue };
        let below = defaults(property);
        let empty = default.as_object().is_some_and(serde_json::Map::is_empty);
        filled.insert(name.clone(), if empty && below != serde_json::json!({}) { below } else { default.clone() });
    }
    Value::Object(filled)
}

/// Every setting, at every level, says what it is, and refuses what it does not know.
fn documented(schema: &Value, at: &str) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        for word in ["title", "description"] {
            assert!(property[word].as_str().is_some_and(|text| text.len() > 1), "{at} has no {word}");
        }
        documented(property, &at);
        documented(&property["items"], &at);
    }
    if schema["properties"].is_object() {
        assert_eq!(schema["additionalProperties"], Value::Bool(false), "{at} lets unknown settings through");
    }
}
