//! A claim: the right to run one source, for a while.
//!
//! Owns: what a claim is and what it promises. Must not know: how a store makes it. Made by the store in the transaction
//! that books the budget; called for by `engine/admit`, carried by `engine/work` through every write.
//!
//! What a lease guarantees: while `lease_until` has not passed, no other daemon claims the source. What it does not: a
//! daemon that was stopped and wakes later still believes in its claim. Therefore every write says which generation it
//! belongs to, and a write of an old generation changes nothing.

use serde::{Deserialize, Serialize};

use crate::budget::{Balance, Reservation};
use crate::contract::Watermark;
use crate::id::{CredentialName, DaemonId, RunId, SourceId};
use crate::money::MicroUsd;
use crate::rate::{Refused, RunRate};
use crate::run::Resume;
use crate::source::{Source, Trigger};
use crate::time::UtcMillis;

/// Counts the claims on a source; each claim has a higher one than all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub i64);

/// What is to be claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimRequest {
    /// The source.
    pub source: SourceId,
    /// The run: the id of the queued one, or of the one to be made.
    pub run: RunId,
    /// Whether `run` is queued already (bootstrap, one-off, one that was given up) or made by this claim (schedule, retry,
    /// and the bootstrap of a source that was created switched off).
    pub queued: bool,
    /// Why.
    pub trigger: Trigger,
    /// Runs of the source that had ended when it was found due. What was due then is used up if it has run since: another
    /// daemon may have claimed it and ended its run between the look and this claim.
    pub total_runs: u64,
    /// Whose account pays for its actor runs.
    pub credential: Option<CredentialName>,
    /// The most the run may spend on actor runs; what the money windows among `reservations` hold of it.
    pub reserved: MicroUsd,
    /// The worst case, window by window. Written down with the run, so that whoever ends it settles the same windows.
    pub reservations: Vec<Reservation>,
    /// The rates it has to fit into.
    pub rates: Vec<RunRate>,
    /// By whom.
    pub daemon: DaemonId,
    /// Until when the claim holds without a sign of life.
    pub lease_until: UtcMillis,
}

/// A live claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The run.
    pub run: RunId,
    /// Its source as it was when claimed.
    pub source: Source,
    /// Fences every write of this run.
    pub generation: Generation,
    /// Why it runs.
    pub trigger: Trigger,
    /// Which attempt of this run it is: 1, or more if earlier ones died with their daemon.
    pub attempt: u32,
    /// New items that earlier attempts of this run have stored already; they count towards the cap.
    pub items_before: u32,
    /// What may be spent on actor runs.
    pub reserved: MicroUsd,
    /// What it goes on from, if it waited for an actor run.
    pub resume: Option<Box<Resume>>,
    /// Holds until then.
    pub lease_until: UtcMillis,
}

impl Claim {
    /// Where the run starts.
    #[must_use]
    pub fn watermark(&self) -> Option<&Watermark> {
        self.source.watermark.as_ref()
    }
}

/// Why a claim was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotClaimed {
    /// Somebody else has it, it changed meanwhile, or the queued run is gone. Nothing to do.
    Taken,
    /// A window had no room. Nothing was booked.
    Budget {
        /// The reservation that did not fit.
        reservation: Reservation,
        /// What stands in its window.
        balance: Balance,
    },
    /// A rate had no room. Nothing was booked; the source has a place in the line.
    Rate(Refused),
}
