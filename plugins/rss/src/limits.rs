//! Every maximum of this plugin, with its unit and reason.
//!
//! Owns: the numbers that are not the contract's own, which stand in the kit.

pub use tidegate_plugin_kit::html::MARKUP_BYTES;

pub use tidegate_plugin_kit::limits::{
    AUTHORS, EXTERNAL_ID_BYTES, HTML_BYTES, HUBS, IDENTIFIER_BYTES, ITEMS, MEDIA, MESSAGE_BYTES, REFERENCES,
    SUMMARY_BYTES, TAGS, TEXT_BYTES, TITLE_BYTES, URL_BYTES, WORD_BYTES,
};

/// Bytes of a short field that goes into `extra` (a duration, a season). More is not what the field is for.
pub const SHORT_BYTES: usize = 1_024;

/// Bytes that the entries of a document may take as they are read, of the 64 MiB of memory that a call has by default: beside them are
/// the page itself (10 MiB by default), up to three times as much for its decoded text, and the items.
pub const KEPT_BYTES: usize = 16 * 1_024 * 1_024;
/// The same with the page and its decoded text. What is left of the memory is for the entry that is being read.
pub const HELD_BYTES: usize = 46 * 1_024 * 1_024;
/// What entries may take in any case.
pub const KEPT_AT_LEAST_BYTES: usize = 4 * 1_024 * 1_024;
/// Bytes of a value that is no text of its own: of an attribute, of an id, a link, a date. No field of the contract takes so much.
pub const VALUE_BYTES: usize = 64 * 1_024;
/// Bytes of an item that are no text of it: its place in the batch.
pub const ITEM_BYTES: usize = 256;
/// Bytes of a medium or an author that are no text of it.
pub const RECORD_BYTES: usize = 192;
/// Bytes of a tag beside its text.
pub const TAG_BYTES: usize = 32;
/// Bytes of a list or object in a JSON Feed that is read: authors, tags, attachments.
pub const LIST_BYTES: usize = 256 * 1_024;
/// Namespace bindings in force at once. Each element looks through them, so further ones are passed over.
pub const BINDINGS: usize = 128;
/// End tags without a start after which only the innermost elements are looked through for one.
pub const STRAY_ENDS: usize = 1_000;
/// How many those are.
pub const INNERMOST: usize = 8;
/// Open elements of a document. Deeper ones are read as if they were not there.
pub const DEPTH: usize = 256;
/// Entities a document may declare for itself, and bytes of one. They are never nested, so nothing grows.
pub const ENTITIES: usize = 64;
/// Bytes of the value of one declared entity.
pub const ENTITY_BYTES: usize = 1_024;
/// Bytes by which a document may grow through its own entities in all. Further references stay as they are written.
pub const EXPANSION_BYTES: usize = 1_024 * 1_024;
/// Bytes at the head of a page in which a feed is looked for by its `link` elements.
pub const DISCOVERY_BYTES: usize = 512 * 1_024;
/// Feeds a page may name before the rest is passed over.
pub const DISCOVERED: usize = 64;
/// Bytes at the head of a document in which its XML declaration is looked for.
pub const DECLARATION_BYTES: usize = 4 * 1_024;
/// Bytes of a validator (`ETag`, `Last-Modified`) that is kept. A longer one would not fit into a request.
pub const VALIDATOR_BYTES: usize = 4 * 1_024;
/// Pages of one run (contract: the host allows 10 by default).
pub const PAGES: u32 = 10;
/// Seconds of the longest interval a feed may ask for: 30 days. `sy:updatePeriod` "yearly" is cut to it.
pub const INTERVAL_S: u32 = 30 * 86_400;
