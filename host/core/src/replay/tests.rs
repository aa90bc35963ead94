//! Tests of replay: pages in their order, and what they come to beside the store.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::contract::{self, Outcome, OutcomeStatus};
use crate::item::accept;

fn at(minute: i64) -> UtcMillis {
    UtcMillis::from_millis(1_767_225_600_000 + minute * 60_000)
}

fn page_id(number: u128) -> PageId {
    PageId::from_bits(number)
}

/// An item as a plugin gives it: `text` of `id`, with so many likes.
fn given(id: &str, text: &str, likes: f64) -> contract::Item {
    contract::Item {
        element: 0,
        external_id: id.to_owned(),
        partial: false,
        kind: "post".to_owned(),
        url: None,
        authors: vec![],
        title: None,
        text: Some(text.to_owned()),
        html: None,
        summary: None,
        published_at: Some(at(0).to_string()),
        updated_at: None,
        language: None,
        media: vec![],
        metrics: vec![Metric { name: "likes".to_owned(), value: likes }],
        references: vec![],
        tags: vec![],
        data: None,
        extra: None,
    }
}

fn page(items: Vec<contract::Item>, gone: &[&str]) -> Page {
    let removals = gone.iter().map(|id| Removal {
        element: 0,
        external_id: (*id).to_owned(),
        reason: "deleted".to_owned(),
        at: None,
        extra: None,
    });
    let batch = contract::Batch {
        items,
        removals: removals.collect(),
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
    };
    accept(batch, Some(200), at(60)).unwrap()
}

fn item(given: contract::Item) -> Item {
    page(vec![given], &[]).items.remove(0)
}

fn stored(given: contract::Item, page: u128) -> Stored {
    Stored { item: item(given), page: Some(page_id(page)), changed_at: at(1), removed: false }
}

/// What the pages come to for the item "a".
fn seen(pages: Vec<Page>) -> Seen {
    let mut series = Series::default();
    for (number, page) in (1..).zip(pages) {
        series.take((page_id(number), at(1)), page, &BTreeSet::new());
    }
    series.into_items().into_iter().find(|(id, _)| id == "a").unwrap().1
}

fn one(text: &str, likes: f64) -> Page {
    page(vec![given("a", text, likes)], &[])
}

#[test]
fn the_last_page_decides() {
    let table = [
        ("nothing stored", vec![one("x", 1.0)], None, "new"),
        ("as it is", vec![one("x", 1.0)], Some(stored(given("a", "x", 1.0), 1)), "same"),
        ("counted on", vec![one("x", 1.0), one("x", 2.0)], Some(stored(given("a", "x", 2.0), 1)), "same"),
        ("other counts", vec![one("x", 1.0), one("x", 2.0)], Some(stored(given("a", "x", 1.0), 1)), "metrics"),
        ("edited since", vec![one("x", 1.0), one("y", 1.0)], Some(stored(given("a", "y", 1.0), 2)), "same"),
        ("an edit that was lost", vec![one("x", 1.0), one("y", 1.0)], Some(stored(given("a", "x", 1.0), 1)), "changed"),
        ("gone", vec![one("x", 1.0), page(vec![], &["a"])], Some(stored(given("a", "x", 1.0), 1)), "removed"),
        (
            "gone and known",
            vec![one("x", 1.0), page(vec![], &["a"])],
            Some(Stored { removed: true, ..stored(given("a", "x", 1.0), 1) }),
            "same",
        ),
        (
            "gone and there again",
            vec![page(vec![], &["a"]), one("x", 1.0)],
            Some(stored(given("a", "x", 1.0), 2)),
            "same",
        ),
        (
            "taken away otherwise",
            vec![one("y", 1.0)],
            Some(Stored { removed: true, ..stored(given("a", "x", 1.0), 1) }),
            "same",
        ),
        ("gone and never there", vec![page(vec![], &["a"])], None, "same"),
    ];
    for (case, pages, stored, expected) in table {
        let change = seen(pages).against(stored.as_ref(), Beside::default(), |_| true);
        assert_eq!(change.word(), expected, "{case}: {change:?}");
    }
}

#[test]
fn a_change_names_its_fields() {
    let before = stored(contract::Item { title: Some("Old".to_owned()), ..given("a", "x\ny", 1.0) }, 1);
    let Change::Content(after, from, fields) =
        seen(vec![one("z", 5.0)]).against(Some(&before), Beside::default(), |_| true)
    else {
        unreachable!("it differs")
    };
    let said: Vec<_> = fields.iter().map(|f| (f.field, f.before.as_str(), f.after.as_str())).collect();
    assert_eq!(said, [("title", "Old", ""), ("text", "x y", "z")]);
    assert_eq!((after.metrics[0].value, from), (5.0, page_id(1)));
}

