#![expect(clippy::unwrap_used, reason = "tests")]
//! Tables for [`super::accept`].

use super::*;
use crate::contract::{Batch, Hints, Item as Given, Metric, Outcome, OutcomeStatus, Watermark};
use crate::failure::Class;

pub(crate) fn given(id: &str) -> Given {
    Given {
        element: 0,
        external_id: id.to_owned(),
        partial: false,
        kind: "post".to_owned(),
        url: None,
        authors: vec![],
        title: None,
        text: None,
        html: None,
        summary: None,
        published_at: None,
        updated_at: None,
        language: None,
        media: vec![],
        metrics: vec![],
        references: vec![],
        tags: vec![],
        data: None,
        extra: None,
    }
}

fn batch(items: Vec<Given>) -> Batch {
    Batch {
        items,
        removals: vec![],
        rejects: vec![],
        fillers: 0,
        outcome: Outcome { status: OutcomeStatus::Ok, detail: String::new(), extra: None },
        facts: None,
        watermark: None,
        trouble: None,
        state: None,
        hints: None,
        warnings: vec![],
        next: None,
        extra: None,
    }
}

fn now() -> UtcMillis {
    UtcMillis::parse("2026-11-21T12:00:00Z").unwrap()
}

fn ids(page: &Page) -> Vec<&str> {
    page.items.iter().map(|item| item.external_id.as_str()).collect()
}

#[test]
fn what_breaks_the_contract_refuses_the_batch() {
    let many = (0..=limits::BATCH_ITEMS).map(|n| given(&n.to_string())).collect();
    assert_eq!(
        accept(batch(many), None, now()).unwrap_err().to_string(),
        "items: 10001 given, at most 10000 are allowed"
    );
    let watermark = Some(Watermark { newest_published_at: Some("soon".to_owned()), ..Watermark::default() });
    assert!(accept(Batch { watermark, ..batch(vec![]) }, None, now()).is_err());
}

#[test]
fn a_wrong_item_is_rejected_and_the_others_stay() {
    let table: Vec<(Given, &str)> = vec![
        (given(""), "external-id is empty; every item needs a stable id"),
        (given("  "), "external-id is empty; every item needs a stable id"),
        (given(&"x".repeat(1025)), "bytes of external-id: 1025 given, at most 1024 are allowed"),
        (
            Given { data: Some("[1]".to_owned()), ..given("a") },
            "data is not a JSON object; leave it out if there is nothing to say",
        ),
        (Given { tags: vec![String::new(); 257], ..given("a") }, "tags: 257 given, at most 256 are allowed"),
        (
            Given { html: Some("x".repeat(limits::HTML_BYTES + 1)), ..given("a") },
            "bytes of html: 1048577 given, at most 1048576 are allowed",
        ),
    ];
    for (mut item, message) in table {
        item.element = 7;
        let page = accept(batch(vec![item, given("good")]), None, now()).unwrap();
        assert_eq!((ids(&page), page.rejected), (vec!["good"], 1));
        assert_eq!((page.rejects[0].element, page.rejects[0].reason.as_str()), (7, message));
    }
}

#[test]
fn trouble_keeps_the_items_and_neither_watermark_nor_next() {
    let trouble = contract::Failure {
        category: contract::FailureCategory::RateLimited,
        message: "slow down".to_owned(),
        retry_after_s: Some(7.5),
        pointer: None,
        extra: None,
    };
    let given = Batch { trouble: Some(trouble), watermark: Some(Watermark::default()), ..batch(vec![given("a")]) };
    let page = accept(given, Some(200), now()).unwrap();
    assert_eq!(ids(&page), ["a"]);
    assert_eq!(page.watermark, None);
    assert_eq!(page.trouble.unwrap().class, Class::RateLimited);
}

/// "Items count beside every status; watermark and `next` only beside `ok` and `no-new`."
#[test]
fn watermark_and_next_count_beside_ok_and_no_new_only() {
    let table = [
        (OutcomeStatus::Ok, true, None),
        (OutcomeStatus::NoNew, true, None),
        (OutcomeStatus::PrivateOrEmpty, false, None),
        (OutcomeStatus::Other, false, None),
        (OutcomeStatus::NotFound, false, Some(Class::Gone)),
        (OutcomeStatus::Private, false, Some(Class::Private)),
        (OutcomeStatus::Blocked, false, Some(Class::Blocked)),
        (OutcomeStatus::PlanLimited, false, Some(Class::PlanLimited)),
        (OutcomeStatus::UnknownError, false, Some(Class::BadAnswer)),
    ];
    for (status, counts, class) in table {
        let said = Batch {
            outcome: Outcome { status, detail: String::new(), extra: None },
            watermark: Some(Watermark::default()),
            next: Some(crate::fixtures::step("/2")),
            ..batch(vec![given("a")])
        };
        let page = accept(said, Some(200), now()).unwrap();
        assert_eq!((page.watermark.is_some(), page.next.is_some()), (counts, counts), "{status:?}");
        assert_eq!((ids(&page), page.trouble.as_ref().map(|failure| failure.class)), (vec!["a"], class), "{status:?}");
    }
}

