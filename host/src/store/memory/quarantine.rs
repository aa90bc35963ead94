//! Plugins that break down, in memory.
//!
//! Owns: faults and quarantines. Must not know: what is too much, which is `tidegate_core::quarantine`'s to say.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use tidegate_core::id::{ProfileName, RunId, SourceId};
use tidegate_core::limits;
use tidegate_core::quarantine::{Faults, Quarantine};
use tidegate_core::source::{Source, SourceState};
use tidegate_core::time::UtcMillis;

use super::MemoryStore;
use super::tables::Tables;
use crate::ports::{Fault, Quarantines, StoreError};

/// A version of a plugin: name and digest.
type Version = (String, String);

/// What there is of them.
#[derive(Default)]
pub(super) struct Broken {
    /// Runs in which a version broke down: of which source, and when.
    faults: BTreeMap<Version, BTreeMap<RunId, (SourceId, UtcMillis)>>,
    held: BTreeMap<Version, Quarantine>,
}

impl Broken {
    fn note(&mut self, fault: Fault, now: UtcMillis) -> Faults {
        let Fault { plugin, digest, run, source } = fault;
        let old = now.minus(limits::QUARANTINE_WINDOW);
        for ((name, _), runs) in &mut self.faults {
            if *name == plugin {
                runs.retain(|_, (_, at)| *at > old);
            }
        }
        let runs = self.faults.entry((plugin, digest)).or_default();
        runs.entry(run).or_insert((source, now));
        let most = usize::try_from(limits::QUARANTINE_KEPT).unwrap_or(usize::MAX);
        let mut newest: Vec<(UtcMillis, RunId)> = runs.iter().map(|(run, (_, at))| (*at, *run)).collect();
        newest.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        for (_, run) in newest.into_iter().skip(most) {
            runs.remove(&run);
        }
        let sources: BTreeSet<SourceId> = runs.values().map(|(source, _)| *source).collect();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let since = runs.values().map(|(_, at)| *at).min().unwrap_or_default();
        Faults { runs: count(runs.len()), sources: count(sources.len()), since }
    }

    fn put(&mut self, quarantine: Quarantine) -> bool {
        let version = (quarantine.plugin.clone(), quarantine.digest.clone());
        let news = !self.held.contains_key(&version);
        self.held.entry(version).or_insert(quarantine);
        news
    }

    fn release(&mut self, plugin: &str, digest: Option<&str>) -> bool {
        let meant = |version: &Version| version.0 == plugin && digest.is_none_or(|digest| version.1 == digest);
        let before = self.held.len();
        self.held.retain(|version, _| !meant(version));
        if self.held.len() == before {
            return false;
        }
        self.faults.retain(|version, _| !meant(version));
        true
    }
}

impl Tables {
    fn worked(&self, profiles: &[ProfileName], since: UtcMillis, most: u32) -> u32 {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let sources = self.sources.values().map(|entry| &entry.source);
        let works = sources.filter(|source| {
            profiles.contains(&source.profile) && source.last_success_at.is_some_and(|at| at >= since)
        });
        u32::try_from(works.take(most).count()).unwrap_or(u32::MAX)
    }

    fn are_of_one_tenant(&self, version: &Version, profiles: &[ProfileName]) -> bool {
        let faults = self.broken.faults.get(version).into_iter().flatten();
        let blamed: BTreeSet<_> =
            faults.filter_map(|(_, (source, _))| self.sources.get(source)).map(|entry| &entry.source.tenant).collect();
        let theirs = |source: &Source| profiles.contains(&source.profile) && !blamed.contains(&source.tenant);
        let active = |source: &Source| matches!(source.state, SourceState::Active);
        blamed.len() == 1
            && self.sources.values().map(|entry| &entry.source).any(|source| theirs(source) && active(source))
    }
}

#[async_trait]
impl Quarantines for MemoryStore {
    async fn note_fault(&self, fault: Fault, now: UtcMillis) -> Result<Faults, StoreError> {
        self.with("note a plugin's fault", |tables| tables.broken.note(fault, now))
    }

    async fn worked(&self, profiles: Vec<ProfileName>, since: UtcMillis, most: u32) -> Result<u32, StoreError> {
        self.with("count sources on which a plugin works", |tables| tables.worked(&profiles, since, most))
    }

    async fn are_of_one_tenant(
        &self,
        version: (String, String),
        profiles: Vec<ProfileName>,
    ) -> Result<bool, StoreError> {
        self.with("see whose sources a plugin breaks down on", |tables| tables.are_of_one_tenant(&version, &profiles))
    }

    async fn quarantine(&self, quarantine: Quarantine) -> Result<bool, StoreError> {
        self.with("put a plugin into quarantine", |tables| tables.broken.put(quarantine))
    }

    async fn quarantines(&self) -> Result<Vec<Quarantine>, StoreError> {
        self.with("list plugins in quarantine", |tables| tables.broken.held.values().cloned().collect())
    }

    async fn release(&self, plugin: &str, digest: Option<&str>) -> Result<bool, StoreError> {
        self.with("release a plugin", |tables| {
            let released = tables.broken.release(plugin, digest);
            if released {
                tables.unpark();
            }
            released
        })
    }
}
