//! Events as numbers.
//!
//! Owns: which metrics an event moves. Must not know: when they are read.

use tidegate_core::limits;

use super::{Metrics, float, lock, table, usd};
use crate::ports::{Attempt, Event, Observer, Used};

impl Observer for Metrics {
    fn see(&self, event: &Event) {
        match event {
            Event::Attempt(attempt) => self.attempt(attempt),
            Event::Skipped { profile, reason, .. } => self.add(&table::SKIPS, &[profile.as_str(), reason], 1.0),
            Event::Recovered { requeued, .. } => {
                self.add(&table::RECOVERED, &[if *requeued { "requeued" } else { "given-up" }], 1.0);
            }
            Event::ActorStarted { adopted, .. } => {
                self.add(&table::ACTOR_STARTS, &[if *adopted { "adopted" } else { "started" }], 1.0);
            }
            Event::CostFinal { run, cost, .. } => {
                let mut costs = lock(&self.costs);
                let of = costs.of.remove(run);
                match of {
                    Some((tenant, profile)) => {
                        drop(costs);
                        self.add(&table::COST, &[tenant.as_str(), profile.as_str()], usd(*cost));
                    }
                    None if costs.unknown.len() < limits::METRIC_RUNS => costs.unknown.push((*run, *cost)),
                    None => {}
                }
            }
            Event::GateClosed { .. } => self.add(&table::GATE_CHANGES, &["closed"], 1.0),
            Event::GateOpened { .. } => self.add(&table::GATE_CHANGES, &["opened"], 1.0),
            Event::Stale { .. } => self.add(&table::STALE, &[], 1.0),
            Event::PassFailed { pass, .. } => self.add(&table::PASS_FAILURES, &[pass], 1.0),
            Event::Quarantined { quarantine } => self.add(&table::QUARANTINES, &[&quarantine.plugin], 1.0),
            Event::Released { .. } | Event::ClockSetBack { .. } => {}
            Event::Reloaded { refused } => {
                let applied = refused.is_empty();
                self.add(&table::RELOADS, &[if applied { "applied" } else { "refused" }], 1.0);
                self.set(&table::RELOAD_OK, &[], if applied { 1.0 } else { 0.0 });
            }
            Event::CutShort { .. }
            | Event::PluginLogged { .. }
            | Event::PluginAway { .. }
            | Event::PluginBack { .. } => {}
            Event::PluginsUsed { used } => used.iter().for_each(|used| self.used(used)),
            Event::PluginsSeen(seen) => {
                for (name, _) in &seen.live {
                    self.add(&table::PLUGIN_SWAPS, &[name], 1.0);
                }
                self.clear(&table::PLUGINS_REFUSED);
                for (reason, count) in &seen.all_refused {
                    self.set(&table::PLUGINS_REFUSED, &[reason], float(*count));
                }
            }
            Event::ProfilesSeen(seen) => self.set(&table::PROFILES_REFUSED, &[], float(seen.all_refused)),
            Event::Alerted { notice } => {
                self.add(&table::ALERTS, &[notice.open.alert.key.kind().word(), notice.change.word()], 1.0);
            }
            Event::AlertSent { sink, notices, delivery } => {
                let notices = u64::try_from(*notices).unwrap_or(u64::MAX);
                self.add(&table::NOTICES, &[sink, delivery.word()], float(notices));
            }
        }
    }
}

impl Metrics {
    fn used(&self, used: &Used) {
        let plugin = used.plugin.as_str();
        self.add(&table::PLUGIN_CALLS, &[plugin], float(used.calls));
        self.add(&table::PLUGIN_CPU, &[plugin], used.cpu.as_secs_f64());
        self.add(&table::PLUGIN_BYTES, &[plugin, "in"], float(used.bytes_in));
        self.add(&table::PLUGIN_BYTES, &[plugin, "out"], float(used.bytes_out));
        self.add(&table::PLUGIN_ITEMS, &[plugin], float(used.items));
        for (kind, count) in &used.faults {
            self.add(&table::PLUGIN_FAULTS, &[plugin, kind], float(*count));
        }
    }

    fn attempt(&self, attempt: &Attempt) {
        let (tenant, profile, platform) =
            (attempt.tenant.as_str(), attempt.profile.as_str(), attempt.platform.as_str());
        let trigger = attempt.trigger.to_string();
        self.add(&table::RUNS, &[tenant, platform, profile, &trigger, attempt.ending.word()], 1.0);
        if let Some(failure) = &attempt.failure {
            self.add(&table::FAILURES, &[platform, profile, failure.class.word()], 1.0);
        }
        let counts = &attempt.counts;
        for (outcome, count) in [
            ("new", counts.new),
            ("updated", counts.updated),
            ("metrics-updated", counts.metrics_updated),
            ("duplicate", counts.duplicate),
            ("over-cap", counts.over_cap),
            ("rejected", counts.rejected),
        ] {
            if count > 0 || outcome == "new" {
                self.add(&table::ITEMS, &[tenant, platform, profile, outcome], f64::from(count));
            }
        }
        self.add(&table::FETCHES, &[platform], f64::from(attempt.fetches));
        self.add(&table::BYTES, &[platform], float(attempt.bytes));
        self.observe(&table::RUN_SECONDS, &[platform], attempt.duration.as_secs_f64());
        self.observe(&table::SANDBOX_SECONDS, &[platform], attempt.plugin_cpu.as_secs_f64());
        if attempt.cost_estimate.micros() > 0 {
            let mut costs = lock(&self.costs);
            if costs.of.len() < limits::METRIC_RUNS {
                costs.of.insert(attempt.run, (attempt.tenant.clone(), attempt.profile.clone()));
            }
        }
    }
}
