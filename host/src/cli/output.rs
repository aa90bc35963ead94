//! How data and errors are printed.
//!
//! Owns: tables for people, JSON for programs, errors for both. Data goes to standard output, everything else to standard
//! error. A reader that has gone away (`| head`) is no error.

use std::io::{IsTerminal, Write};

use serde::Serialize;

use super::args::Format;
use super::error::{CliError, Exit};

/// Where and how to print.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    format: Format,
}

impl Output {
    /// Prints in this format.
    pub(super) const fn new(format: Format) -> Self {
        Self { format }
    }

    /// Whether a program reads it.
    pub(super) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Prints `data` as JSON, or what `text` makes of it for people.
    pub(super) fn data<T: Serialize>(self, data: &T, text: impl FnOnce(&T) -> String) -> Result<(), CliError> {
        let printed = match self.format {
            Format::Json => serde_json::to_string_pretty(data)
                .map_err(|error| CliError::failed(format!("the answer cannot be written as JSON: {error}")))?,
            Format::Text => in_order(text(data).trim_end()),
        };
        print(&printed)
    }

    /// Tells a person something that is not data.
    pub(super) fn note(self, text: &str) {
        line(&mut std::io::stderr().lock(), &in_order(text));
    }

    /// Prints an error and gives its exit code.
    pub(super) fn fail(self, error: &CliError) -> std::process::ExitCode {
        let printed = match self.format {
            Format::Json => serde_json::json!({ "error": {
                "kind": error.exit,
                "message": error.message,
                "hint": error.hint,
                "problems": error.problems,
            }})
            .to_string(),
            Format::Text => told(error),
        };
        line(&mut std::io::stderr().lock(), &printed);
        if error.exit == Exit::Usage && self.format == Format::Text {
            line(&mut std::io::stderr().lock(), "\nFor more information, try '--help'.");
        }
        error.exit.into()
    }
}

fn told(error: &CliError) -> String {
    // A file or a program gets whole lines.
    let (theme, width) = if std::io::stderr().is_terminal() {
        (miette::GraphicalTheme::unicode(), 100)
    } else {
        (miette::GraphicalTheme::none(), usize::from(u16::MAX))
    };
    drawn(error, theme, width)
}

/// An error for people. It quotes files, names and plugins, so it goes the way of data; before it is drawn, as the drawing has
/// escapes of its own.
fn drawn(error: &CliError, theme: miette::GraphicalTheme, width: usize) -> String {
    let mut shown = CliError::new(error.exit, in_order(&error.message));
    shown.hint = error.hint.as_deref().map(in_order);
    let mut text = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(width);
    match handler.render_report(&mut text, &shown) {
        Ok(()) => format!("error: {}", text.trim_start_matches(['\n', ' ', '×', 'x']).trim_end()),
        Err(_) => format!("error: {}", shown.message),
    }
}

/// Writes data to standard output. A reader that has gone away (`| head`) has read enough; any other failure is told, so that
/// nobody takes half an answer for the whole.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::failed(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line; whoever no longer listens does not make it an error.
pub(super) fn line(to: &mut impl Write, text: &str) {
    let _gone = writeln!(to, "{text}").and_then(|()| to.flush());
}

/// A table: columns as wide as their widest cell, the last one as long as it is.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// What strangers wrote, without the characters that a terminal obeys (escapes) and those that make it show a line in another order
/// than it has (UAX #9: embeddings, overrides, isolates). JSON has them as they are.
fn in_order(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.chars().map(|c| if turns(c) || obeyed(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Fields one below the other: name, value. Fields without a value are left out.
pub(super) fn fields(fields: &[(&str, Option<String>)]) -> String {
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in fields {
        if let Some(value) = value {
            text.push_str(&format!("{name:width$}  {value}\n"));
        }
    }
    text
}

/// A text on one line, cut to so many characters.
pub(super) fn short(text: &str, most: usize) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > most {
        line = line.chars().take(most.saturating_sub(1)).collect::<String>() + "…";
    }
    line
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{CliError, drawn, in_order};
    use crate::engine::sources::{Refused, Wrong};

    #[test]
    fn nothing_is_shown_in_another_order() {
        assert_eq!(in_order("tide \u{202e}gpj\n\u{1b}[2Jשלום"), "tide \u{fffd}gpj\n\u{fffd}[2Jשלום");
    }

    #[test]
    fn errors_do_nothing_to_a_terminal() {
        let evil = "x\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}y";
        let problems = vec![Wrong { pointer: format!("/{evil}"), message: evil.to_owned() }];
        let invalid =
            CliError::from(Refused::Invalid { profile: "p".parse().unwrap(), identifier: evil.to_owned(), problems });
        for error in [CliError::failed(evil).hint(evil), invalid] {
            let told = drawn(&error, miette::GraphicalTheme::none(), usize::from(u16::MAX));
            assert!(!told.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{told:?}");
            assert!(told.contains("x\u{fffd}[2J"), "{told:?}");
        }
    }
}
