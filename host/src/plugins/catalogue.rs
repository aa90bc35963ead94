//! What serves: the shipped plugins, and over them the components of a directory.
//!
//! Owns: the look at the directory (new and changed files are loaded, the same are left alone), names (two files with one
//! name refuse each other, a file goes before a shipped plugin), the last good version that serves on while its file is
//! broken, versions that profiles pin, and the swap, which is atomic: a run keeps the plugin it began with. Must not know: who
//! calls it when. Called by whoever watches the directory (looks), the engine and the API (lookups), and the CLI (lists).

mod files;
mod patience;
mod pinned;
mod slot;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use tidegate_core::limits;
use tidegate_core::nearest::nearest;
use tidegate_core::pin::Pin;
use tokio::sync::Mutex;
use tokio::time::Instant;

use self::patience::Patience;
use self::pinned::Kept;
pub use self::slot::{Entry, State};
use self::slot::{Slot, resolve};
use super::digest::Digest;
use super::plugin::Plugin;
use super::refusal::{Origin, Refusal};
use super::room::PluginRoom;
use crate::ports::Used;

/// A plugin that is asked for and does not serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no plugin {name:?}{}; {}", did_you_mean(nearest.as_deref()), those(known))]
pub struct UnknownPlugin {
    /// The name asked for.
    pub name: String,
    /// The nearest name that serves.
    pub nearest: Option<String>,
    /// All names that serve.
    pub known: Vec<String>,
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default()
}

fn those(known: &[String]) -> String {
    if known.is_empty() { "no plugin is loaded".to_owned() } else { format!("there are {}", known.join(", ")) }
}

/// What one look at the directory changed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Plugins that serve now and did not before, as name and version: new ones and new versions.
    pub live: Vec<(String, String)>,
    /// Components that were refused in this look, and were not refused for the same reason before.
    pub refused: Vec<Refusal>,
    /// Names that no longer serve.
    pub gone: Vec<String>,
    /// Versions that serve only because a profile pins them, and did not in this way before, as name and digest.
    pub kept: Vec<(String, String)>,
}

/// What a patient look found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Look {
    /// What it changed.
    pub scan: Scan,
    /// Whether some file is not settled yet, so that a look soon will find more.
    pub waiting: bool,
}

/// What serves at one moment.
#[derive(Default)]
struct Serving {
    live: BTreeMap<String, Arc<Plugin>>,
    /// Versions that profiles pin while another one is live, by name and digest.
    pinned: BTreeMap<(String, Digest), Arc<Plugin>>,
    entries: Vec<Entry>,
}

/// The plugins of a daemon.
pub struct Catalogue {
    room: PluginRoom,
    dir: Option<PathBuf>,
    kept: Kept,
    /// Every component known, by origin; held during a look, so that looks follow each other.
    slots: Mutex<BTreeMap<Origin, Slot>>,
    /// Plugins and components that profiles pin.
    pins: RwLock<BTreeSet<(String, Pin)>>,
    serving: RwLock<Arc<Serving>>,
}

impl Catalogue {
    /// A catalogue of shipped components and, if there is one, a directory of `*.wasm` files. Loads the shipped ones;
    /// [`Self::scan`] loads the directory.
    pub async fn new(room: PluginRoom, shipped: &[(&str, &[u8])], dir: Option<PathBuf>) -> Self {
        let mut slots = BTreeMap::new();
        for (name, bytes) in shipped {
            let origin = Origin::Shipped((*name).to_owned());
            let loaded = room.load(bytes.to_vec(), origin.clone()).await;
            if let Err(refusal) = &loaded {
                // A mistake of ours: the test of this binary loads all of them.
                tracing::error!(%refusal, "a shipped plugin does not load");
            }
            slots.insert(origin, Slot::shipped(Digest::of(bytes), loaded));
        }
        let (serving, _) = resolve(&mut slots, &Serving::default());
        let kept = Kept::new(room.cache_dir(), shipped);
        let (slots, serving) = (Mutex::new(slots), RwLock::new(Arc::new(serving)));
        Self { room, dir, kept, slots, pins: RwLock::default(), serving }
    }

    /// Looks at the directory, and takes it as it is at this moment, however long that takes to load. A missing directory holds no
    /// components.
    ///
    /// # Errors
    /// The directory cannot be read; what served goes on serving.
    pub async fn scan(&self) -> std::io::Result<Scan> {
        self.scan_within(None).await.map(|look| look.scan)
    }

    /// The same, waiting no longer than this, if it is said, for what is being loaded: that is loaded on, and taken by a later look.
    ///
    /// # Errors
    /// As [`Self::scan`].
    pub async fn scan_within(&self, wait: Option<Duration>) -> std::io::Result<Look> {
        self.looked(Patience::None { loaded_by: wait.map(|wait| Instant::now() + wait) }).await
    }

