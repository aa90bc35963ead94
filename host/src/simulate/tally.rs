//! What is counted while a simulated world goes on.
//!
//! Owns: the observer that the engine tells what it does, and the counts it makes of it: only of what happens between the end
//! of the warm-up and the end of the world. Must not know: how they are printed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidegate_core::failure::Class;
use tidegate_core::schedule::tier::Tiers;
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use crate::ports::{Attempt, Clock, Event, Observer};
use crate::store::memory::Memory;

/// Counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) runs: u64,
    pub(super) failed: u64,
    pub(super) failures: BTreeMap<Class, u64>,
    /// Fetches by hour since the end of the warm-up.
    pub(super) fetches: BTreeMap<u64, u64>,
    /// Runs that began, by minute since then.
    pub(super) starts: BTreeMap<u64, u64>,
    pub(super) items: u64,
    pub(super) skips: BTreeMap<&'static str, u64>,
    pub(super) paused: u64,
    /// Micro-USD that are final.
    pub(super) cost: u64,
    /// Milliseconds from publication to the store, by the interval of the tier in seconds.
    pub(super) freshness: BTreeMap<u64, Vec<u64>>,
    /// Passes that failed: none, in a world whose store is in memory.
    pub(super) failed_passes: u64,
}

/// The observer.
pub(super) struct Tally {
    clock: Arc<dyn Clock>,
    memory: Memory,
    tiers: Tiers,
    from: UtcMillis,
    counts: Mutex<Counts>,
}

impl Tally {
    /// Counts from `from` on.
    pub(super) fn new(clock: Arc<dyn Clock>, memory: Memory, tiers: Tiers, from: UtcMillis) -> Self {
        Self { clock, memory, tiers, from, counts: Mutex::new(Counts::default()) }
    }

    pub(super) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attempt(&self, attempt: &Attempt, now: UtcMillis) {
        let mut counts = self.lock();
        counts.runs += 1;
        let since = now.since(self.from);
        *counts.fetches.entry(since.as_secs() / 3_600).or_default() += u64::from(attempt.fetches);
        let began = since.saturating_sub(attempt.duration);
        *counts.starts.entry(began.as_secs() / 60).or_default() += 1;
        counts.items += u64::from(attempt.counts.new);
        if let Some(failure) = &attempt.failure {
            counts.failed += 1;
            *counts.failures.entry(failure.class).or_default() += 1;
        }
        if matches!(attempt.notice, Some(tidegate_core::run::Notice::Paused(_))) {
            counts.paused += 1;
        }
        if attempt.counts.new == 0 || attempt.trigger == Trigger::Bootstrap {
            return;
        }
        let arrived = self.memory.arrived(attempt.source, now.minus(attempt.duration));
        let tier = arrived.followers.and_then(|followers| self.tiers.of(followers));
        if let Some(tier) = tier {
            let ages = counts.freshness.entry(tier.every.duration().as_secs()).or_default();
            ages.extend(arrived.items.iter().map(|(published, stored)| millis(stored.since(*published))));
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Observer for Tally {
    fn see(&self, event: &Event) {
        let now = self.clock.now();
        if now < self.from {
            return;
        }
        match event {
            Event::Attempt(attempt) => self.attempt(attempt, now),
            Event::Skipped { reason, .. } => *self.lock().skips.entry(reason).or_default() += 1,
            // A run that is put away and goes on later tells only of what it fetched since: its orders are counted here.
            Event::ActorStarted { adopted: false, .. } => {
                *self.lock().fetches.entry(now.since(self.from).as_secs() / 3_600).or_default() += 1;
            }
            Event::CostFinal { cost, .. } => {
                let mut counts = self.lock();
                counts.cost = counts.cost.saturating_add(cost.micros());
            }
            Event::PassFailed { .. } => self.lock().failed_passes += 1,
            _ => {}
        }
    }
}
