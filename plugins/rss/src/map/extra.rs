//! What feeds have beyond the contract's fields, as JSON.
//!
//! Owns: the names in `data` of items and in `extra` of batches. Called by [`super::item()`] and [`crate::answer`]. The names are part of
//! what users see (`README.md` lists them).

use serde_json::{Map, Value, json};

use super::media;
use crate::html;
use crate::limits;
use crate::model::{Feed, Field, Node, Person};

fn put(object: &mut Map<String, Value>, name: &str, value: Option<String>) {
    if let Some(value) = value.filter(|value| !value.is_empty() && value.len() <= limits::SHORT_BYTES) {
        object.insert(name.to_owned(), Value::String(value));
    }
}

fn write(object: Map<String, Value>) -> Option<String> {
    (!object.is_empty()).then(|| Value::Object(object).to_string())
}

/// `data` of an item; none if there is nothing to say.
pub(super) fn of_item(entry: &Node) -> Option<String> {
    let mut extra = Map::new();
    for (name, field) in [
        ("comments_feed", Field::CommentsFeed),
        ("episode", Field::Episode),
        ("episode_type", Field::EpisodeType),
        ("explicit", Field::Explicit),
        ("season", Field::Season),
        ("source_title", Field::SourceTitle),
        ("podcast_title", Field::PodcastTitle),
    ] {
        put(&mut extra, name, entry.fields.get(field).map(html::fold));
    }
    if let Some(seconds) = entry.fields.get(Field::Duration).and_then(media::seconds) {
        extra.insert("duration_s".to_owned(), json!(seconds));
    }
    if entry.id_is_link == Some(false) {
        extra.insert("guid_is_permalink".to_owned(), Value::Bool(false));
    }
    // A date that could not be read is kept as written, for the person who wonders where it went.
    for (name, stamp) in [("published_raw", &entry.published), ("updated_raw", &entry.updated)] {
        let unread = stamp.as_ref().filter(|stamp| stamp.utc.is_none());
        put(&mut extra, name, unread.map(|stamp| html::fold(&stamp.raw)));
    }
    let names: Vec<String> =
        entry.contributors.iter().filter_map(|person| person.name.clone()).filter(|n| !n.is_empty()).collect();
    if !names.is_empty() {
        extra.insert("contributors".to_owned(), json!(names));
    }
    write(extra).filter(|written| written.len() <= 64 * 1_024)
}

/// `extra` of a batch: what the document is, and what the feed says beyond the facts.
pub fn of_batch(feed: &Feed, encoding: &str, next: Option<&str>) -> Option<String> {
    let about = &feed.about;
    let mut extra = Map::new();
    extra.insert("format".to_owned(), json!(feed.format.name()));
    extra.insert("encoding".to_owned(), json!(encoding));
    extra.insert("damaged".to_owned(), json!(feed.damage.is_some()));
    put(&mut extra, "updated", about.updated.as_ref().or(about.published.as_ref()).and_then(|stamp| stamp.utc.clone()));
    put(
        &mut extra,
        "author",
        about.author.clone().or_else(|| about.authors.first().and_then(|person| person.name.clone())),
    );
    people(&mut extra, "author", about.authors.last());
    people(&mut extra, "publisher", about.publisher.as_ref());
    put(&mut extra, "generator", about.fields.get(Field::Generator).map(html::fold));
    put(&mut extra, "podcast_type", about.fields.get(Field::PodcastType).map(html::fold));
    put(&mut extra, "explicit", about.fields.get(Field::Explicit).map(html::fold));
    put(&mut extra, "next", next.map(str::to_owned));
    let tags: Vec<&str> = about.tags.iter().filter_map(|tag| tag.term.as_deref()).take(limits::TAGS).collect();
    if !tags.is_empty() {
        extra.insert("tags".to_owned(), json!(tags));
    }
    write(extra)
}

fn people(extra: &mut Map<String, Value>, role: &str, person: Option<&Person>) {
    put(extra, &format!("{role}_name"), person.and_then(|person| person.name.clone()));
    put(extra, &format!("{role}_email"), person.and_then(|person| person.email.clone()));
}
