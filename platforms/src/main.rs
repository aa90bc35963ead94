//! The fake platforms by hand: prints the base URL and serves until Ctrl-C.
//!
//! Owns: the command line and the control lines. Called by people, and by benches, which account its CPU apart.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tidegate_platforms::{FeedServer, Script};

/// Fake platforms on loopback.
#[derive(Parser)]
#[command(name = "tidegate-platforms", version)]
struct Arguments {
    #[command(subcommand)]
    script: Which,
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, global = true, default_value_t = 0)]
    port: u16,
    /// Writes the URLs to this file, one a line.
    #[arg(long, global = true)]
    urls: Option<PathBuf>,
    /// Obeys lines on standard input (`books`, `validators on|off`, `advance SECONDS`, `stop`), one line of JSON each;
    /// stops at its end.
    #[arg(long, global = true)]
    control: bool,
}

#[derive(Subcommand)]
enum Which {
    /// Twenty feeds that gain items, and six addresses in trouble.
    Demo,
    /// Many feeds that stay as they are, as fast as possible.
    Load {
        /// How many feeds.
        #[arg(long, default_value_t = 500)]
        n: usize,
        /// Items in each.
        #[arg(long, default_value_t = 20)]
        items: usize,
        /// The same seed gives the same bytes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Answers that break clients.
    Faults,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let script = match arguments.script {
        Which::Demo => Script::demo(),
        Which::Load { n, items, seed } => Script::load(n, items, seed),
        Which::Faults => Script::faults(),
    };
    let server = FeedServer::start_on(script, arguments.port)?;
    if let Some(path) = &arguments.urls {
        std::fs::write(path, server.urls().join("\n") + "\n")?;
    }
    let mut out = io::stdout();
    writeln!(out, "{}", server.base_url())?;
    if arguments.control {
        return control(&server);
    }
    for listing in server.listings().iter().take(40) {
        writeln!(out, "{:60} {:?}", listing.url, listing.behaviour)?;
    }
    // Ctrl-C ends the process; until then the server's thread works.
    loop {
        std::thread::park();
    }
}

/// Answers each control line with one line of JSON.
fn control(server: &FeedServer) -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let done = "{\"done\":true}".to_owned();
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["books"] => serde_json::to_string(&server.books()).map_err(io::Error::other)?,
            ["validators", on @ ("on" | "off")] => {
                server.set_validators(*on == "on");
                done
            }
            ["advance", seconds] if seconds.parse::<u64>().is_ok() => {
                server.advance(Duration::from_secs(seconds.parse().unwrap_or(0)));
                done
            }
            ["stop"] => return Ok(()),
            _ => serde_json::json!({"error": format!("unknown line {line:?}: books, validators on|off, advance SECONDS, stop")})
                .to_string(),
        };
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}
