//! Rates, turns at hosts, and hosts that fail.
//!
//! Owns: the numbers behind `crate::rate`. Re-exported by [`super`].

use core::time::Duration;

/// A turn at a host that nobody speaks for is free after this: those of a daemon that died, about when its runs are taken up.
/// Whoever has one that lasts says so at each [`HEARTBEAT`](super::HEARTBEAT).
pub const HOST_TURN: Duration = super::LEASE;
/// Failures of a host in a row, whichever sources they befall, after which nobody asks it for a while.
pub const HOST_FAILURES: u32 = 10;
/// For how long, the first time; each further failure doubles it, up to [`GATE_MOST`](super::GATE_MOST).
pub const HOST_REST: Duration = Duration::from_secs(30);
/// How soon somebody who found all turns of a host taken, by other daemons too, asks again.
pub const HOST_AGAIN: Duration = Duration::from_millis(200);
/// What is known of a host is forgotten so long after it was last asked; its rate by the hour is history then.
pub const HOST_KEPT: Duration = Duration::from_secs(2 * 60 * 60);
/// The furthest ahead that a source is given its place in the line of a rate. Beyond that the line begins anew.
pub const RATE_LINE: Duration = Duration::from_secs(60 * 60);
/// How long a source waits where as many runs as allowed are under way.
pub const RATE_BUSY: Duration = Duration::from_secs(10);
/// The highest rate, per minute or hour.
pub const RATE_MOST: u32 = 1_000_000;
/// The most turns at one host at once that may be configured.
pub const HOST_CONCURRENCY_MOST: u32 = 64;
/// Tenants that are looked at for their share when more is due than may run.
pub const SHARE_TENANTS: usize = 64;
/// Of so many places one tenant gets no more than one, in one look, as long as there are others.
pub const SHARE_PARTS: usize = 8;
/// Questions for turns, and turns given back, that one transaction takes.
pub const HOST_LETTERS: usize = 512;
