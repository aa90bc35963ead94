//! What a plugin may say about itself.
//!
//! Owns: the rules of `wit/v0.1/types.wit` for a manifest that need no schema engine and no plugin: names, counts, sizes,
//! versions. Must not know: wasm, JSON Schema validation (the plugin room compiles the schemas and tries the examples).
//! Called by the plugin room when a component is loaded.

use std::collections::HashSet;

use serde_json::Value;

use crate::contract::{Kind, Manifest};
use crate::limits;
use crate::one_line::{make_one_line, quoted};

/// Something in a manifest that the contract does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ManifestFault {
    /// Where, as a path through the records: `kinds[0].hosts[2]`.
    pub place: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// The most faults that are listed; whoever has more fixes these first.
const FAULTS: usize = 16;

/// Every fault of a manifest, in its order; empty if it is right.
#[must_use]
pub fn faults(manifest: &Manifest) -> Vec<ManifestFault> {
    let mut found = Found(Vec::new());
    found.name("name", &manifest.name);
    if !is_semver(&manifest.version) {
        let version = quoted(&manifest.version);
        let message = format!("{version} is not a version as in semver.org, for example \"1.4.0\"");
        found.add("version", message);
    }
    found.text("description", &manifest.description, limits::MESSAGE_BYTES);
    found.maybe_object("extra", manifest.extra.as_deref());
    found.count("kinds", manifest.kinds.len(), limits::MANIFEST_KINDS);
    if manifest.kinds.is_empty() {
        found.add("kinds", "there is none; a plugin understands at least one kind of source".to_owned());
    }
    let mut names = HashSet::new();
    for (i, kind) in manifest.kinds.iter().enumerate().take(limits::MANIFEST_KINDS) {
        let place = format!("kinds[{i}]");
        if !names.insert(kind.name.as_str()) {
            found.add(&format!("{place}.name"), format!("{} is used twice", quoted(&kind.name)));
        }
        found.kind(&place, kind);
    }
    found.0
}

struct Found(Vec<ManifestFault>);

impl Found {
    fn add(&mut self, place: &str, mut message: String) {
        // Whoever has more mends these first, and a message is read by a person.
        if self.0.len() >= FAULTS {
            return;
        }
        make_one_line(&mut message, limits::MESSAGE_BYTES);
        self.0.push(ManifestFault { place: place.to_owned(), message });
    }

    fn kind(&mut self, place: &str, kind: &Kind) {
        let at = |field: &str| format!("{place}.{field}");
        self.name(&at("name"), &kind.name);
        self.text(&at("description"), &kind.description, limits::MESSAGE_BYTES);
        self.maybe_object(&at("extra"), kind.extra.as_deref());
        self.schema(&at("overrides-schema"), &kind.overrides_schema);
        for (field, count, most) in [
            ("examples", kind.examples.len(), limits::KIND_EXAMPLES),
            ("hosts", kind.hosts.len(), limits::KIND_LIST),
            ("actors", kind.actors.len(), limits::KIND_LIST),
            ("deltas", kind.deltas.len(), DELTAS.len()),
            ("methods", kind.methods.len(), METHODS.len()),
        ] {
            self.count(&at(field), count, most);
        }
        for (i, example) in kind.examples.iter().enumerate().take(limits::KIND_EXAMPLES) {
            let at = |field: &str| format!("{place}.examples[{i}].{field}");
            if example.identifier.is_empty() {
                self.add(&at("identifier"), "it is empty".to_owned());
            }
            self.text(&at("identifier"), &example.identifier, limits::IDENTIFIER_BYTES);
            self.object(&at("overrides"), &example.overrides, limits::SCHEMA_BYTES);
            self.text(&at("note"), &example.note, limits::WORD_BYTES);
        }
        for (i, host) in kind.hosts.iter().enumerate().take(limits::KIND_LIST) {
            if !is_host(host) {
                let message = format!(
                    "{} is not a host, in lower case: \"api.example.com\", \"*.example.com\" or \"*\"",
                    quoted(host)
                );
                self.add(&at(&format!("hosts[{i}]")), message);
            }
        }
        for (i, method) in kind.methods.iter().enumerate().take(METHODS.len()) {
            if !METHODS.contains(&method.as_str()) {
                let message = format!("{} is none of {}", quoted(method), METHODS.join(", "));
                self.add(&at(&format!("methods[{i}]")), message);
            }
        }
        for (i, delta) in kind.deltas.iter().enumerate().take(DELTAS.len()) {
            if !DELTAS.contains(&delta.as_str()) {
                self.add(&at(&format!("deltas[{i}]")), format!("{} is none of {}", quoted(delta), DELTAS.join(", ")));
            }
        }
        for (i, actor) in kind.actors.iter().enumerate().take(limits::KIND_LIST) {
            if !is_actor(actor) {
                self.add(
                    &at(&format!("actors[{i}]")),
                    format!("{} is not an actor, written as \"user/name\"", quoted(actor)),
                );
            }
        }
    }

