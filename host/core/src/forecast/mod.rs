//! What the next days would run and cost, and which budget would bind.
//!
//! Owns: adding up sources into cohorts, and what a forecast says. `walk` goes through the days with the rules that admit
//! (`budget::windows`, `Balance`), so that a forecast and a daemon cannot differ in them. Must not know: rows, or how a
//! forecast is printed. Called by `tidegate plan`.
//!
//! What is left out: failures and their retries, rates, closed gates, jitter (all make fewer runs or spread them), and what
//! single sources have spent already in windows of their own.

mod walk;

use core::time::Duration;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::budget::{Balance, GlobalBudget, Scope, Window};
use crate::eligibility::{self, Circumstances, Presence};
use crate::id::{ProfileName, SourceId, Tenant};
use crate::money::MicroUsd;
use crate::profile::Profile;
use crate::schedule::{Rhythm, Schedule};
use crate::source::{Source, Trigger};
use crate::time::UtcMillis;

/// What runs have cost so far, on average.
#[derive(Debug, Clone, Default)]
pub struct Costs {
    /// Runs of one source.
    pub sources: BTreeMap<SourceId, MicroUsd>,
    /// Runs of a tenant's sources of one profile.
    pub profiles: BTreeMap<(Tenant, ProfileName), MicroUsd>,
}

/// A forecast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// From when.
    pub from: UtcMillis,
    /// Until when.
    pub until: UtcMillis,
    /// One for each tenant and profile that has sources.
    pub rows: Vec<Row>,
    /// All together, if each run costs as much as it can.
    pub worst: Outlook,
    /// All together, if runs cost what they have cost on average. `None`: no cost is known yet.
    pub expected: Option<Outlook>,
}

/// What is forecast for the sources of a tenant and profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Whose.
    pub tenant: Tenant,
    /// Of which profile.
    pub profile: ProfileName,
    /// Sources that run.
    pub sources: u64,
    /// Sources that do not run until a person changes something.
    pub idle: u64,
    /// If each run costs as much as it can.
    pub worst: Outlook,
    /// If runs cost what they have cost on average.
    pub expected: Option<Outlook>,
}

/// Runs, money, and the first budget that is not enough.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Outlook {
    /// Runs.
    pub runs: u64,
    /// What they cost, in micro-USD.
    pub money: MicroUsd,
    /// Runs put off, each until its budget's next day or month.
    pub put_off: u64,
    /// The budget that binds first.
    pub bound: Option<Bound>,
}

/// A budget that is not enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// Which.
    pub window: Window,
    /// Its limit.
    pub limit: u64,
    /// When it first puts a run off, to the hour; to the day where very many different sources are forecast.
    pub at: UtcMillis,
}

/// Sources that no rule tells apart.
#[derive(Debug)]
struct Cohort<'a> {
    row: (Tenant, ProfileName),
    profile: &'a Profile,
    schedule: Schedule,
    /// One of them before its first success, and one after.
    fresh: Source,
    settled: Source,
    sources: u64,
    /// What their runs cost on average: sum, and of how many it is known.
    cost: (MicroUsd, u64),
}

/// Runs that are due: when, of which cohort, whether they are the first of their sources.
type Due = (UtcMillis, usize, bool);

/// A forecast in the making.
#[derive(Debug)]
pub struct Forecaster<'a> {
    profiles: &'a BTreeMap<ProfileName, Profile>,
    global: &'a GlobalBudget,
    costs: &'a Costs,
    now: UtcMillis,
    cohorts: Vec<Cohort<'a>>,
    /// Cohorts by tenant, profile and what tells how often they run.
    known: BTreeMap<(Tenant, ProfileName, Pace), usize>,
    due: BTreeMap<Due, u64>,
    idle: BTreeMap<(Tenant, ProfileName), u64>,
    ledger: BTreeMap<Window, Balance>,
}

/// What tells sources of a tenant and profile apart: how often they run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Pace {
    /// An interval.
    Every(Duration),
    /// A cron expression in its zone.
    Cron(String, String),
}

/// Sources that are due within this time of each other are due together.
const HOUR: Duration = Duration::from_secs(60 * 60);

