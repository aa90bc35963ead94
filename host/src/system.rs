//! The machine's clock and dice: the only places where real time and real randomness come in.

use tidegate_core::time::UtcMillis;

use crate::ports::{Clock, Dice};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> UtcMillis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock set before 1970 reads as the epoch: everything is due, nothing is lost.
        let millis = since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        UtcMillis::from_millis(millis)
    }
}

/// The operating system's dice.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDice;

impl Dice for SystemDice {
    #[expect(clippy::disallowed_methods, reason = "these are the dice")]
    fn throw(&self) -> u128 {
        rand::random()
    }
}
