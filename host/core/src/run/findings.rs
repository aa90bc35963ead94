//! What a run has learnt from its pages so far.
//!
//! Owns: how the pages of one run add up. Must not know: effects or what follows from it. Called by the machine, page by
//! page; taken whole when the run ends.

use serde::{Deserialize, Serialize};

use crate::contract::{Facts, Hints, OutcomeStatus, Watermark};
use crate::item;
use crate::limits;

/// The sum of a run's pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Findings {
    /// `no-new` if every page said so, else what the last other page said. A page that says anything but `ok` and
    /// `no-new` has no `next`, so it is the last.
    pub(super) outcome: OutcomeStatus,
    /// Of the last page that proposed one; none beside an outcome other than `ok` and `no-new`.
    pub(super) watermark: Option<Watermark>,
    /// Field by field, the last that is known.
    pub(super) facts: Option<Facts>,
    /// Field by field, the last that is known.
    pub(super) hints: Option<Hints>,
    /// The first ones, up to the limit of one batch.
    pub(super) warnings: Vec<String>,
}

impl Default for Findings {
    fn default() -> Self {
        Self { outcome: OutcomeStatus::NoNew, watermark: None, facts: None, hints: None, warnings: Vec::new() }
    }
}

impl Findings {
    /// Adds what a page says. Takes it out of the page: items, rejects and the rest stay.
    pub(super) fn learn(&mut self, page: &mut item::Page) {
        if page.outcome.status != OutcomeStatus::NoNew {
            self.outcome = page.outcome.status;
        }
        match (page.outcome.status, page.watermark.take()) {
            (OutcomeStatus::Ok | OutcomeStatus::NoNew, None) => {}
            (OutcomeStatus::Ok | OutcomeStatus::NoNew, proposed) => self.watermark = proposed,
            // Such a page ends the run before its time: what an earlier page proposed may cover pages that were not read.
            _ => self.watermark = None,
        }
        if let Some(facts) = page.facts.take() {
            self.facts = Some(match self.facts.take() {
                None => facts,
                Some(earlier) => merge_facts(earlier, facts),
            });
        }
        if let Some(hints) = page.hints.take() {
            self.hint(hints);
        }
        for warning in core::mem::take(&mut page.warnings) {
            self.warn(warning);
        }
    }

    /// Adds what is asked of whoever fetches.
    pub(super) fn hint(&mut self, hints: Hints) {
        self.hints = Some(match self.hints.take() {
            None => hints,
            Some(earlier) => merge_hints(earlier, hints),
        });
    }

    /// Adds a warning while there is room, once: what is read again says the same again.
    pub(super) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) && self.warnings.len() < limits::BATCH_WARNINGS {
            self.warnings.push(warning);
        }
    }
}

/// Field by field, the last that is known counts.
fn merge_facts(earlier: Facts, later: Facts) -> Facts {
    Facts {
        platform_id: later.platform_id.or(earlier.platform_id),
        display_name: later.display_name.or(earlier.display_name),
        description: later.description.or(earlier.description),
        url: later.url.or(earlier.url),
        image_url: later.image_url.or(earlier.image_url),
        language: later.language.or(earlier.language),
        followers: later.followers.or(earlier.followers),
        following: later.following.or(earlier.following),
        posts: later.posts.or(earlier.posts),
        verified: later.verified.or(earlier.verified),
        moved_to: later.moved_to.or(earlier.moved_to),
        extra: later.extra.or(earlier.extra),
    }
}

/// Field by field, the last that is known counts; `complete` once said stays.
fn merge_hints(earlier: Hints, later: Hints) -> Hints {
    fn either<T>(later: Vec<T>, earlier: Vec<T>) -> Vec<T> {
        if later.is_empty() { earlier } else { later }
    }
    Hints {
        min_interval_s: later.min_interval_s.or(earlier.min_interval_s),
        fresh_for_s: later.fresh_for_s.or(earlier.fresh_for_s),
        not_before: later.not_before.or(earlier.not_before),
        skip_hours: either(later.skip_hours, earlier.skip_hours),
        skip_days: either(later.skip_days, earlier.skip_days),
        hubs: either(later.hubs, earlier.hubs),
        topic: later.topic.or(earlier.topic),
        complete: later.complete || earlier.complete,
        extra: later.extra.or(earlier.extra),
    }
}
