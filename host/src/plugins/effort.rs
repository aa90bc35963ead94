//! How much work a schema can make, before anything is made of it.
//!
//! Owns: the bounds on a stranger's JSON Schema that a size in bytes does not give: definitions that ask twice for the next one make
//! 2^300 checks of 20 KB, one that refers to itself makes no end, and a pattern of ten letters a megabyte. Must not know: how a schema
//! is compiled. Called by `schema` and `probe`.
//!
//! What is counted: the subschemas that one value can be checked against, each as often as a path of keywords and references leads to
//! it. That bounds the checks of overrides by their size times this number.

use std::collections::HashMap;

use serde_json::{Map, Value};
use tidegate_core::limits;
use tidegate_core::one_line::quoted;

/// What a schema can cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    /// Subschemas, each as often as it is reached.
    pub(super) visits: usize,
    /// Regular expressions.
    pub(super) patterns: usize,
}

/// Keywords whose value is a schema, a list of schemas, or an object of schemas.
const ONE: [&str; 12] = [
    "not",
    "if",
    "then",
    "else",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "items",
    "contains",
    "unevaluatedItems",
    "additionalItems",
    "contentSchema",
];
const LISTS: [&str; 5] = ["allOf", "anyOf", "oneOf", "prefixItems", "items"];
const OBJECTS: [&str; 4] = ["properties", "patternProperties", "dependentSchemas", "dependencies"];
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Counts what a schema can cost.
///
/// # Errors
/// What is wrong with it: it refers to itself or out of the document, or costs more than it may.
pub(super) fn of(schema: &Value) -> Result<Effort, String> {
    let mut count = Count { root: schema, anchors: HashMap::new(), known: HashMap::new(), patterns: 0 };
    count.look(schema, true)?;
    if count.patterns > limits::SCHEMA_PATTERNS {
        return Err(format!("it has {} patterns; at most {} are allowed", count.patterns, limits::SCHEMA_PATTERNS));
    }
    let visits = count.visits(schema, 0)?;
    if visits > limits::SCHEMA_VISITS {
        let most = limits::SCHEMA_VISITS;
        return Err(format!("followed through its references it has {visits} subschemas; at most {most} are allowed"));
    }
    Ok(Effort { visits, patterns: count.patterns })
}

struct Count<'s> {
    root: &'s Value,
    anchors: HashMap<&'s str, &'s Value>,
    /// Visits of the schemas that were referred to, by their address; none while they are being counted.
    known: HashMap<*const Value, Option<usize>>,
    patterns: usize,
}

impl<'s> Count<'s> {
    /// Collects anchors and patterns of every subschema as it stands.
    fn look(&mut self, schema: &'s Value, is_root: bool) -> Result<(), String> {
        let Value::Object(map) = schema else { return Ok(()) };
        if !is_root && map.contains_key("$id") {
            return Err("it has a \"$id\" below its top; leave it out: references begin with \"#\"".to_owned());
        }
        for name in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = map.get(name).and_then(Value::as_str) {
                self.anchors.insert(anchor, schema);
            }
        }
        let of_names = map.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len);
        self.patterns += of_names + usize::from(map.contains_key("pattern"));
        for (_, below) in below(map) {
            self.look(below, false)?;
        }
        for definition in DEFINITIONS.iter().filter_map(|name| map.get(*name)?.as_object()).flat_map(Map::values) {
            self.look(definition, false)?;
        }
        Ok(())
    }

    /// Subschemas of a schema, itself included, each as often as it is reached.
    fn visits(&mut self, schema: &'s Value, depth: usize) -> Result<usize, String> {
        if depth > limits::SCHEMA_DEPTH {
            return Err(format!(
                "followed through its references it is more than {} schemas deep",
                limits::SCHEMA_DEPTH
            ));
        }
        let Value::Object(map) = schema else { return Ok(1) };
        let mut visits = 1_usize;
        for (_, below) in below(map) {
            visits = visits.saturating_add(self.visits(below, depth + 1)?);
        }
        for reference in REFERENCES.iter().filter_map(|name| map.get(*name)?.as_str()) {
            visits = visits.saturating_add(self.referred(reference, depth + 1)?);
        }
        Ok(visits)
    }

    fn referred(&mut self, reference: &str, depth: usize) -> Result<usize, String> {
        let target = self.target(reference).ok_or_else(|| {
            let shown = quoted(reference);
            format!("it refers to {shown}, which is no place in it: nothing is fetched, so write \"#/$defs/NAME\"")
        })?;
        let address: *const Value = target;
        match self.known.get(&address) {
            Some(Some(visits)) => return Ok(*visits),
            Some(None) => {
                return Err(format!("it refers to itself by way of {}: settings end somewhere", quoted(reference)));
            }
            None => {}
        }
        self.known.insert(address, None);
        let visits = self.visits(target, depth)?;
        self.known.insert(address, Some(visits));
        Ok(visits)
    }

    /// What a reference names: `#`, `#/a/JSON/pointer` or `#anchor`.
    fn target(&self, reference: &str) -> Option<&'s Value> {
        let fragment = reference.strip_prefix('#')?;
        if fragment.is_empty() {
            return Some(self.root);
        }
        if fragment.starts_with('/') {
            self.root.pointer(&decoded(fragment)?)
        } else {
            self.anchors.get(fragment).copied()
        }
    }
}

