//! Guests for tests, built when first asked for.
//!
//! Owns: the cargo call that builds a guest of `tests/guests`, with a target directory of its own and none of the outer
//! call's settings. Must not know: what a guest does. Called by tests that need a component.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

/// A cargo without the settings of the outer one, which are meant for the host's target.
#[expect(clippy::disallowed_methods, reason = "the outer cargo speaks through the environment")]
fn nested_cargo(root: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let kept = ["CARGO_HOME", "CARGO_NET_OFFLINE"].contains(&name);
        if (name.starts_with("CARGO") && !kept) || name.starts_with("RUSTC") || name.starts_with("RUSTFLAGS") {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The component of a guest package, built with these features.
///
/// # Errors
/// What cargo said when it could not be built.
pub fn build(package: &str, features: &[&str]) -> Result<Vec<u8>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // Two sets of features must not overwrite each other's file.
    let target =
        target_dir(&root).join("guests").join(["tests"].iter().chain(features).copied().collect::<Vec<_>>().join("-"));
    let mut cargo = nested_cargo(&root);
    cargo.args(["build", "--quiet", "--profile", "guest", "--target", TARGET, "-p", package]);
    cargo.arg("--target-dir").arg(&target);
    if !features.is_empty() {
        cargo.args(["--features", &features.join(",")]);
    }
    let done = cargo.output().map_err(|error| format!("cargo could not be started: {error}"))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        return Err(format!("{package} could not be built (rustup target add {TARGET}?):\n{said}"));
    }
    let file = target.join(TARGET).join("guest").join(format!("{}.wasm", package.replace('-', "_")));
    std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))
}

/// The target directory this very program was built into.
fn target_dir(root: &Path) -> PathBuf {
    let holds = |dir: &&Path| dir.join("CACHEDIR.TAG").is_file();
    let here = env::current_exe().unwrap_or_default();
    here.ancestors().find(holds).map_or_else(|| root.join("target"), Path::to_path_buf)
}

/// A copy of a component in which a text is replaced by another of the same length, wherever it stands.
///
/// # Panics
/// If the lengths differ or the text is not there: the test would look at something else than it says.
#[must_use]
pub fn patched(component: &[u8], old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len(), "{old:?} and {new:?} have different lengths");
    let mut bytes = component.to_vec();
    let mut places = 0;
    let mut at = 0;
    while let Some(window) = bytes.get_mut(at..at + old.len()) {
        if window == old.as_bytes() {
            window.copy_from_slice(new.as_bytes());
            places += 1;
        }
        at += 1;
    }
    assert!(places > 0, "{old:?} is not in the component");
    bytes
}

/// The same component with a mark at its end, which changes nothing but its digest: a custom section (section 2.5 of the core
/// specification, which components share).
#[must_use]
pub fn marked(component: &[u8], mark: &str) -> Vec<u8> {
    let name = "mark";
    let length = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX).min(100);
    let (name_length, size) = (length(name), length(name) + length(mark) + 1);
    let mark = mark.as_bytes().iter().take(100);
    let mut bytes = component.to_vec();
    bytes.extend([0, size, name_length].iter().chain(name.as_bytes()).chain(mark));
    bytes
}
