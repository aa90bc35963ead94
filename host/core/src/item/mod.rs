//! Items: what a page becomes once it is believed.
//!
//! Owns: the checked item and page ([`accept()`]), and what happens to an item on its way into the store ([`intake`]). Must
//! not know: rows or plugins. Called by the run's machine (accept) and, inside the committing transaction, by the store
//! (intake), which alone knows what exists already.

mod accept;
mod belongings;
mod findings;
mod fingerprint;
mod intake;
mod mended;

pub use accept::{BadOutput, accept};
pub use intake::{Counts, Intake, Known, Taken};

use serde::{Deserialize, Serialize};

use crate::contract::{Author, Facts, Hints, Media, Metric, Outcome, Reference, Reject, Removal, Step, Watermark};
use crate::failure::Failure;
use crate::time::UtcMillis;

/// A checked page: what [`accept()`] makes of a plugin's batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Checked items, no two with the same external id; newest first where all are dated, else in the page's order.
    pub items: Vec<Item>,
    /// Items that are gone.
    pub removals: Vec<Removal>,
    /// Elements that became dead letters; the first ones, if there are very many.
    pub rejects: Vec<Reject>,
    /// How many elements became dead letters in all.
    pub rejected: u32,
    /// Elements without content.
    pub fillers: u32,
    /// What the page says about the source.
    pub outcome: Outcome,
    /// The failure that came with the items, told as trouble or by the outcome. Items are stored all the same.
    pub trouble: Option<Failure>,
    /// What it says about the account or feed.
    pub facts: Option<Facts>,
    /// Proposed start of the next run; its time is never in the future.
    pub watermark: Option<Watermark>,
    /// What the source asks.
    pub hints: Option<Hints>,
    /// For a person.
    pub warnings: Vec<String>,
    /// For the following page of the same dataset.
    pub state: Option<String>,
    /// One more fetch, still to be checked by `plan`.
    pub next: Option<Step>,
}

/// One normalized post, article or record. Identity: its source + [`Item::external_id`].
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Which element of the page it came from.
    pub element: u32,
    /// Whether what is absent here leaves what is stored.
    pub partial: bool,
    /// The platform's own id.
    pub external_id: String,
    /// What it is, in a lower-case word.
    pub kind: String,
    /// Permanent link.
    pub url: Option<String>,
    /// Plain text.
    pub title: Option<String>,
    /// Plain text.
    pub text: Option<String>,
    /// Sanitized by the plugin.
    pub html: Option<String>,
    /// Plain text.
    pub summary: Option<String>,
    /// First publication. Unknown, unreadable or future times are `None`.
    pub published_at: Option<UtcMillis>,
    /// Last change by its author.
    pub updated_at: Option<UtcMillis>,
    /// All that is kept but not searched by.
    pub detail: Detail,
    /// Counts as of this fetch.
    pub metrics: Vec<Metric>,
    /// Fingerprint of all of the above but the metrics: equal means unchanged.
    pub fingerprint: u64,
}

/// The parts of an item that are kept together, as one JSON object.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// Who wrote it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Author>,
    /// In order of display.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
    /// Items it answers, quotes or repeats.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Categories, hashtags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// BCP 47.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the platform has beyond this.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub data: serde_json::Value,
}

impl Item {
    /// This partial item, completed with what is stored under its identity. A whole item is returned as it is.
    #[must_use]
    pub fn over(mut self, stored: Self) -> Self {
        if !self.partial {
            return self;
        }
        self.url = self.url.or(stored.url);
        self.title = self.title.or(stored.title);
        self.text = self.text.or(stored.text);
        self.html = self.html.or(stored.html);
        self.summary = self.summary.or(stored.summary);
        self.published_at = self.published_at.or(stored.published_at);
        self.updated_at = self.updated_at.or(stored.updated_at);
        self.detail = self.detail.over(stored.detail);
        if self.metrics.is_empty() {
            self.metrics = stored.metrics;
        } else {
            let absent = |metric: &Metric| !self.metrics.iter().any(|own| own.name == metric.name);
            let kept: Vec<Metric> = stored.metrics.into_iter().filter(absent).collect();
            self.metrics.extend(kept);
        }
        self.partial = false;
        self.fingerprint = fingerprint::of(&self);
        self
    }
}

impl Detail {
    fn over(self, stored: Self) -> Self {
        fn either<T>(own: Vec<T>, stored: Vec<T>) -> Vec<T> {
            if own.is_empty() { stored } else { own }
        }
        Self {
            authors: either(self.authors, stored.authors),
            media: either(self.media, stored.media),
            references: either(self.references, stored.references),
            tags: either(self.tags, stored.tags),
            language: self.language.or(stored.language),
            data: if self.data.is_null() { stored.data } else { self.data },
        }
    }
}
