//! Limits of the stores. Part of [`limits`](crate::limits).

use core::time::Duration;

use super::{KIB, MIB};

// ---- store --------------------------------------------------------------------------------------------------------

/// Writes that wait for the one SQLite writer.
pub const WRITER_QUEUE: usize = 1_024;
/// Writes committed together.
pub const WRITER_GROUP: usize = 256;
/// Times the writer waits as long as SQLite waits for a lock, before it gives its work back as failed: about a minute.
pub const STORE_BUSY_ROUNDS: u32 = 11;
/// How long dead letters are kept. Rows are made in order of time, so the oldest are found by their key.
pub const DEAD_LETTERS_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Dead letters kept of one tenant's sources of one profile: a plugin that rejects everything fills no disk. The oldest go
/// first.
pub const DEAD_LETTERS_MOST: u32 = 10_000;
/// A text (URL, body, input) of the request that is kept with a dead letter, in bytes.
pub const DEAD_REQUEST_BYTES: usize = 8 * KIB;
/// Dead letters that one command takes up or discards in one transaction.
pub const DEAD_BATCH: u32 = 500;
/// Rows of one listing.
pub const LIST_ROWS: u32 = 1_000;
/// Connections that read a SQLite file at once.
pub const STORE_READERS: usize = 4;
/// How long a SQLite write waits for another process that is writing.
pub const STORE_BUSY: Duration = Duration::from_secs(5);
/// Pages of its file that one SQLite connection keeps in memory, in bytes.
pub const STORE_CACHE_BYTES: usize = 16 * MIB;
/// Size of a page of a SQLite file, in bytes. Items are long texts: taking them in costs 8 % less CPU than with SQLite's
/// own 4 KiB, and the file is a tenth smaller; 16 KiB takes no less and makes the file larger.
pub const STORE_PAGE_BYTES: u32 = 8 * 1_024;
/// Pages in SQLite's log at which they are folded into the file: rarer, and pages that change often are written once for
/// many changes; the log stays near 16 MiB.
pub const STORE_WAL_PAGES: usize = 2_000;
/// Bytes the log is cut down to after it had to grow.
pub const STORE_WAL_BYTES: usize = 64 * MIB;
/// How long the ledger and the counts of skips are kept.
pub const LEDGER_KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);

// ---- store in memory ----------------------------------------------------------------------------------------------

/// Ended runs that a store in memory keeps: a day of 10,000 sources, in 400 MB.
pub const MEMORY_RUNS: usize = 1_000_000;
/// Items of one source that a store in memory keeps.
pub const MEMORY_ITEMS: usize = 10_000;
