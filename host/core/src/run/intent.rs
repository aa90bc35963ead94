//! What of an actor run survives a crash: its intent, and what the run had learnt before it.
//!
//! Owns: the shapes that the store keeps between the start of an actor run and the reading of its dataset. Must not know: rows.
//! Made by the machine, kept by the store, given back with the claim that resumes the run.

use serde::{Deserialize, Serialize};

use super::findings::Findings;
use crate::actor::{Order, RemoteId, RemoteRun, RemoteStatus};
use crate::claim::Generation;
use crate::failure::Failure;
use crate::id::{IntentId, RunId};
use crate::limits;
use crate::money::MicroUsd;
use crate::time::UtcMillis;

/// A wish for one actor run, and what is known of its fulfilment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// What is ordered.
    pub order: Order,
    /// Number among the intents of its run, from 0.
    pub number: u32,
    /// State of the step that led to it.
    pub state: Option<String>,
    /// The most elements the plugin expects.
    pub max_elements: u32,
    /// `job.now` of the run: the same in every call of it.
    pub job_now: UtcMillis,
    /// `job.max_items` of the run.
    pub job_max_items: u32,
    /// When the platform was asked to start it for the first time. Never moved: a run that was started for it is no older.
    pub ordered_at: UtcMillis,
    /// When the platform was last asked to start it: from then on for [`crate::limits::ACTOR_ASK_TIMEOUT`] at most. Moved
    /// when it turns out that it was asked for longer, or is not being asked any more.
    pub asked_at: UtcMillis,
    /// What came of it.
    pub stage: IntentStage,
    /// Questions about it in a row that had no answer.
    pub troubles: u32,
}

/// Where an intent stands, as long as its run goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntentStage {
    /// The platform may have been asked; what it did is not known.
    Intended,
    /// There is a run.
    Started {
        /// The platform's id of it.
        remote: RemoteId,
        /// Where its elements are.
        dataset: RemoteId,
        /// When it was started or found.
        at: UtcMillis,
        /// Whether we have told it to end before its time.
        aborted: bool,
    },
}

impl Intent {
    /// The id of the intent of that number, of the claim with that generation. An intent keeps its id until its actor run is
    /// done with, whoever claims its run; a run that begins anew has nothing open, and what it orders is another thing than
    /// what it has paid for before it died.
    #[must_use]
    pub const fn id_of(run: RunId, generation: Generation, number: u32) -> IntentId {
        #[expect(clippy::cast_sign_loss, reason = "bits of an id; generations count up from 1")]
        let claim = (generation.0 as u128) << 32;
        IntentId::from_bits(run.bits().wrapping_add(claim).wrapping_add(1 + number as u128))
    }

    /// From when on a run of this intent may have been started: a clock that was set back counts too.
    #[must_use]
    pub fn earliest(&self) -> UtcMillis {
        self.ordered_at.min(self.asked_at)
    }

    /// This intent after a start that was cut short at `now`: however long ago it was meant to be made, it was being made
    /// until now.
    #[must_use]
    pub fn cut_short(self, now: UtcMillis) -> Self {
        let asked_at = self.asked_at.max(now.minus(limits::ACTOR_ASK_TIMEOUT)).min(now);
        Self { asked_at, ..self }
    }

    /// This intent with the run that was started for it.
    #[must_use]
    pub fn started(self, run: &RemoteRun, at: UtcMillis) -> Self {
        let (remote, dataset) = (run.id.clone(), run.dataset.clone());
        Self { stage: IntentStage::Started { remote, dataset, at, aborted: false }, troubles: 0, ..self }
    }
}

/// What a run knows beside its intent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Pages handed to the plugin so far.
    pub(super) pages: u32,
    /// Fetches made so far; pages of one dataset are one.
    pub(super) fetches: u32,
    /// Whether an attempt that died had stored items of a first run.
    pub(super) resumed: bool,
    /// Charge caps of all its intents together.
    pub(super) caps: MicroUsd,
    /// What its pages said.
    pub(super) findings: Findings,
    /// How far it is with its actor run.
    #[serde(default)]
    pub(super) place: Place,
}

/// How far a run is with what an actor run has left.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// Elements of the dataset whose pages are stored: it is read on behind them.
    pub(super) offset: u32,
    /// Elements among them that hold nothing, although they are paid for.
    pub(super) fillers: u32,
    /// What the plugin wants to find with the next page. `None`: what the step had.
    pub(super) state: Option<String>,
    /// The first trouble that a page told of. The others are read all the same, as they are paid for.
    pub(super) trouble: Option<Failure>,
    /// Since when the platform has said nothing but that it does not know the run.
    pub(super) missing_since: Option<UtcMillis>,
}

/// A run that is put away until its actor run has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Park {
    /// What it waits for.
    pub intent: Intent,
    /// What it knows.
    pub progress: Progress,
    /// When it is looked at again at the latest.
    pub wake_at: UtcMillis,
}

/// What a claim brings with it that goes on with a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Resume {
    /// What it waited for.
    pub intent: Intent,
    /// What it knew.
    pub progress: Progress,
}

/// What is known of an actor run when its run does not need it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentEnd {
    /// Which.
    pub intent: IntentId,
    /// The platform's run, where it is known: it may have been found after its end, and then stands nowhere else.
    pub remote: Option<RemoteId>,
    /// Where the platform's run stood. `None`: it is not known whether there is one.
    pub status: Option<RemoteStatus>,
    /// What it had cost by then.
    pub cost: Option<MicroUsd>,
    /// Elements that were read.
    pub elements: u32,
}

impl IntentEnd {
    /// The end of an intent of whose run nothing is known but what the intent says.
    #[must_use]
    pub fn unknown(intent: &Intent) -> Self {
        let remote = match &intent.stage {
            IntentStage::Intended => None,
            IntentStage::Started { remote, .. } => Some(remote.clone()),
        };
        Self { intent: intent.order.intent, remote, status: None, cost: None, elements: 0 }
    }
}
