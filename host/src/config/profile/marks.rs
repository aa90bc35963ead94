//! What tells the files of the profiles directory from their next versions, without reading them.
//!
//! Owns: the marks, and which files are others than before. Must not know: what stands in a profile. Called by `cli`, which looks
//! at the directory while the daemon works.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::super::ConfigError;
use super::files;

/// A file as it is. A link counts as what it leads to; one that leads nowhere, and a file that cannot be looked at, as nothing.
type Mark = Option<((u64, u64), u64, (i64, i64), (i64, i64))>;

/// The files of a directory as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirMarks(BTreeMap<PathBuf, Mark>);

impl DirMarks {
    /// As they are now.
    ///
    /// # Errors
    /// The directory cannot be listed. One that is not there has no files.
    pub fn of(dir: &Path) -> Result<Self, ConfigError> {
        let mark = |data: Metadata| {
            let (modified, changed) = ((data.mtime(), data.mtime_nsec()), (data.ctime(), data.ctime_nsec()));
            ((data.dev(), data.ino()), data.size(), modified, changed)
        };
        let marked = files(dir)?.into_iter().map(|(_, path)| {
            let data = std::fs::metadata(&path).ok().map(mark);
            (path, data)
        });
        Ok(Self(marked.collect()))
    }

    /// Files that are not as they were: new, changed, gone.
    #[must_use]
    pub fn others_than(&self, before: &Self) -> BTreeSet<PathBuf> {
        let all = self.0.keys().chain(before.0.keys());
        all.filter(|path| !self.same_at(before, path)).cloned().collect()
    }

    /// Whether this file is as it was.
    #[must_use]
    pub fn same_at(&self, before: &Self, path: &Path) -> bool {
        self.0.get(path) == before.0.get(path)
    }

    /// Whether this file is there.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// This file is as it is there.
    pub fn take_over(&mut self, path: &Path, now: &Self) {
        match now.0.get(path) {
            Some(mark) => self.0.insert(path.to_owned(), *mark),
            None => self.0.remove(path),
        };
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn changes_show() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a.toml"), dir.path().join("b.toml"));
        let look = || DirMarks::of(dir.path()).unwrap();
        let others = |now: &DirMarks, before: &DirMarks| now.others_than(before).into_iter().collect::<Vec<_>>();
        let empty = look();
        assert_eq!(DirMarks::of(&dir.path().join("nowhere")).unwrap(), empty);
        std::fs::write(&a, "a").unwrap();
        let one = look();
        assert_eq!((others(&one, &empty), others(&empty, &one)), (vec![a.clone()], vec![a.clone()]));
        std::fs::write(&b, "b").unwrap();
        std::fs::write(dir.path().join("notes.txt"), "c").unwrap();
        let two = look();
        assert_eq!(others(&two, &one), std::slice::from_ref(&b));
        assert!(two.same_at(&one, &a) && two.has(&b) && !one.has(&b));
        std::fs::rename(&b, &a).unwrap();
        let three = look();
        assert_eq!(others(&three, &two), [a.clone(), b.clone()]);
        // One file after the other is taken over.
        let mut taken = two;
        taken.take_over(&b, &three);
        assert_eq!(others(&three, &taken), std::slice::from_ref(&a));
        taken.take_over(&a, &three);
        assert_eq!(taken, three);
    }
}
