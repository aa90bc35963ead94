//! Which files of the profiles directory are believed to be as they are.
//!
//! Owns: the files as they were when they were last taken over, and since when one has been as it is. Each file stands for
//! itself: one that is written to all the time holds up no other. Must not know: what stands in a file, or what becomes of it.
//! Called by `drop_in` at each look.
//!
//! A file is read when it has been the same for [`limits::LOOK_SETTLED`]. What is wrong then may be half a file, and what is
//! gone may be about to be replaced: that is believed after [`limits::LOOK_BELIEVED`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tidegate_core::limits;
use tokio::time::Instant;

use crate::config::DirMarks;

/// The files of a directory, some of which may be being written.
pub(super) struct Settling {
    /// As they were when they were last taken over.
    taken: DirMarks,
    /// As they are now.
    seen: DirMarks,
    /// Those that are others than those taken over, and since when they are as they are.
    moving: BTreeMap<PathBuf, Moving>,
}

struct Moving {
    since: Instant,
    /// It was read and is wrong.
    is_doubtful: bool,
}

impl Settling {
    /// What holds is what stood in these files.
    pub(super) fn new(taken: DirMarks) -> Self {
        Self { seen: taken.clone(), taken, moving: BTreeMap::new() }
    }

    /// They are like this at this time.
    pub(super) fn see(&mut self, marks: DirMarks, now: Instant) {
        let others = marks.others_than(&self.taken);
        self.moving.retain(|path, _| others.contains(path) && marks.same_at(&self.seen, path));
        for path in others {
            self.moving.entry(path).or_insert(Moving { since: now, is_doubtful: false });
        }
        self.seen = marks;
    }

    /// Whether some are others than those taken over.
    pub(super) fn is_moving(&self) -> bool {
        !self.moving.is_empty()
    }

    /// Those that are others, and believed to be as they are; and those that are not yet.
    pub(super) fn parted(&self, now: Instant) -> (BTreeSet<PathBuf>, BTreeSet<PathBuf>) {
        let all = self.moving.iter();
        let (ripe, others): (Vec<_>, Vec<_>) = all.partition(|(path, moving)| {
            let known = moving.is_doubtful || !self.seen.has(path);
            moving.age(now) >= if known { limits::LOOK_BELIEVED } else { limits::LOOK_SETTLED }
        });
        let paths = |some: Vec<(&PathBuf, &Moving)>| some.into_iter().map(|(path, _)| path.clone()).collect();
        (paths(ripe), paths(others))
    }

    /// This file was read and is wrong. Gives whether it may be half a file, so that this does not count yet.
    pub(super) fn doubt(&mut self, path: &Path, now: Instant) -> bool {
        let Some(moving) = self.moving.get_mut(path) else { return false };
        moving.is_doubtful = moving.age(now) < limits::LOOK_BELIEVED;
        moving.is_doubtful
    }

    /// What was ripe has been read, and counts but for what is in doubt.
    pub(super) fn take(&mut self, ripe: &BTreeSet<PathBuf>, now: Instant) {
        for path in ripe {
            if self
                .moving
                .get(path)
                .is_some_and(|moving| !moving.is_doubtful || moving.age(now) >= limits::LOOK_BELIEVED)
            {
                self.taken.take_over(path, &self.seen);
                self.moving.remove(path);
            }
        }
    }
}

