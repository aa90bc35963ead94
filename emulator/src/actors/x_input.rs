//! Inputs of the actors for X.
//!
//! Owns: field names, and the operators of a search. Called by `input`.

use super::cutoff::day;
use super::input::{Ask, Fields, Of, Target, What};
use crate::clock::Millis;
use crate::published::tweets::Schema;

/// tweet-scraper and twitter-scraper-lite.
pub(crate) fn apidojo(fields: &Fields<'_>, now: Millis) -> Result<Ask, String> {
    let mut ask = Ask::new(What::Tweets(Schema::Apidojo));
    ask.limit_of_run = true;
    ask.limit = fields.count("maxItems")?;
    fields.one_of("sort", &["Latest", "Top", "Latest + Top"])?;
    ask.since = fields.moment("start", now)?;
    ask.until = fields.moment("end", now)?;
    ask.terms = fields.flag("includeSearchTerms")?;
    for term in fields.list("searchTerms")? {
        search(term, &mut ask);
    }
    for handle in fields.list("twitterHandles")? {
        ask.targets.push(account(handle, handle));
    }
    for url in fields.list("startUrls")? {
        address(url, &mut ask);
    }
    require(ask, "searchTerms, input.twitterHandles or input.startUrls")
}

/// kaitoeasyapi: `maxItems` is no reliable cap, see `rows`.
pub(crate) fn kaito(fields: &Fields<'_>) -> Result<Ask, String> {
    let mut ask = Ask::new(What::Tweets(Schema::Kaito));
    ask.limit_of_run = true;
    ask.limit = fields.count("maxItems")?;
    fields.one_of("queryType", &["Latest", "Top"])?;
    for term in fields.list("searchTerms")? {
        search(term, &mut ask);
    }
    if let Some(term) = fields.text("twitterContent")? {
        search(term, &mut ask);
    }
    for id in fields.list("tweetIDs")? {
        ask.targets.push(Target { of: Of::Post { id: id.parse().ok(), handle: None }, asked: id.to_owned() });
    }
    if let Some(handle) = fields.text("from")? {
        ask.targets.push(account(handle, handle));
    }
    require(ask, "searchTerms, input.twitterContent or input.tweetIDs")
}

fn require(ask: Ask, names: &str) -> Result<Ask, String> {
    if ask.targets.is_empty() { Err(format!("Field input.{names} is required")) } else { Ok(ask) }
}

/// A search with operators. They hold for the whole run: one query per run keeps outcomes attributable.
fn search(term: &str, ask: &mut Ask) {
    let mut words = Vec::new();
    let mut from = None;
    for word in term.split_whitespace() {
        match word.trim_matches(['(', ')']).split_once(':') {
            Some(("from", handle)) => from = Some(handle.to_ascii_lowercase()),
            Some(("since", date)) => ask.since = day(date).or(ask.since),
            Some(("until", date)) => ask.until = day(date).or(ask.until),
            Some(("since_time", seconds)) => ask.since = unix(seconds).or(ask.since),
            Some(("until_time", seconds)) => ask.until = unix(seconds).or(ask.until),
            Some(("-filter", "replies")) => ask.without_replies = true,
            Some(("-filter", "retweets" | "nativeretweets")) => ask.without_retweets = true,
            Some(("filter", "media")) => ask.only_media = true,
            Some(("filter" | "-filter" | "lang" | "min_faves" | "min_retweets" | "min_replies" | "to" | "list", _)) => {
            }
            _ => words.push(word.to_lowercase()),
        }
    }
    let of = from.map_or_else(|| Of::Search(words.join(" ")), Of::Account);
    ask.targets.push(Target { of, asked: term.to_owned() });
}

/// Address of a profile, a post or a search.
fn address(url: &str, ask: &mut Ask) {
    let path = url.split_once(".com/").map_or(url, |(_, path)| path);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.split('/').collect();
    let of = match parts.as_slice() {
        ["search", ..] => {
            let term = query.split('&').find_map(|pair| pair.strip_prefix("q=")).unwrap_or_default();
            return search(&term.replace("%20", " ").replace("%3A", ":").replace('+', " "), ask);
        }
        [handle, "status", id, ..] => Of::Post { id: id.parse().ok(), handle: Some(handle.to_ascii_lowercase()) },
        [handle, ..] => Of::Account(handle.trim_start_matches('@').to_ascii_lowercase()),
        [] => return,
    };
    ask.targets.push(Target { of, asked: url.to_owned() });
}

fn account(handle: &str, asked: &str) -> Target {
    Target { of: Of::Account(handle.trim_start_matches('@').to_ascii_lowercase()), asked: asked.to_owned() }
}

fn unix(seconds: &str) -> Option<Millis> {
    seconds.parse::<i64>().ok().map(|seconds| Millis(seconds.saturating_mul(1_000)))
}
