//! The load server as a process of its own, so that its CPU is not the daemon's and not the bench's.
//!
//! Owns: the process and its control lines. Called by the benches.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use tidegate_platforms::Books;

use crate::Trouble;

/// A running `tidegate-platforms load`. Ends when dropped.
pub struct LoadServer {
    child: Child,
    lines: ChildStdin,
    answers: BufReader<ChildStdout>,
    base_url: String,
}

impl LoadServer {
    /// Starts it with `feeds` feeds of `items` items and writes their URLs to `urls`, one a line.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(binary: &Path, feeds: usize, items: usize, seed: u64, urls: &Path) -> Result<Self, Trouble> {
        let mut command = Command::new(binary);
        command.arg("load").args([
            "--n",
            &feeds.to_string(),
            "--items",
            &items.to_string(),
            "--seed",
            &seed.to_string(),
        ]);
        command.arg("--control").arg("--urls").arg(urls).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(Trouble::io(format!("starting {command:?}")))?;
        let (Some(lines), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Trouble::printed("the load server's pipes", "none"));
        };
        let mut server = Self { child, lines, answers: BufReader::new(answers), base_url: String::new() };
        server.base_url = server.line()?;
        Ok(server)
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What it has served until now.
    ///
    /// # Errors
    /// When it is gone.
    pub fn books(&mut self) -> Result<Books, Trouble> {
        let line = self.ask("books")?;
        serde_json::from_str(&line).map_err(|error| Trouble::printed(format!("the books ({error})"), &line))
    }

    /// Whether it sends validators and looks at them.
    ///
    /// # Errors
    /// When it is gone.
    pub fn set_validators(&mut self, on: bool) -> Result<(), Trouble> {
        let line = self.ask(if on { "validators on" } else { "validators off" })?;
        let answer: Value = serde_json::from_str(&line).unwrap_or_default();
        if answer["done"] == true { Ok(()) } else { Err(Trouble::printed("switching validators", &line)) }
    }

    fn ask(&mut self, line: &str) -> Result<String, Trouble> {
        writeln!(self.lines, "{line}").map_err(Trouble::io("telling the load server"))?;
        self.line()
    }

    fn line(&mut self) -> Result<String, Trouble> {
        let mut line = String::new();
        let count = self.answers.read_line(&mut line).map_err(Trouble::io("reading from the load server"))?;
        if count == 0 {
            Err(Trouble::printed("the load server's answer", "it is gone"))
        } else {
            Ok(line.trim_end().to_owned())
        }
    }
}

impl Drop for LoadServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
