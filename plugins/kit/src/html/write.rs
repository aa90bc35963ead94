//! Writing clean HTML and its text, piece by piece.
//!
//! Owns: escaping, balance, implied end tags, URLs, and where lines of text end. Called by [`super`].

use crate::{limits, uri};

use super::allow::{self, ELEMENTS, Place};
use super::attributes::Attribute;
use super::text::Lines;
use super::{Clean, HTML_DEPTH, URL_BYTES, entities};

/// The output so far.
pub(super) struct Writer<'b> {
    html: String,
    lines: Lines,
    base: &'b str,
    /// Open elements, as places in [`ELEMENTS`].
    open: Vec<usize>,
    /// How many of each are open, so that a stray end tag is known as one without a search.
    count: [u16; ELEMENTS.len()],
    /// Bytes of HTML that may be written. None once there were more: from there on only text is.
    most: Option<usize>,
    /// Whether something is left out.
    pub(super) over: bool,
}

impl<'b> Writer<'b> {
    pub(super) fn new(capacity: usize, base: &'b str, most: usize) -> Self {
        Self {
            html: String::with_capacity(capacity.min(most) + 32),
            lines: Lines::with_capacity(capacity.min(limits::TEXT_BYTES)),
            base,
            open: Vec::new(),
            count: [0; ELEMENTS.len()],
            most: Some(most),
            over: false,
        }
    }

    /// Whether nothing more can come of the markup.
    pub(super) fn is_full(&self) -> bool {
        self.most.is_none() && self.lines.len() >= limits::TEXT_BYTES
    }

    /// Whether so many more bytes of HTML may be written. If not, there will be no HTML at all.
    fn has_room(&mut self, bytes: usize) -> bool {
        let has = self.most.is_some_and(|most| self.html.len().saturating_add(bytes) <= most);
        if !has {
            self.html = String::new();
            self.most = None;
            self.over = true;
        }
        has
    }

    /// Text that means itself.
    pub(super) fn text(&mut self, text: &str) {
        if self.has_room(text.len()) {
            escape(text, &mut self.html);
        }
        if self.lines.len() < limits::TEXT_BYTES {
            self.lines.push(text);
        }
    }

    /// A tag that is not kept: it separates nothing but words.
    pub(super) fn gap(&mut self) {
        self.lines.space();
    }

