//! Limits of kept pages and replay. Part of [`limits`](crate::limits).

use core::time::Duration;

use super::MIB;

// ---- kept pages and replay ----------------------------------------------------------------------------------------

/// Room that the kept pages of one profile may take, compressed, unless the profile says otherwise: 100,000 feeds.
pub const KEPT_PAGES_BYTES: u64 = 256 * MIB as u64;
/// How often the room of kept pages is looked at. What comes in between stands above it.
pub const TRIM: Duration = Duration::from_secs(60);
/// Kept pages of one source that one replay reads.
pub const REPLAY_PAGES: usize = 1_000_000;
/// Items of one source that a replay holds at once; one that comes again beyond them is compared twice.
pub const REPLAY_ITEMS: usize = 50_000;
/// Their texts, in bytes.
pub const REPLAY_BYTES: usize = 128 * MIB;
/// Items looked up, or written, in one transaction: one run of trigger `replay`.
pub const REPLAY_WRITES: usize = 500;
/// Changes shown unless more are asked for, and the most that may be.
pub const REPLAY_SHOWN: (u32, u32) = (20, 10_000);
/// Characters of a value that are shown.
pub const REPLAY_SHOWN_CHARS: usize = 120;
