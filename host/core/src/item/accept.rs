//! From a plugin's batch to a page that may be stored.
//!
//! Owns: every check and cut between what a plugin said and what is believed. Must not know: which plugin it was (the
//! caller names it). Called by the run's machine for each batch.
//!
//! Three kinds of wrong: what breaks the contract as a whole (a million items) refuses the batch as [`BadOutput`], because
//! a plugin that does that cannot be trusted with the rest; what is wrong within one item makes a reject of that item; what
//! the contract says is cut is cut.

use std::collections::HashMap;

use super::belongings::{self, clean, tidy};
use super::mended::{Mended, What};
use super::{Detail, Item, Page, findings, fingerprint};
use crate::contract::{self, OutcomeStatus, Reject, Removal};
use crate::failure::Failure;
use crate::limits;
use crate::one_line::make_one_line;
use crate::time::UtcMillis;

/// A batch that breaks the contract. Counts as a fault of the plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOutput {
    /// More of something than the contract allows.
    #[error("{what}: {count} given, at most {most} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many came.
        count: usize,
        /// How many may.
        most: usize,
    },
    /// Something that is not what it must be.
    #[error("{what}: {why}")]
    Wrong {
        /// What.
        what: &'static str,
        /// What would be right.
        why: &'static str,
    },
}

/// Checks a batch, parses its times, cuts what is to be cut, drops doubles (the last one counts) and orders it.
/// `status`: of the page it was made of, if that was an HTTP response.
///
/// # Errors
/// [`BadOutput`] if the batch breaks the contract; nothing of it may be stored then.
pub fn accept(batch: contract::Batch, status: Option<u16>, now: UtcMillis) -> Result<Page, BadOutput> {
    most("items", batch.items.len(), limits::BATCH_ITEMS)?;
    most("removals", batch.removals.len(), limits::BATCH_ITEMS)?;
    most("bytes of state", batch.state.as_deref().map_or(0, str::len), limits::STATE_BYTES)?;
    let horizon = now.plus(limits::FUTURE_SKEW);
    let mut rejects = batch.rejects;
    let mut items = Vec::with_capacity(batch.items.len());
    let mut mended = Mended::default();
    for item in batch.items {
        let element = item.element;
        mended.element = element;
        match accept_item(item, horizon, &mut mended) {
            Ok(item) => items.push(item),
            Err(reason) => rejects.push(Reject { element, reason, extra: None }),
        }
    }
    let removals = accept_removals(batch.removals, &mut rejects);
    let rejected = u32::try_from(rejects.len()).unwrap_or(u32::MAX);
    rejects.truncate(limits::BATCH_REJECTS);
    rejects.iter_mut().for_each(tidy_reject);
    let items = in_order(without_doubles(items, &mut mended));
    let mut warnings = batch.warnings;
    // The plugin's own come first; of what the host did there is one for each kind.
    warnings.extend(mended.told());
    warnings.truncate(limits::BATCH_WARNINGS);
    warnings.iter_mut().for_each(|warning| make_one_line(warning, limits::MESSAGE_BYTES));
    let mut outcome = batch.outcome;
    make_one_line(&mut outcome.detail, limits::MESSAGE_BYTES);
    let trouble = batch.trouble.map(|failure| Failure::of_plugin(failure, status));
    // The contract: watermark and `next` count beside `ok` and `no-new` only.
    let well = trouble.is_none() && matches!(outcome.status, OutcomeStatus::Ok | OutcomeStatus::NoNew);
    let watermark = batch.watermark.map(|watermark| findings::watermark(watermark, horizon)).transpose()?;
    Ok(Page {
        items,
        removals,
        rejects,
        rejected,
        fillers: batch.fillers,
        trouble: trouble.or_else(|| Failure::of_outcome(&outcome)),
        outcome,
        facts: batch.facts.map(findings::facts),
        watermark: watermark.filter(|_| well),
        hints: batch.hints.map(findings::hints),
        warnings,
        state: batch.state,
        next: batch.next.filter(|_| well),
    })
}

pub(super) fn most(what: &'static str, count: usize, most: usize) -> Result<(), BadOutput> {
    if count > most { Err(BadOutput::TooMany { what, count, most }) } else { Ok(()) }
}

