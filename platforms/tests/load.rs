//! The load script: the size it promises, distinct, stable, conditional, on one kept connection.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::allow_attributes,
    missing_docs,
    reason = "tests"
)]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod client;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use client::get;
use tidegate_platforms::{FeedServer, Script};

#[test]
fn feeds_of_twenty_items_weigh_about_25_kb_and_are_distinct_and_stable_by_seed() {
    let (one, same, other) = (start(8, 20, 7), start(8, 20, 7), start(8, 20, 8));
    let body = |server: &FeedServer, at: usize| get(&server.urls()[at], &[], usize::MAX).text().to_owned();
    let mut guids = HashSet::new();
    let mut bytes = 0;
    for at in 0..8 {
        let text = body(&one, at);
        assert_eq!(text, body(&same, at));
        assert_ne!(text, body(&other, at));
        bytes += text.len();
        let mut reader = quick_xml::Reader::from_str(&text);
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
        let found: Vec<&str> = text.split("<guid").skip(1).map(|part| part.split("</guid>").next().unwrap()).collect();
        assert_eq!(found.len(), 20);
        guids.extend(found.into_iter().map(str::to_owned));
    }
    assert_eq!(guids.len(), 160);
    // 500 feeds have 12.3 MB in the table of peers.
    assert!((23_000..27_000).contains(&(bytes / 8)), "{} bytes a feed", bytes / 8);
}

#[test]
fn validators_can_be_switched_off_while_it_runs() {
    let server = start(1, 3, 1);
    let url = &server.urls()[0];
    let first = get(url, &[], usize::MAX);
    let etag = first.field("etag").unwrap();
    let fields = [("If-None-Match", etag), ("If-Modified-Since", first.field("last-modified").unwrap())];
    assert_eq!(get(url, &fields, usize::MAX).status, 304);
    assert_eq!(get(url, &fields[1..], usize::MAX).status, 304);
    server.set_validators(false);
    let off = get(url, &fields, usize::MAX);
    assert_eq!((off.status, off.field("etag"), off.field("last-modified")), (200, None, None));
    assert_eq!(off.body, first.body);
    server.set_validators(true);
    assert_eq!(get(url, &fields, usize::MAX).status, 304);
    let account = server.books().total();
    assert_eq!((account.ok, account.not_modified, account.conditional), (2, 3, 4));
    assert_eq!(account.bytes, 2 * first.body.len() as u64);
}

#[test]
fn one_connection_serves_many_requests() {
    let server = start(3, 2, 1);
    let mut stream = TcpStream::connect(client::split(&server.urls()[0]).0).unwrap();
    for url in server.urls().iter().cycle().take(9) {
        let (host, path) = client::split(url);
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"</rss>\n") {
            let mut piece = [0; 4096];
            let count = stream.read(&mut piece).unwrap();
            assert!(count > 0, "closed after {} bytes", bytes.len());
            bytes.extend_from_slice(&piece[..count]);
        }
        let answer = client::parse(&bytes, client::End::Open);
        assert_eq!((answer.status, answer.length()), (200, answer.body.len()));
    }
    let books = server.stop();
    assert_eq!((books.connections, books.total().ok, books.most_at_once), (1, 9, 1));
}

fn start(feeds: usize, items: usize, seed: u64) -> FeedServer {
    FeedServer::start(Script::load(feeds, items, seed)).unwrap()
}
