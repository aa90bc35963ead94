//! The small faults: cut, reset, slow, badly framed, redirected, wrongly declared.
//!
//! Owns: their bytes. Called by `faults`.

use std::io;
use std::time::Duration;

use encoding_rs::Encoding;

use super::wire::{Wire, head_text};

/// A healthy feed of three items.
const FEED: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>A healthy feed</title>",
    "<link>https://coast.example/</link><description>Three items.</description>",
    "<item><title>Third</title><link>https://coast.example/3</link><guid>https://coast.example/3</guid></item>",
    "<item><title>Second</title><link>https://coast.example/2</link><guid>https://coast.example/2</guid></item>",
    "<item><title>First</title><link>https://coast.example/1</link><guid>https://coast.example/1</guid></item>",
    "</channel></rss>\n",
);

const RSS: (&str, &str) = ("Content-Type", "application/rss+xml");

/// What the charset feeds say, whatever their encoding: what it lacks stands as character references.
const TITLE: &str = "Gezeiten größer, Прилив выше, 潮の満ち引き";

/// An answer with its length.
pub(super) async fn whole(wire: &mut Wire<'_>, status: u16, fields: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
    let length = body.len().to_string();
    let mut all = fields.to_vec();
    all.push(("Content-Length", &length));
    wire.head(status, &all).await?;
    wire.body(body).await
}

pub(super) async fn plain(wire: &mut Wire<'_>, status: u16, text: &str) -> io::Result<()> {
    whole(wire, status, &[("Content-Type", "text/plain; charset=utf-8")], text.as_bytes()).await
}

/// The healthy feed, with further fields.
pub(super) async fn feed(wire: &mut Wire<'_>, fields: &[(&str, &str)]) -> io::Result<()> {
    let mut all = vec![RSS];
    all.extend_from_slice(fields);
    whole(wire, 200, &all, FEED.as_bytes()).await
}

pub(super) async fn many_headers(wire: &mut Wire<'_>, count: usize) -> io::Result<()> {
    let names: Vec<String> = (0..count).map(|number| format!("X-Field-{number}")).collect();
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    feed(wire, &fields).await
}

/// The length of the whole feed, and a part of it: `after` bytes, or half. `reset`: by RST and not by FIN.
pub(super) async fn cut(wire: &mut Wire<'_>, after: Option<usize>, reset: bool) -> io::Result<()> {
    let body = FEED.as_bytes();
    let part = body.get(..after.unwrap_or(body.len() / 2)).unwrap_or(body);
    wire.head(200, &[RSS, ("Content-Length", &body.len().to_string())]).await?;
    wire.body(part).await?;
    if reset { wire.reset() } else { Ok(()) }
}

/// The feed with a length that is not its own. Too large: the body ends before. Too small: bytes are left over.
pub(super) async fn wrong_length(wire: &mut Wire<'_>, by: i64) -> io::Result<()> {
    let length = i64::try_from(FEED.len()).unwrap_or(i64::MAX).saturating_add(by).max(0);
    wire.head(200, &[RSS, ("Content-Length", &length.to_string())]).await?;
    wire.body(FEED.as_bytes()).await
}

/// One byte per tick: of the head, with the body at once, or the other way round.
pub(super) async fn slow(wire: &mut Wire<'_>, tick: Duration, head_is_slow: bool) -> io::Result<()> {
    let fields = [RSS, ("Content-Length", &FEED.len().to_string())];
    if !head_is_slow {
        wire.head(200, &fields).await?;
        for byte in FEED.as_bytes().chunks(1) {
            tokio::time::sleep(tick).await;
            wire.body(byte).await?;
        }
        return Ok(());
    }
    wire.answers(200);
    for byte in head_text(200, &fields).as_bytes().chunks(1) {
        tokio::time::sleep(tick).await;
        wire.raw(byte).await?;
    }
    wire.body(FEED.as_bytes()).await
}

/// Chunks after RFC 9112 section 7.1, up to where they break.
pub(super) async fn bad_chunks(wire: &mut Wire<'_>, how: &str) -> io::Result<()> {
    wire.head(200, &[RSS, ("Transfer-Encoding", "chunked")]).await?;
    let (first, second) = FEED.split_at(FEED.len() / 2);
    wire.body(chunk(first).as_bytes()).await?;
    let then = match how {
        "cut" => format!("{:x}\r\n{}", second.len() + 100, second),
        "end" => chunk(second),
        _ => format!("zz\r\n{second}\r\n0\r\n\r\n"),
    };
    wire.body(then.as_bytes()).await
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

pub(super) async fn redirect(wire: &mut Wire<'_>, status: u16, to: &str) -> io::Result<()> {
    // A line break would begin a field of the caller's choice.
    let to = to.replace(['\r', '\n'], "");
    whole(wire, status, &[("Location", &to)], b"Elsewhere.\n").await
}

pub(super) async fn status(wire: &mut Wire<'_>, status: u16, retry_after: Option<String>) -> io::Result<()> {
    let retry_after = retry_after.map(|value| value.replace(['\r', '\n'], ""));
    let fields: Vec<(&str, &str)> = retry_after.iter().map(|value| ("Retry-After", value.as_str())).collect();
    // 204 and 304 have no body, and no length (RFC 9110 section 8.6).
    if matches!(status, 204 | 304) {
        return wire.head(status, &fields).await;
    }
    whole(wire, status, &fields, format!("Status {status}.\n").as_bytes()).await
}

/// A feed whose title is [`TITLE`] in the encoding of that label (WHATWG), UTF-16 with its byte order mark.
pub(super) async fn charset(wire: &mut Wire<'_>, label: &str, declare: &str) -> io::Result<()> {
    let Some(encoding) = Encoding::for_label(label.as_bytes()) else {
        return plain(wire, 404, "No such encoding; labels are those of encoding.spec.whatwg.org.\n").await;
    };
    let declaration = if declare == "xml" { format!(" encoding=\"{label}\"") } else { String::new() };
    let text = format!(
        "<?xml version=\"1.0\"{declaration}?>\n<rss version=\"2.0\"><channel><title>{TITLE}</title>\
         <link>https://coast.example/</link><description>{label}</description><item><title>{TITLE}</title>\
         <link>https://coast.example/1</link><guid>https://coast.example/1</guid></item></channel></rss>\n"
    );
    let media_type =
        if declare == "header" { format!("application/rss+xml; charset={label}") } else { RSS.1.to_owned() };
    whole(wire, 200, &[("Content-Type", &media_type)], &encode(encoding, &text)).await
}

fn encode(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    // encoding_rs encodes no UTF-16: the web never sends it. Feeds do.
    let units = std::iter::once(0xFEFF_u16).chain(text.encode_utf16());
    if encoding == encoding_rs::UTF_16LE {
        units.flat_map(u16::to_le_bytes).collect()
    } else if encoding == encoding_rs::UTF_16BE {
        units.flat_map(u16::to_be_bytes).collect()
    } else {
        encoding.encode(text).0.into_owned()
    }
}
