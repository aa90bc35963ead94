//! How many make an alert.
//!
//! Owns: counting what happened lately. Must not know: what it was. [`Recent`] counts in this process, the stores count what
//! has to be counted over several, by [`Threshold`].

use core::time::Duration;
use std::collections::VecDeque;

use super::Kind;
use crate::limits;
use crate::time::UtcMillis;

/// So many different ones within so long make an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// How many.
    pub most: u32,
    /// Within how long.
    pub within: Duration,
}

impl Threshold {
    /// The one of a kind that is counted over all daemons of a database.
    #[must_use]
    pub const fn of(kind: Kind) -> Option<Self> {
        let within = limits::ALERT_WINDOW;
        match kind {
            Kind::RateLimited => Some(Self { most: limits::ALERT_RATE_LIMITS, within }),
            _ => None,
        }
    }

    /// What is older than this does not count any more.
    #[must_use]
    pub fn since(&self, now: UtcMillis) -> UtcMillis {
        now.minus(self.within)
    }
}

/// The last moments at which something happened.
#[derive(Debug, Clone)]
pub struct Recent {
    most: usize,
    within: Duration,
    at: VecDeque<UtcMillis>,
}

impl Recent {
    /// Counts to `most` within `within`.
    #[must_use]
    pub const fn new(most: usize, within: Duration) -> Self {
        Self { most, within, at: VecDeque::new() }
    }

    /// Notes that it happened. `true`: that often, within that time.
    pub fn note(&mut self, now: UtcMillis) -> bool {
        self.at.push_back(now);
        while self.at.len() > self.most {
            self.at.pop_front();
        }
        let full = self.at.len() >= self.most;
        full && self.at.front().is_none_or(|first| now.since(*first) < self.within)
    }
}
