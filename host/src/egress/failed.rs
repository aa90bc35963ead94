//! What the HTTP client's errors mean.
//!
//! Owns: the way from the client's chain of causes to a typed failure. Must not know: requests. Called by the fetch for
//! each request that got no header, and by the body reader.
//!
//! Causes are recognized by their types: those of our resolver, of rustls, hyper and the system. No text is searched. The
//! client's own error is never shown, as it shows the URL with its query.

use std::error::Error;
use std::io;

use rustls::pki_types::InvalidDnsNameError;
use tidegate_core::fetch::Place;

use super::config::EgressLimits;
use super::error::{FetchError, Measure, Phase};
use super::judged::LookupError;

/// Why a request got no header.
pub(super) fn explain(error: &reqwest::Error, limits: &EgressLimits, at: Place) -> FetchError {
    if let Some(lookup) = first::<LookupError>(error) {
        return looking_up(lookup, at);
    }
    if error.is_connect() {
        return connecting(error, limits, at);
    }
    match first::<hyper::Error>(error) {
        // More fields or more bytes: hyper does not say which. The bytes are named, as the count is the rarer.
        Some(http) if http.is_parse_too_large() => {
            FetchError::TooLarge { at, what: Measure::HeaderBytes, limit: limits.header_bytes }
        }
        Some(http) if http.is_parse() => FetchError::Malformed { at, why: http.to_string() },
        _ if error.is_builder() => unbuilt(error, at),
        _ => FetchError::Reset { at, why: root(error) },
    }
}

/// What a broken body says: the HTTP library's words, and the system's behind them.
pub(super) fn cut(error: &reqwest::Error) -> String {
    match first::<hyper::Error>(error) {
        Some(http) => match http.source() {
            Some(cause) => format!("{http}: {cause}"),
            None => http.to_string(),
        },
        None => root(error),
    }
}

fn looking_up(error: &LookupError, at: Place) -> FetchError {
    match error.clone() {
        LookupError::Denied { host, address, reason } => FetchError::Denied { at, host, address, reason },
        LookupError::Failed { host, why } => FetchError::Dns { at, host, why },
        LookupError::Timeout(after) => FetchError::Timeout { at, phase: Phase::Dns, after },
    }
}

fn connecting(error: &reqwest::Error, limits: &EgressLimits, at: Place) -> FetchError {
    // The client wraps the system's error of a handshake in one of its own; that of dialling stands as it is.
    let of_handshake = |cause: &io::Error| cause.get_ref().is_some_and(|inner| inner.is::<io::Error>());
    let tls = causes(error).any(|cause| {
        cause.is::<rustls::Error>()
            || cause.is::<InvalidDnsNameError>()
            || cause.downcast_ref::<io::Error>().is_some_and(of_handshake)
    });
    if tls {
        FetchError::Tls { at, why: root(error) }
    } else if error.is_timeout() {
        FetchError::Timeout { at, phase: Phase::Connect, after: limits.connect }
    } else {
        FetchError::Connect { at, why: root(error) }
    }
}

/// A request the client refused to make.
fn unbuilt(error: &reqwest::Error, at: Place) -> FetchError {
    // The client reads `Location` although it is told not to follow it.
    if let Some(parse) = first::<url::ParseError>(error) {
        return FetchError::Malformed { at, why: format!("its location is no URL: {parse}") };
    }
    FetchError::Request { at, what: "URL cannot be sent".to_owned() }
}

/// The first cause of a type.
fn first<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The last cause, in its own words.
fn root(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "the HTTP client gave no reason".to_owned(), ToString::to_string)
}

/// The causes of an error, outermost first, without the error itself. What an `io::Error` wraps counts as its cause; its
/// `source` leaves that one out.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map_or_else(|| cause.source(), |inner| Some(inner as &(dyn Error + 'static)))
    })
}
