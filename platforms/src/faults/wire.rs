//! One connection by hand: the request's head read, bytes written as they are given.
//!
//! Owns: the socket of a fault and what was written to it. Must not know: which fault it is. Called by `faults`.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::books::{Counters, Tally, UnderWay};

/// Bytes of a request's head; a longer one is not answered.
const HEAD_BYTES: usize = 64 << 10;

/// What was asked for.
pub(super) struct Asked {
    /// Path and query, as they came.
    pub(super) target: String,
    /// Whether it carried a validator.
    pub(super) conditional: bool,
}

/// The socket, and where what goes out on it is booked. Booked before it is sent: whoever has read an answer finds it in
/// the books.
pub(super) struct Wire<'a> {
    stream: TcpStream,
    tally: &'a Tally,
    _under_way: UnderWay<'a>,
}

impl Asked {
    fn parse(head: &str) -> Option<Self> {
        let target = head.split_whitespace().nth(1)?.to_owned();
        let lower = head.to_ascii_lowercase();
        let conditional = lower.contains("\r\nif-none-match:") || lower.contains("\r\nif-modified-since:");
        Some(Self { target, conditional })
    }

    fn split(&self) -> (&str, &str) {
        self.target.split_once('?').unwrap_or((&self.target, ""))
    }

    /// The path's first part, with its slash.
    pub(super) fn fault(&self) -> &str {
        let path = self.split().0;
        let end = path.char_indices().skip(1).find(|(_, char)| *char == '/').map_or(path.len(), |(at, _)| at);
        path.get(..end).unwrap_or(path)
    }

    /// The path behind its first part, without the slash.
    pub(super) fn rest(&self) -> &str {
        self.split().0.get(self.fault().len()..).unwrap_or_default().trim_start_matches('/')
    }

    /// A parameter of the query, percent-decoded; empty where it has no `=`.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = self.split().1.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| decode(value))
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.parameter(name)?.parse().ok()
    }
}

/// Percent-decoded; a `%` without two hexadecimal digits stays what it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(decoded) if byte == b'%' => {
                out.push(decoded);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl<'a> Wire<'a> {
    /// Reads the request's head, up to its empty line, and books the request.
    pub(super) async fn read_head(mut stream: TcpStream, counters: &'a Counters) -> io::Result<(Self, Asked)> {
        let mut head = Vec::new();
        while !head.windows(4).any(|window| window == b"\r\n\r\n") {
            if stream.read_buf(&mut head).await? == 0 || head.len() > HEAD_BYTES {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        let asked = Asked::parse(&String::from_utf8_lossy(&head)).ok_or(io::ErrorKind::InvalidData)?;
        let tally = counters.of(asked.fault());
        tally.asked(asked.conditional);
        Ok((Self { stream, tally, _under_way: counters.enter() }, asked))
    }

    /// Writes the status line and the fields, and the empty line.
    pub(super) async fn head(&mut self, status: u16, fields: &[(&str, &str)]) -> io::Result<()> {
        self.answers(status);
        let head = head_text(status, fields);
        self.stream.write_all(head.as_bytes()).await
    }

    /// Books the status, for a head that is written as [`Wire::raw`] bytes.
    pub(super) fn answers(&self, status: u16) {
        self.tally.answered(status);
    }

    /// Writes bytes of the body, and counts those that the kernel took.
    pub(super) async fn body(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let taken = self.stream.write(bytes).await?;
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.tally.sent(taken);
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes bytes of a head as they are.
    pub(super) async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Makes the close that follows a reset (RST).
    pub(super) fn reset(&self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }

    /// Says nothing until the client is gone.
    pub(super) async fn until_gone(&mut self) -> io::Result<()> {
        let mut bytes = [0; 64];
        while self.stream.read(&mut bytes).await? > 0 {}
        Ok(())
    }
}

/// The head as text; every answer closes its connection.
pub(super) fn head_text(status: u16, fields: &[(&str, &str)]) -> String {
    let reason =
        http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unnamed");
    let mut text = format!("HTTP/1.1 {status} {reason}\r\nConnection: close\r\n");
    for (name, value) in fields {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text + "\r\n"
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::Asked;

    #[test]
    fn reads_targets() {
        let asked =
            Asked::parse("GET /a/b/c?u=http%3A%2F%2Fx%2f%zz%4&flag&n=12 HTTP/1.1\r\nIf-None-Match: x\r\n\r\n").unwrap();
        assert_eq!((asked.fault(), asked.rest(), asked.conditional), ("/a", "b/c", true));
        assert_eq!(asked.parameter("u").as_deref(), Some("http://x/%zz%4"));
        assert_eq!(asked.parameter("flag").as_deref(), Some(""));
        assert_eq!((asked.number("n"), asked.number("none")), (Some(12), None));
        let root = Asked::parse("GET / HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!((root.fault(), root.rest(), root.conditional), ("/", "", false));
    }
}
