//! How this program calls cargo and other tools.
//!
//! Owns: the commands as values that can be run, shown to a person, or taken over by. Must not know: what they are for.
//! Called by every task.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::stop::Stop;

/// The folder of the workspace: the parent of this crate's.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// The cargo that runs this program, so that the children use the same toolchain.
pub(crate) fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    forget_this_crate(&mut command);
    command
}

/// Cargo's build settings of the outer call are for the machine's own target; a guest has its own. The build script of
/// the host does the same, so that both share one build.
pub(crate) fn guest_cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = cargo(args);
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
        "RUSTC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
    ] {
        command.env_remove(name);
    }
    command
}

/// `cargo run` describes this crate in variables; a child that saw them would take them for its own.
#[expect(clippy::disallowed_methods, reason = "not configuration: only names are read, to take them away")]
fn forget_this_crate(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let this_crate = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_") || name.starts_with("CARGO_MANIFEST_")
        });
        if this_crate {
            command.env_remove(name);
        }
    }
}

/// The command as a person would type it. Arguments with blanks are quoted.
pub(crate) fn shown(command: &Command) -> String {
    let words = core::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| {
        let word = word.to_string_lossy();
        let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c));
        if plain { word.into_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Becomes the command: its exit code is ours, and a Ctrl-C reaches it and nobody else, so that it can drain.
pub(crate) fn become_it(mut command: Command) -> Result<(), Stop> {
    use std::os::unix::process::CommandExt as _;
    let cause = command.exec();
    Err(Stop::File { attempt: format!("could not start `{}`", shown(&command)), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let cases: [(&[&str], &str); 4] = [
            (&["build", "-p", "x"], "cargo build -p x"),
            (&["run", "--", "a b"], "cargo run -- 'a b'"),
            (&["it's"], r"cargo 'it'\''s'"),
            (&[""], "cargo ''"),
        ];
        for (args, expected) in cases {
            assert_eq!(shown(&cargo(args.iter().copied())), expected);
        }
    }
}
