//! Being told by the system that something has happened in a directory.
//!
//! Owns: the inotify descriptor, and what is watched with it: the directory, wherever a link leads, and the one above it, where it
//! comes into being or is swapped. Must not know: why. Called by the lookout.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;

/// Bytes for what is told at once; what does not fit is read next.
const BUFFER: usize = 4_096;

/// What the system tells of a directory.
#[derive(Debug)]
pub(super) struct Told {
    dir: PathBuf,
    from: AsyncFd<OwnedFd>,
    /// The directory's watch: another number when the directory is another one.
    own: Option<i32>,
    above: Option<i32>,
}

impl Told {
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        let descriptor = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        #[expect(
            deprecated,
            reason = "unsound only for a type whose descriptor changes; an `OwnedFd` keeps the one it owns"
        )]
        let from = AsyncFd::new(descriptor)?;
        let mut told = Self { dir, from, own: None, above: None };
        told.arm();
        if told.above.is_none() && told.own.is_none() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "neither it nor the directory above it can be watched",
            ));
        }
        Ok(told)
    }

    /// Watches what is there now. What is watched already stays so.
    pub(super) fn arm(&mut self) {
        let above = match self.dir.parent() {
            Some(above) if !above.as_os_str().is_empty() => above.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let names = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVED_TO | WatchFlags::MOVED_FROM;
        self.own = self.put(self.own, &self.dir, names | WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB);
        self.above = self.put(self.above, &above, names);
    }

    /// Gives the watch on a path, and takes the one back that was on it before if that is another one.
    fn put(&self, old: Option<i32>, path: &Path, what: WatchFlags) -> Option<i32> {
        let new = inotify::add_watch(self.from.get_ref(), path, what | WatchFlags::ONLYDIR).ok();
        if let Some(old) = old.filter(|old| Some(*old) != new) {
            // It is gone by itself if its directory is.
            let _gone = inotify::remove_watch(self.from.get_ref(), old);
        }
        new
    }

    /// Waits until something is told of the directory.
    pub(super) async fn heard(&mut self) {
        loop {
            let Ok(mut ready) = self.from.readable().await else {
                // Never, as the descriptor is ours; then looking has to do.
                return core::future::pending().await;
            };
            ready.clear_ready();
            if self.drain() {
                return;
            }
        }
    }

    /// Reads all that was told. Gives whether some of it is about the directory.
    pub(super) fn drain(&mut self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = Reader::new(self.from.get_ref(), &mut buffer);
        let name = self.dir.file_name().map(std::ffi::OsStr::as_encoded_bytes);
        let mut found = false;
        loop {
            match reader.next() {
                Ok(event) if Some(event.wd()) == self.above => {
                    found |= event.file_name().map(std::ffi::CStr::to_bytes) == name;
                }
                Ok(_) => found = true,
                Err(Errno::INTR) => {}
                Err(_) => return found,
            }
        }
    }
}
