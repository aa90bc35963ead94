//! Actor runs end to end: what a daemon pays for thousands that are under way at once.
//!
//! Owns: the phases, and the check that each did what it is measured for. Called by `cargo xtask bench actors`.
//!
//! The real daemon and the real emulator, a process each. Runs take 60 s by the emulator's clock, which is moved by hand: it
//! stands still until all runs are in flight and the waiting has been measured, so that the figures do not depend on how fast
//! the machine starts runs. The phases:
//!
//! 1. *warm*: a few runs from start to end, so that what the daemon keeps anyway (plugins, their memory, caches, connections)
//!    is there. What is resident then is the base.
//! 2. *start*: all runs are ordered and put away.
//! 3. *wait*: nothing happens but the watch. Memory above the base and CPU are taken.
//! 4. *finish*: all runs end at the same moment; until the last one is committed.
//! 5. *settle*: costs become final. The ledger has to equal the books to the micro-dollar.

mod platform;
mod report;
mod subject;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tidegate_tests::measure::{self, Machine, Stopwatch};
use tidegate_tests::{Trouble, binary};

use platform::Platform;
use report::{Phase, Settings};
use subject::Subject;

/// Actor runs end to end.
#[derive(Debug, Parser)]
#[command(name = "bench_actors")]
struct Arguments {
    /// How many runs at once; half of them X, half Instagram.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1_000..=50_000))]
    runs: u32,
    /// Items that each run brings.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    items: u32,
    /// Seconds over which the waiting is measured.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(5..=600))]
    window: u32,
    /// The daemon's binary; without it, the one beside this program, built where it is not fresh.
    #[arg(long, value_name = "PATH")]
    tidegate: Option<PathBuf>,
    /// The emulator's binary; without it, the one beside this program, built where it is not fresh.
    #[arg(long, value_name = "PATH")]
    emulator: Option<PathBuf>,
    /// Directory on the disk to be measured; without it, where this program is.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Runs from start to end before the base is taken: more than the daemon has places, so that each has been used.
const WARM: u32 = 600;
/// How far the emulator's clock is moved so that all runs have ended: what each takes, and their way to RUNNING.
const ALL_RUNS: u32 = 62;
/// How far it is moved so that all costs are final.
const ALL_COSTS: u32 = 15;
/// How long nothing is done before something is measured: what came before has died away.
const REST: std::time::Duration = std::time::Duration::from_secs(10);

fn main() -> ExitCode {
    match bench(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            report::complain(&trouble);
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Result<(), Trouble> {
    let beside = binary::profile_dir()?;
    let binary_of = |given: &Option<PathBuf>, name: &str| match given {
        Some(path) => Ok(path.clone()),
        None => binary::build(name, name),
    };
    let tidegate = binary_of(&arguments.tidegate, "tidegate")?;
    let emulator = binary_of(&arguments.emulator, "apify-emulator")?;
    let disk = arguments.dir.clone().unwrap_or(beside);
    let settings =
        Settings { runs: arguments.runs, items: arguments.items, disk: disk.clone(), machine: Machine::here() };
    let phases = measured(arguments, &disk, &tidegate, &emulator)?;
    report::print(&settings, &phases, arguments.json)
}

fn measured(arguments: &Arguments, disk: &Path, tidegate: &Path, emulator: &Path) -> Result<Vec<Phase>, Trouble> {
    let made = tempfile::Builder::new().prefix("bench-actors-").tempdir_in(disk);
    let place =
        made.map_err(|error| Trouble::Io { what: format!("making a directory in {}", disk.display()), error })?;
    let platform = Platform::start(emulator, arguments.items)?;
    let daemon = Subject::start(tidegate, place.path(), platform.origin())?;
    let runs = u64::from(arguments.runs);

    daemon.add("warm", WARM)?;
    platform.wait_started(u64::from(WARM))?;
    platform.advance(ALL_RUNS)?;
    daemon.wait_ended(u64::from(WARM), &platform)?;
    platform.advance(ALL_COSTS)?;
    daemon.wait_settled(u64::from(WARM), &platform)?;
    measure::pause(REST);
    let base = daemon.usage()?;

    let watch = Stopwatch::start();
    daemon.add("source", arguments.runs)?;
    platform.wait_started(u64::from(WARM) + runs)?;
    let started = Phase::new("start", watch.elapsed(), base, daemon.usage()?);

    measure::pause(REST);
    let (before, watch) = (daemon.usage()?, Stopwatch::start());
    measure::pause(std::time::Duration::from_secs(u64::from(arguments.window)));
    let (took, after) = (watch.elapsed(), daemon.usage()?);
    let waited = Phase::new("wait", took, before, after).above(base, runs);

    platform.advance(ALL_RUNS)?;
    let (before, watch) = (daemon.usage()?, Stopwatch::start());
    daemon.wait_ended(u64::from(WARM) + runs, &platform)?;
    let finished = Phase::new("finish", watch.elapsed(), before, daemon.usage()?);

    platform.advance(ALL_COSTS)?;
    let (before, watch) = (daemon.usage()?, Stopwatch::start());
    daemon.wait_settled(u64::from(WARM) + runs, &platform)?;
    let settled = Phase::new("settle", watch.elapsed(), before, daemon.usage()?);
    check(&platform, &daemon, u64::from(WARM) + runs)?;
    let warm = Phase::new("base", std::time::Duration::ZERO, base, base);
    Ok(vec![warm, started, waited, finished, settled])
}

/// Each intent one run, those that are measured all at once, and the ledger equals the books.
fn check(platform: &Platform, daemon: &Subject, runs: u64) -> Result<(), Trouble> {
    let (books, spent) = (platform.books()?, daemon.spent()?);
    let at_once = u64::from(books.most_in_flight);
    let started = books.runs.len() as u64;
    if started == runs && at_once >= runs - u64::from(WARM) && books.charged.0 == spent {
        return Ok(());
    }
    let what = format!("{runs} runs, all but {WARM} at once, and a ledger that equals the books");
    let printed = format!("{started} runs, {at_once} at once, {spent} spent, {} charged", books.charged.0);
    Err(Trouble::Printed { what, printed })
}
