//! Deadlines and logs: waiting for what a process says.
//!
//! Owns: the only clock of the tests, and the lines a process has written. Called by `daemon` and `measure`.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines kept of one process; older ones are dropped.
const LINES: usize = 200_000;

/// A point in time that is not waited past.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    #[expect(clippy::disallowed_methods, reason = "a deadline of a test is real time")]
    pub(crate) fn after(wait: Duration) -> Self {
        Self(Instant::now() + wait)
    }

    /// What is left; `None` when it has passed.
    #[expect(clippy::disallowed_methods, reason = "a deadline of a test is real time")]
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

/// Measures wall time.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now on.
    #[expect(clippy::disallowed_methods, reason = "measuring is what it is for")]
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since its start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// What a process has written, line by line, while it writes.
#[derive(Default)]
pub(crate) struct Log {
    lines: Mutex<Lines>,
    grown: Condvar,
}

#[derive(Default)]
struct Lines {
    kept: Vec<String>,
    dropped: usize,
}

impl Log {
    /// Follows a pipe to its end in a thread of its own.
    pub(crate) fn follow(self: &Arc<Self>, pipe: impl Read + Send + 'static) -> JoinHandle<()> {
        let log = Arc::clone(self);
        std::thread::spawn(move || {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                log.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: String) {
        let mut lines = self.lock();
        if lines.kept.len() >= LINES {
            let half = LINES / 2;
            lines.kept.drain(..half);
            lines.dropped += half;
        }
        lines.kept.push(line);
        drop(lines);
        self.grown.notify_all();
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().kept.clone()
    }

    /// The last lines, for messages.
    pub(crate) fn tail(&self, count: usize) -> String {
        let lines = self.lock();
        let from = lines.kept.len().saturating_sub(count);
        lines.kept.get(from..).unwrap_or_default().join("\n")
    }

    /// Waits until the log has grown, at most so long.
    pub(crate) fn growth(&self, most: Duration) {
        let lines = self.lock();
        // A spurious wake-up is as good as a real one: the caller looks again.
        drop(self.grown.wait_timeout(lines, most));
    }

    /// The first line, written before or from now on, for which `wanted` holds; `None` at the deadline.
    pub(crate) fn find(&self, deadline: Deadline, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let mut looked_at = 0;
        let mut lines = self.lock();
        loop {
            let from = looked_at.max(lines.dropped) - lines.dropped;
            let new = lines.kept.get(from..).unwrap_or_default();
            if let Some(line) = new.iter().find(|line| wanted(line)) {
                return Some(line.clone());
            }
            looked_at = lines.dropped + lines.kept.len();
            let left = deadline.left()?;
            lines = self.grown.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Deadline, Log};
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn finds_lines_that_were_there_and_lines_that_come() {
        let log = Arc::new(Log::default());
        let (pipe, mut end) = std::io::pipe().unwrap();
        let reader = log.follow(pipe);
        std::io::Write::write_all(&mut end, b"first\nsecond\n").unwrap();
        let soon = || Deadline::after(Duration::from_secs(20));
        assert_eq!(log.find(soon(), |line| line.contains("sec")).as_deref(), Some("second"));
        assert_eq!(log.find(soon(), |line| line.contains("fir")).as_deref(), Some("first"));
        std::io::Write::write_all(&mut end, b"third").unwrap();
        drop(end);
        assert_eq!(log.find(soon(), |line| line == "third").as_deref(), Some("third"));
        assert_eq!(log.find(Deadline::after(Duration::ZERO), |line| line == "fourth"), None);
        reader.join().unwrap();
        assert_eq!((log.all().len(), log.tail(2).as_str()), (3, "second\nthird"));
    }
}
