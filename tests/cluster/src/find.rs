//! Where the system keeps PostgreSQL's programs, and who may run them.
//!
//! Owns: the search: the path first, then Debian's folders, the newest release of those. Must not know: what is run.

use std::fs;
use std::path::{Path, PathBuf};

/// Debian's packages keep the programs of each release apart, and only some of them in the path.
const DEBIAN: &str = "/usr/lib/postgresql";
/// What is needed.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// The folder of the programs.
pub(crate) fn binaries() -> Result<PathBuf, String> {
    let mut releases: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir(DEBIAN).into_iter().flatten().flatten() {
        if let Some(release) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            releases.push((release, entry.path().join("bin")));
        }
    }
    releases.sort();
    let folders = path().into_iter().chain(releases.into_iter().rev().map(|(_, folder)| folder));
    let whole = |folder: &PathBuf| PROGRAMS.iter().all(|program| folder.join(program).is_file());
    folders.into_iter().find(whole).ok_or_else(|| {
        format!(
            "there is no folder with {} in the path or in {DEBIAN}; Debian's package is `postgresql`",
            PROGRAMS.join(", ")
        )
    })
}

#[expect(clippy::disallowed_methods, reason = "where programs are is the environment's to say")]
fn path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// Who runs the server where the tests are run by root, whom it refuses: its own user if the package made one, else nobody.
/// User and group.
pub(crate) fn user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    let named = |wanted: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next()? != wanted {
                return None;
            }
            Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
        })
    };
    named("postgres").or_else(|| named("nobody")).or(Some((65_534, 65_534)))
}
