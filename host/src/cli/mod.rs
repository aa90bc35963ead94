//! The command line: the composition root.
//!
//! Owns: what is typed and printed, exit codes, and putting the rooms together. Must not know: any rule. Called by `main`.

mod args;
mod completions;
mod config;
mod demo;
mod doctor;
mod error;
mod home;
mod items;
mod output;
mod plugin;
mod profile;
mod progress;
mod runs;
mod serve;
mod signals;
mod source;

use clap::Parser;

pub use args::Args;
pub use error::{CliError, Exit};

use args::Command;
use output::Output;

/// Runs the command line and gives the process's exit code.
#[must_use]
pub fn main() -> std::process::ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // clap prints help and usage by itself; help is no failure.
            let _printed = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Ok.into() };
        }
    };
    let output = Output::new(args.output);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            let error = CliError::failed(format!("the async runtime could not be started: {cause}"));
            return output.fail(&error);
        }
    };
    let result = runtime.block_on(Box::pin(dispatch(args, output)));
    // A resolver thread may still wait for a name server; nothing waits for it.
    runtime.shutdown_background();
    match result {
        Ok(exit) => exit.into(),
        Err(error) => output.fail(&error),
    }
}

async fn dispatch(args: Args, output: Output) -> Result<Exit, CliError> {
    let place = args.place;
    match args.command {
        Command::Serve(serve) => serve::serve(&place, &serve).await,
        Command::Demo(demo) => demo::demo(&demo, output).await,
        Command::RunScheduled => serve::run_scheduled(&place, output).await,
        Command::Source(command) => source::source(&place, command, output).await,
        Command::Items(items) => items::items(&place, &items, output).await,
        Command::Runs(command) => runs::runs(&place, &command, output).await,
        Command::Plugin(command) => plugin::plugin(&place, &command, output).await,
        Command::Profile(command) => profile::profile(&place, &command, output).await,
        Command::Config(command) => config::config(&place, &command, output),
        Command::Doctor => doctor::doctor(&place, output).await,
        Command::Completions { shell } => completions::completions(shell),
    }
}
