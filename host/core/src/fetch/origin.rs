//! Origins: what a credential belongs to.
//!
//! Owns: scheme, host and port as one comparable thing. Must not know: paths, requests. Called by the redirect rule, by
//! egress when it attaches credentials, and by profiles, which write origins.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// The two schemes that are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// `http:`.
    Http,
    /// `https:`.
    Https,
}

impl Scheme {
    /// As in a URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that is not written.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Scheme, host and port (RFC 6454). Two URLs share credentials only if all three are the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host as the URL parser writes it: lower case, punycode, IPv6 in brackets.
    pub host: String,
    /// The port, also where it is the default one.
    pub port: u16,
}

/// A text that is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an origin: {why}; write for example \"https://api.example.com\"")]
pub struct NotAnOrigin {
    text: String,
    why: &'static str,
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let refuse = |why| NotAnOrigin { text: text.to_owned(), why };
        // The text is not shown if it might hold a password.
        if text.contains('@') {
            return Err(NotAnOrigin { text: "(hidden)".to_owned(), why: "it has a user or password" });
        }
        let url = url::Url::parse(text).map_err(|_| refuse("it is not an absolute URL"))?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has a path, query or fragment"));
        }
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(refuse("the scheme is neither http nor https")),
        };
        let host = url.host_str().ok_or_else(|| refuse("it has no host"))?.to_owned();
        Ok(Self { scheme, host, port: url.port().unwrap_or(scheme.default_port()) })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for (text, shown) in [
            ("https://API.example.com", "https://api.example.com"),
            ("https://api.example.com:443/", "https://api.example.com"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://bücher.example:80", "http://xn--bcher-kva.example"),
        ] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!(origin.to_string(), shown);
            assert_eq!(shown.parse::<Origin>().unwrap(), origin);
        }
        for text in
            ["", "api.example.com", "ftp://a.example", "https://a.example/x", "https://a.example/?q", "https:///"]
        {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
        let error = "https://user:hunter2@a.example".parse::<Origin>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
