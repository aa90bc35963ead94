//! The emulator as a process of its own, its clock moved by hand.
//!
//! Owns: the process and its control API. Must not know: the daemon.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use apify_emulator::Books;
use tidegate_tests::{Trouble, measure};

/// Between two looks at the books, which cost the emulator and so the machine something.
const LOOK: Duration = Duration::from_secs(2);
/// Looks without any progress after which it is given up.
const PATIENCE: u32 = 60;

/// A running `apify-emulator`. Ends when dropped.
pub(crate) struct Platform {
    child: Child,
    origin: String,
}

impl Platform {
    /// Starts it: every run takes 60 s and brings so many items.
    pub(crate) fn start(binary: &Path, items: u32) -> Result<Self, Trouble> {
        let mut command = Command::new(binary);
        command.args(["--port", "0", "--clock", "virtual", "--quiet", "--load"]).arg(items.to_string());
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let child = spawned.map_err(io(format!("starting {command:?}")))?;
        let mut platform = Self { child, origin: String::new() };
        let mut line = String::new();
        if let Some(stdout) = platform.child.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line).map_err(io("reading the emulator's address"))?;
        }
        platform.origin = line.trim().to_owned();
        Ok(platform)
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Moves its clock.
    pub(crate) fn advance(&self, seconds: u32) -> Result<(), Trouble> {
        self.ask("POST", "/emulator/clock/advance", &format!("{{\"seconds\":{seconds}}}")).map(drop)
    }

    /// Everything until now.
    pub(crate) fn books(&self) -> Result<Books, Trouble> {
        let body = self.ask("GET", "/emulator/books", "")?;
        serde_json::from_str(&body)
            .map_err(|error| Trouble::Printed { what: format!("the books ({error})"), printed: body })
    }

    /// Waits until so many runs have been started in all.
    pub(crate) fn wait_started(&self, runs: u64) -> Result<(), Trouble> {
        let (mut last, mut idle) = (0, 0);
        loop {
            let started = self.books()?.runs.len() as u64;
            if started >= runs {
                return Ok(());
            }
            idle = if started == last { idle + 1 } else { 0 };
            if idle >= PATIENCE {
                let printed = format!("{started}, and none for {} s", (LOOK * PATIENCE).as_secs());
                return Err(Trouble::Printed { what: format!("{runs} started runs"), printed });
            }
            last = started;
            measure::pause(LOOK);
        }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<String, Trouble> {
        let address = self.origin.trim_start_matches("http://");
        let asking = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(address)?;
            let length = body.len();
            write!(
                stream,
                "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = asking().map_err(io(format!("{method} {path} of the emulator")))?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
            _ => Err(Trouble::Printed { what: format!("{method} {path} answered with 200"), printed: answer }),
        }
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// For `map_err`.
pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Trouble {
    let what = what.into();
    move |error| Trouble::Io { what, error }
}
