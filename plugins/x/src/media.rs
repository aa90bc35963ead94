//! Media of a post, in the shape of the platform's own `extended_entities` that all actors keep.
//!
//! Owns: reading them, and choosing the file: for a video the MP4 with the highest bit rate. Must not know: the post.
//! Called by [`crate::tweet`] and [`crate::item`].

use tidegate_plugin_kit::Media;
use tidegate_plugin_kit::json::{Malformed, Reader, Scalar};

use crate::limits;

/// A medium as it is read.
#[derive(Debug, Default)]
pub struct Medium<'a> {
    /// The short link that stands for it in the words.
    pub short: Scalar<'a>,
    kind: Scalar<'a>,
    picture: Scalar<'a>,
    alt: Scalar<'a>,
    width: Scalar<'a>,
    height: Scalar<'a>,
    duration_ms: Scalar<'a>,
    file: Scalar<'a>,
    bitrate: f64,
}

/// Reads a list of media.
///
/// # Errors
///
/// If it is no JSON.
pub fn read<'a>(reader: &mut Reader<'a>) -> Result<Vec<Medium<'a>>, Malformed> {
    let mut media = Vec::new();
    reader.values(|reader, _| {
        let mut medium = Medium::default();
        let object = reader.members(|reader, name| medium.member(name, reader))?;
        if object && media.len() < limits::MEDIA {
            media.push(medium);
        }
        Ok(())
    })?;
    Ok(media)
}

impl<'a> Medium<'a> {
    fn member(&mut self, name: &str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        match name {
            "type" => self.kind = reader.scalar()?,
            "media_url_https" => self.picture = reader.scalar()?,
            "url" => self.short = reader.scalar()?,
            "ext_alt_text" | "alt_text" => self.alt = reader.scalar()?,
            "original_info" => drop(reader.members(|reader, name| {
                match name {
                    "width" => self.width = reader.scalar()?,
                    "height" => self.height = reader.scalar()?,
                    _ => reader.skip()?,
                }
                Ok(())
            })?),
            "video_info" => drop(reader.members(|reader, name| match name {
                "duration_millis" => reader.scalar().map(|value| self.duration_ms = value),
                "variants" => reader.values(|reader, _| self.variant(reader)).map(drop),
                _ => reader.skip(),
            })?),
            _ => reader.skip()?,
        }
        Ok(())
    }

    fn variant(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let (mut mime, mut url, mut bitrate) = (Scalar::Absent, Scalar::Absent, Scalar::Absent);
        reader.members(|reader, name| {
            match name {
                "content_type" => mime = reader.scalar()?,
                "url" => url = reader.scalar()?,
                "bitrate" => bitrate = reader.scalar()?,
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        // Animated pictures have one file, of bit rate 0.
        let bitrate = bitrate.count().unwrap_or_default();
        let better = self.file.filled().is_none() || bitrate > self.bitrate;
        if mime.text() == Some("video/mp4") && url.filled().is_some() && better {
            self.file = url;
            self.bitrate = bitrate;
        }
        Ok(())
    }

    /// The medium as the contract has it; none if no URL is known.
    pub fn to_media(&self) -> Option<Media> {
        let picture = self.picture.filled();
        let moving = match self.kind.text() {
            Some("video") => Some("video"),
            Some("animated_gif") => Some("animated-gif"),
            _ => None,
        };
        let mut media = match (moving, self.file.filled(), picture) {
            (Some(kind), Some(file), picture) => Media {
                mime: Some("video/mp4".to_owned()),
                thumbnail_url: picture.map(str::to_owned),
                ..Media::new(kind, "attached", file)
            },
            // The still is all that came.
            (Some(_), None, Some(still)) => Media::new("image", "thumbnail", still),
            (None, _, Some(picture)) => Media::new("image", "attached", picture),
            (_, _, None) => return None,
        };
        media.width = self.width.count().filter(|pixels| *pixels > 0.0);
        media.height = self.height.count().filter(|pixels| *pixels > 0.0);
        media.duration_s = moving.and_then(|_| self.duration_ms.count()).map(|milliseconds| milliseconds / 1_000.0);
        media.alt = self.alt.filled().map(str::to_owned);
        Some(media)
    }
}
