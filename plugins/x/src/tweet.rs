//! An element as it is read: borrowed values by field, before anybody asks what they mean.
//!
//! Owns: the values of one element, and the rules by which several values for one field become one (the longest text, any
//! of several marks of verification, the first path that has something). Must not know: which actor wrote it. Called by
//! [`crate::dataset`]; read by [`crate::rows`] and [`crate::item`].

use std::borrow::Cow;

use tidegate_plugin_kit::fields::{Map, Sink, Slot};
use tidegate_plugin_kit::json::{Malformed, Reader, Scalar, Shape};

use crate::fields::Field;
use crate::media::{self, Medium};
use crate::{limits, snowflake, text};

/// A link in the words of a post.
#[derive(Debug, Default, Clone)]
pub struct Link<'a> {
    /// As it stands in the words ("https://t.co/...").
    pub short: Scalar<'a>,
    /// Where it leads.
    pub long: Scalar<'a>,
}

/// What was read of an element.
#[derive(Debug)]
pub struct Tweet<'a> {
    plain: [Slot<'a>; Field::PLAIN],
    /// The longest of its texts, references to characters replaced.
    pub text: Option<Cow<'a, str>>,
    /// Whether the author is verified, if anything is said about it.
    pub verified: Option<bool>,
    /// Media in order.
    pub media: Vec<Medium<'a>>,
    media_rank: u8,
    /// Links in order.
    pub links: Vec<Link<'a>>,
    /// Hashtags in order.
    pub hashtags: Vec<Cow<'a, str>>,
    /// URLs of pictures, where nothing better is known.
    pub images: Vec<Cow<'a, str>>,
}

impl<'a> Tweet<'a> {
    /// Reads an element. None if it is no object.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    pub fn read(element: &'a str, map: &Map<Field>) -> Result<Option<Self>, Malformed> {
        let mut tweet = Self {
            plain: std::array::from_fn(|_| Slot::default()),
            text: None,
            verified: None,
            media: Vec::new(),
            media_rank: u8::MAX,
            links: Vec::new(),
            hashtags: Vec::new(),
            images: Vec::new(),
        };
        let object = Reader::whole(element, |reader| map.walk(reader, &mut tweet))?;
        Ok(object.then_some(tweet))
    }

    /// A plain field. Fields that are not plain are absent here.
    pub fn get(&self, field: Field) -> &Scalar<'a> {
        const NOTHING: &Scalar<'static> = &Scalar::Absent;
        self.plain.get(field as usize).map_or(NOTHING, Slot::get)
    }

    /// The text of a plain field, unless it is empty.
    pub fn filled(&self, field: Field) -> Option<&str> {
        self.get(field).filled()
    }

    /// An id: digits, not zero. Whatever else stands in the field counts as absent.
    pub fn id(&self, field: Field) -> Option<&str> {
        self.filled(field).filter(|text| snowflake::id(text).is_some())
    }

    /// The id of the post. One that came as a number beyond 2^53 may have lost its last digits on the way: the permalink
    /// knows better.
    pub fn own_id(&self) -> Option<&str> {
        let of_url = || self.filled(Field::Url).and_then(snowflake::of_url);
        match (self.get(Field::Id), self.id(Field::Id)) {
            (Scalar::Number(_), Some(id)) if snowflake::id(id) > Some(1 << 53) => of_url().or(Some(id)),
            (_, Some(id)) => Some(id),
            (_, None) => of_url(),
        }
    }

    fn read_text(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let longer =
            |known: &Option<Cow<'_, str>>, read: &str| known.as_ref().is_none_or(|known| known.len() < read.len());
        // Replacing references never makes a text longer.
        if let Scalar::Text(read) = reader.scalar()?
            && longer(&self.text, &read)
        {
            let read = text::unescape(read);
            if longer(&self.text, &read) {
                self.text = Some(read);
            }
        }
        Ok(())
    }

    fn read_links(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader
            .values(|reader, number| {
                let mut link = Link::default();
                reader.members(|reader, name| {
                    match name {
                        "url" => link.short = reader.scalar()?,
                        "expanded_url" => link.long = reader.scalar()?,
                        _ => reader.skip()?,
                    }
                    Ok(())
                })?;
                if number < limits::LINKS {
                    self.links.push(link);
                }
                Ok(())
            })
            .map(drop)
    }

    /// Hashtags: objects with `text`, or plain texts.
    fn read_hashtags(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader
            .values(|reader, _| {
                let mut tag = Scalar::Absent;
                if reader.shape()? == Shape::Object {
                    reader.members(|reader, name| {
                        match name {
                            "text" | "tag" => tag = reader.scalar()?,
                            _ => reader.skip()?,
                        }
                        Ok(())
                    })?;
                } else {
                    tag = reader.scalar()?;
                }
                if let Scalar::Text(tag) = tag
                    && self.hashtags.len() < limits::TAGS
                    && !tag.is_empty()
                {
                    self.hashtags.push(tag);
                }
                Ok(())
            })
            .map(drop)
    }

    fn read_images(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader
            .values(|reader, _| {
                match reader.scalar()? {
                    Scalar::Text(url) if !url.is_empty() && self.images.len() < limits::MEDIA => self.images.push(url),
                    _ => {}
                }
                Ok(())
            })
            .map(drop)
    }
}

impl<'a> Sink<'a, Field> for Tweet<'a> {
    fn read(&mut self, field: Field, rank: u8, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        match field {
            Field::Text => self.read_text(reader),
            Field::AuthorVerified => {
                if let Scalar::Bool(verified) = reader.scalar()? {
                    self.verified = Some(verified || self.verified == Some(true));
                }
                Ok(())
            }
            // The same media again, with less about each.
            Field::Media if rank > self.media_rank => reader.skip(),
            Field::Media => {
                let read = media::read(reader)?;
                if !read.is_empty() {
                    self.media = read;
                    self.media_rank = rank;
                }
                Ok(())
            }
            Field::Links => self.read_links(reader),
            Field::Hashtags => self.read_hashtags(reader),
            Field::Images => self.read_images(reader),
            plain => {
                let value = reader.scalar()?;
                if let Some(slot) = self.plain.get_mut(plain as usize) {
                    slot.offer(value, rank);
                }
                Ok(())
            }
        }
    }
}
