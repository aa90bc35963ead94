//! A component tried without anybody's data: with its own examples, and with pages that say nothing or nonsense.
//!
//! Owns: the made-up jobs and pages. Must not know: how an answer is judged (`trial` does).

use serde_json::{Map, Value};
use tidegate_core::advice::Finding;
use tidegate_core::contract::{
    ActorEnd, Body, BodyForm, DatasetPage, Example, Fetch, Header, HttpRequest, HttpResponse, Job, Kind, Page,
    PageContent, Step, Watermark,
};
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Profile;
use tidegate_core::{limits, overrides, plan};

use super::trial::Trial;
use crate::config::parse_profile;

/// When it happens.
const NOW: &str = "2026-01-01T00:00:00Z";
/// Examples of a kind that are planned and normalized with; all of them are validated.
const EXAMPLES: usize = 4;

/// Tries every kind.
pub(super) async fn run(trial: &mut Trial<'_>) {
    for kind in trial.plugin.manifest().kinds.clone() {
        defaults(trial, &kind);
        for (number, example) in kind.examples.iter().enumerate() {
            let place = format!("kind {}, example {:?}", kind.name, example.identifier);
            let merged = merged(&kind, example);
            let Some(normal) = trial.validate(&place, &kind.name, &example.identifier, &merged).await else { continue };
            if number < EXAMPLES {
                one_run(trial, &kind, &place, job(&kind, &normal, merged)).await;
            }
        }
    }
}

/// The schema's own defaults have to fit it.
fn defaults(trial: &mut Trial<'_>, kind: &Kind) {
    let schema = overrides::schema(&kind.overrides_schema).unwrap_or_default();
    let required = schema.get("required").and_then(Value::as_array).map_or(0, Vec::len);
    let given = overrides::with_defaults(&schema, Map::new());
    // What is required and has no default is for the source to say.
    for problem in trial.plugin.check_overrides(&kind.name, &Value::Object(given)) {
        if required > 0 && problem.message.contains("required") {
            continue;
        }
        let what = format!("the default at {} does not fit its own schema: {}", problem.pointer, problem.message);
        let place = format!("kind {}, overrides-schema", kind.name);
        trial
            .note("schema", Finding::error(place, what, "correct the default or the schema: no source could be added"));
    }
}

fn merged(kind: &Kind, example: &Example) -> String {
    let schema = overrides::schema(&kind.overrides_schema).unwrap_or_default();
    let own = serde_json::from_str(&example.overrides).unwrap_or_default();
    Value::Object(overrides::with_defaults(&schema, own)).to_string()
}

fn job(kind: &Kind, identifier: &str, overrides: String) -> Job {
    Job {
        kind: kind.name.clone(),
        identifier: identifier.to_owned(),
        overrides,
        watermark: None,
        max_items: 10,
        max_pages: limits::PAGES_PER_RUN,
        now: NOW.to_owned(),
        actor: kind.actors.first().cloned(),
        platform_id: None,
        extra: None,
    }
}

/// A first run, and a later one.
async fn one_run(trial: &mut Trial<'_>, kind: &Kind, place: &str, job: Job) {
    let mark = Watermark {
        newest_id: Some("1".to_owned()),
        newest_published_at: Some("2025-12-31T00:00:00Z".to_owned()),
        cursor: None,
    };
    let later = Job { watermark: Some(mark), ..job.clone() };
    for (which, job) in [("first run", job), ("later run", later)] {
        let place = format!("{place}, {which}");
        let Some(Ok(step)) = trial.plan(&place, &job).await else { continue };
        checked(trial, kind, &place, &step);
        for (name, page) in pages(&step) {
            let place = format!("{place}, {name}");
            if let Some(Ok(batch)) = trial.normalize(&place, &job, &page).await
                && let Some(next) = batch.next
            {
                checked(trial, kind, &place, &next);
            }
        }
    }
}

/// What a run would say about a step, whatever the operator allows.
fn checked(trial: &mut Trial<'_>, kind: &Kind, place: &str, step: &Step) {
    let wrong = match &step.fetch {
        Fetch::Nothing => None,
        Fetch::Actor(run) => serde_json::from_str::<Map<String, Value>>(&run.input)
            .err()
            .map(|error| format!("the actor's input is not a JSON object: {error}")),
        Fetch::Http(_) | Fetch::Other(_) => permissive(trial.plugin.name(), kind)
            .and_then(|profile| plan::check(step.clone(), kind, &profile, MicroUsd::ZERO).err())
            .map(|failure| failure.message),
    };
    if let Some(wrong) = wrong {
        let remedy =
            "the host makes no such request: see `step` and `http-request` in wit/, and the kind's hosts and methods";
        trial.note("step", Finding::error(place, wrong, remedy));
    }
}

/// A profile that allows what the manifest asks for.
fn permissive(plugin: &str, kind: &Kind) -> Option<Profile> {
    let text = format!("plugin = {plugin:?}\nkind = {:?}\nschedule = {{ every = \"1d\" }}\n", kind.name);
    parse_profile("check", &text, "check").ok()
}

/// Pages that any platform may answer with on a bad day.
fn pages(step: &Step) -> Vec<(&'static str, Page)> {
    let page = |content| Page { state: step.state.clone(), content, number: 0, extra: None };
    match &step.fetch {
        Fetch::Http(request) => [
            ("an empty answer", 200, "application/octet-stream", &b""[..]),
            ("status 404", 404, "text/html", b"<!doctype html><title>Not found</title>"),
            ("status 403", 403, "text/html", b"<!doctype html><title>Forbidden</title>"),
            ("status 304", 304, "text/plain", b""),
            ("an empty JSON object", 200, "application/json", b"{}"),
            ("an empty JSON list", 200, "application/json", b"[]"),
            ("an empty XML document", 200, "application/xml", b"<?xml version=\"1.0\"?><a/>"),
            ("bytes that are no text", 200, "application/json", b"\x00\xff\xfe{\"a\":[\xc3\x28"),
        ]
        .into_iter()
        .map(|(name, status, mime, body)| (name, page(PageContent::Http(response(request, status, mime, body)))))
        .collect(),
        Fetch::Actor(_) => [
            ("an empty dataset", vec![]),
            ("a dataset of nonsense", vec!["{}", "null", "[]", "\"x\"", "{\"error\":\"not_found\"}", "{"]),
        ]
        .into_iter()
        .map(|(name, elements)| {
            let elements = elements.into_iter().map(str::to_owned).collect();
            let dataset = DatasetPage { elements, offset: 0, more: false, ended: ActorEnd::Succeeded, extra: None };
            (name, page(PageContent::Dataset(dataset)))
        })
        .collect(),
        Fetch::Nothing | Fetch::Other(_) => Vec::new(),
    }
}

fn response(request: &HttpRequest, status: u16, mime: &str, body: &[u8]) -> HttpResponse {
    HttpResponse {
        status,
        final_url: request.url.clone(),
        redirects: vec![],
        headers: vec![Header { name: "content-type".to_owned(), value: mime.to_owned() }],
        body: match request.want {
            BodyForm::Bytes => Body::Bytes(body.to_vec()),
            BodyForm::Text => Body::Text(String::from_utf8_lossy(body).into_owned()),
        },
        extra: None,
    }
}
