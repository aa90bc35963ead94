//! The catch-up pass: coming back after a time in which no daemon was alive.
//!
//! Owns: noticing such a time (a stop, a machine that slept, a clock that was set forward) and spreading what came due in it,
//! so that all sources do not run at once; and noticing a clock that was set back, so that none waits for what it had shown before. Must not know: how it is spread ([`Pause`]) or moved ([`clock_back`]). Called in every tick of a daemon, after sources
//! were counted and before any is admitted;
//! `run-scheduled`, whose ticks are far apart by intention, only notes that it was there.
//!
//! A source is due once however many of its times have passed. Spreading comes before the sign of life is written: a daemon
//! that dies in between spreads again.

use std::time::Duration;

use tidegate_core::id::SourceId;
use tidegate_core::schedule::{MIN_INTERVAL, Pause, Rhythm};
use tidegate_core::source::Source;
use tidegate_core::time::UtcMillis;
use tidegate_core::{clock_back, limits};

use super::Engine;
use crate::ports::{Event, Moved, SourceFilter, StoreError};

/// Between two signs of life.
const SIGN: Duration = Duration::from_secs(15);

impl Engine {
    /// Notes that this daemon is alive, if it is time to; spreads what came due before, if none was for long. Gives how many
    /// sources were put off.
    pub(super) async fn catch_up(&self) -> Result<usize, StoreError> {
        let now = self.ports.clock.now();
        if !self.rounds.alive.is_due(SIGN, now) {
            return Ok(0);
        }
        let before = self.ports.store.alive_at().await?;
        // Other daemons' clocks may go before this one's: what counts is this daemon's own last sign, and the store's only for
        // one that has just started.
        let last = self.rounds.alive.last().or(before);
        if let Some(back) = last.map(|last| last.since(now)).filter(|back| *back >= limits::PAUSE) {
            self.set_back(back, now).await?;
        }
        let pause = before.filter(|before| now.since(*before) >= limits::PAUSE);
        let mut spread = 0;
        if let Some(from) = pause {
            spread = self.spread(Pause { from, until: now, window: self.settings().catch_up_window }).await?;
        }
        self.ports.store.alive(now).await?;
        self.rounds.alive.done(now);
        Ok(spread)
    }

    /// Notes that this daemon was here.
    pub(super) async fn here(&self) -> Result<(), StoreError> {
        self.ports.store.alive(self.ports.clock.now()).await
    }

    /// The clock was set back: what was reckoned by the one before lies too far ahead, and moves with it.
    async fn set_back(&self, back: Duration, now: UtcMillis) -> Result<(), StoreError> {
        self.tell(&Event::ClockSetBack { by: back });
        let settings = self.settings();
        let mut filter = SourceFilter { limit: limits::LIST_ROWS, ..SourceFilter::default() };
        for _ in 0..limits::CATCH_UP_ROUNDS {
            let sources = self.ports.store.sources(&filter).await?;
            let Some(last) = sources.last() else { break };
            filter.after = Some(last.id);
            let moved = |source: &Source| {
                let profile = settings.profiles.get(&source.profile);
                let schedule = source.schedule.as_ref().or_else(|| profile.map(|profile| &profile.schedule))?;
                let least = profile.map_or(MIN_INTERVAL, |profile| profile.min_interval);
                let after = clock_back::next_run(source, schedule, least, back, now)?;
                Some(Moved { source: source.id, before: source.next_run?, after })
            };
            self.ports.store.reschedule(sources.iter().filter_map(moved).collect()).await?;
        }
        // What was put off until some time was so by the other clock.
        self.ports.store.look_again().await
    }

    async fn spread(&self, pause: Pause) -> Result<usize, StoreError> {
        let overdue = pause.until.minus(Duration::from_millis(1));
        let mut spread = 0;
        for _ in 0..limits::CATCH_UP_ROUNDS {
            let found = self.ports.store.candidates(overdue, limits::RETIER_ROWS).await?;
            if found.is_empty() {
                break;
            }
            spread += found.len();
            let later = found.iter().map(|one| (one.source.id, self.later(&one.source, pause))).collect();
            self.ports.store.put_off(later).await?;
        }
        Ok(spread)
    }

    /// When a source runs that came due in the pause: then or after it, so that each is put off once.
    fn later(&self, source: &Source, pause: Pause) -> UtcMillis {
        let settings = self.settings();
        let profile = settings.profiles.get(&source.profile);
        let schedule = source.schedule.as_ref().or_else(|| profile.map(|profile| &profile.schedule));
        let interval = schedule.and_then(|schedule| match &schedule.rhythm {
            Rhythm::Every(span) => Some(span.duration()),
            Rhythm::Tiers(tiers) => Some(tiers.of(source.facts.followers?)?.every.duration()),
            Rhythm::Cron(_) => None,
        });
        pause.spread(pause.from, interval, dice(source.id)).max(pause.until)
    }
}

/// The same for the same source, and spread evenly over sources whose ids follow one another.
const fn dice(source: SourceId) -> u32 {
    let bits = source.bits();
    #[expect(clippy::cast_possible_truncation, reason = "both halves are folded into one word")]
    let mut word = (bits as u64) ^ ((bits >> 64) as u64);
    word = (word ^ (word >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ (word >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (word >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_made_one_after_the_other_are_spread() {
        let mut tenths = [0_u32; 10];
        for n in 0..10_000_u128 {
            let at = u64::from(dice(SourceId::from_bits((7 << 80) | n))) * 10 / (u64::from(u32::MAX) + 1);
            if let Some(count) = usize::try_from(at).ok().and_then(|at| tenths.get_mut(at)) {
                *count += 1;
            }
        }
        assert!(tenths.iter().all(|count| (900..1_100).contains(count)), "{tenths:?}");
    }
}
