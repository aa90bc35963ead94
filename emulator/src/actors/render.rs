//! From rows to bytes: the items of a dataset as JSON.
//!
//! Owns: which generator writes which row, and the texts of error items and fillers. Called when a dataset is read.

use serde_json::{Value, json};

use super::input::{Ask, Of, What};
use super::rows::{Filler, Outcome, Row, feed_of, platform};
use super::spoil::mangle;
use crate::clock::Millis;
use crate::published::instagram::{self, Shown};
use crate::published::tweets::{self, Schema};
use crate::published::{Feed, Post, Special, Universe, profile, sones};

/// Instagram's own words for a blocked request.
const BLOCKED: &str = "Error: Request blocked, retrying it again with different session";

/// One item; not always JSON, where the row was spoiled.
pub(crate) fn render(row: &Row, ask: &Ask, universe: &Universe, at: Millis) -> Vec<u8> {
    match row {
        Row::Raw(text) => text.as_bytes().to_vec(),
        Row::Spoiled(row, spoil) => mangle(render(row, ask, universe, at), *spoil),
        _ => value(row, ask, universe, at).to_string().into_bytes(),
    }
}

/// The post with this id, and whose it is.
pub(crate) fn lone_post(ask: &Ask, target: usize, id: u64, universe: &Universe, now: Millis) -> Option<(Feed, Post)> {
    let Some(Of::Post { handle: Some(handle), .. }) = ask.targets.get(target).map(|target| &target.of) else {
        return universe.lone(platform(ask.what), id, now);
    };
    let feed = universe.feed(platform(ask.what), handle);
    let post = feed.find(id).filter(|post| post.at <= now)?;
    Some((feed, post))
}

fn value(row: &Row, ask: &Ask, universe: &Universe, at: Millis) -> Value {
    match row {
        Row::Post { target, voice, number, pinned } => {
            let feed = feed_of(ask, *target, *voice, universe);
            let each = feed.post(*number);
            let item = content(ask, *target, &feed, each, *pinned, universe, at);
            if feed.special() == Special::Drift { super::spoil::drifted(item) } else { item }
        }
        Row::Lone { target } => {
            let id = match ask.targets.get(*target).map(|target| &target.of) {
                Some(Of::Post { id: Some(id), .. }) => *id,
                _ => 0,
            };
            let found = lone_post(ask, *target, id, universe, at);
            found.map_or(Value::Null, |(feed, post)| content(ask, *target, &feed, post, false, universe, at))
        }
        Row::Profile { target } => {
            let feed = feed_of(ask, *target, None, universe);
            profile::item(&feed, &input_url(ask, *target, &feed.handle), at, ask.detailed)
        }
        Row::Comment { target, number } => {
            let Some(Of::Post { id: Some(id), .. }) = ask.targets.get(*target).map(|target| &target.of) else {
                return Value::Null;
            };
            let found = universe.lone(platform(ask.what), *id, at);
            let url = format!("https://www.instagram.com/p/{}/", instagram::short_code(*id));
            let mut item = found.map_or(Value::Null, |(_, post)| instagram::comment(post, *number, at));
            instagram::merge(&mut item, json!({"postUrl": url}));
            item
        }
        Row::Outcome { target, outcome } => error_item(ask, *target, *outcome),
        Row::Filler(Filler::NoResults) => json!({"noResults": true}),
        Row::Filler(Filler::Demo) => json!({"demo": true}),
        Row::Filler(Filler::Mock) => json!({
            "type": "mock_tweet", "id": -1,
            "text": "From KaitoEasyAPI, a reminder: this row fills the smallest charge of a call.",
        }),
        Row::Raw(_) | Row::Spoiled(..) => Value::Null,
    }
}

fn content(ask: &Ask, target: usize, feed: &Feed, post: Post, pinned: bool, universe: &Universe, at: Millis) -> Value {
    match ask.what {
        What::Tweets(schema) => {
            let asked = ask.targets.get(target).map(|target| target.asked.as_str());
            tweets::item(universe, feed, post, at, schema, asked.filter(|_| ask.terms && schema == Schema::Apidojo))
        }
        What::SonesPosts => sones::item(feed, post, at, ask.since),
        _ => {
            let input_url = input_url(ask, target, &feed.handle);
            instagram::post(feed, post, Shown { detailed: ask.detailed, input_url: &input_url, run_at: at, pinned })
        }
    }
}

/// The address that was asked for: a handle is told as its address.
fn input_url(ask: &Ask, target: usize, handle: &str) -> String {
    let asked = ask.targets.get(target).map_or("", |target| target.asked.as_str());
    if asked.starts_with("http") { asked.to_owned() } else { format!("https://www.instagram.com/{handle}/") }
}

/// What stands in a dataset in place of posts. Its `username` is only the request echoed back.
fn error_item(ask: &Ask, target: usize, outcome: Outcome) -> Value {
    let (url, username) = match ask.targets.get(target) {
        Some(target) => match &target.of {
            Of::Account(handle) => (format!("https://www.instagram.com/{handle}/"), handle.clone()),
            Of::Post { .. } => (target.asked.clone(), "p".to_owned()),
            Of::Search(tag) => (format!("https://www.instagram.com/explore/tags/{tag}/"), "explore".to_owned()),
        },
        None => (String::new(), String::new()),
    };
    let messages: &[&str] = if outcome == Outcome::Blocked { &[BLOCKED, BLOCKED] } else { &[] };
    match outcome {
        Outcome::NotFound => json!({
            "url": url, "username": username, "error": "not_found", "errorDescription": "Post does not exist",
        }),
        Outcome::NoItems | Outcome::Blocked => json!({
            "url": url, "inputUrl": url, "requestErrorMessages": messages, "error": "no_items",
            "errorDescription": "Empty or private data for provided input",
        }),
    }
}
