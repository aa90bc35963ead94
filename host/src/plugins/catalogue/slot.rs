//! What is known of each component, and who of them serves.
//!
//! Owns: the memory of one file (seen, loaded, last good), the rules of names, what a look changed. Must not know: how
//! components are loaded. Called by the catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;

use super::files::{Found, Mark};
use super::patience::Moving;
use super::{Scan, Serving};
use crate::plugins::digest::Digest;
use crate::plugins::imports::Track;
use crate::plugins::plugin::Plugin;
use crate::plugins::refusal::{Origin, Refusal, RefusalKind};

/// One line of `plugin list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it came from.
    pub origin: Origin,
    /// Name of the plugin; `None` if it could not be asked.
    pub name: Option<String>,
    /// Version of the plugin that serves, or would.
    pub version: Option<String>,
    /// SHA-256 of the component that serves, or of the file if none does.
    pub digest: Option<Digest>,
    /// Track of the contract.
    pub track: Option<Track>,
    /// WASI interfaces it imports.
    pub wasi_imports: Vec<String>,
    /// Names of its kinds.
    pub kinds: Vec<String>,
    /// Whether it serves.
    pub state: State,
}

/// Whether a component serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It serves.
    Live,
    /// A file with the same name serves instead of this shipped plugin.
    Replaced {
        /// The file.
        by: PathBuf,
    },
    /// Another version is live; this one serves profiles that pin it.
    Kept,
    /// The file as it is now was refused.
    Refused {
        /// Why, and what to do.
        reason: Box<Refusal>,
        /// Version that was loaded from this file before and serves on.
        serving: Option<String>,
    },
}

/// What is known of one component.
#[derive(Debug, Default)]
pub(super) struct Slot {
    mark: Option<Mark>,
    /// The file is not as it was when it was last read.
    pub(super) moving: Option<Moving>,
    /// Since when the file is gone.
    pub(super) gone: Option<Instant>,
    pub(super) digest: Option<Digest>,
    outcome: Option<Result<Arc<Plugin>, Refusal>>,
    last_good: Option<Arc<Plugin>>,
    /// Whether it was refused for its name at the last look.
    clash: Option<Refusal>,
    /// Whether its refusal has been told.
    told: bool,
}

impl Slot {
    pub(super) fn shipped(digest: Digest, loaded: Result<Arc<Plugin>, Refusal>) -> Self {
        let last_good = loaded.as_ref().ok().cloned();
        Self { digest: Some(digest), outcome: Some(loaded), last_good, ..Self::default() }
    }

    /// Whether the file is as it was when it was last read.
    pub(super) fn seen(&self, file: &Found) -> bool {
        match (&file.mark, &self.outcome) {
            (Ok(mark), Some(_)) => self.mark == Some(*mark),
            (Err(kind), Some(Err(refusal))) => refusal.kind == *kind,
            _ => false,
        }
    }

    /// Whether something of it has served.
    pub(super) const fn has_served(&self) -> bool {
        self.last_good.is_some()
    }

    /// The content that it was loaded with, or refused.
    pub(super) fn taken(&self) -> Option<Digest> {
        self.digest.filter(|_| self.outcome.is_some() && self.mark.is_some())
    }

    /// The same content under a new mark.
    pub(super) fn touched(&mut self, file: &Found) {
        self.mark = file.mark.clone().ok();
    }

    pub(super) fn loaded(&mut self, file: &Found, loaded: Result<Arc<Plugin>, Refusal>, again: bool) {
        self.mark = if again { None } else { file.mark.clone().ok() };
        self.told = matches!((&self.outcome, &loaded), (Some(Err(old)), Err(new)) if old == new && self.told);
        if let Ok(plugin) = &loaded {
            self.last_good = Some(Arc::clone(plugin));
        }
        self.outcome = Some(loaded);
    }

    fn entry(&self, origin: &Origin, state: State) -> Entry {
        match &self.last_good {
            Some(plugin) => Entry { origin: origin.clone(), ..Entry::of(plugin, state) },
            None => Entry {
                origin: origin.clone(),
                name: None,
                version: None,
                digest: self.digest,
                track: None,
                wasi_imports: Vec::new(),
                kinds: Vec::new(),
                state,
            },
        }
    }
}

