//! What a feed says about itself.
//!
//! Owns: the contract's facts, and which item of a page is the newest. Called by [`crate::answer`].

use tidegate_plugin_kit::text::filled;
use tidegate_plugin_kit::{Facts, Item, Watermark};

use super::{line, url};
use crate::html;
use crate::limits;
use crate::model::{Feed, Field};

/// The facts of a feed. `moved_to` is for [`crate::answer`] to say, who knows the redirects.
pub fn facts(feed: &Feed) -> Facts {
    let about = &feed.about;
    let alternate = || {
        about.links.iter().filter(|link| link.rel == "alternate").find_map(|link| link.href.as_deref().and_then(url))
    };
    let podcast = || about.fields.get(Field::PodcastSummary).map(html::plain).and_then(filled);
    Facts {
        platform_id: about.id.clone().filter(|id| !id.is_empty() && id.len() <= limits::EXTERNAL_ID_BYTES),
        display_name: about.title.as_ref().and_then(|title| line(title, limits::TITLE_BYTES)),
        description: about.summary.as_ref().and_then(|text| line(text, limits::SUMMARY_BYTES)).or_else(podcast),
        url: about.link.as_deref().and_then(url).or_else(alternate),
        image_url: about.image.as_deref().or_else(|| about.fields.get(Field::Icon)).and_then(url),
        language: about.language.clone().filter(|language| language.len() <= 64),
        ..Facts::none()
    }
}

/// Id and publication time of the newest item, never older than what is known already.
pub fn newest(items: &[Item], known: Option<&Watermark>) -> Watermark {
    // RFC 3339 in UTC to the second: the order of the text is the order of time.
    let date = |item: &Item| item.published_at.clone().or_else(|| item.updated_at.clone());
    let dated = items.iter().filter_map(|item| date(item).map(|date| (date, item)));
    let newest = dated.reduce(|best, other| if other.0 > best.0 { other } else { best });
    let known = known.cloned().unwrap_or_else(Watermark::none);
    match newest {
        Some((date, item)) if known.newest_published_at.as_ref().is_none_or(|before| *before <= date) => {
            Watermark { newest_id: Some(item.external_id.clone()), newest_published_at: Some(date), cursor: None }
        }
        // Without dates the first entry is the newest, as feeds are written.
        None if known.newest_published_at.is_none() => Watermark {
            newest_id: items.first().map(|item| item.external_id.clone()).or(known.newest_id),
            newest_published_at: None,
            cursor: None,
        },
        _ => Watermark { cursor: None, ..known },
    }
}
