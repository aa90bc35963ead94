//! Money, in millionths of a US dollar.
//!
//! Owns: [`MicroUsd`]. Must not know: prices or budgets. Called by `budget`, `profile` and whoever prints costs.

use core::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money: millionths of a US dollar, never negative. Sums stop at the largest amount instead of wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(u64);

impl MicroUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many millionths of a dollar.
    #[must_use]
    pub const fn new(micros: u64) -> Self {
        Self(micros)
    }

    /// Millionths of a dollar.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// This without the other, not below nothing.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This so many times.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// This, rounded up to a multiple of `step` millionths.
    #[must_use]
    pub const fn rounded_up(self, step: u64) -> Self {
        Self(self.0.div_ceil(step).saturating_mul(step))
    }

    /// The amount that a person writes as dollars: `5`, `0.0017`. At most six decimals, as a millionth is the smallest amount
    /// there is; nothing is rounded.
    ///
    /// # Errors
    /// [`NotMoney`] for a sign, an exponent, a seventh decimal, or more than can be held.
    pub fn from_decimal(text: &str) -> Result<Self, NotMoney> {
        let refuse = |why| NotMoney { text: text.chars().take(40).collect(), why };
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if text.starts_with('-') {
            return Err(refuse("it is negative"));
        }
        if !digits(whole) || !digits(decimals) {
            return Err(refuse("it is not a decimal number"));
        }
        if decimals.trim_end_matches('0').len() > 6 {
            return Err(refuse("it has more than six decimals"));
        }
        let decimals: String = decimals.chars().chain("000000".chars()).take(6).collect();
        let amount = |part: &str| part.parse::<u64>().ok();
        amount(whole)
            .and_then(|dollars| dollars.checked_mul(1_000_000))
            .zip(amount(&decimals))
            .and_then(|(whole, part)| whole.checked_add(part))
            .map(Self)
            .ok_or_else(|| refuse("it is more than can be held"))
    }

    /// This in dollars as [`MicroUsd::from_decimal`] reads it: `5`, `0.0017`.
    #[must_use]
    pub fn decimal(self) -> String {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// The nearest amount to so many dollars. `None` for what is no amount: negative, not finite, more than can be held.
    #[must_use]
    pub fn from_usd(dollars: f64) -> Option<Self> {
        let micros = (dollars * 1e6).round();
        // 2^53: above it a number of dollars is not exact to the millionth any more.
        let exact = 9_007_199_254_740_992.0;
        // Between zero and 2^53, and whole.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just before")]
        (0.0..=exact).contains(&micros).then_some(Self(micros as u64))
    }
}

/// A text that is no amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no amount of US dollars: {why}; write for example 5, 0.25 or \"0.0017\"")]
pub struct NotMoney {
    text: String,
    why: &'static str,
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = format!("{:06}", self.0 % 1_000_000);
        let decimals = micros.trim_end_matches('0');
        write!(f, "${}.{decimals:0<2}", self.0 / 1_000_000)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_person_writes_is_taken_to_the_millionth_or_refused() {
        let table = [
            ("5", 5_000_000),
            ("0.0017", 1_700),
            ("0.000001", 1),
            ("1.50", 1_500_000),
            ("0.1000000", 100_000),
            ("0", 0),
        ];
        for (text, micros) in table {
            assert_eq!(MicroUsd::from_decimal(text), Ok(MicroUsd::new(micros)), "{text}");
        }
        let refused = [
            ("-1", "negative"),
            ("", "decimal number"),
            (".5", "decimal number"),
            ("1.", "decimal number"),
            ("1e3", "decimal number"),
            ("$1", "decimal number"),
            ("1,5", "decimal number"),
            ("0.0000001", "six decimals"),
            ("18446744073710", "can be held"),
        ];
        for (text, why) in refused {
            assert!(MicroUsd::from_decimal(text).unwrap_err().to_string().contains(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_amount_survives_being_written(micros: u64) {
            let amount = MicroUsd::new(micros);
            prop_assert_eq!(MicroUsd::from_decimal(&amount.decimal()), Ok(amount));
        }
    }

    #[test]
    fn amounts_are_printed_whole() {
        let table = [(0, "$0.00"), (55_000, "$0.055"), (5_000_000, "$5.00"), (1, "$0.000001"), (1_500_000, "$1.50")];
        for (micros, printed) in table {
            assert_eq!(MicroUsd::new(micros).to_string(), printed);
        }
        assert_eq!(MicroUsd::from_usd(0.055), Some(MicroUsd::new(55_000)));
        assert_eq!(MicroUsd::from_usd(0.0), Some(MicroUsd::ZERO));
        for not in [-0.01, f64::NAN, f64::INFINITY, 1e12] {
            assert_eq!(MicroUsd::from_usd(not), None, "{not}");
        }
        assert_eq!(MicroUsd::new(1).rounded_up(100), MicroUsd::new(100));
        assert_eq!(MicroUsd::new(200).rounded_up(100), MicroUsd::new(200));
        assert_eq!(MicroUsd::new(u64::MAX).plus(MicroUsd::new(1)), MicroUsd::new(u64::MAX));
    }
}
