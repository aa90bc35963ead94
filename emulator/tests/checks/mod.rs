//! What several scenarios have in common: how a lost start, a burst, a refusal and the like look to a client.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Answer, BY_URL, Lab, TOKEN};

pub(crate) fn listed(lab: &Lab) -> Vec<Value> {
    lab.get(&format!("/v2/actors/{BY_URL}/runs?desc=1&limit=100")).json()["data"]["items"].as_array().unwrap().clone()
}

pub(crate) fn elements(answer: &Answer) -> Vec<Value> {
    answer.json().as_array().unwrap().clone()
}

pub(crate) fn lost_start(lab: &Lab, status: u16) {
    let answer = lab.start_posts("harbour", 3);
    assert!(answer.status == status && !answer.is_whole(), "{answer:?}");
    let runs = listed(lab);
    assert_eq!((runs.len(), runs[0]["meta"]["userAgent"].as_str()), (1, Some("tidegate/1.0 (attempt 7)")));
    assert_eq!(lab.start_posts("harbour", 3).status, 201);
}

pub(crate) fn gateway(lab: &Lab, status: u16, runs: usize) {
    let answer = lab.start_posts("harbour", 3);
    assert_eq!((answer.status, answer.field("content-type"), listed(lab).len()), (status, Some("text/html"), runs));
    assert_eq!(lab.emulator.books().refused.len(), 1 - runs);
}

pub(crate) fn burst(lab: &Lab, retry_after: Option<&str>) {
    let id = lab.started("harbour", 3);
    let path = format!("/v2/actor-runs/{id}");
    for _ in 0..2 {
        let answer = lab.get(&path);
        assert_eq!(
            (answer.status, answer.kind().as_str(), answer.field("retry-after")),
            (429, "rate-limit-exceeded", retry_after)
        );
        lab.seconds(30);
    }
    assert_eq!(lab.get(&path).status, 200);
}

/// Polling and reading both fail at first, and then work.
pub(crate) fn trouble(lab: &Lab, fails: fn(&Answer) -> bool) {
    let id = lab.started("harbour", 6);
    lab.seconds(100);
    for path in [format!("/v2/actor-runs/{id}"), format!("/v2/actor-runs/{id}/dataset/items")] {
        assert!(fails(&lab.get(&path)), "{path}");
        lab.get(&path);
        let last = lab.get(&path);
        assert!(last.status == 200 && last.is_whole(), "{path}");
    }
}

pub(crate) fn redirected(lab: &Lab, status: u16, to: &str) {
    let answer = lab.start_posts("harbour", 3);
    let location = answer.field("location").unwrap();
    assert!(answer.status == status && location.starts_with(to) && location.contains("/runs?timeout="), "{location}");
    assert_eq!(lab.emulator.books().runs.len(), 0);
}

pub(crate) fn redirected_get(lab: &Lab, to: &str) {
    let id = lab.started("harbour", 3);
    let answer = lab.get(&format!("/v2/actor-runs/{id}"));
    assert!(answer.status == 302 && answer.field("location").unwrap().starts_with(to));
}

pub(crate) fn broken_gzip(lab: &Lab) {
    let (_, items) = lab.ended("harbour", 6);
    assert_eq!(items.field("content-encoding"), Some("gzip"));
    let read = flate2::read::GzDecoder::new(items.body.as_slice()).read_to_end(&mut Vec::new());
    assert!(read.is_err());
}

pub(crate) fn until_ended(lab: &Lab, id: &str) -> u64 {
    for seconds in 0..200 {
        if lab.run(id)["finishedAt"].is_string() {
            return seconds;
        }
        lab.seconds(1);
    }
    panic!("{id} does not end");
}

pub(crate) fn ends_with(lab: &Lab, status: &str, items: usize, message: &Value) {
    let (run, dataset) = lab.ended("harbour", 15);
    assert_eq!(
        (run["status"].as_str(), elements(&dataset).len(), &run["statusMessage"]),
        (Some(status), items, message)
    );
    let books = lab.emulator.books();
    assert_eq!(books.runs[0].charged.0, 1_000 + 2_300 * u64::try_from(items).unwrap());
    assert_eq!(run["usageTotalUsd"].as_f64().unwrap() * 1e6, books.charged.0 as f64);
}

pub(crate) fn refused(lab: &Lab, status: u16, kind: &str) {
    let answer = lab.start_posts("harbour", 3);
    let books = lab.emulator.books();
    assert_eq!((answer.status, answer.kind().as_str(), books.runs.len(), books.charged.0), (status, kind, 0, 0));
    assert_eq!((books.refused[0].status, books.refused[0].kind.as_str()), (status, kind));
}

pub(crate) fn revoked(lab: &Lab, path: &str) {
    for _ in 0..2 {
        let answer = lab.get(path);
        assert_eq!((answer.status, answer.kind().as_str()), (401, "user-or-token-not-found"));
    }
    lab.control("tokens", &json!({"accept": [TOKEN]}));
    assert_eq!(lab.get(path).status, 200);
}

pub(crate) fn skewed(lab: &Lab, by: i64) {
    let started = lab.start_posts("harbour", 3).json()["data"]["startedAt"].as_str().unwrap().to_owned();
    assert_eq!(started, lab.emulator.now().after(by).iso());
    assert_eq!(listed(lab)[0]["startedAt"], json!(started));
}

pub(crate) fn only_error(lab: &Lab, error: &str, blocked: bool) {
    let (run, items) = lab.ended("harbour", 6);
    let items = elements(&items);
    assert_eq!((items.len(), items[0]["error"].as_str()), (1, Some(error)));
    assert_eq!(items[0]["requestErrorMessages"].as_array().is_some_and(|all| !all.is_empty()), blocked);
    assert_eq!((run["status"].as_str(), run["usageTotalUsd"].as_f64()), (Some("SUCCEEDED"), Some(0.0033)));
}

pub(crate) fn fillers(lab: &Lab, key: &str) {
    let (_, items) = lab.ended("harbour", 6);
    let items = elements(&items);
    assert!(items.len() >= 3 && items.iter().all(|item| item.get(key).is_some()));
    assert_eq!(lab.emulator.books().items_charged, u64::try_from(items.len()).unwrap());
}

/// The port is closed for a while; afterwards all is as before.
pub(crate) fn closed_port(lab: &Lab, at_start: bool) {
    lab.emulator.clear_script();
    let id = lab.started("empty_x", 3);
    let endpoint = if at_start { "start" } else { "get-run" };
    lab.control("rules", &json!({"when": {"endpoint": endpoint}, "times": 1, "effect": {"refuse_ms": 300}}));
    let answer = if at_start { lab.start_posts("harbour", 3) } else { lab.get(&format!("/v2/actor-runs/{id}")) };
    assert_eq!(answer.status, 0);
    let again = || TcpStream::connect_timeout(&lab.emulator.addr(), Duration::from_secs(1));
    assert!(again().is_err(), "the port is closed when the connection breaks");
    while again().is_err() {}
    assert_eq!(lab.run(&id)["id"], json!(id));
    assert_eq!(lab.emulator.books().runs.len(), 1);
}
