//! A client that hides nothing: one request on a socket, and the bytes that came back; and the calls a test makes often.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use apify_emulator::{Emulator, Options};
use serde_json::{Value, json};

/// The token that is accepted.
pub(crate) const TOKEN: &str = "emulator-token";
/// instagram-api-scraper, as in a path.
pub(crate) const BY_URL: &str = "apify~instagram-api-scraper";
/// tweet-scraper.
pub(crate) const TWEETS: &str = "apidojo~tweet-scraper";

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
    /// Nothing within the client's patience, or more than it wanted.
    Open,
}

#[derive(Debug)]
pub(crate) struct Answer {
    /// 0: there was no head.
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// `error.type`.
    pub(crate) fn kind(&self) -> String {
        self.json()["error"]["type"].as_str().unwrap().to_owned()
    }

    /// Whether the body is as long as it was said to be.
    pub(crate) fn is_whole(&self) -> bool {
        self.field("content-length").and_then(|text| text.parse().ok()) == Some(self.body.len())
    }

    fn parse(bytes: &[u8], end: End) -> Self {
        let none = Self { status: 0, fields: Vec::new(), body: bytes.to_vec(), end };
        let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return none };
        let Ok(head) = std::str::from_utf8(&bytes[..at]) else { return none };
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let field = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self { status, fields: lines.map(field).collect(), body: bytes[at + 4..].to_vec(), end }
    }
}

/// An emulator whose clock is moved by hand, and its client.
pub(crate) struct Lab {
    pub(crate) emulator: Emulator,
}

impl Lab {
    pub(crate) fn new(options: Options) -> Self {
        Self { emulator: Emulator::start(options).unwrap() }
    }

    pub(crate) fn by_hand() -> Self {
        Self::new(Options::by_hand())
    }

    /// With one scenario for all sources.
    pub(crate) fn with(scenario: &str) -> Self {
        let lab = Self::by_hand();
        lab.emulator.scenario(scenario, "").unwrap();
        lab
    }

    pub(crate) fn call(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let token = format!("Bearer {TOKEN}");
        exchange(
            self.emulator.addr(),
            method,
            path,
            &[("Authorization", &token), ("User-Agent", "tidegate/1.0 (attempt 7)")],
            body,
        )
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, b"")
    }

    pub(crate) fn control(&self, path: &str, body: &Value) -> Answer {
        let answer = self.call("POST", &format!("/emulator/{path}"), body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    }

    pub(crate) fn start(&self, actor: &str, query: &str, input: &Value) -> Answer {
        self.call("POST", &format!("/v2/actors/{actor}/runs?{query}"), input.to_string().as_bytes())
    }

    /// Posts of a handle, from instagram-api-scraper.
    pub(crate) fn start_posts(&self, handle: &str, limit: u32) -> Answer {
        self.start(BY_URL, "timeout=600&memory=1024", &posts_of(handle, limit))
    }

    /// The id of a run that was started just now.
    pub(crate) fn started(&self, handle: &str, limit: u32) -> String {
        let answer = self.start_posts(handle, limit);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["data"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn run(&self, id: &str) -> Value {
        let answer = self.get(&format!("/v2/actor-runs/{id}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["data"].clone()
    }

    pub(crate) fn items(&self, id: &str, query: &str) -> Answer {
        self.get(&format!("/v2/actor-runs/{id}/dataset/items?{query}"))
    }

    pub(crate) fn seconds(&self, seconds: u64) {
        self.emulator.advance(Duration::from_secs(seconds));
    }

    /// A run from its start to its final cost: its object and its items.
    pub(crate) fn ended(&self, handle: &str, limit: u32) -> (Value, Answer) {
        let id = self.started(handle, limit);
        self.seconds(100);
        (self.run(&id), self.items(&id, ""))
    }

    /// Sends a request and moves the clock step by step until its answer comes. Gives the seconds it took.
    pub(crate) fn while_advancing(&self, path: &str, most: usize) -> (Answer, u64) {
        let mut stream = TcpStream::connect(self.emulator.addr()).unwrap();
        stream
            .write_all(request("GET", path, &[("Authorization", &format!("Bearer {TOKEN}"))], b"").as_slice())
            .unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let mut bytes = Vec::new();
        for seconds in 0..1_000 {
            let (more, end) = read(&mut stream, most);
            bytes.extend(more);
            let answer = Answer::parse(&bytes, end);
            if end != End::Open || answer.is_whole() || bytes.len() >= most {
                return (answer, seconds);
            }
            self.seconds(1);
        }
        panic!("no answer within a thousand seconds of the emulator's time");
    }
}

/// The input of instagram-api-scraper for the posts of a handle.
pub(crate) fn posts_of(handle: &str, limit: u32) -> Value {
    json!({
        "directUrls": [format!("https://www.instagram.com/{handle}/")], "resultsType": "posts", "resultsLimit": limit,
    })
}

fn request(method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: emulator\r\nConnection: close\r\n");
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len()));
    [head.as_bytes(), body].concat()
}

pub(crate) fn exchange(address: SocketAddr, method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&request(method, path, fields, body)).unwrap();
    let (bytes, end) = read(&mut stream, usize::MAX);
    Answer::parse(&bytes, end)
}

fn read(stream: &mut TcpStream, most: usize) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 65_536];
    while bytes.len() < most {
        match stream.read(&mut piece) {
            Ok(0) => return (bytes, End::Closed),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return (bytes, End::Reset),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return (bytes, End::Open);
            }
            Err(error) => panic!("{error}"),
        }
    }
    (bytes, End::Open)
}
