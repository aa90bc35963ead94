//! What an entry costs in memory.
//!
//! Owns: the estimate. Must not know: how an entry is read, or how much there is (`limits`). Called by [`crate::reader`] and
//! [`crate::json`] for each entry they keep, as a page of ten megabytes may hold any number of small things that are each
//! kept in many more bytes than they are written in.

use std::rc::Rc;

use crate::model::{Link, Node, Person, Picture, Stamp, Tag, Text};

/// Bytes that an allocation takes beside its own.
const OVERHEAD: usize = 16;

/// Bytes of a node with all it holds. A text that stands in it twice counts once.
pub fn of(node: &Node) -> usize {
    let texts = node.title.iter().chain(&node.summary).chain(&node.contents);
    let stamps = node.published.iter().chain(&node.updated);
    let short = [&node.id, &node.link, &node.author, &node.language, &node.image];
    size_of::<Node>()
        + node.contents.capacity() * size_of::<Text>()
        + texts.map(text).sum::<usize>()
        + stamps.map(stamp).sum::<usize>()
        + short.map(string).iter().sum::<usize>()
        + list(&node.links, link)
        + list(&node.authors, person)
        + list(&node.contributors, person)
        + node.publisher.as_ref().map_or(0, person)
        + list(&node.tags, tag)
        + list(&node.media_contents, picture)
        + list(&node.media_thumbnails, picture)
        + node.fields.weight()
}

/// Bytes of a text of its own.
pub fn string(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, |text| text.capacity() + OVERHEAD)
}

fn list<T>(list: &Vec<T>, each: fn(&T) -> usize) -> usize {
    list.capacity() * size_of::<T>() + list.iter().map(each).sum::<usize>()
}

fn text(text: &Text) -> usize {
    (text.value.len() + OVERHEAD) / Rc::strong_count(&text.value).max(1)
}

fn stamp(stamp: &Stamp) -> usize {
    string(&stamp.utc) + stamp.raw.capacity() + OVERHEAD
}

fn link(link: &Link) -> usize {
    [&link.href, &link.kind, &link.length, &link.title].map(string).iter().sum::<usize>()
        + link.rel.capacity()
        + OVERHEAD
}

fn person(person: &Person) -> usize {
    [&person.name, &person.email, &person.url].map(string).iter().sum()
}

fn tag(tag: &Tag) -> usize {
    [&tag.term, &tag.scheme, &tag.label].map(string).iter().sum()
}

fn picture(picture: &Picture) -> usize {
    let Picture { url, kind, medium, width, height, bytes, duration } = picture;
    [url, kind, medium, width, height, bytes, duration].map(string).iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Field, Markup};

    #[test]
    fn what_stands_in_an_entry_counts() {
        let empty = of(&Node::default());
        assert_eq!(empty, size_of::<Node>());
        let value: Rc<str> = Rc::from("x".repeat(1_000));
        let text = Text { value, markup: Markup::Plain, base: Rc::from("") };
        let mut node = Node { summary: Some(text.clone()), contents: vec![text], ..Node::default() };
        let twice = of(&node) - empty;
        assert!((1_000..1_200).contains(&twice), "{twice}");
        node.links.extend((0..10).map(|_| Link { href: Some("x".repeat(100)), ..Link::default() }));
        node.fields.add(Field::Season, "x".repeat(500));
        assert!(of(&node) - empty > twice + 1_500 + 10 * size_of::<Link>());
    }
}
