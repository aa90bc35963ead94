//! Sources whose plugin is not there: paused, and back with it.
//!
//! Owns: when that is looked at: in the first tick after a start, a reload, and a change in the plugins directory. Must not know:
//! why a plugin is not there. A pause of this kind is nobody's wish: it ends by itself, and gives way to every other one. A source
//! whose profile pins a component that is not there is not paused: the admit pass skips it with that reason.

use tidegate_core::id::ProfileName;
use tidegate_core::limits;
use tidegate_core::profile::Profile;

use super::Engine;
use crate::ports::{Absent, Event, StoreError};

impl Engine {
    /// Pauses sources whose plugin is away, and lets those run again whose plugin is back.
    pub(super) async fn attend(&self) -> Result<(), StoreError> {
        if self.rounds.attend.was_done() {
            return Ok(());
        }
        let settings = self.settings();
        let (mut there, mut whole) = (Vec::new(), true);
        for profile in settings.profiles.values() {
            match self.ports.plugins.of(profile) {
                Ok(_) | Err(Absent::Pinned) => there.push(profile.name.clone()),
                Err(Absent::Plugin) => {
                    let why = format!("plugin {} is not loaded", profile.plugin);
                    whole &= self.plugin_is_away(profile, why).await?;
                }
                Err(Absent::Kind) => {
                    let why = format!("plugin {} has no kind {}", profile.plugin, profile.kind);
                    whole &= self.plugin_is_away(profile, why).await?;
                }
            }
        }
        whole &= self.plugins_are_back(there).await?;
        if whole {
            self.rounds.attend.done(self.ports.clock.now());
        }
        Ok(())
    }

    /// Gives whether all of its sources are paused.
    async fn plugin_is_away(&self, profile: &Profile, why: String) -> Result<bool, StoreError> {
        let (now, most) = (self.ports.clock.now(), limits::RETIER_ROWS);
        let mut sources = 0;
        for _ in 0..limits::PASS_ROUNDS {
            let paused = self.ports.store.pause_for_plugin(&profile.name, &why, now, most).await?;
            sources += paused;
            if paused < most {
                if sources > 0 {
                    self.tell(&Event::PluginAway { profile: profile.name.clone(), why, sources });
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn plugins_are_back(&self, profiles: Vec<ProfileName>) -> Result<bool, StoreError> {
        let (now, most) = (self.ports.clock.now(), limits::RETIER_ROWS);
        let mut sources = 0;
        for _ in 0..limits::PASS_ROUNDS {
            let back = self.ports.store.back_with_plugin(profiles.clone(), now, most).await?;
            sources += back;
            if back < most {
                if sources > 0 {
                    self.tell(&Event::PluginBack { sources });
                }
                return Ok(true);
            }
        }
        Ok(false)
    }
}