impl<'a> Forecaster<'a> {
    /// Begins a forecast from `now` on, with what the ledger says now.
    #[must_use]
    pub fn new(
        profiles: &'a BTreeMap<ProfileName, Profile>,
        global: &'a GlobalBudget,
        costs: &'a Costs,
        ledger: impl IntoIterator<Item = (Window, Balance)>,
        now: UtcMillis,
    ) -> Self {
        let ledger = ledger.into_iter().filter(|(window, _)| !matches!(window.scope, Scope::Source(_))).collect();
        let (cohorts, known, due, idle) = (Vec::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { profiles, global, costs, now, cohorts, known, due, idle, ledger }
    }

    /// Takes a source in. Equal sources take the room of one.
    pub fn add(&mut self, source: &Source) {
        let row = (source.tenant.clone(), source.profile.clone());
        let runs = self.profiles.get(&source.profile).filter(|profile| runs(source, profile, self.now));
        let Some(profile) = runs else {
            *self.idle.entry(row).or_default() += 1;
            return;
        };
        let schedule = source.schedule.as_ref().unwrap_or(&profile.schedule);
        let instant = self.now.plus(Duration::from_millis(1));
        let (_, second) = schedule.most_runs(self.now, instant, profile.min_interval, &source.facts);
        let pace = match &schedule.rhythm {
            Rhythm::Cron(cron) => Pace::Cron(cron.expression().to_owned(), cron.timezone().to_owned()),
            Rhythm::Every(_) | Rhythm::Tiers(_) => Pace::Every(second.since(self.now)),
        };
        let fresh = source.last_success_at.is_none();
        let index = self.cohort(row, profile, schedule.clone(), pace, source);
        let cost = self.cost(source);
        if let (Some(cohort), Some(cost)) = (self.cohorts.get_mut(index), cost) {
            cohort.cost = (cohort.cost.0.plus(cost), cohort.cost.1 + 1);
        }
        let due = match source.next_run {
            Some(next) => next.at.max(self.now),
            // It runs now, and is due again later.
            None if source.running.is_some() => second,
            // Its first run is queued.
            None => self.now,
        };
        let due = schedule.opportunity(together(self.now, due, HOUR));
        *self.due.entry((due, index, fresh)).or_default() += 1;
    }

    fn cost(&self, source: &Source) -> Option<MicroUsd> {
        let row = (source.tenant.clone(), source.profile.clone());
        self.costs.sources.get(&source.id).or_else(|| self.costs.profiles.get(&row)).copied()
    }

    fn cohort(
        &mut self,
        row: (Tenant, ProfileName),
        profile: &'a Profile,
        schedule: Schedule,
        pace: Pace,
        source: &Source,
    ) -> usize {
        let next = self.cohorts.len();
        let index = *self.known.entry((row.0.clone(), row.1.clone(), pace)).or_insert(next);
        if index == next {
            let fresh = Source { last_success_at: None, ..source.clone() };
            let settled = Source { last_success_at: Some(self.now), ..source.clone() };
            self.cohorts.push(Cohort { row, profile, schedule, fresh, settled, sources: 0, cost: Default::default() });
        }
        if let Some(cohort) = self.cohorts.get_mut(index) {
            cohort.sources += 1;
        }
        index
    }

    /// The forecast for so many days.
    #[must_use]
    pub fn finish(self, days: u32) -> Forecast {
        let until = self.now.plus(Duration::from_secs(u64::from(days) * 86_400));
        let worst = walk::walk(&self, until, walk::Spend::Worst);
        let known = self.cohorts.iter().any(|cohort| cohort.cost.1 > 0);
        let expected = known.then(|| walk::walk(&self, until, walk::Spend::Expected));
        let mut rows: BTreeMap<(Tenant, ProfileName), (u64, u64)> = BTreeMap::new();
        for cohort in &self.cohorts {
            rows.entry(cohort.row.clone()).or_default().0 += cohort.sources;
        }
        for (row, idle) in &self.idle {
            rows.entry(row.clone()).or_default().1 += idle;
        }
        let of = |walked: &walk::Walked, row: &(Tenant, ProfileName)| walked.rows.get(row).cloned().unwrap_or_default();
        let rows = rows
            .into_iter()
            .map(|(row, (sources, idle))| Row {
                sources,
                idle,
                worst: of(&worst, &row),
                expected: expected.as_ref().map(|walked| of(walked, &row)),
                tenant: row.0,
                profile: row.1,
            })
            .collect();
        let expected = expected.map(|walked| walked.all);
        Forecast { from: self.now, until, rows, worst: worst.all, expected }
    }
}

/// Whether a source runs without a person's doing, as far as eligibility goes.
fn runs(source: &Source, profile: &Profile, now: UtcMillis) -> bool {
    let idle = Source { running: None, ..source.clone() };
    let given = Circumstances {
        now,
        queued: Some(Trigger::Schedule),
        plugin: Presence::Serves,
        quarantine: None,
        gate: None,
        host: None,
        account: None,
    };
    eligibility::decide(&idle, Some(profile), given).is_ok()
}

/// `at`, brought back to a whole number of steps after `from`.
fn together(from: UtcMillis, at: UtcMillis, step: Duration) -> UtcMillis {
    let steps = at.since(from).as_millis() / step.as_millis().max(1);
    from.plus(step.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests;
