//! `plugin list|new|check|release`: one file or folder for each.
//!
//! Owns: which command goes where. Must not know: what any of them does.

mod check;
mod list;
mod new;
mod release;

use super::args::{Place, PluginCommand};
use super::error::{CliError, Exit};
use super::home::Home;
use super::output::Output;

pub(super) use list::quarantines;
pub(super) use new::PluginName;

/// Runs a `plugin` command.
pub(super) async fn plugin(place: &Place, command: &PluginCommand, output: Output) -> Result<Exit, CliError> {
    // `new` makes a project of what is in this binary: no configuration has a say in it.
    let home = || Home::find(place);
    match command {
        PluginCommand::New(args) => new::new(&place.dir, args, output),
        PluginCommand::List => list::list(&home()?, output).await,
        PluginCommand::Check { file } => check::check(&home()?, file, output).await,
        PluginCommand::Release { name } => release::release(&home()?, name, output).await,
    }
}
