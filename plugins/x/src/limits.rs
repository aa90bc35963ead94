//! Every maximum of this plugin, with its unit and where the number comes from.

pub use tidegate_plugin_kit::limits::{MEDIA, MESSAGE_BYTES, TAGS};

/// Length of a handle in characters (X's own rule).
pub const HANDLE_CHARS: usize = 15;
/// Length of a search text in bytes; X takes 512 characters with the operators that are added.
pub const SEARCH_BYTES: usize = 400;
/// Elements a run may ask for, whatever the job allows.
pub const ASKED: u32 = 1_000;
/// Days before the watermark that are asked for again: `since:` knows days only, and late posts turn up.
pub const OVERLAP_DAYS: u32 = 7;
/// The most a minimum of likes or reposts may be.
pub const MINIMUM: u32 = 10_000_000;
/// Rows of one page of kaito's actor, which fills pages whatever `maxItems` says (6 asked, 40 returned; reported 2026-08).
pub const KAITO_PAGE: u32 = 20;
/// Rows that kaito's actor bills at least (reported 2026-08).
pub const KAITO_FLOOR: u32 = 15;
/// Links of an item that are kept in its `data`.
pub const LINKS: usize = 32;
