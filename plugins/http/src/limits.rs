//! Every maximum of this plugin, with its unit and reason.
//!
//! Owns: the numbers that are not the contract's own, which stand in the kit.

pub use tidegate_plugin_kit::limits::{
    DATA_BYTES, EXTERNAL_ID_BYTES, HEADER_BYTES, HTML_BYTES, IDENTIFIER_BYTES, ITEMS, MEDIA, MESSAGE_BYTES, REJECTS,
    SUMMARY_BYTES, TAGS, TEXT_BYTES, TITLE_BYTES, URL_BYTES, WARNINGS, WORD_BYTES,
};

/// Bytes of a name of an author and other short texts.
pub const SHORT_BYTES: usize = 1_024;
/// Bytes of an answer's own words that are quoted in a message.
pub const QUOTE_BYTES: usize = 300;

/// Values in one record. One with more becomes a reject: a tree of it would not fit into the memory of a call.
pub const RECORD_VALUES: usize = 100_000;
/// Bytes of an item beside its texts: its place in the batch.
pub const ITEM_BYTES: usize = 256;
/// Bytes of a medium beside its texts.
pub const RECORD_BYTES: usize = 192;
/// Bytes of a tag beside its text.
pub const TAG_BYTES: usize = 32;
/// Bytes that ids may take of a batch when its room is spent. More would make an answer too large, which is a fault.
pub const OVERDRAWN_BYTES: usize = 1_024 * 1_024;
/// Steps of a JSON Pointer.
pub const POINTER_STEPS: usize = 32;
/// Bytes of a template, and of a JSON Pointer.
pub const TEMPLATE_BYTES: usize = 16 * 1_024;
/// Parameters, header fields, fields of `data` and `metrics` that settings may name.
pub const NAMES: usize = 64;
/// Bytes of a body that settings make (the contract allows 1 MiB).
pub const BODY_BYTES: usize = 256 * 1_024;
/// Bytes of a cursor. With a longer one no request could be made, and no state kept.
pub const CURSOR_BYTES: usize = 6 * 1_024;
/// Pages of one run that settings may ask for; the profile's `caps.max_pages` holds beside.
pub const PAGES: u32 = 1_000;
/// Seconds between two pages (the host's own maximum).
pub const DELAY_S: f64 = 60.0;
/// Records of a run that are remembered to find pages without anything new, 6 bytes each.
pub const SEEN: usize = 3_000;
/// Records of the top of a listing that are remembered between runs where ids have no order, and records of the page before, 6 bytes
/// each.
pub const TOP: usize = 1_000;
/// Seconds that an incremental run may look back before the newest record it knows: 30 days.
pub const OVERLAP_S: u32 = 30 * 86_400;
/// Seconds a source is left alone at most after a platform asked to slow down: a day.
pub const SLOW_DOWN_S: f64 = 86_400.0;
/// Hosts beside its own to which links to further pages may lead.
pub const HOSTS: usize = 16;
