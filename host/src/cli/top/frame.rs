//! What there is to see at one moment.
//!
//! Owns: the questions to the store, each bounded, and what is picked from the answers. Must not know: how it looks.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use tidegate_core::actor::gate::Gate;
use tidegate_core::budget::{GlobalBudget, Measure, Scope, Window};
use tidegate_core::id::{ProfileName, RunId, SourceId, Tenant};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Profile;
use tidegate_core::rate::host_of;
use tidegate_core::run::Ending;
use tidegate_core::time::UtcMillis;

use crate::cli::alert::shown;
use crate::cli::error::CliError;
use crate::ports::{HostRow, Pulse, RunFilter, RunRow, RunStage, SkipCount, Store};
use crate::telemetry::limits_of;

/// Runs that are looked at for failures and slow ones: the newest.
const RUNS: u32 = 200;
/// Of these, the newest whose hosts are looked up.
const HOST_RUNS: usize = 40;
/// Lines of each part.
const LINES: usize = 8;

/// What an operator has set, as far as it is shown.
pub(super) struct Setting {
    pub(super) profiles: BTreeMap<ProfileName, Profile>,
    pub(super) budget: GlobalBudget,
}

/// A picture.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    pub(super) at: UtcMillis,
    pub(super) pulse: Pulse,
    /// When something is due next, or since when something waits.
    pub(super) next_due: Option<UtcMillis>,
    pub(super) budgets: Vec<Budget>,
    pub(super) gates: Vec<Gate>,
    /// Hosts that nobody asks for now.
    pub(super) closed_hosts: Vec<HostRow>,
    /// Open alerts, the oldest first.
    pub(super) alerts: Vec<Value>,
    /// Runs that have begun and not ended.
    pub(super) running: Vec<Shown>,
    /// The last runs that failed, newest first.
    pub(super) failures: Vec<Shown>,
    /// The slowest of the last 200 runs.
    pub(super) slowest: Vec<Shown>,
    /// The hosts whose runs took longest on average, among the last 40 runs.
    pub(super) slowest_hosts: Vec<SlowHost>,
    /// Skips of this UTC day, the most frequent first.
    pub(super) skips: Vec<SkipCount>,
}

/// A budget in its present window.
#[derive(Debug, Serialize)]
pub(super) struct Budget {
    pub(super) scope: Scope,
    pub(super) measure: Measure,
    pub(super) spent: u64,
    pub(super) reserved: u64,
    pub(super) granted: Option<u64>,
}

/// A host, or a profile whose sources name none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SlowHost {
    pub(super) host: String,
    pub(super) runs: u64,
    pub(super) mean_ms: u64,
    pub(super) longest_ms: u64,
}

/// A run, as far as it is shown.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Shown {
    pub(super) run: RunId,
    pub(super) source: SourceId,
    /// What the source reads; `null` if it is gone.
    pub(super) identifier: Option<String>,
    pub(super) tenant: Tenant,
    pub(super) profile: ProfileName,
    pub(super) stage: RunStage,
    pub(super) started_at: Option<UtcMillis>,
    /// Until its end, or until now.
    pub(super) took_ms: Option<u64>,
    pub(super) cost: MicroUsd,
    /// Class and message.
    pub(super) failure: Option<(String, String)>,
}

