//! Webhooks on their way.
//!
//! Owns: one POST to a receiver, over plain HTTP. Called by the driver; what fails is put down for later.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Shared;
use crate::limits::WEBHOOK_TIMEOUT_S;
use crate::webhooks::Delivery;

/// Delivers once; without a 2xx it will be tried again.
pub(crate) async fn deliver(delivery: Delivery, message: (Map<String, Value>, Vec<u8>), shared: Arc<Shared>) {
    let post = post(&delivery, &message);
    let status = tokio::time::timeout(Duration::from_secs(WEBHOOK_TIMEOUT_S), post).await;
    if !matches!(status, Ok(Ok(200..=299))) {
        let now = shared.clock.now();
        shared.world().outbox.again(delivery, now);
        shared.planned.notify_one();
    }
}

async fn post(delivery: &Delivery, (headers, body): &(Map<String, Value>, Vec<u8>)) -> io::Result<u16> {
    let rest = delivery.url.strip_prefix("http://").ok_or(io::ErrorKind::Unsupported)?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(address).await?;
    let mut head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nX-Apify-Webhook: true\r\nX-Apify-Webhook-Dispatch-Id: dispatch{:09}\r\n\
         X-Apify-Request-Origin: WEBHOOK\r\n",
        body.len(),
        delivery.number,
    );
    for (name, value) in headers {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        head.push_str(&format!("{name}: {text}\r\n"));
    }
    stream.write_all((head + "\r\n").as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    while answer.len() < 12 && stream.read_buf(&mut answer).await? > 0 {}
    let line = String::from_utf8_lossy(&answer);
    line.get(9..12).and_then(|status| status.parse().ok()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
