//! Kept pages: listed in the order of their arrival, trimmed to a room, and what a replay came to is written once.

use tidegate_core::contract::{Metric, Reject, Removal};
use tidegate_core::id::{PageId, SourceId};
use tidegate_core::item::{Counts, Item};
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use super::Place;
use super::commits::raw;
use super::dead_letters::mender;
use super::world::{
    at, batch, claim, commit, done, empty, failure, fresh, item, items, page, run_once, source, success,
};
use crate::ports::{
    Applied, Commit, DeadFilter, ItemFilter, ItemRow, KeptFilter, RawPage, ReplayRun, Rewrite, Rewritten, RunStage,
    Store,
};

fn of(source: SourceId) -> KeptFilter {
    KeptFilter { source, since: None, until: None, after: None, limit: 0 }
}

/// A run that keeps a page of this size; gives the page.
async fn keep(store: &dyn Store, id: SourceId, bytes: usize, now: UtcMillis) -> PageId {
    let live = claim(store, id, now).await;
    let kept = RawPage { fetched_at: now, body: vec![7; bytes], ..raw(at(99_999)) };
    let page_id = kept.id;
    let given = Commit { raw: Some(kept), ..commit(&live, Some(page(batch(items("a", 1)))), Some(success())) };
    done(store, given, now).await;
    page_id
}

async fn listed(store: &dyn Store, filter: KeptFilter) -> Vec<PageId> {
    store.kept_pages(&filter).await.unwrap().into_iter().map(|page| page.id).collect()
}

async fn row(store: &dyn Store, id: SourceId, external_id: &str) -> Option<ItemRow> {
    store.stored_items(id, vec![external_id.to_owned(), "nobody".to_owned()]).await.unwrap().pop()
}

fn written(given: tidegate_core::contract::Item) -> Item {
    page(batch(vec![given])).items.remove(0)
}

pub(crate) async fn pages_are_listed_as_they_came(place: &dyn Place) {
    let store = empty(place).await;
    let (one, two) = (source(&*store, "one").await.id, source(&*store, "two").await.id);
    let first = keep(&*store, one, 10, at(1)).await;
    let second = keep(&*store, one, 10, at(90)).await;
    let third = keep(&*store, one, 10, at(180)).await;
    let other = keep(&*store, two, 10, at(90)).await;
    // One that has not ended.
    let live = claim(&*store, two, at(180)).await;
    let kept = RawPage { fetched_at: at(180), ..raw(at(99_999)) };
    done(&*store, Commit { raw: Some(kept), ..commit(&live, None, None) }, at(180)).await;
    assert_eq!(listed(&*store, of(one)).await, [first, second, third]);
    assert_eq!(listed(&*store, of(two)).await, [other]);
    let table = [
        ("since", KeptFilter { since: Some(at(90)), ..of(one) }, vec![second, third]),
        ("until", KeptFilter { until: Some(at(90)), ..of(one) }, vec![first]),
        ("after", KeptFilter { after: Some(store.kept_pages(&of(one)).await.unwrap()[1]), ..of(one) }, vec![third]),
        ("at most", KeptFilter { limit: 2, ..of(one) }, vec![first, second]),
        ("of nobody", of(fresh()), vec![]),
    ];
    for (case, filter, expected) in table {
        assert_eq!(listed(&*store, filter).await, expected, "{case}");
    }
    // Those of a run that failed are kept as well: it may have failed because of them.
    done(&*store, commit(&live, None, Some(failure(tidegate_core::failure::Class::BadAnswer, "odd"))), at(181)).await;
    assert_eq!(listed(&*store, of(two)).await.len(), 2);
}

pub(crate) async fn what_a_run_left_out_is_told_with_its_page(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    let mut given = items("a", 3);
    for (element, item) in (10..).zip(&mut given) {
        item.element = element;
    }
    let kept = raw(at(99));
    let page_id = kept.id;
    let wish = Commit { raw: Some(kept), cap: 1, ..commit(&live, Some(page(batch(given))), Some(success())) };
    let (total, _) = done(&*store, wish, at(1)).await;
    assert_eq!((total.new, total.over_cap), (1, 2));
    assert_eq!(store.page(page_id).await.unwrap().unwrap().left_out, [11, 12]);
    let by_page = store.items_by_page(id, None, 10).await.unwrap();
    assert_eq!(by_page, [("a0".to_owned(), Some(page_id))]);
    assert_eq!(store.items_by_page(id, Some("a0".to_owned()), 10).await.unwrap(), []);
    assert_eq!(row(&*store, id, "a0").await.unwrap().page, Some(page_id));
}

