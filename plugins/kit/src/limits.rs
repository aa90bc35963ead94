//! The contract's maxima, as the host of track 0.1 holds them.
//!
//! Owns: the numbers that stand at the fields in `wit/v0.1`, for plugins that keep to them by themselves: passing some is a fault of
//! the plugin, and what the host would cut need not be carried over to it. Must not know: any platform; a plugin has its own limits
//! beside these.

/// Items of one batch.
pub const ITEMS: usize = 10_000;
/// Bytes of an external id. A longer one can be hashed.
pub const EXTERNAL_ID_BYTES: usize = 1_024;
/// Bytes of any URL.
pub const URL_BYTES: usize = 8 * 1_024;
/// Bytes of an identifier.
pub const IDENTIFIER_BYTES: usize = 2 * 1_024;
/// Bytes of an item's HTML.
pub const HTML_BYTES: usize = 1_024 * 1_024;
/// Bytes of an item's text. The host cuts it there.
pub const TEXT_BYTES: usize = 256 * 1_024;
/// Bytes of a summary. The host cuts it there.
pub const SUMMARY_BYTES: usize = 64 * 1_024;
/// Bytes of a title. The host cuts it there.
pub const TITLE_BYTES: usize = 4 * 1_024;
/// Bytes of an item's `data`.
pub const DATA_BYTES: usize = 64 * 1_024;
/// Media of one item.
pub const MEDIA: usize = 256;
/// References of one item.
pub const REFERENCES: usize = 32;
/// Authors of one item.
pub const AUTHORS: usize = 32;
/// Tags of one item.
pub const TAGS: usize = 256;
/// Bytes of one tag, of a kind and of a language.
pub const WORD_BYTES: usize = 256;
/// Hubs of one feed.
pub const HUBS: usize = 8;
/// Warnings of one batch.
pub const WARNINGS: usize = 16;
/// Rejects of one batch; the host only counts further ones.
pub const REJECTS: usize = 1_000;
/// Bytes of a message for a person.
pub const MESSAGE_BYTES: usize = 1_024;
/// Bytes of the header of a request.
pub const HEADER_BYTES: usize = 16 * 1_024;
/// Bytes of the texts of a batch, all items together: below the 16 MiB of an answer, with room for what is not counted.
pub const BATCH_BYTES: usize = 14 * 1_024 * 1_024;
