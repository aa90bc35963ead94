//! Dates as actors write them: `Sat Nov 22 11:53:27 +0000 2025`, or RFC 3339.
//!
//! Owns: reading both. Called by [`crate::item`].

use tidegate_plugin_kit::moment::Moment;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The moment a date means.
pub fn parse(text: &str) -> Option<Moment> {
    Moment::parse(text).or_else(|| platform(text))
}

/// The platform's own notation: weekday, month, day, time, zone, year.
fn platform(text: &str) -> Option<Moment> {
    let mut words = text.split_ascii_whitespace();
    let (_, month, day) = (words.next()?, words.next()?, words.next()?);
    let (clock, zone, year) = (words.next()?, words.next()?, words.next()?);
    let month = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    let mut parts = clock.split(':').map(|part| number(part, 2));
    let time = (parts.next()??, parts.next()??, parts.next()??);
    let (sign, offset) = match zone.strip_prefix('-') {
        Some(offset) => (-1, offset),
        None => (1, zone.strip_prefix('+')?),
    };
    let offset = number(offset, 4)?;
    let east_ms = sign * (offset / 100 * 60 + offset % 100) * 60_000;
    let rest = parts.next().is_some() || words.next().is_some();
    Moment::of((number(year, 4)?, month, number(day, 2)?), time, 0)
        .filter(|_| !rest)
        .map(|moment| moment.minus(east_ms))
}

fn number(text: &str, most: usize) -> Option<i64> {
    let plain = !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations() {
        for (text, moment) in [
            ("Sat Nov 22 11:53:27 +0000 2025", Some("2025-11-22T11:53:27Z")),
            ("Sat Nov 22 01:53:27 +0530 2025", Some("2025-11-21T20:23:27Z")),
            ("Sat Nov 22 23:53:27 -0100 2025", Some("2025-11-23T00:53:27Z")),
            ("2024-01-01T00:00:00Z", Some("2024-01-01T00:00:00Z")),
            ("2025-11-22T11:53:27.123Z", Some("2025-11-22T11:53:27.123Z")),
            ("Sat Nov 31 11:53:27 +0000 2025", None),
            ("Sat Nov 22 11:53 +0000 2025", None),
            ("Sat Nov 22 11:53:27 UTC 2025", None),
            ("Sat Nov 22 11:53:27 +0000 2025 x", None),
            ("", None),
        ] {
            assert_eq!(parse(text).and_then(Moment::to_rfc3339).as_deref(), moment, "{text}");
        }
    }
}
