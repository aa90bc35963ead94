//! A daemon's directory as a test holds it, and the listings of it, read to their ends.
//!
//! Owns: the directory, the files an operator would put there, and the paging of listings. Must not know: the database; it
//! asks the commands a user has. Called by the end-to-end tests.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::daemon::{self, Daemon};
use crate::{Trouble, binary};

/// Rows asked for at a time: few enough that a listing of a busy place has several pages.
const ROWS: &str = "250";

/// A profile for feeds on this machine: due again after a second, waits short, nothing cut.
pub const QUICK_PROFILE: &str = r#"
plugin = "rss"
kind = "feed"
schedule = { every = "1s", min_interval = "1s" }
caps = { max_items = 10000, bootstrap_max_items = 10000, deadline = "20s" }
retry = { in_run = ["1s"], runs = ["1s", "2s"], max_failures = 1000 }
net = { allow_private = ["127.0.0.1"] }
"#;

/// A directory of its own, gone when dropped.
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// An empty directory.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn empty() -> Result<Self, Trouble> {
        tempfile::tempdir().map(|dir| Self { dir }).map_err(Trouble::io("making a directory"))
    }

    /// One with this profile, and room in the budget for whatever a test does.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn with_profile(name: &str, profile: &str) -> Result<Self, Trouble> {
        let place = Self::empty()?;
        place.put(&format!("profiles/{name}.toml"), profile)?;
        place.put("tidegate.toml", "[budget]\nruns_per_day = 1000000\n")?;
        Ok(place)
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, and the folders above it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, Trouble> {
        let path = self.dir().join(name);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = written.and_then(|()| std::fs::write(&path, content));
        written.map(|()| path).map_err(Trouble::io(format!("writing {name}")))
    }

    /// Starts `serve`.
    ///
    /// # Errors
    /// As [`Daemon::start`].
    pub fn serve(&self) -> Result<Daemon, Trouble> {
        Daemon::start(self.dir(), &["serve"])
    }

    /// Runs a command in the directory, whatever its code: a file of it can be named by its name alone.
    ///
    /// # Errors
    /// When it cannot be built or started.
    pub fn run(&self, args: &[&str]) -> Result<Said, Trouble> {
        let mut command = daemon::command(self.dir(), args)?;
        command.current_dir(self.dir()).stdin(std::process::Stdio::null());
        let output = command.output().map_err(Trouble::io(format!("starting {command:?}")))?;
        let text = |bytes: &[u8]| self.without_its_name(&String::from_utf8_lossy(bytes));
        Ok(Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) })
    }

    /// Asks for JSON; another code than 0 is an error.
    ///
    /// # Errors
    /// As [`daemon::json`].
    pub fn json(&self, args: &[&str]) -> Result<Value, Trouble> {
        daemon::json(self.dir(), args)
    }

    /// Adds sources; gives their ids, in order.
    ///
    /// # Errors
    /// When one is refused.
    pub fn add(&self, profile: &str, identifiers: &[&str]) -> Result<Vec<String>, Trouble> {
        let args: Vec<&str> = ["source", "add", "--profile", profile].iter().chain(identifiers).copied().collect();
        let added = self.json(&args)?;
        Ok(list(&added, "sources").iter().map(|source| word(source, "id")).collect())
    }

    /// What `source show` says about the source itself.
    ///
    /// # Errors
    /// When there is none.
    pub fn source(&self, name: &str) -> Result<Value, Trouble> {
        Ok(self.json(&["source", "show", name])?["source"].clone())
    }

    /// All sources, in the order they were added.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn sources(&self) -> Result<Vec<Value>, Trouble> {
        self.paged(&["source", "list"], "sources", "--after", |page| last_id(page, "sources"))
    }

    /// All runs, newest first. `filter`: further options.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn runs(&self, filter: &[&str]) -> Result<Vec<Value>, Trouble> {
        let args: Vec<&str> = ["runs", "list"].iter().chain(filter).copied().collect();
        self.paged(&args, "runs", "--before", |page| last_id(page, "runs"))
    }

    /// All items of a source, newest first.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn items(&self, source: &str) -> Result<Vec<Value>, Trouble> {
        let next = |page: &Value| page["next"].as_str().map(str::to_owned);
        self.paged(&["items", "--source", source], "items", "--before", next)
    }

    fn paged(
        &self,
        args: &[&str],
        name: &str,
        option: &str,
        next: impl Fn(&Value) -> Option<String>,
    ) -> Result<Vec<Value>, Trouble> {
        let mut all = Vec::new();
        let mut from: Option<String> = None;
        loop {
            let mut args = [args, &["--limit", ROWS]].concat();
            args.extend(from.iter().flat_map(|from| [option, from.as_str()]));
            let page = self.json(&args)?;
            all.extend_from_slice(list(&page, name));
            from = next(&page);
            if from.is_none() {
                return Ok(all);
            }
        }
    }

    /// What is in the directory, so that a test sees that nothing was changed: names and digests, without the cache of
    /// compiled plugins and the files that SQLite has beside the database.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn contents(&self) -> Result<Vec<(PathBuf, String)>, Trouble> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir().to_path_buf()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).map_err(Trouble::io(format!("listing {}", folder.display())))?;
            for entry in entries {
                let path = entry.map_err(Trouble::io("listing a folder"))?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if path.is_dir() && name != ".tidegate-cache" {
                    folders.push(path);
                } else if path.is_file() && !["-wal", "-shm", ".lock"].iter().any(|end| name.ends_with(end)) {
                    let bytes = std::fs::read(&path).map_err(Trouble::io(format!("reading {name}")))?;
                    found.push((path, format!("{:x?}", Sha256::digest(&bytes))));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Its own path is another one each time: in what is printed it reads `DIR`.
    fn without_its_name(&self, text: &str) -> String {
        text.replace(&self.dir().display().to_string(), "DIR")
    }
}

/// What a command has said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output, with `DIR` for the directory.
    pub stdout: String,
    /// Standard error, with `DIR` for the directory.
    pub stderr: String,
}

impl Said {
    /// Standard error on one line, as a search for a sentence needs it: people's messages are wrapped.
    #[must_use]
    pub fn sentence(&self) -> String {
        // A wrapped message carries a bar at the head of each further line.
        let lines = self.stderr.lines().map(|line| line.trim_start_matches([' ', '│', '|']));
        lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }
}

/// The rows of a listing.
#[must_use]
pub fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().map_or(&[], Vec::as_slice)
}

/// A text of an object; empty where there is none.
#[must_use]
pub fn word(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_default().to_owned()
}

/// Where the next page begins, unless this one is the last.
fn last_id(page: &Value, name: &str) -> Option<String> {
    list(page, name).last().map(|row| word(row, "id"))
}

/// Says that a part of a test that needs something of the machine is left out.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub fn left_out(what: &str, why: &str) {
    eprintln!("LEFT OUT: {what}: {why}");
}

/// A setting of the tests themselves, from the environment; empty counts as none.
#[must_use]
pub fn setting(name: &str) -> Option<String> {
    binary::environment(name).and_then(|value| value.into_string().ok())
}
