//! What a plugin logs during one call, under a cap.
//!
//! Owns: [`LogLine`], the caps on lines and bytes, the notice about what was dropped, and the last error line, which
//! explains a trap. Must not know: where lines are shown. Called by the contract's `log` interface and by WASI's stdout
//! and stderr.

use tidegate_core::limits;

/// How much a line matters to the plugin that wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For whoever writes the plugin.
    Debug,
    /// For whoever looks after the source.
    Info,
    /// Something a person should look at.
    Warn,
    /// Something went wrong. Does not end the call.
    Error,
}

impl LogLevel {
    /// In a word, lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// One line a plugin wrote. Data from outside: it may hold text of a remote site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The words, without line breaks or other control characters.
    pub message: String,
}

/// The lines of one call.
#[derive(Debug, Default)]
pub(super) struct Log {
    lines: Vec<LogLine>,
    bytes: usize,
    dropped: u64,
    /// Kept also when the caps are reached: it explains a trap.
    last_error: Option<String>,
}

impl Log {
    /// Takes one line; drops it when the call has written enough already.
    pub(super) fn write(&mut self, level: LogLevel, message: &str) {
        if level == LogLevel::Error && !is_advice(message) {
            self.last_error = Some(one_line(message, limits::MESSAGE_BYTES));
        }
        let room = limits::LOG_BYTES.saturating_sub(self.bytes);
        if self.lines.len() >= limits::LOG_LINES || room == 0 {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let message = one_line(message, room);
        // An empty line still takes a place.
        self.bytes += message.len().max(1);
        self.lines.push(LogLine { level, message });
    }

    /// The last line of level error, if there was one.
    pub(super) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// All lines kept, with a notice at the end if some were not.
    pub(super) fn finish(self) -> Vec<LogLine> {
        let mut lines = self.lines;
        if self.dropped > 0 {
            let message = format!(
                "{} more lines were dropped: one call may log {} lines and {} KiB",
                self.dropped,
                limits::LOG_LINES,
                limits::LOG_BYTES / limits::KIB
            );
            lines.push(LogLine { level: LogLevel::Warn, message });
        }
        lines
    }
}

/// What Rust writes below a panic's cause.
fn is_advice(message: &str) -> bool {
    message.trim_start().starts_with("note: run with `RUST_BACKTRACE")
}

/// At most `most` bytes, with spaces for control characters: a log is read line by line, and a terminal obeys escapes.
fn one_line(message: &str, most: usize) -> String {
    let mut line = String::with_capacity(message.len().min(most));
    for c in message.trim_end().chars() {
        if line.len() + c.len_utf8() > most {
            break;
        }
        line.push(match c {
            c if c.is_control() => ' ',
            '\u{2028}' | '\u{2029}' => ' ',
            // What turns the order of a line (UAX #9).
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
            c => c,
        });
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_capped_in_number_and_bytes_and_the_rest_is_told() {
        let mut log = Log::default();
        for i in 0..limits::LOG_LINES + 7 {
            log.write(LogLevel::Info, &format!("line {i}"));
        }
        let lines = log.finish();
        assert_eq!(lines.len(), limits::LOG_LINES + 1);
        assert!(lines.last().is_some_and(|line| line.message.starts_with("7 more lines")), "{:?}", lines.last());

        let mut log = Log::default();
        log.write(LogLevel::Info, &"ä".repeat(limits::LOG_BYTES));
        log.write(LogLevel::Error, "the cause");
        log.write(LogLevel::Error, "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace");
        assert_eq!(log.last_error(), Some("the cause"));
        let bytes: usize = log.finish().iter().take(1).map(|line| line.message.len()).sum();
        assert_eq!(bytes, limits::LOG_BYTES);
    }

    #[test]
    fn a_line_is_one_line() {
        let mut log = Log::default();
        log.write(LogLevel::Warn, "a\nb\r\n\u{1b}[31mc\u{2028}d\n");
        let lines = log.finish();
        assert_eq!(lines.first().map(|line| line.message.as_str()), Some("a b   [31mc d"));
    }
}
