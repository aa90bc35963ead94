//! Answers as bytes, whole or broken.
//!
//! Owns: heads, chunks, cuts and slowness. Called by `listen` for each answer.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::coding::encode;
use super::reply::Reply;
use crate::clock::Clock;
use crate::script::Cut;

/// What a client of HTTP sees of a server that speaks TLS: an alert about the protocol's version.
const GARBAGE: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46\x00\xff\x13\x37";

/// Writes an answer. False: the connection is over.
pub(crate) async fn send(stream: &mut TcpStream, mut reply: Reply, keep: bool, clock: &Clock) -> io::Result<bool> {
    if reply.held {
        return std::future::pending().await;
    }
    match reply.cut {
        Some(Cut::Before | Cut::Unanswered) => return Ok(false),
        Some(Cut::ResetBefore | Cut::ResetAfter) => {
            stream.set_zero_linger()?;
            return Ok(false);
        }
        Some(Cut::Garbage) => {
            stream.write_all(GARBAGE).await?;
            return Ok(false);
        }
        _ => {}
    }
    let slow = reply.slow.unwrap_or_default();
    if slow.head_ms > 0 {
        clock.until(clock.now().after(slow.head_ms)).await;
    }
    let keep = keep && reply.cut.is_none();
    let (head, body) = written(&mut reply, keep, clock)?;
    stream.write_all(head.as_bytes()).await?;
    let half = body.len() / 2;
    match reply.cut {
        Some(Cut::Head) => return Ok(false),
        Some(Cut::Body) => stream.write_all(body.get(..half).unwrap_or_default()).await?,
        Some(Cut::Chunk) => {
            // A whole chunk of the first half, and one that promises more than comes.
            let first = format!("{half:x}\r\n");
            stream.write_all(first.as_bytes()).await?;
            stream.write_all(body.get(..half).unwrap_or_default()).await?;
            stream.write_all(b"\r\nffff\r\n{").await?;
        }
        _ if slow.byte_ms > 0 => {
            for byte in &body {
                stream.write_all(&[*byte]).await?;
                clock.until(clock.now().after(slow.byte_ms)).await;
            }
        }
        _ => stream.write_all(&body).await?,
    }
    Ok(keep)
}

/// The head, and the body as it goes over the wire.
fn written(reply: &mut Reply, keep: bool, clock: &Clock) -> io::Result<(String, Vec<u8>)> {
    let (name, body) = match reply.coding {
        Some(coding) => {
            let (name, body) = encode(coding, &reply.body)?;
            (Some(name), body)
        }
        None => (None, std::mem::take(&mut reply.body)),
    };
    let status = http::StatusCode::from_u16(reply.status).ok();
    let reason = status.and_then(|status| status.canonical_reason()).unwrap_or("Unnamed");
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", reply.status);
    let date = clock.now().after(reply.skew_ms).format("%a, %d %b %Y %H:%M:%S GMT");
    let mut field = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
    field("Date", &date);
    field("X-RateLimit-Limit", "60");
    if let Some(content_type) = &reply.content_type {
        field("Content-Type", content_type);
    }
    if let Some(name) = name {
        field("Content-Encoding", name);
    }
    for (name, value) in &reply.headers {
        field(name, value);
    }
    if reply.cut == Some(Cut::Chunk) {
        field("Transfer-Encoding", "chunked");
    } else if reply.status != 204 {
        field("Content-Length", &body.len().to_string());
    }
    if !keep {
        field("Connection", "close");
    }
    head.push_str("\r\n");
    Ok((head, body))
}
