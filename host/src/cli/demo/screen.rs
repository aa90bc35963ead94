//! What the demo shows: a line for each event, and their sum at the end.
//!
//! Owns: the lines and the counting. Must not know: where events come from; the engine tells it, and the scene with the second
//! daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tidegate_core::id::SourceId;
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Ending, Notice};

use crate::cli::error::CliError;
use crate::cli::output::{Output, line, short};
use crate::ports::{Attempt, Event, Observer};

/// What has happened, counted.
#[derive(Debug, Default, Clone, Serialize)]
struct Summary {
    sources: usize,
    items: u64,
    runs: u64,
    skips: u64,
    failures: u64,
    recoveries: u64,
    /// Costs that are final.
    spent_micro_usd: u64,
    /// Actor runs that were found again after the daemon that had started them was killed.
    adopted: u64,
}

#[derive(Default)]
struct Seen {
    summary: Summary,
    with_items: BTreeSet<String>,
    names: BTreeMap<SourceId, String>,
}

/// Shows events to a person and counts them.
pub(super) struct Screen {
    output: Output,
    seen: Mutex<Seen>,
}

impl Screen {
    pub(super) fn new(output: Output) -> Self {
        Self { output, seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Live lines go where they do not disturb a program that reads the summary.
    pub(super) fn say(&self, text: &str) {
        if self.output.is_json() { self.output.note(text) } else { line(&mut std::io::stdout().lock(), text) }
    }

    /// What a source is called from now on.
    pub(super) fn name(&self, source: SourceId, name: &str) {
        self.seen().names.insert(source, name.to_owned());
    }

    fn name_of(&self, source: SourceId) -> String {
        self.seen().names.get(&source).cloned().unwrap_or_else(|| source.to_string())
    }

    /// The last line.
    pub(super) fn finish(&self) -> Result<(), CliError> {
        let summary = self.seen().summary.clone();
        self.output.data(&summary, |sum| {
            format!(
                "demo: {} sources, {} items, {} runs, {} skips, {} failures, {} recoveries, {} spent, {} adopted",
                sum.sources,
                sum.items,
                sum.runs,
                sum.skips,
                sum.failures,
                sum.recoveries,
                MicroUsd::new(sum.spent_micro_usd),
                sum.adopted
            )
        })
    }

    /// An actor run was found again.
    pub(super) fn adopted(&self, text: &str) {
        self.seen().summary.adopted += 1;
        self.say(&format!("  ADOPTED {text}"));
    }

    /// A run of another daemon has ended.
    pub(super) fn attempt_elsewhere(&self, name: &str, key: &str, new: u64) {
        self.count_run(key, new);
        self.say(&format!("  +{new:<5}  {name:<28} {new} new, from the actor run that was adopted"));
    }

    /// The cost of a run is final.
    pub(super) fn cost(&self, name: &str, cost: MicroUsd) {
        self.seen().summary.spent_micro_usd += cost.micros();
        self.say(&format!("  cost    {name:<28} {cost}, final"));
    }

    fn count_run(&self, source: &str, new: u64) {
        let mut seen = self.seen();
        seen.summary.runs += 1;
        seen.summary.items += new;
        if new > 0 {
            seen.with_items.insert(source.to_owned());
            seen.summary.sources = seen.with_items.len();
        }
    }

    fn count(&self, attempt: &Attempt) {
        self.count_run(&attempt.source.to_string(), u64::from(attempt.counts.new));
        let mut seen = self.seen();
        seen.summary.failures += u64::from(attempt.ending == Ending::Failed);
        seen.summary.recoveries += u64::from(attempt.notice == Some(Notice::Recovered));
    }

    fn attempt(&self, attempt: &Attempt) {
        let name = self.name_of(attempt.source);
        let took = took(attempt.duration);
        match (attempt.ending, &attempt.failure) {
            (Ending::Failed, failure) => {
                let (class, why) =
                    failure.as_ref().map_or(("", ""), |failure| (failure.class.word(), &failure.message));
                self.say(&format!("  failed  {name:<28} {class}: {} ({took})", short(why, 90)));
            }
            (Ending::NoNew, _) => self.say(&format!("  no new  {name:<28} ({took})")),
            (Ending::Ok, _) => {
                let (new, changed) = (attempt.counts.new, attempt.counts.updated);
                let changed = if changed > 0 { format!(", {changed} changed") } else { String::new() };
                self.say(&format!("  +{new:<5}  {name:<28} {new} new{changed} ({took})"));
            }
        }
        for warning in &attempt.warnings {
            self.say(&format!("  warning {name:<28} {}", short(warning, 90)));
        }
        match &attempt.notice {
            None => {}
            Some(Notice::Paused(reason)) => self.say(&format!("  PAUSED  {name:<28} {}", short(reason, 90))),
            Some(Notice::Invalidated(reason)) => self.say(&format!("  INVALID {name:<28} {}", short(reason, 90))),
            Some(Notice::Recovered) => self.say(&format!("  BACK    {name:<28} works again")),
        }
    }
}

impl Observer for Screen {
    fn see(&self, event: &Event) {
        match event {
            Event::Attempt(attempt) => {
                self.count(attempt);
                self.attempt(attempt);
            }
            Event::Skipped { source, detail, .. } => {
                self.seen().summary.skips += 1;
                self.say(&format!("  skipped {:<28} {}", self.name_of(*source), short(detail, 220)));
            }
            Event::Recovered { run, .. } => self.say(&format!("  taken up again: {run}")),
            Event::CutShort { source, why, .. } => {
                self.say(&format!("  ended early: {:<28} {}", self.name_of(*source), short(why, 220)));
            }
            Event::Stale { run, .. } => self.say(&format!("  stale: {run}")),
            Event::PassFailed { pass, error } => self.say(&format!("  the {pass} pass failed: {error}")),
            Event::ActorStarted { source, actor, charge_cap, adopted, .. } => {
                let text = format!("{:<28} {actor}, at most {charge_cap}", self.name_of(*source));
                if *adopted { self.adopted(&text) } else { self.say(&format!("  started {text}")) }
            }
            Event::CostFinal { source, cost, .. } => self.cost(&self.name_of(*source), *cost),
            Event::GateClosed { gate } => self.say(&format!("  CLOSED  {}: {}", gate.key, short(&gate.why, 220))),
            Event::GateOpened { key } => self.say(&format!("  OPEN    {key}")),
            Event::Quarantined { quarantine } => self.say(&format!("  plugin {} is in quarantine", quarantine.plugin)),
            Event::PluginLogged { .. }
            | Event::Alerted { .. }
            | Event::AlertSent { .. }
            | Event::Released { .. }
            | Event::ClockSetBack { .. }
            | Event::PluginAway { .. }
            | Event::PluginBack { .. }
            | Event::PluginsUsed { .. }
            | Event::PluginsSeen(_)
            | Event::ProfilesSeen(_)
            | Event::Reloaded { .. } => {}
        }
    }
}

fn took(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}
