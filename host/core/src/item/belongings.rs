//! What comes with an item: authors, media, references, counts.
//!
//! Owns: the cuts within them, and the two ways to make a text fit. What names something (an id, an address) is left out where it
//! is too long, as half of it would name something else; what is read by people is cut. Must not know: batches. Called by `accept`.

use super::mended::{Mended, What};
use crate::contract::{Author, Media, Metric, Reference};
use crate::limits;
use crate::time::UtcMillis;

/// Authors as they are kept.
pub(super) fn authors(mut authors: Vec<Author>, mended: &mut Mended) -> Vec<Author> {
    for author in &mut authors {
        for word in [&mut author.handle, &mut author.name] {
            cut(word, limits::WORD_BYTES);
        }
        fitting(&mut author.id, limits::EXTERNAL_ID_BYTES);
        author.url = address(author.url.take(), "url of an author", mended);
        author.image_url = address(author.image_url.take(), "image-url of an author", mended);
        fitting(&mut author.extra, limits::EXTRA_BYTES);
    }
    authors
}

/// References as they are kept.
pub(super) fn references(mut references: Vec<Reference>, mended: &mut Mended) -> Vec<Reference> {
    for reference in &mut references {
        tidy(&mut reference.relation, limits::WORD_BYTES);
        cut(&mut reference.author_handle, limits::WORD_BYTES);
        fitting(&mut reference.external_id, limits::EXTERNAL_ID_BYTES);
        fitting(&mut reference.author_id, limits::EXTERNAL_ID_BYTES);
        reference.url = address(reference.url.take(), "url of a reference", mended);
    }
    references
}

/// Media as they are kept; one without an address is none.
pub(super) fn media(mut media: Vec<Media>, mended: &mut Mended) -> Vec<Media> {
    media.retain_mut(|medium| match address(Some(core::mem::take(&mut medium.url)), "url of a medium", mended) {
        Some(url) => {
            medium.url = url;
            true
        }
        None => false,
    });
    for medium in &mut media {
        tidy(&mut medium.kind, limits::WORD_BYTES);
        tidy(&mut medium.role, limits::WORD_BYTES);
        for number in [&mut medium.size, &mut medium.duration_s, &mut medium.width, &mut medium.height] {
            *number = number.filter(|value| value.is_finite() && *value >= 0.0);
        }
        cut(&mut medium.alt, limits::TITLE_BYTES);
        cut(&mut medium.mime, limits::WORD_BYTES);
        medium.thumbnail_url = address(medium.thumbnail_url.take(), "thumbnail-url of a medium", mended);
        fitting(&mut medium.extra, limits::EXTRA_BYTES);
        medium.expires_at = medium.expires_at.as_deref().and_then(UtcMillis::parse_given).map(|at| at.to_string());
    }
    media
}

/// Schemes of addresses that are run, or shown as the page's own, by whatever opens them.
const NOT_OPENED: [&str; 7] = ["javascript", "vbscript", "data", "blob", "file", "filesystem", "about"];

/// An address that somebody may open: absolute (RFC 3986, section 4.3), of no scheme that is code, and not too long.
pub(super) fn address(text: Option<String>, field: &'static str, mended: &mut Mended) -> Option<String> {
    let mut text = text.filter(|text| !text.is_empty())?;
    clean(&mut text);
    if text.len() > limits::URL_BYTES {
        mended.note(field, What::TooLong, &text);
        return None;
    }
    if !is_address(&text) {
        mended.note(field, What::NoAddress, &text);
        return None;
    }
    Some(text)
}

fn is_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    // A dot is allowed in a scheme and in none that is used: it is a host whose port follows.
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-'));
    let opened = !NOT_OPENED.iter().any(|not| scheme.eq_ignore_ascii_case(not));
    named && opened && !rest.is_empty() && !text.chars().any(|c| c.is_control() || c == ' ')
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
