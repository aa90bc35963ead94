//! How often a feed wants to be read, by its own words.
//!
//! Owns: `ttl` (RSS 2.0), `sy:updatePeriod` with `sy:updateFrequency` (RSS 1.0 module Syndication), `skipHours` and
//! `skipDays` (RSS 0.91). Called by [`super`]. A value that makes no sense asks for nothing.

use crate::limits;
use crate::model::{Field, Fields};

/// Seconds that should lie between two fetches: the longer one, if both ways are used.
pub fn seconds(fields: &Fields) -> Option<u32> {
    let ttl = fields
        .get(Field::Ttl)
        .and_then(|ttl| ttl.trim().parse::<u32>().ok())
        .and_then(|minutes| minutes.checked_mul(60));
    let asked = ttl.filter(|seconds| *seconds > 0).max(period(fields))?;
    Some(asked.min(limits::INTERVAL_S))
}

fn period(fields: &Fields) -> Option<u32> {
    let length = match fields.get(Field::UpdatePeriod)?.trim().to_ascii_lowercase().as_str() {
        "hourly" => 3_600,
        "daily" => 86_400,
        "weekly" => 7 * 86_400,
        "monthly" => 30 * 86_400,
        "yearly" => 365 * 86_400,
        _ => return None,
    };
    let times = match fields.get(Field::UpdateFrequency) {
        Some(times) => times.trim().parse::<u32>().ok().filter(|times| *times > 0)?,
        None => 1,
    };
    Some(length / times).filter(|seconds| *seconds > 0)
}

/// Hours 0 to 23. RSS 0.91 counted from 1 to 24, so 24 is midnight.
pub fn skip_hours(fields: &Fields) -> Vec<u32> {
    let hours =
        fields.all(Field::SkipHour).filter_map(|hour| hour.trim().parse::<u32>().ok()).filter(|hour| *hour <= 24);
    let mut hours: Vec<u32> = hours.map(|hour| hour % 24).collect();
    hours.sort_unstable();
    hours.dedup();
    hours
}

/// Days in lower-case English, Monday first.
pub fn skip_days(fields: &Fields) -> Vec<String> {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let named = |day: &&&str| fields.all(Field::SkipDay).any(|given| given.trim().eq_ignore_ascii_case(day));
    DAYS.iter().filter(named).map(|day| (*day).to_owned()).collect()
}
