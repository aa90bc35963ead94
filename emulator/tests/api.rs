//! The API as it is documented: shapes, errors, lists, pages, waiting, aborting.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::allow_attributes,
    dead_code,
    reason = "tests"
)]

mod client;

use std::collections::BTreeMap;
use std::path::Path;

use client::{Answer, BY_URL, Lab, TOKEN, TWEETS, exchange, posts_of};
use serde_json::{Value, json};

/// Paths of all members, each with its type; elements of lists have the path of the first.
fn shape(value: &Value, path: &str, out: &mut BTreeMap<String, &'static str>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    out.insert(path.to_owned(), kind);
    match value {
        Value::Object(map) => map.iter().for_each(|(key, each)| shape(each, &format!("{path}.{key}"), out)),
        Value::Array(list) => list.iter().take(1).for_each(|each| shape(each, &format!("{path}[]"), out)),
        _ => {}
    }
}

/// Everything that `wanted` has is there, with the same type or null.
fn has_shape(got: &Value, wanted: &Value, name: &str) {
    let (mut theirs, mut ours) = (BTreeMap::new(), BTreeMap::new());
    shape(wanted, "", &mut theirs);
    shape(got, "", &mut ours);
    for (path, kind) in theirs {
        let found = ours.get(&path).unwrap_or_else(|| panic!("{name}: {path} is missing"));
        assert!(*found == kind || *found == "null" || kind == "null", "{name}: {path} is {found}, not {kind}");
    }
}

/// A run object put together from the documentation.
fn documented_run() -> Value {
    json!({
        "id": "aaaaaaaaaaaaaaaaa", "actId": "", "userId": "", "actorTaskId": null, "startedAt": "", "finishedAt": null,
        "status": "READY", "statusMessage": null, "isStatusMessageTerminal": null,
        "meta": {"origin": "API", "clientIp": "", "userAgent": ""},
        "pricingInfo": {"pricingModel": "", "minimalMaxTotalChargeUsd": 0.01, "pricingPerEvent": {"actorChargeEvents": {
            "apify-actor-start": {"eventTitle": "", "eventDescription": "", "eventPriceUsd": 0.001, "isOneTimeEvent": true}}}},
        "stats": {"restartCount": 0, "resurrectCount": 0, "computeUnits": 0, "runTimeSecs": 0},
        "chargedEventCounts": {"apify-actor-start": 1},
        "options": {"build": "", "timeoutSecs": 1, "memoryMbytes": 1, "diskMbytes": 1, "maxItems": null, "maxTotalChargeUsd": 0.1},
        "buildId": "", "buildNumber": "", "exitCode": null, "defaultDatasetId": "", "defaultKeyValueStoreId": "",
        "storageIds": {"datasets": {"default": ""}}, "usageTotalUsd": 0.1, "platformUsageBillingModel": "",
    })
}

fn capped(lab: &Lab, handle: &str) -> Answer {
    lab.start(BY_URL, "maxTotalChargeUsd=0.1&timeout=300&memory=1024", &posts_of(handle, 15))
}

#[test]
fn objects_have_the_documented_members() {
    let lab = Lab::by_hand();
    let mut all = BTreeMap::new();
    for (name, scenario, seconds) in [
        ("run-ready", "1", 0),
        ("run-running", "1", 6),
        ("run-succeeded", "1", 100),
        ("run-timed-out-partial", "14", 100),
        ("run-failed", "16-bare", 100),
        ("run-aborted-charge-limit", "15-cap", 100),
    ] {
        lab.emulator.clear_script();
        lab.emulator.scenario(scenario, "").unwrap();
        let id = capped(&lab, "harbour").json()["data"]["id"].as_str().unwrap().to_owned();
        lab.seconds(seconds);
        let run = json!({"data": lab.run(&id)});
        has_shape(&run["data"], &documented_run(), name);
        all.insert(name, run);
    }
    all.insert("runs-list", lab.get("/v2/actor-runs?desc=1").json());
    all.insert("user-limits", lab.get("/v2/users/me/limits").json());
    let dataset = all["run-succeeded"]["data"]["defaultDatasetId"].as_str().unwrap();
    let dataset = lab.get(&format!("/v2/datasets/{dataset}")).json();
    all.insert("dataset", dataset);
    assert!(all["runs-list"]["data"]["items"][0].get("options").is_none());
    for (name, seconds) in [("run-ready", "READY"), ("run-running", "RUNNING"), ("run-succeeded", "SUCCEEDED")] {
        assert_eq!(all[name]["data"]["status"], seconds);
    }
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/apify/api");
    if !samples.is_dir() {
        eprintln!("SKIPPED: the comparison with the sample objects: {} is not there", samples.display());
        return;
    }
    for (name, got) in &all {
        let text = std::fs::read_to_string(samples.join(format!("{name}.json"))).unwrap();
        has_shape(got, &serde_json::from_str(&text).unwrap(), name);
    }
}