#[test]
fn removals_are_checked_like_items() {
    let removal = |id: &str| Removal {
        element: 3,
        external_id: id.to_owned(),
        reason: "r\0".repeat(1_000),
        at: Some("yesterday".to_owned()),
        extra: None,
    };
    let removals = vec![removal("a\0"), removal(" "), removal(&"x".repeat(limits::EXTERNAL_ID_BYTES + 1))];
    let page = accept(Batch { removals, ..batch(vec![]) }, None, now()).unwrap();
    assert_eq!(page.removals.len(), 1);
    let removal = &page.removals[0];
    assert_eq!((removal.external_id.as_str(), removal.at.as_deref()), ("a\u{fffd}", None));
    assert!(removal.reason.starts_with("r\u{fffd}r") && removal.reason.len() <= limits::MESSAGE_BYTES);
    assert_eq!((page.rejected, page.rejects[0].element), (2, 3));
}

#[test]
fn what_is_to_be_cut_is_cut_between_characters() {
    let item = Given { title: Some("ä".repeat(3_000)), text: Some("a\0b".to_owned()), ..given("a") };
    let page = accept(batch(vec![item]), None, now()).unwrap();
    assert_eq!(page.items[0].title.as_deref().unwrap().len(), limits::TITLE_BYTES);
    assert_eq!(page.items[0].text.as_deref(), Some("a\u{fffd}b"));
}

#[test]
fn times_are_parsed_and_impossible_ones_are_unknown() {
    let table = [
        ("2026-11-21T11:00:00Z", Some("2026-11-21T11:00:00Z")),
        ("2026-11-21T12:10:00Z", Some("2026-11-21T12:10:00Z")),
        ("2026-11-20", Some("2026-11-20T00:00:00Z")),
        ("2026-11-31", None),
        ("2026-11-22", None),
        ("2026-11-21T12:10:01Z", None),
        ("300000-01-01T00:00:00Z", None),
        ("yesterday", None),
    ];
    for (text, expected) in table {
        let item = Given { published_at: Some(text.to_owned()), ..given("a") };
        let page = accept(batch(vec![item]), None, now()).unwrap();
        assert_eq!(page.items[0].published_at.map(|at| at.to_string()).as_deref(), expected, "{text}");
    }
}

#[test]
fn what_is_left_out_or_cut_is_told_once_for_each_kind() {
    let text = |text: &str| Some(text.to_owned());
    let table: Vec<(Given, &str)> = vec![
        (
            Given { published_at: text("02.11.2026 12:00"), ..given("a") },
            "published-at \"02.11.2026 12:00\" of element 7 is no RFC 3339 time and counts as unknown",
        ),
        (
            Given { updated_at: text("2027-01-01T00:00:00Z"), ..given("a") },
            "updated-at \"2027-01-01T00:00:00Z\" of element 7 is more than 10 minutes in the future and counts as unknown",
        ),
        (
            Given { url: text("/relative/1"), ..given("a") },
            "url \"/relative/1\" of element 7 is no absolute URL that may be opened and is left out",
        ),
        (
            Given { title: text(&"x".repeat(limits::TITLE_BYTES + 1)), ..given("a") },
            "is longer than 4096 bytes and is cut",
        ),
    ];
    for (mut item, sentence) in table {
        item.element = 7;
        let second = Given { element: 8, external_id: "b".to_owned(), ..item.clone() };
        let page = accept(batch(vec![item, second, given("good")]), None, now()).unwrap();
        assert_eq!((page.warnings.len(), page.items.len()), (1, 3), "{:?}", page.warnings);
        let told = &page.warnings[0];
        assert!(told.contains(sentence) && told.ends_with("; so it is with 1 more"), "{told}");
    }
    // The plugin's own warnings come first, and all of them together are bounded.
    let given = Batch {
        warnings: (0..limits::BATCH_WARNINGS).map(|n| n.to_string()).collect(),
        ..batch(vec![Given { url: text("x"), ..given("a") }])
    };
    let warnings = accept(given, None, now()).unwrap().warnings;
    assert_eq!((warnings.len(), warnings[0].as_str()), (limits::BATCH_WARNINGS, "0"));
}

#[test]
fn addresses_that_cannot_be_opened_or_run_where_they_are_are_left_out() {
    let url = |url: &str| {
        let item = Given { url: Some(url.to_owned()), ..given("a") };
        accept(batch(vec![item]), None, now()).unwrap().items[0].url.clone()
    };
    for kept in [
        "https://a.example/1?q#f",
        "HTTP://a.example",
        "mailto:a@b.example",
        "magnet:?xt=1",
        "at://did/1",
        "https://ä.example/",
    ] {
        assert_eq!(url(kept).as_deref(), Some(kept));
    }
    for left in [
        "",
        "/1",
        "1",
        "//a.example/1",
        "a.example:80/1",
        "javascript:alert(1)",
        "JavaScript:1",
        "data:text/html,1",
        "file:///etc/passwd",
        "https:",
        "https://a b",
        "https://a\n",
    ] {
        assert_eq!(url(left), None, "{left}");
    }
}

