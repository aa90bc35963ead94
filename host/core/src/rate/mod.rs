//! Rates: how often, and how much at once.
//!
//! Owns: what a rate promises ([`Rates`], [`Pace`]), what it is kept for ([`RateScope`]), who of many sources that wait for one goes
//! next ([`Line`]), and what a host is asked and has answered ([`HostState`]). Must not know: rows, sockets, daemons. Called by the
//! stores inside the transaction that lets a run or a request pass, so that what is promised here holds for all daemons of
//! a database together.
//!
//! A rate of a profile, platform or credential counts runs; that of a host counts requests.

mod book;
mod host;
mod hosts;
mod line;
mod pace;
mod scope;
#[cfg(test)]
mod tests;

pub use book::{RateBook, host_of};
pub use host::{Because, Closed, HostState, Outcome, TurnId, Turned};
pub use hosts::HostRates;
pub use line::{Line, Place, Refused};
pub use pace::{Pace, Period};
pub use scope::{RateScope, RunRate};

use core::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// What is allowed. `None`: as much as one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// At most so many in any 60 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<NonZeroU32>,
    /// At most so many in any 3,600 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<NonZeroU32>,
    /// At most so many at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<NonZeroU32>,
}

impl Rates {
    /// Whether anything is limited at all.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.is_paced() || self.concurrency.is_some()
    }

    /// Whether there is a limit by time.
    #[must_use]
    pub const fn is_paced(&self) -> bool {
        self.per_minute.is_some() || self.per_hour.is_some()
    }

    /// These, with what they leave open taken from `rest`.
    #[must_use]
    pub fn or(self, rest: Self) -> Self {
        Self {
            per_minute: self.per_minute.or(rest.per_minute),
            per_hour: self.per_hour.or(rest.per_hour),
            concurrency: self.concurrency.or(rest.concurrency),
        }
    }
}

impl core::fmt::Display for Rates {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let parts = [
            self.per_minute.map(|n| format!("{n} per minute")),
            self.per_hour.map(|n| format!("{n} per hour")),
            self.concurrency.map(|n| format!("{n} at once")),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        f.write_str(&if parts.is_empty() { "no limit".to_owned() } else { parts.join(", ") })
    }
}
