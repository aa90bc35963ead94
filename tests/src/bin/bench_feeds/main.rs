//! Feeds end to end: the real binary on many feeds, and beside it the script one would write by hand.
//!
//! Owns: the rounds, the passes, and the check that each did what it is measured for. Called by `cargo xtask bench feeds`;
//! `tests/bench/README.md` says how to read the figures.

mod report;
mod subject;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tidegate_platforms::Books;
use tidegate_tests::load_server::LoadServer;
use tidegate_tests::{Trouble, binary, measure};

use report::{Figures, Settings};
use subject::{Script, Tidegate};

/// Feeds end to end.
#[derive(Debug, Parser)]
#[command(name = "bench_feeds")]
struct Arguments {
    /// How many feeds.
    #[arg(long, default_value_t = 500)]
    feeds: usize,
    /// Items in each; at most 20, the cap of the bench's profile.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=20))]
    items: u32,
    /// Rounds; the figures are medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// The daemon's binary; without it, the one beside this program, built where it is not fresh.
    #[arg(long, value_name = "PATH")]
    tidegate: Option<PathBuf>,
    /// The load server's binary; without it, the one beside this program, built where it is not fresh.
    #[arg(long, value_name = "PATH")]
    platforms: Option<PathBuf>,
    /// A Python that has feedparser: the script runs, too, and ratios are printed.
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Directory on the disk to be measured; without it, where this program is.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// The three passes, in the order in which they must run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    Cold,
    NotModified,
    NoValidators,
}

impl Pass {
    pub(crate) const ALL: [Self; 3] = [Self::Cold, Self::NotModified, Self::NoValidators];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::NotModified => "not-modified",
            Self::NoValidators => "no-validators",
        }
    }
}

/// The sources' interval is 1 s; then all are due again.
const UNTIL_DUE: Duration = Duration::from_millis(1_300);

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
    let platforms = binary_of(&arguments.platforms, "tidegate-platforms")?;
    let disk = arguments.dir.clone().unwrap_or(beside);
    let settings = Settings::new(
        arguments.feeds,
        arguments.items,
        arguments.rounds,
        &disk,
        &tidegate,
        arguments.python.as_deref(),
    )?;
    let mut figures = Figures::default();
    for _ in 0..arguments.rounds {
        round(arguments, &disk, &tidegate, &platforms, &mut figures)?;
    }
    report::print(&settings, &figures, arguments.json)
}

/// All passes once, in fresh directories, the script's pass right behind the daemon's.
fn round(
    arguments: &Arguments,
    disk: &Path,
    tidegate: &Path,
    platforms: &Path,
    figures: &mut Figures,
) -> Result<(), Trouble> {
    let made = tempfile::Builder::new().prefix("bench-feeds-").tempdir_in(disk);
    let place =
        made.map_err(|error| Trouble::Io { what: format!("making a directory in {}", disk.display()), error })?;
    let urls = place.path().join("urls.txt");
    let items = usize::try_from(arguments.items).unwrap_or(20);
    let mut server = LoadServer::start(platforms, arguments.feeds, items, 1, &urls)?;
    let daemon = Tidegate::prepare(tidegate, place.path(), &urls)?;
    let script = arguments.python.as_deref().map(|python| Script::new(python, place.path(), &urls));
    let wanted = Wanted { feeds: arguments.feeds as u64, items: arguments.feeds as u64 * items as u64 };
    for pass in Pass::ALL {
        server.set_validators(pass != Pass::NoValidators)?;
        if pass != Pass::Cold {
            measure::pause(UNTIL_DUE);
        }
        let before = server.books()?;
        let cost = daemon.pass()?;
        wanted.check_books(pass, "tidegate", &server.books()?.since(&before))?;
        wanted.check_new(pass, "tidegate", daemon.new_items(wanted.feeds)?)?;
        figures.daemon(pass, &cost);
        if let Some(script) = &script {
            let before = server.books()?;
            let (cost, said) = script.pass()?;
            wanted.check_books(pass, "the script", &server.books()?.since(&before))?;
            wanted.check_new(pass, "the script", said.new)?;
            figures.script(pass, &cost, &said);
        }
    }
    Ok(())
}

/// What a pass must have done to be measured.
struct Wanted {
    feeds: u64,
    items: u64,
}

impl Wanted {
    fn check_books(&self, pass: Pass, who: &str, books: &Books) -> Result<(), Trouble> {
        let total = books.total();
        let (ok, not_modified) = if pass == Pass::NotModified { (0, self.feeds) } else { (self.feeds, 0) };
        if (total.requests, total.ok, total.not_modified) == (self.feeds, ok, not_modified) {
            return Ok(());
        }
        let what =
            format!("the pass {} of {who} should be {ok} answers with 200 and {not_modified} with 304", pass.word());
        Err(Trouble::Printed { what, printed: format!("{total:?}") })
    }

    fn check_new(&self, pass: Pass, who: &str, new: u64) -> Result<(), Trouble> {
        let wanted = if pass == Pass::Cold { self.items } else { 0 };
        if new == wanted {
            return Ok(());
        }
        let what = format!("the pass {} of {who} should store {wanted} new items", pass.word());
        Err(Trouble::Printed { what, printed: new.to_string() })
    }
}
