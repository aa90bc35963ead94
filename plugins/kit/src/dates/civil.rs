//! The parts of a date: its moment from date, time and zone; clocks, offsets and zones as texts.
//!
//! Owns: what the notations of [`super`] share, and what feeds write beyond the calendar of the kit, which does the
//! arithmetic. Called by the notations.

pub(super) use crate::moment::number;
use crate::moment::{DAY_MS, Moment};

/// From date, time and the offset of its zone in seconds (positive to the east). Hour 24 and second 60 carry over; other
/// values outside their range are refused.
pub(super) fn utc(date: (i64, i64, i64), time: (i64, i64, i64), offset_s: i64) -> Option<Moment> {
    let (time, carried_ms) = if time == (24, 0, 0) { ((0, 0, 0), DAY_MS) } else { (time, 0) };
    let moment = Moment::of(date, time, 0)?.minus(offset_s * 1_000 - carried_ms);
    moment.is_writable().then_some(moment)
}

/// From a year and the number of a day in it, from 1.
pub(super) fn of_ordinal(year: i64, ordinal: i64, time: (i64, i64, i64), offset_s: i64) -> Option<Moment> {
    let leap = Moment::of((year, 2, 29), (0, 0, 0), 0).is_some();
    let january = utc((year, 1, 1), time, offset_s)?;
    (1..=if leap { 366 } else { 365 }).contains(&ordinal).then(|| january.minus((1 - ordinal) * DAY_MS))
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fraction`; the fraction is dropped.
pub(super) fn clock(text: &str) -> Option<(i64, i64, i64)> {
    let mut parts = text.split(':');
    let hour = number(parts.next()?)?;
    let minute = parts.next().map_or(Some(0), number)?;
    let second = match parts.next() {
        None => 0,
        Some(second) => {
            let (whole, fraction) = second.split_once(['.', ',']).unwrap_or((second, "0"));
            fraction.bytes().all(|b| b.is_ascii_digit()).then(|| number(whole))??
        }
    };
    parts.next().is_none().then_some((hour, minute, second))
}

/// A numeric zone: `+hh`, `+hhmm`, `+hh:mm`. In seconds to the east.
pub(super) fn offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (number(hours)?, number(minutes)?),
        None if digits.len() > 2 => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
        None => (number(digits)?, 0),
    };
    Some(sign * (hours * 3_600 + minutes * 60))
}

/// Hours to the east of a zone's name (in lower case); unknown names are UTC.
pub(super) fn zone_hours(name: &str) -> i64 {
    match name {
        "adt" => -3,
        "ast" | "at" | "edt" => -4,
        "est" | "et" | "cdt" => -5,
        "cst" | "ct" | "mdt" => -6,
        "mst" | "mt" | "pdt" => -7,
        "pst" | "pt" => -8,
        "a" => -1,
        "n" | "met" => 1,
        "mest" => 2,
        "m" => -12,
        "y" => 12,
        _ => 0,
    }
}
