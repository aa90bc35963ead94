//! The steps of a task.
//!
//! Owns: running one after the other, stopping at the first that fails, and how long each took. Must not know: what the
//! steps are. Called by the tasks that have several.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::cargo::shown;
use crate::stop::Stop;

/// The steps done so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<Done>,
}

#[derive(Debug)]
struct Done {
    name: String,
    took: Duration,
}

impl Steps {
    /// Runs a step with its output going where ours goes.
    ///
    /// # Errors
    /// When it could not be started or did not succeed; both name the step and the command.
    pub(crate) fn run(&mut self, name: &str, command: Command) -> Result<(), Stop> {
        self.watched(name, command, None)
    }

    /// Runs a step and hands each line of its standard output to `line`, which prints what it sees fit.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) fn read(&mut self, name: &str, command: Command, line: &mut dyn FnMut(&str)) -> Result<(), Stop> {
        self.watched(name, command, Some(line))
    }

    /// Prints how long each step took.
    pub(crate) fn report(&self) {
        let width = self.done.iter().map(|done| done.name.len()).max().unwrap_or(0);
        for Done { name, took } in &self.done {
            eprintln!("{name:<width$}  {:>7.1} s", took.as_secs_f64());
        }
        let all: Duration = self.done.iter().map(|done| done.took).sum();
        eprintln!("{:<width$}  {:>7.1} s", "in all", all.as_secs_f64());
    }

    #[expect(clippy::disallowed_methods, reason = "shows a person how long a step took; nothing is decided by it")]
    fn watched(&mut self, name: &str, mut command: Command, line: Option<&mut dyn FnMut(&str)>) -> Result<(), Stop> {
        let alone = shown(&command);
        eprintln!("== {name}: {alone}");
        let began = Instant::now();
        let end = match line {
            None => command.status(),
            Some(line) => status_read(&mut command, line),
        };
        self.done.push(Done { name: name.to_owned(), took: began.elapsed() });
        let end = match end {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => format!("did not pass ({status})"),
            Err(cause) => format!("could not be started ({cause})"),
        };
        Err(Stop::Step { name: name.to_owned(), alone, end })
    }
}

fn status_read(command: &mut Command, line: &mut dyn FnMut(&str)) -> std::io::Result<ExitStatus> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    if let Some(output) = child.stdout.take() {
        // Tests may write anything, also what is not UTF-8.
        for raw in BufReader::new(output).split(b'\n') {
            line(&String::from_utf8_lossy(&raw?));
        }
    }
    child.wait()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_step_that_fails_says_which_it_was_and_how_to_run_it_alone() {
        let mut steps = Steps::default();
        assert!(steps.run("good", shell("exit 0")).is_ok());
        let stop = steps.run("bad", shell("exit 3"));
        let said = stop.map_err(|stop| stop.to_string());
        assert_eq!(said, Err("bad: did not pass (exit status: 3); to run it alone: sh -c 'exit 3'".to_owned()));
        assert_eq!(steps.done.len(), 2);
    }

    #[test]
    fn a_step_that_cannot_start_says_so() {
        let stop = Steps::default().run("gone", Command::new("/no/such/program"));
        assert!(stop.is_err_and(|stop| stop.to_string().starts_with("gone: could not be started")));
    }

    #[test]
    fn lines_are_read_in_order_whatever_bytes_they_hold() {
        let mut lines = Vec::new();
        let mut keep = |line: &str| lines.push(line.to_owned());
        assert!(Steps::default().read("read", shell(r"printf 'one\n\377\nlast'"), &mut keep).is_ok());
        assert_eq!(lines, ["one", "\u{fffd}", "last"]);
    }
}
