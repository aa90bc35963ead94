//! Times as APIs write them, and as they want them.
//!
//! Owns: reading (text in any notation, seconds, milliseconds, microseconds since 1970) and writing. Must not know: which field a time
//! is from. Called by [`crate::item`], [`crate::mark`] and [`crate::place`].

use serde::Deserialize;
use tidegate_plugin_kit::dates;
use tidegate_plugin_kit::moment::Moment;

use crate::json::Value;

/// What numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbers {
    /// Told by their size: below 100 thousand million seconds (the year 5138), below 100 million million milliseconds, else microseconds.
    #[default]
    Auto,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}

/// How a time is written into a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `2026-11-22T12:00:00Z`
    #[default]
    Rfc3339,
    /// `2026-11-22`
    Date,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}

/// The time that a value of a record stands for.
pub fn read(value: &Value<'_>, numbers: Numbers) -> Option<Moment> {
    let text = value.text()?.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let numeric = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    // Eight digits are a day (20261122) and four a year, unless they are said to be numbers.
    let is_date = matches!(value, Value::Text(_)) && matches!(digits.len(), 4 | 8) && numbers == Numbers::Auto;
    if numeric && !is_date && !digits.is_empty() {
        of_number(text, numbers)
    } else {
        Moment::parse(text).or_else(|| dates::moment(text))
    }
}

fn of_number(text: &str, numbers: Numbers) -> Option<Moment> {
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    let milliseconds = match numbers {
        Numbers::Seconds => number * 1_000.0,
        Numbers::Milliseconds => number,
        Numbers::Auto if number.abs() < 1e11 => number * 1_000.0,
        Numbers::Auto if number.abs() < 1e14 => number,
        Numbers::Auto => number / 1_000.0,
    };
    // Beyond the year 9999 there is nothing to say it in.
    if milliseconds.abs() > 253_402_300_799_000.0 {
        return None;
    }
    format!("{milliseconds:.0}").parse().ok().map(Moment).filter(|moment| moment.is_writable())
}

/// A time for a request.
pub fn write(moment: Moment, format: Format) -> Option<String> {
    match format {
        Format::Rfc3339 => moment.to_rfc3339(),
        Format::Date => moment.date(),
        Format::Seconds => Some(moment.seconds().to_string()),
        Format::Milliseconds => Some(moment.0.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn reading() {
        let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
        for (value, numbers, read_as) in [
            (text("2026-11-22T12:00:00.5+01:00"), Numbers::Auto, Some("2026-11-22T11:00:00.500Z")),
            (text("Sun, 22 Nov 2026 12:00:00 GMT"), Numbers::Auto, Some("2026-11-22T12:00:00Z")),
            (text("2026-11-22"), Numbers::Auto, Some("2026-11-22T00:00:00Z")),
            (Value::Number("1795348800"), Numbers::Auto, Some("2026-11-22T12:00:00Z")),
            (text("1795348800"), Numbers::Auto, Some("2026-11-22T12:00:00Z")),
            (Value::Number("1795348800123"), Numbers::Auto, Some("2026-11-22T12:00:00.123Z")),
            (Value::Number("1795348800.25"), Numbers::Auto, Some("2026-11-22T12:00:00.250Z")),
            (Value::Number("1795348800123456"), Numbers::Auto, Some("2026-11-22T12:00:00.123Z")),
            (Value::Number("1000"), Numbers::Milliseconds, Some("1970-01-01T00:00:01Z")),
            (Value::Number("1e400"), Numbers::Auto, None),
            (Value::Number("99999999999999999999"), Numbers::Seconds, None),
            (text("soon"), Numbers::Auto, None),
            (Value::Null, Numbers::Auto, None),
        ] {
            assert_eq!(read(&value, numbers).and_then(Moment::to_rfc3339).as_deref(), read_as, "{value:?}");
        }
    }

    #[test]
    fn writing() {
        let moment = Moment(1_795_348_800_123);
        for (format, text) in [
            (Format::Rfc3339, "2026-11-22T12:00:00.123Z"),
            (Format::Date, "2026-11-22"),
            (Format::Seconds, "1795348800"),
            (Format::Milliseconds, "1795348800123"),
        ] {
            assert_eq!(write(moment, format).as_deref(), Some(text));
        }
    }
}
