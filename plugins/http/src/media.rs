//! Media of a record.
//!
//! Owns: the rules for them, and what sort a file is. Must not know: the rest of an item. Called by [`crate::item`].

use tidegate_plugin_kit::Media;
use tidegate_plugin_kit::text::cut;

use crate::json::Value;
use crate::pointer::Pointer;
use crate::{limits, url};

/// Where media stand in a record; every pointer but the first is relative to one medium.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MediaRule {
    /// One medium, or a list of them. "": the record itself.
    pub each: Pointer,
    /// Its URL. "": the medium is nothing but its URL.
    pub url: Pointer,
    /// What it is; "": told by its MIME type or the end of its URL.
    pub kind: String,
    /// What part it plays.
    pub role: String,
    /// MIME type.
    pub mime: Option<Pointer>,
    /// Description.
    pub alt: Option<Pointer>,
    /// URL of a small picture.
    pub thumbnail: Option<Pointer>,
    /// Pixels.
    pub width: Option<Pointer>,
    /// Pixels.
    pub height: Option<Pointer>,
    /// Seconds.
    pub duration_s: Option<Pointer>,
    /// Bytes.
    pub size: Option<Pointer>,
}

impl MediaRule {
    /// The media it finds; URLs are relative to `base`.
    pub fn media(&self, record: &Value<'_>, base: &str) -> Vec<Media> {
        let found = self.each.all(record).into_iter();
        let each = found.flat_map(|value| if matches!(value, Value::Array(_)) { value.each() } else { vec![value] });
        each.filter_map(|medium| self.medium(medium, base)).take(limits::MEDIA).collect()
    }

    fn medium(&self, value: &Value<'_>, base: &str) -> Option<Media> {
        let text = |pointer: &Option<Pointer>| {
            pointer.as_ref()?.all(value).into_iter().find_map(Value::text).map(str::to_owned)
        };
        let number = |pointer: &Option<Pointer>| {
            pointer.as_ref()?.all(value).into_iter().find_map(Value::number).filter(|number| *number >= 0.0)
        };
        let place = self.url.all(value).into_iter().find_map(Value::text)?;
        let place = url::for_item(base, place.trim())?;
        let mime = text(&self.mime).filter(|mime| mime.len() <= limits::WORD_BYTES);
        let kind = if self.kind.is_empty() { kind_of(mime.as_deref(), &place) } else { &self.kind };
        Some(Media {
            thumbnail_url: text(&self.thumbnail).and_then(|url| url::for_item(base, url.trim())),
            alt: text(&self.alt).map(|alt| cut(alt, limits::TITLE_BYTES)),
            width: number(&self.width),
            height: number(&self.height),
            duration_s: number(&self.duration_s),
            size: number(&self.size),
            mime,
            ..Media::new(kind, &self.role, place.clone())
        })
    }
}

/// What a file is, by its MIME type, else by the end of its name.
pub fn kind_of(mime: Option<&str>, url: &str) -> &'static str {
    const ENDS: [(&str, &str); 14] = [
        (".jpg", "image"),
        (".jpeg", "image"),
        (".png", "image"),
        (".gif", "image"),
        (".webp", "image"),
        (".avif", "image"),
        (".svg", "image"),
        (".mp4", "video"),
        (".webm", "video"),
        (".mov", "video"),
        (".mp3", "audio"),
        (".m4a", "audio"),
        (".ogg", "audio"),
        (".pdf", "document"),
    ];
    let mime = mime.unwrap_or_default().to_ascii_lowercase();
    for sort in ["image", "video", "audio"] {
        if mime.starts_with(sort) {
            return sort;
        }
    }
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    ENDS.iter()
        .find(|(end, _)| path.ends_with(end))
        .map_or(if mime.is_empty() { "image" } else { "document" }, |(_, sort)| sort)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_of_a_list() {
        let text = r#"{"files":[{"u":"/a.mp4","m":"video/mp4","w":640,"d":"12.5"},{"u":"javascript:x"},{"x":1},{"u":"b.png","m":null}]}"#;
        let record = Value::parse(text).unwrap_or(Value::Null);
        let at = |text: &str| Pointer::parse(text).ok();
        let rule = MediaRule {
            each: at("/files").unwrap_or_default(),
            url: at("/u").unwrap_or_default(),
            role: "attached".to_owned(),
            mime: at("/m"),
            width: at("/w"),
            duration_s: at("/d"),
            ..MediaRule::default()
        };
        let media = rule.media(&record, "https://e.example/x/");
        let brief: Vec<_> =
            media.iter().map(|one| (one.kind.as_str(), one.url.as_str(), one.width, one.duration_s)).collect();
        assert_eq!(
            brief,
            [
                ("video", "https://e.example/a.mp4", Some(640.0), Some(12.5)),
                ("image", "https://e.example/x/b.png", None, None)
            ]
        );
    }
}