/// The schemas right below a schema, with the keyword that brings them; definitions are not applied by themselves.
fn below(map: &Map<String, Value>) -> impl Iterator<Item = (&'static str, &Value)> {
    let one = ONE.iter().filter_map(|name| Some((*name, map.get(*name).filter(|value| !value.is_array())?)));
    let lists = LISTS.iter().filter_map(|name| Some((*name, map.get(*name)?.as_array()?)));
    let objects = OBJECTS.iter().filter_map(|name| Some((*name, map.get(*name)?.as_object()?)));
    one.chain(lists.flat_map(|(name, list)| list.iter().map(move |value| (name, value))))
        .chain(objects.flat_map(|(name, object)| object.values().map(move |value| (name, value))))
}

/// A fragment without its percent-encoding (RFC 6901, section 6).
fn decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_counted() {
        let table = [
            (json!({}), 1, 0),
            (json!(true), 1, 0),
            (json!({"properties": {"a": {}, "b": {"items": {"pattern": "x"}}}}), 4, 1),
            (json!({"patternProperties": {"^a": {}, "^b": {}}}), 3, 2),
            (json!({"$defs": {"a": {}}}), 1, 0),
            (json!({"$defs": {"a": {"not": {}}}, "anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]}), 7, 0),
            (json!({"$defs": {"a b/c": {}}, "$ref": "#/$defs/a%20b~1c"}), 2, 0),
            (json!({"$defs": {"x": {"$anchor": "here"}}, "$dynamicRef": "#here"}), 2, 0),
        ];
        for (schema, visits, patterns) in table {
            assert_eq!(of(&schema).unwrap(), Effort { visits, patterns }, "{schema}");
        }
    }

    #[test]
    fn what_is_too_much() {
        let doubling = |levels: usize| {
            let name = |level: usize| format!("d{level}");
            let twice = |level: usize| json!({"allOf": [{"$ref": format!("#/$defs/{}", name(level + 1))}, {"$ref": format!("#/$defs/{}", name(level + 1))}]});
            let mut defs: Map<String, Value> = (0..levels).map(|level| (name(level), twice(level))).collect();
            defs.insert(name(levels), json!({"type": "integer"}));
            json!({"$defs": defs, "$ref": "#/$defs/d0"})
        };
        assert!(of(&doubling(8)).is_ok());
        let chain: Map<String, Value> =
            (0..2_000).map(|at| (at.to_string(), json!({"$ref": format!("#/$defs/{}", at + 1)}))).collect();
        let patterns: Map<String, Value> =
            (0..=limits::SCHEMA_PATTERNS).map(|at| (at.to_string(), json!({"pattern": "x"}))).collect();
        let table = [
            (doubling(20), "subschemas"),
            (doubling(100), "subschemas"),
            (doubling(1_000), "deep"),
            (json!({"$defs": chain, "$ref": "#/$defs/0"}), "deep"),
            (json!({"$ref": "#"}), "itself"),
            (json!({"properties": {"a": {"$ref": "#"}}}), "itself"),
            (json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}), "itself"),
            (json!({"$ref": "#/$defs/none"}), "no place in it"),
            (json!({"$ref": "https://example.org/schema.json"}), "nothing is fetched"),
            (json!({"$defs": {"a": {"$id": "https://example.org/a"}}}), "$id"),
            (json!({"properties": patterns}), "patterns"),
        ];
        for (schema, words) in table {
            let why = of(&schema).unwrap_err();
            assert!(why.contains(words), "{schema:.200}: {why}");
        }
    }
}
