//! Single answers that are easily taken for something else: refusals of a kept position, contradictions, records that are none.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests")]

use serde_json::{Value, json};
use tidegate_plugin_http::Http;
use tidegate_plugin_kit::{Batch, Failure, FailureCategory, Fetch, HttpResponse, Job, Page, Plugin as _, Step};

const URL: &str = "https://api.example/items";
const LAST: Option<&str> = Some(r#"{"last-try":true}"#);

fn graphql() -> Value {
    json!({
        "query": "{ a }", "records": "/data/nodes", "fields": {"id": "/id"},
        "paging": {"kind": "cursor", "next": "/data/page/end", "more": "/data/page/more"},
    })
}

fn rest() -> Value {
    json!({
        "records": "/items", "fields": {"id": "/id"}, "error": "/error",
        "paging": {"kind": "cursor", "next": "/next", "more": "/more"},
    })
}

fn job(kind: &str, overrides: &Value) -> Job {
    let now = "2026-11-22T12:00:00Z".to_owned();
    Job { overrides: overrides.to_string(), max_pages: 9, max_items: 100, now, ..Job::new(kind, URL) }
}

/// A job whose run before ended at the cursor "c".
fn resumed(kind: &str, overrides: &Value) -> Job {
    let page = match kind {
        "graphql" => json!({"data": {"nodes": [{"id": 1}], "page": {"more": true, "end": "c"}}}),
        _ => json!({"items": [{"id": 1}], "more": true, "next": "c"}),
    };
    let first = Job { max_pages: 1, ..job(kind, overrides) };
    let step = Http::plan(&first).unwrap();
    let batch = read(&first, &step, 200, &page.to_string(), None).unwrap();
    let resumed = Job { watermark: batch.watermark, ..job(kind, overrides) };
    assert!(asks(&Http::plan(&resumed).unwrap()).contains('c'), "it goes on at the cursor");
    resumed
}

fn read(job: &Job, step: &Step, status: u16, body: &str, extra: Option<&str>) -> Result<Batch, Failure> {
    let page = Page::http(step.state.clone(), HttpResponse::new(status, URL, body));
    Http::normalize(job, &Page { extra: extra.map(str::to_owned), ..page })
}

/// The cursor a step asks with.
fn asks(step: &Step) -> String {
    let Fetch::Http(request) = &step.fetch else { return String::new() };
    let body = request.body.as_ref().map(|body| serde_json::from_slice::<Value>(body.as_bytes()).unwrap());
    let variable = body.and_then(|body| body["variables"]["after"].as_str().map(str::to_owned));
    let parameter = request.url.split_once("cursor=").map(|(_, cursor)| cursor.to_owned());
    variable.or(parameter).unwrap_or_default()
}

fn passed(step: &Step) -> Vec<u16> {
    if let Fetch::Http(request) = &step.fetch { request.pass_statuses.clone() } else { Vec::new() }
}

const FORGOTTEN: &str = r#"{"data":null,"errors":[{"message":"`c` does not appear to be a valid cursor.","extensions":{"code":"INVALID_CURSOR_ARGUMENTS"}}]}"#;
const OUTAGE: &str = r#"{"data":null,"errors":[{"message":"oh","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}"#;

#[test]
fn a_kept_position_that_is_refused_begins_the_listing_again() {
    for (kind, status, body, words) in [
        ("graphql", 200, FORGOTTEN, "valid cursor"),
        ("graphql", 400, FORGOTTEN, "valid cursor"),
        ("graphql", 200, r#"{"data":null}"#, "there is nothing at"),
        ("graphql", 200, OUTAGE, "INTERNAL_SERVER_ERROR"),
        ("rest", 200, r#"{"ok":false,"error":"invalid_cursor"}"#, "invalid_cursor"),
        ("rest", 200, r#"{"items":[]}"#, "no records any more"),
        ("rest", 200, r#"{"items":[],"next":"c"}"#, "no records any more"),
        ("rest", 200, r#"{"items":null,"more":false}"#, "no records any more"),
        ("graphql", 500, r#"{"errors":[{"message":"odd"}]}"#, "500"),
        ("rest", 200, "<p>Sorry", "Sorry"),
        ("rest", 401, "", "401"),
        ("rest", 403, "Result window is too large", "window"),
        ("rest", 408, "", "408"),
        ("rest", 451, "", "451"),
        ("rest", 500, "", "500"),
    ] {
        let overrides = if kind == "graphql" { graphql() } else { rest() };
        let job = resumed(kind, &overrides);
        let step = Http::plan(&job).unwrap();
        let batch = read(&job, &step, status, body, LAST).unwrap();
        let warning = batch.warnings.join("; ");
        assert!(warning.contains(words) && warning.contains("read from its beginning"), "{status} {body}: {warning}");
        let next = batch.next.unwrap();
        assert_eq!((asks(&next).as_str(), passed(&next)), ("", vec![429]), "{status} {body}");
        assert!(!batch.watermark.unwrap().cursor.unwrap().contains("\"at\""), "{status} {body}");
        // What is wrong with the listing itself stays a failure.
        if !words.contains("no records") {
            let failure = read(&job, &next, status, body, LAST).unwrap_err();
            assert!(failure.message.contains(words), "{status} {body}: {failure:?}");
        }
    }
}

#[test]
fn what_may_pass_is_tried_again_first_and_a_rate_is_waited_for() {
    let job = resumed("rest", &rest());
    let step = Http::plan(&job).unwrap();
    assert!(passed(&step).len() == 16 && [401, 408, 500, 503].iter().all(|status| passed(&step).contains(status)));
    for extra in [None, Some("{}"), Some("x"), Some(r#"{"last-try":false}"#), Some(r#"{"last-try":"true"}"#)] {
        assert_eq!(read(&job, &step, 503, "", extra).unwrap_err().category, FailureCategory::Transient, "{extra:?}");
    }
    assert_eq!(read(&job, &step, 429, "", LAST).unwrap_err().category, FailureCategory::RateLimited);
    let wordy = resumed("graphql", &graphql());
    let asked = Http::plan(&wordy).unwrap();
    let failure = read(&wordy, &asked, 503, r#"{"error":"no"}"#, None).unwrap_err();
    assert_eq!(failure.category, FailureCategory::Transient, "words without a meaning do not hide a status");
    let mut response = HttpResponse::new(503, URL, "");
    response.headers = vec![tidegate_plugin_kit::Header { name: "retry-after".into(), value: "7".into() }];
    let failure = Http::normalize(&job, &Page::http(step.state, response)).unwrap_err();
    assert_eq!(failure.retry_after_s, Some(7.0));
}

/// A position that no request can be made of would stop its source at each run to come, before anything is asked.
#[test]
fn a_cursor_that_is_too_long_to_be_asked_with_begins_the_listing_again() {
    let page = json!({"items": [{"id": 1}], "more": true, "next": "%".repeat(6_000)}).to_string();
    let first = Job { max_pages: 1, ..job("rest", &rest()) };
    let batch = read(&first, &Http::plan(&first).unwrap(), 200, &page, None).unwrap();
    assert!(batch.watermark.as_ref().unwrap().cursor.as_ref().unwrap().contains("%%%"));
    let next = Job { watermark: batch.watermark, ..job("rest", &rest()) };
    assert_eq!(asks(&Http::plan(&next).unwrap()), "");
}

/// In the middle of a run: a place that is not served ends it well, and so does whatever fails behind a kept position, which the next
/// run asks for first.
#[test]
fn what_fails_in_the_middle() {
    let page = r#"{"items":[{"id":2}],"more":true,"next":"d"}"#;
    for (status, body) in [(402, ""), (403, ""), (451, ""), (404, "")] {
        let job = job("rest", &rest());
        let second = read(&job, &Http::plan(&job).unwrap(), 200, page, None).unwrap().next.unwrap();
        let batch = read(&job, &second, status, body, None).unwrap();
        assert!(batch.warnings.join("").contains("what follows was not read") && batch.next.is_none(), "{status}");
    }
    for (status, body) in [(401, ""), (500, ""), (200, r#"{"error":"odd"}"#), (200, "<p>")] {
        let fresh = job("rest", &rest());
        let second = read(&fresh, &Http::plan(&fresh).unwrap(), 200, page, None).unwrap().next.unwrap();
        assert_eq!(passed(&second), [429]);
        read(&fresh, &second, status, body, LAST).unwrap_err();

        let job = resumed("rest", &rest());
        let second = read(&job, &Http::plan(&job).unwrap(), 200, page, None).unwrap().next.unwrap();
        assert!(passed(&second).contains(&500) && !passed(&second).contains(&401));
        let batch = read(&job, &second, status, body, LAST).unwrap();
        assert!(batch.warnings.join("").contains("the next run goes on there"), "{status} {body}");
        let next = Job { watermark: batch.watermark, ..job.clone() };
        let step = Http::plan(&next).unwrap();
        assert_eq!(asks(&step), "d", "{status} {body}");
        let batch = read(&next, &step, status, body, LAST).unwrap();
        assert_eq!(asks(&batch.next.unwrap()), "", "{status} {body}");
    }
}

#[test]
fn answers_that_contradict_themselves_prove_no_end() {
    let one = r#"{"id":1}"#;
    for (kind, body, words) in [
        ("rest", format!(r#"{{"items":[{one}],"more":true}}"#), "\"/next\" holds no cursor"),
        ("rest", format!(r#"{{"items":[{one}],"more":true,"next":null}}"#), "\"/next\" holds no cursor"),
        ("rest", format!(r#"{{"items":[{one}],"more":true,"next":{{"a":1}}}}"#), "\"/next\" holds no cursor"),
        ("rest", format!(r#"{{"items":[{one}],"more":true,"next":false}}"#), "\"/next\" holds no cursor"),
        ("rest", format!(r#"{{"items":[{one}],"next":{{"a":1}}}}"#), "something else"),
        ("rest", r#"{"items":null,"more":true,"next":"d"}"#.to_owned(), "null instead of a list"),
        ("rest", r#"{"items":null,"next":"d"}"#.to_owned(), "null instead of a list"),
        ("graphql", format!(r#"{{"data":{{"nodes":[{one}],"page":null}}}}"#), "nothing at \"/data/page/more\""),
        ("graphql", format!(r#"{{"data":{{"nodes":[{one}],"page":{{"more":true,"end":null}}}}}}"#), "holds no cursor"),
        ("graphql", r#"{"data":{"nodes":null,"page":{"more":true,"end":"d"}}}"#.to_owned(), "null instead"),
    ] {
        let mut overrides = if kind == "graphql" { graphql() } else { rest() };
        overrides["incremental"] = json!({"by": "id", "order": "newest-first"});
        let job = job(kind, &overrides);
        let batch = read(&job, &Http::plan(&job).unwrap(), 200, &body, None).unwrap();
        let warning = batch.warnings.join("; ");
        assert!(warning.contains(words) && batch.next.is_none(), "{body}: {warning}");
        assert!(!batch.watermark.unwrap().cursor.unwrap().contains("low"), "{body}: the mark stays");
    }
    // What says nothing of more is an end, and so is a list that is null there.
    for body in [r#"{"items":[{"id":1}]}"#, r#"{"items":null}"#, r#"{"items":null,"more":false}"#] {
        let job = job("rest", &rest());
        let batch = read(&job, &Http::plan(&job).unwrap(), 200, body, None).unwrap();
        assert_eq!((batch.warnings.len(), batch.next), (0, None), "{body}");
    }
}

#[test]
fn what_is_no_list_of_records_is_a_bad_answer_that_names_it() {
    for (kind, body, words) in [
        ("rest", r#"{"items":"none"}"#, "there is a text at \"/items\""),
        ("rest", r#"{"items":false}"#, "there is a truth value at \"/items\""),
        ("rest", r#"{"items":0}"#, "there is a number at \"/items\""),
        ("rest", r#"{"items":{"a":{"id":1}}}"#, "it is \"/items/*\""),
        ("rest", "{}", "the answer is an empty object"),
        ("graphql", r#"{"data":{"nodes":[]},"errors":"boom everything"}"#, "boom everything"),
        ("graphql", r#"{"data":null,"errors":"boom everything"}"#, "boom everything"),
        ("graphql", r#"{"data":{"nodes":[]},"errors":{"message":"boom","code":7}}"#, "(7): boom"),
        ("graphql", r#"{"data":{"nodes":[]},"error":{"message":"boom"}}"#, "boom"),
    ] {
        let job = job(kind, &if kind == "graphql" { graphql() } else { rest() });
        let failure = read(&job, &Http::plan(&job).unwrap(), 200, body, None).unwrap_err();
        assert_eq!(failure.category, FailureCategory::BadAnswer, "{body}");
        assert!(failure.message.contains(words), "{body}: {}", failure.message);
    }
    for (overrides, body, items) in [
        (rest(), r#"{"items":{"id":1}}"#, 1),
        (json!({"records": "/edges/*/node", "fields": {"id": "/id"}}), r#"{"edges":[]}"#, 0),
        (json!({"records": "/edges/*/node", "fields": {"id": "/id"}}), r#"{"edges":null}"#, 0),
        (rest(), r#"{"items":[{"id":"a"},{"id":"a "},{"id":" a"}]}"#, 3),
    ] {
        let job = job("rest", &overrides);
        let batch = read(&job, &Http::plan(&job).unwrap(), 200, body, None).unwrap();
        let ids: std::collections::BTreeSet<_> = batch.items.iter().map(|item| &item.external_id).collect();
        assert_eq!((ids.len(), batch.rejects.len()), (items, 0), "{body}");
    }
    let job = job("graphql", &graphql());
    let nothing_wrong = r#"{"data":{"nodes":[],"page":{"more":false}},"errors":[],"error":null}"#;
    let batch = read(&job, &Http::plan(&job).unwrap(), 200, nothing_wrong, None).unwrap();
    assert_eq!(batch.warnings, Vec::<String>::new());
}
