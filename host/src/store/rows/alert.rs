//! Rows of `alert`.
//!
//! Owns: the way from a row to an [`OpenAlert`]. Must not know: the database, or when an alert is told.

use tidegate_core::alert::{Alert, AlertKey, OpenAlert, Severity};

use super::cells::{Cells, Raw};
use crate::ports::StoreError;

/// An alert that is open.
pub(in crate::store) fn read(row: &dyn Raw) -> Result<OpenAlert, StoreError> {
    let cells = Cells::new(row, "alert", "key");
    let alert = Alert {
        key: cells.word("key", AlertKey::from_stored)?,
        severity: cells.word("severity", Severity::from_word)?,
        title: cells.text("title")?,
        text: cells.text("text")?,
        remedy: cells.opt_text("remedy")?,
        about: cells.json("about")?,
    };
    Ok(OpenAlert {
        alert,
        opened_at: cells.time("opened_at")?,
        told_at: cells.time("told_at")?,
        seen_at: cells.time("seen_at")?,
        count: cells.count("count")?,
    })
}