#[test]
fn errors_say_what_apify_says() {
    let lab = Lab::by_hand();
    let posts = posts_of("harbour", 3);
    let scraper = "apify~instagram-post-scraper";
    let cases: Vec<(Answer, u16, &str, &str)> = vec![
        (
            lab.start(scraper, "", &json!({"username": "harbour"})),
            400,
            "invalid-input",
            "Input is not valid: Field input.username must be array",
        ),
        (
            lab.start(scraper, "", &json!({})),
            400,
            "invalid-input",
            "Input is not valid: Field input.username is required",
        ),
        (
            lab.start(BY_URL, "", &json!({"directUrls": ["x"], "resultsType": "waves"})),
            400,
            "invalid-input",
            "allowed values",
        ),
        (
            lab.start(BY_URL, "maxTotalChargeUsd=0.001", &posts),
            400,
            "max-total-charge-usd-below-minimum",
            "minimum of $0.01",
        ),
        (lab.start(BY_URL, "maxItems=0", &posts), 400, "max-items-must-be-greater-than-zero", ""),
        (lab.start(BY_URL, "build=9.9.9", &posts), 400, "unknown-build-tag", "9.9.9"),
        (lab.start(BY_URL, "memory=1000", &posts), 400, "invalid-parameter", "power of two"),
        (lab.start(BY_URL, "webhooks=%25", &posts), 400, "invalid-parameter", "base64"),
        (lab.start("apify~nobody", "", &posts), 404, "record-not-found", "Actor was not found"),
        (lab.start(BY_URL, "", &json!([1])), 400, "input-json-not-object", ""),
        (lab.call("POST", &format!("/v2/acts/{BY_URL}/runs"), b"{"), 400, "run-input-body-not-valid-json", ""),
        (
            lab.call("POST", &format!("/v2/acts/{BY_URL}/runs"), &vec![b' '; 10_485_760]),
            413,
            "request-too-large",
            "(limit: 9437184 bytes, actual length: 10485760 bytes)",
        ),
        (lab.call("DELETE", "/v2/actor-runs/x", b""), 405, "method-not-allowed", "OPTIONS,GET"),
        (lab.get("/v2/actor-runs/aaaaaaaaaaaaaaaaa"), 404, "record-not-found", ""),
        (lab.get("/v2/datasets/aaaaaaaaaaaaaaaaa/items"), 404, "record-not-found", ""),
        (lab.get("/v3/nothing"), 404, "page-not-found", ""),
        (
            exchange(lab.emulator.addr(), "GET", "/v2/users/me", &[], b""),
            401,
            "token-not-provided",
            "Authentication token was not provided",
        ),
        (
            exchange(lab.emulator.addr(), "GET", "/v2/users/me", &[("Authorization", "Bearer no")], b""),
            401,
            "user-or-token-not-found",
            "User was not found or authentication token is not valid",
        ),
        (
            exchange(
                lab.emulator.addr(),
                "POST",
                &format!("/v2/acts/{BY_URL}/runs"),
                &[("Authorization", &format!("Bearer {TOKEN}")), ("Content-Encoding", "bla")],
                b"{}",
            ),
            415,
            "unsupported-content-encoding",
            "Content-Encoding \"bla\" is not supported.",
        ),
    ];
    for (answer, status, kind, message) in &cases {
        let body = answer.json();
        assert_eq!((answer.status, answer.kind().as_str()), (*status, *kind), "{body}");
        assert!(body["error"]["message"].as_str().unwrap().contains(message), "{body}");
    }
    assert_eq!(lab.emulator.books().runs.len(), 0);
    assert_eq!(lab.get("/v2/users/me").field("x-ratelimit-limit"), Some("60"));
    let valid = lab.call("POST", &format!("/v2/acts/{BY_URL}/validate-input"), posts.to_string().as_bytes());
    assert_eq!((valid.status, valid.json()), (200, json!({"valid": true})));
}

#[test]
fn without_a_token_a_run_shows_no_costs_and_urls_are_booked() {
    let lab = Lab::by_hand();
    let id = lab.started("harbour", 3);
    let path = format!("/v2/actor-runs/{id}");
    let bare = exchange(lab.emulator.addr(), "GET", &path, &[], b"").json()["data"].clone();
    assert!(bare.get("usageTotalUsd").is_none() && bare["id"] == json!(id));
    assert_eq!(exchange(lab.emulator.addr(), "GET", &format!("{path}/dataset/items"), &[], b"").status, 401);
    let in_url = exchange(lab.emulator.addr(), "GET", &format!("{path}?token={TOKEN}&waitForFinish=0"), &[], b"");
    assert!(in_url.json()["data"].get("usageTotalUsd").is_some());
    assert_eq!(lab.emulator.books().tokens_in_urls, 1);
    let log = lab.get("/emulator/log").text();
    assert!(!log.contains(TOKEN) && log.contains("\"token\":\"url\"") && log.contains("waitForFinish=0"));
    assert!(!lab.get("/emulator/books").text().contains(TOKEN));
}

