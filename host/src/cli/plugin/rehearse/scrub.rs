//! What is taken out of a page before it is kept as a fixture.
//!
//! Owns: which names hold what nobody else should have, and how text is searched for them. Must not know: where it is written.
//! Works on bytes, so that a page in any encoding that keeps ASCII stays as it is everywhere else.
//!
//! Scrubbed: the daemon's own credentials, wherever they stand; header fields that carry sessions, tokens or the client's
//! address; the values of URL parameters and JSON members by known names; what looks like a JSON Web Token; e-mail addresses, each
//! by a stand-in that is the same for the same address. Not scrubbed: names, handles, texts: a fixture is about them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::journal::Journal;

/// What stands in place of a value.
const GONE: &str = "scrubbed";
/// Words that make a header field one that is left out.
const HEADERS: [&str; 14] = [
    "cookie",
    "token",
    "secret",
    "session",
    "auth",
    "signature",
    "api-key",
    "apikey",
    "csrf",
    "xsrf",
    "forwarded",
    "client-ip",
    "request-id",
    "cf-ray",
];
/// URL parameters whose values are taken out.
const PARAMETERS: [&str; 24] = [
    "access_token",
    "api_key",
    "apikey",
    "api-key",
    "auth",
    "auth_token",
    "authorization",
    "client_secret",
    "id_token",
    "jwt",
    "key",
    "oauth_token",
    "passwd",
    "password",
    "pwd",
    "refresh_token",
    "secret",
    "session",
    "session_id",
    "sessionid",
    "sid",
    "sig",
    "signature",
    "token",
];
/// JSON members whose texts are taken out: fewer, as `key` or `sid` may be anything in an answer.
const MEMBERS: [&str; 14] = [
    "access_token",
    "api_key",
    "apikey",
    "auth_token",
    "authorization",
    "client_secret",
    "csrf_token",
    "id_token",
    "passwd",
    "password",
    "refresh_token",
    "secret",
    "session_id",
    "sessionid",
];
/// Ends of names of files, which are no domains: `icon@2x.png`.
const FILES: [&str; 8] = ["png", "jpg", "jpeg", "gif", "webp", "svg", "css", "js"];

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
        let name = name.to_ascii_lowercase();
        if HEADERS.iter().any(|word| name.contains(word)) {
            self.count("header fields");
            return None;
        }
        Some(self.text(value))
    }

    /// A URL: as a text, and without user and password.
    pub(super) fn url(&mut self, url: &str) -> String {
        let mut parsed = match url::Url::parse(url) {
            Ok(parsed) if !parsed.username().is_empty() || parsed.password().is_some() => parsed,
            _ => return self.text(url),
        };
        self.count("users in URLs");
        // Neither can fail for a URL that has them.
        let _set = parsed.set_username("").and_then(|()| parsed.set_password(None));
        self.text(parsed.as_str())
    }

    /// An element of a dataset, on one line.
    pub(super) fn element(&mut self, element: &str) -> String {
        self.text(element).replace(['\n', '\r'], " ")
    }

    /// A JSON value, text by text.
    pub(super) fn value(&mut self, value: &Value) -> Value {
        let text = self.text(&value.to_string());
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn text(&mut self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    /// A body.
    pub(super) fn bytes(&mut self, body: &[u8]) -> Vec<u8> {
        let body = self.without_secrets(body);
        let mut out = Vec::with_capacity(body.len());
        let mut at = 0;
        while let Some(rest) = body.get(at..).filter(|rest| !rest.is_empty()) {
            let before = at.checked_sub(1).and_then(|place| body.get(place)).copied();
            if let Some((keep, skip, what)) = found(rest, before) {
                out.extend_from_slice(rest.get(..keep).unwrap_or_default());
                out.extend_from_slice(GONE.as_bytes());
                self.count(what);
                at += skip;
            } else if let Some(length) = address(rest, before) {
                let stand_in = self.stand_in(rest.get(..length).unwrap_or_default());
                out.extend_from_slice(stand_in.as_bytes());
                at += length;
            } else {
                out.extend(rest.first());
                at += 1;
            }
        }
        out
    }

    /// What this daemon must not show, if the body is text.
    fn without_secrets(&mut self, body: &[u8]) -> Vec<u8> {
        let Ok(text) = core::str::from_utf8(body) else { return body.to_vec() };
        let hidden = self.journal.without_secrets(text);
        if hidden != text {
            self.count("credentials of this daemon");
        }
        hidden.into_bytes()
    }

    fn stand_in(&mut self, address: &[u8]) -> String {
        self.count("e-mail addresses");
        let next = self.people.len() + 1;
        let number = *self.people.entry(address.to_ascii_lowercase()).or_insert(next);
        format!("person-{number}@example.org")
    }
}

/// A value that goes, at the beginning of `rest`: how many bytes stay before it, how many are passed in all, and what it was.
fn found(rest: &[u8], before: Option<u8>) -> Option<(usize, usize, &'static str)> {
    match rest.first()? {
        b'?' | b'&' | b';' => parameter(rest),
        b'"' => member(rest),
        b'e' if !before.is_some_and(is_token) => token(rest),
        _ => None,
    }
}

/// `?name=value`, `&name=value`, `&amp;name=value`.
fn parameter(rest: &[u8]) -> Option<(usize, usize, &'static str)> {
    let equals = rest.iter().take(40).position(|byte| *byte == b'=')?;
    let name = rest.get(1..equals)?;
    let known = PARAMETERS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        || name.to_ascii_lowercase().starts_with(b"x-amz-");
    let value = rest.get(equals + 1..)?;
    let length = value.iter().position(|byte| !is_value(*byte)).unwrap_or(value.len());
    (known && length > 0 && !value.starts_with(GONE.as_bytes())).then_some((
        equals + 1,
        equals + 1 + length,
        "URL parameters",
    ))
}

/// What may stand in the value of a URL parameter.
const fn is_value(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'%' | b'+' | b'/' | b'=' | b':' | b'|' | b'*' | b'!')
}