impl Moving {
    fn age(&self, now: Instant) -> std::time::Duration {
        now.saturating_duration_since(self.since)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A directory, what settles in it, and a clock moved by hand.
    struct Scene {
        dir: tempfile::TempDir,
        settling: Settling,
        now: Instant,
    }

    impl Scene {
        fn new(files: &[&str]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            for file in files {
                std::fs::write(dir.path().join(file), "as it was").unwrap();
            }
            let settling = Settling::new(DirMarks::of(dir.path()).unwrap());
            Self { dir, settling, now: Instant::now() }
        }

        fn write(&self, file: &str, content: &str) {
            std::fs::write(self.dir.path().join(file), content).unwrap();
        }

        /// Looks so many milliseconds later, and gives the names of what is ripe and of what is not.
        fn look(&mut self, later: u64) -> (String, String) {
            self.now += Duration::from_millis(later);
            self.settling.see(DirMarks::of(self.dir.path()).unwrap(), self.now);
            let (ripe, others) = self.settling.parted(self.now);
            let names = |paths: &BTreeSet<PathBuf>| {
                let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
                paths.iter().map(name).collect::<Vec<_>>().join(" ")
            };
            (names(&ripe), names(&others))
        }

        /// Takes what is ripe; these are wrong.
        fn take(&mut self, wrong: &[&str]) -> Vec<bool> {
            let (ripe, _) = self.settling.parted(self.now);
            let doubts = wrong.iter().map(|file| self.settling.doubt(&self.dir.path().join(file), self.now)).collect();
            self.settling.take(&ripe, self.now);
            doubts
        }
    }

    fn two(ripe: &str, others: &str) -> (String, String) {
        (ripe.to_owned(), others.to_owned())
    }

    #[test]
    fn a_file_that_never_rests_holds_up_no_other() {
        let mut scene = Scene::new(&["a.toml", "b.toml"]);
        assert_eq!(scene.look(0), two("", ""));
        scene.write("a.toml", "one");
        scene.write("b.toml", "one");
        assert_eq!(scene.look(0), two("", "a b"));
        scene.write("a.toml", "twice");
        assert_eq!(scene.look(300), two("b", "a"));
        assert_eq!(scene.take(&[]), Vec::<bool>::new());
        assert!(scene.settling.is_moving());
        for n in 0..5 {
            scene.write("a.toml", &"on".repeat(n));
            assert_eq!(scene.look(299), two("", "a"), "{n}");
        }
        assert_eq!(scene.look(300), two("a", ""));
        scene.take(&[]);
        assert_eq!(scene.look(0), two("", ""));
        assert!(!scene.settling.is_moving());
    }

    #[test]
    fn what_is_wrong_is_believed_later() {
        let mut scene = Scene::new(&[]);
        scene.write("half.toml", "plug");
        scene.look(0);
        assert_eq!(scene.look(300), two("half", ""));
        assert_eq!(scene.take(&["half.toml"]), [true]);
        assert_eq!(scene.look(1_199), two("", "half"));
        assert_eq!(scene.look(1), two("half", ""));
        assert_eq!(scene.take(&["half.toml"]), [false], "it is wrong");
        assert!(!scene.settling.is_moving());
        assert_eq!(scene.take(&["half.toml", "elsewhere.toml"]), [false, false], "nobody is writing it");
        // Mended meanwhile.
        scene.write("half.toml", "plugin =");
        scene.look(0);
        scene.look(300);
        assert_eq!(scene.take(&["half.toml"]), [true]);
        scene.write("half.toml", "plugin = 'rss'");
        assert_eq!(scene.look(100), two("", "half"));
        assert_eq!(scene.look(300), two("half", ""));
        assert_eq!(scene.take(&[]), Vec::<bool>::new());
        assert!(!scene.settling.is_moving());
    }

    #[test]
    fn what_is_gone_may_be_about_to_come_back() {
        let mut scene = Scene::new(&["a.toml", "b.toml"]);
        std::fs::remove_file(scene.dir.path().join("a.toml")).unwrap();
        std::fs::remove_file(scene.dir.path().join("b.toml")).unwrap();
        assert_eq!(scene.look(0), two("", "a b"));
        scene.write("b.toml", "another");
        assert_eq!(scene.look(1_000), two("", "a b"));
        assert_eq!(scene.look(500), two("a b", ""));
        scene.take(&[]);
        assert_eq!(scene.look(0), two("", ""));
    }
}
