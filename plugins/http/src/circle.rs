//! Cursors and links that go round in a circle which is longer than a run.
//!
//! Owns: Brent's way of finding one: a single position is remembered, and as no circle is longer than the steps after which another
//! takes its place, which double, each is found in a few turns. Must not know: pages, or what a position is. Called by
//! [`crate::sweep`]; kept in [`crate::place`], since what a run has asked for is forgotten with it.

use serde::{Deserialize, Serialize};

use crate::fields::hash;

/// What is remembered of the way a sweep has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Circle {
    /// Hash of the position that is waited for.
    at: u64,
    /// Steps since it was passed.
    steps: u32,
    /// Steps after which another one is waited for. 0: there is none yet.
    limit: u32,
}

impl Circle {
    /// Takes note of the next position. True if it is the one that was waited for: the way leads round.
    pub fn comes_round(&mut self, position: &str) -> bool {
        let at = u64::try_from(hash([position]) & u128::from(u64::MAX)).unwrap_or_default();
        if self.limit > 0 && at == self.at {
            return true;
        }
        self.steps = self.steps.saturating_add(1);
        if self.steps >= self.limit {
            *self = Self { at, steps: 0, limit: self.limit.saturating_mul(2).max(1) };
        }
        false
    }

    /// Whether nothing was passed yet.
    pub fn is_new(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps until a way is found to lead round that goes `before` steps and then in a circle of `length`.
    fn found(before: usize, length: usize, most: usize) -> Option<usize> {
        let mut circle = Circle::default();
        (0..most).find(|step| {
            let position = if *step < before { *step } else { before + (step - before) % length };
            let read: Circle =
                serde_json::from_str(&serde_json::to_string(&circle).unwrap_or_default()).unwrap_or_default();
            circle = read;
            circle.comes_round(&position.to_string())
        })
    }

    #[test]
    fn every_circle_is_found_and_no_way_is_taken_for_one() {
        for before in [0, 1, 4, 30] {
            for length in [1, 2, 7, 8, 9, 100] {
                let most = 4 * (before + length) + 4;
                assert!(found(before, length, most).is_some_and(|step| step >= before + length), "{before} {length}");
            }
        }
        assert_eq!(found(20_000, 1, 20_000), None);
        assert!(serde_json::from_str::<Circle>("{}").is_ok_and(|circle| circle.is_new()));
    }
}
