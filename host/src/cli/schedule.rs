//! Schedules as they are typed and explained.
//!
//! Owns: the options of `source add` that make a schedule, and how the core's reckoning reads. Must not know: the rules. Called by
//! `source`.

use tidegate_core::profile::Profile;
use tidegate_core::schedule::{Given, Reckoning, Schedule, Written, WrittenTiers};
use tidegate_core::source::{Source, SourceState};
use tidegate_core::time::UtcMillis;

use super::args::SourceAddArgs;
use super::error::CliError;

/// The schedule that was typed, if one was.
pub(super) fn typed(args: &SourceAddArgs) -> Result<Option<Schedule>, CliError> {
    if args.every.is_none() && args.cron.is_none() && !args.tiers {
        return Ok(None);
    }
    let written = Written {
        every: args.every,
        cron: args.cron.clone(),
        timezone: args.timezone.clone(),
        tiers: args.tiers.then(|| WrittenTiers::Named("default".to_owned())),
        adaptive: args.adaptive,
        ..Written::default()
    };
    written.read().map(Some).map_err(|error| CliError::usage(error.to_string()))
}

/// When the source is due by its schedule, rule by rule, jitter left out. `None`: it has no times before its first run, and
/// none while it is stopped.
pub(super) fn reckon(source: &Source, profile: &Profile, now: UtcMillis) -> Option<Reckoning> {
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

/// A line for each rule.
pub(super) fn told(reckoning: &Reckoning) -> String {
    reckoning.verdicts.iter().map(|verdict| format!("  {verdict}\n")).collect()
}
