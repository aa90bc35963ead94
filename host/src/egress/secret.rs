//! Credentials on their way out.
//!
//! Owns: values that must not be printed, and hiding them in text that comes back. Must not know: where they are from.
//! Called by the request builder and by what quotes an answer.

use std::fmt;

use http::{HeaderName, HeaderValue};
use tidegate_core::fetch::Origin;

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value in.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// As the value of an `Authorization` field (RFC 6750, 2.1).
    pub(super) fn bearer(&self) -> Self {
        Self(format!("Bearer {}", self.0))
    }

    /// As a header value marked sensitive: HTTP/2 then keeps it out of its compression tables. `None` if it holds a
    /// line break or NUL.
    pub(super) fn header_value(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_bytes(self.0.as_bytes()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A credential of a profile: a header field for one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The only origin that gets it.
    pub origin: Origin,
    /// The field that carries it, for example `authorization`.
    pub header: HeaderName,
    /// The whole value of the field, for example `Bearer …`.
    pub value: Secret,
}

/// What stands in place of a secret.
const HIDDEN: &str = "(hidden)";
/// Words of a secret shorter than this ("Bearer") are not hidden on their own.
const WORD: usize = 8;

/// `text` without any of the secrets: servers like to quote a token they refuse.
pub(super) fn hide(text: &str, credentials: &[Credential]) -> String {
    let mut text = text.to_owned();
    for Credential { value: Secret(secret), .. } in credentials {
        let words = secret.split_whitespace().filter(|word| word.len() >= WORD);
        for part in std::iter::once(secret.as_str()).chain(words).filter(|part| !part.is_empty()) {
            text = text.replace(part, HIDDEN);
        }
    }
    text
}

/// Length of the longest secret in bytes.
pub(super) fn longest(credentials: &[Credential]) -> usize {
    credentials.iter().map(|credential| credential.value.0.len()).max().unwrap_or(0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let credential = Credential {
            origin: "https://a.example".parse().unwrap(),
            header: http::header::AUTHORIZATION,
            value: Secret::new("Bearer canary-123456"),
        };
        assert!(!format!("{credential:?}").contains("canary"));
        let credentials = [credential];
        for text in ["no such token: canary-123456", "got 'Bearer canary-123456'"] {
            assert!(!hide(text, &credentials).contains("canary"), "{text}");
        }
        assert_eq!(hide("Bearer of good news", &credentials), "Bearer of good news");
        assert!(Secret::new("a\r\nb").header_value().is_none());
    }
}
