//! What is ordered of the platform, and what it says.
//!
//! Shapes between the engine and `egress/apify`. Owns: which statuses are ends. Must not know: JSON field names.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ActorName, RemoteId};
use crate::contract::ActorEnd;
use crate::id::{CredentialName, IntentId};
use crate::money::MicroUsd;
use crate::time::UtcMillis;

/// An actor run as it is to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Marks the start, so that a run whose id was lost is found again.
    pub intent: IntentId,
    /// Who pays.
    pub credential: CredentialName,
    /// Which actor.
    pub actor: ActorName,
    /// Tag or number of its build.
    pub build: String,
    /// Memory in MB; `None`: the actor's own.
    pub memory_mb: Option<u32>,
    /// After this the platform ends the run.
    pub timeout: Duration,
    /// The platform charges no more than this.
    pub charge_cap: MicroUsd,
    /// JSON object.
    pub input: String,
}

/// A run as the platform describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRun {
    /// Its id.
    pub id: RemoteId,
    /// Where its elements are.
    pub dataset: RemoteId,
    /// Where it stands.
    pub status: RemoteStatus,
    /// What the actor says about it, for a person. May quote anything; at most [`crate::limits::MESSAGE_BYTES`].
    pub message: Option<String>,
    /// The build that runs.
    pub build: Option<String>,
    /// What it has cost so far; may still grow after the end. `None`: the platform does not say.
    pub cost: Option<MicroUsd>,
    /// Elements charged for so far, where the platform says so.
    pub charged_elements: Option<u64>,
}

/// Where a run stands (`reference`: apify, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemoteStatus {
    /// Waits for a machine.
    Ready,
    /// Runs.
    Running,
    /// Is being ended by the platform's clock.
    TimingOut,
    /// Is being ended by somebody.
    Aborting,
    /// Ended by itself.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended by the platform's clock.
    TimedOut,
    /// Ended by somebody, or by its charge cap.
    Aborted,
    /// A word this version does not know: not an end, until the deadline.
    Unknown,
}

impl RemoteStatus {
    /// The status of the platform's word.
    #[must_use]
    pub fn of_platform(word: &str) -> Self {
        match word {
            "READY" => Self::Ready,
            "RUNNING" => Self::Running,
            "TIMING-OUT" => Self::TimingOut,
            "ABORTING" => Self::Aborting,
            "SUCCEEDED" | "FINISHED" => Self::Succeeded,
            "FAILED" => Self::Failed,
            "TIMED-OUT" => Self::TimedOut,
            "ABORTED" => Self::Aborted,
            _ => Self::Unknown,
        }
    }

    /// How the run ended, as plugins are told. `None`: it has not.
    #[must_use]
    pub const fn end(self) -> Option<ActorEnd> {
        match self {
            Self::Succeeded => Some(ActorEnd::Succeeded),
            Self::Failed => Some(ActorEnd::Failed),
            Self::TimedOut => Some(ActorEnd::TimedOut),
            Self::Aborted => Some(ActorEnd::Aborted),
            Self::Ready | Self::Running | Self::TimingOut | Self::Aborting | Self::Unknown => None,
        }
    }

    /// The status in a word, as stored and printed.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::TimingOut => "timing-out",
            Self::Aborting => "aborting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Aborted => "aborted",
            Self::Unknown => "unknown",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Ready,
            Self::Running,
            Self::TimingOut,
            Self::Aborting,
            Self::Succeeded,
            Self::Failed,
            Self::TimedOut,
            Self::Aborted,
            Self::Unknown,
        ]
        .into_iter()
        .find(|status| status.word() == word)
    }
}

/// Some elements of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Slice {
    /// In the dataset's order, without gaps. None: the dataset holds no more, as of now.
    pub elements: Vec<Element>,
    /// Bytes that came over the wire for it.
    pub bytes: u64,
}

/// One element of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// As the actor wrote it, a JSON text as far as anybody has looked.
    Text(String),
    /// Larger than [`crate::limits::ELEMENT_BYTES`]; it was not kept.
    TooLarge {
        /// Its size.
        bytes: u64,
    },
}

/// The account behind a credential.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Account {
    /// Spent in the billing cycle.
    pub used: Option<MicroUsd>,
    /// The most it may spend in one.
    pub most: Option<MicroUsd>,
    /// When the cycle ends.
    pub cycle_end: Option<UtcMillis>,
    /// Runs under way, and the most there may be.
    pub runs: Option<(u64, u64)>,
    /// Memory in use and the most there is, in GB.
    pub memory_gb: Option<(f64, f64)>,
}

impl Account {
    /// Whether it has money left, as far as it says.
    #[must_use]
    pub fn has_money(&self) -> bool {
        self.used.zip(self.most).is_none_or(|(used, most)| used < most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_four_statuses_are_ends() {
        let table = [
            ("READY", None),
            ("RUNNING", None),
            ("TIMING-OUT", None),
            ("ABORTING", None),
            ("SUCCEEDED", Some(ActorEnd::Succeeded)),
            ("FINISHED", Some(ActorEnd::Succeeded)),
            ("FAILED", Some(ActorEnd::Failed)),
            ("TIMED-OUT", Some(ActorEnd::TimedOut)),
            ("ABORTED", Some(ActorEnd::Aborted)),
            ("HIBERNATING", None),
            ("", None),
        ];
        for (word, end) in table {
            let status = RemoteStatus::of_platform(word);
            assert_eq!(status.end(), end, "{word}");
            assert_eq!(RemoteStatus::from_word(status.word()), Some(status), "{word}");
        }
    }
}
