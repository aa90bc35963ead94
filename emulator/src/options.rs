//! How an emulator is set up.
//!
//! Owns: the options, the account behind the tokens, and the rhythm of what is published. Called by whoever starts one.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::books::RunBook;
use crate::clock::{Begin, Millis};
use crate::money::MicroUsd;
use crate::script::Script;

/// Everything that can be chosen at the start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Whose clock moves the runs.
    pub clock: Begin,
    /// The same seed gives the same accounts, posts and durations.
    pub seed: u64,
    /// Tokens that are accepted.
    pub tokens: Vec<String>,
    /// Limits of the account behind them.
    pub account: Account,
    /// How long a run takes, from RUNNING to its end: the shortest and the longest.
    pub duration: (Duration, Duration),
    /// From the start to RUNNING.
    pub ready: Duration,
    /// How long cost and event counts stay preliminary after the end of a run.
    pub cost_lag: Duration,
    /// How often accounts publish.
    pub rhythm: Rhythm,
    /// Every run alike, for benches.
    pub load: Option<Load>,
    /// Rules from the first request on.
    pub script: Script,
    /// Told of every run that ended.
    pub narrate: Option<fn(&RunBook)>,
}

/// The limits of an account. All may be changed while it runs (`POST /emulator/account`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Memory of all runs together, in MB: 65,536.
    pub memory_mb: u32,
    /// Runs at a time: 32.
    pub concurrent_runs: u32,
    /// Money per month, in micro-USD; none unless set.
    pub monthly_micro_usd: Option<MicroUsd>,
    /// Money that was spent this month before the emulator started, in micro-USD.
    pub spent_micro_usd: MicroUsd,
    /// A free plan: actors of apidojo give demo rows only.
    pub free_plan: bool,
    /// How far the server's clock is ahead of the truth, in ms; negative: behind.
    pub skew_ms: i64,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            memory_mb: 65_536,
            concurrent_runs: 32,
            monthly_micro_usd: None,
            spent_micro_usd: MicroUsd::ZERO,
            free_plan: false,
            skew_ms: 0,
        }
    }
}

/// How long accounts wait from one post to the next: the busiest and the quietest account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// On Instagram: 40 minutes to 6 hours.
    pub instagram: (Duration, Duration),
    /// On X: 10 minutes to 2 hours.
    pub x: (Duration, Duration),
}

impl Default for Rhythm {
    fn default() -> Self {
        let minutes = |from: u64, to: u64| (Duration::from_secs(from * 60), Duration::from_secs(to * 60));
        Self { instagram: minutes(40, 360), x: minutes(10, 120) }
    }
}

impl Rhythm {
    /// All accounts alike.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self { instagram: (interval, interval), x: (interval, interval) }
    }
}

/// Every run takes as long and gives as much as the others, whatever was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// How long each run takes.
    pub duration: Duration,
    /// Items of each run.
    pub items: u32,
}

impl Default for Options {
    /// A free port of 127.0.0.1, the real clock, the token `emulator-token`.
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Begin::Real,
            seed: 1,
            tokens: vec!["emulator-token".to_owned()],
            account: Account::default(),
            duration: (Duration::from_secs(5), Duration::from_secs(75)),
            ready: ms(crate::limits::READY_MS),
            cost_lag: ms(crate::limits::COST_LAG_MS),
            rhythm: Rhythm::default(),
            load: None,
            script: Script::default(),
            narrate: None,
        }
    }
}

impl Options {
    /// Like the default, with a clock that is moved by hand from 2026-11-01T06:00:00Z on.
    #[must_use]
    pub fn by_hand() -> Self {
        Self { clock: Begin::Virtual(Millis(1_793_512_800_000)), ..Self::default() }
    }

    /// For benches: every run takes `duration` and gives `items` items; an account without limits.
    #[must_use]
    pub fn load(duration: Duration, items: u32) -> Self {
        let account = Account { memory_mb: u32::MAX, concurrent_runs: u32::MAX, ..Account::default() };
        Self { account, load: Some(Load { duration, items }), ..Self::default() }
    }
}

fn ms(ms: i64) -> Duration {
    Duration::from_millis(ms.unsigned_abs())
}
