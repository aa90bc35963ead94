//! The calendar: from a date and time with its offset to a moment, and back.
//!
//! Owns: the arithmetic, by Howard Hinnant's `days_from_civil`. Called by the notations of [`super`].

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

const DAY_S: i64 = 86_400;

impl Moment {
    /// From date, time and the offset of its zone in seconds (positive to the east). Hour 24 and second 60 carry over;
    /// other values outside their range are refused.
    pub(super) fn new(date: (i64, i64, i64), time: (i64, i64, i64), offset_s: i64) -> Option<Self> {
        let (year, month, day) = date;
        let (hour, minute, second) = time;
        let in_range =
            (1..=9_999).contains(&year) && (1..=12).contains(&month) && (1..=month_days(year, month)).contains(&day);
        let on_clock = (0..=23).contains(&hour) || (hour, minute, second) == (24, 0, 0);
        if !in_range || !on_clock || !(0..=59).contains(&minute) || !(0..=60).contains(&second) {
            return None;
        }
        let moment = Self(days(year, month, day) * DAY_S + hour * 3_600 + minute * 60 + second - offset_s);
        moment.to_rfc3339().map(|_| moment)
    }

    /// From a year and the number of a day in it, from 1.
    pub(super) fn of_ordinal(year: i64, ordinal: i64, time: (i64, i64, i64), offset_s: i64) -> Option<Self> {
        let length = if is_leap(year) { 366 } else { 365 };
        let january = Self::new((year, 1, 1), time, offset_s)?;
        (1..=length).contains(&ordinal).then(|| Self(january.0 + (ordinal - 1) * DAY_S))
    }

    /// RFC 3339 in UTC, to the second; none outside the years 1 to 9999.
    pub fn to_rfc3339(self) -> Option<String> {
        let (year, month, day) = civil(self.0.div_euclid(DAY_S));
        let second = self.0.rem_euclid(DAY_S);
        (1..=9_999).contains(&year).then(|| {
            format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
        })
    }
}

/// Seconds since 1970 of an RFC 3339 time, as the host writes them.
pub fn seconds_of(rfc3339: &str) -> Option<i64> {
    super::moment(rfc3339).map(|moment| moment.0)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date a number of days after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A whole number of ASCII digits; no sign, no blanks.
pub(super) fn number(digits: &str) -> Option<i64> {
    let plain = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
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
