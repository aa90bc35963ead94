//! The upkeep pass: what is kept too long goes.
//!
//! Owns: when it is done. What "too long" means stands with the rows (`keep_until`) and in the store's `expire`.

use tidegate_core::limits;

use super::Engine;
use crate::ports::StoreError;

impl Engine {
    /// Deletes a bounded number of expired rows; the next tick goes on.
    pub(super) async fn upkeep(&self) -> Result<u64, StoreError> {
        self.ports.store.expire(self.ports.clock.now(), limits::EXPIRE_ROWS).await
    }
}
