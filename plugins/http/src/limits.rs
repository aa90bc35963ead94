//! Every maximum of this plugin, with its unit and reason.
//!
//! Owns: the numbers. The contract's own limits stand at its fields in `wit/v0.1`; those that the host does not cut by
//! itself are repeated here, because passing one would be a fault of this plugin.

/// Items of one batch (contract). Further records of a page are counted and told of.
pub const RECORDS: usize = 10_000;
/// Bytes of an external id (contract). A longer one is hashed.
pub const EXTERNAL_ID_BYTES: usize = 1_024;
/// Bytes of any URL (contract). A longer one is left out.
pub const URL_BYTES: usize = 8 * 1_024;
/// Bytes of an identifier (contract).
pub const IDENTIFIER_BYTES: usize = 2 * 1_024;
/// Bytes of an item's HTML (contract). A longer one is left out; its text stays.
pub const HTML_BYTES: usize = 1_024 * 1_024;
/// Bytes of an item's text. The host would cut it there; cutting here saves carrying it over.
pub const TEXT_BYTES: usize = 256 * 1_024;
/// Bytes of a summary, same reason.
pub const SUMMARY_BYTES: usize = 64 * 1_024;
/// Bytes of a title, same reason.
pub const TITLE_BYTES: usize = 4 * 1_024;
/// Bytes of an item's `data` (contract). A larger one is left out.
pub const DATA_BYTES: usize = 64 * 1_024;
/// Media of one item (contract).
pub const MEDIA: usize = 256;
/// Tags of one item, and bytes of one (contract). A longer tag is left out.
pub const TAGS: usize = 256;
/// Bytes of one tag, of a kind and of a language (contract).
pub const WORD_BYTES: usize = 256;
/// Bytes of a name of an author and other short texts.
pub const SHORT_BYTES: usize = 1_024;
/// Bytes of a batch, all items together: below the 16 MiB of an answer, with room for what is not counted.
pub const BATCH_BYTES: usize = 14 * 1_024 * 1_024;
/// Bytes of a message for a person (contract).
pub const MESSAGE_BYTES: usize = 1_024;
/// Bytes of an answer's own words that are quoted in a message.
pub const QUOTE_BYTES: usize = 300;
/// Warnings of one batch (contract).
pub const WARNINGS: usize = 16;
/// Rejects of one batch; the host only counts further ones.
pub const REJECTS: usize = 1_000;

/// Values in one record. One with more becomes a reject: a tree of it would not fit into the memory of a call.
pub const RECORD_VALUES: usize = 100_000;
/// Steps of a JSON Pointer.
pub const POINTER_STEPS: usize = 32;
/// Bytes of a template, and of a JSON Pointer.
pub const TEMPLATE_BYTES: usize = 16 * 1_024;
/// Parameters, header fields, fields of `data` and `metrics` that settings may name.
pub const NAMES: usize = 64;
/// Bytes of the header of a request (contract).
pub const HEADER_BYTES: usize = 16 * 1_024;
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
