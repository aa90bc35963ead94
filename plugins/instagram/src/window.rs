//! The stretch of time a run asks for.
//!
//! Owns: from which moment on posts are wanted: the newest known one less the overlap, which picks up late edits and newer
//! counts. Must not know: how an actor is told. Called by [`crate::input`].

use serde::{Deserialize, Serialize};
use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::{Failure, Job, Watermark, actors};

use crate::overrides::Overrides;

const HOUR_MS: i64 = 3_600_000;

/// What the watermark's cursor remembers.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// The last window was cut: the next run asks for the same again, and for as many posts as it may.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// The day on which the profile was looked at because no posts came, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub looked_up: String,
}

impl Cursor {
    /// What earlier runs left.
    pub fn of(job: &Job) -> Self {
        let cursor = job.watermark.as_ref().and_then(|mark| mark.cursor.as_deref());
        cursor.and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_default()
    }

    /// As text; none if there is nothing to remember.
    pub fn write(&self) -> Option<String> {
        if *self == Self::default() { None } else { serde_json::to_string(self).ok() }
    }
}

/// When the newest known post was published.
pub fn newest(mark: &Watermark) -> Option<Moment> {
    mark.newest_published_at.as_deref().and_then(Moment::parse)
}

/// From when on posts are wanted; none: as far back as there are some.
///
/// # Errors
///
/// If the source wants nothing from before a day that is still to come.
pub fn cutoff(job: &Job, overrides: &Overrides) -> Result<Option<Moment>, Failure> {
    let wanted = Moment::parse(&overrides.since);
    if let (Some(wanted), Some(now)) = (wanted, Moment::parse(&job.now))
        && wanted > now
    {
        let message = format!("{} is still to come; give a day up to today", overrides.since);
        return Err(Failure::config("/since", message));
    }
    let overlap = i64::from(overrides.overlap_hours) * HOUR_MS;
    let delta = actors::mark(job).and_then(newest).map(|newest| newest.minus(overlap));
    Ok(delta.max(wanted))
}
