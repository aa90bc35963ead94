//! Every fixture of every plugin through the built component and the plugin room: the same pages that its own tests run
//! natively must give the same batches. A plugin whose fixtures nobody runs here, or that has none, fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tidegate_core::contract::{Body, Header, HttpResponse, Job, Page, PageContent, Redirect, Watermark};
use tidegate_plugin_kit::fixtures::{Fixture, Recorded, brief, load, settle};
use tidegate_tests::component::{Component, dataset_page};
use tidegate_tests::guests;

/// Folders of `plugins/` that are no plugin.
const NO_PLUGIN: [&str; 1] = ["kit"];

#[test]
fn every_plugin_gives_the_same_as_a_component() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    for folder in folders(&plugins) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if NO_PLUGIN.contains(&name.as_str()) {
            continue;
        }
        let all = load(&folder.join("fixtures")).unwrap_or_default();
        assert!(!all.is_empty(), "plugins/{name} has no fixtures: write some (plugins/template shows how)");
        let bytes = guests::build(&format!("tidegate-plugin-{name}"), &[]).unwrap();
        let component = Component::of(bytes, &name).unwrap();
        let wrong: Vec<String> =
            all.iter().filter_map(|fixture| settle(fixture, &through(&component, fixture), false).err()).collect();
        assert!(wrong.is_empty(), "plugins/{name}, as a component:\n{}", wrong.join("\n\n"));
    }
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Runs a fixture, in the shape of `expected.json`.
fn through(component: &Component, fixture: &Fixture) -> Value {
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
        return brief(json!({ "request": request, "batches": all(component, &job, pages, state) }));
    }
    let page = Page { state, content: PageContent::Http(answer(&fixture.response)), number: 0, extra: None };
    match component.normalize(&job, &page) {
        Ok(batch) => brief(json!({ "request": request, "batch": batch })),
        Err(failure) => brief(json!({ "request": request, "failure": failure })),
    }
}

/// The pages in their order, each with the state the one before gave: that of its `next`, or its own.
fn all(component: &Component, job: &Job, pages: &[Recorded], mut state: Option<String>) -> Vec<Value> {
    let mut batches = Vec::new();
    for (number, page) in (0..).zip(pages) {
        let (content, more) = match page {
            Recorded::Response(response) => (PageContent::Http(answer(response)), false),
            Recorded::Dataset(dataset) => (PageContent::Dataset(dataset_page(dataset)), dataset.more),
        };
        match component.normalize(job, &Page { state: state.clone(), content, number, extra: None }) {
            Ok(batch) => {
                let text = |value: &Value| value.as_str().map(str::to_owned);
                state = match &batch["next"] {
                    next if !more && next.is_object() => text(&next["state"]),
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

fn answer(given: &tidegate_plugin_kit::HttpResponse) -> HttpResponse {
    HttpResponse {
        status: given.status,
        final_url: given.final_url.clone(),
        redirects: given.redirects.iter().map(|hop| Redirect { status: hop.status, url: hop.url.clone() }).collect(),
        headers: given
            .headers
            .iter()
            .map(|field| Header { name: field.name.clone(), value: field.value.clone() })
            .collect(),
        body: match &given.body {
            tidegate_plugin_kit::Body::Text(text) => Body::Text(text.clone()),
            tidegate_plugin_kit::Body::Bytes(bytes) => Body::Bytes(bytes.clone()),
        },
        extra: given.extra.clone(),
    }
}
