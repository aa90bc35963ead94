//! From a post as it was read to an item.
//!
//! Owns: what each field of the contract is made of. Must not know: the source, the page. Called by [`crate::dataset`] for
//! each element that is a post.

use tidegate_plugin_kit::json::{Scalar, quote};
use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::{Author, Item, Media, Metric, Reference};

use crate::fields::Field;
use crate::tweet::Tweet;
use crate::{dates, limits, snowflake, text};

/// 2006-01-01: nothing on X is older.
const FIRST: Moment = Moment(1_136_073_600_000);

/// Bytes of `data` of most posts.
const DATA_BYTES: usize = 256;

/// The item of element `element`; `id` is its id. `now` is the time of the run.
pub fn item(tweet: &Tweet<'_>, id: &str, element: u32, now: Moment) -> Item {
    let mut item = Item::of_kind(kind(tweet), element, id);
    item.url = Some(permalink(tweet, id));
    item.authors = author(tweet).into_iter().collect();
    item.text = words(tweet);
    item.published_at = published(tweet, id, now).and_then(Moment::to_rfc3339);
    item.language = tweet.filled(Field::Language).filter(|tag| is_language(tag)).map(str::to_owned);
    item.media = media(tweet);
    item.metrics = metrics(tweet);
    item.references = references(tweet, id);
    item.tags = tweet.hashtags.iter().map(|tag| tag.trim_start_matches('#').to_owned()).collect();
    item.data = data(tweet, item.published_at.is_none());
    item
}

/// Whether it repeats a post of somebody else: the mark, or "RT @" before a post that came along.
fn is_retweet(tweet: &Tweet<'_>) -> bool {
    let original = tweet.id(Field::RepostedId).is_some();
    let words = || tweet.text.as_deref().is_some_and(|text| text.starts_with("RT @"));
    let unmarked = matches!(tweet.get(Field::IsRetweet), Scalar::Absent);
    tweet.get(Field::IsRetweet).is_true() || (original && (unmarked || words()))
}

/// A mark, or where there is none the id it is about.
fn marked(tweet: &Tweet<'_>, mark: Field, id: Field) -> bool {
    match tweet.get(mark) {
        Scalar::Bool(set) => *set,
        _ => tweet.id(id).is_some(),
    }
}

