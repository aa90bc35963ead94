//! Rows of `plugin_version` and `plugin_fault_total`.
//!
//! Owns: the way from rows to [`UseRow`]s. Must not know: the database.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cells::{Cells, Raw};
use crate::ports::{StoreError, UseRow, Used, Version};

/// A version without its faults.
pub(in crate::store) fn read(row: &dyn Raw) -> Result<UseRow, StoreError> {
    let cells = Cells::new(row, "plugin_version", "plugin");
    let (plugin, digest, version) = (cells.text("plugin")?, cells.text("digest")?, cells.text("version")?);
    let used = Used {
        plugin: plugin.clone(),
        digest: digest.clone(),
        version: version.clone(),
        calls: cells.count("calls")?,
        faults: BTreeMap::new(),
        cpu: Duration::from_micros(cells.count("cpu_us")?),
        bytes_in: cells.count("bytes_in")?,
        bytes_out: cells.count("bytes_out")?,
        items: cells.count("items")?,
    };
    let version = Version { plugin, digest, version, origin: cells.text("origin")? };
    Ok(UseRow { version, first_at: cells.time("first_at")?, served_at: cells.time("served_at")?, used })
}

/// Adds a row of faults to the version it is of.
pub(in crate::store) fn add_fault(rows: &mut [UseRow], row: &dyn Raw) -> Result<(), StoreError> {
    let cells = Cells::new(row, "plugin_fault_total", "plugin");
    let (plugin, digest) = (cells.text("plugin")?, cells.text("digest")?);
    let of = rows.iter_mut().find(|row| row.version.plugin == plugin && row.version.digest == digest);
    if let Some(of) = of {
        of.used.faults.insert(cells.text("kind")?, cells.count("count")?);
    }
    Ok(())
}

/// A duration as it is stored.
pub(in crate::store) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
