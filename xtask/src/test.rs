//! `cargo xtask test`: every test there is.
//!
//! Owns: the order of the steps (what is quick and says most first), and the tally. Must not know: single tests. The
//! guests are built by the host's build script, and tested natively as members of the workspace.

use crate::cargo::cargo;
use crate::step::Steps;
use crate::stop::Stop;
use crate::tally::Tally;
use crate::toolchain::{self, WASM};

/// Runs all tests; `args` go to `cargo test` (a filter, `--package NAME`).
pub(crate) fn run(args: &[String]) -> Result<(), Stop> {
    toolchain::ensure()?;
    let mut steps = Steps::default();
    let mut tally = Tally::default();
    let end = all(&mut steps, &mut tally, args);
    steps.report();
    if let Err(stop) = &end {
        eprintln!("xtask: {stop}");
    }
    // The last line, whatever came before it.
    println!("{tally}");
    end.map_err(|_| Stop::Told)
}

fn all(steps: &mut Steps, tally: &mut Tally, args: &[String]) -> Result<(), Stop> {
    steps.run("core alone", cargo(["check", "--package", "tidegate-core"]))?;
    steps.run("core for wasm", cargo(["check", "--package", "tidegate-core", "--target", WASM]))?;
    let (to_cargo, to_harness) = args.split_at(args.iter().position(|arg| arg == "--").unwrap_or(args.len()));
    let mut read = |steps: &mut Steps, name: &'static str, command| {
        steps.read(name, command, &mut |line| {
            if tally.line(line) {
                println!("{line}");
            }
        })
    };
    // All failures in one run; the tally is of everything.
    let mut tests = cargo(["test", "--no-fail-fast"]);
    if !to_cargo.iter().any(|arg| arg == "-p" || arg.starts_with("--package")) {
        tests.arg("--workspace");
    }
    tests.args(to_cargo).arg("--").arg("--show-output").args(to_harness.iter().skip(1));
    if !args.is_empty() {
        return read(steps, "tests", tests);
    }
    tests.args(WAITING.iter().flat_map(|name| ["--skip", name]));
    let whole = read(steps, "tests", tests);
    let mut waiting = cargo(["test", "--no-fail-fast", "--workspace", "--test", "apify"]);
    waiting.args(["--", "--show-output", "--test-threads", WAITING_AT_ONCE]);
    whole.and(read(steps, "scenarios and ordeals", waiting))
}

/// What the tests have in their names that wait for a daemon that waits for a platform.
const WAITING: [&str; 3] = ["scenario_", "ordeal_", "ticks::a_tick_"];
/// So many of those keep no core busy.
const WAITING_AT_ONCE: &str = "16";