fn kind(tweet: &Tweet<'_>) -> &'static str {
    if is_retweet(tweet) {
        "retweet"
    } else if marked(tweet, Field::IsReply, Field::ReplyToId) {
        "reply"
    } else if marked(tweet, Field::IsQuote, Field::QuotedId) {
        "quote"
    } else {
        "post"
    }
}

fn link(handle: Option<&str>, id: &str) -> String {
    ["https://x.com/", handle.unwrap_or("i"), "/status/", id].concat()
}

fn permalink(tweet: &Tweet<'_>, id: &str) -> String {
    let given = tweet.filled(Field::Url).filter(|url| snowflake::of_url(url) == Some(id));
    match given {
        Some(url) if url.starts_with("https://x.com/") => url.to_owned(),
        _ => link(tweet.filled(Field::AuthorHandle), id),
    }
}

fn author(tweet: &Tweet<'_>) -> Option<Author> {
    let owned = |field: Field| tweet.filled(field).map(str::to_owned);
    let author = Author {
        handle: owned(Field::AuthorHandle),
        id: owned(Field::AuthorId),
        name: owned(Field::AuthorName),
        url: tweet.filled(Field::AuthorHandle).map(|handle| ["https://x.com/", handle].concat()),
        image_url: owned(Field::AuthorPicture),
        verified: tweet.verified,
        extra: None,
    };
    (author.handle.is_some() || author.id.is_some() || author.name.is_some()).then_some(author)
}

fn words(tweet: &Tweet<'_>) -> Option<String> {
    let text = tweet.text.as_deref()?;
    let quoted = tweet.id(Field::QuotedId);
    let own = |short: &str| {
        let is = |value: &Scalar<'_>| value.text() == Some(short);
        let quotes = |long: &Scalar<'_>| quoted.is_some() && long.text().and_then(snowflake::of_url) == quoted;
        tweet.media.iter().any(|medium| is(&medium.short))
            || tweet.links.iter().any(|link| is(&link.short) && quotes(&link.long))
    };
    Some(text::without_own_links(text, own).to_owned())
}

/// When it was published: what the actor says, where it says nothing that can be read what the id does. None where that
/// cannot be true.
pub fn published(tweet: &Tweet<'_>, id: &str, now: Moment) -> Option<Moment> {
    let said = tweet.filled(Field::CreatedAt).and_then(dates::parse);
    said.or_else(|| snowflake::id(id).and_then(snowflake::time)).filter(|moment| moment.is_plausible(FIRST, now))
}

/// What X writes for "no language".
fn is_language(tag: &str) -> bool {
    !(matches!(tag, "und" | "zxx" | "art") || (tag.len() == 3 && tag.starts_with('q')))
}

fn media(tweet: &Tweet<'_>) -> Vec<Media> {
    let media: Vec<Media> = tweet.media.iter().filter_map(|medium| medium.to_media()).collect();
    if media.is_empty() {
        return tweet.images.iter().map(|url| Media::new("image", "attached", url.as_ref())).collect();
    }
    media
}

fn metrics(tweet: &Tweet<'_>) -> Vec<Metric> {
    let counts = [
        ("likes", Field::Likes),
        ("comments", Field::Comments),
        ("shares", Field::Shares),
        ("quotes", Field::Quotes),
        ("views", Field::Views),
        ("bookmarks", Field::Bookmarks),
    ];
    let mut metrics = Vec::with_capacity(counts.len());
    metrics.extend(counts.into_iter().filter_map(|(name, field)| Some(Metric::new(name, tweet.get(field).count()?))));
    metrics
}

/// A reply keeps what it quotes, and the other way round.
fn references(tweet: &Tweet<'_>, id: &str) -> Vec<Reference> {
    let reference = |relation: &str, id: Field, handle: Option<Field>, author: Option<Field>| {
        let id = tweet.id(id)?;
        let owned = |field: Option<Field>| field.and_then(|field| tweet.filled(field)).map(str::to_owned);
        let author_handle = owned(handle);
        Some(Reference {
            external_id: Some(id.to_owned()),
            url: Some(link(author_handle.as_deref(), id)),
            author_id: owned(author),
            author_handle,
            ..Reference::new(relation)
        })
    };
    let reply = reference("in-reply-to", Field::ReplyToId, Some(Field::ReplyToHandle), Some(Field::ReplyToAuthorId));
    let thread = tweet.id(Field::ThreadId).filter(|thread| *thread != id);
    let thread = thread.and_then(|_| reference("thread-root", Field::ThreadId, None, None));
    let quoted = reference("quoted", Field::QuotedId, Some(Field::QuotedHandle), Some(Field::QuotedAuthorId));
    let reposted = reference("reposted", Field::RepostedId, Some(Field::RepostedHandle), Some(Field::RepostedAuthorId));
    [reply, thread, quoted, reposted].into_iter().flatten().collect()
}

/// What X has beyond the contract, as a JSON object.
fn data(tweet: &Tweet<'_>, undated: bool) -> Option<String> {
    // Room for what most posts have: growing step by step costs more than the words.
    let mut json = String::with_capacity(DATA_BYTES);
    let mut member = |name: &str, value: &dyn Fn(&mut String)| {
        json.push(if json.is_empty() { '{' } else { ',' });
        quote(&mut json, name);
        json.push(':');
        value(&mut json);
    };
    for (name, field) in [("client", Field::Client), ("search_term", Field::SearchTerm)] {
        if let Some(text) = tweet.filled(field) {
            member(name, &|json| quote(json, text));
        }
    }
    // A time that cannot be true is kept as it was given.
    if let Some(given) = tweet.filled(Field::CreatedAt).filter(|_| undated) {
        member("created_at", &|json| quote(json, given));
    }
    for (name, field) in [("pinned", Field::IsPinned), ("sensitive", Field::IsSensitive)] {
        if tweet.get(field).is_true() {
            member(name, &|json| json.push_str("true"));
        }
    }
    let links: Vec<&str> = tweet.links.iter().filter_map(|link| link.long.filled()).take(limits::LINKS).collect();
    if !links.is_empty() {
        member("links", &|json| {
            for (number, link) in links.iter().enumerate() {
                json.push(if number == 0 { '[' } else { ',' });
                quote(json, link);
            }
            json.push(']');
        });
    }
    if json.is_empty() {
        return None;
    }
    json.push('}');
    Some(json)
}
