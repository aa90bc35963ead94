//! What tells the files of the profiles directory from their next versions, without reading them.
//!
//! Owns: the marks, and which files are others than before. Must not know: what stands in a profile. Called by `cli`, which looks
//! at the directory while the daemon works.

use std::collections::BTreeMap;
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

    /// Whether files were there that are not any more.
    #[must_use]
    pub fn lacks_some_of(&self, before: &Self) -> bool {
        before.0.keys().any(|path| !self.0.contains_key(path))
    }

    /// Whether the file at that place is as it was.
    #[must_use]
    pub fn same_at(&self, before: &Self, place: &str) -> bool {
        let path = Path::new(place);
        self.0.get(path) == before.0.get(path)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn changes_show() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.toml");
        let (place, look) = (path.display().to_string(), || DirMarks::of(dir.path()).unwrap());
        let empty = look();
        assert_eq!(DirMarks::of(&dir.path().join("nowhere")).unwrap(), empty);
        std::fs::write(&path, "a").unwrap();
        let one = look();
        assert!(
            one != empty && !one.lacks_some_of(&empty) && empty.lacks_some_of(&one) && !one.same_at(&empty, &place)
        );
        std::fs::write(dir.path().join("b.toml"), "b").unwrap();
        std::fs::write(dir.path().join("notes.txt"), "c").unwrap();
        let two = look();
        assert!(two != one && two.same_at(&one, &place));
        std::fs::rename(dir.path().join("b.toml"), &path).unwrap();
        let three = look();
        assert!(three.lacks_some_of(&two) && !three.same_at(&two, &place));
    }
}