impl Entry {
    pub(super) fn of(plugin: &Plugin, state: State) -> Self {
        Self {
            origin: plugin.origin().clone(),
            name: Some(plugin.name().to_owned()),
            version: Some(plugin.version().to_owned()),
            digest: Some(plugin.digest()),
            track: Some(plugin.track()),
            wasi_imports: plugin.wasi_imports().to_vec(),
            kinds: plugin.manifest().kinds.iter().map(|kind| kind.name.clone()).collect(),
            state,
        }
    }
}

/// Who serves, given what is known and who served before.
pub(super) fn resolve(slots: &mut BTreeMap<Origin, Slot>, before: &Serving) -> (Serving, Scan) {
    give_way(slots);
    settle_names(slots, before);
    let mut serving = Serving::default();
    // Shipped ones sort first, so files lay themselves over them.
    for slot in slots.values().filter(|slot| slot.clash.is_none()) {
        if let Some(plugin) = &slot.last_good {
            serving.live.insert(plugin.name().to_owned(), Arc::clone(plugin));
        }
    }
    let mut scan = Scan::default();
    // What nothing is known of yet is not told: somebody may be writing it.
    for (origin, slot) in slots.iter_mut().filter(|(_, slot)| slot.outcome.is_some()) {
        let state = state(origin, slot, &serving);
        if let State::Refused { reason, .. } = &state
            && !slot.told
        {
            scan.refused.push((**reason).clone());
        }
        slot.told = matches!(state, State::Refused { .. });
        serving.entries.push(slot.entry(origin, state));
    }
    serving.entries.sort_by(|a, b| (&a.name, &a.origin).cmp(&(&b.name, &b.origin)));
    for (name, plugin) in &serving.live {
        if before.live.get(name).is_none_or(|old| old.digest() != plugin.digest()) {
            scan.live.push((name.clone(), plugin.version().to_owned()));
        }
    }
    scan.gone = before.live.keys().filter(|name| !serving.live.contains_key(*name)).cloned().collect();
    (serving, scan)
}

/// A file that may be gone does not stand in the way of another one with the same name: a plugin was renamed.
fn give_way(slots: &mut BTreeMap<Origin, Slot>) {
    let name = |slot: &Slot| slot.last_good.as_ref().map(|plugin| plugin.name().to_owned());
    let files = slots.iter().filter(|(origin, slot)| matches!(origin, Origin::File(_)) && slot.gone.is_none());
    let there: BTreeSet<String> = files.filter_map(|(_, slot)| name(slot)).collect();
    slots.retain(|_, slot| slot.gone.is_none() || name(slot).is_none_or(|name| !there.contains(&name)));
}

/// Two files with the same name refuse each other; the one that served before goes on serving.
fn settle_names(slots: &mut BTreeMap<Origin, Slot>, before: &Serving) {
    let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (origin, slot) in slots.iter() {
        if let (Origin::File(path), Some(plugin)) = (origin, &slot.last_good) {
            files.entry(plugin.name().to_owned()).or_default().push(path.clone());
        }
    }
    for (origin, slot) in slots.iter_mut() {
        let clash = clash(origin, slot, &files, before);
        if clash.is_none() != slot.clash.is_none() {
            slot.told = false;
        }
        slot.clash = clash;
    }
}

fn clash(origin: &Origin, slot: &Slot, files: &BTreeMap<String, Vec<PathBuf>>, before: &Serving) -> Option<Refusal> {
    let (Origin::File(path), Some(plugin)) = (origin, &slot.last_good) else { return None };
    let others: Vec<PathBuf> = files.get(plugin.name())?.iter().filter(|other| *other != path).cloned().collect();
    let served = before.live.get(plugin.name()).is_some_and(|old| old.origin() == origin);
    if others.is_empty() || served {
        return None;
    }
    let kind = RefusalKind::SameName { name: plugin.name().to_owned(), others };
    Some(Refusal { origin: origin.clone(), kind })
}

fn state(origin: &Origin, slot: &Slot, serving: &Serving) -> State {
    let live = slot.last_good.as_ref().and_then(|plugin| serving.live.get(plugin.name()));
    let own = live.filter(|plugin| plugin.origin() == origin);
    let refused = |refusal: &Refusal| State::Refused {
        reason: Box::new(refusal.clone()),
        serving: own.map(|plugin| plugin.version().to_owned()),
    };
    if let Some(clash) = &slot.clash {
        return refused(clash);
    }
    match (&slot.outcome, live.map(|plugin| plugin.origin())) {
        (Some(Err(refusal)), _) => refused(refusal),
        (_, Some(Origin::File(by))) if own.is_none() => State::Replaced { by: by.clone() },
        _ => State::Live,
    }
}
