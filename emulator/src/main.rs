//! The emulator as a process: prints how to point tidegate at it, and a line per run.
//!
//! Owns: the command line. Called by people, by the demo, and by tests that kill the daemon.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use apify_emulator::{Account, Begin, Emulator, Load, MicroUsd, Options, Rhythm, RunBook, Script};
use clap::{Parser, ValueEnum};

/// The Apify API on loopback.
#[derive(Parser)]
#[command(name = "apify-emulator", version)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// A token to accept; may be given several times.
    #[arg(long = "token", default_value = "emulator-token")]
    tokens: Vec<String>,
    /// Rules, as JSON or TOML (by the file's ending).
    #[arg(long)]
    script: Option<PathBuf>,
    /// Whose clock moves the runs.
    #[arg(long, value_enum, default_value_t = WhoseClock::Real)]
    clock: WhoseClock,
    /// Writes the books to this file as JSON at the end (Ctrl-C, SIGTERM).
    #[arg(long)]
    books: Option<PathBuf>,
    /// The same seed gives the same accounts and posts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// All accounts publish every so many seconds.
    #[arg(long)]
    every: Option<u64>,
    /// How long runs take, in seconds: the shortest and the longest.
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    duration: Option<Vec<f64>>,
    /// Memory of all runs together, in MB.
    #[arg(long)]
    memory_mb: Option<u32>,
    /// Runs at a time.
    #[arg(long)]
    concurrent_runs: Option<u32>,
    /// Money per month, in micro-USD.
    #[arg(long)]
    monthly_micro_usd: Option<u64>,
    /// For benches: every run takes 60 s (or `--duration`) and gives so many items; no limits.
    #[arg(long, value_name = "ITEMS")]
    load: Option<u32>,
    /// No line per run.
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum WhoseClock {
    /// The machine's.
    Real,
    /// Moved only by POST /emulator/clock/advance.
    Virtual,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let emulator = Emulator::start(options(&arguments)?)?;
    let mut out = io::stdout();
    let token = arguments.tokens.first().map_or("", String::as_str);
    writeln!(out, "{}", emulator.url())?;
    writeln!(out, "Point tidegate at it:")?;
    writeln!(out, "  [credentials.apify]")?;
    writeln!(out, "  origin = \"{}\"", emulator.url())?;
    writeln!(out, "with the credential's value from the environment: {token}")?;
    writeln!(out, "Books, rules and time: {}/emulator", emulator.url())?;
    out.flush()?;
    wait_for_the_end()?;
    let books = emulator.stop();
    if let Some(path) = &arguments.books {
        std::fs::write(path, serde_json::to_vec_pretty(&books).map_err(io::Error::other)?)?;
    }
    writeln!(out, "{} runs, {} items, {} micro-USD", books.runs.len(), books.items_charged, books.charged.0)
}

/// Until Ctrl-C or SIGTERM.
fn wait_for_the_end() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    })
}

fn options(arguments: &Arguments) -> io::Result<Options> {
    let mut options = Options {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port)),
        clock: match arguments.clock {
            WhoseClock::Real => Begin::Real,
            WhoseClock::Virtual => Begin::VirtualNow,
        },
        seed: arguments.seed,
        tokens: arguments.tokens.clone(),
        narrate: (!arguments.quiet).then_some(narrate),
        script: script(arguments)?,
        ..Options::default()
    };
    if let Some([from, to]) = arguments.duration.as_deref() {
        let seconds = |value: f64| Duration::try_from_secs_f64(value).map_err(io::Error::other);
        options.duration = (seconds(*from)?, seconds(*to)?);
    }
    if let Some(seconds) = arguments.every {
        options.rhythm = Rhythm::every(Duration::from_secs(seconds));
    }
    if let Some(items) = arguments.load {
        let duration = if arguments.duration.is_some() { options.duration.0 } else { Duration::from_secs(60) };
        options.load = Some(Load { duration, items });
        options.account = Account { memory_mb: u32::MAX, concurrent_runs: u32::MAX, ..Account::default() };
    }
    let account = &mut options.account;
    account.memory_mb = arguments.memory_mb.unwrap_or(account.memory_mb);
    account.concurrent_runs = arguments.concurrent_runs.unwrap_or(account.concurrent_runs);
    account.monthly_micro_usd = arguments.monthly_micro_usd.map(MicroUsd);
    Ok(options)
}

fn script(arguments: &Arguments) -> io::Result<Script> {
    let Some(path) = &arguments.script else { return Ok(Script::default()) };
    let text = std::fs::read_to_string(path)?;
    let toml = path.extension().is_some_and(|ending| ending == "toml");
    let script = if toml { Script::from_toml(&text) } else { Script::from_json(&text) };
    script.map_err(io::Error::other)
}

/// One line per run that ended. A reader that went away is no reason to stop.
fn narrate(run: &RunBook) {
    let line = format!(
        "{} {} {} {}: {} items, {} micro-USD",
        run.id,
        run.actor,
        run.handle,
        run.status.name(),
        run.items,
        run.charged.0
    );
    writeln!(io::stdout(), "{line}").ok();
}
