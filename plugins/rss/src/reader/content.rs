//! A text that is being read: plain, HTML written as text, or XHTML written as markup.
//!
//! Owns: the three and how one turns into another. Called by [`super`]. Inside a text every element is markup of the text;
//! a text that said it was escaped and then holds tags is taken as markup from there on.

use std::rc::Rc;

use super::Role;
use super::repair;
use crate::html;
use crate::limits;
use crate::model::{Markup, Text};
use crate::tokenize::{Attribute, Entities, decode_into};

/// Which text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Title,
    MediaTitle,
    Subtitle,
    Description,
    Summary,
    Content,
    /// Read so that it disturbs nothing, then forgotten.
    Ignored,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Html,
    /// Markup of the document itself.
    Inline,
    /// Bytes in base64, of a type that is no text.
    Other,
}

#[derive(Debug)]
pub(super) struct Content {
    pub(super) key: Key,
    pub(super) kind: Kind,
    /// Whether the type was declared to be markup, so that anything may stand in it.
    declared_inline: bool,
    base64: bool,
    base: Rc<str>,
    buffer: String,
    /// Whether there was more than is read of a text.
    cut: bool,
}

impl Content {
    /// By the `type` and `mode` attributes; `default` where there is no type.
    pub(super) fn new(key: Key, kind: Option<&str>, mode: Option<&str>, default: &str, base: Rc<str>) -> Self {
        let given = kind.unwrap_or(default).trim().to_ascii_lowercase();
        let full = match given.as_str() {
            "text" | "plain" => "text/plain",
            "html" => "text/html",
            "xhtml" => "application/xhtml+xml",
            other => other,
        };
        let is_xml = full.ends_with("+xml") || full.ends_with("/xml");
        let kind = match full {
            "text/plain" => Kind::Plain,
            _ if is_xml => Kind::Inline,
            _ if full.starts_with("text/") => Kind::Html,
            _ => Kind::Other,
        };
        let base64 = kind == Kind::Other || mode.is_some_and(|mode| mode.eq_ignore_ascii_case("base64"));
        Self { key, kind, declared_inline: kind == Kind::Inline, base64, base, buffer: String::new(), cut: false }
    }

    /// Whether an entry that starts in it shows that its end tag is missing.
    pub(super) fn may_be_unclosed(&self) -> bool {
        !self.declared_inline
    }

    /// Whether it is a title, which holds no other element of a feed.
    pub(super) fn is_title(&self) -> bool {
        self.key == Key::Title && !self.declared_inline
    }

    /// Adds text of the document. Says whether its references were known.
    pub(super) fn text(&mut self, raw: &str, entities: &Entities) -> bool {
        let raw = self.as_far_as_it_fits(raw);
        if self.kind == Kind::Inline && !raw.contains('&') {
            self.buffer.push_str(raw);
            return true;
        }
        if self.kind == Kind::Inline {
            let mut decoded = String::with_capacity(raw.len());
            let known = decode_into(raw, entities, &mut decoded);
            escape_into(&decoded, &mut self.buffer);
            return known;
        }
        if self.buffer.is_empty() {
            self.buffer.reserve(raw.len());
        }
        decode_into(raw, entities, &mut self.buffer)
    }

    /// Adds a CDATA section.
    pub(super) fn literal(&mut self, text: &str) {
        let text = self.as_far_as_it_fits(text);
        if self.kind == Kind::Inline {
            escape_into(text, &mut self.buffer);
        } else {
            self.buffer.push_str(text);
        }
    }

    /// An element starts within the text.
    pub(super) fn start_inline(&mut self, local: &str, empty: bool, attributes: &[Attribute<'_>]) -> Role {
        if self.kind != Kind::Inline {
            if local.eq_ignore_ascii_case("div") {
                return Role::Wrapper;
            }
            self.kind = Kind::Inline;
        }
        if self.as_far_as_it_fits(local).is_empty() {
            return Role::Inline;
        }
        self.buffer.push('<');
        self.buffer.push_str(local);
        for attribute in attributes.iter().filter(|a| !a.name.starts_with("xmlns")) {
            if attribute.name.len().saturating_add(attribute.value.len()) > limits::VALUE_BYTES {
                self.cut = true;
                continue;
            }
            self.buffer.push(' ');
            self.buffer.push_str(attribute.name);
            self.buffer.push_str("=\"");
            self.buffer.push_str(&attribute.value.replace('"', "&quot;"));
            self.buffer.push('"');
        }
        self.buffer.push_str(if empty && is_void(local) { "/>" } else { ">" });
        Role::Inline
    }

    /// An element within the text ends.
    pub(super) fn end_inline(&mut self, local: &str, empty: bool) {
        if !(self.as_far_as_it_fits(local).is_empty() || empty && is_void(local)) {
            self.buffer.push_str("</");
            self.buffer.push_str(local);
            self.buffer.push('>');
        }
    }

    /// As much of what follows as is read of a text, by its length so far.
    fn as_far_as_it_fits<'m>(&mut self, more: &'m str) -> &'m str {
        let fits = &more[..more.floor_char_boundary(limits::MARKUP_BYTES.saturating_sub(self.buffer.len()))];
        self.cut |= fits.len() < more.len();
        fits
    }

    /// Whether its end was not read.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Whether it can stand for a missing summary.
    pub(super) fn is_text(&self) -> bool {
        self.kind != Kind::Other
    }

    /// The text, with the repairs that real feeds need. `may_guess`: whether plain text may turn out to be HTML.
    pub(super) fn into_text(self, may_guess: bool) -> Text {
        let mut value = self.buffer;
        let mut kind = self.kind;
        if self.base64
            && let Some(decoded) = repair::base64(value.trim())
        {
            value = decoded;
        }
        let value = repair::settle(value);
        if may_guess && kind == Kind::Plain && html::looks_like_html(&value) {
            kind = Kind::Html;
        }
        Text {
            value: Rc::from(value),
            markup: if kind == Kind::Plain { Markup::Plain } else { Markup::Html },
            base: self.base,
        }
    }
}

fn is_void(local: &str) -> bool {
    const VOID: [&str; 14] =
        ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
    VOID.iter().any(|void| void.eq_ignore_ascii_case(local))
}

/// What a character becomes may be five times as long: the bound on a text holds for that.
fn escape_into(text: &str, out: &mut String) {
    for c in text.chars() {
        if out.len() >= limits::MARKUP_BYTES {
            return;
        }
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
}
