//! A client that hides nothing: one request on a socket, and the bytes that came back.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// FIN.
    Closed,
    /// RST.
    Reset,
    /// Nothing within the client's patience, or more than it wanted.
    Open,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// What `Content-Length` says.
    pub(crate) fn length(&self) -> usize {
        self.field("content-length").unwrap().parse().unwrap()
    }
}

/// Sends a GET with `Connection: close` and reads to the end, or until `most` bytes have come.
pub(crate) fn get(url: &str, fields: &[(&str, &str)], most: usize) -> Answer {
    let (bytes, end) = exchange(url, "GET", fields, most, Duration::from_secs(20));
    parse(&bytes, end)
}

pub(crate) fn exchange(
    url: &str,
    method: &str,
    fields: &[(&str, &str)],
    most: usize,
    patience: Duration,
) -> (Vec<u8>, End) {
    let (host, path) = split(url);
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in fields {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all((request + "\r\n").as_bytes()).unwrap();
    read(&mut stream, most)
}

pub(crate) fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap();
    rest.split_at(rest.find('/').unwrap())
}

fn read(stream: &mut TcpStream, most: usize) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    let mut piece = [0; 65_536];
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

pub(crate) fn parse(bytes: &[u8], end: End) -> Answer {
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    let head = std::str::from_utf8(&bytes[..at]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let field = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    };
    Answer { status, fields: lines.map(field).collect(), body: bytes[at + 4..].to_vec(), end }
}
