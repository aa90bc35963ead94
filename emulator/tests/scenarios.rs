//! Every numbered scenario, as a plain HTTP client sees it. Time is moved by hand: no test waits for a clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::allow_attributes,
    dead_code,
    reason = "tests"
)]

mod checks;
mod client;

use std::io::Read;

use apify_emulator::scenarios;
use checks::{
    broken_gzip, burst, closed_port, elements, ends_with, fillers, gateway, listed, lost_start, only_error, redirected,
    redirected_get, refused, revoked, skewed, trouble, until_ended,
};
use client::{Answer, End, Lab};
use serde_json::{Value, json};

/// A check of one scenario.
type Check = fn(&Lab);

const CHECKS: &[(&str, Check)] = &[
    ("1", |lab| {
        let answer = lab.start_posts("harbour", 3);
        let id = answer.json()["data"]["id"].as_str().unwrap().to_owned();
        assert_eq!((answer.status, answer.field("location").unwrap().ends_with(&id)), (201, true));
    }),
    ("2", |lab| lost_start(lab, 201)),
    ("2-unanswered", |lab| lost_start(lab, 0)),
    ("2-reset", |lab| lost_start(lab, 0)),
    ("2-body", |lab| lost_start(lab, 201)),
    ("2-lag", |lab| {
        lab.start_posts("harbour", 3);
        assert_eq!(listed(lab).len(), 0);
        lab.seconds(20);
        assert_eq!(listed(lab).len(), 1);
    }),
    ("3-after", |lab| gateway(lab, 502, 1)),
    ("3-after-504", |lab| gateway(lab, 504, 1)),
    ("3-before", |lab| gateway(lab, 502, 0)),
    ("3-before-504", |lab| gateway(lab, 504, 0)),
    ("4", |lab| {
        let answers: Vec<u16> = (0..4).map(|_| lab.start_posts("harbour", 3).status).collect();
        assert_eq!((answers, lab.emulator.books().runs.len()), (vec![429, 429, 429, 201], 1));
    }),
    ("5-absent", |lab| burst(lab, None)),
    ("5-present", |lab| burst(lab, Some("5"))),
    ("5-absurd", |lab| burst(lab, Some("3600"))),
    ("5-negative", |lab| burst(lab, Some("-1"))),
    ("5-date", |lab| burst(lab, Some("Fri, 31 Dec 2100 23:59:59 GMT"))),
    ("6-html", |lab| trouble(lab, |answer| answer.status == 502 && answer.text().starts_with("<html>"))),
    ("6-empty", |lab| trouble(lab, |answer| answer.status >= 500 && answer.body.is_empty())),
    ("6-chunk", |lab| {
        trouble(lab, |answer| {
            answer.field("transfer-encoding") == Some("chunked") && !answer.text().ends_with("0\r\n\r\n")
        });
    }),
    ("6-body", |lab| trouble(lab, |answer| answer.status == 200 && !answer.is_whole())),
    ("7-301", |lab| redirected(lab, 301, "http://127.0.0.1:")),
    ("7-302", |lab| redirected(lab, 302, "http://127.0.0.1:")),
    ("7-307", |lab| redirected(lab, 307, "http://127.0.0.1:")),
    ("7-other", |lab| redirected(lab, 302, "http://localhost:")),
    ("7-other-307", |lab| redirected(lab, 307, "http://localhost:")),
    ("7-get", |lab| redirected_get(lab, "http://127.0.0.1:")),
    ("7-get-other", |lab| redirected_get(lab, "http://localhost:")),
    ("8-gzip", |lab| {
        let answer = lab.start_posts("harbour", 3);
        let mut text = String::new();
        flate2::read::GzDecoder::new(answer.body.as_slice()).read_to_string(&mut text).unwrap();
        assert!(answer.field("content-encoding") == Some("gzip") && text.starts_with("{\"data\""));
    }),
    ("8-br", |lab| {
        let answer = lab.start_posts("harbour", 3);
        let mut text = String::new();
        brotli::Decompressor::new(answer.body.as_slice(), 4_096).read_to_string(&mut text).unwrap();
        assert!(answer.field("content-encoding") == Some("br") && text.starts_with("{\"data\""));
    }),
    ("8-bad", broken_gzip),
    ("8-short", broken_gzip),
    ("8-bomb", |lab| {
        let (_, items) = lab.ended("harbour", 3);
        let unfolded =
            std::io::copy(&mut flate2::read::GzDecoder::new(items.body.as_slice()), &mut std::io::sink()).unwrap();
        assert!(unfolded > 200 << 20 && items.body.len() < 1 << 20, "{unfolded} from {}", items.body.len());
    }),
    ("8-charset", |lab| {
        assert_eq!(lab.get("/v2/users/me").field("content-type"), Some("application/json; charset=utf-8"));
    }),
    ("8-untyped", |lab| assert_eq!(lab.get("/v2/users/me").field("content-type"), None)),
    ("9", |lab| {
        let id = lab.started("harbour", 3);
        let early = lab.get(&format!("/v2/actor-runs/{id}"));
        assert_eq!((early.status, early.kind().as_str()), (404, "record-not-found"));
        lab.seconds(3);
        assert_eq!(lab.run(&id)["status"], "RUNNING");
    }),
    ("10-hold", |lab| {
        let id = lab.started("empty_x", 3);
        lab.seconds(100);
        // By hand nobody is held for longer than a second of the machine's time.
        assert_eq!(lab.while_advancing(&format!("/v2/actor-runs/{id}?waitForFinish=60"), usize::MAX).0.status, 200);
    }),
    ("10-ignore", |lab| {
        let id = lab.started("harbour", 3);
        let (answer, seconds) = lab.while_advancing(&format!("/v2/actor-runs/{id}?waitForFinish=60"), usize::MAX);
        assert!(seconds <= 1 && answer.json()["data"]["status"] != "SUCCEEDED");
    }),
    ("11", |lab| {
        let (run, items) = lab.ended("harbour", 15);
        assert_eq!((run["status"].as_str(), items.text().as_str()), (Some("SUCCEEDED"), "[]"));
    }),
    ("12", |lab| {
        let id = lab.started("harbour", 15);
        let seconds = until_ended(lab, &id);
        let total = |answer: &Answer| answer.field("x-apify-pagination-total").unwrap().to_owned();
        let early = lab.items(&id, "");
        assert_eq!((early.text().as_str(), total(&early).as_str()), ("[]", "0"), "after {seconds}");
        assert_eq!(lab.get(&format!("/v2/actor-runs/{id}/dataset")).json()["data"]["itemCount"], 0);
        lab.seconds(5);
        let late = lab.items(&id, "");
        assert_eq!((elements(&late).len(), total(&late).as_str()), (5, "0"));
        lab.seconds(5);
        assert_eq!(total(&lab.items(&id, "")), "5");
    }),
    ("13", |lab| {
        let id = lab.started("harbour", 15);
        until_ended(lab, &id);
        let early = lab.run(&id);
        assert_eq!(
            (early["usageTotalUsd"].as_f64(), early["chargedEventCounts"]["result"].as_u64()),
            (Some(0.0217), Some(9))
        );
        lab.seconds(10);
        let late = lab.run(&id);
        assert_eq!(
            (late["usageTotalUsd"].as_f64(), late["chargedEventCounts"]["result"].as_u64()),
            (Some(0.0355), Some(15))
        );
        assert_eq!(lab.emulator.books().runs[0].charged.0, 35_500);
    }),
    ("14", |lab| ends_with(lab, "TIMED-OUT", 7, &Value::Null)),
    ("15-cap", |lab| ends_with(lab, "ABORTED", 12, &json!("Maximum charge reached"))),
    ("15-cap-succeeded", |lab| ends_with(lab, "SUCCEEDED", 12, &json!("Finished"))),
    ("15-operator", |lab| ends_with(lab, "ABORTED", 4, &json!("The run was aborted by the user"))),
    ("16-items", |lab| ends_with(lab, "FAILED", 5, &json!("The Actor process failed"))),
    ("16-bare", |lab| ends_with(lab, "FAILED", 0, &json!("The Actor process failed"))),
    ("16-null", |lab| ends_with(lab, "FAILED", 5, &Value::Null)),
    ("17", |lab| {
        let id = lab.started("harbour", 15);
        until_ended(lab, &id);
        assert_eq!(elements(&lab.items(&id, "")).len(), 5);
        lab.seconds(30);
        let (mut seen, mut run) = (Vec::new(), Value::Null);
        for _ in 0..30 {
            run = lab.run(&id);
            seen.push(run["status"].as_str().unwrap().to_owned());
            lab.seconds(1);
        }
        assert!(seen.contains(&"RUNNING".to_owned()), "{seen:?}");
        assert_eq!((run["status"].as_str(), run["stats"]["resurrectCount"].as_u64()), (Some("SUCCEEDED"), Some(1)));
        let items = elements(&lab.items(&id, ""));
        assert_eq!(items.len(), 10);
        assert_eq!(
            items.iter().map(|item| item["id"].to_string()).collect::<std::collections::BTreeSet<_>>().len(),
            10
        );
    }),
    ("18", |lab| refused(lab, 400, "invalid-input")),
    ("19-memory", |lab| refused(lab, 402, "actor-memory-limit-exceeded")),
    ("19-concurrent", |lab| refused(lab, 402, "concurrent-runs-limit-exceeded")),
    ("19-usage", |lab| refused(lab, 402, "not-enough-usage-to-run-paid-actor")),
    ("19-hard-limit", |lab| refused(lab, 403, "platform-feature-disabled")),
    ("20", |lab| {
        let id = lab.started("harbour", 3);
        revoked(lab, &format!("/v2/actor-runs/{id}"));
    }),
    ("20-items", |lab| {
        let id = lab.started("harbour", 3);
        revoked(lab, &format!("/v2/actor-runs/{id}/dataset/items"));
    }),
    ("21", |lab| refused(lab, 404, "record-not-found")),
    ("22-ahead", |lab| skewed(lab, 600_000)),
    ("22-behind", |lab| skewed(lab, -600_000)),
    ("22-items", |lab| {
        let (_, items) = lab.ended("harbour", 6);
        let now = lab.emulator.now().iso();
        assert_eq!(
            elements(&items).iter().filter(|item| item["timestamp"].as_str().unwrap() > now.as_str()).count(),
            1
        );
    }),
    ("23", |lab| {
        let (_, items) = lab.ended("harbour", 20);
        let text = items.text();
        assert!(text.contains(&"[".repeat(200)) && !text.contains(&"[".repeat(202)));
        assert!(text.contains("\nnull,") && text.contains("\n42,") && text.contains("\n\"a string\","));
    }),
    ("23-many", |lab| {
        let (run, items) = lab.ended("harbour", 20);
        assert_eq!(run["chargedEventCounts"]["result"], 1_000);
        assert!(items.body.len() > 9_000_000 && items.is_whole());
        let page = elements(&lab.items(run["id"].as_str().unwrap(), "offset=999&limit=10"));
        assert_eq!(page.len(), 1);
    }),
    ("24", |lab| {
        let (_, items) = lab.ended("harbour", 20);
        assert!(std::str::from_utf8(&items.body).is_err());
        let text = items.text();
        for part in
            ["\\ud83d of", "\\u0000", "123456789012345678901234567890", "\"note\":\"first\",\"note\":\"second\""]
        {
            assert!(text.contains(part), "{part}");
        }
    }),
    ("24-bom", |lab| assert!(lab.ended("harbour", 6).1.body.starts_with(&[0xef, 0xbb, 0xbf, b'[']))),
    ("25", |lab| {
        let items = elements(&lab.ended("harbour", 6).1);
        assert_eq!((items.len(), &items[0]), (12, &items[1]));
    }),
    ("26", |lab| {
        let items = elements(&lab.ended("harbour", 12).1);
        let times: Vec<&str> = items.iter().map(|item| item["timestamp"].as_str().unwrap()).collect();
        assert!(!times.is_sorted() && !times.iter().rev().is_sorted() && times.iter().any(|time| *time < "2026-01"));
        assert!(items.iter().any(|item| item["ownerUsername"] == "somebody.else"));
    }),
    ("27-mixed", |lab| {
        let items = elements(&lab.ended("harbour", 6).1);
        assert_eq!(
            (items.len(), items[1]["error"].as_str(), items[3]["error"].as_str()),
            (8, Some("not_found"), Some("no_items"))
        );
    }),
    ("27-only", |lab| only_error(lab, "not_found", false)),
    ("27-blocked", |lab| only_error(lab, "no_items", true)),
    ("27-private", |lab| only_error(lab, "no_items", false)),
    ("28-noresults", |lab| fillers(lab, "noResults")),
    ("28-demo", |lab| fillers(lab, "demo")),
    ("28-mock", |lab| fillers(lab, "text")),
    ("29", |lab| {
        let item = elements(&lab.ended("harbour", 6).1)[0].clone();
        assert!(item["id"].is_u64() && item["likesCount"] == -1 && item["locationId"].is_u64());
        assert!(item.get("ownerFullName").is_none());
    }),
    ("30-clean", |lab| {
        let (run, _) = lab.ended("harbour", 12);
        let page = lab.items(run["id"].as_str().unwrap(), "clean=1&limit=6");
        assert_eq!((elements(&page).len(), page.field("x-apify-pagination-count")), (4, Some("6")));
    }),
    ("30-grow", |lab| {
        let id = lab.started("harbour", 12);
        until_ended(lab, &id);
        let first = elements(&lab.items(&id, ""));
        lab.seconds(20);
        let all = elements(&lab.items(&id, ""));
        assert_eq!((first.len(), all.len(), &all[..first.len()]), (6, 12, &first[..]));
    }),
    ("32-start", |lab| {
        lab.emulator.clear_script();
        let id = lab.started("harbour", 3);
        let slow = json!({"when": {"endpoint": "get-run"}, "effect": {"slow": {"head_ms": 5000}}});
        lab.control("rules", &slow);
        assert!(lab.while_advancing(&format!("/v2/actor-runs/{id}"), usize::MAX).1 >= 5);
    }),
    ("32-poll", |lab| {
        let id = lab.started("empty_x", 3);
        assert_eq!(lab.while_advancing(&format!("/v2/actor-runs/{id}?waitForFinish=60"), usize::MAX).0.status, 200);
    }),
    ("32-page", |lab| {
        let id = lab.started("empty_x", 3);
        lab.seconds(100);
        assert_eq!(lab.while_advancing(&format!("/v2/actor-runs/{id}/dataset/items"), usize::MAX).0.text(), "[]");
    }),
    ("33-headers", |lab| {
        let id = lab.started("harbour", 3);
        let (answer, seconds) = lab.while_advancing(&format!("/v2/actor-runs/{id}"), usize::MAX);
        assert!(answer.status == 200 && seconds >= 20, "{seconds}");
    }),
    ("33-headers-items", |lab| {
        let id = lab.started("harbour", 3);
        assert!(lab.while_advancing(&format!("/v2/actor-runs/{id}/dataset/items"), usize::MAX).1 >= 20);
    }),
    ("33-drip", |lab| {
        let id = lab.started("empty_x", 3);
        lab.seconds(100);
        let (answer, seconds) = lab.while_advancing(&format!("/v2/actor-runs/{id}/dataset/items"), usize::MAX);
        assert!(answer.text() == "[]" && seconds >= 1, "{seconds}");
    }),
    ("34-tls", |lab| {
        let answer = lab.start_posts("harbour", 3);
        assert_eq!((answer.status, answer.body[0], lab.emulator.books().runs.len()), (0, 0x15, 0));
    }),
    ("34-refused", |lab| closed_port(lab, true)),
    ("34-refused-poll", |lab| closed_port(lab, false)),
    ("34-reset", |lab| {
        let answer = lab.start_posts("harbour", 3);
        assert_eq!((answer.status, answer.end, lab.emulator.books().runs.len()), (0, End::Reset, 0));
    }),
    ("34-reset-poll", |lab| {
        let id = lab.started("harbour", 3);
        assert_eq!(lab.get(&format!("/v2/actor-runs/{id}")).end, End::Reset);
        assert_eq!(lab.run(&id)["id"], json!(id));
    }),
    ("35-status", |lab| assert_eq!(lab.ended("harbour", 3).0["status"], "MIGRATING")),
    ("35-pricing", |lab| assert_eq!(lab.ended("harbour", 3).0["pricingInfo"]["pricingModel"], "PAY_PER_TIDE")),
    ("35-cost", |lab| assert!(lab.ended("harbour", 3).0.get("usageTotalUsd").is_none())),
    ("35-counts", |lab| assert!(lab.ended("harbour", 3).0.get("chargedEventCounts").is_none())),
    ("35-bare", |lab| {
        let run = lab.ended("harbour", 3).0;
        assert!(run.get("stats").is_none() && run["status"] == "SUCCEEDED");
    }),
];

/// Those of 31 are in `webhooks.rs`.
#[test]
fn every_scenario_is_seen_by_a_plain_client() {
    let mut left: Vec<&str> = scenarios().into_iter().filter(|name| !name.starts_with("31-")).collect();
    for (name, check) in CHECKS {
        eprintln!("scenario {name}");
        check(&Lab::with(name));
        left.retain(|each| each != name);
    }
    assert!(left.is_empty(), "without a check: {left:?}");
}
