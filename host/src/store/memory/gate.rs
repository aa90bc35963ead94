//! Gates in memory, and what they mean for runs that are put away.

use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::failure::Class;
use tidegate_core::id::{CredentialName, RunId};
use tidegate_core::time::UtcMillis;

use super::tables::Tables;
use crate::ports::RunStage;

impl Tables {
    pub(super) fn close_gate(&mut self, gate: Gate) -> bool {
        let before = self.gates.get(&gate.key.stored());
        let news = before.is_none_or(|before| before.class != gate.class);
        // A token that is refused says more than an account that is busy.
        if news && before.is_some_and(|before| before.class == Class::Credential) {
            return false;
        }
        if let (GateKey::Credential(name), false) = (&gate.key, gate.lets_read()) {
            let until = gate.until;
            for run in self.waiting_for(name) {
                self.change(run, |run| run.wake_at = run.wake_at.map(|at| at.max(until)));
            }
        }
        let gate = match self.gates.get(&gate.key.stored()) {
            Some(before) => {
                let since = if news { gate.since } else { before.since };
                Gate { since, until: gate.until.max(before.until), ..gate }
            }
            None => gate,
        };
        self.gates.insert(gate.key.stored(), gate);
        news
    }

    pub(super) fn open_gate(&mut self, key: &GateKey, now: UtcMillis) -> bool {
        if self.gates.remove(&key.stored()).is_none() {
            return false;
        }
        if let GateKey::Credential(name) = key {
            let waiting = self.waiting_for(name);
            self.wake(waiting, now);
        }
        self.unpark();
        true
    }

    fn waiting_for(&self, credential: &CredentialName) -> Vec<RunId> {
        let runs = self.paid.get(credential).into_iter().flatten();
        let waits = |id: &RunId| self.runs.get(id).is_some_and(|run| run.row.stage == RunStage::Waiting);
        runs.filter(|id| waits(id)).copied().collect()
    }
}
