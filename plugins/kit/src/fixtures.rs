//! Recorded pages with the batch they must give.
//!
//! Owns: the layout of a fixture, loading it, running a plugin over it natively, and comparing. Must not know: any
//! platform. Called by the tests of every plugin, and by the host's to run the same fixtures through the component.
//!
//! A fixture is a folder:
//!
//! - `meta.json`: the job and the answer, all members optional but `kind` and `identifier`:
//!   `{"kind", "identifier", "overrides": {}, "watermark": {"newest_id", "newest_published_at", "cursor"}, "now", "extra": {},
//!   "actor", "platform_id", "max_items", "max_pages",
//!   "response": {"status", "final_url", "redirects": [{"status", "url"}], "headers": [["name", "value"]]}, "state",
//!   "pages": [{"elements", "offset", "more", "ended"} or {"response", "body"}]}`, and `"about"` for whoever reads it
//! - `page.*`: the body, byte for byte. None for an answer without one.
//! - for several pages, the files that `pages` names. `elements`, of a run of an actor: `*.json` is an array of elements,
//!   `*.jsonl` an element a line (which need not be JSON); pages of one dataset have `"more": true` except the last, and
//!   `ended` is "succeeded" if it is not given. `body`: of a response, none if it is not given. A page that follows a `next`
//!   gets the state of that step. `"pages": []` is about the plan alone.
//! - `expected.json`: `{"request": ..., "batch": ...}` or `{"request": ..., "failure": ...}`, with `pages`
//!   `{"request": ..., "batches": [...]}`, the last of which may be a `{"failure": ...}`. `request` is what `plan` asks
//!   for. Members that are null, empty or "" are left out on both sides, so that a fixture shows what it is about.
//!
//! With `UPDATE_FIXTURES=1` in the environment `expected.json` is written instead of compared: read the difference.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::{
    ActorEnd, Batch, Body, DatasetPage, Failure, Fetch, Header, HttpResponse, Job, Page, PageContent, Plugin, Redirect,
    Step, Watermark,
};

/// A fixture as loaded.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Name of its folder.
    pub name: String,
    /// Where it lies.
    pub folder: PathBuf,
    /// What the run wants.
    pub job: Job,
    /// What the server answered.
    pub response: HttpResponse,
    /// Several pages, in order; none if there is one answer.
    pub pages: Option<Vec<Recorded>>,
    /// The state of the step; none: that of `plan`.
    pub state: Option<String>,
    /// What must come of it; null if it was never written.
    pub expected: Value,
}

/// One of several pages.
#[derive(Debug, Clone)]
pub enum Recorded {
    /// The answer to a request.
    Response(HttpResponse),
    /// What an actor left in its dataset.
    Dataset(DatasetPage),
}

/// Every fixture in the folders below `root`, by name.
///
/// # Errors
///
/// Which file cannot be read, and why.
pub fn load(root: &Path) -> Result<Vec<Fixture>, String> {
    let entries = std::fs::read_dir(root).map_err(|error| format!("cannot list {}: {error}", root.display()))?;
    let mut folders: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().map(|folder| one(folder)).collect()
}

