//! What a URL must look like to be fetched.
//!
//! Owns: the form of a URL (scheme, host, user info, length, port) and how a URL is shown. Must not know: what the host
//! resolves to, or an operator's exceptions. Called by egress for each hop, and by checks of identifiers.

use core::fmt;
use core::net::IpAddr;

use url::Url;

use super::origin::{Origin, Scheme};
use crate::limits;

/// A URL that may be fetched as far as its form goes. Its spelling is the one the WHATWG parser writes, so what was
/// checked is what is sent: an IPv4 address in hex, octal or circled digits is dotted by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    scheme: Scheme,
    port: u16,
}

/// The host of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    /// A name, to be resolved.
    Name(&'a str),
    /// A literal address.
    Address(IpAddr),
}

/// Why a URL is not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefused {
    /// More than [`limits::URL_BYTES`].
    #[error("the URL has {bytes} bytes; at most {} are allowed", limits::URL_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The parser does not take it.
    #[error("it is not an absolute URL ({0}); write for example \"https://example.com/feed\"")]
    NotAUrl(String),
    /// Another scheme.
    #[error("the scheme {0:?} is not fetched; use http or https")]
    Scheme(String),
    /// No host.
    #[error("the URL names no host")]
    NoHost,
    /// `user:password@`.
    #[error("the URL holds a user or password; name the credential in the profile instead")]
    UserInfo,
    /// A port of another protocol.
    #[error(
        "port {0} belongs to another protocol and is not fetched; web servers use 80, 443 or a port without an owner"
    )]
    Port(u16),
}

impl Target {
    /// Checks the form of an absolute URL. A fragment is no part of a request (RFC 9110, 4.1) and is dropped.
    ///
    /// # Errors
    /// [`UrlRefused`], which never shows more of the URL than its scheme or port.
    pub fn parse(text: &str) -> Result<Self, UrlRefused> {
        if text.len() > limits::URL_BYTES {
            return Err(UrlRefused::TooLong { bytes: text.len() });
        }
        Self::from_url(Url::parse(text).map_err(|e| UrlRefused::NotAUrl(e.to_string()))?)
    }

    /// The same for a parsed URL.
    ///
    /// # Errors
    /// As [`Target::parse`].
    pub fn from_url(mut url: Url) -> Result<Self, UrlRefused> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(UrlRefused::Scheme(other.chars().take(32).collect())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlRefused::UserInfo);
        }
        url.set_fragment(None);
        // Escaping can make a URL longer than the text it was parsed from.
        if url.as_str().len() > limits::URL_BYTES {
            return Err(UrlRefused::TooLong { bytes: url.as_str().len() });
        }
        match url.host_str() {
            None | Some("" | ".") => return Err(UrlRefused::NoHost),
            Some(_) => {}
        }
        let port = url.port().unwrap_or(scheme.default_port());
        if port_blocked(port) {
            return Err(UrlRefused::Port(port));
        }
        Ok(Self { url, scheme, port })
    }

    /// The URL, without a fragment.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The port, also where it is the default one.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> Host<'_> {
        match self.url.host() {
            Some(url::Host::Domain(name)) => Host::Name(name),
            Some(url::Host::Ipv4(v4)) => Host::Address(IpAddr::V4(v4)),
            Some(url::Host::Ipv6(v6)) => Host::Address(IpAddr::V6(v6)),
            // `from_url` has made sure that there is one; an empty name is denied wherever it turns up.
            None => Host::Name(""),
        }
    }

    /// The host as written in the URL: IPv6 in brackets.
    #[must_use]
    pub fn host_text(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin { scheme: self.scheme, host: self.host_text().to_owned(), port: self.port }
    }

    /// Whether both have the same origin.
    #[must_use]
    pub fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.port == other.port && self.host_text() == other.host_text()
    }

    /// The URL as it may be shown.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::of(&self.url)
    }
}

/// A URL as it may be shown in messages and logs: without user, password, query values and fragment, and cut to a line.
/// Feeds carry access tokens in their queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

