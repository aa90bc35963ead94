//! A feed that grows: how many items it has at a moment, and what they say.
//!
//! Owns: the rule from time to items. The same story, number and start give the same bytes. Called by the site and the
//! books' readers ([`crate::FeedServer::published`]).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::stories::Story;
use crate::formats::{Channel, Entry, Format};

/// One story, told at its rhythm.
pub(crate) struct Growing {
    story: Story,
    window: usize,
}

impl Growing {
    /// `window`: how many of the newest items the feed shows.
    pub(super) fn new(story: Story, window: usize) -> Self {
        Self { story, window: window.max(1) }
    }

    pub(crate) fn path(&self) -> &'static str {
        self.story.path
    }

    pub(crate) fn title(&self) -> &'static str {
        self.story.title
    }

    pub(crate) fn format(&self) -> Format {
        self.story.format
    }

    pub(crate) fn rhythm(&self) -> Duration {
        Duration::from_secs(self.story.rhythm_s.max(1))
    }

    /// Items published so far. Those of the backlog came before the start, at the same rhythm.
    pub(crate) fn count(&self, elapsed: Duration) -> u64 {
        self.story.backlog + elapsed.as_secs() / self.story.rhythm_s.max(1)
    }

    /// When item `number` (the first is 1) came out.
    fn published(&self, number: u64, begun: Timestamp) -> Timestamp {
        let steps = i64::try_from(number).unwrap_or(i64::MAX) - i64::try_from(self.story.backlog).unwrap_or(0);
        let rhythm = i64::try_from(self.story.rhythm_s.max(1)).unwrap_or(1);
        let offset = SignedDuration::from_secs(steps.saturating_mul(rhythm));
        begun.checked_add(offset).unwrap_or(begun)
    }

    /// When the newest of `count` items came out: whole seconds, as the start has.
    pub(crate) fn modified(&self, count: u64, begun: Timestamp) -> Timestamp {
        self.published(count, begun)
    }

    /// Weak for Atom and RDF, strong for the others, so that both forms are met.
    pub(crate) fn etag(&self, count: u64) -> String {
        let slug = self.story.slug();
        match self.story.format {
            Format::Atom | Format::Rdf => format!("W/\"{slug}-{count}\""),
            Format::Rss | Format::Json => format!("\"{slug}-{count}\""),
        }
    }

    /// The id of item `number` as the feed carries it. An RDF item has no other id than its address.
    pub(crate) fn id(&self, number: u64) -> String {
        let slug = self.story.slug();
        match self.story.format {
            Format::Rdf => self.link(number),
            Format::Json => format!("{slug}-{number}"),
            Format::Rss | Format::Atom => format!("tag:coast.example,2026:{slug}/{number}"),
        }
    }

    fn link(&self, number: u64) -> String {
        format!("https://coast.example/{}/{number}", self.story.slug())
    }

    /// The document with `count` items published, `base` being the server's address.
    pub(crate) fn document(&self, count: u64, begun: Timestamp, base: &str) -> String {
        let window = u64::try_from(self.window).unwrap_or(u64::MAX);
        let oldest = count.saturating_sub(window) + 1;
        let entries = (oldest..=count).rev().map(|number| self.entry(number, begun)).collect();
        let channel = Channel {
            title: self.story.title.to_owned(),
            about: self.story.about.to_owned(),
            home: format!("https://coast.example/{}/", self.story.slug()),
            own: format!("{base}{}", self.story.path),
            author: self.story.author.to_owned(),
            updated: self.modified(count, begun),
            entries,
        };
        self.story.format.write(&channel)
    }

    fn entry(&self, number: u64, begun: Timestamp) -> Entry {
        let turn = |texts: &[&'static str]| -> &'static str {
            let length = u64::try_from(texts.len()).unwrap_or(1).max(1);
            let at = usize::try_from(number % length).unwrap_or(0);
            texts.get(at).copied().unwrap_or_default()
        };
        let fill = |text: &str| fill(text, number);
        Entry {
            id: self.id(number),
            link: self.link(number),
            title: fill(turn(self.story.headlines)),
            html: fill(turn(self.story.bodies)),
            author: self.story.author.to_owned(),
            published: self.published(number, begun),
            tags: self.story.tags.iter().map(|&tag| tag.to_owned()).collect(),
        }
    }
}

/// Puts the item's number and what follows from it into a text: `{n}` the number, `{c}` a count of 2 to 12, `{t}` a time
/// of day, `{m}` metres.
fn fill(text: &str, number: u64) -> String {
    // Multiplied by an odd constant, so that neighbours differ visibly; the constant is that of SplitMix64.
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    text.replace("{n}", &number.to_string())
        .replace("{c}", &(2 + mixed % 11).to_string())
        .replace("{t}", &format!("{:02}:{:02}", mixed % 24, (mixed / 24) % 60))
        .replace("{m}", &format!("{}.{:02}", 1 + mixed % 6, (mixed / 7) % 100))
}