    fn name(&mut self, place: &str, name: &str) {
        let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let rest = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !(first && rest && name.len() <= limits::PLUGIN_NAME_BYTES) {
            let name = quoted(name);
            let message = format!("{name} is not a name: a letter, then at most 31 of a-z, 0-9 and \"-\"");
            self.add(place, message);
        }
    }

    fn text(&mut self, place: &str, text: &str, most: usize) {
        if text.len() > most {
            self.add(place, format!("it has {} bytes; at most {most} are allowed", text.len()));
        }
    }

    fn count(&mut self, place: &str, count: usize, most: usize) {
        if count > most {
            self.add(place, format!("there are {count}; at most {most} are allowed"));
        }
    }

    /// The JSON object of an `extra`.
    fn maybe_object(&mut self, place: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        if text.is_empty() {
            self.add(place, "it is empty; leave it out if there is nothing to say".to_owned());
        }
        self.object(place, text, limits::EXTRA_BYTES);
    }

    /// A JSON object, or "".
    fn object(&mut self, place: &str, text: &str, most: usize) -> Option<serde_json::Map<String, Value>> {
        self.text(place, text, most);
        if text.is_empty() || text.len() > most {
            return None;
        }
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(map)) => return Some(map),
            Ok(_) => self.add(place, "it is JSON, but not an object".to_owned()),
            Err(error) => self.add(place, format!("it is not JSON: {error}")),
        }
        None
    }

    fn schema(&mut self, place: &str, text: &str) {
        let Some(schema) = self.object(place, text, limits::SCHEMA_BYTES) else { return };
        if schema.get("type") != Some(&Value::from("object")) {
            self.add(place, "it has to say \"type\": \"object\": overrides are always an object".to_owned());
        }
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            let message = "it has to say \"additionalProperties\": false, so that a mistyped setting is found";
            self.add(place, message.to_owned());
        }
    }
}

/// What a request of a plugin may use.
pub const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "PUT", "PATCH"];

/// The parts of a watermark.
const DELTAS: [&str; 3] = ["newest-id", "newest-published-at", "cursor"];

