//! The daemon as a test holds it: started in a directory, watched, killed.
//!
//! Owns: the child process and its log. Must not know: the daemon's insides; it asks the same commands a user has, with
//! `-o json`. Called by the end-to-end tests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::waiting::{Deadline, Log};
use crate::{Trouble, binary};

/// How often a condition is looked at while nothing is logged.
const LOOK: Duration = Duration::from_millis(50);
/// Log lines in a message.
const TAIL: usize = 40;

/// A running `tidegate --dir DIR ARGS`. Killed when dropped.
pub struct Daemon {
    child: Child,
    dir: PathBuf,
    log: Arc<Log>,
    readers: Vec<JoinHandle<()>>,
}

impl Daemon {
    /// Starts `tidegate --dir DIR ARGS`, `&["serve"]` for instance. Standard output and error are collected.
    ///
    /// # Errors
    /// When the binary cannot be built or started.
    pub fn start(dir: &Path, args: &[&str]) -> Result<Self, Trouble> {
        Self::spawn(dir, command(dir, args)?)
    }

    /// Starts a command that ends in being the daemon of this directory.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(dir: &Path, mut command: Command) -> Result<Self, Trouble> {
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = started.map_err(Trouble::io(format!("starting {command:?}")))?;
        let log = Arc::<Log>::default();
        let mut readers = Vec::new();
        readers.extend(child.stdout.take().map(|pipe| log.follow(pipe)));
        readers.extend(child.stderr.take().map(|pipe| log.follow(pipe)));
        Ok(Self { child, dir: dir.to_path_buf(), log, readers })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written until now, standard output and error as they came.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.all()
    }

    /// SIGKILL, as `kill -9`; gives all it has written. Nothing of it runs when this returns.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill9(mut self) -> Result<Vec<String>, Trouble> {
        self.child.kill().map_err(Trouble::io("killing the daemon"))?;
        self.child.wait().map_err(Trouble::io("waiting for the killed daemon"))?;
        Ok(self.last_words())
    }

    /// SIGINT, as Ctrl-C: the first one drains, the second one stops at once.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn interrupt(&self) -> Result<(), Trouble> {
        self.signal(Signal::INT)
    }

    /// SIGSTOP: it stands still, and its connections stay open.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn freeze(&self) -> Result<(), Trouble> {
        self.signal(Signal::STOP)
    }

    /// SIGCONT: it goes on as if no time had passed.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn thaw(&self) -> Result<(), Trouble> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), Trouble> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let sent = pid.map_or(Err(std::io::ErrorKind::InvalidInput.into()), |pid| {
            kill_process(pid, signal).map_err(std::io::Error::from)
        });
        sent.map_err(Trouble::io(format!("sending {signal:?} to the daemon")))
    }

    /// Waits for its end; gives its status and all it has written.
    ///
    /// # Errors
    /// [`Trouble::Deadline`] when it still runs; it is then killed.
    pub fn wait(mut self, most: Duration) -> Result<(ExitStatus, Vec<String>), Trouble> {
        let deadline = Deadline::after(most);
        loop {
            if let Some(status) = self.child.try_wait().map_err(Trouble::io("waiting for the daemon"))? {
                return Ok((status, self.last_words()));
            }
            let Some(left) = deadline.left() else { return Err(self.deadline("its end", most, "still running")) };
            self.log.growth(left.min(LOOK));
        }
    }

    /// Waits for a line of its output, written before or from now on.
    ///
    /// # Errors
    /// [`Trouble::Deadline`] with the end of the log.
    pub fn wait_line(&self, what: &str, most: Duration, wanted: impl Fn(&str) -> bool) -> Result<String, Trouble> {
        let found = self.log.find(Deadline::after(most), wanted);
        found.ok_or_else(|| self.deadline(what, most, "no such line"))
    }

    /// Asks `tidegate -o json ARGS` again and again until `holds`; gives the answer for which it does. An answer that fails
    /// (a database that is not there yet) is asked again.
    ///
    /// # Errors
    /// [`Trouble::Deadline`] with the last answer and the end of the log; at once when the daemon is gone.
    pub fn wait_until(
        &mut self,
        what: &str,
        most: Duration,
        args: &[&str],
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value, Trouble> {
        let deadline = Deadline::after(most);
        loop {
            let gone = self.child.try_wait().map_err(Trouble::io("waiting for the daemon"))?;
            let last = match json(&self.dir, args) {
                Ok(answer) if holds(&answer) => return Ok(answer),
                Ok(answer) => answer.to_string().chars().take(2_000).collect(),
                Err(trouble) => trouble.to_string(),
            };
            if let Some(status) = gone {
                return Err(self.deadline(what, most, &format!("the daemon ended with {status}; {last}")));
            }
            let Some(left) = deadline.left() else { return Err(self.deadline(what, most, &last)) };
            self.log.growth(left.min(LOOK));
        }
    }

    fn deadline(&self, what: &str, most: Duration, last: &str) -> Trouble {
        let (what, last) = (what.to_owned(), last.to_owned());
        Trouble::Deadline { what, seconds: most.as_secs(), last, log: self.log.tail(TAIL) }
    }

    /// After its end: its pipes are read to theirs.
    fn last_words(&mut self) -> Vec<String> {
        for reader in self.readers.drain(..) {
            reader.join().ok();
        }
        self.log.all()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may be over already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `tidegate --dir DIR ARGS`, to be started. `TIDEGATE_*` of the test's own environment does not reach it.
///
/// # Errors
/// When the binary cannot be built.
pub fn command(dir: &Path, args: &[&str]) -> Result<Command, Trouble> {
    let path = binary::tidegate().map_err(|trouble| Trouble::printed("building tidegate", &trouble.to_string()))?;
    let mut command = Command::new(path);
    for name in binary::our_variables() {
        command.env_remove(name);
    }
    command.arg("--dir").arg(dir).args(args);
    Ok(command)
}

/// Runs `tidegate --dir DIR ARGS` to its end, whatever its code.
///
/// # Errors
/// When it cannot be built or started.
pub fn run(dir: &Path, args: &[&str]) -> Result<Output, Trouble> {
    let mut command = command(dir, args)?;
    command.stdin(Stdio::null()).output().map_err(Trouble::io(format!("starting {command:?}")))
}

/// Runs `tidegate --dir DIR -o json ARGS` and reads what it prints.
///
/// # Errors
/// [`Trouble::Failed`] for another code than 0, [`Trouble::Printed`] for no JSON.
pub fn json(dir: &Path, args: &[&str]) -> Result<Value, Trouble> {
    let with_format: Vec<&str> = ["-o", "json"].iter().chain(args).copied().collect();
    let output = run(dir, &with_format)?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Trouble::Failed { command: format!("tidegate {}", args.join(" ")), status: output.status, stderr });
    }
    serde_json::from_str(&printed)
        .map_err(|error| Trouble::printed(format!("`tidegate {}` printed no JSON ({error})", args.join(" ")), &printed))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    //! The handling of a process, tried on a shell: the daemon itself is tried by the end-to-end tests.
    use super::Daemon;
    use crate::Trouble;
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(20);

    /// With the default answer to interrupts: a shell that is started with them ignored (a job in the background) can not
    /// trap them.
    fn shell(script: &str) -> Daemon {
        let mut command = Command::new("env");
        command.args(["--default-signal=INT", "sh", "-c", script]);
        Daemon::spawn(Path::new("."), command).unwrap()
    }

    #[test]
    fn lines_of_both_streams_are_found_and_the_end_is_waited_for() {
        let daemon = shell("echo one; echo two >&2; exit 7");
        assert_eq!(daemon.wait_line("two", LONG, |line| line == "two").unwrap(), "two");
        assert_eq!(daemon.wait_line("one", LONG, |line| line == "one").unwrap(), "one");
        let (status, mut log) = daemon.wait(LONG).unwrap();
        log.sort();
        assert_eq!((status.code(), log), (Some(7), vec!["one".to_owned(), "two".to_owned()]));
    }

    #[test]
    fn kill_9_ends_what_ignores_everything_else_and_keeps_what_it_said() {
        let daemon = shell("trap '' INT TERM; echo up; while :; do read -r x || :; done");
        daemon.wait_line("up", LONG, |line| line == "up").unwrap();
        let pid = daemon.pid();
        assert_eq!(daemon.kill9().unwrap(), ["up"]);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn an_interrupt_reaches_it() {
        let daemon = shell("trap 'echo drained; exit 0' INT; echo up; while :; do :; done");
        daemon.wait_line("up", LONG, |line| line == "up").unwrap();
        daemon.interrupt().unwrap();
        let (status, log) = daemon.wait(LONG).unwrap();
        assert_eq!((status.code(), log.last().map(String::as_str)), (Some(0), Some("drained")));
    }

    #[test]
    fn a_deadline_tells_what_was_waited_for_and_shows_the_log() {
        let daemon = shell("echo up; exec sleep 60");
        daemon.wait_line("up", LONG, |line| line == "up").unwrap();
        let missing = daemon.wait_line("the second line", Duration::from_millis(1), |line| line == "second");
        let told = missing.unwrap_err().to_string();
        assert!(told.contains("the second line") && told.contains("up"), "{told}");
        assert!(matches!(daemon.wait(Duration::from_millis(1)), Err(Trouble::Deadline { .. })));
    }
}
