//! HTTP caching: what a client sends, keeps and makes of an answer.

use serde_json::Value;
use tidegate_plugin_kit::{
    Batch, Failure, FailureCategory, Fetch, Header, HttpRequest, HttpResponse, Job, OutcomeStatus, Page, Plugin,
    Redirect, Watermark,
};
use tidegate_plugin_rss::{Rss, conditional::Validators, hints};

use crate::{list, load};

const URL: &str = "https://feeds.example/feed";
const FEED: &str = "<rss version='2.0'><channel><title>t</title><item><guid>1</guid></item></channel></rss>";

fn fields(object: &Value) -> Vec<Header> {
    let members = object.as_object().into_iter().flatten();
    members.map(|(name, value)| Header { name: name.clone(), value: value.as_str().unwrap().to_owned() }).collect()
}

fn job(cursor: Option<String>) -> Job {
    let watermark = cursor.map(|cursor| Watermark { cursor: Some(cursor), ..Watermark::none() });
    Job { watermark, ..Job::new("feed", URL) }
}

fn planned(job: &Job) -> (HttpRequest, Option<String>) {
    let step = Rss::plan(job).unwrap();
    let Fetch::Http(request) = step.fetch else { panic!("no request") };
    (request, step.state)
}

/// The validators in a request.
fn sent(request: &HttpRequest) -> Vec<(String, String)> {
    let validators = request.headers.iter().filter(|field| field.name.starts_with("if-"));
    validators.map(|field| (field.name.clone(), field.value.clone())).collect()
}

fn cursor_of(stored: &Value) -> Option<String> {
    let text = |name: &str| stored[name].as_str().map(str::to_owned);
    Validators { url: URL.to_owned(), etag: text("etag"), last_modified: text("last-modified") }.to_cursor()
}

/// Sends the case's answer to a run that starts with its validators.
fn answered(case: &Value) -> (HttpRequest, Result<Batch, Failure>) {
    let job = job(cursor_of(&case["stored"]));
    let (request, state) = planned(&job);
    let response = &case["response"];
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let mut answer = HttpResponse::new(status, URL, if status == 200 { FEED } else { "" });
    answer.headers = fields(&response["headers"]);
    if let Some(location) = response["headers"]["location"].as_str() {
        // The host follows it; what comes here is what it found there.
        answer = HttpResponse::new(200, location, FEED);
        answer.redirects.push(Redirect { status, url: location.to_owned() });
    }
    (request, Rss::normalize(&job, &Page::http(state, answer)))
}

fn cursor_after(batch: &Batch) -> Option<Validators> {
    let cursor = batch.watermark.as_ref()?.cursor.as_deref()?;
    Some(serde_json::from_str(cursor).unwrap())
}

#[test]
fn clients_cases() {
    let Some(vectors) = load("http_caching.json") else { return };
    for case in list(&vectors, "client_cases") {
        match case["case"].as_str().unwrap() {
            // The host reads Retry-After: those statuses never reach a plugin.
            "retry-after" | "503 with Retry-After" => {}
            "freshness hint (private client)" => {
                let ours = hints::freshness::seconds(&fields(&case["headers"]), "2027-12-31T23:59:00Z");
                assert_eq!(serde_json::json!(ours), case["fresh_for_s"], "{case}");
            }
            "feed hint" => {
                let document = format!(
                    "<rss version='2.0' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel>{}</channel></rss>",
                    case["channel_xml"].as_str().unwrap()
                );
                let page = Page::http(None, HttpResponse::new(200, URL, document));
                let hints = Rss::normalize(&job(None), &page).unwrap().hints;
                let ours = hints.and_then(|hints| hints.min_interval_s);
                assert_eq!(ours, case["interval_s"].as_f64(), "{case}");
            }
            _ => request_and_outcome(case),
        }
    }
}

fn request_and_outcome(case: &Value) {
    let (request, answer) = answered(case);
    if case["expect_request"].is_object() {
        let expected: Vec<(String, String)> =
            fields(&case["expect_request"]).into_iter().map(|f| (f.name, f.value)).collect();
        assert_eq!(sent(&request), expected, "{case}");
    }
    let batch = |answer: Result<Batch, Failure>| answer.unwrap_or_else(|failure| panic!("{case}: {}", failure.message));
    let category = |answer: Result<Batch, Failure>| answer.err().map(|failure| failure.category);
    match case["outcome"].as_str().unwrap() {
        "not-modified" => {
            let batch = batch(answer);
            assert_eq!(batch.outcome.status, OutcomeStatus::NoNew, "{case}");
            if let Some(etag) = case["stored_after"]["etag"].as_str() {
                assert_eq!(cursor_after(&batch).unwrap().etag.as_deref(), Some(etag), "{case}");
            }
        }
        "modified" | "modified-but-same-validator" => {
            let batch = batch(answer);
            assert_eq!(batch.items.len(), 1, "{case}");
            let kept = cursor_after(&batch).and_then(|kept| kept.etag);
            assert_eq!(kept.as_deref(), case["response"]["headers"]["etag"].as_str(), "{case}");
        }
        "error" => assert_eq!(category(answer), Some(FailureCategory::BadAnswer), "{case}"),
        "error-auth" => assert_eq!(category(answer), Some(FailureCategory::Auth), "{case}"),
        "error-permanent-candidate" => assert!(answer.is_err(), "{case}"),
        "gone" => assert_eq!(batch(answer).outcome.status, OutcomeStatus::NotFound, "{case}"),
        "follow-and-record" => assert_eq!(moved(&batch(answer)).as_deref(), case["url_after"].as_str(), "{case}"),
        "follow" => assert_eq!(moved(&batch(answer)), None, "{case}"),
        other => panic!("an outcome nobody knows: {other}"),
    }
}

