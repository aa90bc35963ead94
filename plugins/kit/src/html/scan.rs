//! From HTML to pieces: text, references, tags.
//!
//! Owns: the grammar. Called by [`super`]. It need not read as browsers do for the output to be safe (see there), only
//! for it to be what the author meant.

use memchr::{memchr, memchr2, memmem};

use super::attributes::{self, Attribute};
use super::entities;

/// A piece of markup. Names are as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'m> {
    /// Means itself; may hold `<` and `&` that start nothing.
    Text(&'m str),
    /// A named reference's meaning.
    Reference(&'static str),
    /// A numeric reference's meaning.
    Character(char),
    /// A start tag; its attributes are in [`Scanner::attributes`].
    Start {
        name: &'m str,
        empty: bool,
    },
    End {
        name: &'m str,
    },
}

/// Reads pieces one after the other.
pub(super) struct Scanner<'m> {
    markup: &'m str,
    at: usize,
    attributes: Vec<Attribute<'m>>,
    no_comment_end: bool,
}

impl<'m> Scanner<'m> {
    pub(super) fn new(markup: &'m str) -> Self {
        Self { markup, at: 0, attributes: Vec::new(), no_comment_end: false }
    }

    /// Attributes of the start tag that was read last.
    pub(super) fn attributes(&self) -> &[Attribute<'m>] {
        &self.attributes
    }

    pub(super) fn next(&mut self) -> Option<Piece<'m>> {
        loop {
            let rest = self.markup.get(self.at..).filter(|rest| !rest.is_empty())?;
            let bytes = rest.as_bytes();
            match bytes[0] {
                b'<' => match bytes.get(1) {
                    Some(b) if b.is_ascii_alphabetic() => return Some(self.start_tag(rest)),
                    Some(b'/') if bytes.get(2).is_some_and(u8::is_ascii_alphabetic) => return Some(self.end_tag(rest)),
                    Some(b'!')
                        if !bytes
                            .get(2)
                            .is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'[' | b'>')) =>
                    {
                        return Some(self.text(rest, 1));
                    }
                    Some(b'!' | b'?' | b'/') => self.pass_over(rest),
                    _ => return Some(self.text(rest, 1)),
                },
                b'&' => return Some(self.reference(rest)),
                _ => {
                    let end = memchr2(b'<', b'&', bytes).unwrap_or(bytes.len());
                    return Some(self.text(rest, end));
                }
            }
        }
    }

    fn text(&mut self, rest: &'m str, length: usize) -> Piece<'m> {
        self.at += length;
        Piece::Text(&rest[..length])
    }

    fn start_tag(&mut self, rest: &'m str) -> Piece<'m> {
        let name_end = 1 + attributes::name_length(&rest.as_bytes()[1..]);
        let read = attributes::read(rest, name_end, &mut self.attributes);
        self.at += read.end;
        Piece::Start { name: local(&rest[1..name_end]), empty: read.empty }
    }

    fn end_tag(&mut self, rest: &'m str) -> Piece<'m> {
        let name_end = 2 + attributes::name_length(&rest.as_bytes()[2..]);
        let end = memchr(b'>', &rest.as_bytes()[name_end..]).map_or(rest.len(), |found| name_end + found + 1);
        self.at += end;
        Piece::End { name: local(&rest[2..name_end]) }
    }

    /// Comments, declarations, processing instructions. Of a CDATA section that was written into HTML only the marks go.
    fn pass_over(&mut self, rest: &'m str) {
        let bytes = rest.as_bytes();
        let to_bracket = |from: usize| memchr(b'>', &bytes[from..]).map_or(bytes.len(), |found| from + found + 1);
        self.at += if rest.starts_with("<!--") {
            // `<!-->` and `<!--->` are whole comments.
            let found = if self.no_comment_end { None } else { memmem::find(&bytes[2..], b"-->") };
            self.no_comment_end = found.is_none();
            found.map_or_else(|| to_bracket(4), |found| 2 + found + 3)
        } else if rest.starts_with("<![CDATA[") {
            9
        } else {
            to_bracket(2)
        };
    }

    fn reference(&mut self, rest: &'m str) -> Piece<'m> {
        let bytes = &rest.as_bytes()[1..rest.len().min(40)];
        let length = bytes.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'#')).unwrap_or(bytes.len());
        let name = &rest[1..=length];
        let closed = usize::from(bytes.get(length) == Some(&b';'));
        if let Some(number) = name.strip_prefix('#') {
            if let Some(character) = entities::numeric(number) {
                self.at += 1 + length + closed;
                return Piece::Character(character);
            }
        } else if closed == 1
            && let Some(meaning) = entities::named(name)
        {
            self.at += 2 + length;
            return Piece::Reference(meaning);
        }
        if let Some((length, meaning)) = entities::bare(name) {
            self.at += 1 + length;
            return Piece::Reference(meaning);
        }
        self.text(rest, 1)
    }

    /// Passes over everything up to the end tag `</name>`; to the end if there is none.
    pub(super) fn skip_to_end_of(&mut self, name: &str) {
        let mut from = self.at;
        while let Some(found) = memmem::find(&self.markup.as_bytes()[from..], b"</") {
            let tag = from + found;
            let after = &self.markup.as_bytes()[tag + 2..];
            let named = after.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()));
            if named && !after.get(name.len()).is_some_and(u8::is_ascii_alphanumeric) {
                self.at = memchr(b'>', &self.markup.as_bytes()[tag..]).map_or(self.markup.len(), |end| tag + end + 1);
                return;
            }
            from = tag + 2;
        }
        self.at = self.markup.len();
    }
}

/// The name without prefix: `xhtml:p` means `p`.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
