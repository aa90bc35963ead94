//! Where a run stands.
//!
//! The states of the machine, each with what only it has. Owns nothing else. Called by `machine`, `actor` and `dataset`.

use super::dataset::Reading;
use super::intent::Intent;
use super::step::Stop;
use crate::contract::Step;
use crate::failure::Failure;
use crate::plan::Plan;

/// Where a run stands.
#[derive(Debug)]
pub(super) enum State {
    Ready,
    Planning,
    Waiting(Box<Pause>),
    Fetching(Plan, Tries),
    /// What the page came from.
    Normalizing(From),
    /// A page is being stored; then what comes next, unless something has cut the run meanwhile.
    Storing(Box<Then>, Option<Cut>),
    Intending(Box<Intent>, Tries),
    Starting(Box<Intent>, Tries),
    Finding(Box<Intent>),
    Inspecting(Box<Intent>),
    Aborting(Box<Intent>),
    Reading(Box<Reading>),
    /// The end is being stored. Nothing changes it any more.
    Ending,
    Over,
}

impl State {
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Planning => "planning",
            Self::Waiting(..) => "waiting",
            Self::Fetching(..) => "fetching",
            Self::Normalizing(..) => "normalizing",
            Self::Storing(..) => "storing",
            Self::Intending(..) => "intending",
            Self::Starting(..) => "starting",
            Self::Finding(..) => "finding",
            Self::Inspecting(..) => "inspecting",
            Self::Aborting(..) => "aborting",
            Self::Reading(..) => "reading",
            Self::Ending => "ending",
            Self::Over => "over",
        }
    }
}

impl State {
    /// The dataset that is being read, if one is.
    pub(super) fn into_reading(self) -> Option<Reading> {
        match self {
            Self::Reading(reading) | Self::Normalizing(From::Dataset(reading)) => Some(*reading),
            Self::Waiting(pause) => match *pause {
                Pause::Read(reading) => Some(reading),
                Pause::Start(..) | Pause::Fetch(..) => None,
            },
            _ => None,
        }
    }
}

/// What follows a wait.
#[derive(Debug)]
pub(super) enum Pause {
    /// The fetch, for the first time or again.
    Fetch(Plan, Tries),
    /// The start of an actor run, again.
    Start(Intent, Tries),
    /// More of a dataset.
    Read(Reading),
}

/// What a page came from.
#[derive(Debug)]
pub(super) enum From {
    /// A response of that status.
    Http(Box<Plan>, Tries, u16),
    /// A dataset.
    Dataset(Box<Reading>),
}

/// What follows a stored page.
#[derive(Debug)]
pub(super) enum Then {
    /// The step the plugin wants.
    Step(Step),
    /// The rest of the dataset.
    Read(Box<Reading>),
}

/// What cuts a run short.
#[derive(Debug)]
pub(super) enum Cut {
    Stopped(Stop),
    Misfit(Failure),
}

/// Times a fetch has been tried already.
pub(super) type Tries = usize;
