//! The ledger in memory.
//!
//! Owns: reserving and settling what runs have reserved. Must not know: the rule, which is [`Balance`]'s.

use std::collections::BTreeMap;

use tidegate_core::budget::{Balance, Measure, Reservation, Window};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::time::UtcMillis;

use super::tables::{ActorStage, Tables};
use crate::ports::{LedgerRow, RunStage};

impl Tables {
    /// Reserves all of these or none. `Err`: the first that does not fit, and what stands in its window.
    pub(super) fn reserve(&mut self, wanted: &[Reservation]) -> Result<(), Box<(Reservation, Balance)>> {
        let mut after: BTreeMap<&Window, Balance> = BTreeMap::new();
        for reservation in wanted {
            let stands = || self.ledger.get(&reservation.window).copied().unwrap_or_default();
            let before = after.get(&reservation.window).copied().unwrap_or_else(stands);
            // The same bound as in a database, whose columns are signed.
            let most = reservation.limit.min(i64::MAX.unsigned_abs());
            match before.reserve(reservation.amount, most) {
                Some(balance) => after.insert(&reservation.window, balance),
                None => return Err(Box::new((reservation.clone(), before))),
            };
        }
        let after: Vec<_> = after.into_iter().map(|(window, balance)| (window.clone(), balance)).collect();
        self.ledger.extend(after);
        Ok(())
    }

    /// Settles what a run has reserved of runs. `spent`: whether it counts as one.
    pub(super) fn settle_run(&mut self, id: RunId, spent: bool) {
        self.settle(id, |measure| !measure.is_money(), u64::from(spent));
    }

    /// Settles what a run has reserved of money, if nothing of it is open any more. While the cost of one of its actor runs
    /// may still grow, all of it stays reserved.
    pub(super) fn settle_money(&mut self, id: RunId) -> bool {
        let Some(run) = self.runs.get(&id) else { return false };
        let actors = || run.intents.iter().filter_map(|intent| self.intents.get(intent));
        let open = actors().any(|actor| actor.stage.is_open() || actor.stage == ActorStage::Ended);
        if open || matches!(run.row.stage, RunStage::Running | RunStage::Waiting) {
            return false;
        }
        let settled = actors().filter(|actor| actor.stage == ActorStage::Settled);
        let cost = settled.filter_map(|actor| actor.cost).fold(0, |sum: u64, cost| sum.saturating_add(cost.micros()));
        for intent in run.intents.clone() {
            if let Some(actor) = self.intents.get_mut(&intent).filter(|actor| actor.stage == ActorStage::Settled) {
                actor.stage = ActorStage::Booked;
            }
        }
        self.settle(id, Measure::is_money, cost);
        true
    }

    /// Settles all that the runs of a source still have reserved of money at the most it can have cost.
    pub(super) fn settle_worst(&mut self, source: SourceId) {
        let runs = self.sources.get(&source).map(|entry| entry.runs.clone()).unwrap_or_default();
        for id in runs {
            let Some(run) = self.runs.get(&id) else { continue };
            let actors = run.intents.iter().filter_map(|intent| self.intents.get(intent));
            let cost = actors.fold(0_u64, |sum, actor| {
                let cost = actor.cost.unwrap_or_default();
                let cost = match actor.stage {
                    ActorStage::Settled => cost,
                    ActorStage::Booked | ActorStage::Void => return sum,
                    _ => cost.max(actor.intent.order.charge_cap),
                };
                sum.saturating_add(cost.micros())
            });
            self.settle(id, Measure::is_money, cost);
        }
    }

    fn settle(&mut self, id: RunId, which: impl Fn(Measure) -> bool, used: u64) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let (now, rest) = core::mem::take(&mut run.reserved).into_iter().partition(|(window, _)| which(window.measure));
        run.reserved = rest;
        let now: BTreeMap<Window, u64> = now;
        for (window, amount) in now {
            if let Some(balance) = self.ledger.get_mut(&window) {
                *balance = balance.settle(amount, used);
            }
        }
    }

    /// Windows that are open at `now`.
    pub(super) fn open_windows(&self, now: UtcMillis) -> Vec<LedgerRow> {
        let mut open: Vec<_> = self
            .ledger
            .iter()
            .filter(|(window, _)| window.start <= now && window.end() > now)
            .map(|(window, balance)| LedgerRow { window: window.clone(), balance: *balance })
            .collect();
        open.sort_by_cached_key(|row| (row.window.start, row.window.scope.key(), row.window.measure.word()));
        open
    }
}
