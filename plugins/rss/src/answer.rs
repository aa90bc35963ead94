//! From an HTTP answer to a batch.
//!
//! Owns: what each status means for a feed, the choice between feed, JSON Feed and web page, and what is warned of. Called
//! by `normalize`. The rooms it calls know nothing of each other.

use std::borrow::Cow;

use tidegate_plugin_kit::text::{Room, cut};
use tidegate_plugin_kit::{Batch, Failure, HttpResponse, Job, Outcome, OutcomeStatus, Watermark, headers, status};

use crate::conditional::Validators;
use crate::decode::{self, Decoded, Media};
use crate::discovery;
use crate::hints;
use crate::json;
use crate::limits;
use crate::map;
use crate::model::{Feed, Field, Node};
use crate::overrides::Overrides;
use crate::paging;
use crate::reader;
use crate::state::{Mark, State};
use crate::tokenize::{Token, Tokenizer};

/// Reads the answer to a step.
///
/// # Errors
///
/// Why nothing of it is usable.
pub fn read(job: &Job, overrides: &Overrides, state: &State, response: &HttpResponse) -> Result<Batch, Failure> {
    match response.status {
        204 => Ok(unchanged(job, response, "the server answered without content (204)")),
        200..=299 => content(job, overrides, state, response),
        304 if state.conditional => Ok(unchanged(job, response, "not modified (304)")),
        304 => Err(Failure::bad_answer(
            "asked for the feed without validators, got status 304 (not modified): the server's cache is broken",
        )),
        // A feed is not gone because a page behind its first one is.
        400 | 404 | 410 | 416 | 422 if state.pages_read > 0 => Ok(no_page(state, response.status)),
        410 => Ok(Batch::empty(Outcome::new(OutcomeStatus::NotFound, "the feed is gone for good (status 410)"))),
        other => Err(status::failure(other, "the feed")),
    }
}

/// Nothing new. Validators that came along replace the older ones.
fn unchanged(job: &Job, response: &HttpResponse, detail: &str) -> Batch {
    let mut batch = Batch::empty(Outcome::new(OutcomeStatus::NoNew, detail));
    if let (304, Some(known)) = (response.status, Validators::of_job(job)) {
        let before = job.watermark.clone().unwrap_or_else(Watermark::none);
        batch.watermark = Some(Watermark { cursor: known.refreshed_by(response).to_cursor(), ..before });
    }
    batch.hints = hints::of(response, None, false, &job.now);
    batch
}

/// A page that the one before it has named, and that is not there.
fn no_page(state: &State, status: u16) -> Batch {
    let mut batch = Batch::empty(Outcome::new(OutcomeStatus::NoNew, ""));
    batch.watermark = state.mark.clone().map(|mark| mark.leaving_out(true).proposal());
    let number = state.pages_read + 1;
    batch.warnings.push(format!("page {number} of the feed is not there (status {status}): what follows was not read"));
    batch
}

fn content(job: &Job, overrides: &Overrides, state: &State, response: &HttpResponse) -> Result<Batch, Failure> {
    let content_type = headers::first(&response.headers, "content-type");
    if response.body.as_bytes().trim_ascii().is_empty() {
        return Err(Failure::bad_answer("expected a feed, got an empty body"));
    }
    let decoded = decode::decode(response.body.as_bytes(), content_type);
    let room = room(response.body.as_bytes().len(), &decoded);
    let mut expired = false;
    let feed = if json::looks_like(&decoded.text) {
        match json::read(&decoded.text, &response.final_url, room) {
            json::Read::Feed { feed, expired: over } => {
                expired = over;
                Some(*feed)
            }
            json::Read::Other => None,
            json::Read::Broken(error) => {
                return Err(Failure::bad_answer(format!("expected a JSON Feed, got broken JSON: {error}")));
            }
        }
    } else {
        reader::read(&decoded.text, &response.final_url, room)
    };
    match feed {
        Some(feed) => {
            let Decoded { text, encoding, repaired } = decoded;
            // Of a wide encoding it may be large, and nothing of it is needed any more.
            drop(text);
            Ok(batch(job, overrides, state, response, feed, &Written { encoding, repaired, expired }))
        }
        None => no_feed(job, overrides, state, response, &decoded.text, &Media::of(content_type)),
    }
}

/// Bytes that entries may take beside the page and its text.
fn room(page: usize, decoded: &Decoded<'_>) -> usize {
    let text = if matches!(decoded.text, Cow::Owned(_)) { decoded.text.len() } else { 0 };
    let left = limits::HELD_BYTES.saturating_sub(page).saturating_sub(text);
    left.clamp(limits::KEPT_AT_LEAST_BYTES, limits::KEPT_BYTES)
}

