//! Items: new, changed, partial, gone and back.

use tidegate_core::contract::{Author, Batch, Item, Metric, Removal};

use super::Place;
use super::world::{at, batch, claim, commit, done, empty, item, items, page, run_once, source, success};
use crate::ports::{Commit, ItemFilter, ItemRow, Store};

fn likes(value: f64) -> Vec<Metric> {
    vec![Metric { name: "likes".to_owned(), value }]
}

/// The only item with that external id.
async fn stored(store: &dyn Store, external_id: &str) -> ItemRow {
    let rows = store.items(&ItemFilter::default()).await.unwrap();
    let mut rows: Vec<_> = rows.into_iter().filter(|row| row.item.external_id == external_id).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

pub(crate) async fn changes_are_told_apart(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let given = |text, value| Item { metrics: likes(value), ..item("a", text, None) };
    run_once(&*store, id, vec![given("one", 1.0), item("b", "b", Some(at(0)))], at(1)).await;
    let first = stored(&*store, "a").await;
    assert_eq!((first.sort_at, first.first_seen_at, first.changed_at), (at(1), at(1), at(1)));
    assert_eq!(stored(&*store, "b").await.sort_at, at(0));
    let same = run_once(&*store, id, vec![given("one", 1.0)], at(70)).await;
    assert_eq!((same.new, same.duplicate), (0, 1));
    assert_eq!(stored(&*store, "a").await, first);
    let counted = run_once(&*store, id, vec![given("one", 2.0)], at(140)).await;
    assert_eq!((counted.metrics_updated, counted.updated), (1, 0));
    let second = stored(&*store, "a").await;
    assert_eq!((second.item.metrics.clone(), second.changed_at, second.id), (likes(2.0), at(140), first.id));
    let changed = run_once(&*store, id, vec![given("two", 3.0)], at(210)).await;
    assert_eq!((changed.metrics_updated, changed.updated), (0, 1));
    let third = stored(&*store, "a").await;
    assert_eq!((third.item.text.as_deref(), third.item.metrics, third.id), (Some("two"), likes(3.0), first.id));
    assert_eq!((third.sort_at, third.first_seen_at, third.changed_at), (at(1), at(1), at(210)));
}

pub(crate) async fn partial_items_are_completed(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let whole = Item { title: Some("title".to_owned()), metrics: likes(1.0), ..item("a", "text", Some(at(0))) };
    run_once(&*store, id, vec![whole], at(1)).await;
    let first = stored(&*store, "a").await;
    let part = |text: Option<&str>| Item {
        partial: true,
        text: text.map(str::to_owned),
        url: None,
        tags: vec![],
        published_at: None,
        ..item("a", "", None)
    };
    let same = run_once(&*store, id, vec![part(None)], at(70)).await;
    assert_eq!((same.duplicate, same.updated), (1, 0), "what is absent leaves what is stored");
    let changed = run_once(
        &*store,
        id,
        vec![part(Some("new")), Item { external_id: "b".to_owned(), ..part(Some("b")) }],
        at(140),
    )
    .await;
    assert_eq!((changed.updated, changed.new), (1, 1));
    let after = stored(&*store, "a").await;
    let expected = tidegate_core::item::Item {
        text: Some("new".to_owned()),
        fingerprint: after.item.fingerprint,
        ..first.item.clone()
    };
    assert_eq!(after.item, expected);
    assert_ne!(after.item.fingerprint, first.item.fingerprint);
    assert!(!stored(&*store, "b").await.item.partial);
}

pub(crate) async fn removed_items_may_come_back(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    run_once(&*store, id, items("a", 3), at(1)).await;
    let gone = |id: &str, when: Option<&str>| Removal {
        element: 0,
        external_id: id.to_owned(),
        reason: "deleted".to_owned(),
        at: when.map(str::to_owned),
        extra: None,
    };
    let live = claim(&*store, id, at(61)).await;
    let removals = vec![gone("a0", Some("2026-11-21T11:00:00Z")), gone("a1", Some("soon")), gone("unknown", None)];
    let given = || page(Batch { removals: removals.clone(), ..batch(vec![]) });
    let (counts, _) = done(&*store, commit(&live, Some(given()), None), at(61)).await;
    assert_eq!(counts.removed, 2);
    let (counts, _) = done(&*store, commit(&live, Some(given()), Some(success())), at(62)).await;
    assert_eq!(counts.removed, 2, "once is enough");
    let deleted = |minutes| Some((at(minutes), "deleted".to_owned()));
    assert_eq!(
        stored(&*store, "a0").await.removed,
        Some((at(0).minus(std::time::Duration::from_secs(3600)), "deleted".to_owned()))
    );
    assert_eq!((stored(&*store, "a1").await.removed, stored(&*store, "a2").await.removed), (deleted(61), None));
    let back = run_once(&*store, id, vec![items("a", 1).remove(0), item("a1", "changed", None)], at(200)).await;
    assert_eq!((back.duplicate, back.updated), (1, 1));
    assert_eq!((stored(&*store, "a0").await.removed, stored(&*store, "a1").await.removed), (None, None));
}

pub(crate) async fn the_first_cut_sets_the_horizon(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    let first = Commit { cap: 2, ..commit(&live, Some(page(batch(items("a", 5)))), Some(success())) };
    let (counts, settled) = done(&*store, first, at(1)).await;
    assert_eq!((counts.new, counts.over_cap), (2, 3));
    let horizon = Some(at(0).minus(std::time::Duration::from_secs(60)));
    assert_eq!((settled.unwrap().source.horizon, store.source(id).await.unwrap().unwrap().horizon), (horizon, horizon));
    let second = run_once(&*store, id, items("a", 5), at(90)).await;
    assert_eq!((second.new, second.duplicate, second.before_horizon), (0, 2, 3));
    assert_eq!(store.items(&ItemFilter::default()).await.unwrap().len(), 2);
}

pub(crate) async fn odd_texts_survive(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let texts = [
        "'; DROP TABLE item; --",
        "\u{1F30A}\u{0301}\u{202e}",
        "\"[1]\"",
        "null",
        "7",
        "a\tb\r\nc\u{1}",
        "\\u0000",
        " x ",
    ];
    let author = Author {
        handle: Some("\"h\"".to_owned()),
        id: None,
        name: Some("Ü".to_owned()),
        url: None,
        image_url: None,
        verified: Some(true),
        extra: None,
    };
    let given = || -> Vec<Item> {
        let make = |text: &&str| Item {
            authors: vec![author.clone()],
            title: Some((*text).to_owned()),
            html: Some((*text).to_owned()),
            data: Some(serde_json::json!({ "deep": [{ "x": text }] }).to_string()),
            metrics: likes(0.1 + 0.2),
            ..item(text, text, None)
        };
        texts.iter().map(make).collect()
    };
    let counts = run_once(&*store, id, given(), at(1)).await;
    assert_eq!(counts.new, 8);
    let rows = store.items(&ItemFilter::default()).await.unwrap();
    for expected in page(batch(given())).items {
        assert!(rows.iter().any(|row| row.item == expected), "{expected:?} is not in {rows:?}");
    }
    let again = run_once(&*store, id, given(), at(90)).await;
    assert_eq!((again.new, again.duplicate), (0, 8), "each is found again under its id");
}
