//! Moments in time, as plugins need them: RFC 3339 in and out, days, and the check whether a time can be true.
//!
//! Owns: the arithmetic (Howard Hinnant's `days_from_civil`). Must not know: how a platform writes its dates. Called by
//! plugins; the time now is `job.now`.

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// How far ahead of `job.now` a time may lie before it is taken for a mistake; the contract's own tolerance.
pub const AHEAD_MS: i64 = 10 * 60 * 1_000;

impl Moment {
    /// From a date and a time of day in UTC. None if there is no such day or time, or the year is not 1 to 9999.
    pub fn of(date: (i64, i64, i64), time: (i64, i64, i64), milliseconds: i64) -> Option<Self> {
        let ((year, month, day), (hour, minute, second)) = (date, time);
        let right = (1..=9_999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=month_days(year, month)).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..=60).contains(&second);
        let seconds = hour * 3_600 + minute * 60 + second;
        right.then(|| Self(days(year, month, day) * DAY_MS + seconds * 1_000 + milliseconds))
    }

    /// From seconds since 1970-01-01T00:00:00Z.
    pub const fn of_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// Whole seconds since then, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Reads RFC 3339; a date without a time is midnight UTC, a time without a zone is UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let date = (number(bytes.get(..4)?)?, number(bytes.get(5..7)?)?, number(bytes.get(8..10)?)?);
        if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
            return None;
        }
        if bytes.len() == 10 {
            return Self::of(date, (0, 0, 0), 0);
        }
        let blank = matches!(bytes.get(10)?, b'T' | b't' | b' ');
        if !blank || bytes.get(13) != Some(&b':') || bytes.get(16) != Some(&b':') {
            return None;
        }
        let time = (number(bytes.get(11..13)?)?, number(bytes.get(14..16)?)?, number(bytes.get(17..19)?)?);
        let mut rest = bytes.get(19..)?;
        let mut milliseconds = 0;
        if let Some(fraction) = rest.strip_prefix(b".") {
            let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let digit = |at: usize| fraction.get(at).filter(|_| at < length).map_or(0, |byte| i64::from(byte - b'0'));
            milliseconds = digit(0) * 100 + digit(1) * 10 + digit(2);
            rest = fraction.get(length..).filter(|_| length > 0)?;
        }
        Self::of(date, time, milliseconds).and_then(|moment| Some(Self(moment.0 - zone(rest)?)))
    }

    /// RFC 3339 in UTC, fractions of a second where there are any; none outside the years 1 to 9999.
    pub fn to_rfc3339(self) -> Option<String> {
        let mut text = self.date()?;
        let of_day = self.0.rem_euclid(DAY_MS);
        for (before, value) in [('T', of_day / 3_600_000), (':', of_day / 60_000 % 60), (':', of_day / 1_000 % 60)] {
            text.push(before);
            digits(&mut text, value, 2);
        }
        if of_day % 1_000 != 0 {
            text.push('.');
            digits(&mut text, of_day % 1_000, 3);
        }
        text.push('Z');
        Some(text)
    }

    /// Whether RFC 3339 can say it: in the years 1 to 9999.
    pub fn is_writable(self) -> bool {
        (1..=9_999).contains(&civil(self.0.div_euclid(DAY_MS)).0)
    }

    /// The day in UTC, `YYYY-MM-DD`; none outside the years 1 to 9999.
    pub fn date(self) -> Option<String> {
        let (year, month, day) = civil(self.0.div_euclid(DAY_MS));
        if !(1..=9_999).contains(&year) {
            return None;
        }
        let mut text = String::with_capacity(24);
        digits(&mut text, year, 4);
        text.push('-');
        digits(&mut text, month, 2);
        text.push('-');
        digits(&mut text, day, 2);
        Some(text)
    }

    /// So many milliseconds earlier.
    #[must_use]
    pub const fn minus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_sub(milliseconds))
    }

    /// Whether something may have been published then: not before `first` (when the platform began), and not more than
    /// [`AHEAD_MS`] after `now`.
    pub fn is_plausible(self, first: Self, now: Self) -> bool {
        self >= first && self.0 <= now.0.saturating_add(AHEAD_MS)
    }
}

/// A zone, in milliseconds to the east: "Z", "", "+hh:mm" or "+hhmm".
fn zone(text: &[u8]) -> Option<i64> {
    let sign = match text.first() {
        None | Some(b'Z' | b'z') if text.len() < 2 => return Some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return None,
    };
    let (hours, minutes) = match text.len() {
        6 if text.get(3) == Some(&b':') => (number(text.get(1..3)?)?, number(text.get(4..6)?)?),
        5 => (number(text.get(1..3)?)?, number(text.get(3..5)?)?),
        _ => return None,
    };
    Some(sign * (hours * 60 + minutes) * 60_000)
}

/// A whole number of one to nine ASCII digits; no sign, no blanks.
pub fn number(digits: impl AsRef<[u8]>) -> Option<i64> {
    let digits = digits.as_ref();
    let plain = !digits.is_empty() && digits.len() <= 9 && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

fn digits(text: &mut String, value: i64, width: u32) {
    for place in (0..width).rev() {
        let digit = value / 10_i64.pow(place) % 10;
        text.push(u32::try_from(digit).ok().and_then(|digit| char::from_digit(digit, 10)).unwrap_or('0'));
    }
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reading_and_writing() {
        for (text, written) in [
            ("2026-08-13T14:08:13.000Z", Some("2026-08-13T14:08:13Z")),
            ("2026-08-13T14:08:13.0451Z", Some("2026-08-13T14:08:13.045Z")),
            ("2026-08-13T02:08:13+02:30", Some("2026-08-12T23:38:13Z")),
            ("2026-08-13 02:08:13", Some("2026-08-13T02:08:13Z")),
            ("2024-02-29", Some("2024-02-29T00:00:00Z")),
            ("2026-02-29", None),
            ("2026-08-13T", None),
            ("2026-08-13T24:00:00Z", None),
            ("2026-08-13T14:08:13.Z", None),
            ("2026-08-13T14:08:13Zulu", None),
            ("yesterday", None),
            ("", None),
        ] {
            let moment = Moment::parse(text).and_then(Moment::to_rfc3339);
            assert_eq!(moment.as_deref(), written, "{text}");
        }
    }

    proptest! {
        #[test]
        fn there_and_back(milliseconds in -62_135_596_800_000_i64..253_402_300_800_000) {
            let text = Moment(milliseconds).to_rfc3339();
            prop_assert_eq!(text.as_deref().and_then(Moment::parse), Some(Moment(milliseconds)));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Moment::parse(&text);
        }
    }
}
