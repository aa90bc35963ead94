//! What comes with an item: authors, media, references, counts.
//!
//! Owns: the cuts within them, and the two ways to make a text fit. What names something (an id, an address) is left out where it
//! is too long, as half of it would name something else; what is read by people is cut. Must not know: batches. Called by `accept`.

use crate::contract::{Author, Media, Metric, Reference};
use crate::limits;
use crate::time::UtcMillis;

/// Authors as they are kept.
pub(super) fn authors(mut authors: Vec<Author>) -> Vec<Author> {
    for author in &mut authors {
        for word in [&mut author.handle, &mut author.name] {
            cut(word, limits::WORD_BYTES);
        }
        fitting(&mut author.id, limits::EXTERNAL_ID_BYTES);
        fitting(&mut author.url, limits::URL_BYTES);
        fitting(&mut author.image_url, limits::URL_BYTES);
        fitting(&mut author.extra, limits::EXTRA_BYTES);
    }
    authors
}

/// References as they are kept.
pub(super) fn references(mut references: Vec<Reference>) -> Vec<Reference> {
    for reference in &mut references {
        tidy(&mut reference.relation, limits::WORD_BYTES);
        cut(&mut reference.author_handle, limits::WORD_BYTES);
        fitting(&mut reference.external_id, limits::EXTERNAL_ID_BYTES);
        fitting(&mut reference.author_id, limits::EXTERNAL_ID_BYTES);
        fitting(&mut reference.url, limits::URL_BYTES);
    }
    references
}

/// Media as they are kept; one without an address is none.
pub(super) fn media(mut media: Vec<Media>) -> Vec<Media> {
    media.retain(|medium| !medium.url.is_empty() && medium.url.len() <= limits::URL_BYTES);
    for medium in &mut media {
        clean(&mut medium.url);
        tidy(&mut medium.kind, limits::WORD_BYTES);
        tidy(&mut medium.role, limits::WORD_BYTES);
        for number in [&mut medium.size, &mut medium.duration_s, &mut medium.width, &mut medium.height] {
            *number = number.filter(|value| value.is_finite() && *value >= 0.0);
        }
        cut(&mut medium.alt, limits::TITLE_BYTES);
        cut(&mut medium.mime, limits::WORD_BYTES);
        fitting(&mut medium.thumbnail_url, limits::URL_BYTES);
        fitting(&mut medium.extra, limits::EXTRA_BYTES);
        medium.expires_at = medium.expires_at.take().filter(|at| UtcMillis::parse(at).is_some());
    }
    media
}

/// Whether it is a count with a name.
pub(super) fn is_metric(metric: &Metric) -> bool {
    let named = (1..=limits::WORD_BYTES).contains(&metric.name.len()) && !metric.name.chars().any(char::is_control);
    named && metric.value.is_finite() && metric.value >= 0.0
}

/// Cuts a text that may be cut.
pub(super) fn cut(text: &mut Option<String>, most: usize) {
    if let Some(text) = text {
        tidy(text, most);
    }
}

/// Leaves out a text that may not be cut.
pub(super) fn fitting(text: &mut Option<String>, most: usize) {
    if let Some(text) = text {
        clean(text);
    }
    *text = text.take().filter(|text| text.len() <= most);
}

/// Replaces NUL, which no database text holds.
pub(super) fn clean(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

/// Replaces NUL and cuts to `most` bytes, between characters.
pub(super) fn tidy(text: &mut String, most: usize) {
    // In this order: what stands for a NUL is longer than it.
    clean(text);
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
    }
}
