//! The media of an entry.
//!
//! Owns: enclosures, Media RSS and cover pictures as the contract's media. Called by [`super::item()`]. Enclosures come
//! first, in the order of the document; then versions (`media:content`), then pictures.

use tidegate_plugin_kit::Media;

use super::url;
use crate::limits;
use crate::model::{Field, Link, Node, Picture};

pub(super) fn of(entry: &Node) -> Vec<Media> {
    let duration = entry.fields.get(Field::Duration).and_then(seconds);
    let enclosures =
        entry.links.iter().filter(|link| link.rel == "enclosure").filter_map(|link| enclosure(link, duration));
    let contents = entry.media_contents.iter().filter_map(|p| picture(p, "content"));
    let thumbnails = entry.media_thumbnails.iter().filter_map(|p| picture(p, "thumbnail"));
    let cover = entry.image.as_deref().and_then(url).map(|url| Media::new("image", "thumbnail", url));
    enclosures.chain(contents).chain(thumbnails).chain(cover).take(limits::MEDIA).collect()
}

fn enclosure(link: &Link, duration: Option<f64>) -> Option<Media> {
    let href = url(link.href.as_deref()?)?;
    let kind = kind(link.kind.as_deref(), None, &href);
    let plays = matches!(kind, "audio" | "video");
    Some(Media {
        mime: mime(link.kind.as_deref()),
        size: number(link.length.as_deref()),
        duration_s: link.duration_s.or(duration.filter(|_| plays)),
        alt: link
            .title
            .as_deref()
            .map(crate::html::fold)
            .filter(|title| !title.is_empty() && title.len() <= limits::SHORT_BYTES),
        ..Media::new(kind, "enclosure", href)
    })
}

fn picture(picture: &Picture, role: &str) -> Option<Media> {
    let href = url(picture.url.as_deref()?)?;
    let kind =
        if role == "thumbnail" { "image" } else { kind(picture.kind.as_deref(), picture.medium.as_deref(), &href) };
    let pixels = |text: &Option<String>| {
        text.as_deref().and_then(|text| text.trim().parse::<u32>().ok()).filter(|n| *n > 0).map(f64::from)
    };
    Some(Media {
        mime: mime(picture.kind.as_deref()),
        size: number(picture.bytes.as_deref()),
        width: pixels(&picture.width),
        height: pixels(&picture.height),
        duration_s: picture.duration.as_deref().and_then(seconds),
        ..Media::new(kind, role, href)
    })
}

fn mime(given: Option<&str>) -> Option<String> {
    given.map(str::trim).filter(|mime| !mime.is_empty() && mime.len() <= limits::SHORT_BYTES).map(str::to_owned)
}

/// A size; feeds write 0 and 1 where they do not know it.
fn number(text: Option<&str>) -> Option<f64> {
    text?.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number > 1.0)
}

/// By media type, then by Media RSS's `medium`, then by the name of the file.
fn kind(mime: Option<&str>, medium: Option<&str>, url: &str) -> &'static str {
    let mime = mime.unwrap_or_default().trim().to_ascii_lowercase();
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    match (mime.split('/').next().unwrap_or_default(), medium.unwrap_or_default()) {
        ("image", _) | (_, "image") => "image",
        ("audio", _) | (_, "audio") => "audio",
        ("video", _) | (_, "video") => "video",
        ("text", _) | (_, "document") => "document",
        _ if mime == "application/pdf" => "document",
        _ => match name.as_str() {
            "jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "svg" => "image",
            "mp3" | "m4a" | "m4b" | "ogg" | "oga" | "opus" | "flac" | "wav" | "aac" => "audio",
            "mp4" | "m4v" | "mov" | "webm" | "mkv" | "ogv" | "avi" => "video",
            "pdf" | "epub" | "doc" | "docx" | "txt" => "document",
            _ => "other",
        },
    }
}

/// A duration in seconds: "3600", "60:00", "1:00:00", with a fraction at most in the last part.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    let mut total = 0.0;
    for part in parts {
        let value: f64 = part.trim().parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0)?;
        total = total * 60.0 + value;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("3600", Some(3600.0)),
            ("60:00", Some(3600.0)),
            ("1:00:00.5", Some(3600.5)),
            ("1h", None),
            ("1:2:3:4", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn kinds() {
        for (mime, medium, url, expected) in [
            (Some("Audio/mpeg"), None, "https://e.example/x", "audio"),
            (None, Some("image"), "https://e.example/x", "image"),
            (Some("application/octet-stream"), None, "https://e.example/x.MP4?y=z.jpg", "video"),
            (Some("application/pdf"), None, "https://e.example/x", "document"),
            (None, None, "https://e.example/x", "other"),
        ] {
            assert_eq!(kind(mime, medium, url), expected, "{url}");
        }
    }
}
