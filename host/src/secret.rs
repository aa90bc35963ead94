//! A value that is never shown.
//!
//! Owns: the wrapper, what of it is public, and the ways out of it: as a header value, as an address, and hidden in a text. Must not know: where a value is
//! from or who asks for it. Made by `config`, sent by `egress`, carried between them by `cli`.

use std::fmt;

use http::HeaderValue;
use tidegate_core::fetch::HIDDEN;

/// A value that is never shown: neither by `Debug` nor by serde, and there is no way to its text but through the methods
/// here, each of which says what for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// What stands before it where it is sent, and is no secret: `Bearer `.
    public: String,
    value: String,
}

/// Words of a secret shorter than this ("Bearer") are not hidden on their own.
const WORD: usize = 8;

impl Secret {
    /// Takes a value in.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self { public: String::new(), value: value.into() }
    }

    /// As the value of an `Authorization` field (RFC 6750, 2.1).
    #[must_use]
    pub fn bearer(&self) -> Self {
        self.behind("Bearer ")
    }

    /// As a header value marked sensitive: HTTP/2 then keeps it out of its compression tables. `None` if it holds a
    /// line break or NUL.
    #[must_use]
    pub fn header_value(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_bytes(self.whole().as_bytes()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// As the address of a request, where the address itself is what must not be known. Neither logged nor put into an error.
    #[must_use]
    pub fn as_address(&self) -> &str {
        &self.value
    }

    /// Whether it stands in `text`, whole or by one of its longer words.
    #[must_use]
    pub fn stands_in(&self, text: &str) -> bool {
        self.parts().any(|part| text.contains(part))
    }

    /// What is to be hidden: all of it, and its longer words.
    fn parts(&self) -> impl Iterator<Item = &str> {
        let words = self.value.split_whitespace().filter(|word| word.len() >= WORD);
        std::iter::once(self.value.as_str()).chain(words).filter(|part| !part.is_empty())
    }

    /// What has to be taken out of an answer: all of it, its longer words, and of a `Basic` one what it says: user and password, and the
    /// password. For that alone.
    #[must_use]
    pub fn sought(&self) -> Vec<Vec<u8>> {
        let mut sought: Vec<Vec<u8>> = self.parts().map(|part| part.as_bytes().to_vec()).collect();
        if let Some(login) = self.login() {
            let password = login.iter().position(|byte| *byte == b':').and_then(|colon| login.get(colon + 1..));
            sought.extend(password.map(<[u8]>::to_vec));
            sought.push(login);
        }
        sought.retain(|part| !part.is_empty());
        sought
    }

    /// User, colon and password of a `Basic` one (RFC 7617, section 2).
    fn login(&self) -> Option<Vec<u8>> {
        let whole = self.whole();
        let (scheme, encoded) = whole.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("basic").then(|| from_base64(encoded.trim()))?
    }

    fn whole(&self) -> String {
        format!("{}{}", self.public, self.value)
    }

    /// As the value of a parameter of a query, percent-encoded.
    #[must_use]
    pub fn as_parameter(&self) -> String {
        url::form_urlencoded::byte_serialize(self.value.as_bytes()).collect()
    }

    /// With `prefix` before it: the whole value of a header field. The words of a prefix are public, and never hidden.
    #[must_use]
    pub fn behind(&self, prefix: &str) -> Self {
        Self { public: prefix.to_owned(), value: self.value.clone() }
    }

    /// `text` without it, whole or by its longer words: servers like to quote a token they refuse.
    #[must_use]
    pub fn hidden_in(&self, text: &str) -> String {
        self.parts().fold(text.to_owned(), |text, part| text.replace(part, HIDDEN))
    }

    /// Its length in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.public.len() + self.value.len()
    }
}

/// What base64 says, in either alphabet (RFC 4648, sections 4 and 5); `None` if it is none.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::with_capacity(text.len()));
    for letter in text.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        (bits, held) = ((bits << 6 | u32::from(six)) & 0xFFFF, held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xFF).ok()?);
        }
    }
    Some(bytes)
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

    #[test]
    fn what_stands_before_it_is_public() {
        let secret = Secret::new("canary-123456").behind("Klaviyo-API-Key ");
        assert_eq!(secret.header_value().unwrap(), "Klaviyo-API-Key canary-123456");
        assert_eq!(secret.hidden_in("Klaviyo-API-Key canary-123456"), "Klaviyo-API-Key (hidden)");
        assert_eq!(Secret::new("canary").bearer().header_value().unwrap(), "Bearer canary");
    }

    #[test]
    fn what_a_basic_one_says_is_sought_too() {
        let login = "dGlkZWdhdGU6Y2FuYXJ5OnBhc3N3b3Jk";
        for secret in [Secret::new(login).behind("Basic "), Secret::new(format!("basic {login}"))] {
            let sought = secret.sought();
            for part in [login, "tidegate:canary:password", "canary:password"] {
                assert!(sought.contains(&part.as_bytes().to_vec()), "{part}");
            }
        }
        for other in [Secret::new(login), Secret::new(login).behind("Bearer "), Secret::new("Basic !")] {
            assert!(!other.sought().iter().any(|part| part.starts_with(b"tidegate:")));
        }
    }
}
