//! Credentials on their way out.
//!
//! Owns: which header field of which origin carries a secret, and hiding all of them in text that comes back. Must not know:
//! where they are from.
//! Called by the request builder and by what quotes an answer.

use http::HeaderName;
use tidegate_core::fetch::Origin;

pub use crate::secret::Secret;

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

/// `text` without any of the secrets.
pub(super) fn hide(text: &str, credentials: &[Credential]) -> String {
    credentials.iter().fold(text.to_owned(), |text, credential| credential.value.hidden_in(&text))
}

/// Length of the longest secret in bytes.
pub(super) fn longest(credentials: &[Credential]) -> usize {
    credentials.iter().map(|credential| credential.value.bytes()).max().unwrap_or(0)
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
    }
}
