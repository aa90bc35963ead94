//! Open alerts, what counts towards one, and the numbers that are watched.
//!
//! Owns: the two maps of alerts. Must not know: when an alert is told: `tidegate_core::alert` is asked under the lock.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tidegate_core::alert::{self, Alert, AlertKey, Change, OpenAlert, Threshold};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::MemoryStore;
use super::tables::Tables;
use crate::ports::{AlertRows, Pulse, Pulses, StoreError};

/// Alerts, by stored key.
#[derive(Default)]
pub(super) struct Alerts {
    open: BTreeMap<String, OpenAlert>,
    /// What was seen of each, and when last.
    hits: BTreeMap<String, BTreeMap<String, UtcMillis>>,
}

impl Alerts {
    fn raise(&mut self, alert: Alert, remind: Option<Duration>, now: UtcMillis) -> (OpenAlert, Option<Change>) {
        let key = alert.key.stored();
        let (after, change) = alert::raise(self.open.remove(&key), alert, now, remind);
        self.open.insert(key, after.clone());
        (after, change)
    }

    fn resolve(&mut self, key: &AlertKey, seen_until: Option<UtcMillis>) -> Option<OpenAlert> {
        let key = key.stored();
        if seen_until.is_some_and(|until| self.open.get(&key).is_some_and(|open| open.seen_at > until)) {
            return None;
        }
        let open = self.open.remove(&key)?;
        self.hits.remove(&key);
        Some(open)
    }

    fn remind(&mut self, key: &AlertKey, told_at: UtcMillis, now: UtcMillis) -> bool {
        let Some(open) = self.open.get_mut(&key.stored()).filter(|open| open.told_at == told_at) else { return false };
        open.told_at = now;
        true
    }

    fn all(&self, limit: usize) -> Vec<OpenAlert> {
        let mut all: Vec<_> = self.open.iter().collect();
        all.sort_by_key(|(key, open)| (open.opened_at, *key));
        all.into_iter().take(limit).map(|(_, open)| open.clone()).collect()
    }

    /// What is too old, and what is more than is counted, goes: the map stays small however much happens.
    fn hit(&mut self, key: &AlertKey, what: String, threshold: Threshold, now: UtcMillis) -> u32 {
        let hits = self.hits.entry(key.stored()).or_default();
        let at = hits.entry(what).or_insert(now);
        *at = now.max(*at);
        let since = threshold.since(now);
        let mut latest: Vec<(UtcMillis, String)> =
            hits.iter().filter(|(_, at)| **at > since).map(|(what, at)| (*at, what.clone())).collect();
        latest.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        latest.truncate(usize::try_from(threshold.most).unwrap_or(usize::MAX));
        *hits = latest.into_iter().map(|(at, what)| (what, at)).collect();
        u32::try_from(hits.len()).unwrap_or(u32::MAX)
    }
}

impl Tables {
    fn pulse(&self, now: UtcMillis) -> Pulse {
        let most = usize::try_from(limits::DUE_COUNTED).unwrap_or(usize::MAX);
        let due = self.due.iter().take_while(|(at, ..)| *at <= now);
        Pulse {
            due: due.clone().take(most).count() as u64,
            due_since: due.map(|(at, ..)| *at).next(),
            running: self.leases.len() as u64,
            waiting: self.wakes.len() as u64,
            alerts: self.alerts.open.len() as u64,
        }
    }
}

#[async_trait]
impl AlertRows for MemoryStore {
    async fn raise_alert(
        &self,
        alert: Alert,
        remind: Option<Duration>,
        now: UtcMillis,
    ) -> Result<(OpenAlert, Option<Change>), StoreError> {
        self.with("raise an alert", |tables| tables.alerts.raise(alert, remind, now))
    }

    async fn resolve_alert(
        &self,
        key: AlertKey,
        seen_until: Option<UtcMillis>,
    ) -> Result<Option<OpenAlert>, StoreError> {
        self.with("resolve an alert", |tables| tables.alerts.resolve(&key, seen_until))
    }

    async fn remind_alert(&self, key: AlertKey, told_at: UtcMillis, now: UtcMillis) -> Result<bool, StoreError> {
        self.with("remind of an alert", |tables| tables.alerts.remind(&key, told_at, now))
    }

    async fn alerts(&self, limit: usize) -> Result<Vec<OpenAlert>, StoreError> {
        self.with("list alerts", |tables| tables.alerts.all(limit))
    }

    async fn note_hit(
        &self,
        key: AlertKey,
        what: String,
        threshold: Threshold,
        now: UtcMillis,
    ) -> Result<u32, StoreError> {
        self.with("count towards an alert", |tables| tables.alerts.hit(&key, what, threshold, now))
    }
}

#[async_trait]
impl Pulses for MemoryStore {
    async fn pulse(&self, now: UtcMillis) -> Result<Pulse, StoreError> {
        self.with("count what is due", |tables| tables.pulse(now))
    }
}