    pub(super) fn start(&mut self, element: usize, attributes: &[Attribute<'_>], empty: bool) {
        let kept = &ELEMENTS[element];
        self.imply_ends(element, kept.place);
        match kept.place {
            Place::Inline | Place::Void => {}
            _ => self.lines.line(),
        }
        if !self.has_room(kept.name.len() + 2) {
            return;
        }
        let mark = self.html.len();
        self.html.push('<');
        self.html.push_str(kept.name);
        let has_source = self.attributes(kept, attributes);
        if self.most.is_none() {
            return;
        }
        if matches!(kept.name, "img" | "source") && !has_source {
            self.html.truncate(mark);
            return;
        }
        self.html.push('>');
        if matches!(kept.place, Place::Void | Place::VoidLine) {
            return;
        }
        if self.open.len() >= HTML_DEPTH {
            self.html.truncate(mark);
            return;
        }
        self.open.push(element);
        self.count[element] += 1;
        if empty && attributes.is_empty() {
            self.end(element);
        }
    }

    /// Writes the attributes that may stay. Says whether there was a usable `src`.
    fn attributes(&mut self, kept: &allow::Element, attributes: &[Attribute<'_>]) -> bool {
        let mut has_source = false;
        for (at, attribute) in attributes.iter().enumerate() {
            let Some(name) =
                kept.attributes.iter().chain(allow::GLOBAL).find(|n| n.eq_ignore_ascii_case(attribute.name))
            else {
                continue;
            };
            if attributes[..at].iter().any(|earlier| earlier.name.eq_ignore_ascii_case(name)) {
                continue;
            }
            let value = decoded(attribute.value);
            let value = if allow::is_url(name) {
                let Some(url) = self.url(name, &value) else { continue };
                has_source |= *name == "src";
                url
            } else {
                value
            };
            if !self.has_room(name.len() + value.len() + 4) {
                break;
            }
            self.html.push(' ');
            self.html.push_str(name);
            self.html.push_str("=\"");
            escape_value(&value, &mut self.html);
            self.html.push('"');
        }
        has_source
    }

    /// The URL made absolute, if its scheme is safe.
    fn url(&self, attribute: &str, value: &str) -> Option<String> {
        let url = uri::resolve(self.base, value);
        let scheme = uri::scheme(&url)?;
        (allow::scheme_is_safe(attribute, scheme) && url.len() <= URL_BYTES).then_some(url)
    }

    pub(super) fn end(&mut self, element: usize) {
        let place = ELEMENTS[element].place;
        match place {
            Place::Inline | Place::Void => {}
            // `</br>` is a line break to browsers; here it is the end of `<br>`.
            _ => self.lines.line(),
        }
        if self.count[element] == 0 {
            return;
        }
        while let Some(top) = self.open.last().copied() {
            self.close_top();
            if top == element {
                return;
            }
        }
    }

    fn close_top(&mut self) {
        if let Some(top) = self.open.pop() {
            self.count[top] -= 1;
            self.html.push_str("</");
            self.html.push_str(ELEMENTS[top].name);
            self.html.push('>');
        }
    }

    /// Ends what the start of `element` ends by itself (WHATWG HTML section 13.1.2.4, the cases that feeds show).
    fn imply_ends(&mut self, element: usize, place: Place) {
        match place {
            Place::Block | Place::Paragraph => {
                self.close_within(
                    |e| e.place == Place::Paragraph,
                    |e| matches!(e.place, Place::Cell) || matches!(e.name, "table" | "caption"),
                );
            }
            Place::ListItem => self.close_within(|e| e.place == Place::ListItem, |e| matches!(e.name, "ul" | "ol")),
            Place::Definition => self.close_within(|e| e.place == Place::Definition, |e| e.name == "dl"),
            Place::Cell => self.close_within(|e| e.place == Place::Cell, |e| matches!(e.name, "tr" | "table")),
            Place::Row => self.close_within(|e| e.place == Place::Row, |e| e.name == "table"),
            Place::Rows => self.close_within(|e| e.place == Place::Rows, |e| e.name == "table"),
            Place::Inline if ELEMENTS[element].name == "a" => {
                self.close_within(|e| e.name == "a", |e| e.place == Place::Cell || e.name == "table");
            }
            Place::Inline | Place::Void | Place::VoidLine => {}
        }
    }

    /// Closes the innermost element that `wanted` names, unless one that `barrier` names lies before it.
    fn close_within(&mut self, wanted: fn(&allow::Element) -> bool, barrier: fn(&allow::Element) -> bool) {
        let found = self.open.iter().rev().position(|&e| wanted(&ELEMENTS[e]) || barrier(&ELEMENTS[e]));
        if let Some(above) = found {
            let at = self.open.len() - 1 - above;
            if wanted(&ELEMENTS[self.open[at]]) {
                while self.open.len() > at {
                    self.close_top();
                }
            }
        }
    }

    pub(super) fn finish(mut self) -> Clean {
        while !self.open.is_empty() {
            self.close_top();
        }
        self.has_room(0);
        Clean { html: self.html.trim().to_owned(), text: self.lines.finish(), over: self.over }
    }
}

/// Escapes text between tags.
pub(super) fn escape(text: &str, out: &mut String) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            0 => "\u{fffd}",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escaped);
        from = at + 1;
    }
    out.push_str(&text[from..]);
}

/// Escapes an attribute's value for double quotes.
fn escape_value(value: &str, out: &mut String) {
    for (at, part) in value.split('"').enumerate() {
        if at > 0 {
            out.push_str("&quot;");
        }
        escape(part, out);
    }
}

/// An attribute's value with its references replaced.
fn decoded(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    entities::decode_value(raw, &mut out);
    out
}
