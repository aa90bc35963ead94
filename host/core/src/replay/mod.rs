//! Replay: what kept pages come to when they are normalized again, beside what is stored.
//!
//! Owns: the order in which pages about the same item count ([`Series`]), and what differs from the store ([`Seen::against`]).
//! Must not know: plugins, rows, or where pages are kept. Called by `engine/replay`, source by source.
//!
//! The pages of a source are taken in the order in which they were fetched, and each item goes the way it went then: content is
//! replaced where its fingerprint changes, counts wherever they change, the last page decides. So an unchanged plugin comes to
//! what is stored, for every item whose pages are all kept. Where the oldest of them are gone, what no fingerprint tells
//! (the address of a signed picture) may have come from a page that is not there any more; it is compared only where the page
//! that the stored item came with is replayed. And where a newer page may have spoken of the item that is not replayed (it was not
//! kept, could not be read, was not asked for), nothing of it is set back: neither content nor counts.

mod fields;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::contract::{Metric, Removal};
use crate::id::PageId;
use crate::item::{Item, Page};
use crate::time::UtcMillis;

pub use fields::FieldChange;

/// What the pages of one source come to, up to a page.
#[derive(Debug, Default)]
pub struct Series {
    items: BTreeMap<String, Seen>,
    bytes: usize,
}

/// What the pages say about one item, up to a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its content, and the page it came with. `None`: only that it is gone.
    whole: Option<(Item, PageId)>,
    /// The removal that the last page about it told of.
    removed: Option<Removal>,
    /// The last page about it, and when that came.
    last: (PageId, UtcMillis),
}

/// What an item is held against besides what is stored of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside {
    /// New items that were published before this are not taken.
    pub horizon: Option<UtcMillis>,
    /// The newest page of the source that was not normalized, though it may speak of the item.
    pub unread: Option<PageId>,
    /// When the pages were listed: what was changed later was changed by something newer.
    pub listed_at: Option<UtcMillis>,
}

/// What is stored under an item's identity.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The item.
    pub item: Item,
    /// The page it last came with, if that was kept.
    pub page: Option<PageId>,
    /// The last change that was stored.
    pub changed_at: UtcMillis,
    /// Whether the platform has taken it away.
    pub removed: bool,
}

/// What a replay would change about an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Nothing.
    Same,
    /// It is not stored.
    New(Box<Item>, PageId),
    /// Other content; the metrics as well, if they differ.
    Content(Box<Item>, PageId, Vec<FieldChange>),
    /// Other metrics only.
    Metrics(Vec<Metric>, FieldChange),
    /// It is gone, and the store does not know.
    Gone(Removal),
    /// It is not stored, and older than what the first run was cut to.
    BeforeHorizon,
    /// What is stored is newer than these pages.
    Newer,
}

impl Change {
    /// In a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::New(..) => "new",
            Self::Content(..) => "changed",
            Self::Metrics(..) => "metrics",
            Self::Gone(_) => "removed",
            Self::BeforeHorizon => "before-horizon",
            Self::Newer => "newer",
        }
    }
}

/// What was found, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Unchanged.
    pub same: u64,
    /// Not stored so far.
    pub new: u64,
    /// Changed in content.
    pub changed: u64,
    /// Changed in metrics only.
    pub metrics: u64,
    /// Told to be gone, and not known as such.
    pub removed: u64,
    /// Not stored, and before the horizon of their source.
    pub before_horizon: u64,
    /// Stored by something newer than these pages.
    pub newer: u64,
}

impl Tally {
    /// Counts a change.
    pub const fn count(&mut self, change: &Change) {
        let counter = match change {
            Change::Same => &mut self.same,
            Change::New(..) => &mut self.new,
            Change::Content(..) => &mut self.changed,
            Change::Metrics(..) => &mut self.metrics,
            Change::Gone(_) => &mut self.removed,
            Change::BeforeHorizon => &mut self.before_horizon,
            Change::Newer => &mut self.newer,
        };
        *counter += 1;
    }

    /// Whether nothing would change.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.new == 0 && self.changed == 0 && self.metrics == 0 && self.removed == 0
    }
}