pub(crate) async fn a_replay_is_written_whole_and_sets_nothing_back(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    let reject = Reject { element: 9, reason: "no id".to_owned(), extra: None };
    let given = tidegate_core::contract::Batch { rejects: vec![reject], ..batch(items("a", 4)) };
    let kept = raw(at(999));
    let page_id = kept.id;
    done(&*store, Commit { raw: Some(kept), ..commit(&live, Some(page(given)), Some(success())) }, at(1)).await;
    let before = store.source(id).await.unwrap().unwrap();
    let letter = store.dead_letters(&DeadFilter::default()).await.unwrap()[0].id;
    let seen = Some(at(1));
    let whole = |external_id: &str, text: &str| Rewritten::Whole {
        id: fresh(),
        item: Box::new(written(item(external_id, text, Some(at(0))))),
        page: page_id,
    };
    let likes = vec![Metric { name: "likes".to_owned(), value: 5.0 }];
    let removal =
        Removal { element: 0, external_id: "a3".to_owned(), reason: "deleted".to_owned(), at: None, extra: None };
    let rewrite = |external_id: &str, seen, what| Rewrite { external_id: external_id.to_owned(), seen, what };
    let replay = ReplayRun {
        run: fresh(),
        source: id,
        plugin: mender(),
        pages: 17,
        counts: Counts { duplicate: 3, rejected: 1, ..Counts::default() },
        items: vec![
            rewrite("a0", seen, whole("a0", "mended")),
            rewrite("a1", seen, Rewritten::Metrics(likes.clone())),
            rewrite("a2", Some(at(0)), whole("a2", "an older look")),
            rewrite("a3", seen, Rewritten::Gone(removal)),
            rewrite("b", None, whole("b", "new")),
            rewrite("c", seen, whole("c", "gone since")),
        ],
        letters: vec![letter, 9_999],
    };
    let run = replay.run;
    let Applied::Done { counts, overtaken } = store.apply_replay(replay.clone(), at(50)).await.unwrap() else {
        panic!("the source is there")
    };
    assert_eq!((counts.new, counts.updated, counts.metrics_updated, counts.removed), (1, 1, 1, 1));
    assert_eq!((counts.duplicate, counts.rejected, overtaken), (3, 1, 2));
    let text = |row: Option<ItemRow>| row.and_then(|row| row.item.text);
    assert_eq!(text(row(&*store, id, "a0").await).as_deref(), Some("mended"));
    assert_eq!(text(row(&*store, id, "a2").await).as_deref(), Some("text"), "somebody knew better");
    assert_eq!(row(&*store, id, "c").await, None);
    assert_eq!(row(&*store, id, "a1").await.unwrap().item.metrics, likes);
    assert!(row(&*store, id, "a3").await.unwrap().removed.is_some());
    assert_eq!(store.items_by_page(id, None, 10).await.unwrap().len(), 4, "what is gone is not listed");
    let (first, changed) = {
        let row = row(&*store, id, "a0").await.unwrap();
        (row.first_seen_at, row.changed_at)
    };
    assert_eq!((first, changed), (at(1), at(50)));
    let record = store.run(run).await.unwrap().unwrap();
    assert_eq!(
        (record.trigger, record.stage, record.pages, record.counts),
        (Trigger::Replay, RunStage::Ended, 17, counts)
    );
    assert_eq!(record.plugin, Some(mender()), "it says by what it was done");
    assert_eq!((record.fetches, record.cost), (0, tidegate_core::money::MicroUsd::ZERO));
    let after = store.source(id).await.unwrap().unwrap();
    assert_eq!(after, before, "neither its schedule nor its watermark nor its count of runs");
    let letters = store.dead_letters(&DeadFilter { retried: true, ..DeadFilter::default() }).await.unwrap();
    assert_eq!(letters[0].retried.map(|retried| retried.run), Some(run));
    // Once more: everything has changed since it was looked at.
    let again = ReplayRun { run: fresh(), ..replay.clone() };
    let Applied::Done { overtaken, counts } = store.apply_replay(again, at(51)).await.unwrap() else {
        panic!("it is there")
    };
    assert_eq!((overtaken, counts.new, counts.updated), (6, 0, 0));
    // A run of now goes on as ever.
    assert_eq!(run_once(&*store, id, items("a", 4), at(90)).await.updated, 1);
    store.remove(id).await.unwrap();
    assert_eq!(store.apply_replay(ReplayRun { run: fresh(), ..replay }, at(91)).await.unwrap(), Applied::Gone);
    assert!(store.items(&ItemFilter::default()).await.unwrap().is_empty());
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn pages_are_trimmed_to_their_room(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let mut pages = Vec::new();
    for n in 0..5 {
        // With two bytes of meta each takes 1,002.
        pages.push(keep(&*store, id, 1_000, at(1 + n * 90)).await);
    }
    let (feeds, other) = ("feeds".parse().unwrap(), "other".parse().unwrap());
    assert_eq!(store.trim_pages(&feeds, 5_010, 100).await.unwrap(), 0, "it fits");
    assert_eq!(store.trim_pages(&other, 0, 100).await.unwrap(), 0, "another profile's room");
    assert_eq!(store.trim_pages(&feeds, 5_009, 100).await.unwrap(), 1, "the oldest goes");
    assert_eq!(listed(&*store, of(id)).await, pages[1..]);
    assert_eq!(store.trim_pages(&feeds, 1_002, 2).await.unwrap(), 2, "no more than asked");
    assert_eq!(store.trim_pages(&feeds, 1_002, 2).await.unwrap(), 1);
    assert_eq!(listed(&*store, of(id)).await, pages[4..]);
    assert_eq!(store.trim_pages(&feeds, 0, 100).await.unwrap(), 1);
    assert_eq!(store.trim_pages(&feeds, 0, 100).await.unwrap(), 0);
}
