//! Watching a directory: when it is worth looking at again.
//!
//! Owns: being told by the system where it tells (inotify), and looking every few seconds all the same, because it does not tell
//! on every file system: network and overlay mounts, links that are swapped above the directory, a directory that is not there yet.
//! Must not know: what lies in the directory. Called by `cli` for plugins and profiles. What is told is a hint only; whoever looks
//! finds out by himself what has changed.

mod inotify;

use std::path::{Path, PathBuf};

use tidegate_core::limits;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use self::inotify::Told;

/// How a directory is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watching {
    /// By being told, and by looking every [`limits::LOOK_SURE`].
    Told,
    /// By looking every [`limits::LOOK_POLL`].
    Polled,
    /// Not at all.
    Off,
}

/// A directory that is watched. It need not exist.
#[derive(Debug)]
pub struct Lookout {
    way: Way,
    /// When it is looked at whatever is told.
    next: Instant,
    /// Something was told that nobody has looked at.
    pending: bool,
}

#[derive(Debug)]
enum Way {
    Told(Told),
    Polled,
    Off,
}

impl Lookout {
    /// Watches a directory. Where the system cannot tell, it is looked at instead, and the log says so.
    #[must_use]
    pub fn open(dir: &Path, watching: Watching) -> Self {
        let way = match watching {
            Watching::Off => Way::Off,
            Watching::Polled => Way::Polled,
            Watching::Told => match Told::open(PathBuf::from(dir)) {
                Ok(told) => Way::Told(told),
                Err(error) => {
                    let (dir, seconds) = (dir.display(), limits::LOOK_POLL.as_secs());
                    tracing::warn!("{dir} cannot be watched ({error}); it is looked at every {seconds} s instead");
                    Way::Polled
                }
            },
        };
        Self { way, next: Instant::now(), pending: false }
    }

    /// Waits until the directory is worth looking at. May be dropped and called again; nothing is missed.
    pub async fn changed(&mut self) {
        if !self.pending {
            match &mut self.way {
                Way::Off => return core::future::pending().await,
                Way::Polled => sleep_until(self.next).await,
                Way::Told(told) => {
                    told.arm();
                    // Whether something was told or not, it is time.
                    let _time = timeout(self.next.saturating_duration_since(Instant::now()), told.heard()).await;
                }
            }
            self.pending = true;
        }
        if let Way::Told(told) = &mut self.way {
            // Copying a file tells many things.
            sleep(limits::LOOK_GATHER).await;
            told.drain();
            // A directory that has just come into being is watched before it is looked at.
            told.arm();
        }
        self.next =
            Instant::now() + if matches!(self.way, Way::Told(_)) { limits::LOOK_SURE } else { limits::LOOK_POLL };
        self.pending = false;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use super::*;

    /// Longer than being told takes, and shorter than looking would.
    const SOON: Duration = Duration::from_secs(4);

    /// A lookout that has had its first look.
    async fn on(dir: &Path) -> Lookout {
        let mut lookout = Lookout::open(dir, Watching::Told);
        lookout.changed().await;
        lookout
    }

    #[tokio::test]
    async fn files_that_come_change_and_go_are_told() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("plugins");
        fs::create_dir(&dir).unwrap();
        let mut lookout = on(&dir).await;
        let file = dir.join("a.wasm");
        for step in 0..4 {
            match step {
                0 => fs::write(&file, "one").unwrap(),
                1 => fs::write(&file, "two").unwrap(),
                2 => fs::rename(&file, dir.join("b.wasm")).unwrap(),
                _ => fs::remove_file(dir.join("b.wasm")).unwrap(),
            }
            timeout(SOON, lookout.changed()).await.unwrap();
        }
    }

    /// A directory that is made later, replaced by another one, or a link to one that is swapped.
    #[tokio::test]
    async fn a_directory_that_becomes_another_is_followed() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("plugins");
        let mut lookout = on(&dir).await;
        for name in ["one", "two", "three"] {
            let other = place.path().join(name);
            fs::create_dir(&other).unwrap();
            let link = place.path().join("new");
            symlink(&other, &link).unwrap();
            fs::rename(&link, &dir).unwrap();
            timeout(SOON, lookout.changed()).await.unwrap();
            fs::write(other.join("a.wasm"), name).unwrap();
            timeout(SOON, lookout.changed()).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn polling_looks_again_and_again_and_off_never() {
        let began = Instant::now();
        let mut lookout = Lookout::open(Path::new("nowhere"), Watching::Polled);
        for _ in 0..4 {
            lookout.changed().await;
        }
        assert_eq!(began.elapsed(), limits::LOOK_POLL * 3, "at once, then by the clock");
        let mut off = Lookout::open(Path::new("nowhere"), Watching::Off);
        assert!(timeout(Duration::from_secs(1_000_000), off.changed()).await.is_err());
    }
}
