//! Rows of `dead_letter`, and of `page`.
//!
//! Owns: the way from a row to a letter, to a count of letters, and to a kept page. Must not know: the database, or what takes
//! letters up.

use tidegate_core::failure::Class;

use super::cells::{Cells, Raw};
use crate::ports::{DeadCount, DeadKind, DeadLetter, PageRow, RawPage, Retried, StoreError};

/// A letter, with what its source reads.
pub(in crate::store) fn read(row: &dyn Raw) -> Result<DeadLetter, StoreError> {
    let cells = Cells::new(row, "dead_letter", "run");
    let what = match cells.text("kind")?.as_str() {
        "element" => DeadKind::Element {
            page: cells.opt_id("page")?,
            element: cells.count("element")?,
            // As the plugin gave it: what is no JSON is shown as text.
            extra: cells.opt_text("extra")?.map(|text| serde_json::from_str(&text).unwrap_or_else(|_| text.into())),
        },
        "run" => DeadKind::Run { request: cells.opt_json("request")? },
        other => return Err(cells.bad("kind", format!("the word {other:?} is not known here"))),
    };
    let retried = match (cells.opt_time("retried_at")?, cells.opt_id("retried_by")?) {
        (None, None) => None,
        (Some(at), Some(run)) => Some(Retried { at, run }),
        _ => return Err(cells.bad("retried_by", "retried_at and retried_by stand together or not at all")),
    };
    Ok(DeadLetter {
        id: cells.int("id")?,
        what,
        source: cells.id("source")?,
        identifier: cells.text("identifier")?,
        tenant: cells.name("tenant")?,
        profile: cells.name("profile")?,
        run: cells.id("run")?,
        attempt: cells.count("attempt")?,
        class: cells.word("class", Class::from_word)?,
        reason: cells.text("reason")?,
        created_at: cells.time("created_at")?,
        retried,
    })
}

/// How many letters of a sort there are.
pub(in crate::store) fn count(row: &dyn Raw) -> Result<DeadCount, StoreError> {
    let cells = Cells::new(row, "dead_letter", "profile");
    Ok(DeadCount {
        tenant: cells.name("tenant")?,
        profile: cells.name("profile")?,
        kind: cells.text("kind")?,
        class: cells.word("class", Class::from_word)?,
        count: cells.count("letters")?,
        last: cells.int("last")?,
    })
}

/// A kept page without its body.
pub(in crate::store) fn page_row(row: &dyn Raw) -> Result<PageRow, StoreError> {
    let cells = Cells::new(row, "page", "id");
    Ok(PageRow {
        id: cells.id("id")?,
        attempt: cells.count("attempt")?,
        number: cells.count("number")?,
        status: cells.count("status")?,
        url: cells.text("url")?,
        body_bytes: cells.count("body_bytes")?,
        fetched_at: cells.time("fetched_at")?,
        keep_until: cells.time("keep_until")?,
    })
}

/// A kept page, whole.
pub(in crate::store) fn raw_page(row: &dyn Raw) -> Result<RawPage, StoreError> {
    let cells = Cells::new(row, "page", "id");
    Ok(RawPage {
        id: cells.id("id")?,
        number: cells.count("number")?,
        status: cells.count("status")?,
        url: cells.text("url")?,
        meta: cells.text("meta")?,
        body: cells.bytes("body")?,
        body_bytes: cells.count("body_bytes")?,
        fetched_at: cells.time("fetched_at")?,
        keep_until: cells.time("keep_until")?,
        left_out: cells.opt_json("left_out")?.unwrap_or_default(),
    })
}