#[test]
fn what_no_fingerprint_tells_is_compared_where_its_page_is_there() {
    let with = |alt: &str| {
        let medium = contract::Media {
            kind: "image".to_owned(),
            role: "attached".to_owned(),
            url: "https://a.example/p".to_owned(),
            thumbnail_url: None,
            mime: None,
            size: Some(0.1),
            width: None,
            height: None,
            duration_s: None,
            alt: Some(alt.to_owned()),
            expires_at: None,
            extra: None,
        };
        contract::Item { media: vec![medium], ..given("a", "x", 1.0) }
    };
    let table = [
        ("its own page", "other", 1, true, "changed"),
        ("its own page, unchanged", "same", 1, true, "same"),
        ("an older page that is not kept any more", "other", 0, true, "same"),
        ("a page that could not be normalized", "other", 1, false, "same"),
    ];
    for (case, alt, from, replayed, expected) in table {
        let change = seen(vec![page(vec![with(alt)], &[])]).against(
            Some(&stored(with("same"), from)),
            Beside::default(),
            |_| replayed,
        );
        assert_eq!(change.word(), expected, "{case}");
    }
}

#[test]
fn partial_items_are_completed_by_earlier_pages_and_then_by_the_store() {
    let partial = |likes| contract::Item { partial: true, text: None, published_at: None, ..given("a", "", likes) };
    let alone = || vec![page(vec![partial(9.0)], &[])];
    let change = seen(alone()).against(Some(&stored(given("a", "x", 1.0), 1)), Beside::default(), |_| true);
    assert!(matches!(&change, Change::Metrics(metrics, _) if metrics[0].value == 9.0), "{change:?}");
    let after = vec![one("x", 1.0), page(vec![partial(9.0)], &[])];
    assert_eq!(seen(after).against(Some(&stored(given("a", "x", 9.0), 1)), Beside::default(), |_| true), Change::Same);
    let twice = vec![page(vec![partial(8.0)], &[]), page(vec![partial(9.0)], &[])];
    assert_eq!(seen(twice).against(Some(&stored(given("a", "x", 9.0), 1)), Beside::default(), |_| true), Change::Same);
    let Change::New(item, _) = seen(alone()).against(None, Beside::default(), |_| true) else {
        unreachable!("nothing is stored")
    };
    assert!(!item.partial);
}

#[test]
fn what_a_run_left_out_stays_out() {
    let mut series = Series::default();
    let second = contract::Item { element: 1, ..given("b", "y", 1.0) };
    series.take((page_id(1), at(1)), page(vec![given("a", "x", 1.0), second], &[]), &BTreeSet::from([1]));
    assert_eq!(series.len(), 1);
    let (id, seen) = series.into_items().remove(0);
    assert_eq!(id, "a");
    // Older than what the first run was cut to, unless it is stored.
    let horizon = Beside { horizon: Some(at(1)), ..Beside::default() };
    assert_eq!(seen.clone().against(None, horizon, |_| true), Change::BeforeHorizon);
    assert_eq!(seen.against(Some(&stored(given("a", "x", 1.0), 1)), horizon, |_| true), Change::Same);
}

#[test]
fn nothing_newer_is_set_back() {
    let is = Beside::default;
    let there = |text, likes, page| stored(given("a", text, likes), page);
    let table = [
        ("content of a newer page", there("y", 1.0, 9), is(), "newer"),
        (
            "content that came without a page, later",
            Stored { page: None, changed_at: at(2), ..there("y", 1.0, 0) },
            is(),
            "newer",
        ),
        (
            "content that came without a page, before",
            Stored { page: None, changed_at: at(0), ..there("y", 1.0, 0) },
            is(),
            "changed",
        ),
        (
            "changed since the pages were listed",
            Stored { changed_at: at(9), ..there("y", 1.0, 1) },
            Beside { listed_at: Some(at(8)), ..is() },
            "newer",
        ),
        (
            "changed before",
            Stored { changed_at: at(7), ..there("y", 1.0, 1) },
            Beside { listed_at: Some(at(8)), ..is() },
            "changed",
        ),
        (
            "counts beside an older page that was not read",
            there("x", 5.0, 1),
            Beside { unread: Some(page_id(0)), ..is() },
            "metrics",
        ),
        ("counts beside a newer one", there("x", 5.0, 1), Beside { unread: Some(page_id(2)), ..is() }, "same"),
    ];
    for (case, stored, beside, expected) in table {
        let change = seen(vec![one("x", 1.0)]).against(Some(&stored), beside, |_| true);
        assert_eq!(change.word(), expected, "{case}: {change:?}");
    }
    // Content that is mended keeps the counts that a newer page may have told.
    let beside = Beside { unread: Some(page_id(2)), ..is() };
    let change = seen(vec![one("x", 1.0)]).against(Some(&there("y", 5.0, 1)), beside, |_| true);
    assert!(matches!(&change, Change::Content(item, ..) if item.metrics[0].value == 5.0), "{change:?}");
}
