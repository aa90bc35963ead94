//! Requests: read from a connection, one after the other.
//!
//! Owns: the parsing of HTTP/1.1 as clients send it (RFC 9112): head, length or chunks. Called by `listen`.

use std::io;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::limits::{BODY_BYTES, HEAD_BYTES};

/// One request.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query as they came.
    pub(crate) target: String,
    /// Decoded pairs.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body was longer than allowed and was not kept.
    pub(crate) too_large: Option<usize>,
}

/// A connection with what was read too far.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    ahead: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `1` and `true` are true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// The path without its query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(crate) fn keeps_alive(&self) -> bool {
        !self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let query =
            pairs.map(|(key, value)| (percent_decoded(key), percent_decoded(&value.replace('+', " ")))).collect();
        Some(Self { method, target, query, headers, ..Self::default() })
    }
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, ahead: Vec::new() }
    }

    /// The next request; `None` at the end of the connection.
    pub(crate) async fn read(&mut self) -> io::Result<Option<Request>> {
        let Some(end) = self.read_past(b"\r\n\r\n", HEAD_BYTES).await? else { return Ok(None) };
        let head: Vec<u8> = self.ahead.drain(..end).collect();
        let text = String::from_utf8_lossy(&head);
        let mut request = Request::parse(text.trim_end()).ok_or(io::ErrorKind::InvalidData)?;
        if request.header("expect").is_some() {
            use tokio::io::AsyncWriteExt;
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if request.header("transfer-encoding").is_some() {
            self.read_chunks(&mut request).await?;
        } else if let Some(length) = request.header("content-length") {
            let length: usize = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            self.read_body(&mut request, length).await?;
        }
        Ok(Some(request))
    }

    /// Reads until the mark has come; gives the place behind it.
    async fn read_past(&mut self, mark: &[u8], most: usize) -> io::Result<Option<usize>> {
        let mut from = 0;
        loop {
            let searched = self.ahead.get(from..).unwrap_or_default();
            if let Some(at) = searched.windows(mark.len()).position(|window| window == mark) {
                return Ok(Some(from + at + mark.len()));
            }
            from = self.ahead.len().saturating_sub(mark.len() - 1);
            if self.ahead.len() > most {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.stream.read_buf(&mut self.ahead).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() < count {
            if self.stream.read_buf(&mut self.ahead).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.ahead.drain(..count).collect())
    }

    async fn read_body(&mut self, request: &mut Request, length: usize) -> io::Result<()> {
        // One that is too large is read and dropped, so that the answer can be.
        let mut left = length;
        while left > 0 {
            let piece = self.take(left.min(64 << 10)).await?;
            left -= piece.len();
            if length <= BODY_BYTES {
                request.body.extend_from_slice(&piece);
            }
        }
        request.too_large = (length > BODY_BYTES).then_some(length);
        Ok(())
    }

    async fn read_chunks(&mut self, request: &mut Request) -> io::Result<()> {
        let mut total = 0_usize;
        loop {
            let end = self.read_past(b"\r\n", HEAD_BYTES).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let line: Vec<u8> = self.ahead.drain(..end).collect();
            let line = String::from_utf8_lossy(&line);
            let size = line.trim().split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            let chunk = self.take(size.checked_add(2).ok_or(io::ErrorKind::InvalidData)?).await?;
            total = total.saturating_add(size);
            if total <= BODY_BYTES {
                request.body.extend_from_slice(chunk.get(..size).unwrap_or_default());
            }
            if size == 0 {
                request.too_large = (total > BODY_BYTES).then_some(total);
                return Ok(());
            }
        }
    }
}

/// A `%` without two hexadecimal digits stays what it is.
pub(crate) fn percent_decoded(text: &str) -> String {
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
