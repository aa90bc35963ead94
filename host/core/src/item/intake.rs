//! What happens to an item on its way into the store.
//!
//! Owns: insert, update or leave, the cap on new items, and the counts. Must not know: SQL. Called by each store inside
//! the transaction that commits a page, item by item, because only there it is certain what exists already.

use serde::{Deserialize, Serialize};

use super::Item;
use crate::contract::Metric;
use crate::time::UtcMillis;

/// What the store has under an item's identity.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Fingerprint of its content.
    pub fingerprint: u64,
    /// Its counts.
    pub metrics: Vec<Metric>,
}

/// What is to be done with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Store it: it is new.
    Insert,
    /// Replace content and metrics: its author changed it.
    Update,
    /// Replace the metrics only.
    UpdateMetrics,
    /// Nothing: it is known and unchanged.
    Leave,
    /// Nothing: it is new, but the run has brought as many as it may.
    OverCap,
    /// Nothing: it is older than what the first run was cut to.
    BeforeHorizon,
}

/// What became of the items of a page or run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Stored.
    pub new: u32,
    /// Changed in content.
    pub updated: u32,
    /// Changed in metrics only.
    pub metrics_updated: u32,
    /// Known and unchanged.
    pub duplicate: u32,
    /// New, but over the cap.
    pub over_cap: u32,
    /// New, but before the horizon.
    pub before_horizon: u32,
    /// Marked as gone.
    pub removed: u32,
    /// Dead letters.
    pub rejected: u32,
    /// Elements without content.
    pub fillers: u32,
    /// Publication of the oldest item that was stored.
    pub oldest_new: Option<UtcMillis>,
}

impl Counts {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let oldest_new = match (self.oldest_new, other.oldest_new) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self {
            new: self.new.saturating_add(other.new),
            updated: self.updated.saturating_add(other.updated),
            metrics_updated: self.metrics_updated.saturating_add(other.metrics_updated),
            duplicate: self.duplicate.saturating_add(other.duplicate),
            over_cap: self.over_cap.saturating_add(other.over_cap),
            before_horizon: self.before_horizon.saturating_add(other.before_horizon),
            removed: self.removed.saturating_add(other.removed),
            rejected: self.rejected.saturating_add(other.rejected),
            fillers: self.fillers.saturating_add(other.fillers),
            oldest_new,
        }
    }
}

/// Decides item by item; one for each page that is committed.
#[derive(Debug, Clone)]
pub struct Intake {
    room: u32,
    horizon: Option<UtcMillis>,
    counts: Counts,
}

impl Intake {
    /// For a page of a run that may still store `room` new items, none of them published before `horizon`.
    #[must_use]
    pub const fn new(room: u32, horizon: Option<UtcMillis>, rejected: u32, fillers: u32) -> Self {
        let counts = Counts {
            new: 0,
            updated: 0,
            metrics_updated: 0,
            duplicate: 0,
            over_cap: 0,
            before_horizon: 0,
            removed: 0,
            rejected,
            fillers,
            oldest_new: None,
        };
        Self { room, horizon, counts }
    }

    /// Decides about `item`, of which the store has `known`, and counts it.
    pub fn take(&mut self, item: &Item, known: Option<&Known>) -> Taken {
        let taken = self.decide(item, known);
        let count = match taken {
            Taken::Insert => {
                self.room -= 1;
                let oldest = &mut self.counts.oldest_new;
                *oldest = match (*oldest, item.published_at) {
                    (Some(one), Some(two)) => Some(one.min(two)),
                    (one, two) => one.or(two),
                };
                &mut self.counts.new
            }
            Taken::Update => &mut self.counts.updated,
            Taken::UpdateMetrics => &mut self.counts.metrics_updated,
            Taken::Leave => &mut self.counts.duplicate,
            Taken::OverCap => &mut self.counts.over_cap,
            Taken::BeforeHorizon => &mut self.counts.before_horizon,
        };
        *count = count.saturating_add(1);
        taken
    }

    fn decide(&self, item: &Item, known: Option<&Known>) -> Taken {
        if let Some(known) = known {
            return if known.fingerprint != item.fingerprint {
                Taken::Update
            } else if known.metrics != item.metrics {
                Taken::UpdateMetrics
            } else {
                Taken::Leave
            };
        }
        let before = |horizon| item.published_at.is_some_and(|at| at < horizon);
        if self.horizon.is_some_and(before) {
            Taken::BeforeHorizon
        } else if self.room == 0 {
            Taken::OverCap
        } else {
            Taken::Insert
        }
    }

    /// Counts an item that was marked as gone.
    pub const fn removed(&mut self) {
        self.counts.removed = self.counts.removed.saturating_add(1);
    }

    /// What became of the page's items.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::item::Detail;

    fn item(published: Option<&str>) -> Item {
        Item {
            element: 0,
            partial: false,
            external_id: "a".to_owned(),
            kind: "post".to_owned(),
            url: None,
            title: None,
            text: None,
            html: None,
            summary: None,
            published_at: published.map(|text| UtcMillis::parse(text).unwrap()),
            updated_at: None,
            detail: Detail::default(),
            metrics: vec![],
            fingerprint: 1,
        }
    }

    #[test]
    fn each_item_meets_the_first_rule_that_fits() {
        let horizon = UtcMillis::parse("2026-01-01T00:00:00Z");
        let likes = |value| vec![Metric { name: "likes".to_owned(), value }];
        let known = |fingerprint, metrics| Some(Known { fingerprint, metrics });
        let (old, new) = (item(Some("2025-12-31T00:00:00Z")), item(Some("2026-01-01T00:00:00Z")));
        let table = [
            ("new", 1, &new, None, Taken::Insert),
            ("undated", 1, &item(None), None, Taken::Insert),
            ("old", 1, &old, None, Taken::BeforeHorizon),
            ("old and over the cap", 0, &old, None, Taken::BeforeHorizon),
            ("over the cap", 0, &new, None, Taken::OverCap),
            ("known", 1, &new, known(1, vec![]), Taken::Leave),
            ("known, changed", 0, &new, known(2, vec![]), Taken::Update),
            ("known, other counts", 0, &old, known(1, likes(1.0)), Taken::UpdateMetrics),
        ];
        for (case, room, item, known, expected) in table {
            assert_eq!(Intake::new(room, horizon, 0, 0).take(item, known.as_ref()), expected, "{case}");
        }
    }

    #[test]
    fn the_cap_holds_and_everything_is_counted() {
        let mut intake = Intake::new(2, None, 1, 2);
        for day in 1..=5 {
            intake.take(&item(Some(&format!("2026-11-{day:02}T00:00:00Z"))), None);
        }
        let counts = intake.counts();
        assert_eq!((counts.new, counts.over_cap, counts.rejected, counts.fillers), (2, 3, 1, 2));
        assert_eq!(counts.oldest_new, UtcMillis::parse("2026-11-01T00:00:00Z"));
    }
}
