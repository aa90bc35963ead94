//! From text to tokens: tags, text, CDATA. XML where it is XML, and something sensible where it is not.
//!
//! Owns: the grammar and its mercies (unquoted and repeated attributes, `<` and `&` that mean themselves, unclosed
//! comments and quotes, undeclared entities, text around the root). Must not know: namespaces, nesting, feeds. Called by
//! [`crate::reader`] and, for `link` elements of pages, by [`crate::discovery`]. It never fails, never looks back, and its
//! work is linear in the length of the text. Internal entities are replaced by plain text and never nested; external
//! ones are never looked at.

mod doctype;
mod references;

pub use references::{Entities, decode_into};

use memchr::{memchr, memmem};
pub use tidegate_plugin_kit::html::attributes::Attribute;
use tidegate_plugin_kit::html::attributes::{self, name_length, starts_name};

/// One token. Names are as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'t> {
    /// A start tag; its attributes are in [`Tokenizer::attributes`].
    Start {
        /// With prefix.
        name: &'t str,
        /// Whether it ended in `/>`.
        empty: bool,
    },
    /// An end tag.
    End {
        /// With prefix.
        name: &'t str,
    },
    /// Text with references in it.
    Text(&'t str),
    /// Text without references.
    Literal(&'t str),
}

/// What is wrong with a document, and where first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// Byte of the decoded text.
    pub at: usize,
    /// For a person: "an end tag without its start".
    pub what: &'static str,
}

/// Reads tokens one after the other.
#[derive(Debug)]
pub struct Tokenizer<'t> {
    text: &'t str,
    at: usize,
    attributes: Vec<Attribute<'t>>,
    /// What the document type declares. Filled when it has been passed.
    pub entities: Entities,
    /// Public and system name of the document type, as written.
    pub doctype: Option<&'t str>,
    damage: Option<Damage>,
    root_seen: bool,
    /// That no `-->`, no `?>` follows any more: looked for once, or hostile text would make the search quadratic.
    no_comment_end: bool,
    no_instruction_end: bool,
}

