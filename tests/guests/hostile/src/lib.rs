//! A plugin for tests that behaves as it is told, mostly badly.
//!
//! Owns: one behaviour for each way a plugin can misbehave. In `plan` and `normalize` the job's identifier names it; while
//! it is loaded, the marker `MODE` in its own bytes does, which a test overwrites in a copy of the component. Must not
//! know: the host. Built by `tidegate_tests::guests`.
// Natively there is nothing to build: a `cargo check` of the whole workspace passes by.
#![cfg(target_arch = "wasm32")]
#![allow(unsafe_code, clippy::allow_attributes, reason = "the export macro writes the component's entry points here")]

// Not the kit: what is tested here lies below what the kit allows.
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated from wit/v0.1"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit/v0.1",
        world: "plugin-with-deliveries",
    });
}

mod batches;
#[cfg(feature = "wasi")]
mod outside;
mod plans;
mod thief;
mod tricks;

use bindings::exports::tidegate::plugin::{deliveries, source};
use bindings::tidegate::plugin::log::{self, Level};
use bindings::tidegate::plugin::types::{
    Batch, Body, Example, Failure, FailureCategory, Item, Job, Kind, Manifest, Outcome, OutcomeStatus, Page,
    PageContent, Problem, Step, Valid, Watermark,
};

struct Hostile;

/// What it does while it is loaded: the word after "MODE:", filled up with dots.
static MODE: [u8; 32] = *b"MODE:calm.......................";
/// Its name and version; a test makes another plugin of it by overwriting them with as many letters.
static NAME: &str = "hostile-guest";
static VERSION: &str = "0.1.0+seal";

fn mode() -> String {
    // Not known to the compiler, as it is overwritten in the finished component.
    let bytes = core::hint::black_box(&MODE);
    bytes.iter().skip(5).map(|byte| char::from(*byte)).filter(|c| *c != '.').collect()
}

impl source::Guest for Hostile {
    fn describe() -> Manifest {
        let mode = mode();
        tricks::play(&format!("describe-{mode}"));
        let schema = match mode.as_str() {
            "bad-schema" => r#"{"type":"object","additionalProperties":false,"properties":{"a":{"type":"objekt"}}}"#,
            _ => {
                r#"{"type":"object","additionalProperties":false,
                   "properties":{"limit":{"type":"integer","maximum":9},"origin":{"type":"string"}}}"#
            }
        };
        let kind = Kind {
            name: "trick".to_owned(),
            description: "Name of a trick.".to_owned(),
            overrides_schema: schema.to_owned(),
            examples: vec![Example {
                identifier: "Echo".to_owned(),
                overrides: if mode == "bad-example" { r#"{"limit":10}"# } else { r#"{"limit":5}"# }.to_owned(),
                note: String::new(),
            }],
            hosts: vec!["*".to_owned()],
            methods: vec!["GET".to_owned()],
            actors: Vec::new(),
            deltas: vec!["cursor".to_owned()],
            deliveries: true,
            extra: None,
        };
        let theft = Kind {
            name: "theft".to_owned(),
            description: "A way to come by a credential, and the origin it is tried at.".to_owned(),
            overrides_schema: r#"{"type":"object","additionalProperties":false,"properties":{}}"#.to_owned(),
            examples: vec![Example {
                identifier: "echo@http://127.0.0.1:1".to_owned(),
                overrides: "{}".to_owned(),
                note: String::new(),
            }],
            actors: vec!["apify/instagram-post-scraper".to_owned()],
            ..kind.clone()
        };
        Manifest {
            name: if mode == "bad-name" { "Not A Name" } else { core::hint::black_box(NAME) }.to_owned(),
            version: core::hint::black_box(VERSION).to_owned(),
            description: "Behaves as it is told.".to_owned(),
            kinds: vec![kind, theft],
            extra: None,
        }
    }

    fn validate(_kind: String, identifier: String, _overrides: String) -> Result<Valid, Vec<Problem>> {
        let normal = match mode().as_str() {
            "not-idempotent" => format!("{identifier}!"),
            _ => identifier.to_lowercase(),
        };
        match normal.as_str() {
            "nothing-wrong" => Err(Vec::new()),
            "empty" => Ok(Valid { identifier: String::new(), extra: None }),
            "many-problems" => {
                let problem = Problem { pointer: "/x".repeat(16), message: "wrong".to_owned() };
                Err(vec![problem; 100_000])
            }
            "long-pointer" => {
                Err(vec![Problem { pointer: format!("/{}", "x".repeat(1 << 20)), message: "wrong".to_owned() }])
            }
            "long-message" => Err(vec![Problem { pointer: String::new(), message: "x".repeat(1 << 20) }]),
            "long-identifier" => Ok(Valid { identifier: "x".repeat(1 << 20), extra: None }),
            "control-identifier" => Ok(Valid { identifier: "tide\u{1b}[2J".to_owned(), extra: None }),
            "unknown" => Err(vec![Problem { pointer: String::new(), message: "there is no such trick".to_owned() }]),
            _ => Ok(Valid { identifier: normal, extra: None }),
        }
    }