#[test]
fn lists_are_narrowed_ordered_and_paged() {
    let lab = Lab::by_hand();
    let ids: Vec<String> = (0..5)
        .map(|_| {
            lab.seconds(120);
            lab.started("harbour", 2)
        })
        .collect();
    lab.seconds(120);
    let tweets =
        lab.start(TWEETS, "", &json!({"searchTerms": ["from:harbour"], "maxItems": 2})).json()["data"]["id"].clone();
    let listed = |path: &str| {
        let data = lab.get(path).json()["data"].clone();
        let ids: Vec<String> =
            data["items"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(data["count"], ids.len());
        (data["total"].as_u64().unwrap(), ids)
    };
    let of_actor = format!("/v2/acts/{BY_URL}/runs");
    assert_eq!(listed(&of_actor), (5, ids.clone()));
    let newest: Vec<String> = ids.iter().rev().skip(1).take(2).cloned().collect();
    assert_eq!(listed(&format!("{of_actor}?desc=1&offset=1&limit=2")), (5, newest));
    assert_eq!(listed("/v2/actor-runs?desc=true&limit=1"), (6, vec![tweets.as_str().unwrap().to_owned()]));
    assert_eq!(listed("/v2/actor-runs?status=RUNNING,READY").0, 1);
    let at = |nth: usize| lab.run(&ids[nth])["startedAt"].as_str().unwrap().to_owned();
    let between = format!("{of_actor}?startedAfter={}&startedBefore={}", at(1), at(3));
    assert_eq!(listed(&between), (3, ids[1..4].to_vec()));
}

#[test]
fn items_come_while_it_runs_and_pages_fit_together() {
    let lab = Lab::by_hand();
    let id = lab.started("harbour", 15);
    let mut counts = Vec::new();
    for _ in 0..90 {
        counts.push(lab.items(&id, "").json().as_array().unwrap().len());
        lab.seconds(1);
    }
    assert!(counts.is_sorted() && counts[0] == 0 && counts.contains(&7) && counts[89] == 15, "{counts:?}");
    let all = lab.items(&id, "").json();
    let pages: Vec<Value> = [0, 6, 12]
        .iter()
        .flat_map(|offset| lab.items(&id, &format!("offset={offset}&limit=6")).json().as_array().unwrap().clone())
        .collect();
    assert_eq!(all.as_array().unwrap(), &pages);
    let lines: Vec<Value> = lab
        .items(&id, "format=jsonl&desc=1")
        .text()
        .lines()
        .rev()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(all.as_array().unwrap(), &lines);
    assert_eq!(lab.items(&id, "offset=15&limit=6").text(), "[]");
    let input = lab.get(&format!("/v2/actor-runs/{id}/key-value-store/records/INPUT"));
    assert_eq!(input.json(), posts_of("harbour", 15));
}

#[test]
fn runs_are_waited_for_aborted_and_resurrected() {
    let lab = Lab::by_hand();
    let id = lab.started("harbour", 15);
    let (answer, seconds) = lab.while_advancing(&format!("/v2/actor-runs/{id}?waitForFinish=60"), usize::MAX);
    assert!(answer.status == 200 && seconds <= 62);
    let id = lab.started("slow_boat", 15);
    lab.seconds(20);
    let running = lab.call("POST", &format!("/v2/actor-runs/{id}/abort"), b"");
    assert_eq!((running.status, running.json()["data"]["status"].as_str()), (200, Some("ABORTING")));
    lab.seconds(1);
    let aborted = lab.run(&id);
    assert_eq!(aborted["status"], "ABORTED");
    let items = lab.items(&id, "").json().as_array().unwrap().len();
    assert!(items < 15, "{items}");
    assert_eq!(
        lab.call("POST", &format!("/v2/actor-runs/{id}/abort"), b"").json()["data"]["finishedAt"],
        aborted["finishedAt"]
    );
    let again = lab.call("POST", &format!("/v2/actor-runs/{id}/resurrect"), b"");
    assert_eq!(again.json()["data"]["status"], "RUNNING");
    lab.seconds(100);
    assert_eq!(
        (lab.run(&id)["status"].as_str(), lab.items(&id, "").json().as_array().unwrap().len()),
        (Some("SUCCEEDED"), 15)
    );
    let late =
        lab.start(BY_URL, "timeout=3", &posts_of("slow_boat", 15)).json()["data"]["id"].as_str().unwrap().to_owned();
    lab.emulator.advance(std::time::Duration::from_millis(4_200));
    assert_eq!(lab.run(&late)["status"], "TIMING-OUT");
    lab.seconds(1);
    assert_eq!(lab.run(&late)["status"], "TIMED-OUT");
    let books = lab.emulator.books();
    assert_eq!(books.run(&id).unwrap().charged.0, 1_000 + 15 * 2_300);
}