impl<'t> Tokenizer<'t> {
    /// At the start of `text`.
    pub fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            attributes: Vec::new(),
            entities: Entities::default(),
            doctype: None,
            damage: None,
            root_seen: false,
            no_comment_end: false,
            no_instruction_end: false,
        }
    }

    /// Attributes of the start tag that was read last.
    pub fn attributes(&self) -> &[Attribute<'t>] {
        &self.attributes
    }

    /// Byte at which the next token starts.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The first damage, if any.
    pub fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Notes a damage; the first one stays.
    pub fn note(&mut self, at: usize, what: &'static str) {
        self.damage.get_or_insert(Damage { at, what });
    }

    /// The next token; none at the end. (Not an iterator: the attributes of a token are borrowed from here.)
    pub fn next_token(&mut self) -> Option<Token<'t>> {
        loop {
            let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
            let bytes = rest.as_bytes();
            if bytes[0] != b'<' {
                return Some(self.text_run(rest));
            }
            match bytes.get(1) {
                Some(b'/') if bytes.get(2).is_some_and(|b| starts_name(*b)) => return Some(self.end_tag(rest)),
                Some(b'!') => {
                    if let Some(token) = self.declaration(rest) {
                        return Some(token);
                    }
                }
                Some(b'?') => self.instruction(rest),
                Some(b) if starts_name(*b) => return Some(self.start_tag(rest)),
                Some(b'/') if bytes.get(2) == Some(&b'>') => {
                    self.note(self.at, "an end tag without a name");
                    self.at += 3;
                }
                _ => return Some(self.text_run(rest)),
            }
        }
    }

    /// Text up to the next `<` that starts something. `rest` may start with a `<` that starts nothing.
    fn text_run(&mut self, rest: &'t str) -> Token<'t> {
        let bytes = rest.as_bytes();
        let mut end = 0;
        loop {
            if bytes[end] == b'<' {
                self.note(self.at + end, "a `<` that starts no tag");
                end += 1;
            }
            match memchr(b'<', &bytes[end..]) {
                None => end = bytes.len(),
                Some(found) => {
                    end += found;
                    if !opens_markup(&bytes[end + 1..]) {
                        continue;
                    }
                }
            }
            self.at += end;
            return Token::Text(&rest[..end]);
        }
    }

    fn start_tag(&mut self, rest: &'t str) -> Token<'t> {
        self.root_seen = true;
        let name_end = 1 + name_length(&rest.as_bytes()[1..]);
        let read = attributes::read(rest, name_end, &mut self.attributes);
        if let Some(what) = read.damage {
            self.note(self.at, what);
        }
        self.at += read.end;
        Token::Start { name: &rest[1..name_end], empty: read.empty }
    }

    fn end_tag(&mut self, rest: &'t str) -> Token<'t> {
        let name_end = 2 + name_length(&rest.as_bytes()[2..]);
        // Whatever stands between the name and `>` means nothing; a `<` in it starts the next tag.
        let tail = &rest.as_bytes()[name_end..];
        let end = tail.iter().position(|b| matches!(b, b'>' | b'<')).unwrap_or(tail.len());
        let closed = tail.get(end) == Some(&b'>');
        if !closed {
            self.note(self.at, "an end tag without `>`");
        }
        self.at += name_end + end + usize::from(closed);
        Token::End { name: &rest[2..name_end] }
    }

    /// Comment, CDATA or document type. Only CDATA is a token.
    fn declaration(&mut self, rest: &'t str) -> Option<Token<'t>> {
        if rest.starts_with("<!--") {
            self.comment(rest);
            return None;
        }
        if let Some(inner) = rest.strip_prefix("<![CDATA[") {
            let end = memmem::find(inner.as_bytes(), b"]]>");
            if end.is_none() {
                self.note(self.at, "a CDATA section without its end");
            }
            let text = &inner[..end.unwrap_or(inner.len())];
            self.at += 9 + text.len() + if end.is_some() { 3 } else { 0 };
            return Some(Token::Literal(text));
        }
        let read = doctype::read(rest);
        if !self.root_seen && rest.get(2..9).is_some_and(|word| word.eq_ignore_ascii_case("doctype")) {
            self.doctype = self.doctype.or(Some(read.name));
            self.entities.declare(read.subset);
        }
        if !read.closed {
            self.note(self.at, "a declaration without its end");
        }
        self.at += read.end;
        None
    }

    fn comment(&mut self, rest: &'t str) {
        let found = if self.no_comment_end { None } else { memmem::find(&rest.as_bytes()[4..], b"-->") };
        match found {
            Some(end) => self.at += 4 + end + 3,
            None => {
                self.no_comment_end = true;
                // Everything would be lost with the comment: it ends with its tag-like part instead.
                self.note(self.at, "a comment without its end");
                self.at += memchr(b'>', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
            }
        }
    }

    fn instruction(&mut self, rest: &'t str) {
        let bytes = rest.as_bytes();
        if self.at > 0 && rest.starts_with("<?xml") && bytes.get(5).is_some_and(u8::is_ascii_whitespace) {
            self.note(self.at, "something before the XML declaration");
        }
        let found = if self.no_instruction_end { None } else { memmem::find(bytes, b"?>") };
        self.at += match found {
            Some(end) => end + 2,
            None => {
                self.no_instruction_end = true;
                self.note(self.at, "a processing instruction without its end");
                memchr(b'>', bytes).map_or(bytes.len(), |end| end + 1)
            }
        };
    }
}

/// Whether what follows a `<` makes it the start of a tag or declaration.
fn opens_markup(after: &[u8]) -> bool {
    match after.first() {
        Some(b'/') => after.get(1).is_some_and(|b| starts_name(*b) || *b == b'>'),
        Some(b'!') => {
            after.starts_with(b"!--")
                || after.starts_with(b"![CDATA[")
                || after.get(1).is_some_and(u8::is_ascii_alphabetic)
        }
        Some(b'?') => true,
        Some(b) => starts_name(*b),
        None => false,
    }
}

#[cfg(test)]
mod tests;
