//! Rates and hosts in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tidegate_core::id::ProfileName;
use tidegate_core::rate::{Line, RunRate, Turned};
use tidegate_core::time::UtcMillis;

use super::MemoryStore;
use super::tables::Tables;
use crate::ports::{HostRow, Hosts, RunStage, StoreError, TurnAsk, TurnBack};
use crate::store::rows::rate::{Needed, host_row, turn};

impl Tables {
    /// The line before these rates.
    pub(super) fn line<'r>(&self, wanted: impl Iterator<Item = &'r RunRate>) -> Line {
        let wanted: Vec<_> = wanted.collect();
        let needed = Needed::of(wanted.iter().copied());
        let mut line = Line::default();
        for rate in &wanted {
            if let Some(place) = self.rates.get(&rate.scope) {
                line.put(rate.scope.clone(), *place);
            }
        }
        let (accounts, profiles) = needed.counts();
        let accounts = if accounts { self.under_way() } else { BTreeMap::new() };
        let profiles = if profiles { self.of_profiles() } else { BTreeMap::new() };
        needed.put_under_way(&mut line, &accounts, &profiles);
        line
    }

    fn of_profiles(&self) -> BTreeMap<ProfileName, u32> {
        let mut under_way = BTreeMap::new();
        for run in self.runs.values() {
            if matches!(run.row.stage, RunStage::Running | RunStage::Waiting) {
                *under_way.entry(run.row.profile.clone()).or_default() += 1;
            }
        }
        under_way
    }

    pub(super) fn write_line(&mut self, line: &Line) {
        self.rates.extend(line.changed().map(|(scope, place)| (scope.clone(), *place)));
    }
}

#[async_trait]
impl Hosts for MemoryStore {
    fn is_shared(&self) -> bool {
        true
    }

    async fn turns(&self, asks: Vec<TurnAsk>, backs: Vec<TurnBack>, now: UtcMillis) -> Result<Vec<Turned>, StoreError> {
        self.with("take turns at hosts", |tables| turn(&mut tables.hosts, &asks, &backs, now))
    }

    async fn line(&self, rates: Vec<RunRate>) -> Result<Line, StoreError> {
        self.with("read the rates", |tables| tables.line(rates.iter()))
    }

    async fn closed_hosts(&self, now: UtcMillis) -> Result<Vec<HostRow>, StoreError> {
        self.with("list closed hosts", |tables| {
            let closed = tables.hosts.iter().filter(|(_, state)| state.closed(now).is_some());
            closed.map(|(name, state)| host_row(name.clone(), state, now)).collect()
        })
    }
}
