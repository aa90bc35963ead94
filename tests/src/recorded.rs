//! Recorded pages through a component.
//!
//! Owns: the way of a fixture of `plugins/kit` through the plugin room. Must not know: any plugin. Called by the tests that run
//! fixtures against components.

use serde_json::{Value, json};
use tidegate_core::contract::{Body, Header, HttpResponse, Job, Page, PageContent, Redirect, Watermark};
use tidegate_plugin_kit as kit;
use tidegate_plugin_kit::fixtures::{Fixture, Recorded, brief};

use crate::component::{Component, dataset_page};

/// Runs a fixture, in the shape of `expected.json`.
#[must_use]
pub fn through(component: &Component, fixture: &Fixture) -> Value {
    let given = &fixture.job;
    let job = Job {
        kind: given.kind.clone(),
        identifier: given.identifier.clone(),
        overrides: given.overrides.clone(),
        watermark: given.watermark.as_ref().map(|mark| Watermark {
            newest_id: mark.newest_id.clone(),
            newest_published_at: mark.newest_published_at.clone(),
            cursor: mark.cursor.clone(),
        }),
        max_items: given.max_items,
        max_pages: given.max_pages,
        now: given.now.clone(),
        actor: given.actor.clone(),
        platform_id: given.platform_id.clone(),
        extra: given.extra.clone(),
    };
    let (request, planned) = match component.plan(&job) {
        Ok((request, state)) => (request, state),
        Err(failure) => return brief(json!({ "failure": failure })),
    };
    let state = fixture.state.clone().or(planned);
    if let Some(pages) = &fixture.pages {
        return brief(json!({ "request": request, "batches": all(component, &job, &request, pages, state) }));
    }
    let page = Page { state, content: PageContent::Http(answer(&fixture.response, &request)), number: 0, extra: None };
    match component.normalize(&job, &page) {
        Ok(batch) => brief(json!({ "request": request, "batch": batch })),
        Err(failure) => brief(json!({ "request": request, "failure": failure })),
    }
}

/// The pages in their order, each with the state the one before gave: that of its `next`, or its own.
fn all(component: &Component, job: &Job, request: &Value, pages: &[Recorded], mut state: Option<String>) -> Vec<Value> {
    let mut batches = Vec::new();
    let mut asked = request.clone();
    for (number, page) in (0..).zip(pages) {
        let (content, more) = match page {
            Recorded::Response(response) => (PageContent::Http(answer(response, &asked)), false),
            Recorded::Dataset(dataset) => (PageContent::Dataset(dataset_page(dataset)), dataset.more),
        };
        match component.normalize(job, &Page { state: state.clone(), content, number, extra: None }) {
            Ok(batch) => {
                let text = |value: &Value| value.as_str().map(str::to_owned);
                state = match &batch["next"] {
                    next if !more && next.is_object() => {
                        asked = next["fetch"].clone();
                        text(&next["state"])
                    }
                    _ => text(&batch["state"]).or(state),
                };
                batches.push(batch);
            }
            Err(failure) => {
                batches.push(json!({ "failure": failure }));
                break;
            }
        }
    }
    batches
}

/// The answer, its body handed over in the form that was asked for.
fn answer(given: &kit::HttpResponse, request: &Value) -> HttpResponse {
    let bytes = given.body.as_bytes();
    HttpResponse {
        status: given.status,
        final_url: given.final_url.clone(),
        redirects: given.redirects.iter().map(|hop| Redirect { status: hop.status, url: hop.url.clone() }).collect(),
        headers: given
            .headers
            .iter()
            .map(|field| Header { name: field.name.clone(), value: field.value.clone() })
            .collect(),
        body: if wants_text(request) {
            Body::Text(String::from_utf8_lossy(bytes).into_owned())
        } else {
            Body::Bytes(bytes.to_vec())
        },
        extra: given.extra.clone(),
    }
}

/// Whether a request, alone or within its `fetch`, wants its answer as text.
fn wants_text(request: &Value) -> bool {
    ["/want", "/http/want"].into_iter().any(|at| request.pointer(at).is_some_and(|want| want == "text"))
}