impl Frame {
    /// Asks the store.
    pub(super) async fn take(store: &dyn Store, setting: &Setting, now: UtcMillis) -> Result<Self, CliError> {
        let of_stage = |stage, limit| RunFilter { stage: Some(stage), limit, ..RunFilter::default() };
        let few = u32::try_from(LINES).unwrap_or(u32::MAX);
        let mut live = store.runs(&of_stage(RunStage::Running, few)).await?;
        live.extend(store.runs(&of_stage(RunStage::Waiting, few)).await?);
        live.truncate(LINES);
        let ended = store.runs(&of_stage(RunStage::Ended, RUNS)).await?;
        let failed = ended.iter().filter(|run| run.ending == Some(Ending::Failed)).take(LINES).cloned().collect();
        let newest = named(store, ended.iter().take(HOST_RUNS).cloned().collect(), now).await?;
        let mut slow: Vec<RunRow> = ended.into_iter().filter(|run| took(run, now).is_some()).collect();
        slow.sort_by_key(|run| std::cmp::Reverse(took(run, now)));
        slow.truncate(LINES);
        let mut gates = store.gates().await?;
        gates.retain(|gate| gate.until > now);
        let mut skips = store.skips(now).await?;
        skips.sort_by_key(|skip| std::cmp::Reverse(skip.count));
        skips.truncate(LINES);
        Ok(Self {
            at: now,
            pulse: store.pulse(now).await?,
            next_due: store.next_due().await?,
            budgets: budgets(store, setting, now).await?,
            gates,
            closed_hosts: store.closed_hosts(now).await?.into_iter().take(LINES).collect(),
            alerts: store.alerts(limits::ALERTS_OPEN).await?.iter().take(LINES).map(shown).collect(),
            running: named(store, live, now).await?,
            failures: named(store, failed, now).await?,
            slowest: named(store, slow, now).await?,
            slowest_hosts: slowest_hosts(&newest),
            skips,
        })
    }
}

/// Windows in which something happened and that several sources share, and those of the whole.
async fn budgets(store: &dyn Store, setting: &Setting, now: UtcMillis) -> Result<Vec<Budget>, CliError> {
    let whole = Measure::ALL.map(|measure| (Window::at(Scope::All, measure, &setting.budget.zones.all, now), (0, 0)));
    let mut taken: BTreeMap<Window, (u64, u64)> = whole.into_iter().collect();
    for row in store.ledger(now).await? {
        taken.insert(row.window, (row.balance.reserved, row.balance.spent));
    }
    let budget = |(window, (reserved, spent)): (Window, (u64, u64))| {
        let granted = limits_of(&window.scope, &setting.profiles, &setting.budget)?.of(window.measure);
        let told = granted.is_some() || reserved > 0 || spent > 0;
        told.then_some(Budget { scope: window.scope, measure: window.measure, spent, reserved, granted })
    };
    Ok(taken.into_iter().filter_map(budget).take(2 * LINES).collect())
}

/// Hosts by what their runs took.
pub(super) fn slowest_hosts(runs: &[Shown]) -> Vec<SlowHost> {
    let mut hosts: BTreeMap<String, SlowHost> = BTreeMap::new();
    for run in runs {
        let Some(took) = run.took_ms else { continue };
        let named = run.identifier.as_deref().and_then(host_of).map(|(_, place)| place);
        let host = named.unwrap_or_else(|| format!("profile {}", run.profile));
        let none = SlowHost { host: host.clone(), runs: 0, mean_ms: 0, longest_ms: 0 };
        let one = hosts.entry(host).or_insert(none);
        // The sum for now; divided when all are there.
        one.mean_ms = one.mean_ms.saturating_add(took);
        one.runs += 1;
        one.longest_ms = one.longest_ms.max(took);
    }
    let mut hosts: Vec<SlowHost> = hosts.into_values().collect();
    hosts.iter_mut().for_each(|host| host.mean_ms /= host.runs.max(1));
    hosts.sort_by_key(|host| std::cmp::Reverse(host.mean_ms));
    hosts.truncate(LINES);
    hosts
}

async fn named(store: &dyn Store, runs: Vec<RunRow>, now: UtcMillis) -> Result<Vec<Shown>, CliError> {
    let mut shown = Vec::with_capacity(runs.len());
    for run in runs {
        shown.push(Shown {
            run: run.id,
            source: run.source,
            identifier: store.source(run.source).await?.map(|source| source.identifier),
            took_ms: took(&run, now),
            tenant: run.tenant,
            profile: run.profile,
            stage: run.stage,
            started_at: run.started_at,
            cost: run.cost,
            failure: run.failure.map(|(class, message)| (class.to_string(), message)),
        });
    }
    Ok(shown)
}

fn took(run: &RunRow, now: UtcMillis) -> Option<u64> {
    let until = run.ended_at.unwrap_or(now);
    u64::try_from(until.since(run.started_at?).as_millis()).ok()
}
