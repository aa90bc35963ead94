//! Components that profiles pin, kept beside the cache.
//!
//! Owns: the copies and their number. Must not know: profiles. Called by the catalogue for each pin.
//!
//! Whoever pins a version wants it to be the one that serves, also after somebody has dropped another one into the directory and
//! the daemon has started again. A copy is a component like any other: it goes through the loading order, pinned to the digest
//! in its name, so whoever writes here cannot make the host run anything else.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidegate_core::limits;

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
}

impl Kept {
    /// Copies stand in a folder of the cache. `shipped`: components that are no files.
    pub(super) fn new(cache: Option<&Path>, shipped: &[(&str, &[u8])]) -> Self {
        let shipped = shipped.iter().map(|(name, bytes)| ((*name).to_owned(), Arc::from(*bytes))).collect();
        Self { dir: cache.map(|dir| dir.join("pinned")), shipped }
    }

    /// Keeps a component that serves and is pinned. Failing to is no fault yet: it serves.
    pub(super) async fn keep(&self, plugin: &Plugin) {
        let Some(path) = self.path(plugin.digest()) else { return };
        let (digest, origin) = (plugin.digest(), plugin.origin().clone());
        let shipped = match &origin {
            Origin::Shipped(name) => self.shipped.iter().find(|(shipped, _)| shipped == name).map(|(_, bytes)| bytes),
            Origin::File(_) => None,
        };
        let shipped = shipped.cloned();
        let kept = tokio::task::spawn_blocking(move || {
            if path.exists() {
                return Ok(());
            }
            let bytes = match (shipped, origin) {
                (Some(bytes), _) => bytes.to_vec(),
                (None, Origin::File(file)) => fs::read(file)?,
                (None, Origin::Shipped(_)) => return Ok(()),
            };
            // The file may be another one by now; then the next look finds out.
            if Digest::of(&bytes) == digest { write(&path, &bytes) } else { Ok(()) }
        });
        if let Ok(Err(error)) = kept.await {
            tracing::warn!(%digest, "a pinned plugin could not be kept: {error}; it will not serve any more when its file is another one");
        }
    }

    /// A component that was kept, loaded.
    pub(super) async fn load(&self, room: &PluginRoom, name: &str, digest: Digest) -> Option<Arc<Plugin>> {
        let path = self.path(digest)?;
        let from = path.clone();
        let bytes = tokio::task::spawn_blocking(move || fs::read(from)).await.ok()?.ok()?;
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
