//! Each fault, seen from the socket.
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

use std::io::Read;
use std::time::Duration;

use client::{End, get};
use tidegate_platforms::{FaultTimes, FeedServer, Script};

const ALL: usize = usize::MAX;

fn start() -> FeedServer {
    FeedServer::start(Script::faults_with(FaultTimes { tick: Duration::from_millis(1) })).unwrap()
}

#[test]
fn the_root_lists_every_fault_and_every_listed_one_is_known() {
    let server = start();
    let root = get(&server.url("/"), &[], ALL);
    assert_eq!(root.text().lines().collect::<Vec<_>>(), server.urls());
    let books = server.books();
    for listing in server.listings() {
        let first = listing.path.split(['/', '?']).nth(1).unwrap();
        assert!(books.paths.contains_key(&format!("/{first}")), "{}", listing.path);
    }
    assert_eq!(get(&server.url("/nothing/here"), &[], ALL).status, 404);
    assert_eq!(server.books().elsewhere.refused, 1);
}

#[test]
fn feed_and_empty_are_whole() {
    let server = start();
    let feed = get(&server.url("/feed"), &[], ALL);
    assert_eq!((feed.status, feed.length(), feed.end), (200, feed.body.len(), End::Closed));
    assert_eq!(feed.text().matches("<item>").count(), 3);
    let empty = get(&server.url("/empty"), &[], ALL);
    assert_eq!((empty.status, empty.length(), empty.body.len()), (200, 0, 0));
}

#[test]
fn endless_goes_on_past_any_limit_in_both_framings() {
    let server = start();
    for query in ["", "?chunked"] {
        let answer = get(&server.url(&format!("/endless{query}")), &[], 5_000_000);
        assert_eq!((answer.status, answer.field("content-length"), answer.end), (200, None, End::Open));
        assert!(answer.body.len() > 4_900_000);
        assert_eq!(answer.field("transfer-encoding").is_some(), !query.is_empty());
    }
}

#[test]
fn huge_has_exactly_the_bytes_it_states_and_a_gigabyte_by_default() {
    let server = start();
    let answer = get(&server.url("/huge?bytes=3000000"), &[], ALL);
    assert_eq!((answer.length(), answer.body.len(), answer.end), (3_000_000, 3_000_000, End::Closed));
    assert!(answer.text().ends_with("</channel></rss>\n"));
    assert_eq!(get(&server.url("/huge"), &[], 100_000).length(), 1 << 30);
}