fn read_json(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn one(folder: &Path) -> Result<Fixture, String> {
    let meta = read_json(&folder.join("meta.json"))?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let object = |value: &Value| value.is_object().then(|| value.to_string());
    let need =
        |name: &str| text(&meta[name]).ok_or_else(|| format!("{}: meta.json has no \"{name}\"", folder.display()));
    let identifier = need("identifier")?;
    let mut job = Job::new(&need("kind")?, &identifier);
    job.overrides = object(&meta["overrides"]).unwrap_or_else(|| "{}".to_owned());
    job.extra = object(&meta["extra"]);
    job.now = text(&meta["now"]).unwrap_or(job.now);
    job.actor = text(&meta["actor"]);
    job.platform_id = text(&meta["platform_id"]);
    let whole = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    job.max_items = whole(&meta["max_items"]).unwrap_or(job.max_items);
    job.max_pages = whole(&meta["max_pages"]).unwrap_or(job.max_pages);
    let mark = &meta["watermark"];
    job.watermark = mark.is_object().then(|| Watermark {
        newest_id: text(&mark["newest_id"]),
        newest_published_at: text(&mark["newest_published_at"]),
        cursor: text(&mark["cursor"]),
    });
    let response = response(&meta["response"], &identifier, page(folder)?);
    let expected = folder.join("expected.json");
    Ok(Fixture {
        name: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        folder: folder.to_owned(),
        job,
        response,
        pages: match meta["pages"].as_array() {
            Some(pages) => {
                Some(pages.iter().map(|page| recorded(folder, page, &identifier)).collect::<Result<_, _>>()?)
            }
            None => None,
        },
        state: text(&meta["state"]),
        expected: if expected.exists() { read_json(&expected)? } else { Value::Null },
    })
}

/// A response, as `meta.json` describes it.
fn response(given: &Value, identifier: &str, body: Vec<u8>) -> HttpResponse {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let number = |value: &Value| value.as_u64().and_then(|number| u16::try_from(number).ok());
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let final_url = text(&given["final_url"]).unwrap_or_else(|| identifier.to_owned());
    let mut response = HttpResponse::new(number(&given["status"]).unwrap_or(200), &final_url, body);
    response.redirects = list(&given["redirects"])
        .iter()
        .map(|hop| Redirect {
            status: number(&hop["status"]).unwrap_or(302),
            url: text(&hop["url"]).unwrap_or_default(),
        })
        .collect();
    response.headers = list(&given["headers"])
        .iter()
        .map(|field| Header { name: text(&field[0]).unwrap_or_default(), value: text(&field[1]).unwrap_or_default() })
        .collect();
    response
}

/// One of several pages, as `meta.json` describes it.
fn recorded(folder: &Path, page: &Value, identifier: &str) -> Result<Recorded, String> {
    if page["elements"].is_string() {
        return dataset(folder, page).map(Recorded::Dataset);
    }
    let body = match page["body"].as_str() {
        Some(name) => {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?
        }
        None => Vec::new(),
    };
    Ok(Recorded::Response(response(&page["response"], identifier, body)))
}

/// A page of a dataset, as `meta.json` describes it.
fn dataset(folder: &Path, page: &Value) -> Result<DatasetPage, String> {
    let name = page["elements"].as_str().unwrap_or_default();
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let elements = if name.ends_with(".jsonl") {
        text.lines().map(str::to_owned).collect()
    } else {
        let raw: Vec<Box<serde_json::value::RawValue>> =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        raw.iter().map(|element| element.get().to_owned()).collect()
    };
    let ended = match page["ended"].as_str() {
        None | Some("succeeded") => ActorEnd::Succeeded,
        Some("failed") => ActorEnd::Failed,
        Some("timed-out") => ActorEnd::TimedOut,
        Some("aborted") => ActorEnd::Aborted,
        Some("running") => ActorEnd::Running,
        Some("other") => ActorEnd::Other,
        Some(other) => return Err(format!("{}: {other:?} is no end of a run", folder.display())),
    };
    let offset = page["offset"].as_u64().and_then(|offset| u32::try_from(offset).ok()).unwrap_or_default();
    Ok(DatasetPage { offset, more: page["more"].as_bool().unwrap_or_default(), ended, ..DatasetPage::whole(elements) })
}

/// The bytes of the file `page.*`.
fn page(folder: &Path) -> Result<Vec<u8>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut pages = entries.filter_map(Result::ok).map(|entry| entry.path());
    match pages.find(|path| path.file_stem().is_some_and(|stem| stem == "page")) {
        Some(path) => std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display())),
        None => Ok(Vec::new()),
    }
}

