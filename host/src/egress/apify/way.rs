//! How fast one account's platform is asked, and whether at all.
//!
//! Owns: turns, pace, the slowing down after a 429 and the rest after failures, for one credential. Must not know: what is
//! asked. Called by `ask` before and after each request. Time is the runtime's, so that tests can move it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidegate_core::limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::ports::Dice;

/// The way to the platform with one credential.
#[derive(Debug)]
pub(super) struct Way {
    slots: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When the next question would be due if all were asked evenly. A second's worth may be asked ahead of it.
    due: Instant,
    /// Nobody asks before this.
    quiet: Instant,
    /// The next wait after a 429.
    wait: Duration,
    /// When the last 429 was heeded. Those of questions asked before it say nothing new.
    slowed: Option<Instant>,
    breaker: Breaker,
}

#[derive(Debug)]
enum Breaker {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One question is under way to see whether the platform is back.
    Probing,
}

/// Why no question can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeldBack {
    /// The platform has asked for a longer wait than there is time.
    Slow(Duration),
    /// It has failed too often; it rests that much longer.
    Rests(Duration),
    /// There was no turn in the time.
    Busy,
}

/// One question's turn. Says how it went, or, dropped without a word, that nothing was learned.
#[derive(Debug)]
pub(super) struct Turn {
    way: Arc<Way>,
    asked: Instant,
    probes: bool,
    _slot: OwnedSemaphorePermit,
}

impl Way {
    pub(super) fn new() -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            due: now,
            quiet: now,
            wait: limits::ACTOR_WAIT,
            slowed: None,
            breaker: Breaker::Closed { failures: 0 },
        };
        Arc::new(Self { slots: Arc::new(Semaphore::new(limits::ACTOR_ASKS_AT_ONCE)), state: Mutex::new(state) })
    }

    /// Waits for a turn, until `end` at most.
    pub(super) async fn enter(self: &Arc<Self>, end: Instant) -> Result<Turn, HeldBack> {
        // What cannot be asked by then need not wait for a slot.
        self.state().admits(Instant::now(), end)?;
        let slot = timeout_at(end, Arc::clone(&self.slots).acquire_owned()).await;
        let Ok(Ok(slot)) = slot else { return Err(HeldBack::Busy) };
        loop {
            let now = Instant::now();
            let next = self.state().take(now, end)?;
            match next {
                Next::Ask { probes } => {
                    return Ok(Turn { way: Arc::clone(self), asked: now, probes, _slot: slot });
                }
                Next::Wait(until) if until >= end => return Err(HeldBack::Busy),
                Next::Wait(until) => sleep_until(until).await,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody is let through for now: no need to try again.
    pub(super) fn is_resting(&self) -> bool {
        matches!(self.state().breaker, Breaker::Open { until } if until > Instant::now())
    }
}

enum Next {
    Ask { probes: bool },
    Wait(Instant),
}

impl State {
    fn admits(&self, now: Instant, end: Instant) -> Result<(), HeldBack> {
        match self.breaker {
            Breaker::Open { until } if until > now => Err(HeldBack::Rests(until - now)),
            _ if self.quiet >= end && self.quiet > now => Err(HeldBack::Slow(self.quiet - now)),
            _ => Ok(()),
        }
    }

    fn take(&mut self, now: Instant, end: Instant) -> Result<Next, HeldBack> {
        self.admits(now, end)?;
        if self.quiet > now {
            return Ok(Next::Wait(self.quiet));
        }
        if matches!(self.breaker, Breaker::Probing) {
            return Ok(Next::Wait(now + limits::ACTOR_WAIT));
        }
        let due = self.due.max(now);
        let ahead = Duration::from_secs(1);
        if due > now + ahead {
            return Ok(Next::Wait(due - ahead));
        }
        self.due = due + ahead / limits::ACTOR_ASKS_PER_SECOND;
        let probes = matches!(self.breaker, Breaker::Open { .. });
        if probes {
            self.breaker = Breaker::Probing;
        }
        Ok(Next::Ask { probes })
    }
}

impl Turn {
    /// The platform has answered, be it with a refusal.
    pub(super) fn answered(mut self) {
        self.probes = false;
        let mut state = self.way.state();
        state.breaker = Breaker::Closed { failures: 0 };
        if state.slowed.is_none_or(|slowed| self.asked >= slowed) {
            state.wait = limits::ACTOR_WAIT;
        }
    }

    /// No answer, or one that says that the platform is in trouble.
    pub(super) fn failed(mut self) {
        let probed = std::mem::take(&mut self.probes);
        let mut state = self.way.state();
        let open = Breaker::Open { until: Instant::now() + limits::ACTOR_BREAK };
        match &mut state.breaker {
            Breaker::Closed { failures } => {
                *failures += 1;
                if *failures >= limits::ACTOR_FAILURES {
                    state.breaker = open;
                }
            }
            Breaker::Probing if probed => state.breaker = open,
            Breaker::Probing | Breaker::Open { .. } => {}
        }
    }

    /// The platform asks to slow down, for `told` if it says how long. Gives how long everybody waits.
    pub(super) fn slow_down(mut self, told: Option<Duration>, dice: &dyn Dice) -> Duration {
        self.probes = false;
        let now = Instant::now();
        let mut state = self.way.state();
        state.breaker = Breaker::Closed { failures: 0 };
        if state.slowed.is_none_or(|slowed| self.asked >= slowed) {
            let own = between_one_and_two(state.wait, dice);
            state.wait = state.wait.saturating_mul(2).min(limits::ACTOR_WAIT_MOST);
            state.slowed = Some(now);
            state.quiet = state.quiet.max(now + own);
        }
        // Never less than the own wait: a platform that says "in 0 seconds" would be asked in a tight loop.
        let told = told.unwrap_or_default().min(limits::ACTOR_RETRY_AFTER_MOST);
        state.quiet = state.quiet.max(now + told);
        state.quiet.saturating_duration_since(now)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.probes {
            // It was called off and nothing was learned: the next one probes.
            self.way.state().breaker = Breaker::Open { until: Instant::now() };
        }
    }
}

/// Evenly between `wait` and twice that.
pub(super) fn between_one_and_two(wait: Duration, dice: &dyn Dice) -> Duration {
    let millis = wait.as_millis();
    let more = dice.throw() % (millis + 1);
    wait + Duration::from_millis(u64::try_from(more).unwrap_or(0))
}

#[cfg(test)]
#[path = "way_tests.rs"]
mod tests;