#[test]
fn the_gzip_bomb_is_small_on_the_wire_and_large_behind_it() {
    let server = start();
    let answer = get(&server.url("/gzip-bomb?bytes=8388608"), &[], ALL);
    assert_eq!((answer.field("content-encoding"), answer.length()), (Some("gzip"), answer.body.len()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(answer.body.as_slice()).read_to_string(&mut text).unwrap();
    assert!(text.len() > 8 << 20 && answer.body.len() * 500 < text.len(), "{} from {}", text.len(), answer.body.len());
    assert!(get(&server.url("/gzip-bomb"), &[], 100_000).length() < 4 << 20);
}

#[test]
fn cut_and_reset_end_as_their_names_say() {
    let server = start();
    let cut = get(&server.url("/cut"), &[], ALL);
    assert_eq!((cut.body.len(), cut.end), (cut.length() / 2, End::Closed));
    assert_eq!(get(&server.url("/cut?after=7"), &[], ALL).body.len(), 7);
    let (bytes, end) = client::exchange(&server.url("/reset"), "GET", &[], ALL, Duration::from_secs(20));
    assert_eq!((bytes.len(), end), (0, End::Reset));
    // A reset may throw away what was sent before it; what is sure is that it is one, and that not all came.
    let (bytes, end) = client::exchange(&server.url("/reset?after=100"), "GET", &[], ALL, Duration::from_secs(20));
    assert_eq!(end, End::Reset);
    assert!(bytes.len() < cut.length());
}

#[test]
fn silent_says_nothing() {
    let server = start();
    let (bytes, end) = client::exchange(&server.url("/silent"), "GET", &[], ALL, Duration::from_millis(30));
    assert_eq!((bytes.len(), end), (0, End::Open));
}

#[test]
fn slow_ones_come_byte_by_byte_and_are_whole_in_the_end() {
    let server = start();
    for path in ["/slow-headers", "/slow-body"] {
        let answer = get(&server.url(path), &[], ALL);
        assert_eq!((answer.status, answer.length(), answer.end), (200, answer.body.len(), End::Closed), "{path}");
    }
    // At the usual tick, the first byte of the slow part is not there yet when the client has lost its patience.
    let server = FeedServer::start(Script::faults_with(FaultTimes { tick: Duration::from_secs(3_600) })).unwrap();
    let patience = Duration::from_millis(30);
    assert_eq!(client::exchange(&server.url("/slow-headers"), "GET", &[], ALL, patience), (Vec::new(), End::Open));
    let (bytes, end) = client::exchange(&server.url("/slow-body"), "GET", &[], ALL, patience);
    let answer = client::parse(&bytes, end);
    assert_eq!((answer.status, answer.body.len(), answer.end), (200, 0, End::Open));
}

#[test]
fn bad_chunks_break_where_they_say() {
    let server = start();
    for (how, in_body, whole) in
        [("size", "\r\nzz\r\n", true), ("cut", "</rss>\n", false), ("end", "</rss>\n\r\n", false)]
    {
        let answer = get(&server.url(&format!("/bad-chunks?how={how}")), &[], ALL);
        assert_eq!(answer.field("transfer-encoding"), Some("chunked"), "{how}");
        assert!(answer.text().contains(in_body), "{how}: {}", answer.text());
        assert_eq!(answer.text().ends_with("\r\n0\r\n\r\n"), whole, "{how}");
    }
}

#[test]
fn redirects_loop_chain_and_go_where_told() {
    let server = start();
    let location = |path: &str| {
        let answer = get(&server.url(path), &[], ALL);
        (answer.status, answer.field("location").unwrap_or_default().to_owned())
    };
    let to = |status: u16, path: &str| (status, path.to_owned());
    assert_eq!(location("/redirect-loop"), to(302, "/redirect-loop"));
    assert_eq!(location("/redirect-chain/3"), to(302, "/redirect-chain/2"));
    assert_eq!(location("/redirect-chain/1"), to(302, "/feed"));
    assert_eq!(location("/redirect-to?u=http%3A%2F%2F10.0.0.1%2F%3Fa%3Db"), to(302, "http://10.0.0.1/?a=b"));
    assert_eq!(location("/redirect-to?u=%2Ffeed&status=308"), to(308, "/feed"));
    assert_eq!(location("/redirect-to?u=/x%0d%0aX-Evil:1"), to(302, "/xX-Evil:1"));
}

#[test]
fn statuses_are_as_asked() {
    let server = start();
    for status in [200, 204, 304, 401, 403, 404, 410, 418, 429, 500, 503] {
        assert_eq!(get(&server.url(&format!("/status/{status}")), &[], ALL).status, status);
    }
    let answer = get(&server.url("/status/429?retry_after=7"), &[], ALL);
    assert_eq!((answer.status, answer.field("retry-after")), (429, Some("7")));
    let account = server.books().path("/status");
    assert_eq!((account.requests, account.ok, account.not_modified, account.refused, account.failed), (12, 2, 1, 7, 2));
}

#[test]
fn headers_are_as_many_and_as_long_as_asked() {
    let server = start();
    let many = get(&server.url("/headers/500"), &[], ALL);
    assert_eq!(many.fields.iter().filter(|(name, _)| name.starts_with("x-field-")).count(), 500);
    let long = get(&server.url("/header-bytes/90000"), &[], ALL);
    assert_eq!(long.field("x-long").unwrap().len(), 90_000);
}

#[test]
fn the_same_title_comes_in_every_encoding() {
    let server = start();
    let title = "Gezeiten größer, Прилив выше, 潮の満ち引き";
    for label in [
        "utf-8",
        "windows-1252",
        "iso-8859-15",
        "windows-1251",
        "koi8-r",
        "shift_jis",
        "euc-jp",
        "gb18030",
        "utf-16le",
        "utf-16be",
    ] {
        for declare in ["xml", "header", "none"] {
            let answer = get(&server.url(&format!("/charset/{label}?declare={declare}")), &[], ALL);
            let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
            let (text, _, broken) = encoding.decode(&answer.body);
            let text =
                quick_xml::escape::unescape(text.split("<title>").nth(1).unwrap().split("</title>").next().unwrap());
            assert_eq!((text.unwrap().as_ref(), broken), (title, false), "{label} {declare}");
            assert_eq!(answer.field("content-type").unwrap().contains("charset"), declare == "header");
        }
    }
    assert_eq!(get(&server.url("/charset/klingon"), &[], ALL).status, 404);
}

#[test]
fn wrong_lengths_are_wrong_in_both_directions() {
    let server = start();
    let more = get(&server.url("/wrong-length?by=10"), &[], ALL);
    assert_eq!((more.length(), more.end), (more.body.len() + 10, End::Closed));
    let less = get(&server.url("/wrong-length?by=-10"), &[], ALL);
    assert_eq!(less.length() + 10, less.body.len());
}