/// A repeated id with other content and no date to choose by is what an id made of the place on the page looks like.
#[test]
fn doubles_that_nothing_tells_apart_are_told() {
    let titled = |id: &str, title: &str, day: Option<u32>| Given {
        title: Some(title.to_owned()),
        published_at: day.map(|day| format!("2026-11-{day:02}T00:00:00Z")),
        ..given(id)
    };
    let warnings = |items: Vec<Given>| accept(batch(items), None, now()).unwrap().warnings;
    let told = warnings(vec![titled("1", "one", None), titled("1", "two", None), titled("1", "three", None)]);
    assert!(told[0].starts_with("external-id \"1\" of element 0 was that of another element too"), "{told:?}");
    assert!(told.len() == 1 && told[0].ends_with("so it is with 1 more"), "{told:?}");
    for calm in [
        vec![titled("1", "one", None), titled("1", "one", None)],
        vec![titled("1", "new", Some(2)), titled("1", "old", Some(1))],
        vec![titled("1", "old", Some(1)), titled("1", "new", Some(2))],
    ] {
        assert_eq!(warnings(calm), Vec::<String>::new());
    }
}

#[test]
fn a_watermark_in_the_future_is_cut_to_now() {
    let mut batch = batch(vec![]);
    let time = Some("2031-01-01T00:00:00Z".to_owned());
    batch.watermark = Some(Watermark { newest_published_at: time, ..Watermark::default() });
    let watermark = accept(batch, None, now()).unwrap().watermark.unwrap();
    assert_eq!(watermark.newest_published_at.as_deref(), Some("2026-11-21T12:10:00Z"));
}

#[test]
fn of_doubles_the_newer_one_counts_and_else_the_last() {
    let at = |title: &str, day: u32| Given {
        title: Some(title.to_owned()),
        published_at: Some(format!("2026-11-{day:02}T00:00:00Z")),
        ..given("a")
    };
    let page = accept(batch(vec![at("newer", 2), at("older", 1)]), None, now()).unwrap();
    assert_eq!(page.items[0].title.as_deref(), Some("newer"));
    let second = Given { title: Some("second".to_owned()), ..given("a") };
    let page = accept(batch(vec![given("a"), given("b"), second]), None, now()).unwrap();
    assert_eq!(ids(&page), ["a", "b"]);
    assert_eq!(page.items[0].title.as_deref(), Some("second"));
}

#[test]
fn dated_items_come_newest_first_others_as_they_stand() {
    let dated = |id, day: u32| Given { published_at: Some(format!("2026-11-{day:02}T00:00:00Z")), ..given(id) };
    let page = accept(batch(vec![dated("old", 1), dated("new", 3), dated("mid", 2)]), None, now()).unwrap();
    assert_eq!(ids(&page), ["new", "mid", "old"]);
    let page = accept(batch(vec![dated("old", 1), given("undated"), dated("new", 3)]), None, now()).unwrap();
    assert_eq!(ids(&page), ["old", "undated", "new"]);
}

#[test]
fn numbers_that_are_none_are_dropped() {
    let metric = |value| Metric { name: "likes".to_owned(), value };
    let item = Given { metrics: vec![metric(-1.0), metric(f64::NAN), metric(3.0)], ..given("a") };
    let page = accept(batch(vec![item]), None, now()).unwrap();
    assert_eq!(page.items[0].metrics, [metric(3.0)]);
    let mut batch = batch(vec![]);
    batch.hints = Some(Hints { skip_hours: vec![24, 3, 3, 1], ..Hints::default() });
    assert_eq!(accept(batch, None, now()).unwrap().hints.unwrap().skip_hours, [1, 3]);
}

#[test]
fn the_fingerprint_sees_content_and_nothing_else() {
    let of = |item: Given| accept(batch(vec![item]), None, now()).unwrap().items[0].fingerprint;
    let plain = of(given("a"));
    assert_eq!(plain, of(given("a")));
    assert_eq!(plain, of(Given { metrics: vec![Metric { name: "likes".to_owned(), value: 3.0 }], ..given("a") }));
    assert_eq!(plain, of(Given { element: 7, ..given("a") }));
    assert_ne!(plain, of(Given { text: Some(String::new()), ..given("a") }));
    assert_ne!(
        of(Given { title: Some("ab".to_owned()), text: Some("c".to_owned()), ..given("a") }),
        of(Given { title: Some("a".to_owned()), text: Some("bc".to_owned()), ..given("a") })
    );
}
