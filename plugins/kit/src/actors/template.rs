//! Inputs written from a template, for actors a plugin does not know.
//!
//! Owns: filling a template, and finding in it what an actor would run as code. Must not know: any platform or actor.
//! Called by plugins in `plan`, and by [`super::Checks`].

use serde::Deserialize;
use serde_json::{Map, Value};

/// What the placeholders of a template stand for: `{name}` in a string. A string that is nothing but a placeholder becomes
/// the value itself; where the value is unknown, the member or element is left out.
pub type Values<'v> = [(&'v str, Option<Value>)];

/// The setting `input`: an object in which texts hold placeholders; an empty one if the profile sets none.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Template(Value);

impl Default for Template {
    fn default() -> Self {
        Self(Value::Object(Map::new()))
    }
}

impl Template {
    /// The input it gives; null if it stands for something unknown as a whole.
    pub fn fill(&self, values: &Values<'_>) -> Value {
        fill(&self.0, values).unwrap_or_default()
    }

    /// Whether the profile sets one.
    pub fn is_set(&self) -> bool {
        self.0.as_object().is_some_and(|members| !members.is_empty())
    }

    /// Whether it is an object, as every input is.
    pub fn is_object(&self) -> bool {
        self.0.is_object()
    }

    /// The JSON Pointer of the first member whose value an actor would run as code.
    pub fn code(&self) -> Option<String> {
        code_in(&self.0)
    }
}

fn fill(template: &Value, values: &Values<'_>) -> Option<Value> {
    match template {
        Value::String(text) => fill_text(text, values),
        Value::Array(list) => Some(Value::Array(list.iter().filter_map(|value| fill(value, values)).collect())),
        Value::Object(members) => {
            let filled = members.iter().filter_map(|(name, value)| Some((name.clone(), fill(value, values)?)));
            Some(Value::Object(filled.collect::<Map<_, _>>()))
        }
        other => Some(other.clone()),
    }
}

fn fill_text(text: &str, values: &Values<'_>) -> Option<Value> {
    let mut filled = text.to_owned();
    for (name, value) in values {
        let placeholder = format!("{{{name}}}");
        if text == placeholder {
            return value.clone();
        }
        if filled.contains(&placeholder) {
            let value = value.as_ref()?;
            filled = filled.replace(&placeholder, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
    }
    Some(Value::String(filled))
}

/// `customMapFunction`, `extendOutputFunction` and whatever else ends in "function".
fn code_in(template: &Value) -> Option<String> {
    match template {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let step = name.replace('~', "~0").replace('/', "~1");
            if name.to_ascii_lowercase().ends_with("function") {
                return Some(format!("/{step}"));
            }
            code_in(value).map(|below| format!("/{step}{below}"))
        }),
        Value::Array(list) => {
            list.iter().enumerate().find_map(|(number, value)| code_in(value).map(|below| format!("/{number}{below}")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates() {
        let values = [("identifier", Some(json!("nasa"))), ("limit", Some(json!(10))), ("since", None)];
        let template = json!({
            "users": ["{identifier}"], "max": "{limit}", "from": "{since}", "list": ["{since}"],
            "text": "from:{identifier} {limit}", "cut": "after {since}", "plain": true
        });
        let filled = json!({ "users": ["nasa"], "max": 10, "list": [], "text": "from:nasa 10", "plain": true });
        assert_eq!(fill(&template, &values), Some(filled));
    }

    #[test]
    fn code_is_found() {
        for (template, found) in [
            (json!({ "customMapFunction": "x" }), Some("/customMapFunction")),
            (json!({ "a": [{ "b/c": { "extendoutputFUNCTION": 1 } }] }), Some("/a/0/b~1c/extendoutputFUNCTION")),
            (json!({ "functions": [], "a": "customMapFunction" }), None),
        ] {
            assert_eq!(code_in(&template).as_deref(), found, "{template}");
        }
    }
}
