//! The upkeep pass: what is kept too long goes.
//!
//! Owns: when it is done: every [`limits::EXPIRE`], the room of kept pages every [`limits::TRIM`], and in every tick while more is
//! left than one tick deletes. What "too long" means stands with the rows (`keep_until`) and in the store's `expire`.

use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::Engine;
use crate::ports::StoreError;

impl Engine {
    /// Deletes a bounded number of expired rows, if it is time to; the next tick goes on.
    pub(super) async fn upkeep(&self) -> Result<u64, StoreError> {
        let now = self.ports.clock.now();
        let trimmed = self.trim(now).await?;
        if !self.rounds.upkeep.is_due(limits::EXPIRE, now) {
            return Ok(trimmed);
        }
        let gone = self.ports.store.expire(now, limits::EXPIRE_ROWS).await?;
        if gone < limits::EXPIRE_ROWS as u64 {
            self.rounds.upkeep.done(now);
        }
        Ok(trimmed + gone)
    }

    /// Trims the kept pages of each profile to the room they may take.
    async fn trim(&self, now: UtcMillis) -> Result<u64, StoreError> {
        if !self.rounds.trim.is_due(limits::TRIM, now) {
            return Ok(0);
        }
        let mut gone = 0;
        let mut left = false;
        for profile in self.settings().profiles.values().filter(|profile| profile.keep_pages.is_some()) {
            let most = profile.keep_pages_bytes;
            let trimmed = self.ports.store.trim_pages(&profile.name, most, limits::EXPIRE_ROWS).await?;
            left |= trimmed >= limits::EXPIRE_ROWS as u64;
            gone += trimmed;
        }
        if !left {
            self.rounds.trim.done(now);
        }
        Ok(gone)
    }
}
