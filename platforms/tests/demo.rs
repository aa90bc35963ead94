//! The demo's feeds: they grow, they validate, and the six in trouble do what they say. Time is moved by hand.
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

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use client::get;
use tidegate_platforms::{Behaviour, DemoTimes, FeedServer, Listing, Pace, Script};

const ALL: usize = usize::MAX;

fn start() -> FeedServer {
    let times = DemoTimes { slow_by: Duration::from_millis(30), ..DemoTimes::default() };
    FeedServer::start(Script::demo_with(times).pace(Pace::ByHand)).unwrap()
}

fn listed(server: &FeedServer, wanted: fn(&Behaviour) -> bool) -> Listing {
    server.listings().iter().find(|listing| wanted(&listing.behaviour)).unwrap().clone()
}

/// Items of a document in any of the forms.
fn items(text: &str) -> usize {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(feed) => feed["items"].as_array().unwrap().len(),
        Err(_) => text.matches("</item>").count() + text.matches("</entry>").count(),
    }
}

fn well_formed(text: &str) {
    if text.starts_with('{') {
        return;
    }
    let mut reader = quick_xml::Reader::from_str(text);
    while reader.read_event().unwrap_or_else(|error| panic!("{error}\n{text}")) != quick_xml::events::Event::Eof {}
}

#[test]
fn twenty_steady_feeds_in_four_forms_grow_each_at_its_rhythm_and_answer_304_when_they_did_not() {
    let server = start();
    let mut forms = BTreeMap::new();
    let mut ids = HashSet::new();
    let steady: Vec<Listing> = server
        .listings()
        .iter()
        .filter(|listing| matches!(listing.behaviour, Behaviour::Steady { .. }))
        .cloned()
        .collect();
    assert_eq!(steady.len(), 20);
    let mut before = Vec::new();
    for listing in &steady {
        let first = get(&listing.url, &[], ALL);
        assert_eq!(first.status, 200, "{}", listing.url);
        well_formed(first.text());
        let etag = first.field("etag").unwrap().to_owned();
        let modified = first.field("last-modified").unwrap().to_owned();
        for fields in [("If-None-Match", etag.as_str()), ("If-Modified-Since", modified.as_str())] {
            let again = get(&listing.url, &[fields], ALL);
            assert_eq!((again.status, again.body.len()), (304, 0), "{} {fields:?}", listing.url);
            assert_eq!((again.field("etag"), again.field("last-modified")), (Some(&*etag), Some(&*modified)));
        }
        *forms.entry(first.field("content-type").unwrap().to_owned()).or_insert(0) += 1;
        ids.extend(server.published(&listing.path).unwrap());
        assert_eq!(server.published(&listing.path).unwrap().len(), items(first.text()), "{}", listing.url);
        before.push((etag, modified));
    }
    assert_eq!(forms.len(), 4, "{forms:?}");
    assert!(forms.values().all(|&count| count >= 3), "{forms:?}");

    server.advance(Duration::from_secs(9));
    for (listing, (etag, modified)) in steady.iter().zip(before) {
        let Behaviour::Steady { rhythm } = listing.behaviour else { unreachable!() };
        assert!((2..=9).contains(&rhythm.as_secs()), "{listing:?}");
        let later = get(&listing.url, &[("If-None-Match", &etag), ("If-Modified-Since", &modified)], ALL);
        assert_eq!(later.status, 200, "{}", listing.url);
        well_formed(later.text());
        let published = server.published(&listing.path).unwrap();
        let fresh = published.iter().filter(|id| !ids.contains(*id)).count();
        assert_eq!(fresh as u64, 9 / rhythm.as_secs(), "{}", listing.url);
        assert!(published.iter().all(|id| later.text().contains(id.as_str())), "{}", listing.url);
        let account = server.books().path(&listing.path);
        assert_eq!((account.requests, account.conditional, account.ok, account.not_modified), (4, 3, 2, 2));
    }
}

#[test]
fn a_feed_shows_its_newest_items_only_and_the_same_calls_give_the_same_bytes() {
    let document = || {
        let server = FeedServer::start(Script::demo().pace(Pace::ByHand)).unwrap();
        server.advance(Duration::from_secs(600));
        let listing = server.url("/tides/brest.atom");
        let text = get(&listing, &[], ALL).text().replace(server.base_url(), "");
        let published = server.published("/tides/brest.atom").unwrap();
        assert_eq!((published.len(), items(&text)), (306, 20));
        assert!(text.contains(&published[305]) && text.contains(&published[286]) && !text.contains(&published[285]));
        text
    };
    assert_eq!(document(), document());
}

