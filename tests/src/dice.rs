//! Chance that can be played again.
//!
//! Owns: the generator, and where its seed comes from. Must not know: what is thrown for. Called by the tests that kill.

use crate::place::setting;

/// The variable that plays a run of a test again.
pub const SEED: &str = "TIDEGATE_KILL_SEED";

/// The variable that says how often is killed where it is not the usual number: a night's worth, say.
pub const ROUNDS: &str = "TIDEGATE_KILL_ROUNDS";

/// How often a test kills: what [`ROUNDS`] says, else so often.
#[must_use]
pub fn rounds(usual: u32) -> u32 {
    setting(ROUNDS).and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>): small, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of the seed in [`SEED`]; where there is none, of another one each time. The seed is printed.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "the seed belongs into the test's output")]
    pub fn of_setting() -> Self {
        let given = setting(SEED).and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from(std::process::id()));
        eprintln!("{SEED}={seed}");
        Self::new(seed)
    }

    /// From 0 to one less than `most`.
    pub const fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % most
    }
}
