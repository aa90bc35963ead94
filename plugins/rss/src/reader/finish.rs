//! What the end of an element does.
//!
//! Owns: where a text that was read is stored, and which of several wins. Called by [`super`].

use super::begin::add_tag;
use super::content::Key;
use super::element::Element;
use super::{Place, Reader, person, repair};
use crate::dates;
use crate::model::{Field, Format, Markup, Stamp, Tag, Text};

/// Depths at which values of the current entry were found. A value from deeper down (of a medium, of a quoted entry) does
/// not replace one from further up.
#[derive(Debug, Default)]
pub(super) struct Depths {
    id: Option<usize>,
    title: Option<usize>,
    summary: Option<usize>,
    author: Option<usize>,
}

/// Whether a value at `depth` replaces the one before; if so, remembers the depth.
fn wins(before: &mut Option<usize>, depth: usize) -> bool {
    let wins = before.is_none_or(|before| depth <= before);
    if wins {
        *before = Some(depth);
    }
    wins
}

impl Reader<'_> {
    pub(super) fn finish(&mut self, element: Element, text: Option<String>) {
        let collected = text.is_some();
        let value = text.map(repair::settle).unwrap_or_default();
        match element {
            Element::Channel | Element::Feed => self.in_feed = false,
            Element::Item => {
                self.in_entry = false;
                self.has_content = false;
            }
            Element::Image => self.in_image = false,
            Element::TextInput => self.in_text_input = false,
            Element::Author => self.finish_author(value),
            Element::Contributor => self.in_contributor = false,
            Element::ContributorName => {
                self.finish_name(value);
                self.in_contributor = false;
            }
            Element::Owner => self.in_publisher = false,
            Element::Publisher => {
                let person = person::parse(&value);
                self.here().publisher = Some(person);
            }
            Element::Name => self.finish_name(value),
            Element::Email => self.finish_email(value),
            Element::Url => self.finish_url(&value),
            Element::Title
            | Element::MediaTitle
            | Element::Subtitle
            | Element::Rights
            | Element::Info
            | Element::Description
            | Element::Abstract
            | Element::Summary
            | Element::Content
            | Element::ContentEncoded
            | Element::Body => self.finish_text(),
            // A link with an attribute was stored when it began, and collected nothing.
            Element::Link if collected => self.finish_link(&value),
            Element::Guid => self.finish_guid(&value),
            Element::Source => self.finish_source(&value),
            Element::Published => self.store_stamp(&value, true),
            Element::Updated => self.store_stamp(&value, false),
            Element::Language => {
                if let Some(place) = self.destination() {
                    self.node(place).language = Some(value).filter(|value| !value.is_empty());
                }
            }
            Element::Category | Element::MediaCategory | Element::ItunesCategory => self.finish_category(value),
            Element::Keywords => {
                for term in value.split(',').map(str::trim).filter(|term| !term.is_empty()) {
                    add_tag(self.here(), Tag { term: Some(term.to_owned()), ..Tag::default() });
                }
            }
            Element::MediaThumbnail => {
                let url = self.resolve(&value);
                if let Some(last) = self.here().media_thumbnails.last_mut() {
                    last.url = last.url.take().or(Some(url)).filter(|url| !url.is_empty());
                }
            }
            Element::NewLocation => {
                if self.place() == Place::Feed {
                    let url = self.resolve(&value);
                    self.feed.fields.add(Field::NewUrl, url);
                }
            }
            Element::Short(field) => self.finish_short(field, value),
            Element::Rss
            | Element::Rdf
            | Element::Link
            | Element::Enclosure
            | Element::MediaContent
            | Element::ItunesImage
            | Element::InReplyTo
            | Element::Unknown => {}
        }
    }

    fn finish_author(&mut self, value: String) {
        self.in_author = false;
        let depth = self.open.len();
        if let Some(place) = self.destination()
            && (place != Place::Entry || wins(&mut self.depths.author, depth))
        {
            self.node(place).author = Some(value).filter(|value| !value.is_empty());
        }
        person::sync(self.here());
    }

    fn finish_name(&mut self, value: String) {
        let node = if self.in_publisher || self.in_author || self.in_contributor { self.place() } else { return };
        let (publisher, author) = (self.in_publisher, self.in_author);
        let node = self.node(node);
        if publisher {
            node.publisher.get_or_insert_default().name = Some(value);
        } else if author {
            if let Some(last) = node.authors.last_mut() {
                last.name = Some(value);
            }
        } else if let Some(last) = node.contributors.last_mut() {
            last.name = Some(value);
        }
    }

    fn finish_email(&mut self, value: String) {
        let (publisher, author, contributor) = (self.in_publisher, self.in_author, self.in_contributor);
        let node = self.here();
        if publisher {
            node.publisher.get_or_insert_default().email = Some(value);
        } else if author {
            if let Some(last) = node.authors.last_mut() {
                last.email = Some(value);
            }
        } else if contributor && let Some(last) = node.contributors.last_mut() {
            last.email = Some(value);
        }
    }

    fn finish_url(&mut self, value: &str) {
        let url = self.resolve(value);
        let (author, contributor) = (self.in_author, self.in_contributor);
        if self.place() == Place::Image {
            self.here().image = Some(url).filter(|_| !value.is_empty());
        } else if author {
            if let Some(last) = self.here().authors.last_mut() {
                last.url = Some(url);
            }
        } else if contributor && let Some(last) = self.here().contributors.last_mut() {
            last.url = Some(url);
        }
    }

    fn finish_text(&mut self) {
        let Some(content) = self.content.take() else { return };
        let (key, is_text) = (content.key, content.is_text());
        self.shortened += usize::from(content.is_cut());
        let to_content = std::mem::take(&mut self.summary_is_content);
        let text = content.into_text(!self.format.is_some_and(Format::is_atom));
        let Some(place) = self.destination() else { return };
        let depth = self.open.len();
        match key {
            Key::Title | Key::MediaTitle => self.store_title(text, place, depth, key == Key::MediaTitle),
            Key::Subtitle if place != Place::Entry => self.node(place).summary = Some(text),
            Key::Description | Key::Summary if place == Place::Entry => {
                if wins(&mut self.depths.summary, depth) {
                    self.here_entry().summary = Some(text);
                }
            }
            Key::Description => self.node(place).summary = Some(text),
            Key::Summary => self.node(place).fields.add(Field::PodcastSummary, text.value.to_string()),
            Key::Content if place == Place::Entry => {
                let entry = self.here_entry();
                if is_text && entry.summary.is_none() && !to_content {
                    entry.summary = Some(text.clone());
                }
                if entry.contents.len() < 8 {
                    entry.contents.push(text);
                }
            }
            Key::Content | Key::Subtitle | Key::Ignored => {}
        }
    }

    /// The entry whose text ends, even inside an image.
    fn here_entry(&mut self) -> &mut crate::model::Node {
        self.node(Place::Entry)
    }

    fn store_title(&mut self, text: Text, place: Place, depth: usize, of_media: bool) {
        let empty = text.value.is_empty();
        let hidden = self.title_depth.is_some_and(|title| title <= depth);
        let replaces = place != Place::Entry || hidden || wins(&mut self.depths.title, depth);
        if !hidden && replaces {
            self.node(place).title = Some(text);
        }
        if !empty && !of_media {
            self.title_depth = Some(depth);
        }
    }

    fn finish_link(&mut self, value: &str) {
        let Some(place) = self.destination() else { return };
        if place == Place::Entry && self.in_image {
            return;
        }
        let url = if value.is_empty() { String::new() } else { self.resolve(&strip_entities(value)) };
        let node = self.node(place);
        if let Some(last) = node.links.last_mut() {
            last.href = Some(url.clone()).filter(|url| !url.is_empty());
        }
        node.link = Some(url);
    }

    fn finish_guid(&mut self, value: &str) {
        let depth = self.open.len();
        let (is_link, is_url) = (self.id_is_link, self.id_is_url);
        let url = if value.is_empty() { String::new() } else { self.resolve(value) };
        // Only an id that says itself that it is a URL is completed to one: ids must not change when a feed moves.
        let id = if is_url { url.clone() } else { value.to_owned() };
        if let Some(place) = self.destination()
            && (place != Place::Entry || wins(&mut self.depths.id, depth))
        {
            self.node(place).id = Some(id);
        }
        let node = self.here();
        node.id_is_link.get_or_insert(is_link);
        // RSS takes a guid for a URL unless it is told otherwise; "42" nobody meant as one.
        if is_link && (is_url || value.is_empty() || value.contains(['/', ':'])) {
            node.link.get_or_insert(url);
        }
    }

    fn finish_source(&mut self, value: &str) {
        self.in_source = false;
        let source = std::mem::take(&mut self.source);
        let title = source.title.map(|title| match title.markup {
            Markup::Plain => title.value.to_string(),
            Markup::Html => crate::html::plain(&title.value),
        });
        let title = title.or_else(|| Some(value.to_owned())).filter(|title| !title.is_empty());
        let node = self.here();
        for (field, text) in [(Field::SourceTitle, title), (Field::SourceUrl, source.link)] {
            if let Some(text) = text {
                node.fields.add(field, text);
            }
        }
    }

    /// Keeps a date. One that cannot be read does not replace one that could.
    pub(super) fn store_stamp(&mut self, raw: &str, published: bool) {
        let stamp = Stamp { utc: dates::parse(raw), raw: raw.to_owned() };
        let node = self.here();
        let slot = if published { &mut node.published } else { &mut node.updated };
        if stamp.utc.is_some() || slot.is_none() {
            *slot = Some(stamp);
        }
    }

    fn finish_category(&mut self, value: String) {
        if value.is_empty() {
            return;
        }
        let node = self.here();
        match node.tags.last_mut() {
            Some(last) if last.term.is_none() => last.term = Some(value),
            _ => add_tag(node, Tag { term: Some(value), ..Tag::default() }),
        }
    }

    fn finish_short(&mut self, field: Field, value: String) {
        if value.is_empty() || value.len() > crate::limits::URL_BYTES {
            return;
        }
        let Some(place) = self.destination() else { return };
        let of_feed = matches!(field, Field::SkipHour | Field::SkipDay | Field::Ttl | Field::NewUrl | Field::Complete);
        if of_feed && place != Place::Feed {
            return;
        }
        let is_url = matches!(field, Field::Comments | Field::CommentsFeed | Field::Icon | Field::NewUrl);
        let value = if is_url { self.resolve(&value) } else { value };
        self.node(place).fields.add(field, value);
    }
}

/// Link texts are often escaped once more than their author knew: `?a=1&amp;b=2`.
fn strip_entities(value: &str) -> String {
    if value.contains("&amp;") { value.replace("&amp;", "&") } else { value.to_owned() }
}
