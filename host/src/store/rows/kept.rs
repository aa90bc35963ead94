//! Rows of `page` in listings for replay.
//!
//! Owns: the way from a row to a kept page's place in time, and to an item's page. Must not know: the database.

use tidegate_core::id::PageId;

use super::cells::{Cells, Raw};
use crate::ports::{KeptPage, StoreError};

pub(in crate::store) fn kept_page(row: &dyn Raw) -> Result<KeptPage, StoreError> {
    let cells = Cells::new(row, "page", "id");
    Ok(KeptPage {
        id: cells.id("id")?,
        run: cells.id("run")?,
        fetched_at: cells.time("fetched_at")?,
        number: cells.count("number")?,
    })
}

/// An item's external id, and the page it last came with.
pub(in crate::store) fn by_page(row: &dyn Raw) -> Result<(String, Option<PageId>), StoreError> {
    let cells = Cells::new(row, "item", "external_id");
    Ok((cells.text("external_id")?, cells.opt_id("page")?))
}
