//! What the start of an element does.
//!
//! Owns: contexts opened, attributes taken, texts begun. Called by [`super`] for elements outside texts.

use std::rc::Rc;

use super::content::{Content, Key};
use super::element::Element;
use super::names::Space;
use super::{Place, Reader, repair};
use crate::limits;
use crate::model::{Field, Format, Link, Node, Person, Picture, Tag};
use crate::weight;

const ITUNES_SCHEME: &str = "http://www.itunes.com/";
const MEDIA_SCHEME: &str = "http://search.yahoo.com/mrss/category_schema";

impl Reader<'_> {
    pub(super) fn begin(&mut self, element: Element) {
        match element {
            Element::Rss => self.begin_rss(),
            Element::Rdf => self.feed_seen |= self.format.is_some(),
            Element::Channel => self.begin_channel(),
            Element::Feed => self.begin_feed(),
            Element::Item => self.begin_item(),
            Element::Image => {
                if !self.in_entry {
                    self.image.get_or_insert_default();
                }
                self.in_image = true;
                self.title_depth = None;
            }
            Element::TextInput => {
                self.in_text_input = true;
                self.title_depth = None;
            }
            Element::Author => {
                self.in_author = true;
                let authors = &mut self.here().authors;
                if authors.len() < limits::AUTHORS {
                    authors.push(Person::default());
                }
                self.collect();
            }
            Element::Contributor | Element::ContributorName => {
                self.in_contributor = true;
                let contributors = &mut self.here().contributors;
                if contributors.len() < limits::AUTHORS {
                    contributors.push(Person::default());
                }
                self.collect();
            }
            Element::Owner => self.in_publisher = true,
            Element::Title => self.begin_text(Key::Title, "text/plain"),
            Element::MediaTitle => self.begin_text(Key::MediaTitle, "text/plain"),
            Element::Subtitle => self.begin_text(Key::Subtitle, "text/plain"),
            Element::Rights | Element::Info => self.begin_text(Key::Ignored, "text/plain"),
            Element::Description => self.begin_summary(Key::Description, "text/html"),
            Element::Abstract => self.begin_text(Key::Description, "text/plain"),
            Element::Summary => self.begin_summary(Key::Summary, "text/plain"),
            Element::Content => {
                self.has_content = true;
                self.begin_text(Key::Content, "text/plain");
            }
            Element::ContentEncoded => {
                self.has_content = true;
                self.begin_text(Key::Content, "text/html");
            }
            Element::Body => self.begin_text(Key::Content, "application/xhtml+xml"),
            Element::Link => self.begin_link(),
            Element::Enclosure => self.begin_enclosure(),
            Element::Source => self.begin_source(),
            Element::Guid => {
                let said = self.attribute("ispermalink");
                self.id_is_url = said.as_deref() == Some("true");
                self.id_is_link = said.is_none_or(|value| value == "true");
                self.collect();
            }
            Element::Category => self.begin_category(None),
            Element::MediaCategory => self.begin_category(Some(MEDIA_SCHEME)),
            Element::ItunesCategory => {
                let tag = Tag { term: self.attribute("text"), scheme: Some(ITUNES_SCHEME.to_owned()), label: None };
                add_tag(self.here(), tag);
                self.collect();
            }
            Element::MediaContent => {
                let picture = self.picture();
                push_bounded(&mut self.here().media_contents, picture);
            }
            Element::MediaThumbnail => {
                let picture = self.picture();
                push_bounded(&mut self.here().media_thumbnails, picture);
                self.collect();
            }
            Element::ItunesImage => {
                let url = self.attribute("href").or_else(|| self.attribute("url")).filter(|url| !url.is_empty());
                if let Some(url) = url {
                    self.here().image = Some(self.resolve(&url));
                }
            }
            Element::InReplyTo => {
                for (name, field) in [("ref", Field::InReplyTo), ("href", Field::InReplyToUrl)] {
                    if let Some(value) = self.attribute(name) {
                        self.here().fields.add(field, value);
                    }
                }
            }
            Element::Name
            | Element::Email
            | Element::Url
            | Element::Publisher
            | Element::Published
            | Element::Updated
            | Element::Language
            | Element::Keywords
            | Element::NewLocation
            | Element::Short(_) => self.collect(),
            Element::Unknown => {}
        }
    }

    /// The innermost element collects its text.
    fn collect(&mut self) {
        if let Some(top) = self.open.last_mut() {
            top.text = Some(String::new());
        }
    }

    fn begin_rss(&mut self) {
        self.feed_seen = true;
        if self.format.is_some_and(Format::is_rss) {
            return;
        }
        let version = self.attribute("version").unwrap_or_default();
        self.format = Some(match version.trim() {
            "0.91" => Format::Rss091,
            "0.92" => Format::Rss092,
            "0.93" => Format::Rss093,
            "0.94" => Format::Rss094,
            other if other.starts_with("2.") => Format::Rss20,
            _ => Format::Rss,
        });
        self.take_language();
    }

    fn begin_feed(&mut self) {
        self.feed_seen = true;
        self.in_feed = true;
        if self.format.is_none() {
            self.format = Some(match self.attribute("version").as_deref().map(str::trim) {
                Some("0.1" | "0.2") => Format::Atom02,
                Some("0.3") => Format::Atom03,
                _ => Format::Atom,
            });
        }
        self.take_language();
    }

    /// `xml:lang` of the root is the language of the feed.
    fn take_language(&mut self) {
        if let Some(language) = self.attribute("xml:lang").or_else(|| self.attribute("lang"))
            && !language.is_empty()
        {
            self.feed.language = Some(language.replace('_', "-"));
        }
    }

    fn begin_channel(&mut self) {
        self.feed_seen = true;
        self.in_feed = true;
        self.take_cdf_attributes();
    }

    fn begin_item(&mut self) {
        self.feed_seen = true;
        self.kept = self.kept.saturating_add(self.entries.last().map_or(0, weight::of));
        if self.entries.len() >= limits::ITEMS || self.kept > self.room {
            self.more = true;
            return;
        }
        self.entries.push(Node::default());
        self.in_entry = true;
        self.in_source = false;
        self.id_is_link = false;
        self.title_depth = None;
        self.has_content = false;
        self.depths = super::finish::Depths::default();
        if let Some(about) = self.attribute_of(Space::Rdf, "about").filter(|about| !about.is_empty()) {
            self.here().id = Some(about);
        }
        let language = self.attribute("xml:lang").filter(|language| !language.is_empty());
        self.here().language = language;
        self.take_cdf_attributes();
    }

    /// CDF keeps link and date in attributes.
    fn take_cdf_attributes(&mut self) {
        if let Some(date) = self.attribute("lastmod") {
            self.store_stamp(&date, false);
        }
        if let Some(href) = self.attribute("href") {
            let href = self.resolve(&href);
            let link = Link { rel: "alternate".to_owned(), href: Some(href.clone()), ..Link::default() };
            let node = self.here();
            push_bounded(&mut node.links, link);
            node.link = Some(href);
        }
    }

    fn attribute_of(&self, space: Space, local: &str) -> Option<String> {
        let attributes = self.tokens.attributes().iter();
        let mut prefixed = attributes.filter_map(|a| a.name.split_once(':').map(|(prefix, name)| (prefix, name, a)));
        let found =
            prefixed.find(|(prefix, name, _)| name.eq_ignore_ascii_case(local) && self.bindings.space(prefix) == space);
        found.map(|(_, _, attribute)| self.value(attribute))
    }

    pub(super) fn begin_text(&mut self, key: Key, default: &str) {
        let (kind, mode) = (self.attribute("type"), self.attribute("mode"));
        let base = Rc::clone(&self.base);
        self.content = Some(Content::new(key, kind.as_deref(), mode.as_deref(), default, base));
    }

    /// A second description or summary of an entry is taken for its full text.
    fn begin_summary(&mut self, key: Key, default: &str) {
        self.summary_is_content = self.place() == Place::Entry && self.here().summary.is_some() && !self.has_content;
        if self.summary_is_content {
            self.has_content = true;
            self.begin_text(Key::Content, "text/plain");
        } else {
            self.begin_text(key, default);
        }
    }

    fn begin_link(&mut self) {
        let lower = |value: Option<String>| value.map(|value| value.trim().to_ascii_lowercase());
        let rel = lower(self.attribute("rel")).filter(|rel| !rel.is_empty()).unwrap_or_else(|| "alternate".to_owned());
        let rel = rel.strip_prefix("http://www.iana.org/assignments/relation/").unwrap_or(&rel).to_owned();
        let kind = lower(self.attribute("type"));
        let href = self.href().map(|href| self.resolve(&href));
        let is_page = rel == "alternate"
            && matches!(kind.as_deref(), None | Some("" | "text/html" | "html" | "application/xhtml+xml" | "xhtml"));
        let link = Link {
            rel,
            href: href.clone(),
            kind,
            length: self.attribute("length"),
            title: self.attribute("title"),
            duration_s: None,
        };
        let hidden = self.in_entry && self.in_image;
        let node = self.here();
        if !hidden {
            push_bounded(&mut node.links, link);
        }
        match href {
            Some(href) if is_page => node.link = Some(href),
            Some(_) => {}
            None => self.collect(),
        }
    }

    /// The place an element points to, under the names feeds use for it.
    fn href(&self) -> Option<String> {
        ["url", "uri", "href"].iter().find_map(|name| self.attribute(name)).filter(|href| !href.trim().is_empty())
    }

    fn begin_enclosure(&mut self) {
        let link = Link {
            rel: "enclosure".to_owned(),
            href: self.href().map(|href| self.resolve(&href)),
            kind: self.attribute("type"),
            length: self.attribute("length"),
            title: self.attribute("title"),
            duration_s: None,
        };
        push_bounded(&mut self.here().links, link);
    }

    fn begin_source(&mut self) {
        self.source = Node::default();
        if let Some(url) = self.attribute("url") {
            self.source.link = Some(self.resolve(&url));
        }
        self.in_source = true;
        self.title_depth = None;
        self.collect();
    }

    fn begin_category(&mut self, default_scheme: Option<&str>) {
        let scheme = self.attribute("scheme").or_else(|| self.attribute("domain"));
        let tag = Tag {
            term: self.attribute("term").map(repair::settle).filter(|term| !term.is_empty()),
            scheme: scheme.or_else(|| default_scheme.map(str::to_owned)),
            label: self.attribute("label"),
        };
        add_tag(self.here(), tag);
        self.collect();
    }

    fn picture(&self) -> Picture {
        let url = self.attribute("url").filter(|url| !url.trim().is_empty()).map(|url| self.resolve(&url));
        Picture {
            url,
            kind: self.attribute("type"),
            medium: self.attribute("medium"),
            width: self.attribute("width"),
            height: self.attribute("height"),
            bytes: self.attribute("filesize"),
            duration: self.attribute("duration"),
        }
    }
}

/// Adds a category unless it says nothing or is there already.
pub(super) fn add_tag(node: &mut Node, tag: Tag) {
    if tag != Tag::default() && node.tags.len() < limits::TAGS && !node.tags.contains(&tag) {
        node.tags.push(tag);
    }
}

/// Adds to a list of links or media. The contract's bound on media is the bound of both.
fn push_bounded<T>(list: &mut Vec<T>, value: T) {
    if list.len() < limits::MEDIA {
        list.push(value);
    }
}
