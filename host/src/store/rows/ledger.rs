//! Rows of `ledger`.
//!
//! Owns: the way from a row to a [`Balance`] and to the windows that are open. Must not know: the database, or the rule, which
//! is [`Balance`]'s.

use tidegate_core::budget::{Balance, Measure, Scope, Window};
use tidegate_core::time::UtcMillis;
use tidegate_core::zone::Zone;

use super::cells::{Cells, Raw};
use crate::ports::{LedgerRow, StoreError};

/// The longest window there is, and some room.
pub(in crate::store) const WINDOW_MOST: core::time::Duration = core::time::Duration::from_secs(32 * 86_400);

/// As a column holds it.
pub(in crate::store) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What stands in a window.
pub(in crate::store) fn balance(cells: &Cells<'_>) -> Result<Balance, StoreError> {
    Ok(Balance { reserved: cells.count("reserved")?, spent: cells.count("spent")? })
}

/// Which window.
pub(in crate::store) fn window(cells: &Cells<'_>) -> Result<Window, StoreError> {
    Ok(Window {
        scope: cells.word("scope", Scope::from_key)?,
        measure: cells.word("measure", Measure::from_word)?,
        start: cells.time("start")?,
        zone: cells.word("zone", |name| Zone::parse(name).ok())?,
    })
}

/// The window, if it is open at `now`.
pub(in crate::store) fn open(row: &dyn Raw, now: UtcMillis) -> Result<Option<LedgerRow>, StoreError> {
    let cells = Cells::new(row, "ledger", "scope");
    let window = window(&cells)?;
    Ok(if window.end() > now { Some(LedgerRow { balance: balance(&cells)?, window }) } else { None })
}
