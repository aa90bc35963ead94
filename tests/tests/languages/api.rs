//! A list of articles on this machine, in the shape that new projects read.
//!
//! Owns: its articles, its two pages, and the count of what was asked. Must not know: who asks.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The articles that can be items, newest first: two on the first page, beside one that cannot be, and one on the second.
pub(crate) const IDS: [&str; 3] = ["a9", "a8", "a7"];
/// Of the newest; it has letters that need escapes and more than two bytes.
pub(crate) const TITLE: &str = "Ebbe \"und\" Flut 🌊";

/// The server; it lives as long as the test.
pub(crate) struct Articles {
    address: SocketAddr,
    pages: Arc<AtomicUsize>,
}

impl Articles {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let pages = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&pages);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &counted);
            }
        });
        Self { address, pages }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Pages that were asked for.
    pub(crate) fn pages(&self) -> usize {
        self.pages.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream, pages: &AtomicUsize) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let asked = lines.next().unwrap_or_default();
    let _head = lines.take_while(|line| !line.is_empty()).count();
    pages.fetch_add(1, Ordering::SeqCst);
    let (status, body) = match asked.split(' ').nth(1).unwrap_or_default() {
        path if path.starts_with("/broken?") => {
            ("200 OK", "{\"articles\":[{\"id\":\"b1\",\"broken\":true}]}".to_owned())
        }
        path if !path.starts_with("/articles?limit=") => ("404 Not Found", String::new()),
        // The token of the first page, percent-encoded.
        path if path.ends_with("&after=behind%20a8%20%2F%26") => (
            "200 OK",
            "{\"articles\":[{\"id\":\"a7\",\"title\":\"Neap\",\"published\":\"2026-01-01T00:00:00Z\"}]}".to_owned(),
        ),
        path if path.contains("after") => ("400 Bad Request", String::new()),
        _ => ("200 OK", first_page()),
    };
    let head = "Content-Type: application/json\r\nConnection: close\r\n";
    write!(stream, "HTTP/1.1 {status}\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok();
}

fn first_page() -> String {
    let articles = serde_json::json!([
        { "id": "a9", "title": TITLE, "url": "https://example.com/a/9", "body": "06:12", "author": "Ann",
          "published": "2026-01-06T08:00:00Z" },
        { "title": "no id" },
        { "id": "a8", "title": "Low water", "author": null },
    ]);
    serde_json::json!({ "articles": articles, "next": "behind a8 /&" }).to_string()
}
