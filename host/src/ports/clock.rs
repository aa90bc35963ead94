//! Time and randomness, which everybody else gets as arguments.

use tidegate_core::time::UtcMillis;

/// Tells the time. The real one reads the system clock; a test's is moved by hand.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> UtcMillis;
}

/// Throws dice, for ids and jitter. The real one is the operating system's; a test's is seeded.
pub trait Dice: Send + Sync {
    /// Uniform over all of `u128`.
    fn throw(&self) -> u128;
}
