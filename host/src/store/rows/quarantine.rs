//! Rows of `plugin_fault` and `plugin_quarantine`.
//!
//! Owns: the way from a row to [`Faults`] and to a [`Quarantine`]. Must not know: the database, or what is too much.

use tidegate_core::quarantine::{Faults, Quarantine};
use tidegate_core::time::UtcMillis;

use super::cells::{Cells, Raw};
use crate::ports::StoreError;

/// A version that is out of service.
pub(in crate::store) fn read(row: &dyn Raw) -> Result<Quarantine, StoreError> {
    let cells = Cells::new(row, "plugin_quarantine", "plugin");
    Ok(Quarantine {
        plugin: cells.text("plugin")?,
        digest: cells.text("digest")?,
        since: cells.time("since")?,
        runs: cells.count("runs")?,
        sources: cells.count("sources")?,
        why: cells.text("why")?,
    })
}

/// Faults that were counted: `runs`, `sources`, and `since` of the first, if there is one.
pub(in crate::store) fn faults(row: &dyn Raw) -> Result<Faults, StoreError> {
    let cells = Cells::new(row, "plugin_fault", "runs");
    let since = cells.opt_time("since")?.unwrap_or(UtcMillis::default());
    Ok(Faults { runs: cells.count("runs")?, sources: cells.count("sources")?, since })
}
