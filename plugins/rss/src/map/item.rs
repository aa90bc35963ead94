//! One entry as an item.
//!
//! Owns: titles, texts, dates, people, references, tags. Called by [`crate::answer`] for each entry in order.

use tidegate_plugin_kit::text::{Room, cut, filled};
use tidegate_plugin_kit::{Author, Item, Metric, Reference};

use super::{extra, identity, line, media, url};
use crate::html;
use crate::limits;
use crate::model::{Field, Format, Markup, Node, Person, Stamp, Text};

/// The item of an entry; `element` is its number in the document.
pub fn item(entry: &Node, element: u32, format: Format, room: &mut Room) -> Item {
    let mut item = Item::new(element, identity::external_id(entry));
    item.url = room.take(link(entry));
    item.title = room.take(entry.title.as_ref().and_then(|title| line(title, limits::TITLE_BYTES)));
    texts(entry, &mut item, room);
    item.authors = entry.authors.iter().filter_map(author).collect();
    item.authors.dedup();
    room.fit(&mut item.authors, |author| {
        let texts = [&author.name, &author.url, &author.extra];
        texts.into_iter().flatten().map(String::len).sum::<usize>() + limits::RECORD_BYTES
    });
    (item.published_at, item.updated_at) = dates(entry, format);
    item.language = entry.language.clone().filter(|language| language.len() <= 64);
    item.media = media::of(entry);
    item.kind = kind(&item).to_owned();
    room.fit(&mut item.media, |medium| {
        let texts = [&medium.mime, &medium.alt];
        medium.url.len() + texts.into_iter().flatten().map(String::len).sum::<usize>() + limits::RECORD_BYTES
    });
    item.references = references(entry);
    room.fit(&mut item.references, |reference| {
        let texts = [&reference.external_id, &reference.url];
        texts.into_iter().flatten().map(String::len).sum::<usize>() + limits::RECORD_BYTES
    });
    item.tags = tags(entry);
    room.fit(&mut item.tags, |tag| tag.len() + limits::TAG_BYTES);
    if let Some(count) = entry.fields.get(Field::CommentsCount).and_then(|count| count.trim().parse::<u32>().ok()) {
        item.metrics.push(Metric { name: "comments".to_owned(), value: f64::from(count) });
    }
    item.data = room.take(extra::of_item(entry));
    item
}

fn link(entry: &Node) -> Option<String> {
    let alternates = entry.links.iter().filter(|link| link.rel == "alternate").filter_map(|link| link.href.as_deref());
    entry.link.as_deref().and_then(url).or_else(|| alternates.map(url).find_map(|found| found))
}

/// The full text is the first content, else the summary; a summary beside a content is the item's summary.
fn texts(entry: &Node, item: &mut Item, room: &mut Room) {
    let full = entry.contents.first().or(entry.summary.as_ref());
    if let Some(full) = full {
        let (markup, text) = body(full, room);
        item.text = room.take(filled(cut(text, limits::TEXT_BYTES)));
        item.html = room.take(markup.filter(|html| !html.is_empty() && html.len() <= limits::HTML_BYTES));
    }
    if let (Some(content), Some(summary)) = (entry.contents.first(), &entry.summary)
        && content != summary
    {
        let summary = filled(cut(words(summary), limits::SUMMARY_BYTES));
        item.summary = room.take(summary.filter(|summary| item.text.as_ref() != Some(summary)));
    }
}

/// A text as HTML, if it is any, and as plain text.
fn body(text: &Text, room: &mut Room) -> (Option<String>, String) {
    match text.markup {
        Markup::Plain => (None, html::lines(&text.value)),
        Markup::Html => {
            let clean = html::clean_for(&text.value, &text.base, room);
            (Some(clean.html), clean.text)
        }
    }
}

/// A text as plain text alone.
fn words(text: &Text) -> String {
    match text.markup {
        Markup::Plain => html::lines(&text.value),
        Markup::Html => html::clean_within(&text.value, &text.base, 0).text,
    }
}

fn author(person: &Person) -> Option<Author> {
    let short = |text: &Option<String>| {
        text.as_deref().map(html::fold).and_then(filled).map(|text| cut(text, limits::SHORT_BYTES))
    };
    let author = Author {
        name: short(&person.name),
        url: person.url.as_deref().and_then(url),
        extra: short(&person.email).map(|email| serde_json::json!({ "email": email }).to_string()),
        ..Author::unknown()
    };
    (author != Author::unknown()).then_some(author)
}

/// Publication and change. In RSS the only other date there is (`dc:date`) is the time of publication.
fn dates(entry: &Node, format: Format) -> (Option<String>, Option<String>) {
    let utc = |stamp: &Option<Stamp>| stamp.as_ref().and_then(|stamp| stamp.utc.clone());
    match (utc(&entry.published), utc(&entry.updated)) {
        (None, Some(updated)) if format.is_rss() => (Some(updated), None),
        dates => dates,
    }
}

/// "episode" for what is to be heard or seen, else "article".
fn kind(item: &Item) -> &'static str {
    let plays = |medium: &tidegate_plugin_kit::Media| {
        medium.role == "enclosure" && matches!(medium.kind.as_str(), "audio" | "video")
    };
    if item.media.iter().any(plays) { "episode" } else { "article" }
}

fn references(entry: &Node) -> Vec<Reference> {
    let mut found = Vec::new();
    let field = |field| entry.fields.get(field);
    if let Some(comments) = field(Field::Comments).and_then(url) {
        found.push(Reference::to_url("comments", comments));
    }
    if field(Field::InReplyTo).is_some() || field(Field::InReplyToUrl).is_some() {
        found.push(Reference {
            external_id: field(Field::InReplyTo)
                .filter(|id| !id.is_empty() && id.len() <= limits::EXTERNAL_ID_BYTES)
                .map(str::to_owned),
            url: field(Field::InReplyToUrl).and_then(url),
            ..Reference::new("in-reply-to")
        });
    }
    let via = entry.links.iter().filter(|link| link.rel == "via").filter_map(|link| link.href.as_deref());
    for source in via.chain(field(Field::SourceUrl)).filter_map(url) {
        found.push(Reference::to_url("via", source));
    }
    found.truncate(limits::REFERENCES);
    found
}

fn tags(entry: &Node) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in &entry.tags {
        let Some(term) = tag.term.as_deref().or(tag.label.as_deref()).map(html::fold) else { continue };
        if !term.is_empty() && term.len() <= limits::WORD_BYTES && tags.len() < limits::TAGS && !tags.contains(&term) {
            tags.push(term);
        }
    }
    tags
}
