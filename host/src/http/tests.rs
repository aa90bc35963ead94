#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests; their tasks are awaited")]
//! The listener over real sockets: what it answers, and what it does not take.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tidegate_core::limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::{Face, Listener};

#[derive(Default)]
struct Still {
    reasons: Mutex<Vec<String>>,
}

#[async_trait]
impl Face for Still {
    async fn metrics(&self) -> String {
        "# HELP a b\n# TYPE a gauge\na 1\n".to_owned()
    }

    async fn unready(&self) -> Vec<String> {
        self.reasons.lock().unwrap().clone()
    }
}

struct Served {
    address: SocketAddr,
    face: Arc<Still>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

async fn served() -> Served {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (address, face, stop) = (listener.address, Arc::<Still>::default(), CancellationToken::new());
    let task = tokio::spawn(listener.serve(Arc::<Still>::clone(&face), stop.clone()));
    Served { address, face, stop, task }
}

impl Served {
    /// Sends bytes and gives all that comes until the other side closes.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The other side may have had enough before all is sent.
        let _cut = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn ask(&self, method: &str, target: &str) -> String {
        self.say(format!("{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).await
    }
}

#[tokio::test]
async fn what_is_answered() {
    let served = served().await;
    for (method, target, status, holds) in [
        ("GET", "/metrics", "200", "\r\n\r\n# HELP a b\n"),
        ("GET", "/metrics", "200", "content-type: text/plain; version=0.0.4; charset=utf-8\r\n"),
        ("GET", "/metrics?x=1", "200", "a 1\n"),
        ("HEAD", "/metrics", "200", "content-length: 30\r\n"),
        ("GET", "/healthz", "200", "\r\n\r\nalive\n"),
        ("GET", "/readyz", "200", "\r\n\r\nready\n"),
        ("POST", "/metrics", "405", "allow: GET,HEAD\r\n"),
        ("DELETE", "/readyz", "405", "allow: GET,HEAD\r\n"),
        ("GET", "/", "404", "/metrics"),
        ("GET", "/metrics/", "404", ""),
        ("POST", "/v1/sources", "404", ""),
        ("GET", "/../etc/passwd", "404", ""),
    ] {
        let answer = served.ask(method, target).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {target}: {answer}");
        assert!(answer.contains(holds), "{method} {target}: {answer}");
    }
}

#[tokio::test]
async fn what_is_not_ready_says_why() {
    let served = served().await;
    *served.face.reasons.lock().unwrap() = vec!["the database is away".to_owned(), "no plugin is loaded".to_owned()];
    let answer = served.ask("GET", "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nthe database is away\nno plugin is loaded\n"), "{answer}");
    assert!(served.ask("GET", "/healthz").await.starts_with("HTTP/1.1 200 "), "alive all the same");
}

#[tokio::test]
async fn headers_are_bounded() {
    let served = served().await;
    let with = |fields: &str| format!("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n");
    let long = with(&format!("x: {}\r\n", "a".repeat(limits::HTTP_HEADER_BYTES + 1)));
    let many = with(&(0..=limits::HTTP_HEADER_COUNT).map(|n| format!("x{n}: 1\r\n")).collect::<String>());
    for (what, request) in [("long", long), ("many", many), ("no HTTP", "\x16\x03\x01\x02\0\x01\r\n\r\n".to_owned())] {
        let answer = served.say(request.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
        assert!(!answer.contains("alive"), "{what}: {answer}");
    }
    assert!(served.ask("GET", "/healthz").await.ends_with("alive\n"), "it goes on");
}

#[tokio::test]
async fn stopping_closes_idle_connections() {
    let served = served().await;
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut first = [0_u8; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    served.stop.cancel();
    served.task.await.unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn an_address_in_use_is_told() {
    let served = served().await;
    let error = Listener::bind(served.address).await.err().unwrap().to_string();
    assert!(error.contains(&served.address.to_string()) && error.contains("http.listen"), "{error}");
}