impl Series {
    /// Takes the next page, and when it came. `left_out`: its elements that the run of then left out because of its cap.
    pub fn take(&mut self, last: (PageId, UtcMillis), page: Page, left_out: &BTreeSet<u32>) {
        for item in page.items {
            if !left_out.contains(&item.element) {
                self.item(last, item);
            }
        }
        for removal in page.removals {
            let none = Seen { whole: None, removed: None, last };
            let seen = self.items.entry(removal.external_id.clone()).or_insert(none);
            (seen.removed, seen.last) = (Some(removal), last);
        }
    }

    fn item(&mut self, last: (PageId, UtcMillis), item: Item) {
        let (bytes, page) = (size(&item), last.0);
        let Some(seen) = self.items.get_mut(&item.external_id) else {
            self.bytes = self.bytes.saturating_add(bytes);
            self.items.insert(item.external_id.clone(), Seen { whole: Some((item, page)), removed: None, last });
            return;
        };
        // It is there again.
        (seen.removed, seen.last) = (None, last);
        match &mut seen.whole {
            Some((known, from)) => {
                let item = over(item, known);
                if item.fingerprint == known.fingerprint {
                    known.metrics = item.metrics;
                } else {
                    self.bytes = self.bytes.saturating_add(bytes);
                    (*known, *from) = (item, page);
                }
            }
            whole @ None => {
                self.bytes = self.bytes.saturating_add(bytes);
                *whole = Some((item, page));
            }
        }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Texts held, in bytes; at least.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// All of it, by external id.
    #[must_use]
    pub fn into_items(self) -> Vec<(String, Seen)> {
        self.items.into_iter().collect()
    }
}

/// An item laid over what earlier pages said: one that is still partial after that stays so, until it meets the store.
fn over(item: Item, known: &Item) -> Item {
    if !item.partial {
        return item;
    }
    let partial = known.partial;
    let mut item = item.over(known.clone());
    item.partial = partial;
    item
}

fn size(item: &Item) -> usize {
    let texts = [&item.url, &item.title, &item.text, &item.html, &item.summary];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    texts + item.external_id.len() + size_of::<Item>()
}

impl Seen {
    /// What differs from what is stored. `replayed`: whether a page is among those that were normalized again.
    #[must_use]
    pub fn against(self, stored: Option<&Stored>, beside: Beside, replayed: impl Fn(PageId) -> bool) -> Change {
        if stored.is_some_and(|stored| self.is_older_than(stored, beside)) {
            return Change::Newer;
        }
        if let Some(removal) = self.removed {
            return match stored {
                Some(stored) if !stored.removed => Change::Gone(removal),
                _ => Change::Same,
            };
        }
        let Some((mut item, page)) = self.whole else { return Change::Same };
        let Some(stored) = stored else {
            item.partial = false;
            return match (item.published_at, beside.horizon) {
                (Some(at), Some(horizon)) if at < horizon => Change::BeforeHorizon,
                _ => Change::New(Box::new(item), page),
            };
        };
        // Who took it away knew later than any page that has it.
        if stored.removed {
            return Change::Same;
        }
        let mut item = item.over(stored.item.clone());
        if beside.unread.is_some_and(|unread| unread > self.last.0) {
            item.metrics.clone_from(&stored.item.metrics);
        }
        let replaced = item.fingerprint != stored.item.fingerprint;
        let comparable = stored.page == Some(page) && replayed(page);
        if replaced || comparable {
            let changes = fields::changes(&stored.item, &item);
            if replaced || !changes.is_empty() {
                return Change::Content(Box::new(item), page, changes);
            }
        }
        if item.metrics == stored.item.metrics {
            Change::Same
        } else {
            let change = fields::metrics(&stored.item, &item);
            Change::Metrics(item.metrics, change)
        }
    }

    /// Whether something newer than the last page about it is stored, as far as can be told: a newer page's content, what came
    /// without a page that was kept, what was written since the pages were listed.
    fn is_older_than(&self, stored: &Stored, beside: Beside) -> bool {
        let (last, at) = self.last;
        let since = beside.listed_at.is_some_and(|listed_at| stored.changed_at > listed_at);
        since || stored.page.map_or(stored.changed_at > at, |page| page > last)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
