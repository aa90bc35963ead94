//! What plugins are asked for: counted by their room, told, and written down.
//!
//! Owns: when that is done, and that nothing is lost while the store cannot be written. Must not know: what is counted. Called in
//! every tick and when the engine ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::Engine;
use crate::ports::{Event, StoreError, Used, Version};

/// What was counted, by name and digest.
type Sums = BTreeMap<(String, String), Used>;

/// What was counted and is not written yet, and which versions were last noted to serve.
#[derive(Default)]
pub(super) struct Unwritten(Mutex<(Sums, Vec<Version>)>);

impl Unwritten {
    fn add(&self, used: Vec<Used>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for one in used {
            let at = (one.plugin.clone(), one.digest.clone());
            match held.0.get_mut(&at) {
                Some(sum) => sum.add(&one),
                None => drop(held.0.insert(at, one)),
            }
        }
    }

    /// All of it. Whoever cannot write it gives it back.
    fn take(&self) -> Vec<Used> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        core::mem::take(&mut held.0).into_values().collect()
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.is_empty()
    }

    /// Whether other versions serve than were last noted.
    fn is_news(&self, serving: &[Version]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 != serving
    }

    fn noted(&self, serving: Vec<Version>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = serving;
    }
}

impl Engine {
    /// Tells and writes what was counted, if it is time to.
    pub(super) async fn note_use(&self) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        if !self.rounds.used.is_due(limits::USE_FLUSH, now) {
            return Ok(());
        }
        self.write_use(now).await
    }

    /// The same, whatever the time: of a daemon that ends.
    pub(super) async fn note_last_use(&self) {
        let now = self.ports.clock.now();
        self.told("plugin use", self.write_use(now).await);
    }

    async fn write_use(&self, now: UtcMillis) -> Result<(), StoreError> {
        let used = self.ports.plugins.take_used();
        if !used.is_empty() {
            self.tell(&Event::PluginsUsed { used: used.clone() });
            self.unwritten.add(used);
        }
        self.rounds.used.done(now);
        let serving = self.ports.plugins.serving();
        let nothing = serving.is_empty() && self.unwritten.is_empty();
        // A daemon with nothing to do writes just often enough to be believed.
        let fresh = !self.rounds.noted.is_due(limits::USE_FRESH / 2, now);
        if nothing || (fresh && self.unwritten.is_empty() && !self.unwritten.is_news(&serving)) {
            return Ok(());
        }
        let used = self.unwritten.take();
        let written = self.ports.store.note_use(serving.clone(), used.clone(), now).await;
        match &written {
            Ok(()) => {
                self.unwritten.noted(serving);
                self.rounds.noted.done(now);
            }
            Err(_) => self.unwritten.add(used),
        }
        written
    }
}
