//! `plugin list|check|release`: one file for each.
//!
//! Owns: which command goes where. Must not know: what any of them does.

mod check;
mod list;
mod release;

use super::args::{Place, PluginCommand};
use super::error::{CliError, Exit};
use super::home::Home;
use super::output::Output;

pub(super) use list::quarantines;

/// Runs a `plugin` command.
pub(super) async fn plugin(place: &Place, command: &PluginCommand, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    match command {
        PluginCommand::List => list::list(&home, output).await,
        PluginCommand::Check { file } => check::check(&home, file, output).await,
        PluginCommand::Release { name } => release::release(&home, name, output).await,
    }
}
