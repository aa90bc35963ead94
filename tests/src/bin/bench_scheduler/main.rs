//! The scheduler: what a run costs, how claims hold among many sources, what a daemon costs that has nothing to do.
//!
//! Owns: the parts and their order. Called by `cargo xtask bench scheduler`. The parts:
//!
//! 1. *runs*: the whole path claim -> plan -> answer -> normalize -> commit by the real engine, the real plugin and the real
//!    store, a process for each daemon. Only the answer is local: 20 items, given at once. SQLite flushes every transaction
//!    (`synchronous=FULL`), PostgreSQL too (`fsync=on`).
//! 2. *claims*: looking for 100 due sources and claiming them, among 10,000, then 1 M sources and so on; on PostgreSQL once
//!    more while another transaction holds a snapshot open, so that nothing dead can be cleared away.
//! 3. *idle*: a daemon whose sources are all due later: from its start until it is ready, its CPU, its memory.
//! 4. *peer*: what PostgreSQL itself does with jobs that do nothing (`pgbench`).
//!
//! Machines are noisy: figures are medians, and what is compared was measured in one run.

mod claims;
mod daemon;
mod database;
mod figures;
mod idle;
mod peer;
mod runs;
mod servers;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tidegate_tests::{Trouble, binary};

use database::Database;
use figures::Figures;
use servers::Servers;

/// The scheduler: runs, claims, an idle daemon.
#[derive(Debug, Parser)]
#[command(name = "bench_scheduler")]
struct Arguments {
    /// Only this part; may be repeated.
    #[arg(long, value_enum)]
    part: Vec<Part>,
    /// Only this store; may be repeated.
    #[arg(long, value_enum)]
    store: Vec<Kind>,
    /// Sources that run in each pass of *runs*.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    runs: u64,
    /// Passes of which the median is taken.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// The most sources among which is claimed, and of the idle daemon. 10,000,000 takes minutes and some GB a store.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10_000..=20_000_000))]
    sources: u64,
    /// Seconds of claims with and without a snapshot that is held open.
    #[arg(long, default_value_t = 60)]
    churn: u64,
    /// Seconds over which the idle daemon is watched.
    #[arg(long, default_value_t = 60)]
    window: u64,
    /// The daemon's binary for *idle*; without it, the one beside this program, built where it is not fresh.
    #[arg(long, value_name = "PATH")]
    tidegate: Option<PathBuf>,
    /// Directory on the disk to be measured; without it, where this program is. PostgreSQL uses the system's for temporary
    /// files.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// A daemon of part *runs*, started by the bench itself: its database.
    #[arg(long, hide = true)]
    daemon: Option<Database>,
    /// What that daemon is answered.
    #[arg(long, hide = true, default_value = "same")]
    answer: world::Answer,
    /// Where that daemon keeps compiled plugins.
    #[arg(long, hide = true)]
    cache: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Runs,
    Claims,
    Idle,
    Peer,
}

/// Where sources are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Arguments {
    fn wants(&self, part: Part) -> bool {
        self.part.is_empty() || self.part.contains(&part)
    }

    fn kinds(&self) -> Vec<Kind> {
        [Kind::Sqlite, Kind::Postgres]
            .into_iter()
            .filter(|kind| self.store.is_empty() || self.store.contains(kind))
            .collect()
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.daemon {
        Some(database) => daemon::serve(database, arguments.answer, arguments.cache.clone()),
        None => bench(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            figures::complain(&trouble);
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Result<(), Trouble> {
    let disk = match &arguments.dir {
        Some(dir) => dir.clone(),
        None => binary::profile_dir()?,
    };
    let servers = Servers::start(&disk, &arguments.kinds())?;
    let mut figures = Figures::new(arguments.json, &disk);
    for kind in servers.kinds() {
        if arguments.wants(Part::Runs) {
            runs::measure(arguments, &servers, kind, &mut figures)?;
        }
    }
    if arguments.wants(Part::Peer) && servers.kinds().contains(&Kind::Postgres) {
        peer::measure(&servers, &mut figures)?;
    }
    for kind in servers.kinds() {
        if arguments.wants(Part::Claims) {
            claims::measure(arguments, &servers, kind, &mut figures)?;
        }
    }
    for kind in servers.kinds() {
        if arguments.wants(Part::Idle) {
            idle::measure(arguments, &servers, kind, &mut figures)?;
        }
    }
    Ok(())
}
