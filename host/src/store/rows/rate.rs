//! Rows of `rate` and `host`.
//!
//! Owns: the way from rows to a [`Line`] and to [`HostState`]s, and what a call does to them. Must not know: the database.

use std::collections::BTreeMap;

use tidegate_core::id::{CredentialName, ProfileName};
use tidegate_core::rate::{HostState, Line, Pace, Place, RateScope, RunRate, Turned};
use tidegate_core::time::UtcMillis;

use super::cells::{Cells, Raw};
use crate::ports::{HostRow, StoreError, TurnAsk, TurnBack};

/// The rates that some claims need, each once, in the order of their keys.
#[derive(Default)]
pub(in crate::store) struct Needed(BTreeMap<String, RunRate>);

impl Needed {
    pub(in crate::store) fn of<'r>(wanted: impl IntoIterator<Item = &'r RunRate>) -> Self {
        Self(wanted.into_iter().map(|rate| (rate.scope.key(), rate.clone())).collect())
    }

    /// Keys of those whose pace is kept.
    pub(in crate::store) fn paced(&self) -> Vec<&str> {
        self.keys(|rate| rate.rates.is_paced())
    }

    /// Keys of all of them.
    pub(in crate::store) fn all(&self) -> Vec<&str> {
        self.keys(|_| true)
    }

    fn keys(&self, which: impl Fn(&RunRate) -> bool) -> Vec<&str> {
        self.0.iter().filter(|(_, rate)| which(rate)).map(|(key, _)| key.as_str()).collect()
    }

    /// Whether runs under way are to be counted for credentials, and for profiles.
    pub(in crate::store) fn counts(&self) -> (bool, bool) {
        let limited = || self.0.values().filter(|rate| rate.rates.concurrency.is_some());
        let accounts = limited().any(|rate| matches!(rate.scope, RateScope::Credential(_)));
        (accounts, limited().any(|rate| !rate.profiles.is_empty()))
    }

    /// Takes a row of `rate` in.
    pub(in crate::store) fn put(&self, line: &mut Line, row: &dyn Raw) -> Result<(), StoreError> {
        let cells = Cells::new(row, "rate", "scope");
        let pace = Pace { minute_at: cells.time("minute_at")?, hour_at: cells.time("hour_at")? };
        if let Some(rate) = self.0.get(&cells.text("scope")?) {
            line.put(rate.scope.clone(), Place { pace, tail_at: cells.time("tail_at")? });
        }
        Ok(())
    }

    /// Takes the numbers of runs under way in.
    pub(in crate::store) fn put_under_way(
        &self,
        line: &mut Line,
        accounts: &BTreeMap<CredentialName, u32>,
        profiles: &BTreeMap<ProfileName, u32>,
    ) {
        for rate in self.0.values().filter(|rate| rate.rates.concurrency.is_some()) {
            let runs = match &rate.scope {
                RateScope::Credential(name) => accounts.get(name).copied().unwrap_or(0),
                _ => rate.profiles.iter().filter_map(|name| profiles.get(name)).sum(),
            };
            line.put_under_way(rate.scope.clone(), runs);
        }
    }
}

/// Name and state of a host.
pub(in crate::store) fn host(row: &dyn Raw) -> Result<(String, HostState), StoreError> {
    let cells = Cells::new(row, "host", "name");
    Ok((cells.text("name")?, cells.json("state")?))
}

/// What is told of a host.
pub(in crate::store) fn host_row(host: String, state: &HostState, now: UtcMillis) -> HostRow {
    let closed = state.closed(now);
    HostRow {
        host,
        closed_until: closed.map(|(closed, _)| closed.until),
        asked: closed.is_some_and(|(closed, _)| closed.asked),
        failures: closed.map_or(0, |(_, failures)| failures),
        under_way: u32::try_from(state.under_way(now)).unwrap_or(u32::MAX),
    }
}

/// Takes turns back, then gives turns out. A host that is not there was never asked.
pub(in crate::store) fn turn(
    hosts: &mut BTreeMap<String, HostState>,
    asks: &[TurnAsk],
    backs: &[TurnBack],
    now: UtcMillis,
) -> Vec<Turned> {
    for back in backs {
        hosts.entry(back.host.clone()).or_default().give_back(back.id, back.outcome, now);
    }
    asks.iter().map(|ask| hosts.entry(ask.host.clone()).or_default().ask(ask.id, &ask.rates, now)).collect()
}
