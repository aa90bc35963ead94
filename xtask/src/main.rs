//! The project's tasks: `cargo xtask demo | test | ci | plugins | feeds | bench`.
//!
//! Owns: what a person calls to build, try, test and measure the project, and that a machine with only rustup and a C
//! compiler suffices. Must not know: the host's code; it only calls cargo. Talk goes to standard error, results (the
//! tally of `test`, the figures of `bench` and `feeds`) to standard output.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that talks to the person who called it")]

mod cargo;
mod ci;
mod demo;
mod measure;
mod plugins;
mod step;
mod stop;
mod tally;
mod test;
mod toolchain;

use std::env;
use std::process::ExitCode;

use stop::Stop;

const USAGE: &str = "\
cargo xtask TASK [ARGS]

  demo [--for 30s] [ARGS]          the daemon against local feeds and actors; Ctrl-C drains it
  test [CARGO TEST ARGS]           every test: the core alone and for wasm, then the workspace
  ci                               what a change has to pass: .ci/run
  plugins [--from-scratch]         builds the guests as components
  feeds DIR [--json]               how the rss plugin reads a folder of feeds
  bench sandbox|plugins|feeds|store|actors|scheduler|replay [--json]

Each task first makes sure of what it needs: the toolchain of rust-toolchain.toml, its WASM target, a C compiler.";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Told) => ExitCode::FAILURE,
        Err(stop) => {
            eprintln!("xtask: {stop}");
            ExitCode::from(stop.code())
        }
    }
}

fn run(args: &[String]) -> Result<(), Stop> {
    let (task, rest) = args.split_first().map_or(("help", args), |(task, rest)| (task.as_str(), rest));
    match task {
        "demo" => demo::run(rest),
        "test" => test::run(rest),
        "ci" => ci::run(),
        "plugins" => plugins::run(rest),
        "feeds" => measure::feeds(rest),
        "bench" => measure::bench(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(Stop::Usage(format!("there is no task {other:?}\n\n{USAGE}"))),
    }
}
