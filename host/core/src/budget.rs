//! What may be spent, and how a run's worst case is reserved before it starts.
//!
//! Owns: limits, reservations, settlements, of runs and of money; `window` owns whose budget it is and when its periods begin. Must not know: rows or prices' origin. Called by `engine/admit`
//! (which reservations a run needs), by the store (which checks and books them in the claim's transaction) and by
//! whoever prints budgets.
//!
//! The promise: `reserved + spent <= limit` holds in every window at every instant, as long as a reservation is the worst
//! case. It is checked and booked in one transaction with the claim; it is settled (reserved goes down, spent goes up by
//! what really happened) in the transaction that ends the run. A run that dies keeps its reservation until it is
//! recovered and ends.

mod window;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::eligibility::{Eligible, Skip, SkipReason, Verdict};
use crate::id::Tenant;
use crate::limits;
use crate::money::MicroUsd;
use crate::plan;
use crate::profile::Profile;
use crate::source::Source;
use crate::time::UtcMillis;
use crate::zone::Zone;

pub use window::{Measure, Scope, Window};

/// What may be spent in a period. `None`: no limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Limits {
    /// Runs per day.
    pub runs_per_day: Option<u64>,
    /// Money per day.
    pub usd_per_day: Option<MicroUsd>,
    /// Money per month.
    pub usd_per_month: Option<MicroUsd>,
}

impl Limits {
    /// The limit of a measure.
    #[must_use]
    pub fn of(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::RunsPerDay => self.runs_per_day,
            Measure::UsdPerDay => self.usd_per_day.map(MicroUsd::micros),
            Measure::UsdPerMonth => self.usd_per_month.map(MicroUsd::micros),
        }
    }
}

/// The daemon's own budgets: in all, and for each tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GlobalBudget {
    /// Of everything in this database.
    pub all: Limits,
    /// Of each tenant that is not named below.
    pub each_tenant: Limits,
    /// Of tenants by name.
    pub tenants: BTreeMap<Tenant, Limits>,
    /// By whose clock a day and a month begin.
    pub zones: Zones,
}

/// By whose clock days and months begin.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Zones {
    /// Of everything in this database, and of each tenant that is not named below.
    pub all: Zone,
    /// Of tenants by name: their budgets, those of their profiles and those of their sources.
    pub tenants: BTreeMap<Tenant, Zone>,
}

impl Zones {
    /// The zone of a tenant.
    #[must_use]
    pub fn tenant(&self, tenant: &Tenant) -> &Zone {
        self.tenants.get(tenant).unwrap_or(&self.all)
    }

    /// The zone in which the windows of a scope are. `None`: it is a single source's, which does not say whose it is.
    #[must_use]
    pub fn of(&self, scope: &Scope) -> Option<&Zone> {
        match scope {
            Scope::All => Some(&self.all),
            Scope::Tenant(tenant) | Scope::Profile(tenant, _) => Some(self.tenant(tenant)),
            Scope::Source(_) => None,
        }
    }
}

impl Default for GlobalBudget {
    /// 500 runs and $5 a day, $50 a month: what a person who tries it would not be shocked by.
    fn default() -> Self {
        let all = Limits {
            runs_per_day: Some(500),
            usd_per_day: Some(MicroUsd::new(5_000_000)),
            usd_per_month: Some(MicroUsd::new(50_000_000)),
        };
        Self { all, each_tenant: Limits::default(), tenants: BTreeMap::new(), zones: Zones::default() }
    }
}

impl GlobalBudget {
    /// The limits of a tenant.
    #[must_use]
    pub fn tenant(&self, tenant: &Tenant) -> &Limits {
        self.tenants.get(tenant).unwrap_or(&self.each_tenant)
    }
}

/// An amount to be reserved in a window, with the limit that holds there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Where.
    pub window: Window,
    /// How much, at worst.
    pub amount: u64,
    /// The limit the sum must not pass.
    pub limit: u64,
}

/// The state of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Balance {
    /// Promised to runs that have not ended.
    pub reserved: u64,
    /// Gone.
    pub spent: u64,
}

impl Balance {
    /// This balance with `amount` reserved, if that stays within `limit`.
    #[must_use]
    pub fn reserve(self, amount: u64, limit: u64) -> Option<Self> {
        let reserved = self.reserved.checked_add(amount)?;
        (reserved.checked_add(self.spent)? <= limit).then_some(Self { reserved, ..self })
    }

