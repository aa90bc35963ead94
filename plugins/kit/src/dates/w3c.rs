//! W3C's date and time format (a profile of ISO 8601), and RFC 3339.
//!
//! Owns: `2003-12-31T10:14:55Z` and its shorter forms, with a blank for the `T`. Called by [`super`].

use crate::moment::Moment;

use super::civil::{clock, number, offset, utc, zone_hours};

/// Reads `text`, which is in lower case.
pub(super) fn parse(text: &str) -> Option<Moment> {
    let (date, rest) = match text.split_once('t') {
        Some((date, rest)) => (date.trim(), rest.trim()),
        None => text.split_once(char::is_whitespace).map_or((text, ""), |(date, rest)| (date, rest.trim())),
    };
    let mut parts = date.splitn(3, '-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(number)?;
    let month = parts.next().map_or(Some(1), |part| number(part.trim()))?;
    let day = parts.next().map_or(Some(1), |part| number(part.trim()))?;
    if rest.is_empty() {
        return utc((year, month, day), (0, 0, 0), 0);
    }
    let zone = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(rest.len());
    let time = clock(&rest[..zone])?;
    let zone = rest[zone..].trim();
    let offset_s = match zone.as_bytes().first() {
        Some(b'+' | b'-') => offset(zone)?,
        _ if zone.bytes().all(|b| b.is_ascii_alphabetic()) => zone_hours(zone) * 3_600,
        _ => return None,
    };
    utc((year, month, day), time, offset_s)
}
