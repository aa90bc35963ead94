//! What a task needs of the machine.
//!
//! Owns: the checks for the toolchain of `rust-toolchain.toml`, its WASM target and component linker, and a C compiler;
//! and installing the target, the one thing rustup does not bring by itself. Called first by every task.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::cargo::root;
use crate::stop::Stop;

/// The guests' target.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// Makes sure of all of it.
///
/// # Errors
/// [`Stop::Missing`] with the remedy.
pub(crate) fn ensure() -> Result<(), Stop> {
    let channel = channel()?;
    rust(&channel)?;
    wasm_target(&channel)?;
    c_compiler()
}

/// The toolchain the project names: `channel = "..."` in `rust-toolchain.toml`.
fn channel() -> Result<String, Stop> {
    let file = root().join("rust-toolchain.toml");
    let text = fs::read_to_string(&file)
        .map_err(|cause| Stop::File { attempt: format!("could not read {}", file.display()), cause })?;
    channel_of(&text).ok_or_else(|| Stop::Missing(format!("{} names no channel", file.display())))
}

fn channel_of(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix("channel")?.trim_start().strip_prefix('='))?;
    value.trim().strip_prefix('"')?.split_once('"').map(|(channel, _)| channel.to_owned())
}

/// rustup has brought the toolchain before this program was compiled. Without rustup it may be another one.
fn rust(channel: &str) -> Result<(), Stop> {
    let version = answer(Command::new("rustc").arg("--version")).ok_or_else(|| {
        Stop::Missing(format!("there is no rustc: install rustup (https://rustup.rs), which brings {channel}"))
    })?;
    if version.split_whitespace().nth(1) != Some(channel) {
        eprintln!(
            "xtask: warning: the project is built with Rust {channel}, this is {}; with rustup (https://rustup.rs) the right \
             one is chosen by itself",
            version.trim()
        );
    }
    Ok(())
}

fn wasm_target(channel: &str) -> Result<(), Stop> {
    if has_wasm_target() {
        return Ok(());
    }
    eprintln!("== target {WASM} is missing: rustup target add --toolchain {channel} {WASM}");
    match Command::new("rustup").args(["target", "add", "--toolchain", channel, WASM]).status() {
        Ok(status) if status.success() && has_wasm_target() => Ok(()),
        Ok(status) => Err(Stop::Missing(format!(
            "the plugins need the target {WASM}, and `rustup target add --toolchain {channel} {WASM}` did not bring it \
             ({status}): is the network there?"
        ))),
        Err(_) => Err(Stop::Missing(format!(
            "the plugins need the target {WASM}, and there is no rustup to bring it: install rustup (https://rustup.rs), or \
             the standard library for {WASM} with the tool that installed Rust"
        ))),
    }
}

/// Its standard library and the component linker: both are files of the sysroot.
fn has_wasm_target() -> bool {
    let Some(sysroot) = answer(Command::new("rustc").args(["--print", "sysroot"])) else { return false };
    let rustlib = PathBuf::from(sysroot.trim()).join("lib").join("rustlib");
    let library = fs::read_dir(rustlib.join(WASM).join("lib")).is_ok_and(|mut files| files.next().is_some());
    let linker = fs::read_dir(&rustlib).is_ok_and(|targets| {
        targets.flatten().any(|target| target.path().join("bin").join("wasm-component-ld").is_file())
    });
    if library && !linker {
        eprintln!("xtask: warning: wasm-component-ld is not in {}: the guests may not link", rustlib.display());
    }
    library
}

/// SQLite and zstd are C. `CC` counts as it does for the crates that compile them.
#[expect(clippy::disallowed_methods, reason = "CC is the convention of C builds, not configuration of the daemon")]
fn c_compiler() -> Result<(), Stop> {
    let named = std::env::var_os("CC").filter(|name| !name.is_empty());
    let name = named.clone().unwrap_or_else(|| "cc".into());
    // `CC` may hold flags and wrappers; only its own crates take it apart, so only the usual name is tried.
    if named.is_some() || answer(Command::new(&name).arg("--version")).is_some() {
        return Ok(());
    }
    Err(Stop::Missing(
        "there is no C compiler `cc`, and SQLite is built from C: install one (Debian: apt install build-essential; Fedora: \
         dnf install gcc; macOS: xcode-select --install)"
            .to_owned(),
    ))
}

/// What a command prints, if it runs well.
fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_channel_is_read_as_it_stands() {
        let cases = [
            ("[toolchain]\nchannel = \"1.95.0\"\nprofile = \"minimal\"", Some("1.95.0")),
            ("[toolchain]\n  channel=\"nightly\" # why", Some("nightly")),
            ("[toolchain]\nprofile = \"minimal\"", None),
            ("channel = 1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(channel_of(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_projects_own_file_names_a_channel() {
        assert!(channel().is_ok());
    }
}
