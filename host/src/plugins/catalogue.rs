//! What serves: the shipped plugins, and over them the components of a directory.
//!
//! Owns: the look at the directory (new and changed files are loaded, the same are left alone), names (two files with one
//! name refuse each other, a file goes before a shipped plugin), the last good version that serves on while its file is
//! broken, and the swap, which is atomic: a run keeps the plugin it began with. Must not know: who calls it when. Called
//! by the supervisor (looks), the engine and the API (lookups), and the CLI (lists).

mod files;
mod slot;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use tidegate_core::nearest::nearest;
use tokio::sync::Mutex;

pub use self::slot::{Entry, State};
use self::slot::{Slot, resolve};
use super::digest::Digest;
use super::plugin::Plugin;
use super::refusal::{Origin, Refusal, RefusalKind};
use super::room::PluginRoom;

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
}

/// What serves at one moment.
#[derive(Default)]
struct Serving {
    live: BTreeMap<String, Arc<Plugin>>,
    entries: Vec<Entry>,
}

/// The plugins of a daemon.
pub struct Catalogue {
    room: PluginRoom,
    dir: Option<PathBuf>,
    /// Every component known, by origin; held during a look, so that looks follow each other.
    slots: Mutex<BTreeMap<Origin, Slot>>,
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
        Self { room, dir, slots: Mutex::new(slots), serving: RwLock::new(Arc::new(serving)) }
    }

    /// Looks at the directory. A missing directory holds no components.
    ///
    /// # Errors
    /// The directory cannot be read; what served goes on serving.
    pub async fn scan(&self) -> std::io::Result<Scan> {
        let mut slots = self.slots.lock().await;
        if let Some(dir) = &self.dir {
            let found = files::list(dir.clone()).await?;
            slots.retain(|origin, _| match origin {
                Origin::Shipped(_) => true,
                Origin::File(path) => found.iter().any(|file| file.path == *path),
            });
            for file in found {
                self.look(&mut slots, file).await;
            }
        }
        let before = self.serving();
        let (serving, scan) = resolve(&mut slots, &before);
        *self.serving.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(serving);
        Ok(scan)
    }

    /// Loads one file if it is new or has changed.
    async fn look(&self, slots: &mut BTreeMap<Origin, Slot>, file: files::Found) {
        let origin = Origin::File(file.path.clone());
        let slot = slots.entry(origin.clone()).or_default();
        if slot.seen(&file) {
            return;
        }
        let loaded = match files::read(&file).await {
            Err(kind) => Err(Refusal { origin, kind }),
            Ok(bytes) => {
                let digest = Digest::of(&bytes);
                if slot.same(&digest) {
                    slot.touched(&file);
                    return;
                }
                slot.digest = Some(digest);
                self.room.load(bytes, origin).await
            }
        };
        // A compiler that was busy is no property of the file: it is tried again.
        let again = matches!(&loaded, Err(refusal) if refusal.kind == RefusalKind::CompilerBusy);
        slot.loaded(&file, loaded, again);
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

    fn serving(&self) -> Arc<Serving> {
        Arc::clone(&self.serving.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl core::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Catalogue").field("dir", &self.dir).field("entries", &self.list()).finish_non_exhaustive()
    }
}
