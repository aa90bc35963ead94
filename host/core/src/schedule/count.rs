//! How many runs a schedule makes in a time, for forecasts.
//!
//! Owns: counting. Must not know: budgets. Called by [`super::Schedule::most_runs`]. Intervals are divided; the times of a cron
//! expression are walked, at most [`limits::CRON_COUNTED`] of them: beyond that their rate so far is taken.

use core::time::Duration;

use super::Rhythm;
use super::cron::Cron;
use super::facts::Facts;
use crate::limits;
use crate::time::UtcMillis;

/// The most runs from `due` until before `until`, and when the next one is due then.
pub(super) fn most_runs(
    rhythm: &Rhythm,
    due: UtcMillis,
    until: UtcMillis,
    min_interval: Duration,
    facts: &Facts,
) -> (u64, UtcMillis) {
    let least = min_interval.max(Duration::from_secs(1));
    if due >= until {
        return (0, due);
    }
    match rhythm {
        Rhythm::Every(span) => divided(due, until, span.duration().max(least)),
        Rhythm::Tiers(tiers) => {
            let tier = facts.followers.map_or_else(|| tiers.fastest(), |followers| tiers.of(followers));
            tier.map_or((0, until), |tier| divided(due, until, tier.every.duration().max(least)))
        }
        Rhythm::Cron(cron) => walked(cron, due, until, least),
    }
}

fn divided(due: UtcMillis, until: UtcMillis, interval: Duration) -> (u64, UtcMillis) {
    let runs = until.since(due).as_millis().div_ceil(interval.as_millis().max(1));
    let passed = Duration::from_millis(u64::try_from(interval.as_millis() * runs).unwrap_or(u64::MAX));
    (u64::try_from(runs).unwrap_or(u64::MAX), due.plus(passed))
}

fn walked(cron: &Cron, due: UtcMillis, until: UtcMillis, least: Duration) -> (u64, UtcMillis) {
    let mut at = due;
    for runs in 0..limits::CRON_COUNTED {
        if at >= until {
            return (u64::from(runs), at);
        }
        let Some(following) = cron.after(at) else { return (u64::from(runs) + 1, UtcMillis::from_millis(i64::MAX)) };
        at = following.max(at.plus(least));
    }
    let interval = at.since(due) / limits::CRON_COUNTED;
    let (more, next) = divided(at, until, interval.max(least));
    (u64::from(limits::CRON_COUNTED) + more, cron.at_or_after(next).unwrap_or(next))
}