/// The checked item, or what is wrong with it.
fn accept_item(item: contract::Item, horizon: UtcMillis, mended: &mut Mended) -> Result<Item, String> {
    let mut external_id = item.external_id;
    clean(&mut external_id);
    if external_id.trim().is_empty() {
        return Err("external-id is empty; every item needs a stable id".to_owned());
    }
    let sizes = [
        ("bytes of external-id", external_id.len(), limits::EXTERNAL_ID_BYTES),
        ("bytes of kind", item.kind.len(), limits::WORD_BYTES),
        ("bytes of url", item.url.as_deref().map_or(0, str::len), limits::URL_BYTES),
        ("bytes of html", item.html.as_deref().map_or(0, str::len), limits::HTML_BYTES),
        ("bytes of data", item.data.as_deref().map_or(0, str::len), limits::EXTRA_BYTES),
        ("authors", item.authors.len(), limits::ITEM_LIST),
        ("media", item.media.len(), limits::ITEM_MEDIA),
        ("metrics", item.metrics.len(), limits::ITEM_LIST),
        ("references", item.references.len(), limits::ITEM_LIST),
        ("tags", item.tags.len(), limits::ITEM_TAGS),
    ];
    if let Some((what, count, most)) = sizes.into_iter().find(|(_, count, most)| count > most) {
        return Err(format!("{what}: {count} given, at most {most} are allowed"));
    }
    let kind = if item.kind.is_empty() { "post".to_owned() } else { item.kind };
    let data = object(item.data.as_deref().unwrap_or_default())
        .ok_or_else(|| "data is not a JSON object; leave it out if there is nothing to say".to_owned())?;
    let mut metrics = item.metrics;
    metrics.retain(belongings::is_metric);
    let mut tags = item.tags;
    tags.iter_mut().for_each(|tag| tidy(tag, limits::WORD_BYTES));
    let mut accepted = Item {
        element: item.element,
        partial: item.partial,
        external_id,
        kind,
        url: belongings::address(item.url, "url", mended),
        title: cut("title", item.title, limits::TITLE_BYTES, mended),
        text: cut("text", item.text, limits::TEXT_BYTES, mended),
        html: cut("html", item.html, limits::HTML_BYTES, mended),
        summary: cut("summary", item.summary, limits::SUMMARY_BYTES, mended),
        published_at: time("published-at", item.published_at, horizon, mended),
        updated_at: time("updated-at", item.updated_at, horizon, mended),
        detail: Detail {
            authors: belongings::authors(item.authors, mended),
            media: belongings::media(item.media, mended),
            references: belongings::references(item.references, mended),
            tags,
            language: cut("language", item.language, limits::WORD_BYTES, mended),
            data,
        },
        metrics,
        fingerprint: 0,
    };
    accepted.fingerprint = fingerprint::of(&accepted);
    Ok(accepted)
}

/// The removals that name an item; the others become rejects.
fn accept_removals(removals: Vec<Removal>, rejects: &mut Vec<Reject>) -> Vec<Removal> {
    let mut accepted = Vec::with_capacity(removals.len());
    for mut removal in removals {
        clean(&mut removal.external_id);
        let bytes = removal.external_id.len();
        if removal.external_id.trim().is_empty() || bytes > limits::EXTERNAL_ID_BYTES {
            let most = limits::EXTERNAL_ID_BYTES;
            let reason =
                format!("external-id of a removal has {bytes} bytes, 1 to {most} that are not blank are allowed");
            rejects.push(Reject { element: removal.element, reason, extra: None });
            continue;
        }
        make_one_line(&mut removal.reason, limits::MESSAGE_BYTES);
        removal.extra = removal.extra.take().filter(|extra| extra.len() <= limits::EXTRA_BYTES);
        removal.at = removal.at.as_deref().and_then(UtcMillis::parse_given).map(|at| at.to_string());
        accepted.push(removal);
    }
    accepted
}

/// A reject as it may become a dead letter.
fn tidy_reject(reject: &mut Reject) {
    make_one_line(&mut reject.reason, limits::MESSAGE_BYTES);
    reject.extra = reject.extra.take().filter(|extra| extra.len() <= limits::EXTRA_BYTES);
}

/// Cuts a text that may be cut.
fn cut(field: &'static str, text: Option<String>, most: usize, mended: &mut Mended) -> Option<String> {
    text.map(|mut text| {
        if text.len() > most {
            mended.note(field, What::Cut(most), &text);
        }
        tidy(&mut text, most);
        text
    })
}

/// A time that can be, and has come.
fn time(field: &'static str, text: Option<String>, horizon: UtcMillis, mended: &mut Mended) -> Option<UtcMillis> {
    let text = text?;
    let what = match UtcMillis::parse_given(&text) {
        Some(at) if at <= horizon => return Some(at),
        Some(_) => What::Future,
        None => What::NoTime,
    };
    mended.note(field, what, &text);
    None
}

/// Items with the same external id are one, standing where the first one stood: the one that says it is newer counts, and
/// where none does the last one. Feeds repeat an id with the newer version first, datasets with the newer counts last.
fn without_doubles(items: Vec<Item>, mended: &mut Mended) -> Vec<Item> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(items.len());
    let mut kept: Vec<Item> = Vec::with_capacity(items.len());
    for item in items {
        match places.get(&item.external_id).and_then(|place| kept.get_mut(*place)) {
            Some(earlier) if dated(earlier) <= dated(&item) => {
                // Which one is right is a guess here: an id that is none, such as the place on the page.
                if dated(earlier) == dated(&item) && earlier.fingerprint != item.fingerprint {
                    mended.element = item.element;
                    mended.note("external-id", What::Double, &item.external_id);
                }
                *earlier = item;
            }
            Some(_) => {}
            None => {
                places.insert(item.external_id.clone(), kept.len());
                kept.push(item);
            }
        }
    }
    kept
}

/// When an item says it was last changed.
fn dated(item: &Item) -> Option<UtcMillis> {
    item.updated_at.max(item.published_at)
}

/// Newest first where every item is dated, so that a cap keeps the newest; else the order of the page, which nearly
/// every platform writes newest first. A stable sort: equal times keep the page's order.
fn in_order(mut items: Vec<Item>) -> Vec<Item> {
    if items.iter().all(|item| item.published_at.is_some()) {
        items.sort_by_key(|item| core::cmp::Reverse(item.published_at));
    }
    items
}

/// The JSON object in `text`; "" is the empty one, printed as null to save room.
fn object(text: &str) -> Option<serde_json::Value> {
    if text.trim().is_empty() {
        return Some(serde_json::Value::Null);
    }
    match serde_json::from_str(text).ok()? {
        serde_json::Value::Object(object) if object.is_empty() => Some(serde_json::Value::Null),
        object @ serde_json::Value::Object(_) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
#[path = "accept_tests.rs"]
mod tests;
