//! JSON Feed 1.0 and 1.1 (<https://www.jsonfeed.org/version/1.1/>).
//!
//! Owns: reading it into the shape of [`crate::model`], with mercy: ids that are numbers, a version that is missing, a
//! single author as in 1.0, members of the wrong type. Must not know: HTTP, the contract. Called by [`crate::answer`].

use std::rc::Rc;

use serde_json::{Map, Value};
use tidegate_plugin_kit::json::{Malformed, Reader, Scalar, Shape};
use tidegate_plugin_kit::uri;

use crate::dates;
use crate::limits;
use crate::model::{Feed, Field, Format, Link, Markup, Node, Person, Stamp, Tag, Text};
use crate::weight;

/// What a JSON text turned out to be.
#[derive(Debug)]
pub enum Read {
    /// A feed, the next page of it, and whether it says that it has ended.
    Feed {
        /// The feed.
        feed: Box<Feed>,
        /// `expired`: nothing will ever be added.
        expired: bool,
    },
    /// JSON, but no feed.
    Other,
    /// No JSON: what is wrong, and where.
    Broken(String),
}

/// Whether a text is meant to be JSON.
pub fn looks_like(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Reads a document that came from `base`. `room`: bytes that its entries may take.
pub fn read(text: &str, base: &str, room: usize) -> Read {
    let mut document = Document { base: Rc::from(base), room, ..Document::default() };
    let read = Reader::whole(text, |reader| {
        document.is_object = reader.shape()? == Shape::Object;
        reader.members(|reader, name| document.member(reader, name)).map(drop)
    });
    if let Err(error) = read {
        return Read::Broken(format!("expected {} at byte {}", error.expected, error.at));
    }
    let Document { base, about: feed, entries, is_object, more, shortened, .. } = document;
    let Some(format) = format(&feed).filter(|_| is_object) else { return Read::Other };
    let expired = feed.get("expired").and_then(Value::as_bool) == Some(true);
    let about = about(&feed, &base);
    let feed = Feed { format, about, entries, cut: Vec::new(), damage: None, truncated: false, more, shortened };
    Read::Feed { feed: Box::new(feed), expired }
}

/// A document as it is read: its entries one by one, so that it costs no more memory than what is kept of it.
#[derive(Debug, Default)]
struct Document {
    base: Rc<str>,
    is_object: bool,
    /// Members beside the entries.
    about: Map<String, Value>,
    entries: Vec<Node>,
    /// Bytes that the entries may take.
    room: usize,
    /// Bytes that they take.
    kept: usize,
    more: bool,
    shortened: usize,
}

impl Document {
    fn member(&mut self, reader: &mut Reader<'_>, name: &str) -> Result<(), Malformed> {
        if name != "items" {
            return member(reader, name, &FEED, &mut self.about, &mut self.shortened);
        }
        let is_list = reader.shape()? == Shape::Array;
        self.about.insert(name.to_owned(), if is_list { Value::Array(Vec::new()) } else { Value::Null });
        // Of a member that stands there twice the last one counts.
        (self.kept, self.more) = (0, false);
        self.entries.clear();
        reader.values(|reader, _| self.item(reader)).map(drop)
    }

    fn item(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        if self.more || reader.shape()? != Shape::Object {
            return reader.skip();
        }
        if self.entries.len() >= limits::ITEMS || self.kept > self.room {
            self.more = true;
            return reader.skip();
        }
        let mut item = Map::new();
        reader.members(|reader, name| member(reader, name, &ITEM, &mut item, &mut self.shortened))?;
        let entry = entry(&item, &self.base);
        self.kept = self.kept.saturating_add(weight::of(&entry));
        self.entries.push(entry);
        Ok(())
    }
}

/// Members of a feed that are read.
const FEED: [&str; 13] = [
    "version",
    "title",
    "home_page_url",
    "feed_url",
    "next_url",
    "description",
    "language",
    "authors",
    "author",
    "icon",
    "favicon",
    "hubs",
    "expired",
];
/// Members of an item that are read.
const ITEM: [&str; 16] = [
    "id",
    "url",
    "external_url",
    "title",
    "summary",
    "content_html",
    "content_text",
    "authors",
    "author",
    "date_published",
    "date_modified",
    "language",
    "image",
    "banner_image",
    "tags",
    "attachments",
];

/// Takes a member if it is one of those that are read. A text is cut, and a list of more than anybody needs is passed over.
fn member(
    reader: &mut Reader<'_>,
    name: &str,
    known: &[&str],
    into: &mut Map<String, Value>,
    shortened: &mut usize,
) -> Result<(), Malformed> {
    if !known.contains(&name) {
        return reader.skip();
    }
    let value = match reader.shape()? {
        Shape::Object | Shape::Array => {
            let raw = reader.raw()?;
            let fits = raw.len() <= limits::LIST_BYTES;
            *shortened += usize::from(!fits);
            if fits { serde_json::from_str(raw).unwrap_or_default() } else { Value::Null }
        }
        Shape::Text => {
            let Scalar::Text(text) = reader.scalar()? else { return Ok(()) };
            *shortened += usize::from(text.len() > limits::MARKUP_BYTES);
            Value::String(text[..text.floor_char_boundary(limits::MARKUP_BYTES)].to_owned())
        }
        _ => serde_json::from_str(reader.raw()?).unwrap_or_default(),
    };
    into.insert(name.to_owned(), value);
    Ok(())
}

fn format(feed: &Map<String, Value>) -> Option<Format> {
    let version = feed.get("version").and_then(Value::as_str).unwrap_or_default();
    let bare = version.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    match bare.strip_prefix("jsonfeed.org/version/").map(|number| number.trim_end_matches(['/', '.'])) {
        Some("1") | Some("1.0") => Some(Format::Json10),
        Some("1.1") => Some(Format::Json11),
        Some(_) => Some(Format::Json),
        None => (feed.get("items").is_some_and(Value::is_array) && feed.contains_key("title")).then_some(Format::Json),
    }
}

/// A text or number as text.
fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn url(object: &Map<String, Value>, name: &str, base: &str) -> Option<String> {
    let value = object.get(name)?.as_str()?;
    (!value.trim().is_empty()).then(|| uri::resolve(base, value))
}

fn plain(value: Option<String>, base: &Rc<str>) -> Option<Text> {
    value.map(|value| Text { value: Rc::from(value), markup: Markup::Plain, base: Rc::clone(base) })
}

/// `authors` of 1.1, else `author` of 1.0.
fn people(object: &Map<String, Value>, base: &str) -> Vec<Person> {
    let listed = object.get("authors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let listed: Vec<&Map<String, Value>> = listed.iter().filter_map(Value::as_object).take(limits::AUTHORS).collect();
    let single = object.get("author").and_then(Value::as_object);
    let all = if listed.is_empty() { single.into_iter().collect() } else { listed };
    let person =
        |author: &Map<String, Value>| Person { name: text(author, "name"), email: None, url: url(author, "url", base) };
    all.into_iter().map(person).collect()
}

fn about(feed: &Map<String, Value>, base: &Rc<str>) -> Node {
    let mut about = Node {
        link: url(feed, "home_page_url", base),
        title: plain(text(feed, "title"), base),
        summary: plain(text(feed, "description"), base),
        language: text(feed, "language"),
        authors: people(feed, base),
        image: url(feed, "icon", base).or_else(|| url(feed, "favicon", base)),
        ..Node::default()
    };
    for (rel, name) in [("self", "feed_url"), ("next", "next_url")] {
        if let Some(href) = url(feed, name, base) {
            about.links.push(Link { rel: rel.to_owned(), href: Some(href), ..Link::default() });
        }
    }
    let hubs = feed.get("hubs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for hub in hubs.iter().filter_map(Value::as_object).take(limits::HUBS) {
        about.links.push(Link { rel: "hub".to_owned(), href: url(hub, "url", base), ..Link::default() });
    }
    about
}

fn entry(item: &Map<String, Value>, base: &Rc<str>) -> Node {
    let html = text(item, "content_html").map(|value| Text {
        value: Rc::from(value),
        markup: Markup::Html,
        base: Rc::clone(base),
    });
    let mut entry = Node {
        id: text(item, "id"),
        link: url(item, "url", base).or_else(|| url(item, "external_url", base)),
        title: plain(text(item, "title"), base),
        summary: plain(text(item, "summary"), base),
        contents: html.or_else(|| plain(text(item, "content_text"), base)).into_iter().collect(),
        authors: people(item, base),
        published: stamp(item, "date_published"),
        updated: stamp(item, "date_modified"),
        language: text(item, "language"),
        image: url(item, "image", base).or_else(|| url(item, "banner_image", base)),
        ..Node::default()
    };
    let tags = item.get("tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    entry.tags = tags
        .iter()
        .filter_map(Value::as_str)
        .take(limits::TAGS)
        .map(|tag| Tag { term: Some(tag.to_owned()), ..Tag::default() })
        .collect();
    let attachments = item.get("attachments").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    entry.links = attachments
        .iter()
        .filter_map(Value::as_object)
        .take(limits::MEDIA)
        .filter_map(|a| attachment(a, base))
        .collect();
    if item.contains_key("url")
        && let Some(elsewhere) = url(item, "external_url", base)
    {
        entry.fields.add(Field::SourceUrl, elsewhere);
    }
    entry
}

fn attachment(attachment: &Map<String, Value>, base: &str) -> Option<Link> {
    Some(Link {
        rel: "enclosure".to_owned(),
        href: Some(url(attachment, "url", base)?),
        kind: text(attachment, "mime_type"),
        length: attachment.get("size_in_bytes").and_then(Value::as_f64).map(|bytes| bytes.to_string()),
        title: text(attachment, "title"),
        duration_s: attachment.get("duration_in_seconds").and_then(Value::as_f64),
    })
}

fn stamp(item: &Map<String, Value>, name: &str) -> Option<Stamp> {
    let raw = item.get(name)?.as_str()?;
    Some(Stamp { utc: dates::parse(raw), raw: raw.to_owned() })
}
