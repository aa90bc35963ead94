//! A value that is never shown.
//!
//! Owns: the wrapper, and the ways out of it: as a header value, as an address, and hidden in a text. Must not know: where a value is
//! from or who asks for it. Made by `config`, sent by `egress`, carried between them by `cli`.

use std::fmt;

use http::HeaderValue;
use tidegate_core::fetch::HIDDEN;

/// A value that is never shown: neither by `Debug` nor by serde, and there is no way to its text but through the methods
/// here, each of which says what for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Words of a secret shorter than this ("Bearer") are not hidden on their own.
const WORD: usize = 8;

impl Secret {
    /// Takes a value in.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// As the value of an `Authorization` field (RFC 6750, 2.1).
    #[must_use]
    pub fn bearer(&self) -> Self {
        Self(format!("Bearer {}", self.0))
    }

    /// As a header value marked sensitive: HTTP/2 then keeps it out of its compression tables. `None` if it holds a
    /// line break or NUL.
    #[must_use]
    pub fn header_value(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_bytes(self.0.as_bytes()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// As the address of a request, where the address itself is what must not be known. Neither logged nor put into an error.
    #[must_use]
    pub fn as_address(&self) -> &str {
        &self.0
    }

    /// Whether it stands in `text`, whole or by one of its longer words.
    #[must_use]
    pub fn stands_in(&self, text: &str) -> bool {
        self.parts().any(|part| text.contains(part))
    }

    /// What is to be hidden: all of it, and its longer words.
    fn parts(&self) -> impl Iterator<Item = &str> {
        let words = self.0.split_whitespace().filter(|word| word.len() >= WORD);
        std::iter::once(self.0.as_str()).chain(words).filter(|part| !part.is_empty())
    }

    /// What has to be taken out of an answer: all of it, and its longer words. For that alone.
    #[must_use]
    pub fn spelled(&self) -> Vec<String> {
        self.parts().map(str::to_owned).collect()
    }

    /// As the value of a parameter of a query, percent-encoded.
    #[must_use]
    pub fn as_parameter(&self) -> String {
        url::form_urlencoded::byte_serialize(self.0.as_bytes()).collect()
    }

    /// With `prefix` before it: the whole value of a header field.
    #[must_use]
    pub fn behind(&self, prefix: &str) -> Self {
        Self(format!("{prefix}{}", self.0))
    }

    /// `text` without it, whole or by its longer words: servers like to quote a token they refuse.
    #[must_use]
    pub fn hidden_in(&self, text: &str) -> String {
        self.parts().fold(text.to_owned(), |text, part| text.replace(part, HIDDEN))
    }

    /// Its length in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl serde::Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn it_is_not_shown() {
        let secret = Secret::new("Bearer canary-123456");
        assert!(!format!("{secret:?}").contains("canary"));
        assert!(!serde_json::to_string(&secret).unwrap().contains("canary"));
        assert!(!format!("{:?}", secret.header_value().unwrap()).contains("canary"));
        for text in ["no such token: canary-123456", "got 'Bearer canary-123456'"] {
            assert!(!secret.hidden_in(text).contains("canary"), "{text}");
            assert!(secret.stands_in(text), "{text}");
        }
        assert!(!secret.stands_in("Bearer of good news"));
        assert_eq!(secret.hidden_in("Bearer of good news"), "Bearer of good news");
        assert!(Secret::new("a\r\nb").header_value().is_none());
    }
}
