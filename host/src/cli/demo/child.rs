//! A second daemon, as a process of its own.
//!
//! Owns: the process, and the lines of its log. Must not know: what it is for. It is killed when dropped, so that none is
//! left behind whatever happens to the demo.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::failed;
use crate::cli::error::CliError;

/// Lines come from the demo's own daemon about one source: dozens.
type Lines = UnboundedReceiver<Value>;

/// A running `tidegate serve`.
pub(super) struct Child {
    process: std::process::Child,
    lines: Lines,
}

impl Child {
    /// Starts it in `dir`. Its log is read from the first line on.
    pub(super) fn start(dir: &Path) -> Result<Self, CliError> {
        let mut command = command(dir)?;
        command.args(["serve", "--log-json"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(failed("starting the second daemon"))?;
        let (tell, lines) = unbounded_channel();
        let log = process.stderr.take();
        let child = Self { process, lines };
        let read = move || {
            let lines = log.into_iter().flat_map(|log| BufReader::new(log).lines());
            for line in lines.map_while(Result::ok) {
                // What is no JSON is no line of the log: a panic's message, for example.
                if let Ok(line) = serde_json::from_str(&line)
                    && tell.send(line).is_err()
                {
                    return;
                }
            }
        };
        let reader = std::thread::Builder::new().name("demo-second-log".to_owned());
        reader.spawn(read).map_err(failed("reading the second daemon's log"))?;
        Ok(child)
    }

    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The next line of its log; none when it has ended.
    pub(super) async fn line(&mut self) -> Option<Value> {
        self.lines.recv().await
    }
}

impl Drop for Child {
    /// SIGKILL; nothing of it runs when this returns.
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Adds a source to a directory, as a person would.
pub(super) async fn add_source(dir: &Path, profile: &str, identifier: &str) -> Result<(), CliError> {
    let mut command = command(dir)?;
    command.args(["source", "add", "--profile", profile, identifier]).stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || command.output()).await;
    let ended = ended.map_err(|error| CliError::failed(error.to_string()))?;
    let ended = ended.map_err(failed("adding a source to the second daemon"))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
    Err(CliError::failed(format!("the second daemon's source {identifier} was not added: {said}")))
}

/// This program in `dir`.
fn command(dir: &Path) -> Result<Command, CliError> {
    let own = std::env::current_exe().map_err(failed("finding its own program"))?;
    let mut command = Command::new(own);
    command.arg("--dir").arg(dir);
    Ok(command)
}
