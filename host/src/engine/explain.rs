//! Why a source runs now, or does not.
//!
//! Owns: gathering what stands around one source, as the admit pass does, and asking the same rules. Must not know: the rules
//! (`tidegate_core::eligibility` and `budget`), or how answers are printed. Called by the CLI; it changes nothing.
//!
//! What one daemon has under way, and so whether it has a place for one more run, is that daemon's knowledge alone.

use std::collections::BTreeMap;

use tidegate_core::budget::{self, Balance, Reservation, Window};
use tidegate_core::eligibility::{self, Judged, Rule, Skip, Verdict};
use tidegate_core::id::SourceId;
use tidegate_core::profile::Profile;
use tidegate_core::rate::RunRate;
use tidegate_core::schedule::{Given, Reckoning};
use tidegate_core::source::{Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use super::admit::Around;
use super::{Ports, Settings};
use crate::ports::{QueuedRun, Store, StoreError};

/// Everything that is asked before a source runs, with the answers of one moment.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The source.
    pub source: Source,
    /// The moment.
    pub now: UtcMillis,
    /// The run that is queued for it, if one is.
    pub queued: Option<QueuedRun>,
    /// Each rule with its verdict, in the order in which they are asked.
    pub rules: Vec<Judged>,
    /// When it is due by its schedule, rule by rule. `None`: see [`reckon`].
    pub schedule: Option<Reckoning>,
    /// Each budget window. Empty without a profile.
    pub windows: Vec<JudgedWindow>,
    /// Each rate. Empty without a profile, or where none is set.
    pub rates: Vec<JudgedRate>,
    /// What the admit pass would do now: run it, why, or the first "no".
    pub verdict: Result<Trigger, Skip>,
    /// The source's last skip since it last ran.
    pub last_skip: Option<(UtcMillis, String)>,
}

/// A rate with its verdict.
#[derive(Debug, Clone)]
pub struct JudgedRate {
    /// What for, and what is allowed.
    pub rate: RunRate,
    /// Runs under way, where they are limited.
    pub under_way: Option<u32>,
    /// What it says.
    pub verdict: Verdict,
}

/// A budget window with its verdict and the numbers behind it.
#[derive(Debug, Clone)]
pub struct JudgedWindow {
    /// What a run would reserve in it, and the limit that holds.
    pub need: Reservation,
    /// What stands in it.
    pub balance: Balance,
    /// What it says.
    pub verdict: Verdict,
}

/// Asks every rule about a source. `None`: there is no such source.
///
/// # Errors
/// When the store cannot be read.
pub async fn explain(ports: &Ports, settings: &Settings, id: SourceId) -> Result<Option<Explanation>, StoreError> {
    let store = ports.store.as_ref();
    let Some(source) = store.source(id).await? else { return Ok(None) };
    let now = ports.clock.now();
    let around = Around::look(store, now).await?;
    let queued = store.queued(id, now).await?;
    let ready = queued.filter(|queued| queued.at <= now).map(|queued| queued.trigger);
    let profile = settings.profiles.get(&source.profile);
    let given = around.circumstances((ports, settings), &source, ready, now);
    let mut rules = eligibility::explain(&source, profile, given);
    rules.iter_mut().for_each(|judged| sooner(judged, queued));
    let balances: BTreeMap<Window, Balance> =
        store.ledger(now).await?.into_iter().map(|row| (row.window, row.balance)).collect();
    let needs = profile.map_or_else(Vec::new, |profile| budget::needs(&source, profile, &settings.budget, now));
    let judge = |need: Reservation| {
        let balance = balances.get(&need.window).copied().unwrap_or_default();
        JudgedWindow { verdict: budget::ask(&need, balance, now), need, balance }
    };
    let windows: Vec<JudgedWindow> = needs.into_iter().map(judge).collect();
    let rates = rates(store, settings, &source, now).await?;
    // In the order in which the admit pass comes upon them.
    let no = rules.iter().map(|judged| &judged.verdict).chain(rates.iter().map(|rate| &rate.verdict));
    let no = no.chain(windows.iter().map(|window| &window.verdict));
    let first = no.filter_map(|verdict| if let Verdict::No(skip) = verdict { Some(skip.clone()) } else { None }).next();
    let verdict = match (first, eligibility::decide(&source, profile, given)) {
        (Some(skip), _) | (None, Err(skip)) => Err(skip),
        (None, Ok(eligible)) => Ok(eligible.trigger()),
    };
    let last_skip = store.last_skip(id).await?;
    let schedule = profile.and_then(|profile| reckon(&source, profile, now));
    Ok(Some(Explanation { source, now, queued, rules, schedule, rates, windows, verdict, last_skip }))
}

async fn rates(
    store: &dyn Store,
    settings: &Settings,
    source: &Source,
    now: UtcMillis,
) -> Result<Vec<JudgedRate>, StoreError> {
    let profile = settings.profiles.get(&source.profile);
    let all = profile.map_or_else(Vec::new, |profile| settings.rates.of(&source.identifier, profile));
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let mut line = store.line(all.clone()).await?;
    let judge = |rate: RunRate| {
        let verdict = match line.ask(std::slice::from_ref(&rate), now) {
            Ok(()) => Verdict::Yes,
            Err(refused) => Verdict::No(refused.into()),
        };
        JudgedRate { under_way: line.under_way(&rate.scope), rate, verdict }
    };
    Ok(all.into_iter().map(judge).collect())
}

/// When a source is due by its schedule, rule by rule, jitter left out. `None`: it has no times before its first run, and none
/// while it is stopped.
#[must_use]
pub fn reckon(source: &Source, profile: &Profile, now: UtcMillis) -> Option<Reckoning> {
    if source.last_fetched_at.is_none() || source.state != SourceState::Active {
        return None;
    }
    let given = Given {
        facts: &source.facts,
        last_attempt: source.last_fetched_at,
        now,
        min_interval: profile.min_interval,
        dice: 0,
        pause: None,
    };
    Some(source.schedule.as_ref().unwrap_or(&profile.schedule).next_run(&given))
}

/// A queued run whose time has not come is due before the schedule is, perhaps.
fn sooner(judged: &mut Judged, queued: Option<QueuedRun>) {
    if let (Rule::Due, Verdict::No(skip), Some(queued)) = (judged.rule, &mut judged.verdict, queued) {
        skip.until = Some(skip.until.map_or(queued.at, |until| until.min(queued.at)));
        judged.fact = format!("{}; a {} run is queued for {}", judged.fact, queued.trigger, queued.at);
    }
}
