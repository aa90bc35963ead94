//! From tokens to a feed: RSS 0.90 to 2.0, RDF, Atom 0.3 and 1.0, CDF.
//!
//! Owns: nesting, inherited base and namespaces, which context a value belongs to, and recovery. Must not know: encodings,
//! HTTP, the contract. Called by [`crate::answer`]. All formats are read by one machine, as real feeds mix them: Atom links
//! in RSS, Dublin Core everywhere, RSS elements without their namespace. Where readers differ it takes the side of Python's
//! feedparser, which the widest corpus of feeds was written against.
//!
//! It keeps no recursion: open elements are a list with a bound, and whatever the document does, the work is linear.

mod begin;
mod close;
mod content;
mod element;
mod finish;
mod names;
mod person;
mod repair;

use std::rc::Rc;

use tidegate_plugin_kit::uri;

use self::content::Content;
use self::element::Element;
use self::names::{Bindings, Space};
use crate::limits;
use crate::model::{Feed, Format, Node};
use crate::tokenize::{Attribute, Token, Tokenizer, decode_into};

/// Reads a document that came from `base`. None if nothing in it says that it is a feed. `room`: bytes that its entries may take.
pub fn read(text: &str, base: &str, room: usize) -> Option<Feed> {
    let mut reader = Reader { room, ..Reader::new(text, base) };
    reader.run();
    reader.into_feed()
}

/// What an open element does when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It means something.
    Handle(Element),
    /// It is markup within a text.
    Inline,
    /// It is a `div` around a text and says nothing.
    Wrapper,
}

#[derive(Debug)]
struct Open<'t> {
    name: &'t str,
    role: Role,
    base: Rc<str>,
    /// How many namespace bindings were in force outside.
    bindings: usize,
    /// Its text, if it collects one.
    text: Option<String>,
}

/// Where values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Feed,
    Image,
    TextInput,
    Source,
    Entry,
}

