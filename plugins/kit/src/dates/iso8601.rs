//! ISO 8601 in its rarer forms: without dashes, with the day of the year, with a year of two digits.
//!
//! Owns: those forms that name their year; the others would need to know today. Called by [`super`] after W3C's profile.

use crate::moment::Moment;

use super::civil::{clock, number, of_ordinal, offset, utc};

/// Reads `text`.
pub(super) fn parse(text: &str) -> Option<Moment> {
    let (date, time, offset_s) = time_part(text)?;
    let (short, body) = match date.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, date),
    };
    let digits: String = body.chars().filter(char::is_ascii_digit).collect();
    if !body.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return None;
    }
    let groups: Vec<usize> = body.split('-').map(str::len).collect();
    let at = |from: usize, to: usize| digits.get(from..to).and_then(number);
    let century = |year: i64| year + 2_000;
    match (short, digits.len(), groups.as_slice()) {
        (true, 4, [4] | [2, 2]) => utc((century(at(0, 2)?), at(2, 4)?, 1), time, offset_s),
        (true, 2, [2]) => utc((century(at(0, 2)?), 1, 1), time, offset_s),
        (false, 8, [8] | [4, 4] | [6, 2]) => utc((at(0, 4)?, at(4, 6)?, at(6, 8)?), time, offset_s),
        (false, 7, [7] | [4, 3]) => of_ordinal(at(0, 4)?, at(4, 7)?, time, offset_s),
        (false, 6, [6] | [2, 2, 2] | [2, 4] | [4, 2]) => {
            utc((century(at(0, 2)?), at(2, 4)?, at(4, 6)?), time, offset_s)
        }
        (false, 5, [5] | [2, 3]) => of_ordinal(century(at(0, 2)?), at(2, 5)?, time, offset_s),
        _ => None,
    }
}

/// Splits off the time: date, time, seconds to the east.
fn time_part(text: &str) -> Option<(&str, (i64, i64, i64), i64)> {
    let (date, rest) = match text.split_once(['T', 't', ' ']) {
        Some((date, rest)) => (date, rest.trim()),
        None => return Some((text, (0, 0, 0), 0)),
    };
    let zone = rest.find(['+', '-', 'Z', 'z']).unwrap_or(rest.len());
    let offset_s = match &rest[zone..] {
        "" | "Z" | "z" => 0,
        numeric => offset(numeric)?,
    };
    let clock_text = &rest[..zone];
    // The time without colons as well: 101455.
    let time = match (clock_text.contains(':'), clock_text.len()) {
        (false, 4 | 6) if clock_text.is_ascii() => {
            let second = clock_text.get(4..6).map_or(Some(0), number)?;
            (number(&clock_text[..2])?, number(&clock_text[2..4])?, second)
        }
        _ => clock(clock_text)?,
    };
    Some((date, time, offset_s))
}