/// Runs a plugin over a fixture, in the shape of `expected.json`.
pub fn run<P: Plugin>(fixture: &Fixture) -> Value {
    let planned: Step = match P::plan(&fixture.job) {
        Ok(step) => step,
        Err(failure) => return brief(json!({ "failure": failure })),
    };
    let request = match &planned.fetch {
        Fetch::Http(request) => json!(request),
        Fetch::Actor(run) => json!({ "actor": run }),
        other => json!(other),
    };
    let state = fixture.state.clone().or(planned.state);
    if let Some(pages) = &fixture.pages {
        let batches = normalize_all::<P>(&fixture.job, pages, state);
        return brief(json!({ "request": request, "batches": batches }));
    }
    let page = Page { content: PageContent::Http(fixture.response.clone()), ..Page::http(state, empty()) };
    match P::normalize(&fixture.job, &page) {
        Ok(batch) => brief(json!({ "request": request, "batch": batch })),
        Err(failure) => brief(json!({ "request": request, "failure": failure })),
    }
}

/// The pages in their order, each with the state the one before gave: that of its `next`, or its own.
fn normalize_all<P: Plugin>(job: &Job, pages: &[Recorded], mut state: Option<String>) -> Vec<Value> {
    let mut batches = Vec::new();
    for (number, page) in (0..).zip(pages) {
        let (content, more) = match page {
            Recorded::Response(response) => (PageContent::Http(response.clone()), false),
            Recorded::Dataset(dataset) => (PageContent::Dataset(dataset.clone()), dataset.more),
        };
        let page = Page { content, number, ..Page::http(state.clone(), empty()) };
        let came: Result<Batch, Failure> = P::normalize(job, &page);
        match came {
            Ok(batch) => {
                state = match &batch.next {
                    Some(next) if !more => next.state.clone(),
                    _ => batch.state.clone().or(state),
                };
                batches.push(json!(batch));
            }
            Err(failure) => {
                batches.push(json!({ "failure": failure }));
                break;
            }
        }
    }
    batches
}

fn empty() -> HttpResponse {
    HttpResponse { body: Body::Bytes(Vec::new()), ..HttpResponse::new(200, "", "") }
}

/// Without members that say nothing, and with JSON texts opened up so that they can be read.
pub fn brief(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().map(|(name, value)| {
                let value = match name.as_str() {
                    "extra" | "data" | "state" | "cursor" | "input" => opened(value),
                    "status" | "category" | "want" => contract_word(value),
                    // A variant is an object of one member, named after the case.
                    "fetch" | "body" => match value {
                        Value::Object(case) => {
                            Value::Object(case.into_iter().map(|(case, of)| (contract_case(&case), of)).collect())
                        }
                        other => contract_word(other),
                    },
                    _ => value,
                };
                (name, brief(value))
            });
            Value::Object(kept.filter(|(_, value)| !says_nothing(value)).collect::<Map<String, Value>>())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(brief).collect()),
        other => other,
    }
}

/// A case as the contract writes it (`no-new`), not as Rust does (`NoNew`), so that the host's answers compare equal.
fn contract_word(value: Value) -> Value {
    match value {
        Value::String(word) => Value::String(contract_case(&word)),
        other => other,
    }
}

fn contract_case(word: &str) -> String {
    let mut written = String::with_capacity(word.len() + 2);
    for letter in word.chars() {
        if letter.is_ascii_uppercase() && !written.is_empty() {
            written.push('-');
        }
        written.push(letter.to_ascii_lowercase());
    }
    written
}

fn opened(value: Value) -> Value {
    let parsed = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    parsed.filter(Value::is_object).unwrap_or(value)
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Compares what came of a fixture with what must, or writes it down if `update` is set.
///
/// # Errors
///
/// The two, for a person.
pub fn settle(fixture: &Fixture, came: &Value, update: bool) -> Result<(), String> {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    if update {
        let path = fixture.folder.join("expected.json");
        return std::fs::write(&path, pretty(came))
            .map_err(|error| format!("cannot write {}: {error}", path.display()));
    }
    if *came == fixture.expected {
        return Ok(());
    }
    let (came, expected) = (pretty(came), pretty(&fixture.expected));
    let differs = came.lines().zip(expected.lines()).position(|(came, expected)| came != expected).unwrap_or_default();
    let near = |text: &str| text.lines().skip(differs.saturating_sub(2)).take(6).collect::<Vec<_>>().join("\n");
    Err(format!(
        "{}: line {} of expected.json\n--- expected\n{}\n--- got\n{}",
        fixture.name,
        differs + 1,
        near(&expected),
        near(&came)
    ))
}
