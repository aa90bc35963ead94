//! From the HTML of a feed or an API to safe HTML and plain text.
//!
//! Owns: the sanitizer, the text of markup, and the test whether a text is meant as markup. Must not know: feeds. Called
//! by plugins for each text that an item keeps.
//!
//! How the output is safe: nothing of the input is copied as markup. Every tag is parsed and written anew, only from a
//! list of elements without active content, with attributes from a list per element, quoted and escaped; all other text
//! has `&`, `<` and `>` escaped; tags are balanced. No element of the list switches an HTML parser into another mode (no
//! raw text, no foreign content, no templates), so whatever a browser makes of the nesting, it can only make elements
//! and attributes that are on the list. That holds without trusting this module's reading of the input.

mod allow;
pub mod attributes;
pub mod entities;
mod guess;
#[rustfmt::skip]
mod named;
mod scan;
mod text;
mod write;

pub use guess::looks_like_html;
pub use text::{fold, lines, plain};

use scan::{Piece, Scanner};
use write::Writer;

use crate::limits;
use crate::text::Room;

/// Open elements in a piece of HTML. Deeper tags are dropped, their text stays.
pub const HTML_DEPTH: usize = 128;
/// Bytes of any URL (contract). A longer one is left out.
pub const URL_BYTES: usize = 8 * 1_024;

/// Bytes of markup that are read of one text: four times what may come of it. What stands behind them is left out.
pub const MARKUP_BYTES: usize = 4 * limits::HTML_BYTES;

/// Markup made safe.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Clean {
    /// Balanced HTML with absolute URLs.
    pub html: String,
    /// Its words: blocks on lines of their own, white space folded.
    pub text: String,
    /// Whether the markup is too large: `html` is then empty, or ends before the markup does.
    pub over: bool,
}

/// Cleans `markup`; references in it are relative to `base`. Linear in the length of the markup, and bounded by the contract's
/// maxima: a few bytes of markup may be many of clean HTML.
pub fn clean(markup: &str, base: &str) -> Clean {
    clean_within(markup, base, limits::HTML_BYTES)
}

/// The same, with at most `most` bytes of HTML (and never more than the contract allows): what there is no room for need not be
/// written.
pub fn clean_within(markup: &str, base: &str, most: usize) -> Clean {
    let read = &markup[..markup.floor_char_boundary(MARKUP_BYTES)];
    let mut writer = Writer::new(read.len(), base, most.min(limits::HTML_BYTES));
    if read.len() < markup.len() {
        writer.over = true;
    }
    let mut scanner = Scanner::new(read);
    while !writer.is_full()
        && let Some(piece) = scanner.next()
    {
        match piece {
            Piece::Text(text) => writer.text(text),
            Piece::Reference(meaning) => writer.text(meaning),
            Piece::Character(character) => writer.text(character.encode_utf8(&mut [0; 4])),
            Piece::Start { name, empty } => match allow::verdict(name) {
                allow::Verdict::Keep(element) => writer.start(element, scanner.attributes(), empty),
                allow::Verdict::Unwrap => writer.gap(),
                allow::Verdict::Remove if empty && scanner.attributes().is_empty() => writer.gap(),
                allow::Verdict::Remove => scanner.skip_to_end_of(name),
            },
            Piece::End { name } => match allow::verdict(name) {
                allow::Verdict::Keep(element) => writer.end(element),
                _ => writer.gap(),
            },
        }
    }
    writer.finish()
}

/// Cleans for an item of a batch. HTML that there is no room for is left out and counted, and costs a part of the room: else a page
/// of many texts that all grow a thousandfold could make this write more than a call has time for.
pub fn clean_for(markup: &str, base: &str, room: &mut Room) -> Clean {
    let most = room.left().min(limits::HTML_BYTES);
    let clean = clean_within(markup, base, most);
    if clean.over {
        room.shortened += 1;
        room.spend(most / 8);
    }
    clean
}

#[cfg(test)]
mod tests;
