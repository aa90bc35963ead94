//! Chance, from a seed.
//!
//! Owns: one generator (SplitMix64, Steele, Lea and Flood 2014: small, portable, the same everywhere) and what is drawn with
//! it. Each part of a simulated world has dice of its own, so that more draws in one do not change the others.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Dice of one part of a world.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// The dice of the part of that number in the world of that seed.
    pub(super) fn new(seed: u64, part: u64) -> Self {
        let mut chance = Self(seed ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93));
        chance.next();
        chance
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform below `n`; 0 if that is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(u64::MAX).max(1);
        usize::try_from((u128::from(self.next()) * u128::from(n)) >> 64).unwrap_or(0)
    }

    /// Whether something of this probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Exponential: the wait for what happens once in `mean` on average.
    pub(super) fn wait(&mut self, mean: f64) -> f64 {
        -(1.0 - self.unit()).ln() * mean
    }

    /// Half of `usual` and an exponential other half: most are quick, some are not.
    pub(super) fn latency(&mut self, usual: Duration) -> Duration {
        let half = usual / 2;
        half + Duration::from_secs_f64(self.wait(half.as_secs_f64()))
    }

    /// How often something happens that happens `mean` times on average: Poisson, by counting waits.
    pub(super) fn count(&mut self, mean: f64) -> u32 {
        let (mut passed, mut count) = (self.wait(1.0), 0);
        while passed < mean {
            passed += self.wait(1.0);
            count += 1;
        }
        count
    }
}

/// The engine's dice: ids and jitter.
pub(super) struct Dice(Mutex<Chance>);

impl Dice {
    pub(super) const fn new(chance: Chance) -> Self {
        Self(Mutex::new(chance))
    }
}

impl crate::ports::Dice for Dice {
    fn throw(&self) -> u128 {
        let mut chance = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (u128::from(chance.next()) << 64) | u128::from(chance.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_differ_and_repeat_and_means_are_met() {
        let draw = |seed, part| Chance::new(seed, part).next();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert!(draw(1, 2) != draw(1, 3) && draw(1, 2) != draw(2, 2));
        let mut chance = Chance::new(7, 0);
        let (mut units, mut waits, mut counts) = (0.0, 0.0, 0_u32);
        for _ in 0..20_000 {
            units += chance.unit();
            waits += chance.wait(3.0);
            counts += chance.count(2.0);
            assert!(chance.below(7) < 7);
        }
        let near = |sum: f64, mean: f64| (sum / 20_000.0 - mean).abs() < 0.1;
        assert!(near(units, 0.5) && near(waits, 3.0) && near(f64::from(counts), 2.0), "{units} {waits} {counts}");
    }
}
