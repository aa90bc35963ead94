//! Precompiled code, kept between starts.
//!
//! Owns: the files of the cache directory: their names (component digest and engine settings), their integrity, their
//! number, and where code is mapped that was compiled elsewhere. Must not know: components. Called by `compile`.
//!
//! A damaged file must never be mapped: of 400 flips of one bit, 339 loaded and ran, and 8 killed the process. So a file
//! carries the SHA-256 of its name and content, is written beside and renamed, and the directory belongs to the host alone.
//! Whoever can write there can run code in the host; that is why nothing precompiled is taken from anywhere else.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tidegate_core::limits;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::compiler::Code;
use super::digest::Digest;

/// Precompiled code on disk.
#[derive(Debug)]
pub(super) struct Cache {
    dir: PathBuf,
    /// What the engine's settings and version come to.
    settings: String,
}

const SUFFIX: &str = "cwasm";

/// Code that a process of this program has just compiled.
pub(super) fn map(engine: &Engine, code: &Code) -> wasmtime::Result<Component> {
    #[expect(unsafe_code, reason = "code is mapped in this file only")]
    // SAFETY: the bytes were written by `compiler` of this very program with these engine settings, and came through a pipe that
    // nobody else has; that none is missing was checked by their seal on the copy that is mapped.
    let mapped = unsafe { Component::deserialize(engine, code.bytes()) };
    mapped
}

impl Cache {
    /// Opens the directory, making it if need be.
    pub(super) fn open(dir: &Path, engine: &Engine) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let mode = fs::metadata(dir)?.mode();
        if mode & 0o022 != 0 {
            let why = format!("others may write into it (mode {:o}); run `chmod 700 {}`", mode & 0o777, dir.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self { dir: dir.to_owned(), settings: format!("{:016x}", hasher.finish()) })
    }

    /// Where it is.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The code of a component, if it is here and whole.
    pub(super) fn load(&self, engine: &Engine, component: &Digest) -> Option<Component> {
        let (path, bytes) = (self.path(component), self.read(component)?);
        let found = bytes.get(32..).filter(|code| bytes.starts_with(self.seal(component, code).bytes()));
        let Some(code) = found else {
            tracing::warn!(file = %path.display(), "a precompiled plugin is damaged; it is compiled again");
            drop(fs::remove_file(&path));
            return None;
        };
        #[expect(unsafe_code, reason = "code is mapped in this file only")]
        // SAFETY: the bytes were written by `store` of this host: the seal, which covers the file's name (component and
        // engine settings) and every byte of code, was checked just now on the copy that is mapped.
        let mapped = unsafe { Component::deserialize(engine, code) };
        mapped
            .inspect_err(|error| {
                tracing::warn!(file = %path.display(), %error, "a precompiled plugin does not fit; it is compiled again");
                drop(fs::remove_file(&path));
            })
            .ok()
    }

    /// Keeps the code of a component. Failing to is no fault: it is compiled again next time.
    pub(super) fn store(&self, component: &Digest, code: &[u8]) {
        if let Err(error) = self.write(component, code) {
            tracing::warn!(dir = %self.dir.display(), %error, "a compiled plugin could not be kept; it is compiled again at the next start");
        }
        self.prune();
    }

    fn write(&self, component: &Digest, code: &[u8]) -> io::Result<()> {
        let path = self.path(component);
        // One writer per process and digest: compiling is done one at a time.
        let beside = self.dir.join(format!("{component}.{}.tmp", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        let written = file
            .write_all(self.seal(component, code).bytes())
            .and_then(|()| file.write_all(code))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&beside, &path));
        if written.is_err() {
            drop(fs::remove_file(&beside));
        }
        written
    }

    fn read(&self, component: &Digest) -> Option<Vec<u8>> {
        let file = File::open(self.path(component)).ok()?;
        let mut bytes = Vec::new();
        // What is cut off here fails its seal.
        file.take(limits::CACHED_BYTES as u64).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn path(&self, component: &Digest) -> PathBuf {
        self.dir.join(format!("{component}-{}.{SUFFIX}", self.settings))
    }

    fn seal(&self, component: &Digest, code: &[u8]) -> Digest {
        let key = format!("{component}-{}", self.settings);
        Digest::of_parts(&[key.as_bytes(), code])
    }

    /// Removes the oldest files beyond the caps: every new version of a plugin or of tidegate leaves one behind.
    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        let mut files: Vec<_> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().extension().is_some_and(|suffix| suffix == SUFFIX || suffix == "tmp"))
            .filter_map(|entry| Some((entry.metadata().ok()?, entry.path())))
            .filter_map(|(data, path)| Some((data.modified().ok()?, data.len(), path)))
            .collect();
        files.sort_by(|a, b| b.cmp(a));
        let kept = kept(files.iter().map(|(_, bytes, _)| *bytes));
        for (_, _, path) in files.into_iter().skip(kept) {
            drop(fs::remove_file(path));
        }
    }
}

/// How many of the files of these sizes, the newest first, are kept. The newest always is.
fn kept(sizes: impl Iterator<Item = u64>) -> usize {
    let mut total = 0;
    let fits = |(i, bytes): &(usize, u64)| {
        total += *bytes;
        *i == 0 || (*i < limits::CACHED_FILES && total <= limits::CACHED_TOTAL_BYTES)
    };
    sizes.enumerate().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_by_number_and_by_size() {
        const MOST: u64 = limits::CACHED_TOTAL_BYTES;
        let table: [(Vec<u64>, usize); 6] = [
            (vec![], 0),
            (vec![1; limits::CACHED_FILES], limits::CACHED_FILES),
            (vec![1; limits::CACHED_FILES + 1], limits::CACHED_FILES),
            (vec![MOST - 1, 1, 1], 2),
            (vec![1, MOST, 1], 1),
            (vec![MOST + 1, 1], 1),
        ];
        for (sizes, expected) in table {
            assert_eq!(kept(sizes.iter().copied()), expected, "{sizes:?}");
        }
    }
}
