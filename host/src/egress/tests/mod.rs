//! Egress against real sockets on loopback: every answer is said byte for byte by `testserver`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

mod access;
mod bodies;
mod echoes;
mod gates;
mod headers;
mod keys;
mod limits;
mod redirects;
mod tls;
mod webhooks;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate_core::contract::{Body, BodyForm, Header, HttpRequest, HttpResponse};
use tidegate_core::fetch::NetGrant;
use tidegate_core::time::UtcMillis;

use super::testserver::{Reply, Server, Then, answer, raw};
use super::*;

/// A clock that is moved by hand.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> UtcMillis {
        UtcMillis::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Gives for each name one answer after the other; the last one stays.
#[derive(Default)]
struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    fn of(table: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|a| a.parse().unwrap()).collect();
        let answers = table.iter().map(|(name, answers)| ((*name).to_owned(), answers.iter().map(parse).collect()));
        Arc::new(Self { answers: Mutex::new(answers.collect()), asked: Mutex::default() })
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> Lookup<'a> {
        self.asked.lock().unwrap().push(host.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = answers.get_mut(host).map(|left| if left.len() > 1 { left.remove(0) } else { left[0].clone() });
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

/// Egress with these limits and names, at a quarter to nine on a Saturday.
fn egress_with(limits: EgressLimits, resolver: Arc<dyn Resolve>) -> (Egress, Arc<Hand>) {
    egress_of(EgressConfig { limits, resolver, roots: Roots::Bundled, ..EgressConfig::default() })
}

/// The same with all of its configuration.
fn egress_of(config: EgressConfig) -> (Egress, Arc<Hand>) {
    let clock = Arc::new(Hand(AtomicI64::new(UtcMillis::parse("2026-11-21T08:45:00Z").unwrap().as_millis())));
    (Egress::new(config, Arc::clone(&clock) as Arc<dyn Clock>).unwrap(), clock)
}

fn egress() -> Egress {
    egress_with(EgressLimits::default(), Arc::new(Names::default())).0
}

fn grant(rules: &[&str]) -> NetGrant {
    NetGrant { allow_private: rules.iter().map(|r| r.parse().unwrap()).collect(), ..NetGrant::default() }
}

/// A GET of a profile that may reach this machine.
fn get(url: &str) -> Outbound {
    with_fields(url, &[])
}

fn with_fields(url: &str, fields: &[(&str, &str)]) -> Outbound {
    let header = |(name, value): &(&str, &str)| Header { name: (*name).to_owned(), value: (*value).to_owned() };
    let request = HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: fields.iter().map(header).collect(),
        body: None,
        want: BodyForm::Bytes,
        pass_statuses: Vec::new(),
        extra: None,
    };
    Outbound { request, grant: grant(&["127.0.0.0/8"]), credentials: Vec::new(), contact: None, deadline: None }
}

/// What no error may show.
const CANARY: &str = "canary-7f3a9c";

/// A credential for the origin of a URL.
fn credential(url: &str) -> Credential {
    let origin = tidegate_core::fetch::Target::parse(url).unwrap().origin();
    Credential::in_header(origin, header::AUTHORIZATION, Secret::new(format!("Bearer {CANARY}")))
}

fn bytes(response: &HttpResponse) -> &[u8] {
    response.body.as_bytes()
}

/// A server that gives the same answer to everything.
async fn saying(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |_| reply()).await
}

/// Long enough for loopback, short enough to be waited for.
const SHORT: Duration = Duration::from_millis(60);

/// Five hundred small fetches use as many connections as there are turns. Prints how long they took.
#[tokio::test]
#[expect(clippy::print_stderr, reason = "a figure for people")]
async fn many_fetches_share_few_connections() {
    let server = saying(|| answer(200, &[("content-type", "application/rss+xml")], [b'x'; 2_000])).await;
    let egress = egress();
    let begin = tokio::time::Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..500 {
        let (egress, url) = (egress.clone(), server.url(&format!("/{n}")));
        tasks.spawn(async move { egress.fetch(get(&url)).await.map(|response| bytes(&response).len()) });
    }
    let lengths = tasks.join_all().await;
    eprintln!("500 fetches on one thread, server included: {:?}", begin.elapsed());
    assert!(lengths.iter().all(|length| *length == Ok(2_000)));
    let connections: std::collections::HashSet<_> = server.seen().iter().map(|seen| seen.connection).collect();
    assert!(connections.len() <= tidegate_core::limits::HOST_CONCURRENCY, "{}", connections.len());
}

#[tokio::test]
async fn a_plain_fetch() {
    let server =
        saying(|| answer(200, &[("ETag", "\"a\""), ("Set-Cookie", "a=b"), ("X-A", "1"), ("x-a", "2")], "hello")).await;
    let outbound = Outbound {
        contact: Some("https://ops.example".into()),
        ..with_fields(&server.url("/feed?q=1#top"), &[("accept", "text/xml")])
    };
    let response = egress().fetch(outbound).await.unwrap();
    assert_eq!((response.status, bytes(&response)), (200, &b"hello"[..]));
    assert_eq!(response.final_url, server.url("/feed?q=1"));
    let shown: Vec<_> = response.headers.iter().map(|h| (h.name.as_str(), h.value.as_str())).collect();
    assert_eq!(shown, [("content-length", "5"), ("etag", "\"a\""), ("x-a", "1"), ("x-a", "2")]);
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/feed?q=1"));
    assert_eq!(seen.field("host").unwrap(), server.address.to_string());
    assert_eq!(seen.field("accept").unwrap(), "text/xml");
    assert!(seen.field("user-agent").unwrap().starts_with("tidegate/"));
    assert!(seen.field("user-agent").unwrap().contains("ops.example"));
    for absent in ["cookie", "referer", "origin", "authorization", "forwarded"] {
        assert_eq!(seen.field(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn a_body_is_sent_and_text_is_wanted() {
    let server = Server::start(|seen| {
        answer(200, &[("content-type", "text/plain; charset=iso-8859-1")], [&seen.body[..], b"\xE9"].concat())
    })
    .await;
    let mut outbound = with_fields(&server.url("/"), &[("content-type", "application/json")]);
    outbound.request.method = "POST".into();
    outbound.request.body = Some(Body::Text("{}".into()));
    outbound.request.want = BodyForm::Text;
    let response = egress().fetch(outbound).await.unwrap();
    assert_eq!(response.body, Body::Text("{}é".into()));
    assert_eq!(server.seen()[0].field("content-type").unwrap(), "application/json");
}
