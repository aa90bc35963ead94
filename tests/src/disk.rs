//! Disks that can be filled, and disks that refuse to be written.
//!
//! Owns: a small file system of its own over a folder, which takes root; a library between a process and the system that lets
//! writes under a folder fail (`sick_disk.c`: a file system that goes read-only under an open file cannot be had without one); and
//! the limit of a process on the length of its files. Called by the tests of disks.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::Trouble;

/// A small file system over a folder, which only root may make. Gone when dropped.
pub struct Disk(PathBuf);

impl Disk {
    /// Makes it, with these options of `mount`; `None` for who may not.
    #[must_use]
    pub fn over(folder: &Path, options: &str) -> Option<Self> {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tidegate-test"]).arg(folder).output();
        done.is_ok_and(|done| done.status.success()).then(|| Self(folder.to_path_buf()))
    }

    /// Mounts it again with other options.
    ///
    /// # Errors
    /// What `mount` said.
    pub fn again(&self, options: &str) -> Result<(), Trouble> {
        let done = Command::new("mount").args(["-o", options]).arg(&self.0).output();
        let done = done.map_err(Trouble::io("starting mount"))?;
        let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
        let failed = || Trouble::Failed { command: format!("mount -o {options}"), status: done.status, stderr };
        if done.status.success() { Ok(()) } else { Err(failed()) }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that is just ending may still hold it.
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

/// Writes a file until there is no room.
///
/// # Errors
/// When it cannot be made.
pub fn fill(path: &Path) -> Result<(), Trouble> {
    let mut file = std::fs::File::create(path).map_err(Trouble::io(format!("making {}", path.display())))?;
    while file.write_all(&[0; 4_096]).is_ok() {}
    Ok(())
}

/// Errors for one process that writes under one folder.
pub struct SickDisk {
    library: PathBuf,
    word: PathBuf,
    folder: PathBuf,
    _own: tempfile::TempDir,
}

impl SickDisk {
    /// Builds the library; healthy until told otherwise.
    ///
    /// # Errors
    /// When there is no C compiler, which Rust needs too.
    pub fn of(folder: &Path) -> Result<Self, Trouble> {
        let own = tempfile::tempdir().map_err(Trouble::io("making a directory"))?;
        let (source, library) = (own.path().join("sick_disk.c"), own.path().join("sick_disk.so"));
        std::fs::write(&source, include_str!("sick_disk.c")).map_err(Trouble::io("writing a source file"))?;
        let mut cc = Command::new("cc");
        let built = cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl").output();
        let built = built.map_err(Trouble::io("starting cc"))?;
        if !built.status.success() {
            let stderr = String::from_utf8_lossy(&built.stderr).into_owned();
            return Err(Trouble::Failed { command: format!("{cc:?}"), status: built.status, stderr });
        }
        Ok(Self { library, word: own.path().join("word"), folder: folder.to_path_buf(), _own: own })
    }

    /// Has a command live with this disk.
    pub fn put_under(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("SICK_DISK", &self.word).env("SICK_DISK_DIR", &self.folder);
    }

    /// From now on writes fail with this error: `EROFS`, `ENOSPC` or `EIO`.
    ///
    /// # Errors
    /// When that cannot be noted.
    pub fn fall_ill(&self, error: &str) -> Result<(), Trouble> {
        std::fs::write(&self.word, error).map_err(Trouble::io("writing the error"))
    }

    /// From now on they do not.
    ///
    /// # Errors
    /// When that cannot be noted.
    pub fn recover(&self) -> Result<(), Trouble> {
        std::fs::remove_file(&self.word).map_err(Trouble::io("removing the error"))
    }
}

/// The longest that a file which this process writes may become, in bytes; `None`: any length. It gets `EFBIG` if it ignores
/// SIGXFSZ.
///
/// # Errors
/// When the process is gone or not ours.
pub fn limit_files(process: u32, bytes: Option<u64>) -> Result<(), Trouble> {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    let limited = prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None });
    limited
        .map(drop)
        .map_err(|error| Trouble::Io { what: "limiting the length of files".to_owned(), error: error.into() })
}
