//! Plain text: of markup, and folded.
//!
//! Owns: where words and lines end. Called by the writer, and by plugins for short fields.

use super::allow::{self, ELEMENTS, Place};
use super::scan::{Piece, Scanner};

/// Text that grows line by line: runs of white space are one space, blocks are on lines of their own.
pub(super) struct Lines {
    out: String,
    pending: Pending,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    Space,
    Line,
}

impl Lines {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes), pending: Pending::Nothing }
    }

    /// A word ends here.
    pub(super) fn space(&mut self) {
        if self.pending == Pending::Nothing {
            self.pending = Pending::Space;
        }
    }

    /// A line ends here.
    pub(super) fn line(&mut self) {
        self.pending = Pending::Line;
    }

    pub(super) fn push(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let blanks = bytes[at..].iter().take_while(|b| is_blank(**b)).count();
            if blanks > 0 {
                self.space();
                at += blanks;
                continue;
            }
            // A run ends where white space has to be folded; single spaces within it are fine as they are.
            let end = at + run_length(&bytes[at..]);
            if !self.out.is_empty() {
                match self.pending {
                    Pending::Nothing => {}
                    Pending::Space => self.out.push(' '),
                    Pending::Line => self.out.push('\n'),
                }
            }
            self.pending = Pending::Nothing;
            self.out.push_str(&text[at..end]);
            at = end;
        }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

/// Length of the run at the start of `bytes` (which starts with no white space) that can be copied as it is.
fn run_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(blank) = bytes[at..].iter().position(|b| is_blank(*b)) {
        let single = bytes[at + blank] == b' ' && bytes.get(at + blank + 1).is_some_and(|b| !is_blank(*b));
        if !single {
            return at + blank;
        }
        at += blank + 1;
    }
    bytes.len()
}

/// White space and the other C0 controls: none of them is a word.
fn is_blank(byte: u8) -> bool {
    byte <= b' '
}

/// Plain text on one line.
pub fn fold(text: &str) -> String {
    let mut lines = Lines::with_capacity(text.len());
    lines.push(text);
    lines.finish()
}

/// Plain text with its line breaks, but without blanks around them.
pub fn lines(text: &str) -> String {
    let folded: Vec<String> = text.lines().map(fold).collect();
    folded.join("\n").trim().to_owned()
}

/// The words of markup on one line, without making HTML of it.
pub fn plain(markup: &str) -> String {
    let mut lines = Lines::with_capacity(markup.len());
    let mut scanner = Scanner::new(markup);
    while let Some(piece) = scanner.next() {
        match piece {
            Piece::Text(text) => lines.push(text),
            Piece::Reference(meaning) => lines.push(meaning),
            Piece::Character(character) => lines.push(character.encode_utf8(&mut [0; 4])),
            Piece::Start { name, empty } => match allow::verdict(name) {
                allow::Verdict::Keep(element) if ELEMENTS[element].place == Place::Inline => {}
                allow::Verdict::Remove if !(empty && scanner.attributes().is_empty()) => scanner.skip_to_end_of(name),
                _ => lines.space(),
            },
            Piece::End { name } => match allow::verdict(name) {
                allow::Verdict::Keep(element) if ELEMENTS[element].place == Place::Inline => {}
                _ => lines.space(),
            },
        }
    }
    lines.finish()
}
