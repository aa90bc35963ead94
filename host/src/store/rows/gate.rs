//! Rows of `gate`.
//!
//! Owns: the way from a row to a [`Gate`]. Must not know: the database, or what a gate is closed for.

use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::failure::Class;

use super::cells::{Cells, Raw};
use crate::ports::StoreError;

/// A gate that is closed.
pub(in crate::store) fn read(row: &dyn Raw) -> Result<Gate, StoreError> {
    let cells = Cells::new(row, "gate", "key");
    Ok(Gate {
        key: cells.word("key", GateKey::from_stored)?,
        class: cells.word("class", Class::from_word)?,
        why: cells.text("why")?,
        since: cells.time("since")?,
        until: cells.time("until")?,
    })
}
