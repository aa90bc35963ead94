//! What plans of actor runs share.
//!
//! Owns: inputs written from a template (for actors a plugin does not know), the refusal of settings that would run code,
//! and the failures for a missing or unknown actor. Must not know: any platform or actor. Called by plugins that ask for
//! actor runs, in `validate` and `plan`.

use serde_json::{Map, Value};

use crate::Failure;

/// What the placeholders of a template stand for: `{name}` in a string. A string that is nothing but a placeholder becomes
/// the value itself; where the value is unknown, the member or element is left out.
pub type Values<'v> = [(&'v str, Option<Value>)];

/// An input from a template. None if the template as a whole stands for something unknown.
pub fn fill(template: &Value, values: &Values<'_>) -> Option<Value> {
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

/// The JSON Pointer of the first member of a template whose value an actor would run as code: `customMapFunction`,
/// `extendOutputFunction` and whatever else ends in "function".
pub fn code_in(template: &Value) -> Option<String> {
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

/// The failure for a job whose actor this kind has no input for. `known` are those it has.
pub fn unknown(actor: Option<&str>, kind: &str, known: &[&str]) -> Failure {
    let known = known.join(", ");
    let message = match actor {
        Some(actor) => format!(
            "the profile names the actor \"{actor}\", for which kind \"{kind}\" has no input; known are {known}. For \
             another one set \"input\" and \"field_map\" in the profile's overrides"
        ),
        None => format!("kind \"{kind}\" is fetched by an actor, and the profile names none; known are {known}"),
    };
    Failure::config("", message)
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
