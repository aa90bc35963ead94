//! `budget`: what is granted, reserved, spent and left.
//!
//! Owns: which windows are shown, and in which order. Must not know: which budgets hold for a source: `core::budget::windows`
//! says so, as it does when a run is admitted.

use std::collections::BTreeMap;

use serde::Serialize;
use tidegate_core::budget::{self, Balance, GlobalBudget, Measure, Scope, Window};
use tidegate_core::id::{ProfileName, SourceId, Tenant};
use tidegate_core::profile::Profile;
use tidegate_core::source::Source;
use tidegate_core::time::UtcMillis;
use tidegate_core::zone::Zone;

use super::args::{BudgetArgs, Place};
use super::error::{CliError, Exit};
use super::home::{Home, each_source, tenant};
use super::output::{Output, table};
use crate::ports::{Clock, LedgerRow};
use crate::system::SystemClock;

/// One budget in its present window.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    /// `all`, `tenant`, `profile` or `source`.
    scope: &'static str,
    tenant: Option<Tenant>,
    profile: Option<ProfileName>,
    source: Option<SourceId>,
    measure: Measure,
    /// `runs`, or `micro-usd` for millionths of a US dollar.
    unit: &'static str,
    from: UtcMillis,
    until: UtcMillis,
    /// By whose clock its day or month begins and ends.
    zone: Zone,
    /// The limit. `None`: there is none of its own.
    granted: Option<u64>,
    /// Promised to runs that have not ended.
    reserved: u64,
    /// Gone.
    spent: u64,
    /// What may still be promised.
    left: Option<u64>,
}

/// Shows the windows that are open now.
pub(super) async fn budget(place: &Place, args: &BudgetArgs, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    let tenant = args.tenant.as_deref().map(tenant).transpose()?;
    let profile = args.profile.as_deref().map(profile).transpose()?;
    let store = home.existing_store().await?;
    let now = SystemClock.now();
    let ledger = store.ledger(now).await?;
    let mut known = Known::default();
    each_source(&*store, |source| known.note(source)).await?;
    let (profiles, global) = (home.profiles()?.by_name(), home.config.global_budget());
    let mut rows = known.rows(&profiles, &global, &ledger, now);
    rows.retain(|row| {
        let of_tenant = tenant.as_ref().is_none_or(|tenant| row.tenant.as_ref() == Some(tenant));
        of_tenant && profile.as_ref().is_none_or(|profile| row.profile.as_ref() == Some(profile))
    });
    output.data(&serde_json::json!({ "windows": rows }), |_| listed(&rows))?;
    Ok(Exit::Ok)
}

fn profile(text: &str) -> Result<ProfileName, CliError> {
    text.parse().map_err(|error: tidegate_core::id::NotAName| CliError::usage(format!("--profile: {error}")))
}

/// The sources, as far as budgets tell them apart.
#[derive(Default)]
struct Known {
    /// One source of each tenant and profile.
    example: BTreeMap<(Tenant, ProfileName), Source>,
    /// Whose a source is.
    owner: BTreeMap<SourceId, (Tenant, ProfileName)>,
}

impl Known {
    fn note(&mut self, source: &Source) {
        let row = (source.tenant.clone(), source.profile.clone());
        self.owner.insert(source.id, row.clone());
        self.example.entry(row).or_insert_with(|| source.clone());
    }