    fn plan(job: Job) -> Result<Step, Failure> {
        if job.kind == "theft" {
            return thief::plan(&job);
        }
        if let Some(step) = plans::plan(&job) {
            return Ok(step);
        }
        let step = |state: Option<String>| Step { state, ..plans::page(&job) };
        match job.identifier.as_str() {
            "fail" => Err(failure(FailureCategory::Config, "told to fail")),
            "count" => Ok(step(Some(tricks::count().to_string()))),
            "bad-utf8" => Ok(step(Some(tricks::not_unicode()))),
            "bad-pointer" => Ok(step(Some(tricks::out_of_memory()))),
            "bad-case" => Err(failure(tricks::no_such_case(), "")),
            "big-answer" => Ok(step(Some("x".repeat(40 << 20)))),
            "post-return" => {
                let answer = step(Some("x".to_owned()));
                drop(job);
                tricks::spin_when_freed();
                Ok(answer)
            }
            #[cfg(feature = "wasi")]
            "outside" => Ok(step(Some(outside::look()))),
            #[cfg(feature = "wasi")]
            word @ ("wait" | "hoard" | "dice" | "flood") => {
                match word {
                    "wait" => outside::wait(),
                    "hoard" => outside::hoard(),
                    "dice" => outside::dice(),
                    _ => outside::flood(),
                }
                Ok(step(None))
            }
            #[cfg(feature = "wasi")]
            "stderr" => {
                outside::complain("Traceback: told to give up\n");
                core::arch::wasm32::unreachable()
            }
            trick => {
                tricks::play(trick);
                Ok(step(Some(format!("{} {} {}", job.identifier, job.max_items, job.now))))
            }
        }
    }

    fn normalize(job: Job, page: Page) -> Result<Batch, Failure> {
        if job.kind == "theft" {
            // Everything that came, where a test can read it; and kept for the next run.
            let all = format!("{job:?} {page:?}");
            let cursor = Watermark { newest_id: None, newest_published_at: None, cursor: page.state };
            return Ok(Batch { watermark: Some(cursor), ..batch(vec![item(&all)]) });
        }
        match job.identifier.as_str() {
            "many-items" => Ok(batch(tricks::many(100_000))),
            "fail" => Err(failure(FailureCategory::BadAnswer, "told to fail")),
            trick => {
                if let Some(batch) = batches::normalize(&job) {
                    return Ok(batch);
                }
                tricks::play(trick.strip_prefix("page ").unwrap_or(trick));
                Ok(batch(vec![item(&say(page))]))
            }
        }
    }
}

impl deliveries::Guest for Hostile {
    fn normalize_delivery(_job: Job, delivery: deliveries::Delivery) -> Result<Batch, Failure> {
        let Body::Text(text) = delivery.body else { return Err(failure(FailureCategory::BadAnswer, "not text")) };
        Ok(batch(vec![item(&text)]))
    }
}

bindings::export!(Hostile with_types_in bindings);

/// A page in a line of text, so that a test sees that everything arrived.
fn say(page: Page) -> String {
    let state = page.state.unwrap_or_default();
    match page.content {
        PageContent::Http(answer) => {
            let body = match &answer.body {
                Body::Text(text) => format!("text {text}"),
                Body::Bytes(bytes) => format!("{} bytes", bytes.len()),
            };
            let headers: Vec<String> = answer.headers.iter().map(|h| format!("{}={}", h.name, h.value)).collect();
            let redirects: Vec<String> = answer.redirects.iter().map(|r| format!("{}>{}", r.status, r.url)).collect();
            let (headers, redirects) = (headers.join(","), redirects.join(","));
            format!("{state} #{} {} {} {headers} {redirects} {body}", page.number, answer.status, answer.final_url)
        }
        PageContent::Dataset(dataset) => {
            format!("{state} #{} {}+{} {}", page.number, dataset.offset, dataset.elements.join("|"), dataset.more)
        }
        PageContent::Other(text) => format!("{state} #{} other {text}", page.number),
    }
}

fn failure(category: FailureCategory, message: &str) -> Failure {
    Failure { category, message: message.to_owned(), retry_after_s: Some(1.5), pointer: None, extra: None }
}

fn batch(items: Vec<Item>) -> Batch {
    Batch {
        items,
        removals: Vec::new(),
        rejects: Vec::new(),
        fillers: 0,
        outcome: Outcome { status: OutcomeStatus::Ok, detail: String::new(), extra: None },
        facts: None,
        watermark: None,
        trouble: None,
        state: None,
        hints: None,
        warnings: Vec::new(),
        next: None,
        extra: None,
    }
}

fn item(text: &str) -> Item {
    Item {
        element: 0,
        external_id: "1".to_owned(),
        partial: false,
        kind: "post".to_owned(),
        url: None,
        authors: Vec::new(),
        title: Some("a\0b".to_owned()),
        text: Some(text.to_owned()),
        html: None,
        summary: None,
        published_at: None,
        updated_at: None,
        language: None,
        media: Vec::new(),
        metrics: Vec::new(),
        references: Vec::new(),
        tags: Vec::new(),
        data: None,
        extra: None,
    }
}

fn say_error(message: &str) {
    log::line(Level::Error, message);
}