fn moved(batch: &Batch) -> Option<String> {
    batch.facts.as_ref().and_then(|facts| facts.moved_to.clone())
}

#[test]
fn validators_stay_with_their_origin() {
    let elsewhere =
        Validators { url: "https://other.example/feed".into(), etag: Some("\"a\"".into()), last_modified: None };
    let (request, _) = planned(&job(elsewhere.to_cursor()));
    assert_eq!(sent(&request), []);
}

/// What the suite of http-tests/cache-tests says of a private cache, as far as a client that keeps no bodies can show it:
/// a request that must carry a validator carries it, and an answer that must not be reused is not called fresh. Whether a
/// fresh answer is fetched again is the schedule's decision, so "cached" is always met.
#[test]
fn cache_tests() {
    // The suite wants quotes added to an entity tag that came without; the client cases want it back as it came. The
    // latter is what servers that forget the quotes compare with.
    const ARGUED: [&str; 1] = ["conditional-etag-strong-generate-unquoted"];
    let Some(vectors) = load("http_caching.json") else { return };
    let mut validators = 0;
    for test in list(&vectors, "cache_tests") {
        let id = test["id"].as_str().unwrap();
        let mut before: Option<Vec<Header>> = None;
        for request in list(test, "requests") {
            let own_validators = list(request, "request_headers")
                .iter()
                .any(|field| field[0].as_str().is_some_and(|n| n.starts_with("If-")));
            if let (Some(stored), false) = (&before, own_validators || ARGUED.contains(&id)) {
                validators += check(id, stored, request);
            }
            before = Some(response_fields(request));
        }
    }
    assert!(validators > 0, "no vector asked for a validator");
}

/// The fields of a vector's answer; a number stands for a date that many seconds from now.
fn response_fields(request: &Value) -> Vec<Header> {
    let value = |field: &Value| match &field[1] {
        Value::String(text) => text.clone(),
        other => {
            let at = 1_830_000_000 + other.as_i64().unwrap();
            let rfc3339 = tidegate_plugin_kit::moment::Moment::of_seconds(at).to_rfc3339().unwrap();
            let (date, time) = rfc3339.split_once('T').unwrap();
            let mut parts = date.split('-');
            let (year, month, day) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
            let month = months[month.parse::<usize>().unwrap() - 1];
            format!("Mon, {day} {month} {year} {} GMT", time.trim_end_matches('Z'))
        }
    };
    let fields = list(request, "response_headers").iter();
    fields.map(|field| Header { name: field[0].as_str().unwrap().to_lowercase(), value: value(field) }).collect()
}

/// Checks a request after an answer with the fields `stored`. Gives how many validators it asked for.
fn check(id: &str, stored: &[Header], request: &Value) -> usize {
    let mut response = HttpResponse::new(200, URL, FEED);
    response.headers = stored.to_vec();
    let batch = Rss::normalize(&job(None), &Page::http(None, response)).unwrap();
    let (planned, _) = planned(&job(batch.watermark.and_then(|watermark| watermark.cursor)));
    let sent = sent(&planned);
    let mut asked = 0;
    for field in list(request, "expected_request_headers") {
        let name = field[0].as_str().unwrap().to_lowercase();
        if name.starts_with("if-") {
            asked += 1;
            assert!(
                sent.iter().any(|(n, v)| *n == name && field[1].as_str().is_none_or(|wanted| wanted == v)),
                "{id}: {field} in {sent:?}"
            );
        }
    }
    match request["expected_type"].as_str() {
        Some("etag_validated") => assert!(sent.iter().any(|(name, _)| name == "if-none-match"), "{id}: {sent:?}"),
        Some("lm_validated") => assert!(sent.iter().any(|(name, _)| name == "if-modified-since"), "{id}: {sent:?}"),
        // Other fields of the request make these different answers; this client always sends the same.
        Some("not_cached") if !id.starts_with("vary") && id != "query-args-different" => {
            let fresh = hints::freshness::seconds(stored, "2027-12-29T05:20:00Z");
            assert!(fresh.is_none_or(|seconds| seconds <= 3), "{id}: fresh for {fresh:?} s");
        }
        _ => {}
    }
    asked
}
