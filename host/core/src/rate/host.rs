//! A host: its turns, its rate, and whether it is to be left alone.
//!
//! Owns: when the next request may be made to a host, for all daemons of a database together, and what answers change of that.
//! Must not know: rows, sockets. Called by the store, or by a daemon that has its database to itself, for every request.
//!
//! A host is closed when it says so (429, 503 with `Retry-After`), and for a while when it does nothing but fail: the circuit
//! breaker. After that while one request goes ahead alone, and what becomes of it decides.

use serde::{Deserialize, Serialize};

use super::{Pace, Period, Rates};
use crate::limits;
use crate::time::UtcMillis;

/// Tells turns apart. Drawn by whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TurnId(pub u64);

/// What is known of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HostState {
    pace: Pace,
    closed: Option<Closed>,
    /// Failures in a row.
    failures: u32,
    /// Requests under way.
    turns: Vec<Turn>,
}

/// A host that is not to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Until when.
    pub until: UtcMillis,
    /// Whether it asked for that; else it has failed too often.
    pub asked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Turn {
    id: TurnId,
    /// Taken back then.
    until: UtcMillis,
}

/// The answer to who asks for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// It is his, until he gives it back.
    Go,
    /// Not now.
    Wait {
        /// When to ask again.
        until: UtcMillis,
        /// Why not.
        because: Because,
    },
}

/// Why there is no turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The host has asked to be left alone.
    Asked,
    /// It has failed so often in a row.
    Failing(u32),
    /// It has, and somebody is trying it just now.
    Tried,
    /// Its rate.
    Rate(Period),
    /// All turns are taken.
    Busy,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The host answered.
    Answered,
    /// It could not be reached, broke off, or said that it is broken.
    Failed,
    /// It asks to be left alone until then.
    Told(UtcMillis),
    /// Somebody else has found out that it only fails, so often in a row, and is to be left alone until then.
    Resting(UtcMillis, u32),
    /// Nobody waited for it.
    Unknown,
    /// Nothing yet: it is still under way, and keeps its turn.
    Pending,
}

impl HostState {
    /// Asks for a turn.
    pub fn ask(&mut self, id: TurnId, rates: &Rates, now: UtcMillis) -> Turned {
        self.forget(now);
        if let Some(closed) = self.closed.filter(|closed| closed.until > now) {
            let because = if closed.asked { Because::Asked } else { Because::Failing(self.failures) };
            return Turned::Wait { until: closed.until, because };
        }
        let trial = self.failures >= limits::HOST_FAILURES;
        let most = rates.concurrency.map_or(usize::MAX, |n| usize::try_from(n.get()).unwrap_or(usize::MAX));
        if self.turns.len() >= if trial { 1 } else { most } {
            let because = if trial { Because::Tried } else { Because::Busy };
            return Turned::Wait { until: now.plus(limits::HOST_AGAIN), because };
        }
        match self.pace.take(rates, now) {
            Err((until, period)) => Turned::Wait { until, because: Because::Rate(period) },
            Ok(()) => {
                self.turns.push(Turn { id, until: now.plus(limits::HOST_TURN) });
                Turned::Go
            }
        }
    }

    /// Gives a turn back. One that was taken back meanwhile still says what became of it.
    pub fn give_back(&mut self, id: TurnId, outcome: Outcome, now: UtcMillis) {
        if outcome != Outcome::Pending {
            self.turns.retain(|turn| turn.id != id);
        }
        match outcome {
            Outcome::Answered => self.failures = 0,
            Outcome::Failed => self.fail(now),
            Outcome::Told(until) => {
                self.failures = 0;
                self.close(until, true, now);
            }
            Outcome::Resting(until, failures) => {
                self.failures = self.failures.max(failures);
                self.close(until, false, now);
            }
            Outcome::Unknown => {}
            Outcome::Pending => {
                // One that was taken back meanwhile stays so: it may be somebody else's by now.
                let until = now.plus(limits::HOST_TURN);
                self.turns.iter_mut().filter(|turn| turn.id == id).for_each(|turn| turn.until = until);
            }
        }
    }

    fn fail(&mut self, now: UtcMillis) {
        // Requests that were under way when it closed say nothing new.
        if self.is_closed(now) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if let Some(beyond) = self.failures.checked_sub(limits::HOST_FAILURES) {
            let rest = limits::HOST_REST.saturating_mul(1 << beyond.min(10)).min(limits::GATE_MOST);
            self.close(now.plus(rest), false, now);
        }
    }

    /// Never opens it earlier than another answer said.
    fn close(&mut self, until: UtcMillis, asked: bool, now: UtcMillis) {
        let until = until.min(now.plus(limits::GATE_MOST));
        if self.closed.is_none_or(|closed| closed.until < until) {
            self.closed = Some(Closed { until, asked });
        }
    }

    /// Drops what is over. A clock that was set back must not keep a host closed, or a turn taken, for longer than one ever is.
    fn forget(&mut self, now: UtcMillis) {
        self.turns.retain(|turn| turn.until > now && turn.until <= now.plus(limits::HOST_TURN));
        self.closed = self.closed.filter(|closed| closed.until <= now.plus(limits::GATE_MOST));
    }

    /// Until when it is closed, and why, if it is.
    #[must_use]
    pub fn closed(&self, now: UtcMillis) -> Option<(Closed, u32)> {
        self.closed.filter(|closed| closed.until > now).map(|closed| (closed, self.failures))
    }

    fn is_closed(&self, now: UtcMillis) -> bool {
        self.closed(now).is_some()
    }

    /// Requests under way.
    #[must_use]
    pub fn under_way(&self, now: UtcMillis) -> usize {
        self.turns.iter().filter(|turn| turn.until > now).count()
    }
}

impl core::fmt::Display for Because {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Asked => f.write_str("it asked to be left alone"),
            Self::Failing(times) => write!(f, "it failed {times} times in a row"),
            Self::Tried => f.write_str("it failed many times in a row, and is being tried"),
            Self::Rate(period) => write!(f, "it has had its requests for this {period}"),
            Self::Busy => f.write_str("as many requests as allowed are under way"),
        }
    }
}