/// The document is no feed: a web page may lead to one.
fn no_feed(
    job: &Job,
    overrides: &Overrides,
    state: &State,
    response: &HttpResponse,
    text: &str,
    media: &Media,
) -> Result<Batch, Failure> {
    if !discovery::is_page(text, media) {
        let root =
            root_name(text).map_or_else(|| "no element at all".to_owned(), |name| format!("a document of <{name}>"));
        return Err(Failure::bad_answer(format!("expected RSS, Atom or JSON Feed, got {root}")));
    }
    if state.discovered {
        return Err(Failure::bad_answer("the page names a feed, but under its URL there is another web page"));
    }
    if !overrides.discover {
        return Err(Failure::bad_answer(
            "expected a feed, got a web page; give the feed's own URL or switch on \"discover\"",
        ));
    }
    let feeds = discovery::feeds(text, &response.final_url);
    let next = feeds.iter().find_map(|feed| paging::follow_discovered(job, state, &feed.url));
    let Some(next) = next else {
        return Err(Failure::bad_answer("expected a feed, got a web page that names none; give the feed's own URL"));
    };
    let mut batch = Batch::empty(Outcome::new(OutcomeStatus::Ok, "a web page; reading the feed it names"));
    if feeds.len() > 1 {
        let others: Vec<&str> = feeds.iter().skip(1).take(4).map(|feed| feed.url.as_str()).collect();
        batch.warnings.push(cut(
            format!("the page names {} feeds; the others: {}", feeds.len(), others.join(", ")),
            limits::MESSAGE_BYTES,
        ));
    }
    batch.next = Some(next);
    Ok(batch)
}

fn root_name(text: &str) -> Option<String> {
    let mut tokens = Tokenizer::new(text);
    while let Some(token) = tokens.next_token() {
        if let Token::Start { name, .. } = token {
            return Some(cut(name.to_owned(), 64));
        }
    }
    None
}

/// What is told of a document beside its feed.
struct Written {
    encoding: String,
    repaired: bool,
    expired: bool,
}

fn batch(
    job: &Job,
    overrides: &Overrides,
    state: &State,
    response: &HttpResponse,
    mut feed: Feed,
    written: &Written,
) -> Batch {
    let mut batch = Batch::empty(Outcome::ok());
    let mut room = Room::default();
    // Every item is told; texts and media take what is left.
    let bare = |entry: &Node| map::external_id(entry).len() + limits::ITEM_BYTES;
    room.spend(feed.entries.iter().map(bare).sum());
    // One by one: what an entry takes is given back when its item is there.
    for (number, entry) in std::mem::take(&mut feed.entries).into_iter().enumerate() {
        let element = u32::try_from(number).unwrap_or(u32::MAX);
        if feed.cut.contains(&number) {
            batch.rejects.push(tidegate_plugin_kit::Reject::new(
                element,
                "the document ends inside this entry, before its identity is known",
            ));
        } else {
            batch.items.push(map::item(&entry, element, feed.format, &mut room));
        }
    }
    warn(&mut batch, &feed, written, &room);
    let next = paging::next_of(&feed, response);
    batch.extra = map::of_batch(&feed, &written.encoding, next.as_deref());
    let mut facts = map::facts(&feed);
    facts.moved_to = paging::moved_to(job, state, response, feed.about.fields.get(Field::NewUrl));
    batch.facts = Some(facts);
    batch.hints = hints::of(response, Some(&feed.about), written.expired, &job.now);
    let first = || {
        let newest = map::newest(&batch.items, job.watermark.as_ref());
        Mark::new(Watermark { cursor: Validators::of_response(response).to_cursor(), ..newest })
    };
    let mark = if state.pages_read == 0 { Some(first()) } else { state.mark.clone() };
    let mark = mark.map(|mark| mark.leaving_out(feed.truncated));
    if !batch.items.is_empty() {
        batch.next = paging::follow(overrides, state, next.as_deref(), mark.as_ref());
    }
    // With the last page only: no place to go on from is known, so whatever cuts the run before has to be told as what it is.
    batch.watermark = mark.filter(|_| batch.next.is_none()).map(Mark::proposal);
    batch
}

fn warn(batch: &mut Batch, feed: &Feed, written: &Written, room: &Room) {
    let kept = batch.items.len();
    if let Some(damage) = feed.damage {
        batch.warnings.push(format!("document damaged at byte {} ({}): kept {kept} items", damage.at, damage.what));
    }
    if written.repaired {
        batch.warnings.push(format!("some bytes mean nothing in {}: they were repaired or replaced", written.encoding));
    }
    if feed.more {
        let kept = batch.items.len() + batch.rejects.len();
        let why = if kept >= limits::ITEMS { "has more entries" } else { "is larger" };
        batch.warnings.push(format!("the document {why} than can be kept: kept the first {kept} entries"));
    }
    if feed.shortened > 0 {
        batch
            .warnings
            .push(format!("{} texts or lists are longer than any item needs: their rest was left out", feed.shortened));
    }
    if room.shortened > 0 {
        batch
            .warnings
            .push(format!("the page is too large to be kept whole: {} of its parts were left out", room.shortened));
    }
    let mut ids: Vec<&str> = batch.items.iter().map(|item| item.external_id.as_str()).collect();
    ids.sort_unstable();
    let doubled = ids.windows(2).filter(|pair| pair[0] == pair[1]).count();
    if doubled > 0 {
        batch.warnings.push(format!("{doubled} entries have the id of another one: each id is kept once"));
    }
}
