//! Gates in memory, and what they mean for runs that are put away.

use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::id::{CredentialName, RunId};
use tidegate_core::time::UtcMillis;

use super::tables::Tables;
use crate::ports::RunStage;

impl Tables {
    pub(super) fn close_gate(&mut self, mut gate: Gate, now: UtcMillis) -> bool {
        let before = self.gates.get(&gate.key.stored());
        if before.is_some_and(|before| before.outweighs(&gate, now)) {
            return false;
        }
        let same = before.filter(|before| before.class == gate.class);
        let news = same.is_none();
        if let Some(before) = same {
            (gate.since, gate.until) = (before.since, before.until.max(gate.until));
        }
        if let GateKey::Credential(name) = &gate.key {
            let could_read = before.is_none_or(Gate::lets_read);
            let waiting = self.waiting_for(name);
            match (could_read, gate.lets_read()) {
                (_, false) => {
                    for run in waiting {
                        self.change(run, |run| run.wake_at = run.wake_at.map(|at| at.max(gate.until)));
                    }
                }
                // What was put off because nothing could be read is due.
                (false, true) => self.wake(waiting, now),
                (true, true) => {}
            }
        }
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
