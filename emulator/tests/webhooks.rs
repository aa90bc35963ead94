//! Webhooks: delivered, doubled, late, forged, lost, and tried again.
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

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use apify_emulator::Options;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use client::{BY_URL, Lab, posts_of};
use serde_json::{Value, json};

/// A receiver of webhooks that answers with the given statuses, one after the other.
struct Receiver(TcpListener);

impl Receiver {
    fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// The value of the query parameter, for these events.
    fn parameter(&self, events: &[&str], more: &Value) -> String {
        let mut webhook = json!({"eventTypes": events, "requestUrl": format!("http://{}/hook/secret1", self.0.local_addr().unwrap())});
        webhook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let text = STANDARD.encode(json!([webhook]).to_string());
        text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
    }

    /// Takes one delivery: its head and its body.
    fn take(&self, status: u16) -> (String, Value) {
        let (mut stream, _) = self.0.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (head, body) = message(&mut stream);
        write!(stream, "HTTP/1.1 {status} Answer\r\nContent-Length: 0\r\n\r\n").unwrap();
        (head, body)
    }

    /// Whether nobody is waiting: asked after the emulator did all that was due.
    fn is_quiet(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let quiet = self.0.accept().is_err();
        self.0.set_nonblocking(false).unwrap();
        quiet
    }
}

fn message(stream: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length: usize = head.split("Content-Length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
            if body.len() >= length {
                return (head.to_owned(), serde_json::from_str(body).unwrap());
            }
        }
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "the delivery ended early");
        bytes.extend_from_slice(&piece[..count]);
    }
}

const END: &[&str] = &["ACTOR.RUN.SUCCEEDED"];

fn start(lab: &Lab, webhooks: &str) -> String {
    let answer = lab.start(BY_URL, &format!("webhooks={webhooks}"), &posts_of("harbour", 3));
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["data"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn creation_and_end_are_told() {
    let (lab, receiver) = (Lab::by_hand(), Receiver::new());
    let id = start(&lab, &receiver.parameter(&["ACTOR.RUN.CREATED", "ACTOR.RUN.SUCCEEDED"], &json!({})));
    let (head, body) = receiver.take(200);
    assert!(head.starts_with("POST /hook/secret1 HTTP/1.1") && head.contains("X-Apify-Webhook: "));
    assert_eq!((&body["eventType"], &body["eventData"]["actorRunId"]), (&json!("ACTOR.RUN.CREATED"), &json!(id)));
    lab.seconds(100);
    let (_, body) = receiver.take(200);
    assert_eq!((&body["eventType"], &body["resource"]["status"]), (&json!("ACTOR.RUN.SUCCEEDED"), &json!("SUCCEEDED")));
    assert!(body.get("globals").is_none() && body["resource"]["defaultDatasetId"].is_string());
}

#[test]
fn templates_and_header_templates_are_filled() {
    let (lab, receiver) = (Lab::by_hand(), Receiver::new());
    let more = json!({"payloadTemplate": "{\"run\":{{resource.id}},\"at\":{{createdAt}}}", "headersTemplate": "{\"X-Secret\":\"s-{{resource.status}}\"}"});
    let id = start(&lab, &receiver.parameter(END, &more));
    lab.seconds(100);
    let (head, body) = receiver.take(200);
    assert!(head.contains("X-Secret: s-SUCCEEDED") && body["run"] == json!(id) && body["at"].is_string());
    let unknown = receiver.parameter(END, &json!({"payloadTemplate": "{{tide}}"}));
    assert_eq!(lab.start(BY_URL, &format!("webhooks={unknown}"), &posts_of("harbour", 3)).status, 400);
}

#[test]
fn a_failed_delivery_is_tried_again_with_doubled_delay() {
    let (lab, receiver) = (Lab::by_hand(), Receiver::new());
    start(&lab, &receiver.parameter(END, &json!({})));
    lab.seconds(100);
    receiver.take(503);
    // The failure is booked after the answer: the clock is moved until the next attempt comes.
    let second = minutes_until_next(&lab, &receiver, 500);
    let third = minutes_until_next(&lab, &receiver, 200);
    assert!(second >= 1 && third >= 2, "{second} {third}");
}

/// Moves the clock by minutes until a delivery comes; answers it.
fn minutes_until_next(lab: &Lab, receiver: &Receiver, status: u16) -> u32 {
    receiver.0.set_nonblocking(true).unwrap();
    for minutes in 0..100_000 {
        if let Ok((mut stream, _)) = receiver.0.accept() {
            receiver.0.set_nonblocking(false).unwrap();
            stream.set_nonblocking(false).unwrap();
            message(&mut stream);
            write!(stream, "HTTP/1.1 {status} Answer\r\nContent-Length: 0\r\n\r\n").unwrap();
            return minutes;
        }
        // Asking lets the emulator's thread work before the clock goes on.
        lab.get("/emulator/clock");
        lab.seconds(60);
    }
    panic!("no delivery");
}

/// Answers come from the thread that delivers: after a few of them it has done what was due.
fn settled(lab: &Lab) {
    (0..3).for_each(|_| drop(lab.get("/emulator/clock")));
}

/// Scenario 31.
#[test]
fn faults_of_webhooks() {
    for (scenario, deliveries) in
        [("31-twice", 2), ("31-unknown", 1), ("31-secret", 1), ("31-never", 0), ("31-late", 1)]
    {
        let ten = Duration::from_secs(10);
        let lab = Lab::new(Options { duration: (ten, ten), ..Options::by_hand() });
        lab.emulator.scenario(scenario, "").unwrap();
        let receiver = Receiver::new();
        let id = start(&lab, &receiver.parameter(END, &json!({})));
        lab.seconds(12);
        if scenario == "31-late" {
            // Ended at 11 s; a minute later is 71 s.
            lab.seconds(58);
            settled(&lab);
            assert!(receiver.is_quiet(), "not before a minute is over");
            lab.seconds(2);
        }
        for _ in 0..deliveries {
            let (head, body) = receiver.take(200);
            assert_eq!(head.starts_with("POST /hook/secret1 "), scenario != "31-secret", "{head}");
            assert_eq!(body["eventData"]["actorRunId"] == json!(id), scenario != "31-unknown");
        }
        lab.seconds(1_000);
        settled(&lab);
        assert!(receiver.is_quiet(), "{scenario}");
    }
}
