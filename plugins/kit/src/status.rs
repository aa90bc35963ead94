//! From an HTTP status that brings no content to a failure.
//!
//! Owns: the categories of those statuses that reach a plugin (`http-response` in `wit/v0.1/types.wit` says which do). Must
//! not know: any platform; one that gives a status a meaning of its own looks at it before it asks here.

use crate::{Failure, FailureCategory};

/// The failure that a status outside 2xx stands for. `what` names what was asked for, such as "the feed".
pub fn failure(status: u16, what: &str) -> Failure {
    let (category, meaning) = match status {
        401 => (FailureCategory::Auth, "it wants credentials: name some for this host in the profile"),
        403 => (FailureCategory::Blocked, "the server refuses this client"),
        404 => (FailureCategory::NotFound, "there is nothing at this URL: check the URL of the source"),
        410 => (FailureCategory::NotFound, "it is gone for good"),
        407 | 408 | 425 | 500..=599 => (FailureCategory::Transient, "the server cannot answer now"),
        429 => (FailureCategory::RateLimited, "the server asks to slow down"),
        451 => (FailureCategory::BadAnswer, "it may not be served for legal reasons"),
        300..=399 => (FailureCategory::BadAnswer, "a redirect that leads nowhere"),
        400..=499 => (FailureCategory::BadAnswer, "the server does not accept the request"),
        _ => (FailureCategory::BadAnswer, "a status that is not an answer"),
    };
    Failure::new(category, format!("asked for {what}, got status {status}: {meaning}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories() {
        for (status, category) in [
            (300, FailureCategory::BadAnswer),
            (401, FailureCategory::Auth),
            (403, FailureCategory::Blocked),
            (404, FailureCategory::NotFound),
            (418, FailureCategory::BadAnswer),
            (429, FailureCategory::RateLimited),
            (451, FailureCategory::BadAnswer),
            (503, FailureCategory::Transient),
            (101, FailureCategory::BadAnswer),
        ] {
            let failure = failure(status, "the feed");
            assert_eq!(failure.category, category, "{status}");
            assert!(failure.message.contains(&status.to_string()));
        }
    }
}