/// The longest path shown, in characters.
const PATH_SHOWN: usize = 200;

impl Place {
    fn of(url: &Url) -> Self {
        let mut text = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
        if let Some(port) = url.port() {
            text.push_str(&format!(":{port}"));
        }
        text.extend(url.path().chars().take(PATH_SHOWN));
        if url.path().len() > PATH_SHOWN {
            text.push('…');
        }
        if url.query().is_some() {
            text.push_str("?…");
        }
        Self(text)
    }

    /// The same for a text that may not be a URL: what cannot be parsed is not shown at all.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        match Url::parse(text) {
            Ok(url) if url.has_host() => Self::of(&url),
            Ok(url) => Self(format!("{}:…", url.scheme())),
            Err(_) => Self("(not a URL)".to_owned()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a port belongs to another protocol: the list of the Fetch standard, section "port blocking". A request to
/// one of these could be read as mail, chat or print commands.
#[must_use]
pub const fn port_blocked(port: u16) -> bool {
    matches!(
        port,
        0 | 1 | 7 | 9 | 11 | 13 | 15 | 17 | 19 | 20 | 21 | 22 | 23 | 25 | 37 | 42 | 43 | 53 | 69 | 77 | 79 | 87 | 95
            | 101..=104 | 109..=111 | 113 | 115 | 117 | 119 | 123 | 135 | 137 | 139 | 143 | 161 | 179 | 389 | 427 | 465
            | 512..=515 | 526 | 530..=532 | 540 | 548 | 554 | 556 | 563 | 587 | 601 | 636 | 989 | 990 | 993 | 995
            | 1719 | 1720 | 1723 | 2049 | 3659 | 4045 | 4190 | 5060 | 5061 | 6000 | 6566 | 6665..=6669 | 6679 | 6697
            | 10080
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, want) in [
            ("https://example.com/feed#top", "https://example.com/feed"),
            ("HTTP://EXAMPLE.com:80/a b?x=ü", "http://example.com/a%20b?x=%C3%BC"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://[::FFFF:10.0.0.1]/", "http://[::ffff:a00:1]/"),
            ("http://public.example\\@127.0.0.1/", "http://public.example/@127.0.0.1/"),
        ] {
            assert_eq!(Target::parse(text).unwrap().url().as_str(), want, "{text}");
        }
        let long = format!("https://example.com/{}", "a".repeat(limits::URL_BYTES));
        let grows = format!("https://example.com/{}", "ü".repeat(limits::URL_BYTES / 3));
        for text in [long.as_str(), &grows] {
            assert!(matches!(Target::parse(text), Err(UrlRefused::TooLong { .. })));
        }
        assert_eq!(Target::parse("http://u:p@example.com/"), Err(UrlRefused::UserInfo));
        assert_eq!(Target::parse("http://u@example.com/"), Err(UrlRefused::UserInfo));
        assert_eq!(Target::parse("ftp://example.com/"), Err(UrlRefused::Scheme("ftp".into())));
        assert_eq!(Target::parse("http://example.com:25/"), Err(UrlRefused::Port(25)));
        assert_eq!(Target::parse("http://./"), Err(UrlRefused::NoHost));
        for text in ["", "example.com", "/feed", "http://", "https://[::1", "http://a:99999/"] {
            assert!(matches!(Target::parse(text), Err(UrlRefused::NotAUrl(_))), "{text}");
        }
    }

    #[test]
    fn places_show_no_secret() {
        for (text, want) in [
            ("https://user:canary@example.com:8443/a?key=canary#canary", "https://example.com:8443/a?…"),
            ("https://example.com/a", "https://example.com/a"),
            ("mailto:canary@example.com", "mailto:…"),
            ("canary", "(not a URL)"),
        ] {
            assert_eq!(Place::of_text(text).to_string(), want);
        }
        let long = format!("https://example.com/{}", "a".repeat(5_000));
        assert!(Place::of_text(&long).to_string().len() < 300);
    }
}
