//! How far a source's listing has been read, between runs.
//!
//! Owns: what the cursor of a watermark holds. Must not know: pages. Called by [`crate::state`] (where a run begins) and
//! [`crate::sweep`] (where the next one is to).
//!
//! A listing is read in sweeps, from its beginning to where everything is known. A sweep that does not fit into one run is gone on with
//! in the next, from the page it had come to; only when it is whole does the mark move, so that nothing between is lost.

use serde::{Deserialize, Serialize};
use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::{Job, Watermark};

use crate::circle::Circle;
use crate::hashes::Hashes;
use crate::mark::Mark;
use crate::paging::Position;
use crate::settings::{By, Settings};
use crate::times;

/// How far a listing has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Hash of the settings that a position has its meaning from.
    pub listing: u64,
    /// Everything up to here is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<Mark>,
    /// Ids at the top of the last whole sweep: all of its first page where ids have no order, else those above the mark.
    #[serde(skip_serializing_if = "Hashes::is_empty")]
    pub known: Hashes,
    /// Where a sweep that is not whole goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
    /// What it asks for as `{{since}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The newest it has met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<Mark>,
    /// Ids it has met at the top.
    #[serde(skip_serializing_if = "Hashes::is_empty")]
    pub top: Hashes,
    /// When it began, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun: Option<i64>,
    /// Ids of its last page that had records.
    #[serde(skip_serializing_if = "Hashes::is_empty")]
    pub last: Hashes,
    /// Where that page is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filled: Option<Position>,
    /// What it remembers of the cursors or links it has come by.
    #[serde(skip_serializing_if = "Circle::is_new")]
    pub circle: Circle,
    /// Pages in a row that brought nothing new.
    #[serde(skip_serializing_if = "is_zero")]
    pub empty: u32,
    /// Records the very first sweep may still bring: it is cut, like the first run of any source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// Records it may bring in all, until there has been a whole one: what `left` is when it begins again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Place {
    /// Where the job begins. None for a first run, and for one that is to have everything again.
    pub fn of_job(job: &Job, settings: &Settings) -> Option<Self> {
        let extra: serde_json::Value =
            job.extra.as_deref().and_then(|extra| serde_json::from_str(extra).ok()).unwrap_or_default();
        if extra.get("delta").and_then(serde_json::Value::as_str) == Some("full") {
            return None;
        }
        let cursor = job.watermark.as_ref()?.cursor.as_deref().unwrap_or("{}");
        let place: Self = serde_json::from_str(cursor).unwrap_or_default();
        let fits = matches!(
            (&place.low, settings.incremental.by),
            (Some(Mark::Time(_)), By::Time) | (Some(Mark::Id(_)), By::Id)
        );
        let low = place.low.clone().filter(|_| fits);
        let known = if fits { place.known.clone() } else { Hashes::default() };
        Some(if place.listing == settings.listing {
            Self { low, known, ..place }
        } else {
            // Other settings: the mark still holds, a position means another page.
            Self { low, known, ..Self::default() }
        })
    }

    /// A new sweep from the beginning of the listing.
    #[must_use]
    pub fn anew(self, job: &Job, settings: &Settings) -> Self {
        let begun = Moment::parse(&job.now).map(|now| now.0);
        // A mark that is ahead of the time was kept by an earlier version of this plugin, or the clock was put back.
        let low = self.low.map(|low| low.not_after(begun));
        let since = since(low.as_ref(), settings);
        Self {
            listing: settings.listing,
            low,
            known: self.known,
            at: Some(settings.paging.start()),
            since,
            begun,
            left: self.left,
            most: self.most,
            ..Self::default()
        }
    }

    /// What is true when its sweep is whole.
    #[must_use]
    pub fn whole(self) -> Self {
        let low = Mark::later(self.low, self.high);
        let known = if self.top.is_empty() { self.known } else { self.top };
        Self { listing: self.listing, low, known, ..Self::default() }
    }

    /// What is true when its sweep came to nothing: the next one begins at the top, down to the same mark.
    #[must_use]
    pub fn given_up(self) -> Self {
        let most = self.most;
        Self { listing: self.listing, low: self.low, known: self.known, left: most, most, ..Self::default() }
    }

    /// As a watermark. `newest`: id and time of publication of the newest item, as far as known.
    pub fn watermark(&self, newest: (Option<String>, Option<i64>)) -> Watermark {
        Watermark {
            newest_id: newest.0,
            newest_published_at: newest.1.map(Moment).and_then(Moment::to_rfc3339),
            cursor: serde_json::to_string(self).ok(),
        }
    }
}

/// What `{{since}}` stands for in a sweep that begins with this mark.
fn since(low: Option<&Mark>, settings: &Settings) -> Option<String> {
    let incremental = &settings.incremental;
    match low {
        Some(Mark::Time(at)) => times::write(Moment(*at).minus(incremental.overlap_ms), incremental.format),
        Some(Mark::Id(id)) => Some(id.clone()),
        None => incremental.start.clone(),
    }
}
