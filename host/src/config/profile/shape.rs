//! A profile as it stands in its file.
//!
//! Owns: the shapes serde reads. Must not know: ranges and what they are checked against. Read by `read`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use tidegate_core::schedule::WrittenTiers;
use tidegate_core::time::Span;

use super::super::money::Usd;
use super::super::rates::RunRatesConfig;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    #[serde(default)]
    pub(super) description: String,
    pub(super) plugin: String,
    pub(super) plugin_digest: Option<String>,
    pub(super) kind: String,
    pub(super) allowed_overrides: Option<Vec<String>>,
    pub(super) keep_pages: Option<Span>,
    pub(super) keep_pages_bytes: Option<u64>,
    pub(super) demand: Option<DemandShape>,
    #[serde(default)]
    pub(super) overrides: Map<String, Value>,
    pub(super) schedule: ScheduleShape,
    #[serde(default)]
    pub(super) caps: CapsShape,
    #[serde(default)]
    pub(super) budget: BudgetShape,
    #[serde(default)]
    pub(super) rate: RunRatesConfig,
    #[serde(default)]
    pub(super) retry: RetryShape,
    #[serde(default)]
    pub(super) net: NetShape,
    #[serde(default)]
    pub(super) limits: LimitsShape,
    pub(super) actor: Option<ActorShape>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DemandShape {
    pub(super) stale_after: Span,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleShape {
    pub(super) every: Option<Span>,
    pub(super) cron: Option<String>,
    pub(super) timezone: Option<String>,
    pub(super) tiers: Option<WrittenTiers>,
    #[serde(default)]
    pub(super) activity: bool,
    #[serde(default)]
    pub(super) adaptive: bool,
    pub(super) jitter: Option<String>,
    pub(super) min_interval: Option<Span>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CapsShape {
    pub(super) max_items: Option<u32>,
    pub(super) bootstrap_max_items: Option<u32>,
    pub(super) max_pages: Option<u32>,
    pub(super) deadline: Option<Span>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BudgetShape {
    pub(super) runs_per_day: Option<u64>,
    pub(super) usd_per_day: Option<Usd>,
    pub(super) usd_per_month: Option<Usd>,
    pub(super) usd_per_run: Option<Usd>,
    pub(super) source_usd_per_day: Option<Usd>,
    pub(super) source_usd_per_month: Option<Usd>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetryShape {
    pub(super) in_run: Option<Vec<Span>>,
    pub(super) runs: Option<Vec<Span>>,
    pub(super) max_failures: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NetShape {
    pub(super) allowed_hosts: Option<Vec<String>>,
    pub(super) allowed_methods: Option<Vec<String>>,
    pub(super) allow_private: Option<Vec<String>>,
    pub(super) body_bytes: Option<usize>,
    pub(super) credential: Option<NetCredentialShape>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetCredentialShape {
    pub(super) name: String,
    pub(super) header: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) query: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsShape {
    pub(super) memory_mb: Option<usize>,
    pub(super) cpu: Option<Span>,
    pub(super) answer_bytes: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActorShape {
    pub(super) name: String,
    pub(super) build: Option<String>,
    pub(super) credential: Option<String>,
    pub(super) memory_mb: Option<u32>,
    pub(super) timeout: Option<Span>,
    #[serde(default)]
    pub(super) spare_elements: u32,
    pub(super) starts: Option<u32>,
    pub(super) price: Option<PriceShape>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceShape {
    pub(super) as_of: String,
    pub(super) start: Option<Usd>,
    pub(super) element: Usd,
    pub(super) minimum: Option<Usd>,
    pub(super) compute_unit: Option<Usd>,
    #[serde(default)]
    pub(super) events: BTreeMap<String, Usd>,
}
