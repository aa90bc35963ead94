//! What could be better about a plugin that may serve: advice for its author.
//!
//! Owns: [`Finding`], and what is said of a manifest and its schemas. Must not know: how a component is loaded or called (the
//! plugin room does), or what breaks the contract ([`crate::manifest`] refuses that). Called by `plugin check`.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::contract::{Kind, Manifest};
use crate::overrides;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The plugin must not be used like this.
    Error,
    /// It works; somebody will stumble over it.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Something found in a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What is so.
    pub what: String,
    /// Where: a path through the manifest, a call, a fixture.
    pub place: String,
    /// What would be right.
    pub remedy: String,
}

impl Finding {
    /// An error.
    pub fn error(place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Error, what: what.into(), place: place.into(), remedy: remedy.into() }
    }

    /// A warning.
    pub fn warning(place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, what, remedy) }
    }

    /// A note.
    pub fn note(place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(place, what, remedy) }
    }
}

/// What is found in a manifest that breaks no rule.
#[must_use]
pub fn of_manifest(manifest: &Manifest) -> Vec<Finding> {
    let mut found = Vec::new();
    if manifest.description.trim().is_empty() {
        found.push(Finding::warning(
            "description",
            "the plugin does not say what it is",
            "give one sentence; `tidegate plugin list` and forms show it",
        ));
    }
    for (i, kind) in manifest.kinds.iter().enumerate() {
        of_kind(&format!("kinds[{i}] ({})", kind.name), kind, &mut found);
    }
    found
}

fn of_kind(place: &str, kind: &Kind, found: &mut Vec<Finding>) {
    if kind.description.trim().is_empty() {
        let remedy = "say in one sentence what it is and what an identifier of it is (\"URL of the feed\")";
        found.push(Finding::warning(format!("{place}.description"), "the kind does not say what it is", remedy));
    }
    if kind.examples.is_empty() {
        let remedy = "give one or two: they are shown to people, and tried each time the plugin is loaded";
        found.push(Finding::warning(format!("{place}.examples"), "there is no example of a source", remedy));
    }
    if kind.hosts.iter().any(|host| host == "*") {
        let remedy =
            "right for kinds whose identifier names the host; else name the hosts, so that operators know them";
        found.push(Finding::note(format!("{place}.hosts"), "requests may go to any host", remedy));
    }
    if kind.methods.is_empty() != kind.hosts.is_empty() {
        let (there, absent) = if kind.methods.is_empty() { ("hosts", "methods") } else { ("methods", "hosts") };
        let remedy = "name both for a kind that makes requests, none for one that does not";
        found.push(Finding::warning(
            format!("{place}.{absent}"),
            format!("there are {there} but no {absent}: every request would be refused"),
            remedy,
        ));
    }
    if kind.methods.is_empty() && kind.actors.is_empty() && !kind.deliveries {
        let remedy = "name hosts and methods, actors, or take deliveries";
        found.push(Finding::warning(place, "the kind has no way to come by data", remedy));
    }
    if !kind.actors.is_empty() {
        let remedy = "the profile names one of them, with its price; what a run may cost is capped by it";
        let what = format!("runs may order {} on the actor platform, which cost money", kind.actors.join(", "));
        found.push(Finding::note(format!("{place}.actors"), what, remedy));
    }
    if kind.deltas.is_empty() && !kind.deliveries {
        let remedy = "use the job's watermark in `plan` if the platform can say what is new, and name it in `deltas`";
        found.push(Finding::note(format!("{place}.deltas"), "every run reads all again", remedy));
    }
    // One that cannot be read was refused when the plugin was loaded.
    if let Ok(schema) = overrides::schema(&kind.overrides_schema) {
        of_schema(&format!("{place}.overrides-schema"), &schema, found);
    }
}

fn of_schema(place: &str, schema: &Value, found: &mut Vec<Finding>) {
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        let what = "the schema does not say that overrides are an object";
        found.push(Finding::warning(place, what, "begin with \"type\": \"object\""));
    }
    let closed =
        ["additionalProperties", "unevaluatedProperties"].iter().any(|word| schema.get(word) == Some(&false.into()));
    if !closed {
        let what = "settings it does not know are accepted, so a misspelled one is never noticed";
        found.push(Finding::warning(place, what, "add \"additionalProperties\": false"));
    }
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let Value::Object(property) = property else { continue };
        of_property(&format!("{place}.properties.{name}"), property, required.contains(&name.as_str()), found);
    }
}

/// What forms and error messages are made from.
fn of_property(place: &str, property: &Map<String, Value>, required: bool, found: &mut Vec<Finding>) {
    let mut absent: Vec<&str> =
        ["title", "description"].into_iter().filter(|word| !property.contains_key(*word)).collect();
    if !required && !property.contains_key("default") {
        absent.push("default");
    }
    if !absent.is_empty() {
        let remedy = "add it: forms, `profile check` and error messages are made from it";
        found.push(Finding::warning(place, format!("the setting has no {}", absent.join(" and no ")), remedy));
    }
    if let Some((what, remedy)) = unbounded(property) {
        found.push(Finding::warning(place, what, remedy));
    }
}

