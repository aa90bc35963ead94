//! From a record to an item.
//!
//! Owns: cleaning what the fields give, and the contract's limits. Must not know: where records stand. Called by
//! [`crate::answer`] for each record in order.

use tidegate_plugin_kit::json::quote;
use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::text::{Room, cut, filled};
use tidegate_plugin_kit::{Author, Item, Media, Metric, Reference, html};

use crate::json::Value;
use crate::settings::Settings;
use crate::{limits, media, times, url};

/// The item of a record. `base`: the URL that answered.
///
/// # Errors
///
/// Why it cannot be one.
pub fn of(record: &Value<'_>, element: u32, settings: &Settings, base: &str, room: &mut Room) -> Result<Item, String> {
    let fields = &settings.fields;
    let Some(id) = fields.id(record) else {
        let place = fields.id_place();
        let place = if place.is_empty() {
            "nothing says where the id is".to_owned()
        } else {
            format!("there is no id at {place}")
        };
        return Err(format!(
            "{place}: set \"fields.id\" to where the id stands, or \"id_from\" to what identifies a record without one"
        ));
    };
    let kind = fields.text("kind", record).map(|kind| cut(kind.trim().to_lowercase(), limits::WORD_BYTES));
    let mut item = Item::of_kind(kind.as_deref().unwrap_or(&fields.kind), element, id);
    // Every record that is read is told; the rest takes what is left.
    room.spend(item.external_id.len() + limits::ITEM_BYTES);
    item.url = room.take(fields.text("url", record).and_then(|text| url::for_item(base, text.trim())));
    item.title = room.take(line(fields.text("title", record), limits::TITLE_BYTES));
    texts(&mut item, record, settings, base, room);
    let time = |name: &str| {
        let value = fields.value(name, record);
        value.and_then(|value| times::read(value, settings.times)).and_then(Moment::to_rfc3339)
    };
    (item.published_at, item.updated_at) = (time("published_at"), time("updated_at"));
    item.language = line(fields.text("language", record), limits::WORD_BYTES);
    item.authors = author(record, settings, base).into_iter().collect();
    // Finding each only once is the dearest part of a record; without room there is no need to.
    item.tags = if room.has(1) { tags(&fields.texts("tags", record)) } else { Vec::new() };
    room.fit(&mut item.tags, |tag| tag.len() + limits::TAG_BYTES);
    item.media = media_of(record, settings, base);
    room.fit(&mut item.media, |medium| {
        let texts = [&medium.mime, &medium.alt];
        medium.url.len() + texts.into_iter().flatten().map(String::len).sum::<usize>() + limits::RECORD_BYTES
    });
    item.metrics = settings
        .metrics
        .iter()
        .filter_map(|(name, pointer)| {
            let value = pointer.all(record).into_iter().find_map(Value::number).filter(|value| *value >= 0.0)?;
            Some(Metric::new(name, value))
        })
        .collect();
    item.references = fields
        .text("in_reply_to", record)
        .into_iter()
        .filter(|id| id.len() <= limits::EXTERNAL_ID_BYTES)
        .map(|id| Reference { external_id: Some(id), ..Reference::new("in-reply-to") })
        .collect();
    item.data = room.take(data(record, settings));
    Ok(item)
}

/// Markup gives both forms; a text of its own goes before the text of the markup.
fn texts(item: &mut Item, record: &Value<'_>, settings: &Settings, base: &str, room: &mut Room) {
    let fields = &settings.fields;
    let own = fields.text("text", record).map(|text| html::lines(&text));
    let markup = fields.text("html", record).map(|markup| html::clean_for(&markup, base, room));
    let text = own.filter(|text| !text.is_empty()).or_else(|| markup.as_ref().map(|clean| clean.text.clone()));
    item.text = room.take(text.and_then(|text| filled(cut(text, limits::TEXT_BYTES))));
    let whole = markup.map(|clean| clean.html).filter(|html| html.len() <= limits::HTML_BYTES);
    item.html = room.take(whole.and_then(filled));
    let summary = fields
        .text("summary", record)
        .map(|text| if html::looks_like_html(&text) { html::plain(&text) } else { html::lines(&text) });
    item.summary = room.take(
        summary
            .and_then(|text| filled(cut(text, limits::SUMMARY_BYTES)))
            .filter(|summary| item.text.as_ref() != Some(summary)),
    );
}

fn author(record: &Value<'_>, settings: &Settings, base: &str) -> Option<Author> {
    let fields = &settings.fields;
    let short = |name: &str| line(fields.text(name, record), limits::SHORT_BYTES);
    let link = |name: &str| fields.text(name, record).and_then(|text| url::for_item(base, text.trim()));
    let author = Author {
        name: short("author"),
        handle: short("author_handle").map(|handle| handle.trim_start_matches('@').to_owned()),
        id: short("author_id"),
        url: link("author_url"),
        image_url: link("author_image"),
        ..Author::unknown()
    };
    (author != Author::unknown()).then_some(author)
}

/// A list of texts, or one text with commas.
fn tags(texts: &[String]) -> Vec<String> {
    let single = texts.len() == 1;
    let each = texts.iter().flat_map(|text| text.split(|c: char| single && c == ','));
    let mut found: Vec<String> = Vec::new();
    for tag in each.map(html::fold).map(|tag| tag.trim_start_matches('#').to_owned()) {
        if !tag.is_empty() && tag.len() <= limits::WORD_BYTES && found.len() < limits::TAGS && !found.contains(&tag) {
            found.push(tag);
        }
    }
    found
}

fn media_of(record: &Value<'_>, settings: &Settings, base: &str) -> Vec<Media> {
    let images = settings.fields.texts("image", record).into_iter().filter_map(|text| url::for_item(base, text.trim()));
    let mut found: Vec<Media> = images.map(|url| Media::new(media::kind_of(None, &url), "attached", url)).collect();
    for rule in &settings.media {
        found.extend(rule.media(record, base));
    }
    found.truncate(limits::MEDIA);
    found
}

/// What is kept beside: an object, or nothing if it would be too large.
fn data(record: &Value<'_>, settings: &Settings) -> Option<String> {
    let mut out = String::from("{");
    for (name, pointer) in &settings.data {
        let found: Vec<&Value<'_>> = pointer.all(record).into_iter().filter(|value| **value != Value::Null).collect();
        if found.is_empty() {
            continue;
        }
        out.push_str(if out.len() > 1 { "," } else { "" });
        quote(&mut out, name);
        let several = found.len() > 1;
        out.push_str(if several { ":[" } else { ":" });
        for (number, value) in found.into_iter().enumerate() {
            out.push_str(if number > 0 { "," } else { "" });
            value.write(&mut out);
            if out.len() > limits::DATA_BYTES {
                return None;
            }
        }
        out.push_str(if several { "]" } else { "" });
    }
    out.push('}');
    (out.len() > 2).then_some(out)
}

/// A text on one line; of markup its words.
fn line(text: Option<String>, bytes: usize) -> Option<String> {
    let text = text?;
    let line = if html::looks_like_html(&text) { html::plain(&text) } else { html::fold(&text) };
    filled(cut(html::fold(&line), bytes))
}
