//! Writing a project: all of it, or nothing.
//!
//! Owns: the folder it is written to first, and the rename. Must not know: what is in the files.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

/// Writes the files into a new folder `to`. They are written beside it first, so that an interruption leaves no half project
/// there; a folder that is there has to be empty, which the rename itself makes sure of.
pub(super) fn write(to: &Path, files: &[(String, Cow<'static, [u8]>)]) -> Result<(), WriteError> {
    if let Some(name) = first_entry(to)? {
        return Err(WriteError::NotEmpty { name });
    }
    let above = match to.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    let at = |path: &Path| {
        let path = path.to_path_buf();
        move |error| WriteError::Io { path, error }
    };
    std::fs::create_dir_all(above).map_err(at(above))?;
    let folder = tempfile::Builder::new().prefix(".tidegate-new-").tempdir_in(above).map_err(at(above))?;
    for (path, content) in files {
        let file = folder.path().join(path);
        if let Some(dir) = file.parent() {
            std::fs::create_dir_all(dir).map_err(at(dir))?;
        }
        std::fs::write(&file, content).map_err(at(&file))?;
    }
    open_to_all(folder.path()).map_err(at(folder.path()))?;
    // On Unix this takes the place of an empty folder, and of nothing else. Dropped when it fails, the other folder goes.
    std::fs::rename(folder.path(), to).map_err(|error| match first_entry(to) {
        // Somebody else has written there meanwhile.
        Ok(Some(name)) => WriteError::NotEmpty { name },
        _ => at(to)(error),
    })?;
    let _moved = folder.keep();
    Ok(())
}

/// Why a project was not written; nothing of it is there.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    /// There is something at its place.
    #[error("it is not empty: {} is there", name.display())]
    NotEmpty {
        /// What.
        name: PathBuf,
    },
    /// The system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

/// What is in the folder, or stands at its place and is none.
fn first_entry(to: &Path) -> Result<Option<PathBuf>, WriteError> {
    let failed = |error| WriteError::Io { path: to.to_path_buf(), error };
    match std::fs::read_dir(to) {
        Ok(mut entries) => match entries.next() {
            Some(entry) => Ok(Some(entry.map_err(failed)?.file_name().into())),
            None => Ok(None),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(Some(to.to_path_buf())),
        Err(error) => Err(failed(error)),
    }
}

/// A temporary folder is its owner's alone; a project is as open as what `mkdir` makes, one of its own subfolders for example.
fn open_to_all(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let metadata = entry?.metadata()?;
        if metadata.is_dir() {
            return std::fs::set_permissions(folder, metadata.permissions());
        }
    }
    Ok(())
}
