//! An element as it is read: borrowed values by field, before anybody asks what they mean.
//!
//! Owns: the values of one element, and its identity. Must not know: which actor wrote it. Called by [`crate::dataset`];
//! read by [`crate::rows`], [`crate::item`] and [`crate::profile`].

use std::borrow::Cow;

use tidegate_plugin_kit::fields::{Map, Sink, Slot};
use tidegate_plugin_kit::json::{Malformed, Reader, Scalar, Shape};

use crate::fields::Field;
use crate::media::{self, Medium};
use crate::{limits, shortcode};

/// What was read of an element.
pub struct Post<'a, 'm> {
    map: &'m Map<Field>,
    plain: [Slot<'a>; Field::PLAIN],
    /// The parts of an album, in order.
    pub children: Vec<Medium<'a>>,
    /// The pictures of an album, in order.
    pub images: Vec<Cow<'a, str>>,
    /// Hashtags in order.
    pub hashtags: Vec<Cow<'a, str>>,
    /// Handles of those who published it too.
    pub coauthors: Vec<Cow<'a, str>>,
    /// Whether it is pinned to somebody's page.
    pub pinned: bool,
    /// How many of the actor's requests went wrong.
    pub request_errors: u32,
    /// The posts that came with a profile.
    pub latest: Vec<Self>,
    /// Whether a list of such posts is there.
    pub has_latest: bool,
    nested: bool,
}

impl<'a, 'm> Post<'a, 'm> {
    /// Reads an element. None if it is no object.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    pub fn read(element: &'a str, map: &'m Map<Field>) -> Result<Option<Self>, Malformed> {
        let mut post = Self::empty(map, false);
        let object = Reader::whole(element, |reader| map.walk(reader, &mut post))?;
        Ok(object.then_some(post))
    }

    fn empty(map: &'m Map<Field>, nested: bool) -> Self {
        Self {
            map,
            plain: std::array::from_fn(|_| Slot::default()),
            children: Vec::new(),
            images: Vec::new(),
            hashtags: Vec::new(),
            coauthors: Vec::new(),
            pinned: false,
            request_errors: 0,
            latest: Vec::new(),
            has_latest: false,
            nested,
        }
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

    /// A handle, in lower case.
    pub fn handle(&self, field: Field) -> Option<String> {
        self.filled(field).map(str::to_ascii_lowercase)
    }

    /// The id and the short code of the post: each from its own field, else from the other, else from the permalink. An id
    /// that came as a number beyond 2^53 may have lost its last digits on the way: the short code knows better.
    pub fn identity(&self) -> Option<(String, String)> {
        let code = self.filled(Field::ShortCode).filter(|code| shortcode::to_id(code).is_some_and(|id| id > 0));
        let code = code.or_else(|| self.filled(Field::Url).and_then(shortcode::of_url));
        let mut id = self.filled(Field::Id).and_then(shortcode::id);
        let decoded = code.and_then(shortcode::to_id);
        if decoded.is_some() && matches!(self.get(Field::Id), Scalar::Number(_)) && id > Some(1 << 53) {
            id = decoded;
        }
        let id = id.or(decoded)?;
        Some((id.to_string(), code.map_or_else(|| shortcode::of_id(id), str::to_owned)))
    }

    fn read_children(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader
            .values(|reader, _| {
                if let Some(child) = media::read(reader)?
                    && self.children.len() < limits::MEDIA
                {
                    self.children.push(child);
                }
                Ok(())
            })
            .map(drop)
    }

    fn read_coauthors(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        reader
            .values(|reader, _| {
                let mut handle = Scalar::Absent;
                if reader.shape()? == Shape::Object {
                    reader.members(|reader, name| match name {
                        "username" => reader.scalar().map(|value| handle = value),
                        _ => reader.skip(),
                    })?;
                } else {
                    handle = reader.scalar()?;
                }
                if let Scalar::Text(handle) = handle
                    && self.coauthors.len() < limits::COAUTHORS
                {
                    self.coauthors.push(handle);
                }
                Ok(())
            })
            .map(drop)
    }

    fn read_latest(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let map = self.map;
        self.has_latest |= reader.shape()? == Shape::Array;
        reader
            .values(|reader, _| {
                let mut post = Post::empty(map, true);
                map.walk(reader, &mut post)?;
                if self.latest.len() < limits::MEDIA {
                    self.latest.push(post);
                }
                Ok(())
            })
            .map(drop)
    }

    /// Texts of a list; an object in it counts by its `url`.
    fn read_texts(reader: &mut Reader<'a>, most: usize) -> Result<Vec<Cow<'a, str>>, Malformed> {
        let mut texts = Vec::new();
        reader.values(|reader, _| {
            let mut value = Scalar::Absent;
            if reader.shape()? == Shape::Object {
                reader.members(|reader, name| match name {
                    "url" | "name" => reader.scalar().map(|read| value = read),
                    _ => reader.skip(),
                })?;
            } else {
                value = reader.scalar()?;
            }
            match value {
                Scalar::Text(text) if !text.is_empty() && texts.len() < most => texts.push(text),
                _ => {}
            }
            Ok(())
        })?;
        Ok(texts)
    }
}

impl<'a> Sink<'a, Field> for Post<'a, '_> {
    fn read(&mut self, field: Field, rank: u8, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        match field {
            Field::Children => self.read_children(reader),
            Field::Coauthors => self.read_coauthors(reader),
            Field::Images => Self::read_texts(reader, limits::MEDIA).map(|images| self.images = images),
            Field::Hashtags => Self::read_texts(reader, limits::TAGS).map(|tags| self.hashtags = tags),
            Field::PinnedFor => {
                let mut any = false;
                reader.values(|reader, _| {
                    any = true;
                    reader.skip()
                })?;
                self.pinned |= any;
                Ok(())
            }
            Field::RequestErrors => {
                let errors = Self::read_texts(reader, limits::MEDIA)?.len();
                self.request_errors = u32::try_from(errors).unwrap_or(u32::MAX);
                Ok(())
            }
            // Not again within a post that came with a profile.
            Field::LatestPosts if self.nested => reader.skip(),
            Field::LatestPosts => self.read_latest(reader),
            plain => {
                let value = reader.scalar()?;
                if let Some(slot) = self.plain.get_mut(plain as usize) {
                    slot.offer(value, rank);
                }
                if plain == Field::IsPinned {
                    self.pinned = self.get(Field::IsPinned).is_true();
                }
                Ok(())
            }
        }
    }
}
