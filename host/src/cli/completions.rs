//! `completions`: a script for the user's shell.

use clap::CommandFactory;

use super::args::Args;
use super::error::{CliError, Exit};

/// Prints the script.
#[expect(clippy::unnecessary_wraps, reason = "every command has this shape")]
pub(super) fn completions(shell: clap_complete::Shell) -> Result<Exit, CliError> {
    clap_complete::generate(shell, &mut Args::command(), "tidegate", &mut std::io::stdout());
    Ok(Exit::Ok)
}
