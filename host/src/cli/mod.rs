//! The command line: the composition root.
//!
//! Owns: what is typed and printed, exit codes, and putting the rooms together. Must not know: any rule. Called by `main`.

mod accounts;
mod alert;
mod args;
mod budget;
mod completions;
mod config;
mod dead;
mod dead_args;
mod demo;
mod doctor;
mod drop_in;
mod error;
mod explain;
mod eyes;
mod fixtures;
mod follow;
mod health;
mod home;
mod items;
mod migrate;
mod moment;
mod one_off;
#[cfg(test)]
mod one_off_tests;
mod output;
mod pause;
mod plan;
mod plugin;
mod profile;
mod progress;
mod rehearsal;
mod reload;
mod replay;
#[cfg(test)]
mod replay_tests;
mod runs;
mod schedule;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod scripted;
mod serve;
mod settling;
mod signals;
mod simulate;
mod source;
mod top;

use clap::Parser;

pub use args::Args;
pub use error::{CliError, Exit};

use args::Command;
use output::Output;

/// Runs the command line and gives the process's exit code.
#[must_use]
pub fn main() -> std::process::ExitCode {
    // Not a command: what the daemon calls to have a plugin compiled.
    if std::env::args_os().skip(1).eq([crate::plugins::COMPILER]) {
        return crate::plugins::compile_for_parent();
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no failure; clap prints them by itself, and usage for people too.
            if !error.use_stderr() {
                let _gone = error.print();
                return Exit::Ok.into();
            }
            if wants_json() {
                let told = error.render().to_string();
                let message = told.trim_start_matches("error: ").lines().next().unwrap_or_default().to_owned();
                return Output::new(args::Format::Json).fail(&CliError::usage(message));
            }
            let _gone = error.print();
            return Exit::Usage.into();
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

/// Whether JSON was asked for, by a command line that could not be read otherwise.
fn wants_json() -> bool {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let pair = words
        .windows(2)
        .any(|pair| matches!(pair, [flag, value] if (flag == "-o" || flag == "--output") && value == "json"));
    pair || words.iter().any(|word| word == "-ojson" || word == "-o=json" || word == "--output=json")
}

async fn dispatch(args: Args, output: Output) -> Result<Exit, CliError> {
    let place = args.place;
    match args.command {
        Command::Serve(serve) => serve::serve(&place, &serve).await,
        Command::Demo(demo) => Box::pin(demo::demo(&demo, output)).await,
        Command::RunScheduled => serve::run_scheduled(&place, output).await,
        Command::Source(command) => source::source(&place, command, output).await,
        Command::Items(items) => items::items(&place, &items, output).await,
        Command::Runs(command) => runs::runs(&place, &command, output).await,
        Command::Dead(command) => dead::dead(&place, command, output).await,
        Command::Replay(args) => Box::pin(replay::replay(&place, &args, output)).await,
        Command::Follow(args) => follow::follow(&place, &args, output).await,
        Command::Unfollow(args) => follow::unfollow(&place, &args, output).await,
        Command::Seen(args) => follow::seen(&place, &args, output).await,
        Command::Simulate(args) => simulate::simulate(&args, output).await,
        Command::Plugin(command) => plugin::plugin(&place, &command, output).await,
        Command::Profile(command) => profile::profile(&place, &command, output).await,
        Command::Budget(budget) => budget::budget(&place, &budget, output).await,
        Command::Plan(plan) => plan::plan(&place, &plan, output).await,
        Command::Config(command) => config::config(&place, &command, output),
        Command::Migrate => migrate::migrate(&place, output).await,
        Command::Alert(command) => alert::alert(&place, &command, output).await,
        Command::Top(top) => top::top(&place, &top, output).await,
        Command::Doctor => doctor::doctor(&place, output).await,
        Command::Completions { shell } => completions::completions(shell),
    }
}
