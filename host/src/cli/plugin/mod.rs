//! `plugin list|check|test|run|record|release`: one file for each.
//!
//! Owns: which command goes where. Must not know: what any of them does.

mod check;
mod component;
mod list;
mod rehearse;
mod release;
mod test;

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
        PluginCommand::Check { file, fixtures } => check::check(&home, file, fixtures.as_deref(), output).await,
        PluginCommand::Test(args) => test::test(&home, args, output).await,
        PluginCommand::Run(args) => Box::pin(rehearse::run(&home, args, output)).await,
        PluginCommand::Record(args) => Box::pin(rehearse::record(&home, args, output)).await,
        PluginCommand::Release { name } => release::release(&home, name, output).await,
    }
}
