//! RFC 822 (5322) dates, with what senders really write, and C's asctime.
//!
//! Owns: `Thu, 01 Jan 2004 19:48:21 GMT`: with or without the day's name, comma, seconds, time, zone; with a year of two
//! digits, months written out, day and month swapped. Called by [`super`].

use crate::moment::Moment;

use super::civil::{clock, number, offset, utc, zone_hours};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Number of a month by the first three letters of its name in lower case.
pub(super) fn month(name: &str) -> Option<i64> {
    let head = name.get(..3)?;
    MONTHS.iter().position(|month| *month == head).and_then(|at| i64::try_from(at + 1).ok())
}

/// Reads `text`, which is in lower case.
pub(super) fn parse(text: &str) -> Option<Moment> {
    let mut words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
    if words.first()?.get(..3).is_some_and(|head| DAYS.contains(&head)) {
        words.remove(0);
    }
    let [first, second, year, rest @ ..] = words.as_slice() else { return None };
    let (day, month) = match number(first) {
        Some(day) => (day, month(second)?),
        None => (number(second)?, month(first)?),
    };
    let time = rest.first().copied().unwrap_or("00:00:00");
    let zone = rest.get(1).copied().unwrap_or("");
    utc((full_year(year)?, month, day), clock(time)?, zone_offset(zone)?)
}

/// A year of two digits lies in 1990 to 2089.
fn full_year(year: &str) -> Option<i64> {
    let value = number(year)?;
    match (year.len(), value) {
        (0..=2, 90..) => Some(value + 1_900),
        (0..=2, _) => Some(value + 2_000),
        _ => Some(value),
    }
}

/// Seconds to the east. A name nobody knows is UTC; a number that is none is an error.
fn zone_offset(zone: &str) -> Option<i64> {
    let zone = zone.strip_prefix("etc/").unwrap_or(zone);
    let zone =
        zone.strip_prefix("gmt").or_else(|| zone.strip_prefix("utc")).filter(|rest| !rest.is_empty()).unwrap_or(zone);
    match zone.as_bytes().first() {
        Some(b'+' | b'-') => offset(zone),
        _ => Some(zone_hours(zone) * 3_600),
    }
}

/// Reads `sun jul 15 01:16:00 2012`, with the zone before the year if there is one.
pub(super) fn parse_asctime(text: &str) -> Option<Moment> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (month_name, day, time, zone, year) = match words.as_slice() {
        [_, month, day, time, year] => (month, day, time, "", year),
        [_, month, day, time, zone, year] => (month, day, time, *zone, year),
        _ => return None,
    };
    utc((full_year(year)?, month(month_name)?, number(day)?), clock(time)?, zone_offset(zone)?)
}
