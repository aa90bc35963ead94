//! Document type declarations.
//!
//! Owns: finding where one ends and where its internal subset is. Called by [`super`]. Nothing it names is ever fetched.

use memchr::{memchr, memchr3};

/// A declaration as read.
pub(super) struct Read<'t> {
    /// What stands before the internal subset: root and public or system name.
    pub(super) name: &'t str,
    /// Between `[` and `]`; empty if there is none.
    pub(super) subset: &'t str,
    /// Bytes of the whole.
    pub(super) end: usize,
    pub(super) closed: bool,
}

/// Reads the declaration (`<!...>`) at the start of `text`.
pub(super) fn read(text: &str) -> Read<'_> {
    let bytes = text.as_bytes();
    let stop = memchr3(b'>', b'[', b'<', &bytes[2..]).map_or(bytes.len(), |found| found + 2);
    match bytes.get(stop) {
        Some(b'[') => subset(text, stop),
        Some(b'>') => Read { name: &text[2..stop], subset: "", end: stop + 1, closed: true },
        // A tag before the end, or nothing any more: the declaration was left open.
        _ => Read { name: &text[2..stop], subset: "", end: stop, closed: false },
    }
}

/// The part in brackets, whose declarations may hold quoted `]` and `>`.
fn subset(text: &str, open: usize) -> Read<'_> {
    let bytes = text.as_bytes();
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b']' => {
                let end = memchr(b'>', &bytes[at..]).map_or(bytes.len(), |found| at + found + 1);
                return Read { name: &text[2..open], subset: &text[open + 1..at], end, closed: true };
            }
            quote @ (b'"' | b'\'') => match memchr(quote, &bytes[at + 1..]) {
                Some(found) => at += found + 2,
                None => at += 1,
            },
            _ => at += 1,
        }
    }
    Read { name: &text[2..open], subset: &text[open + 1..], end: bytes.len(), closed: false }
}
