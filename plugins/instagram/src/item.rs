//! From a post as it was read to an item.
//!
//! Owns: what each field of the contract is made of. Must not know: the source, the page. Called by [`crate::dataset`] for
//! each post.

use tidegate_plugin_kit::json::{Scalar, quote};
use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::{Author, Item, Media, Metric};

use crate::fields::Field;
use crate::identifier;
use crate::media::{self, Medium};
use crate::post::Post;

/// 2010-01-01: nothing on Instagram is older.
const FIRST: Moment = Moment(1_262_304_000_000);

/// The item of a post in element `element`, if it has an identity. `now` is the time of the run.
pub fn item(post: &Post<'_, '_>, element: u32, now: Moment) -> Option<Item> {
    let (id, code) = post.identity()?;
    let mut item = Item::of_kind(kind(post), element, id);
    item.url = Some(identifier::post_url(&code));
    item.authors = author(post).into_iter().collect();
    item.text = match post.get(Field::Caption) {
        Scalar::Text(text) => Some(text.clone().into_owned()),
        _ => None,
    };
    item.published_at = published(post, now).and_then(Moment::to_rfc3339);
    item.media = media(post);
    item.metrics = metrics(post);
    item.tags = post.hashtags.iter().map(|tag| tag.trim_start_matches('#').to_owned()).collect();
    item.data = data(post, item.published_at.is_none());
    Some(item)
}

fn is_album(post: &Post<'_, '_>) -> bool {
    let container = post.filled(Field::ProductType) == Some("carousel_container");
    media::is_album(post.filled(Field::Type)) || container || !post.children.is_empty()
}

fn is_video(post: &Post<'_, '_>) -> bool {
    media::is_video(post.filled(Field::Type)) || post.filled(Field::Video).is_some()
}

fn kind(post: &Post<'_, '_>) -> &'static str {
    if is_album(post) {
        "album"
    } else if post.filled(Field::ProductType) == Some("clips") {
        "reel"
    } else if is_video(post) {
        "video"
    } else if media::is_image(post.filled(Field::Type)) {
        "image"
    } else {
        // The actor was asked for a few fields only.
        "post"
    }
}

fn author(post: &Post<'_, '_>) -> Option<Author> {
    let owned = |field: Field| post.filled(field).map(str::to_owned);
    let verified = match post.get(Field::OwnerVerified) {
        Scalar::Bool(verified) => Some(*verified),
        _ => None,
    };
    let author = Author {
        handle: owned(Field::OwnerHandle),
        id: owned(Field::OwnerId),
        name: owned(Field::OwnerName),
        url: post.filled(Field::OwnerHandle).map(identifier::account_url),
        image_url: owned(Field::OwnerPicture),
        verified,
        extra: None,
    };
    (author.handle.is_some() || author.id.is_some()).then_some(author)
}

/// When it was published, as RFC 3339 or in seconds since 1970. None where that cannot be true.
pub fn published(post: &Post<'_, '_>, now: Moment) -> Option<Moment> {
    let given = post.filled(Field::PublishedAt)?;
    let seconds = || given.parse::<i64>().ok().filter(|seconds| (0..100_000_000_000).contains(seconds));
    Moment::parse(given)
        .or_else(|| seconds().map(|seconds| Moment(seconds * 1_000)))
        .filter(|moment| moment.is_plausible(FIRST, now))
}

/// The parts of an album in order; where they are not known its pictures; else the one picture or video.
fn media(post: &Post<'_, '_>) -> Vec<Media> {
    let parts: Vec<Media> = post.children.iter().filter_map(Medium::to_media).collect();
    if !parts.is_empty() {
        return parts;
    }
    if !post.images.is_empty() && !is_video(post) {
        return post.images.iter().map(|url| media::attached("image", "attached", url)).collect();
    }
    let value = |field: Field| post.get(field).clone();
    let single = Medium {
        image: value(Field::Image),
        video: value(Field::Video),
        duration: value(Field::Duration),
        width: value(Field::Width),
        height: value(Field::Height),
        alt: value(Field::Alt),
        moving: is_video(post),
    };
    single.to_media().into_iter().collect()
}

/// Counts below zero are hidden by the owner: left out.
fn metrics(post: &Post<'_, '_>) -> Vec<Metric> {
    let counts =
        [("likes", Field::Likes), ("comments", Field::Comments), ("views", Field::Views), ("plays", Field::Plays)];
    counts.into_iter().filter_map(|(name, field)| Some(Metric::new(name, post.get(field).count()?))).collect()
}

/// What Instagram has beyond the contract, as a JSON object.
fn data(post: &Post<'_, '_>, undated: bool) -> Option<String> {
    let mut json = String::new();
    let mut member = |name: &str, value: &dyn Fn(&mut String)| {
        json.push(if json.is_empty() { '{' } else { ',' });
        quote(&mut json, name);
        json.push(':');
        value(&mut json);
    };
    if !post.coauthors.is_empty() {
        member("coauthors", &|json| {
            for (number, handle) in post.coauthors.iter().enumerate() {
                json.push(if number == 0 { '[' } else { ',' });
                quote(json, handle);
            }
            json.push(']');
        });
    }
    for (name, field) in [
        ("product_type", Field::ProductType),
        ("location_id", Field::LocationId),
        ("location_name", Field::LocationName),
    ] {
        if let Some(text) = post.filled(field) {
            member(name, &|json| quote(json, text));
        }
    }
    // A time that cannot be true is kept as it was given.
    if let Some(given) = post.filled(Field::PublishedAt).filter(|_| undated) {
        member("published_at", &|json| quote(json, given));
    }
    for (name, set) in [("paid_partnership", post.get(Field::IsPaid).is_true()), ("pinned", post.pinned)] {
        if set {
            member(name, &|json| json.push_str("true"));
        }
    }
    if json.is_empty() {
        return None;
    }
    json.push('}');
    Some(json)
}