    /// How many of `most` runs are admitted one after the other, each of which reserves `worst` and has used `used` of it when
    /// the next one comes: what [`Self::reserve`] and [`Self::settle`] give, without counting it out.
    #[must_use]
    pub fn admits(self, worst: u64, used: u64, limit: u64, most: u64) -> u64 {
        let taken = self.reserved.checked_add(self.spent);
        let Some(free) = taken.and_then(|taken| limit.checked_sub(taken)?.checked_sub(worst)) else { return 0 };
        free.checked_div(used).map_or(most, |more| most.min(more.saturating_add(1)))
    }

    /// This balance after a run that had reserved `amount` and really used `used`. What was used beyond the reservation
    /// is booked all the same: the ledger tells the truth, and the next reservation feels it.
    #[must_use]
    pub const fn settle(self, amount: u64, used: u64) -> Self {
        Self { reserved: self.reserved.saturating_sub(amount), spent: self.spent.saturating_add(used) }
    }
}

/// What a window in which `balance` stands says of a reservation: as the claim does, without booking it.
#[must_use]
pub fn ask(reservation: &Reservation, balance: Balance, now: UtcMillis) -> Verdict {
    match balance.reserve(reservation.amount, reservation.limit) {
        Some(_) => Verdict::Yes,
        None => Verdict::No(full(reservation, balance, now)),
    }
}

/// The skip that a window without room for `reservation` leads to; `balance` is what stands in it. What is only promised to
/// runs under way may come back: their costs are final soon after their ends, and most are below the worst case.
#[must_use]
pub fn full(reservation: &Reservation, balance: Balance, now: UtcMillis) -> Skip {
    let Reservation { window, amount, limit } = reservation.clone();
    let held = balance.spent.checked_add(amount).is_some_and(|taken| taken <= limit);
    let until = if held { window.end().min(now.plus(limits::BUDGET_HELD)) } else { window.end() };
    Skip { reason: SkipReason::BudgetSpent { window, limit, held }, until: Some(until) }
}

/// The budgets that hold for a source, with their limits. A money window is among them for everything that can be asked
/// about (in all, tenant, profile), limited or not, so that what was spent is known for each; `u64::MAX` is no limit.
#[must_use]
pub fn windows(source: &Source, profile: &Profile, global: &GlobalBudget, now: UtcMillis) -> Vec<(Window, u64)> {
    let per_source = Limits {
        runs_per_day: None,
        usd_per_day: profile.budget.source_usd_per_day,
        usd_per_month: profile.budget.source_usd_per_month,
    };
    let scopes = [
        (Scope::All, global.all, true),
        (Scope::Tenant(source.tenant.clone()), *global.tenant(&source.tenant), true),
        (Scope::Profile(source.tenant.clone(), profile.name.clone()), profile.budget.limits, true),
        (Scope::Source(source.id), per_source, false),
    ];
    let paid = profile.actor.is_some();
    let tenants = global.zones.tenant(&source.tenant);
    let mut windows = Vec::new();
    for (scope, limits, asked_about) in scopes {
        let zone = if scope == Scope::All { &global.zones.all } else { tenants };
        for measure in Measure::ALL {
            let limit = limits.of(measure);
            let always = match measure {
                Measure::RunsPerDay => scope == Scope::All,
                Measure::UsdPerDay | Measure::UsdPerMonth => paid && asked_about,
            };
            if (limit.is_some() && (paid || !measure.is_money())) || always {
                windows.push((Window::at(scope.clone(), measure, zone, now), limit.unwrap_or(u64::MAX)));
            }
        }
    }
    windows
}

/// The most a run of this source may cost: its charge caps together. Nothing where the profile names no actor.
#[must_use]
pub fn worst_case(source: &Source, profile: &Profile) -> MicroUsd {
    profile.actor.as_ref().map_or(MicroUsd::ZERO, |actor| {
        let worst = actor.worst_case(plan::source_cap(source, profile));
        profile.budget.usd_per_run.map_or(worst, |most| worst.min(most))
    })
}

/// What a run of an eligible source has to reserve: its worst case in every window that holds for it.
#[must_use]
pub fn reservations(
    _eligible: Eligible,
    source: &Source,
    profile: &Profile,
    global: &GlobalBudget,
    now: UtcMillis,
) -> Vec<Reservation> {
    needs(source, profile, global, now)
}

/// What a run of this source would have to reserve, whether or not it may run now.
#[must_use]
pub fn needs(source: &Source, profile: &Profile, global: &GlobalBudget, now: UtcMillis) -> Vec<Reservation> {
    let money = worst_case(source, profile).micros();
    windows(source, profile, global, now)
        .into_iter()
        .map(|(window, limit)| {
            let amount = if window.measure.is_money() { money } else { 1 };
            Reservation { window, amount, limit }
        })
        .collect()
}

#[cfg(test)]
#[path = "budget_balance_tests.rs"]
mod tests;
#[cfg(test)]
#[path = "budget_tests.rs"]
mod windows_tests;