fn is_host(host: &str) -> bool {
    if host == "*" {
        return true;
    }
    let name = host.strip_prefix("*.").unwrap_or(host);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn is_actor(actor: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word.len() <= 63
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    actor.split_once('/').is_some_and(|(user, name)| word(user) && word(name))
}

/// Whether a text is a version as semver.org 2.0.0 writes it (items 2, 9 and 10).
#[must_use]
pub fn is_semver(text: &str) -> bool {
    if text.len() > limits::WORD_BYTES {
        return false;
    }
    let (rest, build) = split(text, '+');
    let (core, pre) = split(rest, '-');
    let number = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) && (part.len() == 1 || !part.starts_with('0'))
    };
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    core.split('.').count() == 3
        && core.split('.').all(number)
        && pre.is_none_or(|pre| pre.split('.').all(|part| word(part) && (!numeric(part) || number(part))))
        && build.is_none_or(|build| build.split('.').all(word))
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(left, right)| (left, Some(right)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Example;

    fn right() -> Manifest {
        let kind = Kind {
            name: "feed".into(),
            description: "URL of a feed".into(),
            overrides_schema: r#"{"type":"object","additionalProperties":false,"properties":{}}"#.into(),
            examples: vec![Example {
                identifier: "https://example.org/feed".into(),
                overrides: "{}".into(),
                note: String::new(),
            }],
            hosts: vec!["*".into(), "api.example.com".into(), "*.example.com".into()],
            methods: vec!["GET".into()],
            actors: vec!["apify/instagram-scraper".into()],
            deltas: vec!["cursor".into()],
            deliveries: false,
            extra: None,
        };
        Manifest {
            name: "rss".into(),
            version: "0.1.0".into(),
            description: "Feeds".into(),
            kinds: vec![kind],
            extra: Some(r#"{"license":"Apache-2.0"}"#.into()),
        }
    }

    fn places(change: impl FnOnce(&mut Manifest)) -> Vec<String> {
        let mut manifest = right();
        change(&mut manifest);
        faults(&manifest).into_iter().map(|fault| fault.place).collect()
    }

    fn kind(change: impl FnOnce(&mut Kind)) -> Vec<String> {
        places(|m| {
            if let Some(kind) = m.kinds.first_mut() {
                change(kind);
            }
        })
    }

    #[test]
    fn a_right_manifest_has_no_fault() {
        assert_eq!(places(|_| ()), Vec::<String>::new());
        assert_eq!(kind(|k| k.overrides_schema = String::new()), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_found_at_its_place() {
        assert_eq!(places(|m| m.name = "Rss".into()), ["name"]);
        assert_eq!(places(|m| m.name = "a".repeat(33)), ["name"]);
        assert_eq!(places(|m| m.version = "1".into()), ["version"]);
        assert_eq!(places(|m| m.description = "x".repeat(1025)), ["description"]);
        assert_eq!(places(|m| m.extra = Some("[]".into())), ["extra"]);
        assert_eq!(places(|m| m.kinds.clear()), ["kinds"]);
        assert_eq!(places(|m| m.kinds.extend(right().kinds)), ["kinds[1].name"]);
        assert_eq!(kind(|k| k.name = "1".into()), ["kinds[0].name"]);
        assert_eq!(kind(|k| k.hosts = vec!["https://x".into()]), ["kinds[0].hosts[0]"]);
        assert_eq!(kind(|k| k.hosts = vec!["*.".into()]), ["kinds[0].hosts[0]"]);
        assert_eq!(kind(|k| k.hosts = vec!["x".into(); 65]), ["kinds[0].hosts"]);
        assert_eq!(kind(|k| k.methods = vec!["get".into()]), ["kinds[0].methods[0]"]);
        assert_eq!(kind(|k| k.deltas = vec!["date".into()]), ["kinds[0].deltas[0]"]);
        assert_eq!(kind(|k| k.actors = vec!["scraper".into()]), ["kinds[0].actors[0]"]);
        assert_eq!(kind(|k| k.overrides_schema = "{".into()), ["kinds[0].overrides-schema"]);
        assert_eq!(kind(|k| k.overrides_schema = r#"{"type":"object"}"#.into()), ["kinds[0].overrides-schema"]);
        assert_eq!(
            kind(|k| k.examples.iter_mut().for_each(|e| e.identifier.clear())),
            ["kinds[0].examples[0].identifier"]
        );
    }

    #[test]
    fn versions() {
        for text in ["0.0.0", "1.4.0", "1.0.0-alpha.1", "1.0.0+build.01", "1.0.0-rc.1+x-y", "10.20.30"] {
            assert!(is_semver(text), "{text}");
        }
        for text in ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "v1.2.3", "1.2.x", "1.2.3 "] {
            assert!(!is_semver(text), "{text}");
        }
    }
}
