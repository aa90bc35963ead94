//! What the HTTP client's errors mean.
//!
//! Owns: the way from the client's error chain to a typed failure. Must not know: requests. Called by the fetch for each
//! request that got no header.

use std::error::Error;

use hyper_util::client::legacy::Error as ClientError;
use tidegate_core::fetch::Place;

use super::config::EgressLimits;
use super::connect::DialError;
use super::error::{FetchError, Measure, Phase};

/// Looks through the chain of causes for the first one that is known.
pub(super) fn explain(error: &ClientError, limits: &EgressLimits, at: Place) -> FetchError {
    let mut cause = error.source();
    let mut why = error.to_string();
    while let Some(error) = cause {
        if let Some(dial) = error.downcast_ref::<DialError>() {
            return dialling(dial, limits, at);
        }
        if let Some(http) = error.downcast_ref::<hyper::Error>() {
            if http.is_parse_too_large() {
                // More fields or more bytes: hyper does not say which. The bytes are named, as the count is the rarer.
                return FetchError::TooLarge { at, what: Measure::HeaderBytes, limit: limits.header_bytes };
            }
            if http.is_parse() {
                return FetchError::Malformed { at, why: http.to_string() };
            }
        }
        why = error.to_string();
        cause = error.source();
    }
    FetchError::Reset { at, why }
}

fn dialling(error: &DialError, limits: &EgressLimits, at: Place) -> FetchError {
    match error.clone() {
        DialError::Denied { host, address, reason } => FetchError::Denied { at, host, address, reason },
        DialError::Dns { host, why } => FetchError::Dns { at, host, why },
        DialError::Connect(why) => FetchError::Connect { at, why },
        DialError::Tls(why) => FetchError::Tls { at, why },
        DialError::Timeout(phase) => {
            let after = if phase == Phase::Dns { limits.dns } else { limits.connect };
            FetchError::Timeout { at, phase, after }
        }
    }
}
