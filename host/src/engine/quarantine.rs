//! Plugins that break down: counted, taken out of service, and back.
//!
//! Owns: the order count -> ask what speaks for the plugin -> write -> tell. Must not know: how many faults are too many
//! (`tidegate_core::quarantine`). Called when a run has ended by a plugin's fault, and in the first tick after a start or a
//! reload, when another version may serve. Sources of a plugin in quarantine are skipped by the admit pass.

use tidegate_core::id::{ProfileName, RunId, SourceId};
use tidegate_core::limits;
use tidegate_core::quarantine::Quarantine;

use super::{Engine, Settings};
use crate::ports::{Event, Fault, Plugin, StoreError};

impl Engine {
    /// Notes that a plugin has broken down in a run, and takes it out of service if that was too often.
    pub(super) async fn broke_down(
        &self,
        plugin: &dyn Plugin,
        (run, source): (RunId, SourceId),
        why: &str,
    ) -> Result<(), StoreError> {
        let (name, digest) = (plugin.manifest().name.clone(), plugin.digest());
        let fault = Fault { plugin: name.clone(), digest: digest.clone(), run, source };
        let now = self.ports.clock.now();
        let faults = self.ports.store.note_fault(fault, now).await?;
        let Some(enough) = faults.excused_by() else { return Ok(()) };
        let profiles = profiles_of(&self.settings(), &name);
        let worked = self.ports.store.worked(profiles.clone(), faults.since, enough).await?;
        if !faults.are_too_many(worked) {
            return Ok(());
        }
        // What one tenant's pages do to it must not stop the others; that tenant's sources are paused one by one.
        if self.ports.store.are_of_one_tenant((name.clone(), digest.clone()), profiles).await? {
            return Ok(());
        }
        let why = why.get(..why.floor_char_boundary(limits::QUARANTINE_WHY)).unwrap_or_default().to_owned();
        let quarantine =
            Quarantine { plugin: name, digest, since: now, runs: faults.runs, sources: faults.sources, why };
        if self.ports.store.quarantine(quarantine.clone()).await? {
            self.tell(&Event::Quarantined { quarantine });
        }
        Ok(())
    }

    /// Ends quarantines of versions in whose place another one serves here. Done once after a start and after a reload: of
    /// daemons that have different versions none undoes what another one has found out since.
    pub(super) async fn lift(&self) -> Result<(), StoreError> {
        if self.rounds.lift.was_done() {
            return Ok(());
        }
        for held in self.ports.store.quarantines().await? {
            let Some(plugin) = self.ports.plugins.find(&held.plugin) else { continue };
            if plugin.digest() != held.digest && self.ports.store.release(&held.plugin, Some(&held.digest)).await? {
                self.tell(&Event::Released { plugin: held.plugin });
            }
        }
        self.rounds.lift.done(self.ports.clock.now());
        Ok(())
    }
}

/// The profiles whose sources a plugin reads.
fn profiles_of(settings: &Settings, plugin: &str) -> Vec<ProfileName> {
    settings.profiles.values().filter(|profile| profile.plugin == plugin).map(|profile| profile.name.clone()).collect()
}
