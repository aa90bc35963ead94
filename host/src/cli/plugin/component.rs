//! The component a command is about: read from a file, looked for in a project, or taken from those that serve.
//!
//! Owns: where a project keeps what it builds. Must not know: how a component is loaded (the plugin room does). Called by
//! `plugin check`, `test`, `run` and `record`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::cli::home::Home;
use crate::cli::progress::watched;
use crate::plugins::{Origin, Plugin, RefusalKind};

/// Where the usual toolchains put a component, below the project. The first that holds one counts.
const PLACES: [&str; 9] = [
    ".",
    "dist",
    "build",
    "out",
    "target/wasm32-unknown-unknown/release",
    "target/wasm32-unknown-unknown/guest",
    "target/wasm32-wasip2/release",
    "target/wasm32-unknown-unknown/debug",
    "target/wasm32-wasip2/debug",
];

/// Loads a component from a file.
pub(super) async fn load(home: &Home, file: &Path) -> Result<Arc<Plugin>, CliError> {
    let room = home.room(None)?;
    let bytes = read(file)?;
    let loaded = watched("checking the component", room.load(bytes, Origin::File(file.to_path_buf()))).await;
    loaded.map_err(|refusal| refused(file, &refusal.kind))
}

fn refused(file: &Path, kind: &RefusalKind) -> CliError {
    CliError::refused(format!("{} was refused: {kind}", file.display())).hint(kind.remedy())
}

/// Loads a component from a file, or the plugin of that name that would serve here.
pub(super) async fn file_or_name(home: &Home, given: &str) -> Result<Arc<Plugin>, CliError> {
    let path = Path::new(given);
    if path.is_file() || given.ends_with(".wasm") || given.contains('/') {
        return load(home, path).await;
    }
    let catalogue = home.catalogue().await?;
    catalogue.get(given).map_err(|unknown| {
        CliError::not_found(unknown.to_string()).hint("name a component file, or a plugin of `tidegate plugin list`")
    })
}

/// The component that a project has built.
pub(super) fn of_project(dir: &Path) -> Result<PathBuf, CliError> {
    for place in PLACES {
        let mut found = components(&dir.join(place));
        match (found.pop(), found.len()) {
            (Some(only), 0) => return Ok(only),
            (Some(last), _) => {
                let names: Vec<String> = found.iter().chain([&last]).map(|path| path.display().to_string()).collect();
                return Err(CliError::usage(format!("there are several components: {}", names.join(", ")))
                    .hint("name one with --component"));
            }
            (None, _) => {}
        }
    }
    Err(CliError::not_found(format!("there is no component in {}", dir.display()))
        .hint(format!("build it first, or name it with --component; looked for *.wasm in {}", PLACES.join(", "))))
}

fn components(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut found: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "wasm") && path.is_file()).collect();
    found.sort();
    found
}

/// The bytes of a component, no more than may be loaded.
fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    use std::io::Read;
    let refuse = |error: std::io::Error| CliError::not_found(format!("{} cannot be read: {error}", file.display()));
    let most = u64::try_from(tidegate_core::limits::COMPONENT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    // Opening a pipe would wait for whoever writes into it.
    let data = std::fs::metadata(file).map_err(refuse)?;
    if !data.is_file() {
        return Err(CliError::not_found(format!("{} cannot be read: it is not a file", file.display())));
    }
    if data.len() >= most {
        return Err(refused(file, &RefusalKind::TooLarge { bytes: data.len() }));
    }
    std::fs::File::open(file).map_err(refuse)?.take(most).read_to_end(&mut bytes).map_err(refuse)?;
    Ok(bytes)
}
