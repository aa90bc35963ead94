//! Media of a post.
//!
//! Owns: the parts of an album as actors write them (both styles of names), the choice of a file, and when a signed URL
//! stops working. Must not know: the post. Called by [`crate::post`] and [`crate::item`].

use tidegate_plugin_kit::Media;
use tidegate_plugin_kit::json::{Malformed, Reader, Scalar};
use tidegate_plugin_kit::moment::Moment;

/// A picture or video with what is known of it; the parts of an album and single posts alike.
#[derive(Debug, Default)]
pub struct Medium<'a> {
    /// The picture, or the still of a video.
    pub image: Scalar<'a>,
    /// The video.
    pub video: Scalar<'a>,
    /// Seconds.
    pub duration: Scalar<'a>,
    /// Pixels.
    pub width: Scalar<'a>,
    /// Pixels.
    pub height: Scalar<'a>,
    /// What can be seen.
    pub alt: Scalar<'a>,
    /// Whether it is known to be a video.
    pub moving: bool,
}

/// Reads a part of an album.
///
/// # Errors
///
/// If it is no JSON.
pub fn read<'a>(reader: &mut Reader<'a>) -> Result<Option<Medium<'a>>, Malformed> {
    let mut medium = Medium::default();
    let mut kind = Scalar::Absent;
    let object = reader.members(|reader, name| {
        let place = match name {
            "type" | "media_type" => &mut kind,
            "displayUrl" | "display_url" | "image_url" => &mut medium.image,
            "videoUrl" | "video_url" => &mut medium.video,
            "videoDuration" | "video_duration" => &mut medium.duration,
            "dimensionsWidth" | "original_width" => &mut medium.width,
            "dimensionsHeight" | "original_height" => &mut medium.height,
            "alt" | "accessibility_caption" => &mut medium.alt,
            "image_versions2" => {
                return reader
                    .members(|reader, name| match name {
                        "candidates" => first_url(reader, &mut medium.image),
                        _ => reader.skip(),
                    })
                    .map(drop);
            }
            "video_versions" => return first_url(reader, &mut medium.video),
            _ => return reader.skip(),
        };
        // A null that stands beside another name for the same must not take its value away.
        let value = reader.scalar()?;
        if value != Scalar::Absent {
            *place = value;
        }
        Ok(())
    })?;
    medium.moving = is_video(kind.text());
    Ok(object.then_some(medium))
}

/// The URL of the first of several sizes: the largest stands first.
fn first_url<'a>(reader: &mut Reader<'a>, place: &mut Scalar<'a>) -> Result<(), Malformed> {
    reader
        .values(|reader, number| {
            if number > 0 {
                return reader.skip();
            }
            reader
                .members(|reader, name| match name {
                    "url" => reader.scalar().map(|url| *place = url),
                    _ => reader.skip(),
                })
                .map(drop)
        })
        .map(drop)
}

/// Whether a type means a video: a word, or the number of the platform's own interface.
pub fn is_video(kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| {
        ["video", "graphvideo", "clips", "reel", "2"].iter().any(|known| kind.eq_ignore_ascii_case(known))
    })
}

/// Whether a type means an album.
pub fn is_album(kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| {
        ["sidecar", "graphsidecar", "carousel", "album", "8"].iter().any(|known| kind.eq_ignore_ascii_case(known))
    })
}

/// Whether a type means a picture.
pub fn is_image(kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| ["image", "graphimage", "photo", "1"].iter().any(|known| kind.eq_ignore_ascii_case(known)))
}

impl Medium<'_> {
    /// The medium as the contract has it; none if no URL is known. A video without its file is its still.
    pub fn to_media(&self) -> Option<Media> {
        let mut media = match (self.video.filled(), self.image.filled()) {
            (Some(video), still) => {
                Media { thumbnail_url: still.map(str::to_owned), ..attached("video", "attached", video) }
            }
            (None, Some(still)) if self.moving => attached("image", "thumbnail", still),
            (None, Some(picture)) => attached("image", "attached", picture),
            (None, None) => return None,
        };
        media.width = self.width.count().filter(|pixels| *pixels > 0.0);
        media.height = self.height.count().filter(|pixels| *pixels > 0.0);
        if self.video.filled().is_some() || self.moving {
            media.duration_s = self.duration.count().filter(|seconds| *seconds > 0.0);
        }
        media.alt = self.alt.filled().map(str::to_owned);
        Some(media)
    }
}

/// A medium at a signed URL.
pub fn attached(kind: &str, role: &str, url: &str) -> Media {
    Media { expires_at: expiry(url).and_then(Moment::to_rfc3339), ..Media::new(kind, role, url) }
}

/// When a signed URL stops working: the parameter `oe`, seconds since 1970 in hexadecimal.
pub fn expiry(url: &str) -> Option<Moment> {
    let (_, query) = url.split_once('?')?;
    let signed = query.split('&').find_map(|parameter| parameter.strip_prefix("oe="))?;
    let plain = (6..=9).contains(&signed.len()) && signed.bytes().all(|byte| byte.is_ascii_hexdigit());
    let seconds = plain.then(|| i64::from_str_radix(signed, 16).ok()).flatten()?;
    Some(Moment(seconds * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_urls_say_when_they_end() {
        for (url, ends) in [
            ("https://cdn.example/a.jpg?stp=x&oe=6A84A079&_nc=1", Some("2026-08-18T18:12:09Z")),
            ("https://cdn.example/a.jpg?oe=zz", None),
            ("https://cdn.example/a.jpg?foe=6A84A079", None),
            ("https://cdn.example/oe=6A84A079", None),
            ("https://cdn.example/a.jpg?oe=6A84A0796A84A079", None),
        ] {
            assert_eq!(expiry(url).and_then(Moment::to_rfc3339).as_deref(), ends, "{url}");
        }
    }
}
