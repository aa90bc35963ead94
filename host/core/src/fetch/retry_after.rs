//! `Retry-After` and the dates of HTTP.
//!
//! Owns: RFC 9110, 10.2.3 (the field) and 5.6.7 (the three forms of a date). Must not know: the clock (`now` is given),
//! or what waiting means. Called by egress, and by whoever reads `Date`, `Expires` or `Last-Modified`.

use core::time::Duration;

use jiff::civil;
use jiff::tz::Offset;

use crate::limits;
use crate::time::UtcMillis;

/// How long to wait: whole seconds, or the time until a date (zero if it has passed). Cut to
/// [`limits::RETRY_AFTER_MOST`]. `None` for a text that is neither.
#[must_use]
pub fn retry_after(value: &str, now: UtcMillis) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // Only a number beyond u64 fails here, and that is cut anyway.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        http_date(value, now)?.since(now)
    };
    Some(wait.min(limits::RETRY_AFTER_MOST))
}

/// The instant an HTTP date names: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or
/// `Sun Nov  6 08:49:37 1994`. The day of the week is not checked against the date. `now` decides the century of the
/// second form: a year that seems more than 50 years ahead lies in the past.
#[must_use]
pub fn http_date(text: &str, now: UtcMillis) -> Option<UtcMillis> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let (year, month, day, time) = match words[..] {
        [weekday, day, month, year, time, "GMT"] if is_weekday(weekday.strip_suffix(',')?) && year.len() == 4 => {
            (number(year)?, month, day, time)
        }
        [weekday, date, time, "GMT"] if is_weekday(weekday.strip_suffix(',')?) => {
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            if parts.next().is_some() || year.len() != 2 {
                return None;
            }
            (century(number(year)?, now)?, month, day, time)
        }
        [weekday, month, day, time, year] if is_weekday(weekday) && year.len() == 4 => {
            (number(year)?, month, day, time)
        }
        _ => return None,
    };
    instant(year, month, day, time)
}

fn instant(year: i16, month: &str, day: &str, time: &str) -> Option<UtcMillis> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = (1_i8..).zip(MONTHS).find(|(_, name)| name.eq_ignore_ascii_case(month))?.0;
    let [hour, minute, second] = <[&str; 3]>::try_from(time.split(':').collect::<Vec<_>>()).ok()?;
    // A leap second (60) is allowed by the grammar and unknown to Unix time.
    let second: i8 = small(second)?;
    let second = if second == 60 { 59 } else { second };
    let date = civil::Date::new(year, month, small(day)?).ok()?;
    let time = civil::Time::new(small(hour)?, small(minute)?, second, 0).ok()?;
    let instant = Offset::UTC.to_timestamp(date.to_datetime(time)).ok()?;
    Some(UtcMillis::from_millis(instant.as_millisecond()))
}

/// Digits only: the parser of the standard library would take a sign.
fn number(text: &str) -> Option<i16> {
    (text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn small(text: &str) -> Option<i8> {
    (text.len() <= 2).then(|| number(text))?.and_then(|n| i8::try_from(n).ok())
}

fn is_weekday(text: &str) -> bool {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    DAYS.iter().any(|day| day.eq_ignore_ascii_case(text) || day[..3].eq_ignore_ascii_case(text))
}

fn century(year: i16, now: UtcMillis) -> Option<i16> {
    let this = jiff::Timestamp::from_millisecond(now.as_millis()).ok()?;
    let this = Offset::UTC.to_datetime(this).year();
    let near = this - this.rem_euclid(100) + year;
    Some(if near > this + 50 { near - 100 } else { near })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits() {
        let now = UtcMillis::parse("2026-11-21T08:49:37Z").unwrap();
        let most = limits::RETRY_AFTER_MOST.as_secs();
        for (text, want) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("86400", Some(most)),
            ("86401", Some(most)),
            ("99999999999999999999999", Some(most)),
            ("Sat, 21 Nov 2026 08:50:37 GMT", Some(60)),
            ("Saturday, 21-Nov-26 08:50:37 GMT", Some(60)),
            ("Sat Nov 21 08:50:37 2026", Some(60)),
            ("Sat, 21 Nov 2026 08:49:36 GMT", Some(0)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 2094 08:49:37 GMT", Some(most)),
            ("sat, 21 nov 2026 08:49:60 GMT", Some(22)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1,5", None),
            ("soon", None),
            ("120s", None),
            ("0x10", None),
            ("2026-11-21T08:50:37Z", None),
            ("Sat, 21 Nov 2026 08:50:37", None),
            ("Sat, 21 Nov 2026 08:50:37 +0100", None),
            ("Sat, 31 Nov 2026 08:50:37 GMT", None),
            ("Sat, 21 Nov 26 08:50:37 GMT", None),
            ("Sat, 21 Nov 2026 25:00:00 GMT", None),
            ("Xyz, 21 Nov 2026 08:50:37 GMT", None),
            ("Saturday, 21-Nov-2026 08:50:37 GMT", None),
            ("Sat, 21 Nov 2026 8:5 GMT", None),
        ] {
            assert_eq!(retry_after(text, now).map(|d| d.as_secs()), want, "{text:?}");
        }
    }

    #[test]
    fn two_digit_years() {
        let now = UtcMillis::parse("2026-11-21T00:00:00Z").unwrap();
        for (text, want) in [
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Friday, 06-Nov-76 08:49:37 GMT", "2076-11-06T08:49:37Z"),
            ("Sunday, 06-Nov-77 08:49:37 GMT", "1977-11-06T08:49:37Z"),
        ] {
            assert_eq!(http_date(text, now).unwrap().to_string(), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_more_than_the_cap_whatever_the_text(text in "\\PC{0,40}", millis: i64) {
            let wait = retry_after(&text, UtcMillis::from_millis(millis));
            prop_assert!(wait.is_none_or(|wait| wait <= limits::RETRY_AFTER_MOST));
        }
    }
}
