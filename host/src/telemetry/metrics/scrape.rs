//! One scrape: the counters as they are, and the numbers of the database as it is now.
//!
//! Owns: what is asked of the store, within a bounded time. Must not know: HTTP. A database that does not answer costs its
//! numbers, never the scrape: `tidegate_store_up` is 0 then.

use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus::{Encoder as _, TextEncoder};
use tidegate_core::actor::gate::Gate;
use tidegate_core::budget::{GlobalBudget, Limits, Measure, Scope, Window};
use tidegate_core::id::{ProfileName, RunId};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Profile;
use tidegate_core::quarantine::Quarantine;
use tidegate_core::time::UtcMillis;
use tokio::time::{Instant, timeout};

use super::{Metric, Metrics, float, lock, table, usd};
use crate::ports::{HostRow, LedgerRow, Plugins, Pulse, Store, StoreError};

/// What is watched of a daemon that serves.
#[derive(Clone)]
pub struct Watched {
    /// Its database.
    pub store: Arc<dyn Store>,
    /// Its plugins.
    pub plugins: Arc<dyn Plugins>,
    /// Its profiles, for their budgets.
    pub profiles: BTreeMap<ProfileName, Profile>,
    /// Its budgets.
    pub budget: GlobalBudget,
}

/// Made anew at each scrape, so that what is no longer there is no longer shown.
const MADE_ANEW: [Metric; 11] = [
    table::READ_SECONDS,
    table::DUE,
    table::LAG,
    table::LIVE,
    table::GATES,
    table::ALERTS_OPEN,
    table::RUNS_LEFT,
    table::USD_LEFT,
    table::USD_SPENT,
    table::HOSTS,
    table::QUARANTINED,
];

struct Numbers {
    pulse: Pulse,
    gates: Vec<Gate>,
    hosts: Vec<HostRow>,
    quarantines: Vec<Quarantine>,
    ledger: Vec<LedgerRow>,
}

