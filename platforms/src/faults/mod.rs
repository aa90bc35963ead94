//! Answers that break clients, written to the socket by hand, since a proper HTTP library refuses to.
//!
//! Owns: the paths of the faults, and which bytes (or silence) each gives. Must not know: feeds that live. Called by the
//! server for each connection of [`crate::Script::faults`]; a connection serves one request and is closed.
//!
//! | path | what happens |
//! |---|---|
//! | `/feed` | nothing bad: a small RSS feed |
//! | `/empty` | 200 and no byte |
//! | `/endless` | a feed that never ends, no length; `?chunked` |
//! | `/huge?bytes=N` | N bytes (1 GiB), length stated; a feed, then spaces, then its end |
//! | `/gzip-bomb?bytes=N` | the same, gzipped: a thousandth on the wire |
//! | `/cut?after=N` | length stated, closed after N bytes (half) |
//! | `/reset?after=N` | the connection is reset before the head, or after N bytes of the body |
//! | `/silent` | the request is read, nothing comes |
//! | `/slow-headers`, `/slow-body` | one byte per tick |
//! | `/bad-chunks?how=size\|cut\|end` | a chunk size that is none; a chunk cut short; no last chunk |
//! | `/redirect-loop` | 302 to itself |
//! | `/redirect-chain/N` | 302 N times, then `/feed` |
//! | `/redirect-to?u=URL&status=S` | S (302) to URL, percent-decoded |
//! | `/status/N?retry_after=S` | status N |
//! | `/headers/N` | a feed with N further header fields |
//! | `/header-bytes/N` | a feed with one field of N bytes |
//! | `/charset/LABEL?declare=xml\|header\|none` | a feed in that encoding, declared there (xml) |
//! | `/wrong-length?by=N` | `Content-Length` off by N (10; negative: too small) |

mod bodies;
mod reply;
mod wire;

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::books::Counters;
use crate::script::{Behaviour, Listing};
use wire::{Asked, Wire};

/// How slow the slow faults are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultTimes {
    /// From one byte to the next of `/slow-headers` and `/slow-body`: 1 s.
    pub tick: Duration,
}

impl Default for FaultTimes {
    fn default() -> Self {
        Self { tick: Duration::from_secs(1) }
    }
}

/// The books' accounts: the first part of a path.
pub(crate) const ACCOUNTS: [&str; 20] = [
    "/",
    "/feed",
    "/empty",
    "/endless",
    "/huge",
    "/gzip-bomb",
    "/cut",
    "/reset",
    "/silent",
    "/slow-headers",
    "/slow-body",
    "/bad-chunks",
    "/redirect-loop",
    "/redirect-chain",
    "/redirect-to",
    "/status",
    "/headers",
    "/header-bytes",
    "/charset",
    "/wrong-length",
];

/// One of each, as a person would type it.
const EXAMPLES: [&str; 24] = [
    "/feed",
    "/empty",
    "/endless",
    "/endless?chunked",
    "/huge?bytes=1073741824",
    "/gzip-bomb?bytes=1073741824",
    "/cut",
    "/reset",
    "/reset?after=100",
    "/silent",
    "/slow-headers",
    "/slow-body",
    "/bad-chunks?how=size",
    "/bad-chunks?how=cut",
    "/bad-chunks?how=end",
    "/redirect-loop",
    "/redirect-chain/5",
    "/redirect-to?u=http%3A%2F%2F169.254.169.254%2F&status=301",
    "/status/503?retry_after=60",
    "/headers/1000",
    "/header-bytes/100000",
    "/charset/windows-1252?declare=xml",
    "/charset/utf-16le?declare=none",
    "/wrong-length?by=10",
];

pub(crate) fn listings(base: &str) -> Vec<Listing> {
    let listing = |&path: &&str| Listing { url: format!("{base}{path}"), ..Listing::new(path, path, Behaviour::Fault) };
    EXAMPLES.iter().map(listing).collect()
}

/// Serves one request. An error is the client's: it went away, which is what most faults are for.
pub(crate) async fn serve(stream: TcpStream, times: FaultTimes, counters: &Counters, base: &str) {
    let Ok((mut wire, asked)) = Wire::read_head(stream, counters).await else { return };
    answer(&mut wire, &asked, times, base).await.ok();
}

async fn answer(wire: &mut Wire<'_>, asked: &Asked, times: FaultTimes, base: &str) -> io::Result<()> {
    let number =
        |name: &str, otherwise: u64| asked.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    match asked.fault() {
        "/" => reply::plain(wire, 200, &EXAMPLES.map(|path| format!("{base}{path}\n")).concat()).await,
        "/feed" => reply::feed(wire, &[]).await,
        "/empty" => reply::whole(wire, 200, &[("Content-Type", "application/rss+xml")], b"").await,
        "/endless" => bodies::endless(wire, asked.parameter("chunked").is_some()).await,
        "/huge" => bodies::huge(wire, number("bytes", 1 << 30)).await,
        "/gzip-bomb" => bodies::gzip_bomb(wire, number("bytes", 1 << 30)).await,
        "/cut" => reply::cut(wire, asked.number("after"), false).await,
        "/reset" => match asked.number("after") {
            None => wire.reset(),
            after => reply::cut(wire, after, true).await,
        },
        "/silent" => wire.until_gone().await,
        "/slow-headers" => reply::slow(wire, times.tick, true).await,
        "/slow-body" => reply::slow(wire, times.tick, false).await,
        "/bad-chunks" => reply::bad_chunks(wire, asked.parameter("how").as_deref().unwrap_or("size")).await,
        "/redirect-loop" => reply::redirect(wire, 302, &asked.target).await,
        "/redirect-chain" => {
            let left: u64 = asked.rest().parse().unwrap_or(0);
            let to = if left > 1 { format!("/redirect-chain/{}", left - 1) } else { "/feed".to_owned() };
            reply::redirect(wire, 302, &to).await
        }
        "/redirect-to" => {
            let status = u16::try_from(number("status", 302)).unwrap_or(302);
            reply::redirect(wire, status, &asked.parameter("u").unwrap_or_default()).await
        }
        "/status" => reply::status(wire, asked.rest().parse().unwrap_or(500), asked.parameter("retry_after")).await,
        "/headers" => reply::many_headers(wire, asked.rest().parse().unwrap_or(0)).await,
        "/header-bytes" => {
            let value = "x".repeat(asked.rest().parse().unwrap_or(0));
            reply::feed(wire, &[("X-Long", &value)]).await
        }
        "/charset" => reply::charset(wire, asked.rest(), asked.parameter("declare").as_deref().unwrap_or("xml")).await,
        "/wrong-length" => {
            let by = asked.parameter("by").and_then(|text| text.parse().ok()).unwrap_or(10);
            reply::wrong_length(wire, by).await
        }
        _ => reply::plain(wire, 404, "No such fault; / lists them.\n").await,
    }
}
