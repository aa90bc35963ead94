//! A daemon that pays for actor runs, and the emulator that bills them.
//!
//! Owns: the two side by side, the profiles the tests use, and the questions every test asks: what does the ledger say, what
//! do the books say, is the token anywhere. Must not know: single scenarios. Called by the end-to-end tests of actors.
//!
//! The daemon has the real clock, so that its runs take seconds; tests put many sources into one world rather than making
//! many worlds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use apify_emulator::{Books, Emulator, Options, RunBook};
use serde_json::Value;

use crate::Trouble;
use crate::audit::Audit;
use crate::daemon::Daemon;
use crate::place::{Place, list, word};
use crate::waiting::Deadline;

/// The token that must be found nowhere.
pub const CANARY: &str = "apify_api_CANARYcanary7f3a9b2cCANARY";

/// Instagram accounts by the actor that is paid by events: waits short, due again after a minute.
pub const INSTAGRAM: &str = r#"
plugin = "instagram"
kind = "account"
overrides = { skip_pinned = true, details = false }
keep_pages = "1d"
schedule = { every = "1m", min_interval = "1s" }
caps = { max_items = 10, bootstrap_max_items = 20 }
retry = { in_run = ["1s"], runs = ["2s", "3s"], max_failures = 3 }
[actor]
name = "apify/instagram-post-scraper"
build = "latest"
timeout = "1m"
[actor.price]
as_of = "2026-08-01"
element = 0.0017
minimum = 0.01
"#;

/// X accounts by the actor that is paid by the element.
pub const X: &str = r#"
plugin = "x"
kind = "account"
keep_pages = "1d"
schedule = { every = "1m", min_interval = "1s" }
caps = { max_items = 10, bootstrap_max_items = 20 }
retry = { in_run = ["1s"], runs = ["2s", "3s"], max_failures = 3 }
[actor]
name = "apidojo/tweet-scraper"
build = "latest"
timeout = "1m"
[actor.price]
as_of = "2026-01-01"
element = 0.0004
minimum = 0.01
"#;

/// A directory of a daemon, its emulator, and the canary as the token of both.
pub struct World {
    /// The daemon's directory.
    pub place: Place,
    /// The actor platform.
    pub emulator: Emulator,
    /// Its PostgreSQL database; `None`: SQLite in its directory.
    postgres: Option<String>,
}

/// Actor runs of a second or so, so that a test is over soon.
#[must_use]
pub fn quick() -> Options {
    Options {
        tokens: vec![CANARY.to_owned()],
        duration: (Duration::from_millis(300), Duration::from_millis(1_500)),
        ready: Duration::from_millis(100),
        ..Options::default()
    }
}

impl World {
    /// With the profiles `ig` and `x`, and money for whatever a test does.
    ///
    /// # Errors
    /// When the emulator cannot be started or a file not be written.
    pub fn new(options: Options) -> Result<Self, Trouble> {
        Self::over(options, None)
    }

    /// The same on a PostgreSQL database, if one is given.
    ///
    /// # Errors
    /// As [`World::new`].
    pub fn over(options: Options, postgres: Option<String>) -> Result<Self, Trouble> {
        let emulator = Emulator::start(options).map_err(Trouble::io("starting the emulator"))?;
        let place = Place::empty()?;
        place.put("profiles/ig.toml", INSTAGRAM)?;
        place.put("profiles/x.toml", X)?;
        let world = Self { place, emulator, postgres };
        world.configure("[budget]\nruns_per_day = 100000\nusd_per_day = 1000\nusd_per_month = 10000\n")?;
        Ok(world)
    }

