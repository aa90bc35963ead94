//! Rows of `item`.
//!
//! Owns: the way from a row to an [`ItemRow`], and to what is known of an item. Must not know: the database, or which items
//! are taken.

use tidegate_core::contract::Metric;
use tidegate_core::id::{PageId, SourceId, Tenant};
use tidegate_core::item::{Item, Known};
use tidegate_core::time::UtcMillis;

use super::cells::{Cells, Raw};
use crate::ports::{ItemRow, StoreError};

/// The columns [`read`] wants.
macro_rules! item_columns {
    () => {
        "i.id, i.source, i.tenant, i.external_id, i.fingerprint, i.metrics, i.removed_at, i.removed_why, i.sort_at,
        i.first_seen_at, i.changed_at, i.published_at, i.updated_at, i.element, i.kind, i.url, i.title, i.summary,
        i.detail, i.text, i.html, i.page"
    };
}
pub(in crate::store) use item_columns;

/// What all items of a page share.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Origin<'a> {
    pub(in crate::store) source: SourceId,
    pub(in crate::store) tenant: &'a Tenant,
    /// The raw page, if it is kept.
    pub(in crate::store) page: Option<PageId>,
    pub(in crate::store) now: UtcMillis,
}

/// What is stored under an external id.
#[derive(Debug)]
pub(in crate::store) struct Stored {
    pub(in crate::store) known: Known,
    pub(in crate::store) removed: bool,
}

/// What a row says of an item that may come again, by its external id.
pub(in crate::store) fn stored(row: &dyn Raw) -> Result<(String, Stored), StoreError> {
    let cells = Cells::new(row, "item", "external_id");
    let stored = Stored {
        known: Known { fingerprint: fingerprint(&cells)?, metrics: metrics(&cells)? },
        removed: cells.opt_time("removed_at")?.is_some(),
    };
    Ok((cells.text("external_id")?, stored))
}

fn fingerprint(cells: &Cells<'_>) -> Result<u64, StoreError> {
    Ok(cells.int("fingerprint")?.cast_unsigned())
}

fn metrics(cells: &Cells<'_>) -> Result<Vec<Metric>, StoreError> {
    Ok(cells.opt_json("metrics")?.unwrap_or_default())
}

pub(in crate::store) fn read(row: &dyn Raw) -> Result<ItemRow, StoreError> {
    let cells = Cells::new(row, "item", "id");
    let removed = match (cells.opt_time("removed_at")?, cells.opt_text("removed_why")?) {
        (None, None) => None,
        (Some(at), Some(why)) => Some((at, why)),
        _ => return Err(cells.bad("removed_why", "removed_at and removed_why stand together or not at all")),
    };
    let item = Item {
        element: cells.count("element")?,
        partial: false,
        external_id: cells.text("external_id")?,
        kind: cells.text("kind")?,
        url: cells.opt_text("url")?,
        title: cells.opt_text("title")?,
        text: cells.opt_text("text")?,
        html: cells.opt_text("html")?,
        summary: cells.opt_text("summary")?,
        published_at: cells.opt_time("published_at")?,
        updated_at: cells.opt_time("updated_at")?,
        detail: cells.opt_json("detail")?.unwrap_or_default(),
        metrics: metrics(&cells)?,
        fingerprint: fingerprint(&cells)?,
    };
    Ok(ItemRow {
        id: cells.id("id")?,
        source: cells.id("source")?,
        tenant: cells.name("tenant")?,
        item,
        sort_at: cells.time("sort_at")?,
        first_seen_at: cells.time("first_seen_at")?,
        changed_at: cells.time("changed_at")?,
        removed,
        page: cells.opt_id("page")?,
    })
}
