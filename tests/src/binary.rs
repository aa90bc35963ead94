//! Where the binaries are: beside this test in the target directory, built on demand.
//!
//! Owns: the search and the one build per process. Called by the daemon's helpers and the benches.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::Trouble;

/// The daemon's binary. `TIDEGATE_BIN` names another one, which is then taken as it is; otherwise
/// `cargo build -p tidegate --bin tidegate` runs once per process, in the profile of this test, and does nothing where
/// it is fresh.
///
/// # Errors
/// When it cannot be built. The same for every caller in this process.
pub fn tidegate() -> Result<&'static Path, &'static Trouble> {
    static FOUND: OnceLock<Result<PathBuf, Trouble>> = OnceLock::new();
    FOUND
        .get_or_init(|| match environment("TIDEGATE_BIN") {
            Some(path) => Ok(PathBuf::from(path)),
            None => build("tidegate", "tidegate"),
        })
        .as_deref()
}

/// Builds a binary of the workspace in the profile this program was built in.
///
/// # Errors
/// When cargo cannot be started or refuses.
pub fn build(package: &str, name: &str) -> Result<PathBuf, Trouble> {
    let profile_dir = profile_dir()?;
    // The directory `debug` holds what cargo calls `dev`; all others have the profile's name.
    let profile = match profile_dir.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let cargo = environment("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--package", package, "--bin", name, "--profile", profile])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null());
    // Build scripts that look at the package they are built for would run again each time.
    for name in [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_MANIFEST_LINKS",
        "CARGO_PKG_NAME",
        "CARGO_PKG_VERSION",
        "CARGO_PKG_VERSION_MAJOR",
        "CARGO_PKG_VERSION_MINOR",
        "CARGO_PKG_VERSION_PATCH",
        "CARGO_PKG_VERSION_PRE",
    ] {
        command.env_remove(name);
    }
    if let Some(target) = profile_dir.parent() {
        command.arg("--target-dir").arg(target);
    }
    let typed = format!("{command:?}");
    let output = command.output().map_err(Trouble::io(format!("starting {typed}")))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Trouble::Failed { command: typed, status: output.status, stderr });
    }
    Ok(profile_dir.join(name))
}

/// `target/<profile>`: where this program is, or above it where cargo put it into `deps`.
///
/// # Errors
/// When the system does not say where this program is.
pub fn profile_dir() -> Result<PathBuf, Trouble> {
    let own = std::env::current_exe().map_err(Trouble::io("finding this program"))?;
    let dir = own.parent().unwrap_or(Path::new("."));
    let above = if dir.ends_with("deps") { dir.parent().unwrap_or(dir) } else { dir };
    Ok(above.to_path_buf())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by cargo and CI through the environment; it is not the daemon"
)]
pub(crate) fn environment(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The names of our own variables in the environment of this program. The daemon refuses those it does not know.
#[expect(clippy::disallowed_methods, reason = "as above")]
pub(crate) fn our_variables() -> Vec<std::ffi::OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| name.to_string_lossy().starts_with("TIDEGATE_")).collect()
}
