//! What is taken out of a page before it is kept as a fixture.
//!
//! Owns: the ways in (a body, a URL, a header field, the overrides), stand-ins, and what is counted. Must not know: where it is
//! written. `names` knows names, `shapes` what tokens look like, `json` walks documents, `text` whatever is none.
//!
//! Scrubbed: the daemon's own credentials, wherever they stand; header fields that carry sessions, tokens, keys or the client's
//! address; values with a name of a secret, in JSON (also in a JSON text within JSON), URLs, forms and XML; tokens of known
//! shapes; private keys; users in URLs; e-mail addresses, each by a stand-in that is the same for the same address. A text becomes
//! "scrubbed", a number 0, so that the plugin reads what it read. Not scrubbed: names, handles, texts, and what turns pages: a
//! fixture is about them.

mod json;
mod names;
mod shapes;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::journal::Journal;
use shapes::Address;

/// What stands in place of a value.
const GONE: &str = "scrubbed";

/// Scrubs the pages of one run, and counts.
pub(super) struct Scrub<'a> {
    journal: &'a Journal,
    counts: BTreeMap<&'static str, u64>,
    people: BTreeMap<Vec<u8>, usize>,
}

impl<'a> Scrub<'a> {
    pub(super) const fn new(journal: &'a Journal) -> Self {
        Self { journal, counts: BTreeMap::new(), people: BTreeMap::new() }
    }

    /// What was scrubbed, and how often.
    pub(super) fn told(&self) -> Map<String, Value> {
        self.counts.iter().map(|(what, count)| ((*what).to_owned(), json!(count))).collect()
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// A header's value, or nothing if the field is left out.
    pub(super) fn header(&mut self, name: &str, value: &str) -> Option<String> {
        if names::is_header(name) {
            self.count("header fields");
            return None;
        }
        Some(self.line(value))
    }

    /// A URL: as a text, and without user and password.
    pub(super) fn url(&mut self, url: &str) -> String {
        let mut parsed = match url::Url::parse(url) {
            Ok(parsed) if !parsed.username().is_empty() || parsed.password().is_some() => parsed,
            _ => return self.line(url),
        };
        self.count("users in URLs");
        // Neither can fail for a URL that has them.
        let _set = parsed.set_username("").and_then(|()| parsed.set_password(None));
        self.line(parsed.as_str())
    }

    /// An element of a dataset, on one line.
    pub(super) fn element(&mut self, element: &str) -> String {
        self.document(element).replace(['\n', '\r'], " ")
    }

    /// A JSON value, as a document.
    pub(super) fn value(&mut self, value: &Value) -> Value {
        let text = self.document(&value.to_string());
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A body.
    pub(super) fn bytes(&mut self, body: &[u8]) -> Vec<u8> {
        match core::str::from_utf8(body) {
            Ok(text) => self.document(text).into_bytes(),
            Err(_) => self.scan(body),
        }
    }

    /// A text that may be JSON, or JSON line by line.
    fn document(&mut self, text: &str) -> String {
        if let Some(scrubbed) = self.json(text, false) {
            return scrubbed;
        }
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        if first.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(first).is_ok() {
            let lines = text.split_inclusive('\n');
            return lines.map(|line| self.json(line, false).unwrap_or_else(|| self.line(line))).collect();
        }
        self.line(text)
    }

    /// A text that is none.
    fn line(&mut self, text: &str) -> String {
        let text = self.without_secrets(text);
        String::from_utf8_lossy(&self.scan(text.as_bytes())).into_owned()
    }

    /// What this daemon must not show.
    fn without_secrets(&mut self, text: &str) -> String {
        let hidden = self.journal.without_secrets(text);
        if hidden != text {
            self.count("credentials of this daemon");
        }
        hidden
    }

    fn stand_in(&mut self, rest: &[u8], address: &Address) -> Vec<u8> {
        self.count("e-mail addresses");
        let local = rest.get(..address.local).unwrap_or_default();
        let domain = rest.get(address.local + address.sign.len()..address.length).unwrap_or_default();
        let next = self.people.len() + 1;
        let whole = [local, b"@", domain].concat().to_ascii_lowercase();
        let number = *self.people.entry(whole).or_insert(next);
        [format!("person-{number}").as_bytes(), address.sign, b"example.org"].concat()
    }
}
