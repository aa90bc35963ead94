//! What the platform's "no" means.
//!
//! Owns: the table of statuses and error types (`reference`: apify, section 9). The same status means "no money" or "wait a
//! minute"; the type decides. Must not know: how an answer is read. Called by `egress/apify`.

use crate::failure::Class;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To start a run of an actor.
    Start,
    /// Anything about a run, a dataset or the account.
    Other,
}

/// The class of an answer of 300 and above, with the `error.type` of its body where there is one.
///
/// Whether a refused start may be repeated, or may have started a run all the same, is not said here: that depends on the
/// status alone (see `egress/apify`).
#[must_use]
pub fn judge(asked: Asked, status: u16, kind: Option<&str>) -> Class {
    // The type goes first: statuses of the same meaning have changed over the years.
    match kind.unwrap_or_default() {
        "token-not-provided" | "invalid-token" | "user-or-token-not-found" => return Class::Credential,
        "not-enough-usage-to-run-paid-actor"
        | "x402-payment-required"
        | "user-has-no-subscription"
        | "platform-feature-disabled" => return Class::Quota,
        "actor-memory-limit-exceeded" | "concurrent-runs-limit-exceeded" | "cannot-start-actor-runs" => {
            return Class::Capacity;
        }
        "user-disabled" => return Class::Credential,
        "full-permission-actor-not-approved"
        | "actor-is-not-rented"
        | "apify-plan-required-to-use-paid-actor"
        | "actor-disabled"
        | "actor-not-found" => return Class::Actor,
        "rate-limit-exceeded" | "too-many-requests" => return Class::RateLimited,
        "concurrent-update-detected" | "run-timeout-exceeded" | "operation-timed-out" => return Class::Transient,
        _ => {}
    }
    match (status, asked) {
        (401, _) => Class::Credential,
        (402, _) => Class::Quota,
        (403, Asked::Start) | (404, Asked::Start) => Class::Actor,
        (403, Asked::Other) => Class::Credential,
        (404, Asked::Other) => Class::NotFound,
        (429, _) => Class::RateLimited,
        (408 | 409 | 425 | 500.., _) => Class::Transient,
        (400, _) => Class::Config,
        _ => Class::BadAnswer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        use Asked::{Other, Start};
        let table = [
            (Start, 400, "invalid-input", Class::Config),
            (Start, 400, "max-total-charge-usd-below-minimum", Class::Config),
            (Start, 400, "unknown-build-tag", Class::Config),
            (Start, 401, "invalid-token", Class::Credential),
            (Other, 401, "", Class::Credential),
            (Other, 404, "user-or-token-not-found", Class::Credential),
            (Start, 402, "not-enough-usage-to-run-paid-actor", Class::Quota),
            (Start, 402, "a-type-of-tomorrow", Class::Quota),
            (Start, 402, "actor-memory-limit-exceeded", Class::Capacity),
            (Start, 402, "concurrent-runs-limit-exceeded", Class::Capacity),
            (Start, 403, "concurrent-runs-limit-exceeded", Class::Capacity),
            (Start, 429, "concurrent-runs-limit-exceeded", Class::Capacity),
            (Start, 403, "platform-feature-disabled", Class::Quota),
            (Start, 403, "actor-is-not-rented", Class::Actor),
            (Start, 403, "insufficient-permissions", Class::Actor),
            (Other, 403, "insufficient-permissions", Class::Credential),
            (Start, 404, "record-not-found", Class::Actor),
            (Start, 404, "actor-not-found", Class::Actor),
            (Other, 404, "record-not-found", Class::NotFound),
            (Other, 408, "operation-timed-out", Class::Transient),
            (Other, 409, "concurrent-update-detected", Class::Transient),
            (Start, 413, "request-too-large", Class::BadAnswer),
            (Start, 429, "rate-limit-exceeded", Class::RateLimited),
            (Start, 502, "", Class::Transient),
            (Start, 302, "", Class::BadAnswer),
        ];
        for (asked, status, kind, class) in table {
            let given = (!kind.is_empty()).then_some(kind);
            assert_eq!(judge(asked, status, given), class, "{asked:?} {status} {kind}");
        }
    }
}