#[test]
fn with_the_real_clock_the_newest_item_is_not_from_the_future() {
    let server = FeedServer::start(Script::demo()).unwrap();
    let answer = get(&server.url("/radio/coast-station.rss"), &[], ALL);
    // The server's own Date comes from the same clock, in the same form.
    assert!(answer.field("last-modified").is_some() && answer.field("date").is_some());
    assert_eq!(
        get(&server.url("/radio/coast-station.rss"), &[("If-Modified-Since", answer.field("date").unwrap())], ALL)
            .status,
        304
    );
}

#[test]
fn the_lighthouse_fails_twice_and_recovers() {
    let server = start();
    let listing = listed(&server, |behaviour| matches!(behaviour, Behaviour::FailsFirst { .. }));
    let statuses: Vec<u16> = (0..4).map(|_| get(&listing.url, &[], ALL).status).collect();
    assert_eq!(statuses, [503, 503, 200, 200]);
    let account = server.books().path(&listing.path);
    assert_eq!((account.failed, account.ok), (2, 2));
}

#[test]
fn the_slow_boat_arrives_and_others_do_not_wait_for_it() {
    let times = DemoTimes { slow_by: Duration::from_secs(3_600), ..DemoTimes::default() };
    let server = FeedServer::start(Script::demo_with(times)).unwrap();
    let listing = listed(&server, |behaviour| matches!(behaviour, Behaviour::Slow { .. }));
    let (bytes, end) = client::exchange(&listing.url, "GET", &[], ALL, Duration::from_millis(50));
    assert_eq!((bytes.len(), end), (0, client::End::Open));
    assert_eq!(get(&server.url("/market/bread.rss"), &[], ALL).status, 200);
    let books = server.books();
    assert_eq!((books.path(&listing.path).requests, books.path(&listing.path).ok), (1, 0));

    let server = start();
    let listing = listed(&server, |behaviour| matches!(behaviour, Behaviour::Slow { .. }));
    assert_eq!(get(&listing.url, &[], ALL).status, 200);
}

#[test]
fn moved_page_gone_and_busy_do_what_they_say() {
    let server = start();
    let moved = listed(&server, |behaviour| matches!(behaviour, Behaviour::Moved { .. }));
    let answer = get(&moved.url, &[], ALL);
    let Behaviour::Moved { to } = moved.behaviour else { unreachable!() };
    assert_eq!((answer.status, answer.field("location")), (301, Some(to.as_str())));
    assert_eq!(items(get(&server.url(&to), &[], ALL).text()), 5);

    let page = listed(&server, |behaviour| matches!(behaviour, Behaviour::Page { .. }));
    let answer = get(&page.url, &[], ALL);
    assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"));
    let href = answer.text().split("rel=\"alternate\"").nth(1).unwrap().split("href=\"").nth(1).unwrap();
    let feed = format!("{}{}", page.url, href.split('"').next().unwrap());
    assert_eq!(get(&feed, &[], ALL).field("content-type"), Some("application/feed+json"));

    let gone = listed(&server, |behaviour| *behaviour == Behaviour::Gone);
    assert_eq!(get(&gone.url, &[], ALL).status, 410);

    let busy = listed(&server, |behaviour| matches!(behaviour, Behaviour::Busy { .. }));
    assert!(!busy.url.starts_with(server.base_url()), "it stands on a port of its own: {}", busy.url);
    let statuses: Vec<(u16, Option<String>)> = (0..5)
        .map(|_| get(&busy.url, &[], ALL))
        .map(|answer| (answer.status, answer.field("retry-after").map(str::to_owned)))
        .collect();
    let wait = Some("4".to_owned());
    assert_eq!(statuses, [(429, wait.clone()), (200, None), (200, None), (200, None), (429, wait)]);
}

#[test]
fn a_head_has_no_body_a_post_is_refused_and_unknown_paths_are_booked_elsewhere() {
    let server = start();
    let url = server.url("/market/bread.rss");
    let patience = Duration::from_secs(20);
    let (bytes, end) = client::exchange(&url, "HEAD", &[], ALL, patience);
    let head = client::parse(&bytes, end);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.length(), get(&url, &[], ALL).body.len());
    let (bytes, end) = client::exchange(&url, "POST", &[("Content-Length", "0")], ALL, patience);
    let refused = client::parse(&bytes, end);
    assert_eq!((refused.status, refused.field("allow")), (405, Some("GET, HEAD")));
    assert_eq!(get(&server.url("/nowhere"), &[], ALL).status, 404);
    assert_eq!((server.books().elsewhere.requests, server.books().connections), (1, 4));
}

#[test]
fn stop_frees_the_port_and_gives_the_last_books() {
    let server = start();
    let port: u16 = server.base_url().rsplit(':').next().unwrap().parse().unwrap();
    get(&server.url("/market/bread.rss"), &[], ALL);
    assert_eq!(server.stop().total().requests, 1);
    let next = FeedServer::start_on(Script::load(1, 1, 1), port).unwrap();
    assert_eq!(get(&next.url("/load/00000.xml"), &[], ALL).status, 200);
}
