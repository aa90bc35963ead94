//! The files of the plugins directory.
//!
//! Owns: which files count (`*.wasm`, not hidden, not in directories below), how a change is seen without reading, and
//! reading under the size cap. Must not know: components. Called by the catalogue; the disk is never touched on an async
//! thread.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tidegate_core::limits;

use crate::plugins::refusal::RefusalKind;

const NOT_REGULAR: &str = "it is not a regular file";

/// What tells a file from its next version. A copy that keeps the modification time still changes the inode's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    place: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// A file that may hold a component.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Why it is not to be read, or its mark.
    pub(super) mark: Result<Mark, RefusalKind>,
}

/// The files of a directory, by name. Where there are too many, those that are `known` go before others.
pub(super) async fn list(dir: PathBuf, known: BTreeSet<PathBuf>) -> io::Result<Vec<Found>> {
    away(move || list_now(&dir, &known)).await
}

/// What reading a file gave.
pub(super) enum Given {
    /// All of it.
    Bytes(Vec<u8>),
    /// It is not the file that was looked at any more.
    Moved,
    /// It is not to be read.
    Refused(RefusalKind),
}

/// The bytes of a file, as it was when it was looked at.
pub(super) async fn read(file: &Found) -> Given {
    let mark = match &file.mark {
        Ok(mark) => *mark,
        Err(kind) => return Given::Refused(kind.clone()),
    };
    let path = file.path.clone();
    match away(move || read_now(&path)).await {
        Err(error) => Given::Refused(unreadable(&error)),
        Ok((_, after)) if after != mark => Given::Moved,
        Ok((bytes, _)) => Given::Bytes(bytes),
    }
}

async fn away<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn unreadable(error: &io::Error) -> RefusalKind {
    RefusalKind::Unreadable { why: error.to_string() }
}

fn list_now(dir: &Path, known: &BTreeSet<PathBuf>) -> io::Result<Vec<Found>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("wasm")) {
            paths.push(path);
        }
    }
    paths.sort_by(|a, b| (!known.contains(a), a).cmp(&(!known.contains(b), b)));
    // One beyond the cap says that there are too many; whoever has a million gets no million lines.
    paths.truncate(limits::PLUGINS + 1);
    let found = paths.into_iter().enumerate().map(|(i, path)| {
        let mark = if i < limits::PLUGINS { look_at(&path) } else { Err(RefusalKind::TooMany) };
        Found { path, mark }
    });
    Ok(found.collect())
}

fn look_at(path: &Path) -> Result<Mark, RefusalKind> {
    // Follows links: a link to a component elsewhere is a usual way to install one.
    let data: Metadata = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !data.is_file() {
        return Err(RefusalKind::Unreadable { why: NOT_REGULAR.to_owned() });
    }
    if data.len() > limits::COMPONENT_BYTES as u64 {
        return Err(RefusalKind::TooLarge { bytes: data.len() });
    }
    Ok(Mark::of(&data))
}

impl Mark {
    fn of(data: &Metadata) -> Self {
        Self {
            place: (data.dev(), data.ino()),
            size: data.len(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        }
    }
}

/// The bytes of a file that is no pipe and no device, and not too large.
pub(super) fn bytes_now(path: &Path) -> io::Result<Vec<u8>> {
    let (bytes, _) = read_now(path)?;
    if bytes.len() > limits::COMPONENT_BYTES { Err(ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// The bytes, and the mark of the file when they were read.
fn read_now(path: &Path) -> io::Result<(Vec<u8>, Mark)> {
    let mut bytes = Vec::new();
    // Without waiting: a pipe may have taken its place since it was looked at, and opening one waits for who writes there.
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut file = File::options().read(true).custom_flags(nonblock).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(NOT_REGULAR));
    }
    // It may have grown since it was looked at.
    file.by_ref().take(limits::COMPONENT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes, Mark::of(&file.metadata()?)))
}
