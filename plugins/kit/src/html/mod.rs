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

/// Open elements in a piece of HTML. Deeper tags are dropped, their text stays.
pub const HTML_DEPTH: usize = 128;
/// Bytes of any URL (contract). A longer one is left out.
pub const URL_BYTES: usize = 8 * 1_024;

/// Markup made safe.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Clean {
    /// Balanced HTML with absolute URLs.
    pub html: String,
    /// Its words: blocks on lines of their own, white space folded.
    pub text: String,
}

/// Cleans `markup`; references in it are relative to `base`. Linear in the length of the markup.
pub fn clean(markup: &str, base: &str) -> Clean {
    let mut writer = Writer::new(markup.len(), base);
    let mut scanner = Scanner::new(markup);
    while let Some(piece) = scanner.next() {
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

#[cfg(test)]
mod tests;