    /// Writes `tidegate.toml`: what every test needs, and `more`. The token comes from a file, as it does in production, so
    /// that it can be exchanged while the daemon runs.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn configure(&self, more: &str) -> Result<(), Trouble> {
        self.token(CANARY)?;
        let mut text = String::new();
        let origin = self.emulator.url();
        // Writing to a string cannot fail.
        let _ok = write!(
            text,
            "[scheduler]\nwatch = \"1s\"\n[credentials.apify]\norigin = \"{origin}\"\nfile = \"token\"\nruns_at_once = 1000\n{more}"
        );
        if let Some(url) = &self.postgres {
            let _ok = write!(text, "\n[store]\nurl = \"{url}\"\n");
        }
        self.place.put("tidegate.toml", text).map(drop)
    }

    /// What its database says about money.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn audit(&self) -> Result<Audit, Trouble> {
        self.postgres.as_deref().map_or_else(|| Audit::of(&self.place), Audit::of_postgres)
    }

    /// Puts a token into the daemon's file; it is read at the start and at SIGHUP.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn token(&self, token: &str) -> Result<(), Trouble> {
        self.place.put("token", format!("{token}\n")).map(drop)
    }

    /// Adds sources; gives their ids by identifier.
    ///
    /// # Errors
    /// When one is refused.
    pub fn add(&self, profile: &str, identifiers: &[&str]) -> Result<BTreeMap<String, String>, Trouble> {
        let ids = self.place.add(profile, identifiers)?;
        Ok(identifiers.iter().map(|name| (*name).to_owned()).zip(ids).collect())
    }

    /// Starts the daemon.
    ///
    /// # Errors
    /// As [`Daemon::start`].
    pub fn serve(&self) -> Result<Daemon, Trouble> {
        self.place.serve()
    }

    /// Runs of a source, newest first, as `runs list` has them.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn runs(&self, source: &str) -> Result<Vec<Value>, Trouble> {
        let listed = self.place.json(&["runs", "list", "--source", source])?;
        Ok(list(&listed, "runs").to_vec())
    }

    /// What `runs show` says of the actor runs of a run.
    ///
    /// # Errors
    /// When there is no such run.
    pub fn actor_runs(&self, run: &str) -> Result<Vec<Value>, Trouble> {
        let shown = self.place.json(&["runs", "show", run])?;
        Ok(list(&shown, "actor_runs").to_vec())
    }

    /// Waits until `what` holds, looking four times a second.
    ///
    /// # Errors
    /// [`Trouble::Deadline`] with what was waited for, or whatever looking gave.
    pub fn wait(
        &self,
        what: &str,
        most: Duration,
        mut holds: impl FnMut(&Self) -> Result<bool, Trouble>,
    ) -> Result<(), Trouble> {
        let deadline = Deadline::after(most);
        while !holds(self)? {
            if deadline.left().is_none() {
                let last = self.place.json(&["runs", "list"])?.to_string();
                let seconds = most.as_secs();
                return Err(Trouble::Deadline { what: what.to_owned(), seconds, last, log: String::new() });
            }
            std::thread::park_timeout(Duration::from_millis(250));
        }
        Ok(())
    }

    /// Waits until an endpoint of the platform was asked so often in all, looking every millisecond. Gives whether it was.
    #[must_use]
    pub fn asked(&self, endpoint: &str, wanted: u64, most: Duration) -> bool {
        let deadline = Deadline::after(most);
        while self.emulator.requests_of(endpoint) < wanted {
            if deadline.left().is_none() {
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        true
    }

    /// Waits until so many runs of a source have ended; gives them, newest first.
    ///
    /// # Errors
    /// As [`World::wait`].
    pub fn ended(&self, source: &str, count: usize, most: Duration) -> Result<Vec<Value>, Trouble> {
        let mut runs = Vec::new();
        self.wait(&format!("{count} ended runs of {source}"), most, |world| {
            runs = world.runs(source)?;
            runs.retain(|run| run["stage"] == "ended");
            Ok(runs.len() >= count)
        })?;
        Ok(runs)
    }

    /// Waits until nothing is reserved: every cost is final.
    ///
    /// # Errors
    /// As [`World::wait`].
    pub fn settled(&self, most: Duration) -> Result<(), Trouble> {
        self.wait("all costs to be final", most, |world| {
            Ok(world.ledger()?.values().all(|(reserved, _)| *reserved == 0))
        })
    }

    /// Money windows of the ledger in micro-USD: reserved and spent, by "usd-per-day all", "usd-per-month tenant acme",
    /// "usd-per-day profile acme ig" or "usd-per-day source src_...".
    ///
    /// # Errors
    /// When `budget` cannot be asked.
    pub fn ledger(&self) -> Result<BTreeMap<String, (u64, u64)>, Trouble> {
        let budget = self.place.json(&["budget"])?;
        let mut ledger = BTreeMap::new();
        for row in list(&budget, "windows") {
            let named = |name: &str| row[name].as_str().map(str::to_owned);
            let scope = word(row, "scope");
            let whose: &[&str] = match scope.as_str() {
                "tenant" => &["tenant"],
                "profile" => &["tenant", "profile"],
                "source" => &["source"],
                _ => &[],
            };
            let names = whose.iter().filter_map(|name| named(name));
            let key: Vec<String> = [word(row, "measure"), scope].into_iter().chain(names).collect();
            if row["unit"] == "micro-usd" {
                let amount = |name: &str| row[name].as_u64().unwrap_or(0);
                ledger.insert(key.join(" "), (amount("reserved"), amount("spent")));
            }
        }
        Ok(ledger)
    }

    /// Spent today in all, in micro-USD.
    ///
    /// # Errors
    /// When `budget` cannot be asked.
    pub fn spent(&self) -> Result<u64, Trouble> {
        Ok(self.ledger()?.get("usd-per-day all").map_or(0, |(_, spent)| *spent))
    }

    /// The emulator's books.
    #[must_use]
    pub fn books(&self) -> Books {
        self.emulator.books()
    }

    /// The books' runs of a handle.
    #[must_use]
    pub fn billed(&self, handle: &str) -> Vec<RunBook> {
        self.books().of_handle(handle).cloned().collect()
    }

    /// Every place under the daemon's directory, and the given texts, in which the canary stands, its own file left out.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn leaks(&self, texts: &[(&str, &str)]) -> Result<Vec<String>, Trouble> {
        let mut found: Vec<String> =
            texts.iter().filter(|(_, text)| text.contains(CANARY)).map(|(name, _)| (*name).to_owned()).collect();
        search(self.place.dir(), &mut found)?;
        Ok(found)
    }
}

fn search(dir: &Path, found: &mut Vec<String>) -> Result<(), Trouble> {
    for entry in std::fs::read_dir(dir).map_err(Trouble::io("listing the daemon's directory"))? {
        let path = entry.map_err(Trouble::io("listing the daemon's directory"))?.path();
        if path.is_dir() {
            search(&path, found)?;
        } else if path.file_name().is_none_or(|name| name != "token") {
            let bytes = std::fs::read(&path).map_err(Trouble::io(format!("reading {}", path.display())))?;
            if bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    Ok(())
}

/// Tells a daemon to read its credentials again.
///
/// # Errors
/// When the signal cannot be sent.
pub fn reload(daemon: &Daemon) -> Result<(), Trouble> {
    let pid = rustix::process::Pid::from_raw(i32::try_from(daemon.pid()).unwrap_or(0));
    let pid = pid.ok_or_else(|| Trouble::printed("the daemon's process id", "0"))?;
    rustix::process::kill_process(pid, rustix::process::Signal::HUP)
        .map_err(|errno| Trouble::printed("sending SIGHUP", &errno.to_string()))
}