impl Metrics {
    /// All metrics at `now`, in the text format of Prometheus, version 0.0.4. `watched`: `None` while the daemon starts.
    pub async fn scrape(&self, watched: Option<&Watched>, now: UtcMillis) -> String {
        let _alone = self.scrape.lock().await;
        for metric in MADE_ANEW {
            if let Some(gauge) = self.gauges.get(metric.name) {
                gauge.reset();
            }
        }
        self.set(&table::UP, &[], 0.0);
        if let Some(watched) = watched {
            let plugins = u64::try_from(watched.plugins.names().len()).unwrap_or(u64::MAX);
            self.set(&table::PLUGINS, &[], float(plugins));
            let begun = Instant::now();
            if let Ok(Ok(numbers)) = timeout(limits::READY_TIMEOUT, self.numbers(watched, now)).await {
                self.set(&table::UP, &[], 1.0);
                self.set(&table::READ_SECONDS, &[], begun.elapsed().as_secs_f64());
                self.show(&numbers, watched, now);
            }
        }
        let mut text = Vec::new();
        // Into memory, of metrics that were registered: there is nothing that could fail.
        let _never = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    async fn numbers(&self, watched: &Watched, now: UtcMillis) -> Result<Numbers, StoreError> {
        let store = &watched.store;
        let numbers = Numbers {
            pulse: store.pulse(now).await?,
            gates: store.gates().await?,
            hosts: store.closed_hosts(now).await?,
            quarantines: store.quarantines().await?,
            ledger: store.ledger(now).await?,
        };
        // One after the other, so that what is not looked up in time waits for the next scrape.
        while let Some((run, cost)) = self.next_cost() {
            match store.run(run).await {
                Ok(Some(run)) => self.add(&table::COST, &[run.tenant.as_str(), run.profile.as_str()], usd(cost)),
                Ok(None) => {}
                Err(error) => {
                    lock(&self.costs).unknown.push((run, cost));
                    return Err(error);
                }
            }
        }
        Ok(numbers)
    }

    /// A cost whose tenant and profile are not known yet.
    fn next_cost(&self) -> Option<(RunId, MicroUsd)> {
        lock(&self.costs).unknown.pop()
    }

    fn show(&self, numbers: &Numbers, watched: &Watched, now: UtcMillis) {
        let pulse = &numbers.pulse;
        self.set(&table::DUE, &[], float(pulse.due));
        let lag = pulse.due_since.map_or(0.0, |since| now.since(since).as_secs_f64());
        self.set(&table::LAG, &[], lag);
        self.set(&table::LIVE, &["running"], float(pulse.running));
        self.set(&table::LIVE, &["waiting"], float(pulse.waiting));
        self.set(&table::ALERTS_OPEN, &[], float(pulse.alerts));
        let mut closed: BTreeMap<&str, u64> = BTreeMap::new();
        for gate in numbers.gates.iter().filter(|gate| gate.until > now) {
            *closed.entry(gate.class.word()).or_default() += 1;
        }
        for (class, count) in closed {
            self.set(&table::GATES, &[class], float(count));
        }
        for (why, asked) in [("asked", true), ("failing", false)] {
            let count = numbers.hosts.iter().filter(|host| host.asked == asked).count();
            self.set(&table::HOSTS, &[why], float(u64::try_from(count).unwrap_or(u64::MAX)));
        }
        let mut held: BTreeMap<&str, u64> = BTreeMap::new();
        for quarantine in &numbers.quarantines {
            *held.entry(&quarantine.plugin).or_default() += 1;
        }
        for (plugin, count) in held {
            self.set(&table::QUARANTINED, &[plugin], float(count));
        }
        self.budgets(&numbers.ledger, watched, now);
    }

    /// Windows of the ledger, and those of the whole, which are shown before anything has run.
    fn budgets(&self, ledger: &[LedgerRow], watched: &Watched, now: UtcMillis) {
        let mut taken: BTreeMap<Window, (u64, u64)> = BTreeMap::new();
        for measure in Measure::ALL {
            taken.insert(Window::at(Scope::All, measure, &watched.budget.zones.all, now), (0, 0));
        }
        for row in ledger {
            taken.insert(row.window.clone(), (row.balance.reserved, row.balance.spent));
        }
        for (window, (reserved, spent)) in taken {
            let limits = limits_of(&window.scope, &watched.profiles, &watched.budget);
            let Some(((scope, tenant, profile), limits)) = labels(&window.scope).zip(limits) else { continue };
            let left = limits.of(window.measure).map(|limit| limit.saturating_sub(reserved.saturating_add(spent)));
            let period = match window.measure {
                Measure::RunsPerDay => {
                    if let Some(left) = left {
                        self.set(&table::RUNS_LEFT, &[scope, tenant, profile], float(left));
                    }
                    continue;
                }
                Measure::UsdPerDay => "day",
                Measure::UsdPerMonth => "month",
            };
            let labels = [scope, tenant, profile, period];
            self.set(&table::USD_SPENT, &labels, usd(MicroUsd::new(spent)));
            if let Some(left) = left {
                self.set(&table::USD_LEFT, &labels, usd(MicroUsd::new(left)));
            }
        }
    }
}

/// The labels of a scope. Single sources are nobody's label.
fn labels(scope: &Scope) -> Option<(&'static str, &str, &str)> {
    Some(match scope {
        Scope::All => ("all", "", ""),
        Scope::Tenant(tenant) => ("tenant", tenant.as_str(), ""),
        Scope::Profile(tenant, profile) => ("profile", tenant.as_str(), profile.as_str()),
        Scope::Source(_) => return None,
    })
}

/// The limits that hold in a scope that several sources share. `None`: it is a single source's.
#[must_use]
pub fn limits_of(scope: &Scope, profiles: &BTreeMap<ProfileName, Profile>, budget: &GlobalBudget) -> Option<Limits> {
    Some(match scope {
        Scope::All => budget.all,
        Scope::Tenant(tenant) => *budget.tenant(tenant),
        Scope::Profile(_, profile) => profiles.get(profile).map(|profile| profile.budget.limits).unwrap_or_default(),
        Scope::Source(_) => return None,
    })
}
