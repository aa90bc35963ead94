//! Cutoffs as the actors read them: a date, an instant with `Z`, or a span back from now.
//!
//! Owns: the forms. Called by the readers of inputs.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::clock::Millis;

/// `2026-08-13`, `2026-08-13T00:00:00.000Z`, `2 days`. Offsets such as `+00:00` are refused, as some actors do.
pub(crate) fn read(text: &str, now: Millis) -> Option<Millis> {
    let text = text.trim();
    if let Some(day) = day(text) {
        return Some(day);
    }
    if text.ends_with('Z') {
        return Millis::parse(text);
    }
    let (count, unit) = text.split_once(' ')?;
    let count: i64 = count.parse().ok()?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        "week" => 7 * 86_400,
        "month" => 30 * 86_400,
        "year" => 365 * 86_400,
        _ => return None,
    };
    (count >= 0).then(|| now.after(count.saturating_mul(-seconds * 1_000)))
}

/// The beginning of a day in UTC.
pub(crate) fn day(text: &str) -> Option<Millis> {
    if text.len() != 10 {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let zoned = date.to_zoned(TimeZone::UTC).ok()?;
    Some(Millis(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::clock::Millis;

    #[test]
    fn cutoffs_have_three_forms() {
        let now = Millis(1_793_512_800_000);
        let cases = [
            ("2026-11-01", Some(1_793_491_200_000)),
            ("2026-11-01T06:00:00Z", Some(now.0)),
            ("2026-11-01T06:00:00.250Z", Some(now.0 + 250)),
            ("2 days", Some(now.0 - 172_800_000)),
            ("1 month", Some(now.0 - 30 * 86_400_000)),
            ("2026-11-01T06:00:00+00:00", None),
            ("yesterday", None),
            ("2026-13-01", None),
            ("-2 days", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, now).map(|cutoff| cutoff.0), expected, "{text}");
        }
    }
}
