//! Plugins in every language that is there: what they cost, how many calls two cores make, and what swapping does to them.
//!
//! Owns: the order of the measurements and what each checks of itself. Must not know: how a component is found ([`found`]). Called
//! by `cargo xtask bench plugins`; `--json` prints one JSON object a line.
//!
//! 1. For each component: loading it with the compiler (parse, compile, try), loading it from the cache into a new room, `plan` in a
//!    fresh instance one after the other, and `normalize` of a page with the same 100 articles.
//! 2. Calls of `plan` a second on as many threads as wanted, all in fresh instances of one room.
//! 3. Swaps: the file of a plugin is replaced again and again, and the directory looked at, while calls of that plugin go on. No call
//!    may fail, and the process has to be as large after the last swap as after the first tenth.
#![allow(
    clippy::disallowed_methods,
    clippy::allow_attributes,
    reason = "a measurement reads the real clock; its tasks are awaited"
)]

mod found;
mod report;
mod swaps;
mod work;

use std::process::ExitCode;

use clap::Parser;
use tidegate_tests::Trouble;

/// Plugins in every language that is there.
#[derive(Debug, Parser)]
#[command(name = "bench_plugins")]
struct Arguments {
    /// Seconds for each figure of calls.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Threads for the throughput.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    threads: u32,
    /// How often a plugin is swapped under load.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    swaps: u32,
    /// Only these parts: languages, throughput, swaps.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match bench(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            report::complain(&trouble.to_string());
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Result<(), Trouble> {
    let wanted = |part: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == part);
    let report = report::Report::new(arguments.json, arguments.threads);
    report.begin()?;
    let components = found::all();
    for missing in &components.missing {
        report.missing(missing)?;
    }
    if wanted("languages") {
        for component in &components.found {
            match work::costs(component, arguments.seconds) {
                Ok(costs) => report.language(&component.language, &costs)?,
                Err(trouble) => report.missing(&format!("{}: {trouble}", component.language))?,
            }
        }
    }
    if wanted("throughput") {
        for component in &components.found {
            match work::throughput(component, arguments.threads, arguments.seconds) {
                Ok(rate) => report.throughput(&component.language, &rate)?,
                Err(trouble) => report.missing(&format!("{}: {trouble}", component.language))?,
            }
        }
    }
    if wanted("swaps") {
        let swapped = swaps::under_load(arguments.swaps, arguments.threads)?;
        report.swaps(&swapped)?;
        swapped.judge()?;
    }
    Ok(())
}
