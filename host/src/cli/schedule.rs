//! Schedules as they are typed and explained.
//!
//! Owns: the options of `source add` that make a schedule, and how the core's reckoning reads. Must not know: the rules. Called by
//! `source` and `explain`.

use tidegate_core::schedule::{Reckoning, Schedule, Written, WrittenTiers};

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

/// A line for each rule.
pub(super) fn told(reckoning: &Reckoning) -> String {
    reckoning.verdicts.iter().map(|verdict| format!("  {verdict}\n")).collect()
}
