//! The client against real sockets on loopback: every answer is said byte for byte by `testserver`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

mod finds;
mod looks;
mod reads;
mod refusals;
mod starts;
mod tokens;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_core::failure::Class;
use tidegate_core::fetch::NetGrant;
use tidegate_core::id::IntentId;
use tidegate_core::money::MicroUsd;

use super::super::config::Roots;
use super::super::resolver::{Lookup, Resolve};
use super::super::secret::Secret;
use super::super::testserver::{Reply, Seen, Server, Then, answer, raw};
use super::*;
use crate::ports::intent_mark;

/// What no message, log or foreign host may see.
const CANARY: &str = "apify_api_canary7f3a9c";

/// A quarter to nine on a Saturday, always.
struct Still;

impl Clock for Still {
    fn now(&self) -> UtcMillis {
        now()
    }
}

fn now() -> UtcMillis {
    UtcMillis::parse("2026-11-21T08:45:00Z").unwrap()
}

struct Loaded(AtomicU64);

impl Dice for Loaded {
    fn throw(&self) -> u128 {
        u128::from(self.0.fetch_add(7_919, Ordering::Relaxed))
    }
}

/// Knows no name.
struct Nobody;

impl Resolve for Nobody {
    fn resolve<'a>(&'a self, _: &'a str) -> Lookup<'a> {
        Box::pin(std::future::ready(Err(std::io::Error::other("no such name"))))
    }
}

fn name() -> CredentialName {
    "apify".parse().unwrap()
}

/// The credential of an operator who has written this origin, which is on loopback.
fn credential(origin: &str) -> ActorCredential {
    let allowed = origin.trim_start_matches("http://").trim_start_matches("https://");
    let allow_private = allowed.parse().into_iter().collect();
    ActorCredential {
        name: name(),
        token: Secret::new(CANARY),
        origin: origin.parse().unwrap(),
        grant: NetGrant { allow_private, ..NetGrant::default() },
    }
}

fn client_at(origin: &str) -> ApifyClient {
    let config = EgressConfig { roots: Roots::Bundled, resolver: Arc::new(Nobody), ..EgressConfig::default() };
    let contact = Some("https://ops.example".to_owned());
    let dice = Arc::new(Loaded(AtomicU64::new(1)));
    ApifyClient::new(config, vec![credential(origin)], contact, Arc::new(Still), dice).unwrap()
}

fn client(server: &Server) -> ApifyClient {
    client_at(server.url("").trim_end_matches('/'))
}

fn intent() -> IntentId {
    IntentId::new(now(), 7)
}

fn order() -> Order {
    Order {
        intent: intent(),
        credential: name(),
        actor: "apify/instagram-post-scraper".parse().unwrap(),
        build: "0.0.36".to_owned(),
        memory_mb: Some(1_024),
        timeout: Duration::from_secs(300),
        charge_cap: MicroUsd::new(55_050),
        input: r#"{"username": ["nasa"], "resultsLimit": 15}"#.to_owned(),
    }
}

fn id(text: &str) -> RemoteId {
    text.parse().unwrap()
}

/// A run as the platform writes it.
fn run(id: &str, status: &str) -> Value {
    json!({"id": id, "status": status, "defaultDatasetId": "dataset1", "startedAt": "2026-11-21T08:45:01.000Z",
        "options": {"timeoutSecs": 300, "maxTotalChargeUsd": 0.055}, "meta": {"userAgent": "a browser"}})
}

fn data(value: &Value) -> Reply {
    answer(200, &[("content-type", "application/json; charset=utf-8")], json!({ "data": value }).to_string())
}

fn rows(rows: &[Value]) -> Reply {
    data(&json!({"items": rows, "count": rows.len()}))
}

fn refusal(status: u16, kind: &str) -> Reply {
    answer(status, &[], json!({"error": {"type": kind, "message": format!("because of {kind}")}}).to_string())
}

/// A server that gives one answer after the other; the last one stays.
async fn saying(replies: Vec<fn() -> Reply>) -> Server {
    let next = AtomicUsize::new(0);
    Server::start(move |_| {
        let at = next.fetch_add(1, Ordering::Relaxed);
        replies[at.min(replies.len() - 1)]()
    })
    .await
}

/// Runs to the end while the runtime's time passes a hundred times as fast, so that waits are real and short. Time moves
/// only between two looks at the sockets: an answer that is there is seen before any timer.
async fn fast<T>(future: impl Future<Output = T>) -> T {
    timed(future).await.0
}

/// The same, and how long it took by that time.
async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    tokio::time::pause();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let (tick, mut ticks) = tokio::sync::mpsc::channel(1);
    // As long as it lives, the runtime moves no time by itself.
    let ticking = tokio::task::spawn_blocking(move || {
        while stopped.recv_timeout(Duration::from_millis(1)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            tick.blocking_send(()).ok();
        }
    });
    let begin = Instant::now();
    let mut future = std::pin::pin!(future);
    let out = loop {
        tokio::select! {
            biased;
            out = &mut future => break out,
            Some(()) = ticks.recv() => tokio::time::advance(Duration::from_millis(100)).await,
        }
    };
    let took = begin.elapsed();
    drop((stop, ticks));
    ticking.await.unwrap();
    tokio::time::resume();
    (out, took)
}

/// Whether a text is free of the token.
fn assert_silent(text: &str) {
    assert!(!text.contains("canary7f3a9c"), "the token is shown: {text}");
}
