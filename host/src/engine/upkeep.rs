//! The upkeep pass: what is kept too long goes.
//!
//! Owns: when it is done: every [`limits::EXPIRE`], and in every tick while more is left than one tick deletes. What "too
//! long" means stands with the rows (`keep_until`) and in the store's `expire`.

use tidegate_core::limits;

use super::Engine;
use crate::ports::StoreError;

impl Engine {
    /// Deletes a bounded number of expired rows, if it is time to; the next tick goes on.
    pub(super) async fn upkeep(&self) -> Result<u64, StoreError> {
        let now = self.ports.clock.now();
        if !self.rounds.upkeep.is_due(limits::EXPIRE, now) {
            return Ok(0);
        }
        let gone = self.ports.store.expire(now, limits::EXPIRE_ROWS).await?;
        if gone < limits::EXPIRE_ROWS as u64 {
            self.rounds.upkeep.done(now);
        }
        Ok(gone)
    }
}
