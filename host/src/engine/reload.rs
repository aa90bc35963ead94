//! Other settings while the engine works.
//!
//! Owns: the swap, and that whoever was put off under the old settings is looked at again under the new ones. Must not know:
//! where settings come from, or whether they are right. Called by `cli`; [`Engine::renewed`] in every tick, before sources are
//! admitted.
//!
//! A run keeps the settings it was admitted with. Sources are looked at again inside the tick and not by whoever swaps: an
//! admit pass that is under way still skips by the old settings, and would put off again what was just brought back.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::{Engine, Settings};
use crate::ports::StoreError;

impl Engine {
    /// Works by these settings from now on; its own name stays. See [`Engine::renew`].
    pub fn reconfigure(&self, settings: Settings) {
        self.live.allow(settings.runs_at_once);
        let mut held = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        let daemon = held.daemon;
        *held = Arc::new(Settings { daemon, ..settings });
        drop(held);
        self.renew();
    }

    /// Something that sources wait for may be there now: those that were put off are looked at again with the next tick, which
    /// begins at once.
    pub fn renew(&self) {
        self.new_settings.store(true, Ordering::Release);
        self.live.nudge();
    }

    /// Looks at every source again that was put off, if settings have changed since that was last done.
    pub(super) async fn renewed(&self) -> Result<(), StoreError> {
        if !self.new_settings.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        // Followers are counted anew too: who is active may mean something else now.
        self.rounds.retier.again();
        self.rounds.lift.again();
        self.rounds.attend.again();
        let looked = self.ports.store.look_again().await;
        if looked.is_err() {
            self.new_settings.store(true, Ordering::Release);
        }
        looked
    }
}
