//! Components that profiles pin, kept beside the cache.
//!
//! Owns: the copies and their number. Must not know: profiles. Called by the catalogue for each pin.
//!
//! Whoever pins a version wants it to be the one that serves, also after somebody has dropped another one into the directory and
//! the daemon has started again. A copy is a component like any other: it goes through the loading order, pinned to the digest
//! in its name, so whoever writes here cannot make the host run anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidegate_core::limits;

use super::files::bytes_now;
use crate::plugins::digest::Digest;
use crate::plugins::plugin::Plugin;
use crate::plugins::refusal::{Origin, RefusalKind};
use crate::plugins::room::PluginRoom;

/// Copies of pinned components.
#[derive(Debug)]
pub(super) struct Kept {
    /// `None`: nothing is kept.
    dir: Option<PathBuf>,
    shipped: Vec<(String, Arc<[u8]>)>,
    known: Mutex<Known>,
}

/// What is known of the copies.
#[derive(Debug, Default)]
struct Known {
    /// Those that were looked at, and hold what their names say.
    whole: BTreeSet<Digest>,
    /// Components that could not be written, as a disk was full; they are written when there is room.
    unwritten: BTreeMap<Digest, Arc<[u8]>>,
}

impl Kept {
    /// Copies stand in a folder of the cache. `shipped`: components that are no files.
    pub(super) fn new(cache: Option<&Path>, shipped: &[(&str, &[u8])]) -> Self {
        let shipped = shipped.iter().map(|(name, bytes)| ((*name).to_owned(), Arc::from(*bytes))).collect();
        Self { dir: cache.map(|dir| dir.join("pinned")), shipped, known: Mutex::default() }
    }

    /// Keeps a component that serves and is pinned. Failing to is no fault yet: it serves, and the next look tries again.
    pub(super) async fn keep(&self, plugin: &Plugin) {
        let (digest, origin) = (plugin.digest(), plugin.origin().clone());
        let Some(path) = self.path(digest) else { return };
        let (whole, unwritten) = {
            let known = self.known();
            (known.whole.contains(&digest), known.unwritten.get(&digest).cloned())
        };
        let given = unwritten.clone().or_else(|| match &origin {
            Origin::Shipped(name) => {
                self.shipped.iter().find(|(shipped, _)| shipped == name).map(|(_, bytes)| bytes.clone())
            }
            Origin::File(_) => None,
        });
        let Ok(kept) = tokio::task::spawn_blocking(move || copy(&path, digest, given, &origin, whole)).await else {
            return;
        };
        let mut known = self.known();
        match kept {
            Copied::Whole => {
                known.unwritten.remove(&digest);
                known.whole.insert(digest);
            }
            Copied::Other => {}
            Copied::Not(bytes, error) => {
                known.whole.remove(&digest);
                if unwritten.is_none() {
                    tracing::warn!(
                        %digest,
                        "a pinned plugin could not be kept, which is tried again: {error}; until then it will not serve any more \
                         after a restart when its file is another one"
                    );
                }
                if known.unwritten.len() < limits::LOADING {
                    known.unwritten.insert(digest, bytes);
                }
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A component that was kept, loaded.
    pub(super) async fn load(&self, room: &PluginRoom, name: &str, digest: Digest) -> Option<Arc<Plugin>> {
        let path = self.path(digest)?;
        let from = path.clone();
        let bytes = tokio::task::spawn_blocking(move || bytes_now(&from)).await.ok()?.ok()?;
        let loaded = room.load_pinned(bytes, Origin::File(path.clone()), Some(digest)).await;
        let loaded = loaded.inspect_err(|refusal| {
            tracing::warn!("a pinned plugin does not serve: {refusal}");
            // What is not what its name says is of no use, and would be told again at every look.
            if matches!(refusal.kind, RefusalKind::Pin { .. }) {
                drop(fs::remove_file(path));
            }
        });
        loaded.ok().filter(|plugin| plugin.name() == name)
    }

    fn path(&self, digest: Digest) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(format!("{digest}.wasm")))
    }
}

/// What became of a copy.
enum Copied {
    /// It is there.
    Whole,
    /// The component's bytes are not to be had any more.
    Other,
    /// It could not be written.
    Not(Arc<[u8]>, io::Error),
}

/// Makes sure of the copy of a component, from the bytes that are `given` or from the file it came from. `whole`: it was there.
fn copy(path: &Path, digest: Digest, given: Option<Arc<[u8]>>, origin: &Origin, whole: bool) -> Copied {
    let is_it = |path: &Path| bytes_now(path).ok().filter(|bytes| Digest::of(bytes) == digest);
    let there = if whole { path.exists() } else { is_it(path).is_some() };
    if there {
        return Copied::Whole;
    }
    let bytes = given.or_else(|| match origin {
        // It may be another one by now; then the next look finds out.
        Origin::File(file) => is_it(file).map(Arc::from),
        Origin::Shipped(_) => None,
    });
    let Some(bytes) = bytes else { return Copied::Other };
    match write(path, &bytes) {
        Ok(()) => Copied::Whole,
        Err(error) => Copied::Not(bytes, error),
    }
}

/// Writes a copy whole, and forgets the oldest ones beyond the most that are kept.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        drop(fs::remove_file(&beside));
    }
    let aged = |entry: fs::DirEntry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()));
    let mut copies: Vec<_> = fs::read_dir(dir)?.filter_map(Result::ok).filter_map(aged).collect();
    copies.sort();
    let beyond = copies.len().saturating_sub(limits::PINNED_FILES);
    copies.into_iter().take(beyond).for_each(|(_, path)| drop(fs::remove_file(path)));
    written
}
