//! Dates as feeds and APIs write them.
//!
//! Owns: every notation that is understood, and the time in UTC it means. Must not know: which element a date came from,
//! nor the time now (a date without its year is no date). Called by plugins. The notations
//! are tried in order: W3C (the profile of ISO 8601), RFC 822 with its repairs, ISO 8601's rarer forms, C's asctime, and
//! those of some old blog services. A time without a zone is UTC, and so is one whose zone nobody knows.

mod civil;
mod iso8601;
mod local;
mod rfc822;
mod w3c;

use crate::moment::Moment;

/// Seconds since 1970 of a time in any notation, such as the host's `now`.
pub fn seconds_of(text: &str) -> Option<i64> {
    moment(text).map(Moment::seconds)
}

/// The time as RFC 3339 in UTC, to the second. None if it cannot be read or lies outside the years 1 to 9999.
pub fn parse(text: &str) -> Option<String> {
    moment(text).and_then(Moment::to_rfc3339)
}

/// The same as a moment.
pub fn moment(text: &str) -> Option<Moment> {
    let text = text.trim();
    // The longest notation has fewer than 64 characters; a text of kilobytes is no date.
    if text.is_empty() || text.len() > 128 {
        return None;
    }
    let lower = text.to_lowercase();
    w3c::parse(&lower)
        .or_else(|| rfc822::parse(&lower))
        .or_else(|| iso8601::parse(text))
        .or_else(|| rfc822::parse_asctime(&lower))
        .or_else(|| local::parse(text, &lower))
}

#[cfg(test)]
mod tests;
