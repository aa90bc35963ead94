//! Credentials on their way out.
//!
//! Owns: which header field or parameter carries a secret to which origin, and hiding all of them in text that comes back. Must not know:
//! where they are from.
//! Called by the request builder and by what quotes an answer.

use http::HeaderName;
use tidegate_core::fetch::Origin;
use url::Url;

use super::scrub::Scrub;
pub use crate::secret::Secret;

/// A credential of a profile: a header field or a parameter of the query, for one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The only origin that gets it.
    pub origin: Origin,
    /// What carries it.
    pub carrier: Carrier,
    /// The whole value of the field, for example `Bearer …`, or of the parameter.
    pub value: Secret,
}

/// What carries a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// A header field, for example `authorization`.
    Header(HeaderName),
    /// A parameter of the query, for example `api_key`.
    Query(String),
}

impl Credential {
    /// A credential in a header field.
    #[must_use]
    pub const fn in_header(origin: Origin, header: HeaderName, value: Secret) -> Self {
        Self { origin, carrier: Carrier::Header(header), value }
    }

    /// The parameter of the query that carries it, if one does.
    pub(super) fn parameter(&self) -> Option<&str> {
        match &self.carrier {
            Carrier::Query(name) => Some(name),
            Carrier::Header(_) => None,
        }
    }
}

/// `url` without the parameters that credentials are carried in: not as a plugin was given them back, and not as a server has written
/// them into the address it sends us on to.
pub(super) fn without_parameters(url: &Url, credentials: &[Credential]) -> Url {
    let carries = |name: &str| credentials.iter().any(|credential| credential.parameter() == Some(name));
    if !url.query_pairs().any(|(name, _)| carries(&name)) {
        return url.clone();
    }
    // Pair by pair as written: what else stands in the query keeps its spelling.
    let written = url.query().unwrap_or_default().split('&');
    let kept: Vec<&str> =
        written.filter(|pair| !url::form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| carries(&name))).collect();
    let mut clean = url.clone();
    clean.set_query(Some(kept.join("&")).filter(|query| !query.is_empty()).as_deref());
    clean
}

/// `text` without any of the secrets, short ones included: what is quoted of an answer need not be exact.
pub(super) fn hide(text: &str, credentials: &[Credential]) -> String {
    let text = credentials.iter().fold(text.to_owned(), |text, credential| credential.value.hidden_in(&text));
    Scrub::of(credentials).message(&text)
}

/// Length of the longest secret in bytes, each of them written as `\\u002B` or `&#x002B;`.
pub(super) fn longest(credentials: &[Credential]) -> usize {
    credentials.iter().map(|credential| 8 * credential.value.bytes()).max().unwrap_or(0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let credential = Credential {
            origin: "https://a.example".parse().unwrap(),
            carrier: Carrier::Header(http::header::AUTHORIZATION),
            value: Secret::new("Bearer canary-123456"),
        };
        assert!(!format!("{credential:?}").contains("canary"));
        let credentials = [credential];
        for text in ["no such token: canary-123456", "got 'Bearer canary-123456'"] {
            assert!(!hide(text, &credentials).contains("canary"), "{text}");
        }
        assert_eq!(hide("Bearer of good news", &credentials), "Bearer of good news");
    }
}
