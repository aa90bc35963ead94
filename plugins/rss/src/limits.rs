//! Every maximum of this plugin, with its unit and reason.
//!
//! Owns: the numbers. The contract's own limits stand at its fields in `wit/v0.1`; those that the host does not cut by
//! itself are repeated here, because passing one would be a fault of this plugin.

/// Items of one batch (contract).
pub const ITEMS: usize = 10_000;
/// Bytes of an external id (contract). A longer id of the document is hashed.
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
/// Media of one item (contract).
pub const MEDIA: usize = 256;
/// References of one item (contract).
pub const REFERENCES: usize = 32;
/// Tags of one item, and bytes of one (contract). A longer tag is left out.
pub const TAGS: usize = 256;
/// Bytes of one tag (contract).
pub const TAG_BYTES: usize = 256;
/// Authors of one item: what the host accepts.
pub const AUTHORS: usize = 32;
/// Hubs of one feed (contract).
pub const HUBS: usize = 8;
/// Bytes of a short field that goes into `extra` (a duration, a season). More is not what the field is for.
pub const SHORT_BYTES: usize = 1_024;
/// Bytes of a batch, all items together: below the 16 MiB of an answer, with room for what is not counted.
pub const BATCH_BYTES: usize = 14 * 1_024 * 1_024;
/// Bytes of a message for a person (contract).
pub const MESSAGE_BYTES: usize = 1_024;

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
