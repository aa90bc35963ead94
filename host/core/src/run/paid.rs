//! What becomes of a run that is cut short after an actor run of it was paid for.
//!
//! Owns: that such a run never goes back to its beginning, where it would order the same again. It ends well with what it has
//! brought; what it has not fetched is left to the next run, as behind any other budget. Must not know: why it is cut short. A
//! part of [`Machine`].

use super::machine::Machine;
use super::state::{Pause, State};
use super::step::Effect;
use crate::failure::Failure;
use crate::money::MicroUsd;

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
        self.findings.warn(format!("more follows, but was not fetched: {}", failure.message));
        self.unread = true;
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