    /// Windows that have a limit or in which something happened, from the widest to the narrowest.
    fn rows(
        &self,
        profiles: &BTreeMap<ProfileName, Profile>,
        global: &GlobalBudget,
        ledger: &[LedgerRow],
        now: UtcMillis,
    ) -> Vec<Row> {
        let tenants = global.tenants.iter().map(|(tenant, limits)| (Scope::Tenant(tenant.clone()), limits));
        let mut windows: BTreeMap<Window, (u64, Balance)> = BTreeMap::new();
        for (scope, limits) in std::iter::once((Scope::All, &global.all)).chain(tenants) {
            let set = Measure::ALL.into_iter().filter_map(|measure| {
                let zone = global.zones.of(&scope)?;
                Some((Window::at(scope.clone(), measure, zone, now), (limits.of(measure)?, Balance::default())))
            });
            windows.extend(set);
        }
        for ((_, name), source) in &self.example {
            let holding = profiles.get(name).map(|profile| budget::windows(source, profile, global, now));
            let shared = holding.into_iter().flatten().filter(|(window, _)| !matches!(window.scope, Scope::Source(_)));
            windows.extend(shared.map(|(window, limit)| (window, (limit, Balance::default()))));
        }
        for row in ledger {
            let limit = self.own_limit(&row.window, profiles, global, now);
            windows.entry(row.window.clone()).or_insert((limit, row.balance)).1 = row.balance;
        }
        let told =
            windows.into_iter().filter(|(_, (limit, balance))| *limit != u64::MAX || *balance != Balance::default());
        told.map(|(window, (limit, balance))| self.row(&window, limit, balance)).collect()
    }

    /// The limit of a window of a single source. Of other windows nothing is known here any more: their profile is gone.
    fn own_limit(
        &self,
        window: &Window,
        profiles: &BTreeMap<ProfileName, Profile>,
        global: &GlobalBudget,
        now: UtcMillis,
    ) -> u64 {
        let limit = || {
            let Scope::Source(id) = window.scope else { return None };
            let row = self.owner.get(&id)?;
            let source = Source { id, ..self.example.get(row)?.clone() };
            let holding = budget::windows(&source, profiles.get(&row.1)?, global, now);
            holding.into_iter().find(|(other, _)| other == window).map(|(_, limit)| limit)
        };
        limit().unwrap_or(u64::MAX)
    }

    fn row(&self, window: &Window, limit: u64, balance: Balance) -> Row {
        let granted = (limit != u64::MAX).then_some(limit);
        let taken = balance.reserved.saturating_add(balance.spent);
        let (scope, tenant, profile, source) = match &window.scope {
            Scope::All => ("all", None, None, None),
            Scope::Tenant(tenant) => ("tenant", Some(tenant.clone()), None, None),
            Scope::Profile(tenant, profile) => ("profile", Some(tenant.clone()), Some(profile.clone()), None),
            Scope::Source(source) => {
                let (tenant, profile) = self.owner.get(source).cloned().unzip();
                ("source", tenant, profile, Some(*source))
            }
        };
        Row {
            scope,
            tenant,
            profile,
            source,
            measure: window.measure,
            unit: if window.measure.is_money() { "micro-usd" } else { "runs" },
            from: window.start,
            until: window.end(),
            zone: window.zone.clone(),
            granted,
            reserved: balance.reserved,
            spent: balance.spent,
            left: granted.map(|granted| granted.saturating_sub(taken)),
        }
    }
}

fn listed(rows: &[Row]) -> String {
    let cells = rows.iter().map(|row| {
        let amount = |amount: u64| row.measure.amount(amount);
        let whose = [row.tenant.as_ref(), row.profile.as_ref()].into_iter().flatten().map(ToString::to_string);
        let whose: Vec<String> = whose.chain(row.source.map(|id| id.to_string())).collect();
        vec![
            row.scope.to_owned(),
            if whose.is_empty() { "-".to_owned() } else { whose.join(" ") },
            row.measure.word().to_owned(),
            row.granted.map_or_else(|| "-".to_owned(), amount),
            amount(row.reserved),
            amount(row.spent),
            row.left.map_or_else(|| "-".to_owned(), amount),
            row.until.to_string(),
            row.zone.to_string(),
        ]
    });
    let head = ["SCOPE", "WHOSE", "PER", "GRANTED", "RESERVED", "SPENT", "LEFT", "UNTIL", "ZONE"];
    table(&head, &cells.collect::<Vec<_>>())
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
