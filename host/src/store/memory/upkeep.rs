//! Deleting what is kept too long, checking that all is sound, and listings of runs.
//!
//! Owns: the bounds of what is kept. Must not know: when it is called.

use std::collections::BTreeMap;

use tidegate_core::budget::Window;
use tidegate_core::id::{ProfileName, RunId, Tenant};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::time::UtcMillis;

use super::source::rows;
use super::tables::{ActorStage, Run, Tables};
use crate::ports::{CostRow, RunFilter, RunRow, RunStage};

impl Tables {
    pub(super) fn expire(&mut self, now: UtcMillis, limit: usize) -> u64 {
        let mut left = limit;
        while left > 0
            && let Some((_, page)) = self.pages_until.first().copied().filter(|(until, _)| *until < now)
        {
            self.remove_page(page);
            left -= 1;
        }
        left -= self.dead.expire(now.minus(limits::DEAD_LETTERS_KEPT), left);
        let before = now.minus(limits::LEDGER_KEPT);
        let windows: Vec<Window> =
            self.ledger.keys().filter(|window| window.start < before).take(left).cloned().collect();
        left -= windows.len();
        for window in windows {
            self.ledger.remove(&window);
        }
        while left > 0 && self.skips.first_key_value().is_some_and(|((day, ..), _)| *day < before) {
            self.skips.pop_first();
            left -= 1;
        }
        u64::try_from(limit - left).unwrap_or(u64::MAX)
    }

    /// Windows whose reservations are not the sum of what runs have reserved, and indexes that do not say what is there.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut held: BTreeMap<&Window, u64> = BTreeMap::new();
        for (window, amount) in self.runs.values().flat_map(|run| &run.reserved) {
            *held.entry(window).or_default() += amount;
        }
        let mut problems = Vec::new();
        for (window, balance) in &self.ledger {
            let live = held.remove(window).unwrap_or(0);
            if balance.reserved != live {
                let (scope, reserved) = (window.scope.key(), balance.reserved);
                problems.push(format!("ledger window {scope}: {reserved} reserved, but live runs hold {live}"));
            }
        }
        let live = |run: &&Run| matches!(run.row.stage, RunStage::Running | RunStage::Waiting);
        let live: Vec<&Run> = self.runs.values().filter(live).collect();
        let named = self.sources.values().filter_map(|entry| entry.source.running).count();
        if live.len() != named {
            problems.push(format!("{} runs are live, but {named} sources name one", live.len()));
        }
        if live.len() != self.leases.len() + self.wakes.len() {
            let (leases, wakes) = (self.leases.len(), self.wakes.len());
            problems.push(format!("{} runs are live, but there are {leases} leases and {wakes} wakes", live.len()));
        }
        let due = self.sources.values().filter(|entry| entry.is_candidate()).count();
        if due != self.due.len() {
            problems.push(format!("{due} sources are due some time, but the index holds {}", self.due.len()));
        }
        problems
    }

    pub(super) fn list_runs(&self, filter: &RunFilter) -> Vec<RunRow> {
        let before = filter.before.unwrap_or(RunId::from_bits(u128::MAX));
        let fits = |run: &&RunRow| {
            filter.tenant.as_ref().is_none_or(|tenant| run.tenant == *tenant)
                && filter.stage.is_none_or(|stage| run.stage == stage)
                && filter.ending.is_none_or(|ending| run.ending == Some(ending))
        };
        let most = rows(filter.limit);
        match filter.source {
            Some(source) => {
                let Some(entry) = self.sources.get(&source) else { return Vec::new() };
                let ids = entry.runs.range(..before).rev();
                ids.filter_map(|id| Some(&self.runs.get(id)?.row)).filter(fits).take(most).cloned().collect()
            }
            None => {
                let runs = self.runs.range(..before).rev();
                runs.map(|(_, run)| &run.row).filter(fits).take(most).cloned().collect()
            }
        }
    }

    /// What runs have cost whose costs are final, over those that are still known.
    pub(super) fn costs(&self, since: UtcMillis) -> Vec<CostRow> {
        let mut costs: BTreeMap<(&Tenant, &ProfileName), (u64, MicroUsd)> = BTreeMap::new();
        for run in self.runs.values().filter(|run| run.credential.is_some()) {
            let ended = run.row.ended_at.is_some_and(|at| at >= since);
            let open = |id| self.intents.get(id).is_some_and(|actor| actor.stage == ActorStage::Ended);
            if ended && !run.intents.iter().any(open) {
                let sum = costs.entry((&run.row.tenant, &run.row.profile)).or_default();
                *sum = (sum.0 + 1, sum.1.plus(run.row.cost));
            }
        }
        let row = |((tenant, profile), (runs, cost)): ((&Tenant, &ProfileName), _)| CostRow {
            tenant: tenant.clone(),
            profile: profile.clone(),
            runs,
            cost,
        };
        costs.into_iter().map(row).collect()
    }
}
