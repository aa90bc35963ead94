//! Search texts for X.
//!
//! Owns: which operators a source's settings and watermark turn into, and from which day a run asks. `since:` and `until:`
//! know days in UTC only; `since:` includes its day, `until:` does not. Must not know: actors. Called by
//! [`crate::input`].

use tidegate_plugin_kit::moment::{DAY_MS, Moment};
use tidegate_plugin_kit::{Failure, Job, Watermark, actors};

use crate::identifier::{self, Kind};
use crate::overrides::Overrides;
use crate::snowflake;

/// The stretch of time a run asks for, as days: from `since`, up to and without `until`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// "YYYY-MM-DD"; none: as far back as there is something.
    pub since: Option<String>,
    /// "YYYY-MM-DD"; none: up to now.
    pub until: Option<String>,
}

/// From which day a run asks: the day of the watermark less the overlap, but never before what the source wants at most.
///
/// # Errors
///
/// If the source wants nothing from before a day that is still to come.
pub fn since(job: &Job, overrides: &Overrides) -> Result<Option<String>, Failure> {
    let wanted = Some(overrides.since.as_str()).filter(|since| !since.is_empty());
    if let (Some(wanted), Some(now)) = (wanted, Moment::parse(&job.now))
        && Moment::parse(wanted).is_some_and(|wanted| wanted > now)
    {
        return Err(Failure::config("/since", format!("{wanted} is still to come; give a day up to today")));
    }
    let overlap = i64::from(overrides.overlap_days) * DAY_MS;
    let delta = actors::mark(job).and_then(newest).and_then(|newest| newest.minus(overlap).date());
    // Days in this notation are in the order of time.
    Ok(delta.max(wanted.map(str::to_owned)))
}

/// When the newest known post was made: what the watermark says, else what its id does.
pub fn newest(mark: &Watermark) -> Option<Moment> {
    let of_id = || mark.newest_id.as_deref().and_then(snowflake::id).and_then(snowflake::time);
    mark.newest_published_at.as_deref().and_then(Moment::parse).or_else(of_id)
}

/// The text of the search.
///
/// # Errors
///
/// If the identifier holds operators that the settings do not allow any more.
pub fn text(job: &Job, kind: Kind, overrides: &Overrides, window: &Window) -> Result<String, Failure> {
    let mut words = match kind {
        Kind::Account => vec![format!("from:{}", job.identifier)],
        // What OR joins must not be torn apart by the words that follow.
        Kind::Search if overrides.operators && job.identifier.contains(" OR ") => vec![format!("({})", job.identifier)],
        Kind::Search => vec![job.identifier.clone()],
        Kind::Post => Vec::new(),
    };
    if kind == Kind::Search && !overrides.operators {
        identifier::normalize(kind, &job.identifier, false).map_err(|message| Failure::config("", message))?;
    }
    let mut add = |wanted: bool, word: String| {
        if wanted {
            words.push(word);
        }
    };
    add(!overrides.retweets, "-filter:retweets".to_owned());
    add(!overrides.replies, "-filter:replies".to_owned());
    add(overrides.media_only, "filter:media".to_owned());
    add(overrides.min_likes > 0, format!("min_faves:{}", overrides.min_likes));
    add(overrides.min_retweets > 0, format!("min_retweets:{}", overrides.min_retweets));
    add(!overrides.language.is_empty(), format!("lang:{}", overrides.language));
    for (name, day) in [("since", &window.since), ("until", &window.until)] {
        if let Some(day) = day {
            words.push(format!("{name}:{day}"));
        }
    }
    Ok(words.join(" "))
}

/// The day after that of `moment`: the `until:` with which a cut window goes on, so that the rest of the oldest day is
/// asked for too.
pub fn until_after(moment: Moment) -> Option<String> {
    moment.minus(-DAY_MS).date()
}