struct Reader<'t> {
    tokens: Tokenizer<'t>,
    open: Vec<Open<'t>>,
    /// Elements beyond the bound on depth that are open now.
    too_deep: usize,
    bindings: Bindings<'t>,
    base: Rc<str>,
    content: Option<Content>,
    format: Option<Format>,
    feed_seen: bool,
    root_ended: bool,
    feed: Node,
    entries: Vec<Node>,
    /// Bytes that the entries may take.
    room: usize,
    /// Bytes that they take, but for the last.
    kept: usize,
    /// There are more entries than can be kept.
    more: bool,
    shortened: usize,
    stray_ends: usize,
    image: Option<Node>,
    text_input: Node,
    source: Node,
    in_feed: bool,
    in_entry: bool,
    in_image: bool,
    in_text_input: bool,
    in_source: bool,
    in_author: bool,
    in_contributor: bool,
    in_publisher: bool,
    /// Whether the entry has had a full text already: a second description then stays a description.
    has_content: bool,
    /// A second summary or description is on its way to be the full text.
    summary_is_content: bool,
    id_is_link: bool,
    /// It says so itself.
    id_is_url: bool,
    /// Depth of the title that counts; a title within something deeper does not replace it.
    title_depth: Option<usize>,
    depths: finish::Depths,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, base: &str) -> Self {
        Self {
            tokens: Tokenizer::new(text),
            open: Vec::new(),
            too_deep: 0,
            bindings: Bindings::default(),
            base: Rc::from(base),
            content: None,
            format: None,
            feed_seen: false,
            root_ended: false,
            feed: Node::default(),
            entries: Vec::new(),
            room: limits::KEPT_BYTES,
            kept: 0,
            more: false,
            shortened: 0,
            stray_ends: 0,
            image: None,
            text_input: Node::default(),
            source: Node::default(),
            in_feed: false,
            in_entry: false,
            in_image: false,
            in_text_input: false,
            in_source: false,
            in_author: false,
            in_contributor: false,
            in_publisher: false,
            has_content: false,
            summary_is_content: false,
            id_is_link: false,
            id_is_url: false,
            title_depth: None,
            depths: finish::Depths::default(),
        }
    }

    fn run(&mut self) {
        while !self.more {
            let at = self.tokens.position();
            match self.tokens.next_token() {
                None => return,
                Some(Token::Start { name, empty }) => {
                    if self.root_ended {
                        self.tokens.note(at, "something after the root element");
                    }
                    self.start(name, empty, at);
                }
                Some(Token::End { name }) => self.end(name, at),
                Some(Token::Text(text)) => self.text(text, at),
                Some(Token::Literal(text)) => self.literal(text),
            }
        }
    }

    fn text(&mut self, raw: &str, at: usize) {
        let known = match (&mut self.content, self.open.last_mut()) {
            (Some(content), _) => content.text(raw, &self.tokens.entities),
            (None, Some(Open { text: Some(text), .. })) => decode_into(room_in(text, raw), &self.tokens.entities, text),
            _ => return,
        };
        if !known {
            self.tokens.note(at, "an `&` that starts no known reference");
        }
    }

    fn literal(&mut self, text: &str) {
        match (&mut self.content, self.open.last_mut()) {
            (Some(content), _) => content.literal(text),
            (None, Some(Open { text: Some(collected), .. })) => collected.push_str(room_in(collected, text)),
            _ => {}
        }
    }

    fn start(&mut self, name: &'t str, empty: bool, at: usize) {
        if self.open.len() >= limits::DEPTH {
            self.too_deep += usize::from(!empty);
            return;
        }
        let bindings = self.bindings.len();
        self.bind_namespaces();
        let (prefix, local) = names::parts(name);
        let space = self.bindings.space(prefix);
        if !self.bindings.knows(prefix) {
            self.tokens.note(at, "a prefix that is not bound to a namespace");
        }
        let element = names::element(space, local);
        if space == Space::Core {
            self.close_what_was_left_open(element, at);
        }
        let base = self.base_here();
        let outer = std::mem::replace(&mut self.base, base);
        let mut open = Open { name, role: Role::Handle(element), base: outer, bindings, text: None };
        if let Some(content) = &mut self.content {
            open.role = content.start_inline(local, empty, self.tokens.attributes());
        }
        let handled = open.role == Role::Handle(element);
        self.open.push(open);
        if handled {
            if space == Space::Core {
                self.leave_image(local);
            }
            self.begin(element);
        }
        if empty {
            self.close_top(true);
        }
    }

    /// Ends a title or entry whose end tag is missing, when an element starts that cannot stand in it.
    fn close_what_was_left_open(&mut self, element: Element, at: usize) {
        if element.ends_title() && self.content.as_ref().is_some_and(Content::is_title) {
            self.tokens.note(at, "a title that was not ended");
            while self.content.is_some() && !self.open.is_empty() {
                self.close_top(false);
            }
        }
        if element.starts_entry() && self.content.as_ref().map_or(self.in_entry, Content::may_be_unclosed) {
            self.tokens.note(at, "an entry inside an entry or text");
            self.close_for_entry();
        }
    }

    /// Image and text input have few children; any other element shows that they were never closed.
    fn leave_image(&mut self, local: &str) {
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(local));
        self.in_text_input &= is(&["title", "link", "description", "name"]);
        self.in_image &= is(&["title", "link", "description", "url", "href", "width", "height"]);
    }

    fn bind_namespaces(&mut self) {
        for attribute in self.tokens.attributes() {
            let prefix = match attribute.name.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) => match rest.strip_prefix(':') {
                    Some(prefix) => prefix,
                    None => continue,
                },
                None => continue,
            };
            // `xmlns=""` leaves the default vocabulary, which is where unbound names belong anyway.
            self.bindings.bind(prefix, attribute.value);
            if self.format.is_none() {
                self.format = match (prefix, attribute.value.trim().to_ascii_lowercase().as_str()) {
                    ("", "http://my.netscape.com/rdf/simple/0.9/" | "http://channel.netscape.com/rdf/simple/0.9/") => {
                        Some(Format::Rss090)
                    }
                    (_, "http://purl.org/rss/1.0/") => Some(Format::Rss10),
                    (_, "http://www.w3.org/2005/atom") => Some(Format::Atom10),
                    _ => None,
                };
            }
        }
    }

    /// The base of the element whose attributes are at hand.
    fn base_here(&self) -> Rc<str> {
        let own = self.tokens.attributes().iter().find(|a| {
            a.name.eq_ignore_ascii_case("xml:base") || (self.content.is_none() && a.name.eq_ignore_ascii_case("base"))
        });
        let Some(own) = own.filter(|own| !own.value.trim().is_empty()) else { return Rc::clone(&self.base) };
        let url = self.resolve(&self.value(own));
        if uri::is_http(&url) && url.len() <= limits::URL_BYTES { Rc::from(url) } else { Rc::clone(&self.base) }
    }

    fn place(&self) -> Place {
        if self.in_source {
            Place::Source
        } else if self.in_image && self.image.is_some() {
            Place::Image
        } else if self.in_text_input {
            Place::TextInput
        } else if self.in_entry {
            Place::Entry
        } else {
            Place::Feed
        }
    }

    fn node(&mut self, place: Place) -> &mut Node {
        match (place, self.entries.last_mut(), &mut self.image) {
            (Place::Entry, Some(entry), _) => entry,
            (Place::Image, _, Some(image)) => image,
            (Place::TextInput, ..) => &mut self.text_input,
            (Place::Source, ..) => &mut self.source,
            _ => &mut self.feed,
        }
    }

    /// The node of the current context.
    fn here(&mut self) -> &mut Node {
        self.node(self.place())
    }

    /// Where the value of an element is stored: nowhere outside a feed and its entries.
    fn destination(&self) -> Option<Place> {
        if self.in_entry && !self.in_source {
            Some(Place::Entry)
        } else if self.in_feed || self.in_source {
            Some(self.place())
        } else {
            None
        }
    }

    fn resolve(&self, reference: &str) -> String {
        uri::resolve(&self.base, reference)
    }

    /// An attribute's value with its references replaced.
    fn value(&self, attribute: &Attribute<'_>) -> String {
        let raw = room_in("", attribute.value);
        let mut out = String::with_capacity(raw.len());
        decode_into(raw, &self.tokens.entities, &mut out);
        out
    }

    /// The value of an attribute without prefix, its name in any case.
    fn attribute(&self, name: &str) -> Option<String> {
        self.tokens.attributes().iter().find(|a| a.name.eq_ignore_ascii_case(name)).map(|a| self.value(a))
    }

    fn into_feed(mut self) -> Option<Feed> {
        let truncated = !self.more && (!self.open.is_empty() || self.content.is_some());
        if truncated {
            self.tokens.note(self.tokens.position(), "the end of the document before its root's");
        }
        let netscape = self.tokens.doctype.is_some_and(|doctype| doctype.to_ascii_lowercase().contains("netscape"));
        let format = if netscape { Some(Format::Rss091Netscape) } else { self.format };
        if !self.feed_seen || (format.is_none() && self.entries.is_empty() && self.feed.title.is_none()) {
            return None;
        }
        let anonymous =
            |entry: &Node| entry.id.is_none() && entry.link.is_none() && entry.links.iter().all(|l| l.href.is_none());
        let cut = self.in_entry && truncated && self.entries.last().is_some_and(anonymous);
        let cut = if cut { vec![self.entries.len() - 1] } else { Vec::new() };
        if let Some(href) = self.image.and_then(|image| image.image) {
            self.feed.image.get_or_insert(href);
        }
        Some(Feed {
            format: format.unwrap_or(Format::Cdf),
            about: self.feed,
            entries: self.entries,
            cut,
            damage: self.tokens.damage(),
            truncated,
            more: self.more,
            shortened: self.shortened,
        })
    }
}

/// As much of `more` as a short value may still take.
fn room_in<'m>(value: &str, more: &'m str) -> &'m str {
    &more[..more.floor_char_boundary(limits::VALUE_BYTES.saturating_sub(value.len()))]
}

#[cfg(test)]
mod tests;
