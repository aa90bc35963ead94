//! The retier pass: how many active followers each source has, and how often it is worth fetching by that.
//!
//! Owns: when it is counted anew. Must not know: how followers are counted (the store) or what a number leads to (`audience`
//! and `schedule` of the core). Called in every tick, before sources are admitted; does something every
//! [`limits::RETIER`]. A source that falls dormant or awakes in between is looked at when that happens, by the store.

use tidegate_core::audience;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::Engine;
use crate::ports::{Recounted, Retier, StoreError};

impl Engine {
    /// Counts, if it is time to. Gives how many counts have changed.
    pub(super) async fn retier(&self) -> Result<usize, StoreError> {
        let now = self.ports.clock.now();
        if !self.rounds.retier.is_due(limits::RETIER, now) {
            return Ok(0);
        }
        let since = now.minus(self.settings().active_within);
        let mut changed = 0;
        for _ in 0..limits::PASS_ROUNDS {
            let found = self.ports.store.recount(since, limits::RETIER_ROWS).await?;
            let all = found.len() < limits::RETIER_ROWS;
            changed += found.len();
            let counts = found.iter().map(|recounted| self.reckon(recounted, now)).collect();
            self.ports.store.retier(counts, now).await?;
            if all {
                self.rounds.retier.done(now);
                break;
            }
        }
        Ok(changed)
    }

    fn reckon(&self, recounted: &Recounted, now: UtcMillis) -> Retier {
        let Recounted { source, followers } = recounted;
        let settings = self.settings();
        let profile = settings.profiles.get(&source.profile);
        // Without its profile a source does not run; what is due stays.
        let after = profile.map_or(source.next_run, |profile| {
            let schedule = source.schedule.as_ref().unwrap_or(&profile.schedule);
            audience::next_run(source, schedule, profile.min_interval, *followers, self.dice(), now)
        });
        Retier { source: source.id, followers: *followers, before: source.next_run, after }
    }
}
