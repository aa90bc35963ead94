//! Every maximum and every duration of the emulator, with its unit.
//!
//! Owns: the numbers. Called by all rooms of the crate. Those that stand for Apify's own come from its documentation.

/// Body of a request, in bytes (Apify: 413 beyond).
pub(crate) const BODY_BYTES: usize = 9_437_184;
/// Head of a request, in bytes.
pub(crate) const HEAD_BYTES: usize = 64 << 10;
/// The longest `waitForFinish` (seconds); larger values are cut to it.
pub(crate) const WAIT_SECONDS: u64 = 60;
/// How long, by the machine's clock, a waiting request is held while the emulator's clock is moved by hand (ms).
pub(crate) const WAIT_BY_HAND_MS: u64 = 1_000;
/// The most runs in one page of a list.
pub(crate) const LIST_PAGE: usize = 1_000;
/// What `limit` says when none was asked for.
pub(crate) const NO_LIMIT: u64 = 999_999_999_999;
/// Memory of a run: the least and the most, in MB.
pub(crate) const MEMORY_MB: (u32, u32) = (128, 32_768);
/// From the start to RUNNING (ms).
pub(crate) const READY_MS: i64 = 1_000;
/// How long ABORTING and TIMING-OUT last (ms).
pub(crate) const STOPPING_MS: i64 = 500;
/// How long a graceful abort leaves the actor (ms).
pub(crate) const GRACE_MS: i64 = 30_000;
/// How long cost, messages and event counts stay preliminary after the end (ms).
pub(crate) const COST_LAG_MS: i64 = 10_000;
/// How long `itemCount` of a dataset lags (ms).
pub(crate) const COUNT_LAG_MS: i64 = 5_000;
/// Attempts to deliver one webhook, the first included.
pub(crate) const WEBHOOK_ATTEMPTS: u32 = 12;
/// Delay before the second attempt (ms); doubled each time.
pub(crate) const WEBHOOK_DELAY_MS: i64 = 60_000;
/// How long a webhook's receiver may take, by the machine's clock (s).
pub(crate) const WEBHOOK_TIMEOUT_S: u64 = 120;
/// Requests kept in the log; older ones are only counted.
pub(crate) const LOG_ENTRIES: usize = 50_000;
/// Bytes to which a decompression bomb unfolds.
pub(crate) const BOMB_BYTES: usize = 256 << 20;
/// The large item of scenario 23, in bytes.
pub(crate) const LARGE_ITEM_BYTES: usize = 9_000_000;
/// The deep item of scenario 23, in levels.
pub(crate) const DEEP_LEVELS: usize = 200;
/// The most items a rule or the load may ask of one run.
pub(crate) const RUN_ITEMS: u32 = 100_000;
