//! An API on loopback with every kind of paging and every manner that breaks connectors.
//!
//! Owns: its records, its pages, and how often each path was asked. The path of a request says what the server is like:
//! `/KIND/MANNER`. Must not know: the daemon.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// Records of a page.
pub(crate) const SIZE: usize = 5;
/// Kinds of paging.
pub(crate) const KINDS: [&str; 7] = ["none", "offset", "page", "cursor", "cursor-header", "link-header", "link-body"];
/// What a server does: as it should; a total and a "more" that are wrong; the third page names itself as the next one; the next page at
/// another host; pages without an end behind the last; the first page, whatever is asked.
pub(crate) const MANNERS: [&str; 6] = ["good", "wrong-totals", "repeats", "elsewhere", "endless", "ignores"];

/// A running server; ends with the process.
pub(crate) struct Api {
    pub(crate) origin: String,
    inner: Arc<Inner>,
}

struct Inner {
    origin: Mutex<String>,
    records: Mutex<usize>,
    asked: Mutex<BTreeMap<String, usize>>,
    /// Of the path `/slow`, requests since one was answered 429.
    slow: Mutex<usize>,
}

impl Api {
    pub(crate) fn start(records: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            origin: Mutex::new(origin.clone()),
            records: Mutex::new(records),
            asked: Mutex::default(),
            slow: Mutex::default(),
        });
        let serving = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serve(stream, &serving));
            }
        });
        Self { origin, inner }
    }

    pub(crate) fn publish(&self, more: usize) {
        *self.inner.records.lock().unwrap() += more;
    }

    /// Requests of a path, by what stands before the query.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.inner.asked.lock().unwrap().get(path).copied().unwrap_or(0)
    }
}

fn serve(stream: TcpStream, inner: &Inner) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? <= 2 {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let length = head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let mut words = head.first()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (status, fields, answer) = answer(inner, &method, &target, &String::from_utf8_lossy(&body));
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nConnection: close\r\n{fields}Content-Length: {}\r\n\r\n{answer}",
        answer.len()
    )
    .ok()
}

fn answer(inner: &Inner, method: &str, target: &str, body: &str) -> (u16, String, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    *inner.asked.lock().unwrap().entry(path.to_owned()).or_default() += 1;
    if path.starts_with("/slow") {
        // In the middle of a listing only, and never twice in a row.
        let mut since = inner.slow.lock().unwrap();
        *since = if *since >= 2 && query.contains("cursor=") { 0 } else { *since + 1 };
        if *since == 0 {
            return (429, "Retry-After: 1\r\n".to_owned(), r#"{"message":"slow down"}"#.to_owned());
        }
    }
    let parameter =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned));
    let records = *inner.records.lock().unwrap();
    if path == "/graphql" {
        return graphql(method, body, records);
    }
    let mut parts = path.trim_start_matches('/').split('/');
    let (kind, manner) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let kind = if kind == "slow" { "cursor" } else { kind };
    let number = |name: &str| parameter(name).and_then(|text| text.parse::<usize>().ok());
    let mut from = match kind {
        "offset" => number("offset").unwrap_or(0),
        "page" => (number("page").unwrap_or(1) - 1) * SIZE,
        "cursor" | "cursor-header" => {
            parameter("cursor").and_then(|text| text.trim_start_matches('c').parse().ok()).unwrap_or(0)
        }
        _ => number("at").unwrap_or(0),
    };
    if manner == "ignores" {
        from = 0;
    }
    if manner == "repeats" {
        from = from.min(2 * SIZE);
    }
    let size = if kind == "none" { records } else { SIZE };
    // Newest first.
    let items: Vec<Value> = (0..records).rev().skip(from).take(size).map(item).collect();
    let mut after = from + items.len().max(if manner == "endless" { SIZE } else { 0 });
    if manner == "repeats" {
        after = after.min(2 * SIZE);
    }
    let more = from + items.len() < records || matches!(manner, "endless" | "wrong-totals");
    let mut whole =
        json!({"items": items, "more": more, "total": if manner == "wrong-totals" { 99_999 } else { records }});
    let origin =
        if manner == "elsewhere" { "http://127.0.0.2:9".to_owned() } else { inner.origin.lock().unwrap().clone() };
    let link = format!("{origin}{path}?at={after}");
    let mut fields = String::new();
    if more {
        match kind {
            "cursor" => whole["next"] = format!("c{after}").into(),
            "cursor-header" => fields = format!("X-Next-Cursor: c{after}\r\n"),
            "link-header" => fields = format!("Link: <{link}>; rel=\"next\", <{origin}{path}>; rel=\"first\"\r\n"),
            "link-body" => whole["links"] = json!({"next": link}),
            _ => {}
        }
    }
    (200, fields, whole.to_string())
}

fn item(number: usize) -> Value {
    let at = format!("2026-01-{:02}T{:02}:{:02}:00Z", 1 + number / 1_440, number / 60 % 24, number % 60);
    json!({"id": 1_000 + number, "title": format!("Record {number}"), "created_at": at})
}

/// A connection with cursors; the third page comes with an error beside its data, once.
fn graphql(method: &str, body: &str, records: usize) -> (u16, String, String) {
    let asked: Value = serde_json::from_str(body).unwrap_or_default();
    if method != "POST" || !asked["query"].as_str().is_some_and(|query| query.contains("pageInfo")) {
        return (
            400,
            String::new(),
            r#"{"errors":[{"message":"Syntax Error","extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}"#.to_owned(),
        );
    }
    if asked["variables"]["login"] != "ada" {
        let error = json!({"data": null, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve to a User"}]});
        return (200, String::new(), error.to_string());
    }
    let from: usize = asked["variables"]["after"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    let first = asked["variables"]["first"].as_u64().and_then(|first| usize::try_from(first).ok()).unwrap_or(SIZE);
    let edges: Vec<Value> =
        (0..records).rev().skip(from).take(first).map(|number| json!({"node": item(number)})).collect();
    let after = from + edges.len();
    let info = json!({"hasNextPage": after < records, "endCursor": after.to_string()});
    (200, String::new(), json!({"data": {"user": {"posts": {"edges": edges, "pageInfo": info}}}}).to_string())
}
