//! Instants and spans of the domain.
//!
//! Owns: [`UtcMillis`] (every stored time is one), [`Span`], how both are written and read. Must not know: what time it
//! is. Called by everyone; the clock at the edge makes the only `UtcMillis` that means "now".

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z, between the years 0001 and 9999.
///
/// Written and read as RFC 3339 in UTC with milliseconds only where there are some: `2026-11-21T23:04:05Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UtcMillis(i64);

/// 0001-01-01T00:00:00Z.
const FIRST: i64 = -62_135_596_800_000;
/// 9999-12-30T22:00:00Z: the last millisecond that jiff takes (later ones are not in the year 9999 everywhere).
const LAST: i64 = 253_402_207_200_000;
/// Milliseconds of a UTC day; there are no leap seconds in Unix time.
const DAY: i64 = 86_400_000;

impl UtcMillis {
    /// The instant so many milliseconds after the epoch; what lies outside the years 1 to 9999 becomes the nearer end.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(if millis < FIRST {
            FIRST
        } else if millis > LAST {
            LAST
        } else {
            millis
        })
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant moved forward; stays inside the years 1 to 9999.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// This instant moved back; stays inside the years 1 to 9999.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(millis))
    }

    /// How long after `earlier` this is; zero if it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// Midnight (UTC) at which the day of this instant began.
    #[must_use]
    pub const fn day_start(self) -> Self {
        Self(self.0 - self.0.rem_euclid(DAY))
    }

    /// Midnight (UTC) at which the day of this instant ends.
    #[must_use]
    pub const fn day_end(self) -> Self {
        Self::from_millis(self.day_start().0 + DAY)
    }

    /// Midnight (UTC) at which the month of this instant began.
    #[must_use]
    pub fn month_start(self) -> Self {
        self.month(0)
    }

    /// Midnight (UTC) at which the month of this instant ends.
    #[must_use]
    pub fn month_end(self) -> Self {
        self.month(1)
    }

    /// The start of the month so many months on. At the last month there is it stays inside the years, as all here does.
    fn month(self, months_on: i64) -> Self {
        // Civil date from days (Howard Hinnant, "chrono-compatible low-level date algorithms"): years begin in March.
        let days = self.0.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * day_of_year + 2) / 153 + months_on;
        let (year, month) = (year + month.div_euclid(12), month.rem_euclid(12));
        // Months on may lead into the next era, whose first year follows a leap day.
        let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let first = 365 * year + leaps + (153 * month + 2) / 5;
        Self::from_millis((era * 146_097 + first - 719_468) * DAY)
    }

    /// Hour of the UTC day, 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        // rem_euclid of a day divided by an hour is below 24.
        #[expect(clippy::cast_possible_truncation, reason = "0 to 23")]
        let hour = (self.0.rem_euclid(DAY) / 3_600_000) as u8;
        hour
    }

    /// The instant an RFC 3339 text names, cut to milliseconds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let instant = jiff::Timestamp::from_str(text.trim()).ok()?;
        let millis = instant.as_millisecond();
        (FIRST..=LAST).contains(&millis).then_some(Self(millis))
    }
}

/// Bytes of a date without a time.
const DATE: usize = "2026-11-21".len();

impl UtcMillis {
    /// The instant that a text of a plugin names: as [`Self::parse`], and a date without a time is midnight UTC (`wit/v0.1/world.wit`).
    #[must_use]
    pub fn parse_given(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() == DATE { Self::parse(&format!("{text}T00:00:00Z")) } else { Self::parse(text) }
    }
}

impl fmt::Display for UtcMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant}"),
            // Every value lies inside jiff's range; the number is still readable should that change.
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for UtcMillis {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UtcMillis {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not an RFC 3339 time")))
    }
}

/// A span as people write it: `30s`, `5m`, `6h`, `2d`, `1h30m`. Whole seconds, at least one, at most a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u32);

/// The longest span: a year.
const SPAN_MOST: u64 = 365 * 86_400;

/// A text that is not a span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time span: {why}; write for example \"30s\", \"5m\", \"6h\", \"2d\" or \"1h30m\"")]
pub struct NotASpan {
    text: String,
    why: &'static str,
}

impl Span {
    /// A span of so many seconds.
    #[must_use]
    pub fn seconds(seconds: u32) -> Self {
        Self(seconds.clamp(1, 365 * 86_400))
    }