/// A setting that may be as large as somebody likes.
fn unbounded(property: &Map<String, Value>) -> Option<(&'static str, &'static str)> {
    let has = |words: &[&str]| words.iter().any(|word| property.contains_key(*word));
    if has(&["enum", "const", "$ref", "anyOf", "oneOf", "allOf"]) {
        return None;
    }
    match property.get("type").and_then(Value::as_str)? {
        "string" if !has(&["maxLength", "pattern", "format"]) => {
            Some(("the text may be of any length", "add \"maxLength\", a \"pattern\" or an \"enum\""))
        }
        "integer" | "number" if !has(&["maximum", "exclusiveMaximum"]) => {
            Some(("the number may be of any size", "add \"minimum\" and \"maximum\""))
        }
        "array" if !has(&["maxItems"]) => Some(("the list may be of any length", "add \"maxItems\"")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(schema: &str) -> Kind {
        Kind {
            name: "feed".to_owned(),
            description: "URL of a feed".to_owned(),
            overrides_schema: schema.to_owned(),
            examples: vec![crate::contract::Example {
                identifier: "a".to_owned(),
                overrides: "{}".to_owned(),
                note: String::new(),
            }],
            hosts: vec!["a.example".to_owned()],
            methods: vec!["GET".to_owned()],
            actors: vec![],
            deltas: vec!["cursor".to_owned()],
            deliveries: false,
            extra: None,
        }
    }

    fn said(kind: Kind) -> Vec<(Severity, String, String)> {
        let manifest = Manifest {
            name: "a".to_owned(),
            version: "1.0.0".to_owned(),
            description: "A".to_owned(),
            kinds: vec![kind],
            extra: None,
        };
        let found = of_manifest(&manifest);
        assert!(found.iter().all(|finding| !finding.remedy.is_empty()));
        found.into_iter().map(|finding| (finding.severity, finding.place, finding.what)).collect()
    }

    const GOOD: &str = r#"{"type": "object", "additionalProperties": false, "required": ["who"], "properties": {
        "who": {"type": "string", "title": "Who", "description": "Whose.", "maxLength": 9},
        "size": {"type": "integer", "title": "Size", "description": "How many.", "default": 5, "minimum": 1, "maximum": 9},
        "mode": {"enum": ["a", "b"], "title": "Mode", "description": "Which.", "default": "a"}}}"#;

    #[test]
    fn nothing_is_said_of_what_is_right() {
        assert_eq!(said(kind(GOOD)), []);
        assert_eq!(said(kind("")), [], "no override is accepted");
    }

    #[test]
    fn each_doubt_is_named_with_its_place() {
        let schema = |inner: &str| {
            kind(&format!(r#"{{"type":"object","additionalProperties":false,"properties":{{{inner}}}}}"#))
        };
        let property = r#""title": "T", "description": "D", "default": 1"#;
        let table = [
            ("open", kind(r#"{"type": "object"}"#), Severity::Warning, "overrides-schema", "misspelled"),
            ("no object", kind(r#"{"additionalProperties": false}"#), Severity::Warning, "overrides-schema", "object"),
            (
                "bare",
                schema(r#""a": {"type": "boolean"}"#),
                Severity::Warning,
                "properties.a",
                "no title and no description and no default",
            ),
            (
                "any text",
                schema(&format!(r#""a": {{"type": "string", {property}}}"#)),
                Severity::Warning,
                "properties.a",
                "any length",
            ),
            (
                "any number",
                schema(&format!(r#""a": {{"type": "number", {property}}}"#)),
                Severity::Warning,
                "properties.a",
                "any size",
            ),
            (
                "any list",
                schema(&format!(r#""a": {{"type": "array", {property}}}"#)),
                Severity::Warning,
                "properties.a",
                "any length",
            ),
            (
                "silent",
                Kind { description: " ".to_owned(), ..kind("") },
                Severity::Warning,
                "description",
                "does not say",
            ),
            ("no example", Kind { examples: vec![], ..kind("") }, Severity::Warning, "examples", "no example"),
            ("anywhere", Kind { hosts: vec!["*".to_owned()], ..kind("") }, Severity::Note, "hosts", "any host"),
            (
                "no method",
                Kind { methods: vec![], actors: vec!["a/b".to_owned()], ..kind("") },
                Severity::Warning,
                "methods",
                "no methods",
            ),
            ("no delta", Kind { deltas: vec![], ..kind("") }, Severity::Note, "deltas", "all again"),
            ("paid", Kind { actors: vec!["a/b".to_owned()], ..kind("") }, Severity::Note, "actors", "cost money"),
            ("no way", Kind { hosts: vec![], methods: vec![], ..kind("") }, Severity::Warning, "(feed)", "no way"),
        ];
        for (case, kind, severity, place, words) in table {
            let found = said(kind);
            let fits =
                |(s, p, w): &&(Severity, String, String)| *s == severity && p.ends_with(place) && w.contains(words);
            assert!(found.iter().any(|finding| fits(&finding)), "{case}: {found:?}");
        }
    }
}
