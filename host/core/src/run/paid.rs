//! What becomes of a run that is cut short and must not go back to its beginning.
//!
//! Owns: that a run which has paid for an actor run does not order the same again, and that one which has come to a place to
//! go on from is gone on with there: as a failure it would be read from its top by the next run, which is cut at the same place.
//! Both end well with what they have brought; what was not fetched is left to the next run, as behind any other budget. Must
//! not know: why the run is cut short. A part of [`Machine`].

use super::machine::Machine;
use super::state::{Pause, State};
use super::step::Effect;
use crate::contract::Hints;
use crate::failure::Failure;
use crate::money::MicroUsd;
use crate::time::UtcMillis;

impl Machine {
    /// Whether it has paid for anything but an order of `unpaid`, which was not carried out.
    pub(super) fn has_paid_beside(&self, unpaid: MicroUsd) -> bool {
        self.caps > unpaid
    }

    /// Ends a run that cannot go on, for a reason that is neither its source's nor its plugin's. `open`: the charge cap of
    /// the order it was about, which brings nothing now.
    pub(super) fn give_up(&mut self, open: MicroUsd, failure: Failure) -> Effect {
        if !self.has_paid_beside(open) {
            return self.fail(None, failure);
        }
        if let Some(trouble) = self.place.trouble.take() {
            return self.fail(None, trouble);
        }
        if self.place.offset > 0 {
            // Pages of a dataset count with its last one only.
            self.findings.watermark = None;
        }
        self.unread = true;
        self.end_here(&failure)
    }

    /// The same for what says nothing of the next page: the run's time is up, or nobody may be asked now. A plugin that keeps a cursor
    /// has said with it where the next run goes on, whatever ends this one: see `batch.watermark` in `wit/v0.1/types.wit`. Not `unread`:
    /// behind a budget a first run leaves the rest for good, and here the rest is yet to come.
    pub(super) fn leave_off(&mut self, open: MicroUsd, failure: Failure, now: UtcMillis) -> Effect {
        let goes_on = self.findings.watermark.as_ref().is_some_and(|proposed| proposed.cursor.is_some());
        if !goes_on || self.has_paid_beside(open) {
            return self.give_up(open, failure);
        }
        if let Some(wait) = failure.retry_after {
            let not_before = Some(now.plus(wait).to_string());
            self.findings.hint(Hints { not_before, ..Hints::default() });
        }
        self.end_here(&failure)
    }

    fn end_here(&mut self, failure: &Failure) -> Effect {
        self.findings.warn(format!("more follows, but was not fetched: {}", failure.message));
        self.succeed(None)
    }
}

impl State {
    /// The charge cap of an order that is stored and known not to have been carried out.
    pub(super) fn unpaid(&self) -> MicroUsd {
        match self {
            Self::Intending(intent, _) => intent.order.charge_cap,
            Self::Waiting(pause) => match &**pause {
                Pause::Start(intent, _) => intent.order.charge_cap,
                Pause::Fetch(..) | Pause::Read(_) => MicroUsd::ZERO,
            },
            _ => MicroUsd::ZERO,
        }
    }
}
