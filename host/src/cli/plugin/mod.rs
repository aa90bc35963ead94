//! `plugin list|new|check|test|run|record|release`: one file or folder for each.
//!
//! Owns: which command goes where. Must not know: what any of them does.

mod check;
mod component;
mod list;
mod new;
mod rehearse;
mod release;
mod test;

use super::args::{Place, PluginCommand};
use super::error::{CliError, Exit};
use super::home::Home;
use super::output::Output;

pub(super) use list::{quarantines, served_by_a_daemon, used};
pub(super) use new::PluginName;

/// Runs a `plugin` command.
pub(super) async fn plugin(place: &Place, command: &PluginCommand, output: Output) -> Result<Exit, CliError> {
    // `new` makes a project of what is in this binary: no configuration has a say in it.
    let home = || Home::find(place);
    match command {
        PluginCommand::New(args) => new::new(&place.dir, args, output),
        PluginCommand::List => list::list(&home()?, output).await,
        PluginCommand::Check { file, fixtures } => check::check(&home()?, file, fixtures.as_deref(), output).await,
        PluginCommand::Test(args) => test::test(&home()?, args, output).await,
        PluginCommand::Run(args) => Box::pin(rehearse::run(&home()?, args, output)).await,
        PluginCommand::Record(args) => Box::pin(rehearse::record(&home()?, args, output)).await,
        PluginCommand::Release { name } => release::release(&home()?, name, output).await,
    }
}
