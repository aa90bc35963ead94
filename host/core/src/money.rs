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
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_printed_whole() {
        assert_eq!(MicroUsd::new(55_000).to_string(), "$0.055000");
        assert_eq!(MicroUsd::new(u64::MAX).plus(MicroUsd::new(1)), MicroUsd::new(u64::MAX));
    }
}
