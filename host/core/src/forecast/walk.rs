//! The days of a forecast, one batch of equal runs after the other.
//!
//! Owns: the order of the runs, and booking them. Must not know: what a budget allows (`budget` does). Called by
//! [`super::Forecaster::finish`].
//!
//! A batch is what sources of one cohort run within an hour. There are at most as many batches as cohorts times hours, however
//! many sources there are; with very many cohorts a batch is a day.

use core::time::Duration;
use std::collections::BTreeMap;

use super::{Bound, Cohort, Due, Forecaster, HOUR, Outlook, together};
use crate::budget::{self, Balance, Measure, Scope, Window};
use crate::id::{ProfileName, Tenant};
use crate::money::MicroUsd;
use crate::time::UtcMillis;

/// What a run is taken to cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spend {
    /// As much as it can.
    Worst,
    /// The mean of the runs before, where there were any.
    Expected,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) rows: BTreeMap<(Tenant, ProfileName), Outlook>,
    pub(super) all: Outlook,
}

/// Cohorts above which a batch is a day.
const COHORTS: usize = 500;

struct Walk<'a> {
    forecaster: &'a Forecaster<'a>,
    until: UtcMillis,
    spend: Spend,
    step: Duration,
    due: BTreeMap<Due, u64>,
    ledger: BTreeMap<Window, Balance>,
    /// Runs of a cohort's sources in windows of each source.
    own: BTreeMap<(usize, Measure, UtcMillis), u64>,
    walked: Walked,
}

/// Runs of one cohort that are due together.
struct Batch {
    at: UtcMillis,
    fresh: bool,
    sources: u64,
    /// Of each source.
    runs: u64,
    /// When the next ones are due.
    next: UtcMillis,
}

/// Goes through the time until `until`.
pub(super) fn walk(forecaster: &Forecaster<'_>, until: UtcMillis, spend: Spend) -> Walked {
    let step = if forecaster.cohorts.len() > COHORTS { HOUR * 24 } else { HOUR };
    let mut due = BTreeMap::new();
    for ((at, cohort, fresh), sources) in &forecaster.due {
        let at = together(forecaster.now, *at, step);
        let at = forecaster.cohorts.get(*cohort).map_or(at, |cohort| cohort.schedule.opportunity(at));
        *due.entry((at, *cohort, *fresh)).or_default() += sources;
    }
    let (ledger, own, walked) = (forecaster.ledger.clone(), BTreeMap::new(), Walked::default());
    let mut walk = Walk { forecaster, until, spend, step, due, ledger, own, walked };
    while let Some(((at, index, fresh), sources)) = walk.due.pop_first() {
        if at >= until {
            break;
        }
        if let Some(cohort) = forecaster.cohorts.get(index) {
            let batch = walk.batch(cohort, at, fresh, sources);
            walk.run(index, cohort, &batch);
        }
    }
    walk.walked
}

impl Walk<'_> {
    fn batch(&self, cohort: &Cohort<'_>, at: UtcMillis, fresh: bool, sources: u64) -> Batch {
        // A first run is another one than those that follow it.
        let span = if fresh { Duration::from_millis(1) } else { self.step };
        let source = &cohort.settled;
        // All of a batch is in the same windows.
        let zones = &self.forecaster.global.zones;
        let ends = [&zones.all, zones.tenant(&source.tenant)].map(|zone| zone.day(at).1);
        let end = at.plus(span).min(self.until).min(ends[0]).min(ends[1]);
        let (runs, next) = cohort.schedule.most_runs(at, end, cohort.profile.min_interval, &source.facts);
        Batch { at, fresh, sources, runs, next }
    }

    fn run(&mut self, index: usize, cohort: &Cohort<'_>, batch: &Batch) {
        let source = if batch.fresh { &cohort.fresh } else { &cohort.settled };
        let worst = budget::worst_case(source, cohort.profile).micros();
        let used = match (self.spend, cohort.cost) {
            (Spend::Expected, (sum, known @ 1..)) => sum.micros() / known,
            _ => worst,
        };
        let wanted = batch.sources.saturating_mul(batch.runs);
        let windows = budget::windows(source, cohort.profile, self.forecaster.global, batch.at);
        let amount = |measure: Measure| if measure.is_money() { (worst, used) } else { (1, 1) };
        let mut admitted = wanted;
        let mut bound: Option<(Window, u64)> = None;
        for (window, limit) in &windows {
            let fits = self.fits(index, cohort, window, amount(window.measure), *limit, wanted);
            if fits < admitted {
                admitted = fits;
                bound = Some((window.clone(), *limit));
            }
        }
        for (window, _) in windows {
            self.book(index, window, amount, admitted);
        }
        self.tally(cohort, batch, (admitted, wanted - admitted), used, bound.as_ref());
        self.again(index, batch, admitted, bound.map(|(window, _)| window.end()));
    }

    fn fits(
        &self,
        index: usize,
        cohort: &Cohort<'_>,
        window: &Window,
        amount: (u64, u64),
        limit: u64,
        wanted: u64,
    ) -> u64 {
        let (worst, used) = amount;
        match &window.scope {
            // Equal sources have equal windows: each takes so many runs.
            Scope::Source(_) => {
                let each = Balance::default().admits(worst, used, limit, u64::MAX);
                let gone = self.own.get(&(index, window.measure, window.start)).copied().unwrap_or_default();
                each.saturating_mul(cohort.sources).saturating_sub(gone).min(wanted)
            }
            Scope::All | Scope::Tenant(_) | Scope::Profile(..) => {
                self.ledger.get(window).copied().unwrap_or_default().admits(worst, used, limit, wanted)
            }
        }
    }

    fn book(&mut self, index: usize, window: Window, amount: impl Fn(Measure) -> (u64, u64), admitted: u64) {
        if matches!(window.scope, Scope::Source(_)) {
            *self.own.entry((index, window.measure, window.start)).or_default() += admitted;
            return;
        }
        let (_, used) = amount(window.measure);
        let balance = self.ledger.entry(window).or_default();
        *balance = balance.settle(0, used.saturating_mul(admitted));
    }

    fn tally(
        &mut self,
        cohort: &Cohort<'_>,
        batch: &Batch,
        (admitted, put_off): (u64, u64),
        used: u64,
        bound: Option<&(Window, u64)>,
    ) {
        let row = self.walked.rows.entry(cohort.row.clone()).or_default();
        for outlook in [row, &mut self.walked.all] {
            outlook.runs = outlook.runs.saturating_add(admitted);
            outlook.money = outlook.money.plus(MicroUsd::new(used).times(admitted));
            outlook.put_off = outlook.put_off.saturating_add(put_off);
            if outlook.bound.is_none() {
                outlook.bound =
                    bound.map(|(window, limit)| Bound { window: window.clone(), limit: *limit, at: batch.at });
            }
        }
    }

    /// When the sources of a batch are due again: those that ran by their schedule, the others when their budget is whole again.
    fn again(&mut self, index: usize, batch: &Batch, admitted: u64, whole_again: Option<UtcMillis>) {
        let ran = match (batch.runs, whole_again) {
            (_, None) => batch.sources,
            (1, Some(_)) => admitted.min(batch.sources),
            // Of those that run several times in a batch, each has lost a run.
            _ => 0,
        };
        let mut due = |at: UtcMillis, fresh: bool, sources: u64| {
            if sources > 0 && at < self.until {
                *self.due.entry((at, index, fresh)).or_default() += sources;
            }
        };
        due(batch.next, false, ran);
        if let Some(at) = whole_again {
            due(at, batch.fresh, batch.sources - ran);
        }
    }
}
