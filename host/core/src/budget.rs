//! What may be spent, and how a run's worst case is reserved before it starts.
//!
//! Owns: windows, limits, reservations, settlements. Must not know: rows or prices' origin. Called by `engine/admit`
//! (which reservations a run needs), by the store (which checks and books them in the claim's transaction) and by
//! whoever prints budgets.
//!
//! The promise: `reserved + spent <= limit` holds in every window at every instant, as long as a reservation is the worst
//! case. It is checked and booked in one transaction with the claim; it is settled (reserved goes down, spent goes up by
//! what really happened) in the transaction that ends the run. A run that dies keeps its reservation until it is
//! recovered and ends.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::eligibility::{Eligible, Skip, SkipReason};
use crate::id::{ProfileName, Tenant};
use crate::profile::Profile;
use crate::time::UtcMillis;

/// One budget in one period: the key of a ledger row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Window {
    /// Whose.
    pub scope: Scope,
    /// Of what.
    pub measure: Measure,
    /// Since when: the start of the UTC day.
    pub start: UtcMillis,
}

/// Whose budget.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Everything this database runs.
    All,
    /// One tenant's sources of one profile.
    Profile(Tenant, ProfileName),
}

impl Scope {
    /// The scope as a ledger key.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Profile(tenant, profile) => format!("profile/{tenant}/{profile}"),
        }
    }

    /// The scope of a ledger key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        let mut parts = key.split('/');
        let scope = match (parts.next()?, parts.next(), parts.next()) {
            ("all", None, None) => Self::All,
            ("profile", Some(tenant), Some(profile)) => Self::Profile(tenant.parse().ok()?, profile.parse().ok()?),
            _ => return None,
        };
        parts.next().is_none().then_some(scope)
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Runs per day.
    RunsPerDay,
}

impl Measure {
    /// The measure in a word, as stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::RunsPerDay => "runs-per-day",
        }
    }

    /// The measure of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        (word == Self::RunsPerDay.word()).then_some(Self::RunsPerDay)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.measure {
            Measure::RunsPerDay => f.write_str("runs per day ")?,
        }
        match &self.scope {
            Scope::All => f.write_str("in all"),
            Scope::Profile(tenant, profile) => write!(f, "for profile {profile} of tenant {tenant}"),
        }
    }
}

impl Window {
    /// When the next window of this budget begins.
    #[must_use]
    pub fn end(&self) -> UtcMillis {
        match self.measure {
            Measure::RunsPerDay => self.start.day_end(),
        }
    }
}

/// The daemon's own budgets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GlobalBudget {
    /// Runs per UTC day in all.
    pub runs_per_day: u64,
}

impl Default for GlobalBudget {
    fn default() -> Self {
        Self { runs_per_day: 500 }
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

    /// This balance after a run that had reserved `amount` and really used `used`. What was used beyond the reservation
    /// is booked all the same: the ledger tells the truth, and the next reservation feels it.
    #[must_use]
    pub const fn settle(self, amount: u64, used: u64) -> Self {
        Self { reserved: self.reserved.saturating_sub(amount), spent: self.spent.saturating_add(used) }
    }
}

/// The skip that a full window leads to.
#[must_use]
pub fn spent(window: &Window, limit: u64) -> Skip {
    Skip { reason: SkipReason::BudgetSpent { window: window.clone(), limit }, until: Some(window.end()) }
}

/// What a run of an eligible source has to reserve: its worst case in every window that is limited.
#[must_use]
pub fn reservations(
    _eligible: Eligible,
    tenant: &Tenant,
    profile: &Profile,
    global: &GlobalBudget,
    now: UtcMillis,
) -> Vec<Reservation> {
    let window = |scope| Window { scope, measure: Measure::RunsPerDay, start: now.day_start() };
    let mut wanted = vec![Reservation { window: window(Scope::All), amount: 1, limit: global.runs_per_day }];
    if let Some(limit) = profile.budget.runs_per_day {
        let scope = Scope::Profile(tenant.clone(), profile.name.clone());
        wanted.push(Reservation { window: window(scope), amount: 1, limit });
    }
    wanted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scopes_survive_their_keys() {
        for key in ["all", "profile/acme/rss_profile"] {
            assert_eq!(Scope::from_key(key).map(|scope| scope.key()).as_deref(), Some(key));
        }
        for key in ["", "profile/acme", "profile/acme/x/y", "tenant/acme", "profile/ACME/x"] {
            assert_eq!(Scope::from_key(key), None, "{key}");
        }
    }

    proptest! {
        /// Whatever is reserved and settled in whatever order: never over the limit.
        #[test]
        fn a_window_never_overshoots(limit in 0_u64..50, steps in prop::collection::vec((1_u64..5, any::<bool>(), any::<bool>()), 0..200)) {
            let mut balance = Balance::default();
            let mut open = Vec::new();
            for (amount, settle_first, used_all) in steps {
                if settle_first && let Some(amount) = open.pop() {
                    balance = balance.settle(amount, if used_all { amount } else { 0 });
                }
                if let Some(reserved) = balance.reserve(amount, limit) {
                    balance = reserved;
                    open.push(amount);
                }
                prop_assert!(balance.reserved + balance.spent <= limit);
                prop_assert_eq!(balance.reserved, open.iter().sum::<u64>());
            }
        }
    }
}
