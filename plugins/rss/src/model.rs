//! A feed as read: one shape for every format, before it becomes a batch.
//!
//! Owns: the shape. Must not know: how it is read or what the contract wants. Filled by [`crate::reader`] and
//! [`crate::json`], turned into a batch by [`crate::map`]. Texts are kept as they were written, with the base their
//! references resolve against: only what an item keeps is cleaned.

use std::rc::Rc;

use crate::tokenize::Damage;

/// What sort of feed it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RSS 0.90 (RDF with Netscape's namespace).
    Rss090,
    /// RSS 0.91 by Netscape's document type.
    Rss091Netscape,
    /// RSS 0.91 by version number.
    Rss091,
    /// RSS 0.92.
    Rss092,
    /// RSS 0.93.
    Rss093,
    /// RSS 0.94.
    Rss094,
    /// RSS 2.0, any 2.x.
    Rss20,
    /// RSS of an unknown version.
    Rss,
    /// RSS 1.0 (RDF).
    Rss10,
    /// Atom 0.1 and 0.2.
    Atom02,
    /// Atom 0.3.
    Atom03,
    /// Atom 1.0.
    Atom10,
    /// Atom of an unknown version.
    Atom,
    /// Channel Definition Format.
    Cdf,
    /// JSON Feed 1.0.
    Json10,
    /// JSON Feed 1.1.
    Json11,
    /// JSON Feed of an unknown version.
    Json,
}

impl Format {
    /// Short name, as `extra` of a batch tells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rss090 => "rss090",
            Self::Rss091Netscape => "rss091n",
            Self::Rss091 => "rss091u",
            Self::Rss092 => "rss092",
            Self::Rss093 => "rss093",
            Self::Rss094 => "rss094",
            Self::Rss20 => "rss20",
            Self::Rss => "rss",
            Self::Rss10 => "rss10",
            Self::Atom02 => "atom02",
            Self::Atom03 => "atom03",
            Self::Atom10 => "atom10",
            Self::Atom => "atom",
            Self::Cdf => "cdf",
            Self::Json10 => "json1",
            Self::Json11 => "json1.1",
            Self::Json => "json",
        }
    }

    /// Whether texts say themselves what they are. In the others plain text may turn out to be HTML.
    pub fn is_atom(self) -> bool {
        matches!(self, Self::Atom02 | Self::Atom03 | Self::Atom10 | Self::Atom)
    }

    /// Whether `dc:date` of an entry is the time of its publication.
    pub fn is_rss(self) -> bool {
        !self.is_atom() && !matches!(self, Self::Json10 | Self::Json11 | Self::Json)
    }
}

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// It means itself.
    Plain,
    /// HTML or XHTML.
    Html,
}

/// A text as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Trimmed.
    pub value: Rc<str>,
    /// How to read it.
    pub markup: Markup,
    /// Base of the references in it.
    pub base: Rc<str>,
}

/// A person.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Person {
    /// As displayed.
    pub name: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Home page, absolute if its base was known.
    pub url: Option<String>,
}

/// A link with its relation. RSS enclosures are links of relation "enclosure".
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Link {
    /// In lower case; "alternate" if none was given.
    pub rel: String,
    /// Absolute if its base was known.
    pub href: Option<String>,
    /// Media type.
    pub kind: Option<String>,
    /// Bytes, as written.
    pub length: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Seconds (JSON Feed).
    pub duration_s: Option<f64>,
}

/// A category.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The machine's word for it.
    pub term: Option<String>,
    /// The vocabulary.
    pub scheme: Option<String>,
    /// The person's word for it.
    pub label: Option<String>,
}

/// `media:content`, `media:thumbnail`, `itunes:image`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Absolute if its base was known.
    pub url: Option<String>,
    /// Media type.
    pub kind: Option<String>,
    /// "image", "audio", "video" ...
    pub medium: Option<String>,
    /// Pixels, as written.
    pub width: Option<String>,
    /// Pixels, as written.
    pub height: Option<String>,
    /// Bytes, as written.
    pub bytes: Option<String>,
    /// Seconds, as written.
    pub duration: Option<String>,
}

/// A date: as written, and in UTC if it could be read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// RFC 3339.
    pub utc: Option<String>,
    /// As written.
    pub raw: String,
}

