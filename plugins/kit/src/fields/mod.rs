//! Field maps: from the names an actor gives to its fields to those of a plugin.
//!
//! Owns: a map as data (fields with the paths where their values may stand), and the walk over an element that hands each
//! value found to the plugin. A path is member names joined by `.`; a number steps into an array (`images.0.url`). Of
//! several paths of one field the first that has a value counts. Must not know: any platform, which fields there are.
//! Called by plugins whose platform is read through several actors. A profile's own paths: [`FieldMap`].

mod names;
mod own;

use std::fmt;

pub use own::{FieldMap, Mapped, Paths};

use names::Names;

use crate::json::{Malformed, Reader, Scalar, Shape};

/// The most steps of a path; no actor nests what a plugin wants deeper.
pub const PATH_STEPS: usize = 8;

/// Takes the values of an element.
pub trait Sink<'a, F> {
    /// The value of `field` comes next and has to be consumed. `rank` is the number of its path among those of the field,
    /// from 0; a lower one counts more.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    fn read(&mut self, field: F, rank: u8, reader: &mut Reader<'a>) -> Result<(), Malformed>;
}

/// A field map, ready to be walked with.
pub struct Map<F> {
    nodes: Vec<Node<F>>,
}

/// What is known of one object: its names, and what each leads to.
struct Node<F> {
    names: Names,
    entries: Vec<Entry<F>>,
    array: bool,
}

struct Entry<F> {
    leaf: Option<(F, u8)>,
    below: Option<usize>,
}

impl<F> fmt::Debug for Map<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({} objects)", self.nodes.len())
    }
}

impl<F> Node<F> {
    fn new() -> Self {
        Self { names: Names::new(), entries: Vec::new(), array: false }
    }

    #[inline]
    fn find(&self, name: &str) -> Option<&Entry<F>> {
        self.entries.get(self.names.find(name)?)
    }
}

impl<F: Copy> Map<F> {
    /// A map of these fields, each with its paths, the most trusted first. Steps beyond [`PATH_STEPS`] are left out.
    pub fn new<'p, P: AsRef<str> + 'p>(fields: impl IntoIterator<Item = (F, &'p [P])>) -> Self {
        let mut map = Self { nodes: vec![Node::new()] };
        for (field, paths) in fields {
            for (rank, path) in paths.iter().enumerate() {
                map.add(field, u8::try_from(rank).unwrap_or(u8::MAX), path.as_ref());
            }
        }
        map
    }

    fn add(&mut self, field: F, rank: u8, path: &str) {
        let steps: Vec<&str> = path.split('.').take(PATH_STEPS).collect();
        let mut at = 0;
        for (number, step) in steps.iter().enumerate() {
            let next = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else { return };
            node.array |= step.bytes().all(|byte| byte.is_ascii_digit());
            let place = node.names.number(step);
            if place == node.entries.len() {
                node.entries.push(Entry { leaf: None, below: None });
            }
            let Some(entry) = node.entries.get_mut(place) else { return };
            if number + 1 == steps.len() {
                entry.leaf = Some((field, rank));
            } else {
                at = *entry.below.get_or_insert(next);
                if at == next {
                    self.nodes.push(Node::new());
                }
            }
        }
    }

    /// Walks over the element that comes next, and hands each value found to `sink`. False if it is no object.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    pub fn walk<'a>(&self, reader: &mut Reader<'a>, sink: &mut impl Sink<'a, F>) -> Result<bool, Malformed> {
        match self.nodes.first() {
            Some(root) => self.object(root, reader, sink),
            None => reader.skip().map(|()| false),
        }
    }

    fn object<'a>(
        &self,
        node: &Node<F>,
        reader: &mut Reader<'a>,
        sink: &mut impl Sink<'a, F>,
    ) -> Result<bool, Malformed> {
        reader.members(|reader, name| match node.find(name) {
            Some(entry) => self.value(entry, reader, sink),
            None => reader.skip(),
        })
    }

    fn value<'a>(
        &self,
        entry: &Entry<F>,
        reader: &mut Reader<'a>,
        sink: &mut impl Sink<'a, F>,
    ) -> Result<(), Malformed> {
        let below = entry.below.and_then(|below| self.nodes.get(below));
        match (below, entry.leaf) {
            (Some(node), _) if reader.shape()? == Shape::Object => self.object(node, reader, sink).map(drop),
            (Some(node), _) if node.array && reader.shape()? == Shape::Array => reader
                .values(|reader, number| match node.find(&number.to_string()) {
                    Some(entry) => self.value(entry, reader, sink),
                    None => reader.skip(),
                })
                .map(drop),
            (_, Some((field, rank))) => sink.read(field, rank, reader),
            (_, None) => reader.skip(),
        }
    }
}

/// A value with the rank of the path it came from.
#[derive(Debug, Clone, Default)]
pub struct Slot<'a> {
    value: Scalar<'a>,
    rank: u8,
}

impl<'a> Slot<'a> {
    /// Takes a value that came by a path of `rank`. One that says nothing never replaces one that does; of two that come by
    /// the same path (a member that stands twice) the last counts.
    pub fn offer(&mut self, value: Scalar<'a>, rank: u8) {
        let empty = |value: &Scalar<'a>| match value {
            Scalar::Absent => true,
            Scalar::Text(text) => text.is_empty(),
            Scalar::Number(_) | Scalar::Bool(_) => false,
        };
        let replaces =
            if empty(&self.value) { !matches!(value, Scalar::Absent) } else { !empty(&value) && rank <= self.rank };
        if replaces {
            self.value = value;
            self.rank = rank;
        }
    }

    /// The value.
    pub const fn get(&self) -> &Scalar<'a> {
        &self.value
    }
}

#[cfg(test)]
mod tests;
