//! What may be spent, and how a run's worst case is reserved before it starts.
//!
//! Owns: windows, limits, reservations, settlements, of runs and of money. Must not know: rows or prices' origin. Called by `engine/admit`
//! (which reservations a run needs), by the store (which checks and books them in the claim's transaction) and by
//! whoever prints budgets.
//!
//! The promise: `reserved + spent <= limit` holds in every window at every instant, as long as a reservation is the worst
//! case. It is checked and booked in one transaction with the claim; it is settled (reserved goes down, spent goes up by
//! what really happened) in the transaction that ends the run. A run that dies keeps its reservation until it is
//! recovered and ends.

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::eligibility::{Eligible, Skip, SkipReason, Verdict};
use crate::id::{ProfileName, SourceId, Tenant};
use crate::limits;
use crate::money::MicroUsd;
use crate::plan;
use crate::profile::Profile;
use crate::source::Source;
use crate::time::UtcMillis;

/// One budget in one period: the key of a ledger row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Window {
    /// Whose.
    pub scope: Scope,
    /// Of what.
    pub measure: Measure,
    /// Since when: the start of the UTC day or month.
    pub start: UtcMillis,
}

/// Whose budget.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Everything this database runs.
    All,
    /// All sources of one tenant.
    Tenant(Tenant),
    /// One tenant's sources of one profile.
    Profile(Tenant, ProfileName),
    /// One source.
    Source(SourceId),
}

impl Scope {
    /// The scope as a ledger key.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Tenant(tenant) => format!("tenant/{tenant}"),
            Self::Profile(tenant, profile) => format!("profile/{tenant}/{profile}"),
            Self::Source(source) => format!("source/{source}"),
        }
    }

    /// The scope of a ledger key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        let mut parts = key.split('/');
        let scope = match (parts.next()?, parts.next(), parts.next()) {
            ("all", None, None) => Self::All,
            ("tenant", Some(tenant), None) => Self::Tenant(tenant.parse().ok()?),
            ("source", Some(source), None) => Self::Source(source.parse().ok()?),
            ("profile", Some(tenant), Some(profile)) => Self::Profile(tenant.parse().ok()?, profile.parse().ok()?),
            _ => return None,
        };
        parts.next().is_none().then_some(scope)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("in all"),
            Self::Tenant(tenant) => write!(f, "for tenant {tenant}"),
            Self::Profile(tenant, profile) => write!(f, "for profile {profile} of tenant {tenant}"),
            Self::Source(source) => write!(f, "for source {source}"),
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Runs per UTC day.
    RunsPerDay,
    /// Money per UTC day, in micro-USD.
    UsdPerDay,
    /// Money per UTC month, in micro-USD.
    UsdPerMonth,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 3] = [Self::RunsPerDay, Self::UsdPerDay, Self::UsdPerMonth];

    /// The measure in a word, as stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::RunsPerDay => "runs-per-day",
            Self::UsdPerDay => "usd-per-day",
            Self::UsdPerMonth => "usd-per-month",
        }
    }

    /// The measure of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.word() == word)
    }

    /// Whether it counts money.
    #[must_use]
    pub const fn is_money(self) -> bool {
        !matches!(self, Self::RunsPerDay)
    }

    /// An amount of it for a person: `500 runs`, `$5.00`.
    #[must_use]
    pub fn amount(self, amount: u64) -> String {
        if self.is_money() { MicroUsd::new(amount).to_string() } else { format!("{amount} runs") }
    }

    /// Where the window begins that holds `now`.
    #[must_use]
    pub fn start(self, now: UtcMillis) -> UtcMillis {
        match self {
            Self::RunsPerDay | Self::UsdPerDay => now.day_start(),
            Self::UsdPerMonth => now.month_start(),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = match self.measure {
            Measure::RunsPerDay | Measure::UsdPerDay => "per day",
            Measure::UsdPerMonth => "per month",
        };
        write!(f, "{period} {}", self.scope)
    }
}

impl Window {
    /// The window of this budget that holds `now`.
    #[must_use]
    pub fn at(scope: Scope, measure: Measure, now: UtcMillis) -> Self {
        Self { scope, measure, start: measure.start(now) }
    }

    /// When the next window of this budget begins.
    #[must_use]
    pub fn end(&self) -> UtcMillis {
        match self.measure {
            Measure::RunsPerDay | Measure::UsdPerDay => self.start.day_end(),
            Measure::UsdPerMonth => self.start.month_end(),
        }
    }
}

/// What may be spent in a period. `None`: no limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Limits {
    /// Runs per UTC day.
    pub runs_per_day: Option<u64>,
    /// Money per UTC day.
    pub usd_per_day: Option<MicroUsd>,
    /// Money per UTC month.
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
}

impl Default for GlobalBudget {
    /// 500 runs and $5 a day, $50 a month: what a person who tries it would not be shocked by.
    fn default() -> Self {
        let all = Limits {
            runs_per_day: Some(500),
            usd_per_day: Some(MicroUsd::new(5_000_000)),
            usd_per_month: Some(MicroUsd::new(50_000_000)),
        };
        Self { all, each_tenant: Limits::default(), tenants: BTreeMap::new() }
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
    let mut windows = Vec::new();
    for (scope, limits, asked_about) in scopes {
        for measure in Measure::ALL {
            let limit = limits.of(measure);
            let always = match measure {
                Measure::RunsPerDay => scope == Scope::All,
                Measure::UsdPerDay | Measure::UsdPerMonth => paid && asked_about,
            };
            if (limit.is_some() && (paid || !measure.is_money())) || always {
                windows.push((Window::at(scope.clone(), measure, now), limit.unwrap_or(u64::MAX)));
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
