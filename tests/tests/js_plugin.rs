//! A stranger's plugin: written in JavaScript from `wit/` alone, built through QuickJS, run by the plugin room.
//!
//! Needs npm, and the packages of `tests/js`; without npm it says that it was skipped. With `js` in `TIDEGATE_REQUIRE` (a list
//! with commas), as in `.ci/run`, a skip is a failure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    reason = "tests"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use tidegate::plugins::{CallContext, Origin, Plugin, PluginRoom, RoomConfig};
use tidegate_core::contract::{
    Batch, Body, BodyForm, Failure, FailureCategory, Fetch, Header, HttpResponse, Job, OutcomeStatus, Page,
    PageContent, Watermark,
};
use tidegate_core::time::UtcMillis;

const LIST: &str = "https://posts.example/list.json";
const NOW: &str = "2026-11-21T12:00:00Z";

/// Builds the component with the project's own script; `None` where npm is missing.
fn built() -> Option<Vec<u8>> {
    let js = Path::new(env!("CARGO_MANIFEST_DIR")).join("js");
    if Command::new("npm").arg("--version").output().is_err() {
        return skipped("npm is not there; it builds the plugin in tests/js");
    }
    if !js.join("node_modules/.bin/jco").is_file() {
        let installed = Command::new("npm")
            .args(["install", "--no-save", "--no-audit", "--no-fund"])
            .current_dir(&js)
            .output()
            .expect("npm starts");
        if !installed.status.success() {
            return skipped(&format!("`npm install` in tests/js did not pass: {}", last_words(&installed)));
        }
    }
    let dir = tempfile::tempdir().expect("a folder for the component");
    let out: PathBuf = dir.path().join("plugin.wasm");
    let done = Command::new("sh").arg(js.join("build.sh")).arg(&out).output().expect("sh starts");
    assert!(done.status.success(), "tests/js/build.sh did not pass: {}", last_words(&done));
    Some(std::fs::read(&out).expect("the component that was built"))
}

fn skipped(why: &str) -> Option<Vec<u8>> {
    let required = std::env::var("TIDEGATE_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == "js"), "TIDEGATE_REQUIRE has js, but: {why}");
    eprintln!("skipped: {why}");
    None
}

fn last_words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim_end().lines().last().unwrap_or("it said nothing").to_owned()
}

fn context() -> CallContext {
    CallContext::at(UtcMillis::parse(NOW).expect("a time"))
}

fn job() -> Job {
    Job {
        kind: "list".to_owned(),
        identifier: LIST.to_owned(),
        overrides: r#"{"limit":20,"drafts":false}"#.to_owned(),
        watermark: None,
        max_items: 10,
        max_pages: 3,
        now: NOW.to_owned(),
        actor: None,
        platform_id: None,
        extra: None,
    }
}

fn page(number: u32, state: Option<String>, status: u16, body: &str) -> Page {
    let headers = vec![Header { name: "etag".to_owned(), value: "\"tide\"".to_owned() }];
    let response = HttpResponse {
        status,
        final_url: LIST.to_owned(),
        redirects: Vec::new(),
        headers,
        body: Body::Text(body.to_owned()),
        extra: None,
    };
    Page { state, content: PageContent::Http(response), number, extra: None }
}

async fn normalized(plugin: &Plugin, job: &Job, page: &Page) -> Result<Batch, Failure> {
    plugin.normalize(job, page, &context()).await.unwrap_or_else(|fault| panic!("{fault}")).value
}

/// The URL and headers of an HTTP step.
async fn planned(plugin: &Plugin, job: &Job) -> (String, Vec<Header>) {
    let step = plugin.plan(job, &context()).await.unwrap_or_else(|fault| panic!("{fault}")).value.expect("a step");
    match step.fetch {
        Fetch::Http(request) => {
            assert_eq!((request.method.as_str(), request.want), ("GET", BodyForm::Text));
            (request.url, request.headers)
        }
        other => panic!("expected an HTTP request, not {other:?}"),
    }
}

#[tokio::test]
async fn a_strangers_plugin_loads_plans_and_normalizes() {
    let Some(bytes) = built() else { return };
    let room = PluginRoom::new(RoomConfig::default()).expect("a plugin room");
    let origin = Origin::File(PathBuf::from("tests/js/plugin.wasm"));
    let plugin: Arc<Plugin> = room.load(bytes, origin).await.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!((plugin.name(), plugin.version()), ("jsdemo", "0.1.0"));
    assert!(plugin.wasi_imports().is_empty(), "built without WASI, but imports {:?}", plugin.wasi_imports());

    settings_are_checked(&plugin).await;
    let watermark = two_pages_are_read(&plugin).await;
    the_next_run_asks_for_less(&plugin, watermark).await;
    what_cannot_be_read_is_a_failure_not_a_fault(&plugin).await;
}

