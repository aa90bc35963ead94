//! What is measured: the daemon's binary, and the script.
//!
//! Owns: how each is set up and called. Called by the bench's rounds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use tidegate_tests::Trouble;
use tidegate_tests::measure::{Cost, cost};

/// A daemon's directory with all sources added, and nothing fetched.
pub(crate) struct Tidegate {
    binary: PathBuf,
    dir: PathBuf,
}

const CONFIG: &str = "[budget]\nruns_per_day = 100000\n";
const PROFILE: &str = r#"description = "The bench's feeds"
plugin = "rss"
kind = "feed"

[schedule]
every = "1s"
min_interval = "1s"

[caps]
max_items = 20

[net]
allow_private = ["127.0.0.1"]
"#;

/// Rows of one listing.
const ROWS: usize = 1_000;

impl Tidegate {
    /// Makes the directory and adds the sources. That call also compiles the plugin into the daemon's cache.
    pub(crate) fn prepare(binary: &Path, place: &Path, urls: &Path) -> Result<Self, Trouble> {
        let dir = place.join("daemon");
        let write = |name: &str, text: &str| {
            let path = dir.join(name);
            fs::write(&path, text).map_err(|error| Trouble::Io { what: format!("writing {}", path.display()), error })
        };
        fs::create_dir_all(dir.join("profiles"))
            .map_err(|error| Trouble::Io { what: format!("making {}", dir.display()), error })?;
        write("tidegate.toml", CONFIG)?;
        write("profiles/bench.toml", PROFILE)?;
        let tidegate = Self { binary: binary.to_path_buf(), dir: dir.clone() };
        cost(tidegate.command().args(["source", "add", "--profile", "bench", "--from"]).arg(urls))?;
        Ok(tidegate)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.env_remove("TIDEGATE_DIR").env_remove("TIDEGATE_CONFIG").arg("--dir").arg(&self.dir);
        command
    }

    /// One tick with all its runs.
    pub(crate) fn pass(&self) -> Result<Cost, Trouble> {
        cost(self.command().arg("run-scheduled"))
    }

    /// New items of the last `runs` runs, all of which must have ended well.
    pub(crate) fn new_items(&self, runs: u64) -> Result<u64, Trouble> {
        let (mut left, mut new, mut before) = (runs, 0, None::<String>);
        while left > 0 {
            let rows = usize::try_from(left).unwrap_or(ROWS).min(ROWS).to_string();
            let mut command = self.command();
            command.args(["-o", "json", "runs", "list", "--limit", &rows]);
            if let Some(before) = &before {
                command.args(["--before", before]);
            }
            let printed = cost(&mut command)?.stdout;
            let answer: Value = serde_json::from_str(&printed).unwrap_or_default();
            let listed = answer["runs"].as_array().map(Vec::as_slice).unwrap_or_default();
            let odd = |what: &str, printed: String| Trouble::Printed { what: what.to_owned(), printed };
            let last = listed.last().ok_or_else(|| odd(&format!("{left} more runs were expected"), printed.clone()))?;
            for run in listed {
                let count = run["counts"]["new"].as_u64();
                let ended = matches!(run["ending"].as_str(), Some("ok" | "no-new"));
                new += count
                    .filter(|_| ended)
                    .ok_or_else(|| odd("a run that ended well was expected", run.to_string()))?;
            }
            before = last["id"].as_str().map(str::to_owned);
            left = left.saturating_sub(listed.len() as u64);
        }
        Ok(new)
    }
}

/// `tests/bench/peer_feeds.py` with its database.
pub(crate) struct Script {
    python: PathBuf,
    database: PathBuf,
    urls: PathBuf,
}

/// What the script says of a pass.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Said {
    /// Around its pass: without the start of Python and its imports.
    pub(crate) wall_s: f64,
    pub(crate) new: u64,
}

impl Script {
    pub(crate) fn new(python: &Path, place: &Path, urls: &Path) -> Self {
        Self { python: python.to_path_buf(), database: place.join("script.db"), urls: urls.to_path_buf() }
    }

    pub(crate) fn pass(&self) -> Result<(Cost, Said), Trouble> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/peer_feeds.py");
        let cost = cost(Command::new(&self.python).arg(script).arg(&self.database).arg(&self.urls))?;
        let said = serde_json::from_str(&cost.stdout);
        let said =
            said.map_err(|_| Trouble::Printed { what: "the script's JSON".to_owned(), printed: cost.stdout.clone() })?;
        Ok((cost, said))
    }
}
