//! Runs: what they were asked, how they live, what they cost.
//!
//! Owns: the record of a run, its life on the clock, and billing. Everything about a run at a moment is computed from the
//! record and the moment: a run in flight costs its record and nothing else. Must not know: HTTP. Called by `world` and
//! `api`.

mod charge;
mod life;
mod view;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::actors::Actor;
use crate::clock::Millis;
use crate::ids::Id;
use crate::money::MicroUsd;
use crate::script::Twist;
use crate::webhooks::Webhook;

pub(crate) use life::{Life, Wish};
pub(crate) use view::Listed;

/// A status, as Apify writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Status {
    /// Accepted.
    Ready,
    /// At work.
    Running,
    /// Ended by itself.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Its time is over, and it is being stopped.
    TimingOut,
    /// Stopped because its time was over.
    TimedOut,
    /// Being stopped.
    Aborting,
    /// Stopped by somebody, or by its charge cap.
    Aborted,
}

impl Status {
    /// Whether nothing more comes, unless it is resurrected.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::TimedOut | Self::Aborted)
    }

    /// As the API writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimingOut => "TIMING-OUT",
            Self::TimedOut => "TIMED-OUT",
            Self::Aborting => "ABORTING",
            Self::Aborted => "ABORTED",
        }
    }
}

/// The options of a start, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunOptions {
    /// Seconds; 0: none.
    pub(crate) timeout_s: u32,
    pub(crate) memory_mb: u32,
    pub(crate) max_items: Option<u32>,
    pub(crate) cap: Option<MicroUsd>,
}

/// A run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: Id,
    pub(crate) dataset: Id,
    pub(crate) store: Id,
    pub(crate) actor: &'static Actor,
    pub(crate) user_agent: Box<str>,
    pub(crate) input: Box<[u8]>,
    pub(crate) input_type: Box<str>,
    /// Handles and searches of the input.
    pub(crate) subject: Box<str>,
    /// As it was asked for.
    pub(crate) build: Box<str>,
    pub(crate) options: RunOptions,
    /// Whether a cutoff was sent, and details were asked for: both may cost more.
    pub(crate) dated: bool,
    pub(crate) detailed: bool,
    pub(crate) free_plan: bool,
    pub(crate) started: Millis,
    pub(crate) life: Life,
    /// The end was booked.
    pub(crate) settled: bool,
    pub(crate) resurrected: u32,
    /// How long cost and counts stay preliminary (ms).
    pub(crate) cost_lag: i64,
    pub(crate) twist: Option<Arc<Twist>>,
    pub(crate) webhooks: Box<[Webhook]>,
}

impl Run {
    /// A field of the twist, where there is one.
    pub(crate) fn twisted<T>(&self, field: impl FnOnce(&Twist) -> Option<T>) -> Option<T> {
        self.twist.as_deref().and_then(field)
    }

    /// Whether reads show the run already.
    pub(crate) fn is_seen(&self, now: Millis) -> bool {
        now.since(self.started) >= self.twisted(|twist| twist.unseen_ms).unwrap_or(0)
    }
}