/// What feeds, entries and the sources of entries have in common.
#[derive(Debug, Default, Clone)]
pub struct Node {
    /// As written.
    pub id: Option<String>,
    /// Whether the id is said to be a URL (RSS `isPermaLink`).
    pub id_is_link: Option<bool>,
    /// The page. Absolute if its base was known; "" if it was there and empty.
    pub link: Option<String>,
    /// All links.
    pub links: Vec<Link>,
    /// Title.
    pub title: Option<Text>,
    /// Subtitle of a feed, description or summary of an entry.
    pub summary: Option<Text>,
    /// Full texts, the first one counts.
    pub contents: Vec<Text>,
    /// The author in one line, as feeds of a single author have it.
    pub author: Option<String>,
    /// All authors.
    pub authors: Vec<Person>,
    /// Contributors.
    pub contributors: Vec<Person>,
    /// Web master, publisher, owner.
    pub publisher: Option<Person>,
    /// First publication.
    pub published: Option<Stamp>,
    /// Last change.
    pub updated: Option<Stamp>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// Categories.
    pub tags: Vec<Tag>,
    /// The picture that stands for it.
    pub image: Option<String>,
    /// `media:content`.
    pub media_contents: Vec<Picture>,
    /// `media:thumbnail`.
    pub media_thumbnails: Vec<Picture>,
    /// Everything that is one short text.
    pub fields: Fields,
}

/// Short texts, as written.
#[derive(Debug, Default, Clone)]
pub struct Fields(Vec<(Field, String)>);

impl Fields {
    /// The text of a field; the last one if it was given several times.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.all(field).next_back()
    }

    /// All texts of a field, in order.
    pub fn all(&self, field: Field) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| *known == field).map(|(_, text)| text.as_str())
    }

    /// Bytes that they take.
    pub fn weight(&self) -> usize {
        let texts: usize = self.0.iter().map(|(_, text)| text.capacity()).sum();
        self.0.capacity() * size_of::<(Field, String)>() + texts
    }

    /// Adds a text. No feed needs more than a few; beyond a bound they are dropped.
    pub fn add(&mut self, field: Field, text: String) {
        if self.0.len() < 128 {
            self.0.push((field, text));
        }
    }
}

/// The short texts that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Page with the comments.
    Comments,
    /// Feed of the comments.
    CommentsFeed,
    /// Number of comments.
    CommentsCount,
    /// Id of the entry that this one answers.
    InReplyTo,
    /// Place of the entry that this one answers.
    InReplyToUrl,
    /// Minutes a copy may be kept.
    Ttl,
    /// `sy:updatePeriod`.
    UpdatePeriod,
    /// `sy:updateFrequency`.
    UpdateFrequency,
    /// An hour of `skipHours`.
    SkipHour,
    /// A day of `skipDays`.
    SkipDay,
    /// The new place of the feed.
    NewUrl,
    /// `itunes:duration`.
    Duration,
    /// `itunes:episode`.
    Episode,
    /// `itunes:season`.
    Season,
    /// `itunes:episodeType`.
    EpisodeType,
    /// `itunes:explicit`.
    Explicit,
    /// `itunes:complete`.
    Complete,
    /// `itunes:type`.
    PodcastType,
    /// `itunes:summary` of a feed, where a description may follow.
    PodcastSummary,
    /// `itunes:title`.
    PodcastTitle,
    /// Icon or logo.
    Icon,
    /// Where a copy came from (RSS `source`): its title.
    SourceTitle,
    /// Where a copy came from: its place.
    SourceUrl,
    /// What made the feed.
    Generator,
    /// The rights.
    Rights,
    /// That the feed is a complete archive (RFC 5005 `fh:complete`).
    History,
}

/// A document that turned out to be a feed.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Which sort.
    pub format: Format,
    /// What it says about itself.
    pub about: Node,
    /// Its entries in order.
    pub entries: Vec<Node>,
    /// Numbers of entries that were cut off before their identity was known.
    pub cut: Vec<usize>,
    /// The first damage of the document.
    pub damage: Option<Damage>,
    /// Whether the document ended before its root did.
    pub truncated: bool,
    /// Whether there are more entries than can be kept; nothing was read behind those that are.
    pub more: bool,
    /// Texts that were too long to be read to their end.
    pub shortened: usize,
}
