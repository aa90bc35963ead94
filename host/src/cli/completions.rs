//! `completions`: a script for the user's shell.

use clap::CommandFactory;

use super::args::Args;
use super::error::{CliError, Exit};
use super::output::print;

/// Prints the script.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "tidegate", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
