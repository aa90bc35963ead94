//! Money in settings: budgets of the daemon and of tenants.
//!
//! Owns: how an amount is written (US dollars, as a number or as text), and the sections `[budget]` and `[tenants]`. Must
//! not know: what a budget does. Read through [`super::Config`]; profiles write money the same way.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tidegate_core::budget::{GlobalBudget, Limits, Zones};
use tidegate_core::money::MicroUsd;
use tidegate_core::zone::Zone;

use super::Config;

/// An amount of US dollars as it stands in a file: `5`, `0.25` or `"0.0017"`, at most six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(pub MicroUsd);

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.decimal())
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written).map(Self)
    }
}

struct Written;

impl Visitor<'_> for Written {
    type Value = MicroUsd;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount of US dollars such as 5, 0.25 or \"0.0017\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<MicroUsd, E> {
        MicroUsd::from_decimal(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, dollars: i64) -> Result<MicroUsd, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_u64<E: de::Error>(self, dollars: u64) -> Result<MicroUsd, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_f64<E: de::Error>(self, dollars: f64) -> Result<MicroUsd, E> {
        // The shortest decimal that reads as the same number: what was written, where it has up to 15 digits.
        self.visit_str(&dollars.to_string())
    }
}

/// Budgets over everything this database runs. They always hold: whoever wants more says how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// Runs per day.
    pub runs_per_day: u64,
    /// Money per day.
    pub usd_per_day: Usd,
    /// Money per month.
    pub usd_per_month: Usd,
    /// Of each tenant that has no budget of its own in `[tenants]`.
    pub each_tenant: LimitsConfig,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        let all = GlobalBudget::default().all;
        let usd = |amount: Option<MicroUsd>| Usd(amount.unwrap_or_default());
        Self {
            runs_per_day: all.runs_per_day.unwrap_or_default(),
            usd_per_day: usd(all.usd_per_day),
            usd_per_month: usd(all.usd_per_month),
            each_tenant: LimitsConfig::default(),
        }
    }
}

/// Limits, each of which may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Runs per day.
    pub runs_per_day: Option<u64>,
    /// Money per day.
    pub usd_per_day: Option<Usd>,
    /// Money per month.
    pub usd_per_month: Option<Usd>,
}

/// What is particular to a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantConfig {
    /// Its budget, in the place of `[budget.each_tenant]`.
    pub budget: LimitsConfig,
    /// Where its days and months begin; without it, where the daemon's do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Zone>,
}

impl From<LimitsConfig> for Limits {
    fn from(config: LimitsConfig) -> Self {
        let money = |usd: Option<Usd>| usd.map(|usd| usd.0);
        Self {
            runs_per_day: config.runs_per_day,
            usd_per_day: money(config.usd_per_day),
            usd_per_month: money(config.usd_per_month),
        }
    }
}

impl Config {
    /// The budgets of the daemon and its tenants.
    #[must_use]
    pub fn global_budget(&self) -> GlobalBudget {
        let budget = &self.budget;
        GlobalBudget {
            all: Limits {
                runs_per_day: Some(budget.runs_per_day),
                usd_per_day: Some(budget.usd_per_day.0),
                usd_per_month: Some(budget.usd_per_month.0),
            },
            each_tenant: budget.each_tenant.into(),
            tenants: self
                .tenants
                .iter()
                .filter(|(_, tenant)| tenant.timezone.is_none() || tenant.budget != LimitsConfig::default())
                .map(|(name, tenant)| (name.clone(), tenant.budget.into()))
                .collect(),
            zones: Zones {
                all: self.timezone.clone(),
                tenants: self
                    .tenants
                    .iter()
                    .filter_map(|(name, it)| Some((name.clone(), it.timezone.clone()?)))
                    .collect(),
            },
        }
    }
}
