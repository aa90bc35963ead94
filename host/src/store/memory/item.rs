//! Items in memory.
//!
//! Owns: looking up what is known of a page's items, writing them, marking removals, listing. Must not know: which items are
//! taken; that is [`Intake`]'s.

use tidegate_core::contract::Removal;
use tidegate_core::id::{ItemId, PageId, SourceId, Tenant};
use tidegate_core::item::{Counts, Intake, Item, Known, Page, Taken};
use tidegate_core::limits;
use tidegate_core::schedule::adaptive::Published;
use tidegate_core::time::UtcMillis;

use super::Keep;
use super::source::rows;
use super::tables::{Entry, Tables};
use crate::ports::{ItemFilter, ItemRow};

/// Stores what is to be stored of a page. There is an id for each item. `kept`: the raw page, if that is kept. Gives the elements
/// that were left out because of the cap, too.
pub(super) fn take(
    entry: &mut Entry,
    page: Page,
    item_ids: Vec<ItemId>,
    kept: Option<PageId>,
    room: u32,
    keep: Keep,
    now: UtcMillis,
) -> (Counts, Vec<u32>) {
    let Page { items, removals, rejected, fillers, .. } = page;
    let mut intake = Intake::new(room, entry.source.horizon, rejected, fillers);
    let mut left_out = Vec::new();
    for (id, item) in item_ids.into_iter().zip(items) {
        let stored = entry.items.get(&item.external_id);
        let item = match stored {
            Some(stored) => item.over(stored.item.clone()),
            None => item,
        };
        let known =
            stored.map(|stored| Known { fingerprint: stored.item.fingerprint, metrics: stored.item.metrics.clone() });
        match intake.take(&item, known.as_ref()) {
            Taken::Insert | Taken::Update => write(entry, id, item, kept, now),
            Taken::UpdateMetrics => touch(entry, &item.external_id, now, |row| row.item.metrics = item.metrics.clone()),
            Taken::Leave if stored.is_some_and(|stored| stored.removed.is_some()) => {
                touch(entry, &item.external_id, now, |_| ());
            }
            Taken::OverCap => left_out.push(item.element),
            Taken::Leave | Taken::BeforeHorizon => {}
        }
    }
    for removal in removals {
        if mark(entry, &removal, now) {
            intake.removed();
        }
    }
    forget(entry, keep.items_of_source);
    (intake.counts(), left_out)
}

/// Writes an item, new or changed: what is there under the same identity keeps its id and its arrival.
pub(super) fn write(entry: &mut Entry, id: ItemId, mut item: Item, page: Option<PageId>, now: UtcMillis) {
    item.partial = false;
    let before = entry.items.get(&item.external_id).map(|row| (row.id, row.first_seen_at, row.sort_at));
    let (id, first_seen_at) = before.map_or((id, now), |(id, seen, _)| (id, seen));
    if let Some((id, _, sort_at)) = before {
        entry.item_order.remove(&(sort_at, id));
    }
    let row = ItemRow {
        id,
        source: entry.source.id,
        tenant: entry.source.tenant.clone(),
        sort_at: item.published_at.unwrap_or(first_seen_at),
        first_seen_at,
        changed_at: now,
        removed: None,
        page,
        item,
    };
    entry.item_order.insert((row.sort_at, row.id), row.item.external_id.clone());
    entry.items.insert(row.item.external_id.clone(), row);
}

/// Changes a known item, which is there again if it was gone.
pub(super) fn touch(entry: &mut Entry, external_id: &str, now: UtcMillis, change: impl FnOnce(&mut ItemRow)) {
    if let Some(row) = entry.items.get_mut(external_id) {
        change(row);
        row.removed = None;
        row.changed_at = now;
    }
}

/// Marks an item as gone; gives whether it was not so already.
pub(super) fn mark(entry: &mut Entry, removal: &Removal, now: UtcMillis) -> bool {
    let at = removal.at.as_deref().and_then(UtcMillis::parse).unwrap_or(now);
    let id = removal.external_id.replace('\0', "\u{fffd}");
    let Some(row) = entry.items.get_mut(&id).filter(|row| row.removed.is_none()) else { return false };
    row.removed = Some((at, removal.reason.clone()));
    row.changed_at = now;
    true
}

/// How often a source publishes, by its newest items.
pub(super) fn rhythm(entry: &Entry) -> Option<Published> {
    let newest = entry.item_order.values().rev().filter_map(|id| entry.items.get(id)?.item.published_at);
    Published::of(newest.take(usize::try_from(limits::PUBLISHED.1).unwrap_or(usize::MAX)))
}

/// Forgets the oldest items of a source beyond what is kept.
fn forget(entry: &mut Entry, most: usize) {
    while entry.item_order.len() > most {
        let Some((_, external_id)) = entry.item_order.pop_first() else { return };
        entry.items.remove(&external_id);
    }
}

impl Tables {
    pub(super) fn list_items(&self, filter: &ItemFilter) -> Vec<ItemRow> {
        let most = rows(filter.limit);
        let of = |source: &SourceId| self.sources.get(source).map(|entry| newest(entry, filter, most));
        let mut found: Vec<&ItemRow> = match &filter.source {
            Some(source) => of(source).unwrap_or_default(),
            None => self.sources.keys().filter_map(of).flatten().collect(),
        };
        found.sort_unstable_by_key(|row| core::cmp::Reverse((row.sort_at, row.id)));
        found.truncate(most);
        found.into_iter().cloned().collect()
    }
}

fn newest<'a>(entry: &'a Entry, filter: &ItemFilter, most: usize) -> Vec<&'a ItemRow> {
    let is_of = |tenant: &Tenant| entry.source.tenant == *tenant;
    if !filter.tenant.as_ref().is_none_or(is_of) {
        return Vec::new();
    }
    let before = filter.before.unwrap_or((UtcMillis::from_millis(i64::MAX), ItemId::from_bits(u128::MAX)));
    let order = entry.item_order.range(..before).rev().take(most);
    order.filter_map(|(_, external_id)| entry.items.get(external_id)).collect()
}
