//! Whose budget, of what, and since when.
//!
//! Owns: [`Window`], the key of a ledger row, and when it begins and ends. Must not know: limits, or what stands in a window.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::counted::counted;
use crate::id::{ProfileName, SourceId, Tenant};
use crate::money::MicroUsd;
use crate::time::UtcMillis;
use crate::zone::Zone;

/// One budget in one period: the key of a ledger row.
///
/// Two are the same if scope, measure and start are: the zone says only when it ends, and where its zone was changed meanwhile
/// to one in which the day began at the same instant, what was counted counts.
#[derive(Debug, Clone, Serialize)]
pub struct Window {
    /// Whose.
    pub scope: Scope,
    /// Of what.
    pub measure: Measure,
    /// Since when: the start of the day or month.
    pub start: UtcMillis,
    /// By whose clock.
    pub zone: Zone,
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
    /// Runs per day.
    RunsPerDay,
    /// Money per day, in micro-USD.
    UsdPerDay,
    /// Money per month, in micro-USD.
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

    /// An amount of it for a person: `500 runs`, `1 run`, `$5.00`.
    #[must_use]
    pub fn amount(self, amount: u64) -> String {
        if self.is_money() { MicroUsd::new(amount).to_string() } else { counted(amount, "run") }
    }

    /// From when until when the period lasts that holds `now`.
    #[must_use]
    pub fn period(self, zone: &Zone, now: UtcMillis) -> (UtcMillis, UtcMillis) {
        match self {
            Self::RunsPerDay | Self::UsdPerDay => zone.day(now),
            Self::UsdPerMonth => zone.month(now),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = match self.measure {
            Measure::RunsPerDay | Measure::UsdPerDay => "per day",
            Measure::UsdPerMonth => "per month",
        };
        if self.zone != Zone::UTC {
            return write!(f, "{period} ({}) {}", self.zone, self.scope);
        }
        write!(f, "{period} {}", self.scope)
    }
}

impl Window {
    /// The window of this budget that holds `now`.
    #[must_use]
    pub fn at(scope: Scope, measure: Measure, zone: &Zone, now: UtcMillis) -> Self {
        Self { scope, measure, start: measure.period(zone, now).0, zone: zone.clone() }
    }

    fn key(&self) -> (&Scope, Measure, UtcMillis) {
        (&self.scope, self.measure, self.start)
    }

    /// When the next window of this budget begins.
    #[must_use]
    pub fn end(&self) -> UtcMillis {
        self.measure.period(&self.zone, self.start).1
    }
}

impl PartialEq for Window {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Window {}

impl PartialOrd for Window {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Window {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Window {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
