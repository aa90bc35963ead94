//! Chance that is none: numbers from a seed and from what they are for.
//!
//! Owns: the mixing. The same seed and the same words give the same numbers on every machine. Called by the generators.

/// A sequence of numbers that belongs to a subject.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(scramble(seed ^ 0x5bd1_e995_9d1f_43c7))
    }

    /// Another sequence for each text.
    pub(crate) fn of(self, text: &str) -> Self {
        let hash = text.bytes().fold(self.0 ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(scramble(hash))
    }

    /// Another sequence for each number.
    pub(crate) fn at(self, number: u64) -> Self {
        Self(scramble(self.0 ^ scramble(number.wrapping_add(1))))
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scramble(self.0)
    }

    /// From 0 to `end` without it; 0 where `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.draw().checked_rem(end).unwrap_or(0)
    }

    /// From `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = to.saturating_sub(from).saturating_add(1);
        let offset = self.below(u64::try_from(span).unwrap_or(1));
        from.saturating_add(i64::try_from(offset).unwrap_or(0))
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them. The list must not be empty; an empty one gives the default.
    pub(crate) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(index).copied().unwrap_or_default()
    }

    /// Letters and digits, for keys of media and the like.
    pub(crate) fn letters(&mut self, count: usize) -> String {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..count).map(|_| char::from(self.pick(ALPHABET))).collect()
    }
}

/// The finaliser of SplitMix64.
fn scramble(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
