//! What can happen to a run, and what a run can want done.
//!
//! Shapes only. Owns: the alphabet between the machine and whoever performs its effects. Called by `engine/work` and the
//! simulation.

use core::time::Duration;

use super::finish::Finish;
use super::intent::{Intent, IntentEnd, Park};
use crate::actor::{RemoteRun, Slice};
use crate::contract::{self, HttpResponse, Step};
use crate::failure::Failure;
use crate::item::{self, Counts};
use crate::plan::Plan;
use crate::time::UtcMillis;

/// What happened.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "made once for each page and given away at once; never kept in numbers")]
pub enum Event {
    /// The claim is made; start.
    Begin,
    /// The plugin has planned, or failed to.
    Planned(Result<Step, Failure>),
    /// The wait is over.
    WaitOver,
    /// The fetch is done, or failed.
    Fetched(Result<HttpResponse, Failure>),
    /// The plugin has normalized the page, or failed to.
    Normalized(Result<contract::Batch, Failure>),
    /// The plugin could not be asked, because the host is overloaded: nothing it can help, and nothing the page can.
    Overloaded(Failure),
    /// The page is stored. Counts of the whole run so far.
    Committed(Counts),
    /// The intent is stored.
    Intended,
    /// The platform was asked to start.
    Started(Started),
    /// The platform was asked whether it knows a run for the intent.
    Found(Result<Option<RemoteRun>, Failure>),
    /// The platform was asked about the run.
    Inspected(Result<Option<RemoteRun>, Failure>),
    /// The platform was told to end the run.
    Aborted(Result<(), Failure>),
    /// Elements were read.
    Sliced(Result<Slice, Failure>),
    /// Something outside ends the run. May be said at any time, also while an effect is being performed: whoever performs
    /// a fetch, a wait, a question or a plugin's call then gives it up, unless the next effect is [`Effect::Await`].
    Stop(Stop),
}

/// What came of a start.
#[derive(Debug)]
pub enum Started {
    /// There is a run.
    Run(RemoteRun),
    /// There is none, and the intent is void.
    Refused(Failure),
    /// There may be one.
    Unknown(Failure),
}

impl Event {
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Planned(_) => "planned",
            Self::WaitOver => "wait-over",
            Self::Fetched(_) => "fetched",
            Self::Normalized(_) => "normalized",
            Self::Overloaded(_) => "overloaded",
            Self::Committed(_) => "committed",
            Self::Intended => "intended",
            Self::Started(_) => "started",
            Self::Found(_) => "found",
            Self::Inspected(_) => "inspected",
            Self::Aborted(_) => "aborted",
            Self::Sliced(_) => "sliced",
            Self::Stop(_) => "stop",
        }
    }
}

/// What ends a run from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Its time is up.
    Deadline,
    /// The daemon stops: the run goes back into the queue.
    Drain,
}

/// What is to be done next. Exactly one at a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the plugin to plan the machine's job.
    AskPlan,
    /// Wait, then say [`Event::WaitOver`].
    Wait(Duration),
    /// Fetch.
    Fetch(Plan),
    /// Ask the plugin to normalize this page of the machine's job.
    Normalize(contract::Page),
    /// Store a page, the end of an actor run, the end of the run, or several: one transaction.
    Commit {
        /// The page.
        page: Option<Box<item::Page>>,
        /// The actor run that is not needed any more.
        ended: Option<IntentEnd>,
        /// The end.
        finish: Option<Box<Finish>>,
    },
    /// Store an intent before the platform is asked. Not interrupted.
    Intend(Box<Intent>, Box<super::intent::Progress>),
    /// Ask the platform to start. If it refuses, the intent is void.
    Start(Box<Intent>),
    /// Ask the platform whether it knows a run for the intent.
    Find(Box<Intent>),
    /// Ask the platform about the intent's run.
    Inspect(Box<Intent>),
    /// Tell the platform to end the intent's run.
    Abort(Box<Intent>),
    /// Read elements of the intent's run from this one on.
    Read(Box<Intent>, u32),
    /// Store the run as waiting and let go of it. Not interrupted; nothing follows.
    Park(Box<Park>),
    /// Nothing new: the commit under way is neither given up nor repeated; say [`Event::Committed`] when it is answered.
    Await,
    /// Give the claim back, as if it had not been made; the run is queued again. `None`: at once.
    Release(Option<UtcMillis>),
    /// Nothing more.
    Done,
}
