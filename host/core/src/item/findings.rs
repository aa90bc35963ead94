//! What a batch says about its source: facts, hints, a watermark.
//!
//! Owns: what of it is believed, and how much of it is kept. Must not know: items. Called by `accept`.

use super::accept::{BadOutput, most};
use super::belongings::{cut, fitting, tidy};
use crate::contract::{Facts, Hints, Watermark};
use crate::limits;
use crate::time::UtcMillis;

/// Facts as they are kept.
pub(super) fn facts(mut facts: Facts) -> Facts {
    let words =
        [&mut facts.platform_id, &mut facts.display_name, &mut facts.description, &mut facts.language, &mut facts.url];
    for text in words {
        cut(text, limits::TITLE_BYTES);
    }
    for number in [&mut facts.followers, &mut facts.following, &mut facts.posts] {
        *number = number.filter(|value| value.is_finite() && *value >= 0.0);
    }
    fitting(&mut facts.image_url, limits::URL_BYTES);
    fitting(&mut facts.extra, limits::EXTRA_BYTES);
    facts.moved_to = facts.moved_to.filter(|to| !to.is_empty() && to.len() <= limits::IDENTIFIER_BYTES);
    facts
}

/// Hints as they are kept.
pub(super) fn hints(mut hints: Hints) -> Hints {
    hints.skip_hours.retain(|hour| *hour < 24);
    hints.skip_hours.sort_unstable();
    hints.skip_hours.dedup();
    hints.skip_days.truncate(7);
    hints.skip_days.iter_mut().for_each(|day| tidy(day, limits::WORD_BYTES));
    hints.not_before = hints.not_before.as_deref().and_then(UtcMillis::parse_given).map(|at| at.to_string());
    for seconds in [&mut hints.min_interval_s, &mut hints.fresh_for_s] {
        *seconds = seconds.filter(|value| value.is_finite() && *value >= 0.0);
    }
    hints.hubs.truncate(limits::HUBS);
    hints.hubs.retain(|hub| hub.len() <= limits::URL_BYTES);
    fitting(&mut hints.topic, limits::URL_BYTES);
    fitting(&mut hints.extra, limits::EXTRA_BYTES);
    hints
}

/// Where the next run is to start, never in the future.
pub(super) fn watermark(mut watermark: Watermark, horizon: UtcMillis) -> Result<Watermark, BadOutput> {
    let bytes = |text: &Option<String>| text.as_deref().map_or(0, str::len);
    most("bytes of watermark.cursor", bytes(&watermark.cursor), limits::EXTRA_BYTES)?;
    most("bytes of watermark.newest-id", bytes(&watermark.newest_id), limits::EXTERNAL_ID_BYTES)?;
    if let Some(text) = watermark.newest_published_at.take() {
        let at = UtcMillis::parse_given(&text).ok_or(BadOutput::Wrong {
            what: "watermark.newest-published-at",
            why: "it is not an RFC 3339 time such as \"2026-11-21T23:04:05Z\"",
        })?;
        watermark.newest_published_at = Some(at.min(horizon).to_string());
    }
    Ok(watermark)
}