    /// Looks at the directory while others may be writing there: a file is taken when it has settled, refused when it stays as
    /// it is, and gone when it stays away. What takes long to load is loaded on, and taken by a later look. To be called again soon
    /// while it says that something waits.
    ///
    /// # Errors
    /// As [`Self::scan`].
    pub async fn look(&self) -> std::io::Result<Look> {
        self.look_at(Instant::now()).await
    }

    /// The same, at this time.
    ///
    /// # Errors
    /// As [`Self::scan`].
    pub async fn look_at(&self, now: Instant) -> std::io::Result<Look> {
        self.looked(Patience::Until { now, loaded_by: Instant::now() + limits::LOOK_LOADING }).await
    }

    async fn looked(&self, patience: Patience) -> std::io::Result<Look> {
        let mut slots = self.slots.lock().await;
        let mut waiting = false;
        if let Some(dir) = &self.dir {
            let served = slots.iter().filter(|(_, slot)| slot.has_served()).filter_map(|(origin, _)| match origin {
                Origin::File(path) => Some(path.clone()),
                Origin::Shipped(_) => None,
            });
            let found = files::list(dir.clone(), served.collect()).await?;
            waiting |= patience::part(&mut slots, &found, patience);
            for file in found {
                let slot = slots.entry(Origin::File(file.path.clone())).or_default();
                waiting |= patience::take_in(&self.room, slot, file, patience).await;
            }
        }
        Ok(Look { scan: self.serve(&mut slots).await, waiting })
    }

    /// These pins hold now, in the place of those before: a version that is pinned serves on for whoever asks for it while another
    /// one of its name lies in the directory.
    pub async fn pin(&self, pins: BTreeSet<(String, Pin)>) -> Scan {
        let mut slots = self.slots.lock().await;
        *self.pins.write().unwrap_or_else(PoisonError::into_inner) = pins;
        self.serve(&mut slots).await
    }

    /// Works out who serves, and swaps.
    async fn serve(&self, slots: &mut BTreeMap<Origin, Slot>) -> Scan {
        let before = self.serving();
        let (mut serving, mut scan) = resolve(slots, &before);
        self.keep_pinned(&mut serving, &before, &mut scan).await;
        *self.serving.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(serving);
        scan
    }

    async fn keep_pinned(&self, serving: &mut Serving, before: &Serving, scan: &mut Scan) {
        let pins = self.pins.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, pin) in pins {
            // A plugin that is gone is gone for all.
            let (Some(live), Ok(digest)) = (serving.live.get(&name), pin.digits().parse::<Digest>()) else { continue };
            if live.digest() == digest {
                self.kept.keep(live).await;
                continue;
            }
            let at = (name, digest);
            let held = before.pinned.get(&at).or_else(|| before.live.get(&at.0).filter(|old| old.digest() == digest));
            let plugin = match held {
                Some(held) => Some(Arc::clone(held)),
                None => self.kept.load(&self.room, &at.0, digest).await,
            };
            let Some(plugin) = plugin else { continue };
            self.kept.keep(&plugin).await;
            if !before.pinned.contains_key(&at) {
                scan.kept.push((at.0.clone(), digest.to_string()));
            }
            serving.entries.push(Entry::of(&plugin, State::Kept));
            serving.pinned.insert(at, plugin);
        }
    }

    /// The plugin of that name.
    ///
    /// # Errors
    /// There is none that serves.
    pub fn get(&self, name: &str) -> Result<Arc<Plugin>, UnknownPlugin> {
        let serving = self.serving();
        serving.live.get(name).cloned().ok_or_else(|| UnknownPlugin {
            name: name.to_owned(),
            nearest: nearest(name, serving.live.keys().map(String::as_str)).map(str::to_owned),
            known: serving.live.keys().cloned().collect(),
        })
    }

    /// The version that is pinned, if it serves, else the live one.
    pub(super) fn pinned_or_live(&self, name: &str, pin: Option<&Pin>) -> Option<Arc<Plugin>> {
        let serving = self.serving();
        let digest = pin.and_then(|pin| pin.digits().parse().ok());
        let pinned = digest.and_then(|digest| serving.pinned.get(&(name.to_owned(), digest)));
        pinned.or_else(|| serving.live.get(name)).cloned()
    }

    /// Names of all plugins that serve, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.serving().live.keys().cloned().collect()
    }

    /// Every component known, those that serve and those that were refused, by name and origin.
    #[must_use]
    pub fn list(&self) -> Vec<Entry> {
        self.serving().entries.clone()
    }

    /// Every version that serves, those that are only kept for a pin too.
    pub(super) fn all_serving(&self) -> Vec<Arc<Plugin>> {
        let serving = self.serving();
        serving.live.values().chain(serving.pinned.values()).cloned().collect()
    }

    /// What was counted since this was last asked.
    pub(super) fn take_used(&self) -> Vec<Used> {
        self.room.take_used()
    }

    fn serving(&self) -> Arc<Serving> {
        Arc::clone(&self.serving.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl core::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Catalogue").field("dir", &self.dir).field("entries", &self.list()).finish_non_exhaustive()
    }
}
