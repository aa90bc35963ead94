//! Batches a host must not believe: what becomes of a page for an identifier of the form `page word rest`.
//!
//! Owns: one batch for each word. Must not know: what the host makes of it.

use crate::bindings::tidegate::plugin::types::{
    Author, Batch, Facts, FailureCategory, Hints, Item, Job, Media, Metric, Reference, Reject, Removal, Watermark,
};
use crate::plans::{page, page_at, unescaped};
use crate::{batch, failure, item, tricks};

/// The batch of a word; `None` if there is no such word.
pub(crate) fn normalize(job: &Job) -> Option<Batch> {
    let order = job.identifier.strip_prefix("page ")?;
    let (word, rest) = order.split_once(' ').unwrap_or((order, ""));
    let rest = unescaped(rest);
    of_the_run(word, &rest, job)
        .or_else(|| of_the_lists(word, &rest))
        .or_else(|| Some(batch(vec![of_an_item(word, &rest)?])))
}

/// What a batch says about its source and the run.
fn of_the_run(word: &str, rest: &str, job: &Job) -> Option<Batch> {
    let calm = || batch(vec![item("calm")]);
    let count = || rest.parse::<usize>().unwrap_or(0);
    let long = || "x".repeat(count());
    let number = || rest.parse::<f64>().ok();
    let mark = |newest_id, newest_published_at, cursor| Batch {
        watermark: Some(Watermark { newest_id, newest_published_at, cursor }),
        ..calm()
    };
    Some(match word {
        "state" => Batch { state: Some(long()), ..calm() },
        "cursor" => mark(None, None, Some(long())),
        "newest-id" => mark(Some(long()), None, None),
        "newest" => mark(None, Some(rest.to_owned()), None),
        "fillers" => Batch { fillers: u32::MAX, ..calm() },
        "detail" => {
            let mut calm = calm();
            calm.outcome.detail = long();
            calm
        }
        "trouble" => Batch { trouble: Some(failure(FailureCategory::Blocked, &long())), ..calm() },
        "trouble-retry" => {
            let mut told = failure(FailureCategory::RateLimited, "slow down");
            told.retry_after_s = number();
            Batch { trouble: Some(told), ..calm() }
        }
        "trouble-pointer" => {
            let mut told = failure(FailureCategory::Config, "wrong");
            told.pointer = Some(long());
            Batch { trouble: Some(told), ..calm() }
        }
        "trouble-text" => Batch { trouble: Some(failure(FailureCategory::BadAnswer, rest)), ..calm() },
        "warning-text" => Batch { warnings: vec![rest.to_owned()], ..calm() },
        "facts" => Batch { facts: Some(facts(&long())), ..calm() },
        "moved" => Batch { facts: Some(Facts { moved_to: Some(rest.to_owned()), ..facts("") }), ..calm() },
        "followers" => Batch { facts: Some(Facts { followers: number(), ..facts("") }), ..calm() },
        "hints" => Batch { hints: Some(hints(&long(), 16)), ..calm() },
        "skip-hours" => {
            let skip_hours = (0..u32::try_from(count()).unwrap_or(0)).collect();
            Batch { hints: Some(Hints { skip_hours, ..hints("", 0) }), ..calm() }
        }
        "interval" => Batch { hints: Some(Hints { min_interval_s: number(), ..hints("", 0) }), ..calm() },
        "not-before" => Batch { hints: Some(Hints { not_before: Some(rest.to_owned()), ..hints("", 0) }), ..calm() },
        "next" => Batch { next: Some(page_at(rest)), ..batch(Vec::new()) },
        "next-same" => Batch { next: Some(page(job)), ..batch(Vec::new()) },
        "next-later" => {
            let mut next = page(job);
            next.extra = Some(r#"{"delay-s":1e9}"#.to_owned());
            Batch { next: Some(next), ..batch(Vec::new()) }
        }
        _ => return None,
    })
}

/// Many of something, or something long.
fn of_the_lists(word: &str, rest: &str) -> Option<Batch> {
    let calm = || batch(vec![item("calm")]);
    let count = rest.parse::<usize>().unwrap_or(0);
    let long = || "x".repeat(count);
    let (reject, removal) = (
        |reason: String, extra| Reject { element: 0, reason, extra },
        |external_id: String, reason: String| Removal { element: 0, external_id, reason, at: None, extra: None },
    );
    Some(match word {
        "items" => batch(tricks::many(count)),
        "same-id" => batch(vec![item("twice"); count]),
        "rejects" => Batch { rejects: vec![reject("bad".to_owned(), None); count], ..calm() },
        "reject-bytes" => Batch { rejects: vec![reject(long(), None)], ..calm() },
        "reject-extra" => Batch { rejects: vec![reject("bad".to_owned(), Some(long()))], ..calm() },
        "removals" => Batch { removals: vec![removal("1".to_owned(), String::new()); count], ..calm() },
        "removal-bytes" => Batch { removals: vec![removal(long(), long())], ..calm() },
        "warnings" => Batch { warnings: vec!["careful".to_owned(); count], ..calm() },
        "warning-bytes" => Batch { warnings: vec![long()], ..calm() },
        _ => return None,
    })
}

/// One item with one thing wrong with it.
fn of_an_item(word: &str, rest: &str) -> Option<Item> {
    let calm = item("calm");
    let count = rest.parse::<usize>().unwrap_or(0);
    let long = || "x".repeat(count);
    let some = || Some(rest.to_owned());
    Some(match word {
        "id-bytes" => Item { external_id: long(), ..calm },
        "id" => Item { external_id: rest.to_owned(), ..calm },
        "kind-bytes" => Item { kind: long(), ..calm },
        "kind" => Item { kind: rest.to_owned(), ..calm },
        "url" => Item { url: some(), ..calm },
        "url-bytes" => Item { url: Some(long()), ..calm },
        "title" => Item { title: some(), ..calm },
        "title-bytes" => Item { title: Some(long()), ..calm },
        "text-bytes" => Item { text: Some(long()), ..calm },
        "summary-bytes" => Item { summary: Some(long()), ..calm },
        "html" => Item { html: some(), ..calm },
        "html-bytes" => Item { html: Some(long()), ..calm },
        "language-bytes" => Item { language: Some(long()), ..calm },
        "date" => Item { published_at: some(), ..calm },
        "data" => Item { data: some(), ..calm },
        "data-bytes" => Item { data: Some(format!(r#"{{"x":"{}"}}"#, long())), ..calm },
        "data-deep" => Item { data: Some(format!(r#"{{"x":{}{}}}"#, "[".repeat(count), "]".repeat(count))), ..calm },
        "extra-deep" => Item { extra: Some(format!("{}{}", "[".repeat(count), "]".repeat(count))), ..calm },
        "media" => Item { media: vec![media("https://example.org/a", ""); count], ..calm },
        "media-url" => Item { media: vec![media(rest, "")], ..calm },
        "media-bytes" => Item { media: vec![media("https://example.org/a", &long())], ..calm },
        "tags" => Item { tags: vec!["tide".to_owned(); count], ..calm },
        "tag-bytes" => Item { tags: vec![long()], ..calm },
        "authors" => Item { authors: vec![author("ann"); count], ..calm },
        "author-bytes" => Item { authors: vec![author(&long())], ..calm },
        "references" => Item { references: vec![reference("1"); count], ..calm },
        "reference-bytes" => Item { references: vec![reference(&long())], ..calm },
        "metrics" => Item { metrics: vec![metric("likes", 1.0); count], ..calm },
        "metric" => Item { metrics: vec![metric("likes", rest.parse().ok()?)], ..calm },
        "metric-name" => Item { metrics: vec![metric(rest, 1.0)], ..calm },
        _ => return None,
    })
}

fn author(text: &str) -> Author {
    let some = || Some(text.to_owned());
    Author { handle: some(), id: some(), name: some(), url: some(), image_url: some(), verified: None, extra: some() }
}

fn media(url: &str, text: &str) -> Media {
    let some = || Some(text.to_owned()).filter(|text| !text.is_empty());
    Media {
        kind: "image".to_owned(),
        role: "attached".to_owned(),
        url: url.to_owned(),
        thumbnail_url: some(),
        mime: some(),
        size: Some(f64::NAN),
        width: Some(f64::NEG_INFINITY),
        height: Some(-1.0),
        duration_s: Some(f64::MAX),
        alt: some(),
        expires_at: some(),
        extra: some(),
    }
}

fn metric(name: &str, value: f64) -> Metric {
    Metric { name: name.to_owned(), value }
}

fn reference(text: &str) -> Reference {
    let some = || Some(text.to_owned());
    Reference { relation: text.to_owned(), external_id: some(), author_handle: some(), author_id: some(), url: some() }
}

fn facts(text: &str) -> Facts {
    let some = || Some(text.to_owned()).filter(|text| !text.is_empty());
    Facts {
        platform_id: some(),
        display_name: some(),
        description: some(),
        url: some(),
        image_url: some(),
        language: some(),
        followers: None,
        following: None,
        posts: None,
        verified: None,
        moved_to: None,
        extra: some(),
    }
}

fn hints(text: &str, count: usize) -> Hints {
    Hints {
        min_interval_s: None,
        fresh_for_s: None,
        not_before: None,
        skip_hours: Vec::new(),
        skip_days: vec![text.to_owned(); count],
        hubs: vec![text.to_owned(); count],
        topic: Some(text.to_owned()),
        complete: false,
        extra: Some(text.to_owned()),
    }
}