async fn settings_are_checked(plugin: &Plugin) {
    let cases = [("Posts.Example/list.json", Ok(LIST)), (LIST, Ok(LIST)), ("not a URL", Err(""))];
    for (identifier, expected) in cases {
        let answer =
            plugin.validate("list", identifier, "{}", &context()).await.unwrap_or_else(|fault| panic!("{fault}"));
        let found = answer.value.map(|valid| valid.identifier).map_err(|problems| problems[0].pointer.clone());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{identifier}");
    }
    let wrong = plugin.check_overrides("list", &serde_json::json!({ "limit": 0 }));
    assert_eq!(wrong.iter().map(|problem| problem.pointer.as_str()).collect::<Vec<_>>(), ["/limit"]);
}

/// A run of two pages; gives the watermark it proposes.
async fn two_pages_are_read(plugin: &Plugin) -> Watermark {
    let (url, headers) = planned(plugin, &job()).await;
    assert_eq!(url, format!("{LIST}?limit=10"), "no more than the job may store");
    assert!(headers.iter().all(|header| header.name != "if-none-match"), "nothing is known yet");

    let body = r#"{"title": "Tides", "next": "https://posts.example/list.json?page=2", "posts": [
        {"id": 7, "title": "High water", "body": "06:12 \ud800", "link": "https://posts.example/7", "posted": "2026-11-21T06:12:00Z", "likes": 3},
        {"title": "no id"}, {"id": "d", "draft": true}]}"#;
    let first = normalized(plugin, &job(), &page(0, None, 200, body)).await.expect("a batch");
    assert_eq!(first.items.len(), 1);
    let item = &first.items[0];
    assert_eq!((item.external_id.as_str(), item.element, item.title.as_deref()), ("7", 0, Some("High water")));
    assert_eq!(item.text.as_deref(), Some("06:12 \u{fffd}"), "a lone surrogate is replaced, not a trap");
    assert_eq!(
        item.metrics.iter().map(|metric| (metric.name.as_str(), metric.value)).collect::<Vec<_>>(),
        [("likes", 3.0)]
    );
    assert_eq!((first.rejects.len(), first.rejects[0].element, first.fillers), (1, 1, 1));
    assert_eq!(first.facts.and_then(|facts| facts.display_name).as_deref(), Some("Tides"));

    let next = first.next.expect("a second page");
    let second = page(1, next.state, 200, r#"{"title": "Tides", "next": null, "posts": [{"id": "6"}]}"#);
    let second = normalized(plugin, &job(), &second).await.expect("a batch");
    assert_eq!(second.items[0].external_id, "6");
    assert!(second.next.is_none());
    second.watermark.expect("a watermark")
}

async fn the_next_run_asks_for_less(plugin: &Plugin, watermark: Watermark) {
    assert_eq!(watermark.newest_id.as_deref(), Some("7"), "the newest of the run's first page");
    let job = Job { watermark: Some(watermark), ..job() };
    let (_, headers) = planned(plugin, &job).await;
    let validator = headers.iter().find(|header| header.name == "if-none-match").map(|header| header.value.as_str());
    assert_eq!(validator, Some("\"tide\""), "byte for byte as it was received");
    let nothing = normalized(plugin, &job, &page(0, None, 304, "")).await.expect("a batch");
    assert_eq!((nothing.outcome.status, nothing.items.len()), (OutcomeStatus::NoNew, 0));
}

async fn what_cannot_be_read_is_a_failure_not_a_fault(plugin: &Plugin) {
    let cases = [
        (200, "nonsense", FailureCategory::BadAnswer),
        (200, "{}", FailureCategory::BadAnswer),
        (200, "null", FailureCategory::BadAnswer),
        (404, "", FailureCategory::NotFound),
        (418, "", FailureCategory::Other),
    ];
    for (status, body, expected) in cases {
        let failure = normalized(plugin, &job(), &page(0, None, status, body)).await.expect_err("a failure");
        assert_eq!(failure.category, expected, "{status} {body}: {}", failure.message);
    }
    let strange = Page { content: PageContent::Other("{}".to_owned()), ..page(0, None, 200, "") };
    let failure = normalized(plugin, &job(), &strange).await.expect_err("a failure");
    assert_eq!(failure.category, FailureCategory::Other);
}
