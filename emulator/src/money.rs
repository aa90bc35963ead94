//! Money in millionths of a US dollar.
//!
//! Owns: the type, its text and its JSON form. Everything inside counts whole micro-dollars: sums have no rounding.
//! Called by all who bill.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// Millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many times this price.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// The sum; stays at the greatest amount instead of starting over.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, at least nothing.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Dollars as the API writes them: `0.055`.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 micro-dollars")]
    pub(crate) fn usd(self) -> Value {
        Number::from_f64(self.0 as f64 / 1e6).map_or(Value::Null, Value::Number)
    }

    /// Dollars from a query or a file: `0.1`, `2`, `1e-3`. Digits beyond the sixth decimal are cut: a cap never grows.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || digits.len() > 18 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let scale = 6 + exponent - i32::try_from(fraction.len()).ok()?;
        let value: u64 = digits.parse().ok()?;
        let power = 10_u64.checked_pow(scale.unsigned_abs());
        if scale < 0 {
            Some(Self(power.map_or(0, |power| value / power)))
        } else {
            Some(Self(value.checked_mul(power?)?))
        }
    }
}

impl std::iter::Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::MicroUsd;

    #[test]
    fn dollars_are_read_exactly_and_never_upwards() {
        let cases = [
            ("0.1", Some(100_000)),
            ("2", Some(2_000_000)),
            ("0.055", Some(55_000)),
            ("0.0000019", Some(1)),
            (".5", Some(500_000)),
            ("1e-3", Some(1_000)),
            ("1.5E2", Some(150_000_000)),
            ("-1", None),
            ("", None),
            ("abc", None),
            ("NaN", None),
        ];
        for (text, expected) in cases {
            assert_eq!(MicroUsd::parse(text).map(|money| money.0), expected, "{text}");
        }
    }

    #[test]
    fn dollars_are_written_without_noise() {
        for (micro, text) in [(55_000, "0.055"), (33_400, "0.0334"), (98_200, "0.0982"), (3, "3e-6")] {
            assert_eq!(MicroUsd(micro).usd().to_string(), text);
        }
    }
}
