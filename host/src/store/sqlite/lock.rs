//! One daemon at a time.
//!
//! Owns: the lock file beside the database. It is locked as a whole by the operating system, which lets go of it whatever
//! way the process ends; what it says (the process id) is for people only. The file itself stays: removing it would let
//! two daemons lock two files of one name. Called when a database is opened.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::ports::StoreError;

/// Holds until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// The lock file of a database file.
///
/// Named after the file itself, however it was spelled: two spellings or a link must not be two locks.
fn path_of(database: &Path) -> PathBuf {
    let real = database.canonicalize().or_else(|_| {
        let (folder, name) = (database.parent().unwrap_or(Path::new("")), database.file_name().unwrap_or_default());
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        folder.canonicalize().map(|folder| folder.join(name))
    });
    let mut name = real.unwrap_or_else(|_| database.to_path_buf()).into_os_string();
    name.push(".lock");
    name.into()
}

impl Lock {
    /// Takes the lock on `database`.
    ///
    /// # Errors
    /// [`StoreError::InUse`] with the holder's process id; [`StoreError::ReadOnly`] if there can be no lock file.
    pub(super) fn take(database: &Path) -> Result<Self, StoreError> {
        let path = path_of(database);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(|error| cannot(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // Who holds it is told as far as it can be read.
                let read = file.read_to_string(&mut pid);
                let known = read.is_ok() && !pid.trim().is_empty();
                let pid = if known { pid.trim().to_owned() } else { "unknown".to_owned() };
                return Err(StoreError::InUse { file: database.display().to_string(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(cannot(&path, &error)),
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(|error| cannot(&path, &error))?;
        Ok(Self { _file: file })
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> StoreError {
    let file = path.display().to_string();
    match error.kind() {
        ErrorKind::StorageFull => StoreError::DiskFull { doing: "write the lock file".to_owned(), file },
        ErrorKind::NotFound => {
            StoreError::ReadOnly { file, why: "its folder does not exist; create it first".to_owned() }
        }
        _ => StoreError::ReadOnly { file, why: error.to_string() },
    }
}