/// `"name": "value"`.
fn member(rest: &[u8]) -> Option<(usize, usize, &'static str)> {
    let end = rest.iter().skip(1).take(40).position(|byte| *byte == b'"')? + 1;
    let name = rest.get(1..end)?;
    if !MEMBERS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())) {
        return None;
    }
    let mut at = end + 1;
    let mut colon = false;
    loop {
        match rest.get(at)? {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b':' if !colon => colon = true,
            b'"' if colon => break,
            _ => return None,
        }
        at += 1;
    }
    let begin = at + 1;
    let mut close = begin;
    while *rest.get(close)? != b'"' {
        close += if rest.get(close) == Some(&b'\\') { 2 } else { 1 };
    }
    let empty = close == begin || rest.get(begin..close) == Some(GONE.as_bytes());
    (!empty).then_some((begin, close, "JSON members"))
}

/// A JSON Web Token (RFC 7519): three parts in base64url, the first of which begins with `{"`.
fn token(rest: &[u8]) -> Option<(usize, usize, &'static str)> {
    if !rest.starts_with(b"eyJ") {
        return None;
    }
    let end = rest.iter().position(|byte| !is_token(*byte)).unwrap_or(rest.len());
    // The end of a sentence is none of it.
    let dots = rest.get(..end)?.iter().rev().take_while(|byte| **byte == b'.').count();
    let text = rest.get(..end - dots)?;
    let length = text.len();
    let dots = text.iter().filter(|byte| **byte == b'.').count();
    (dots == 2 && length >= 40).then_some((0, length, "JSON Web Tokens"))
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// The length of an e-mail address at the beginning of `rest`.
fn address(rest: &[u8], before: Option<u8>) -> Option<usize> {
    let local = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-');
    // A path (`/@ann`, `x/y@z`) is none; neither is what begins in the middle of a word.
    if before.is_some_and(|byte| local(byte) || matches!(byte, b'/' | b'@' | b'\\')) {
        return None;
    }
    let at = rest.iter().take(65).position(|byte| !local(*byte))?;
    if at == 0 || rest.get(at) != Some(&b'@') {
        return None;
    }
    let domain = rest.get(at + 1..)?;
    let length =
        domain.iter().take(254).position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')));
    let domain = domain.get(..length.unwrap_or(domain.len().min(254)))?;
    let domain = domain.strip_suffix(b".").unwrap_or(domain);
    let last = domain.rsplit(|byte| *byte == b'.').next()?;
    let known = FILES.iter().any(|file| last.eq_ignore_ascii_case(file.as_bytes()));
    let fits = domain.contains(&b'.')
        && !domain.starts_with(b".")
        && last.len() >= 2
        && last.iter().all(u8::is_ascii_alphabetic);
    (fits && !known).then_some(at + 1 + domain.len())
}

#[cfg(test)]
#[path = "scrub_tests.rs"]
mod tests;