    /// The span as the standard library has it.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let refuse = |why| NotASpan { text: text.to_owned(), why };
        let (mut total, mut number): (u64, Option<u64>) = (0, None);
        for c in text.trim().chars() {
            if let Some(digit) = c.to_digit(10) {
                let sum = number.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(digit));
                number = Some(sum);
                continue;
            }
            let unit = match c {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                'w' => 604_800,
                _ => return Err(refuse("units are s, m, h, d and w")),
            };
            let count = number.take().ok_or_else(|| refuse("a unit needs a number before it"))?;
            total = total.saturating_add(count.saturating_mul(unit));
        }
        match (number, total) {
            (Some(_), _) => Err(refuse("the unit is missing")),
            (None, 0) => Err(refuse("it is empty or zero")),
            (None, SPAN_MOST..) if total > SPAN_MOST => Err(refuse("it is longer than a year")),
            (None, _) => u32::try_from(total).map(Self).map_err(|_| refuse("it is longer than a year")),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
            let count = rest / seconds;
            if count > 0 {
                write!(f, "{count}{unit}")?;
                rest %= seconds;
            }
        }
        Ok(())
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read_the_same() {
        for text in ["2026-11-21T23:04:05Z", "1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"] {
            assert_eq!(UtcMillis::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(UtcMillis::parse("2026-11-21T23:04:05+02:00").unwrap().to_string(), "2026-11-21T21:04:05Z");
        for text in ["", "yesterday", "2026-11-21", "300000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"] {
            assert_eq!(UtcMillis::parse(text), None, "{text}");
        }
    }

    #[test]
    fn arithmetic_stops_at_both_ends_and_the_ends_can_be_written_and_read() {
        let (first, last) = (UtcMillis::from_millis(i64::MIN), UtcMillis::from_millis(i64::MAX));
        for end in [first, last, last.day_start(), last.day_end(), last.plus(Duration::MAX), first.minus(Duration::MAX)]
        {
            assert_eq!(UtcMillis::parse(&end.to_string()), Some(end), "{end}");
        }
        assert_eq!((first.minus(Duration::MAX), last.plus(Duration::MAX)), (first, last));
        assert_eq!((first.day_start(), last.day_end()), (first, last));
        assert_eq!(first.since(last), Duration::ZERO);
        assert_eq!(first.plus(last.since(first)), last);
        assert_eq!((first.hour(), UtcMillis::default().hour()), (0, 0));
    }

    #[test]
    fn days_begin_at_midnight_also_before_the_epoch() {
        let instant = UtcMillis::parse("1969-12-31T23:59:59Z").unwrap();
        assert_eq!(instant.day_start().to_string(), "1969-12-31T00:00:00Z");
        assert_eq!(instant.day_end().to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(instant.hour(), 23);
    }

    #[test]
    fn months_begin_and_end_at_midnight() {
        let table = [
            ("2026-11-21T23:04:05Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2026-12-31T23:59:59.999Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"),
            ("2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2000-02-29T12:00:00Z", "2000-02-01T00:00:00Z", "2000-03-01T00:00:00Z"),
            ("1900-02-28T12:00:00Z", "1900-02-01T00:00:00Z", "1900-03-01T00:00:00Z"),
            ("1969-12-31T00:00:00Z", "1969-12-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2399-12-31T00:00:00Z", "2399-12-01T00:00:00Z", "2400-01-01T00:00:00Z"),
            ("2400-03-01T00:00:00Z", "2400-03-01T00:00:00Z", "2400-04-01T00:00:00Z"),
        ];
        for (instant, start, end) in table {
            let instant = UtcMillis::parse(instant).unwrap();
            assert_eq!(instant.month_start().to_string(), start, "{instant}");
            assert_eq!(instant.month_end().to_string(), end, "{instant}");
        }
    }

    #[test]
    fn spans() {
        let table = [("30s", 30), ("5m", 300), ("1h30m", 5_400), ("2d", 172_800), ("1w", 604_800), (" 6h ", 21_600)];
        for (text, seconds) in table {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.duration().as_secs(), seconds, "{text}");
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span, "{text}");
        }
        for text in ["", "0s", "5", "m", "5 m", "-5m", "366d", "99999999999999999999d", "1.5h"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
