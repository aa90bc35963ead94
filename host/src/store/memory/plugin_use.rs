//! Versions of plugins, and sources that wait for their plugin, in memory.
//!
//! Owns: what was counted. Must not know: which plugins there are.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use tidegate_core::id::{ProfileName, SourceId};
use tidegate_core::limits;
use tidegate_core::source::{NextRun, PausedBy, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use super::MemoryStore;
use super::tables::{Entry, Tables};
use crate::ports::{PluginUse, StoreError, UseRow, Used, Version};

/// What there is of versions: by name and digest.
pub(super) type Versions = BTreeMap<(String, String), UseRow>;

fn note(versions: &mut Versions, serving: Vec<Version>, used: &[Used], now: UtcMillis) {
    let row = |version: Version| {
        let Version { plugin, digest, version: called, .. } = version.clone();
        let used = Used { plugin, digest, version: called, ..Used::default() };
        UseRow { version, first_at: now, served_at: now, used }
    };
    for version in serving {
        let at = (version.plugin.clone(), version.digest.clone());
        let held = versions.entry(at).or_insert_with(|| row(version.clone()));
        held.used.version.clone_from(&version.version);
        held.version = version;
        held.served_at = held.served_at.max(now);
    }
    for used in used {
        let Used { plugin, digest, version, .. } = used.clone();
        let at = (plugin.clone(), digest.clone());
        let unknown = Version { plugin, digest, version, origin: String::new() };
        versions.entry(at).or_insert_with(|| row(unknown)).used.add(used);
    }
    let old = now.minus(limits::USE_KEPT);
    versions.retain(|_, row| row.served_at >= old);
    let most = usize::try_from(limits::USE_VERSIONS).unwrap_or(usize::MAX);
    let mut newest: Vec<_> = versions.iter().map(|(at, row)| (Reverse(row.served_at), at.clone())).collect();
    newest.sort();
    for (_, at) in newest.into_iter().skip(most) {
        versions.remove(&at);
    }
}

impl Tables {
    fn pause_for_plugin(&mut self, profile: &ProfileName, reason: &str, now: UtcMillis, most: usize) -> usize {
        let fits = |entry: &Entry| entry.source.profile == *profile && entry.source.state == SourceState::Active;
        let ids: Vec<SourceId> =
            self.sources.iter().filter(|(_, entry)| fits(entry)).map(|(id, _)| *id).take(most).collect();
        for id in &ids {
            if let Some(entry) = self.sources.get_mut(id) {
                let reason = reason.to_owned();
                entry.source.state = SourceState::Paused { since: now, by: PausedBy::PluginMissing, reason };
                entry.source.updated_at = now;
                entry.parked = false;
            }
            self.refresh_due(*id);
        }
        ids.len()
    }

    fn back_with_plugin(&mut self, profiles: &[ProfileName], now: UtcMillis, most: usize) -> usize {
        let waits = |state: &SourceState| matches!(state, SourceState::Paused { by: PausedBy::PluginMissing, .. });
        let fits = |entry: &Entry| waits(&entry.source.state) && profiles.contains(&entry.source.profile);
        let ids: Vec<SourceId> =
            self.sources.iter().filter(|(_, entry)| fits(entry)).map(|(id, _)| *id).take(most).collect();
        for id in &ids {
            if let Some(entry) = self.sources.get_mut(id) {
                let queued = !entry.queued.is_empty();
                let source = &mut entry.source;
                source.state = SourceState::Active;
                source.updated_at = now;
                let has_next = source.next_run.is_some() || queued || source.running.is_some();
                if !has_next && !source.identifier.is_empty() {
                    source.next_run = Some(NextRun { at: now, trigger: Trigger::Schedule });
                }
                entry.parked = false;
            }
            self.refresh_due(*id);
        }
        ids.len()
    }
}

#[async_trait]
impl PluginUse for MemoryStore {
    async fn note_use(&self, serving: Vec<Version>, used: Vec<Used>, now: UtcMillis) -> Result<(), StoreError> {
        self.with("note what plugins have used", |tables| note(&mut tables.versions, serving, &used, now))
    }

    async fn plugin_use(&self) -> Result<Vec<UseRow>, StoreError> {
        self.with("list versions of plugins", |tables| tables.versions.values().cloned().collect())
    }

    async fn pause_for_plugin(
        &self,
        profile: &ProfileName,
        reason: &str,
        now: UtcMillis,
        most: usize,
    ) -> Result<usize, StoreError> {
        let doing = "pause sources whose plugin is not there";
        self.with(doing, |tables| tables.pause_for_plugin(profile, reason, now, most))
    }

    async fn back_with_plugin(
        &self,
        profiles: Vec<ProfileName>,
        now: UtcMillis,
        most: usize,
    ) -> Result<usize, StoreError> {
        let doing = "let sources run whose plugin is back";
        self.with(doing, |tables| tables.back_with_plugin(&profiles, now, most))
    }
}
