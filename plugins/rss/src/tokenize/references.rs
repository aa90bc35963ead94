//! Character and entity references, and the entities a document declares for itself.
//!
//! Owns: what a reference stands for. Called by [`super`]'s users when they need the text. An entity is replaced by plain
//! text or one character; a value that names another entity is not declared at all, so no text can grow by itself.

use std::cell::Cell;

use memchr::{memchr, memmem};

use crate::{html::entities, limits};

/// Entities of the internal subset: name and text.
#[derive(Debug, Default, Clone)]
pub struct Entities {
    known: Vec<(String, String)>,
    /// Bytes they have been replaced by so far in the whole document.
    spent: Cell<usize>,
}

impl Entities {
    /// Reads the `<!ENTITY name "text">` declarations of an internal subset.
    pub(super) fn declare(&mut self, subset: &str) {
        let mut rest = subset;
        while let Some(found) = memmem::find(rest.as_bytes(), b"<!ENTITY") {
            rest = &rest[found + 8..];
            if self.known.len() >= limits::ENTITIES {
                return;
            }
            if let Some((name, text)) = declaration(rest) {
                // The first declaration counts (XML 1.0 section 4.2).
                if self.known.iter().all(|(known, _)| known != name) {
                    self.known.push((name.to_owned(), text));
                }
            }
        }
    }

    /// What the entity stands for, while the document may still grow by its own entities.
    fn get(&self, name: &str) -> Option<&str> {
        let text = self.known.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())?;
        self.spent.set(self.spent.get().saturating_add(text.len()));
        (self.spent.get() <= limits::EXPANSION_BYTES).then_some(text)
    }
}

/// `name "text"`, if the text is plain or a single character reference.
fn declaration(rest: &str) -> Option<(&str, String)> {
    let rest = rest.trim_start();
    let end = rest.find(|c: char| c.is_ascii_whitespace())?;
    let (name, rest) = (&rest[..end], rest[end..].trim_start());
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = &rest[1..];
    let value = &value[..value.find(quote)?];
    if value.len() > limits::ENTITY_BYTES || value.contains('<') {
        return None;
    }
    match value.strip_prefix("&#") {
        Some(number) => number.strip_suffix(';').and_then(entities::numeric).map(|c| (name, c.to_string())),
        None => (!value.contains('&')).then(|| (name, value.to_owned())),
    }
}

/// Appends `raw` to `out` with its references replaced. Says whether all of them were known; an unknown one stays as it
/// is written.
pub fn decode_into(raw: &str, declared: &Entities, out: &mut String) -> bool {
    let mut rest = raw;
    let mut all_known = true;
    while let Some(found) = memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..found]);
        rest = &rest[found..];
        let end = name_end(rest);
        match end.and_then(|end| lookup(&rest[1..end], declared, out).then_some(end)) {
            Some(end) => rest = &rest[end + 1..],
            None => {
                all_known = false;
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    all_known
}

/// Where the `;` of the reference at the start of `text` stands. The longest known name has 31 letters.
fn name_end(text: &str) -> Option<usize> {
    let bytes = &text.as_bytes()[..text.len().min(64)];
    let end =
        1 + bytes[1..].iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'#' | b'_' | b'-' | b'.')))?;
    (bytes[end] == b';' && end > 1).then_some(end)
}

fn lookup(name: &str, declared: &Entities, out: &mut String) -> bool {
    if let Some(number) = name.strip_prefix('#') {
        return entities::numeric(number).map(|c| out.push(c)).is_some();
    }
    match name {
        "lt" => out.push('<'),
        "gt" => out.push('>'),
        "amp" => out.push('&'),
        "quot" => out.push('"'),
        "apos" => out.push('\''),
        _ => match declared.get(name).or_else(|| entities::named(name)) {
            Some(text) => out.push_str(text),
            None => return false,
        },
    }
    true
}
