//! Commits: whole or not at all, fenced by the generation, within the cap.

use std::sync::Arc;

use tidegate_core::claim::Generation;
use tidegate_core::contract::Reject;
use tidegate_core::item::Counts;

use super::Place;
use super::world::{at, batch, claim, commit, done, empty, fresh, item, items, page, run_once, source, success};
use crate::ports::{Commit, Committed, ItemFilter, RawPage, RunStage};

/// A raw page to be kept until then.
pub(super) fn raw(keep_until: tidegate_core::time::UtcMillis) -> RawPage {
    RawPage {
        id: fresh(),
        number: 0,
        status: 200,
        url: "https://example.org/feed".to_owned(),
        meta: "{}".to_owned(),
        body: vec![0, 159, 146, 150],
        body_bytes: 9_000_000_000,
        fetched_at: at(1),
        keep_until,
        left_out: vec![],
    }
}

pub(crate) async fn a_page_and_its_counts(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    let reject = Reject { element: 7, reason: "no id".to_owned(), extra: Some("{\"a\":1}".to_owned()) };
    let given = tidegate_core::contract::Batch { rejects: vec![reject], fillers: 2, ..batch(items("a", 70)) };
    let first =
        Commit { raw: Some(raw(at(99))), bytes: 5_000_000_000, fetches: 2, ..commit(&live, Some(page(given)), None) };
    let (total, settlement) = done(&*store, first, at(1)).await;
    let oldest_new = Some(at(0).minus(std::time::Duration::from_secs(69 * 60)));
    let expected = Counts { new: 70, rejected: 1, fillers: 2, oldest_new, ..Counts::default() };
    assert_eq!((total, settlement), (expected, None));
    let second = Commit { bytes: 1, fetches: 1, ..commit(&live, Some(page(batch(items("a", 71)))), None) };
    let (total, _) = done(&*store, second, at(2)).await;
    assert_eq!((total.new, total.duplicate, total.rejected), (71, 70, 1));
    let finish = tidegate_core::run::Finish { warnings: vec!["mind the gap".to_owned()], ..success() };
    done(&*store, commit(&live, None, Some(finish)), at(3)).await;
    let row = store.run(live.run).await.unwrap().unwrap();
    assert_eq!((row.stage, row.ended_at, row.counts), (RunStage::Ended, Some(at(3)), total));
    assert_eq!((row.bytes, row.fetches, row.pages), (5_000_000_001, 3, 2));
    assert_eq!((row.warnings, row.failure), (vec!["mind the gap".to_owned()], None));
    assert_eq!(store.items(&ItemFilter::default()).await.unwrap().len(), 71);
    let after = store.source(id).await.unwrap().unwrap();
    assert_eq!((after.running, after.total_runs, after.last_fetched_at), (None, 1, Some(at(3))));
}

pub(crate) async fn an_old_generation_changes_nothing(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let old = claim(&*store, id, at(1)).await;
    store.requeue(old.run, old.generation, true, at(2), at(2)).await.unwrap();
    let stale = || commit(&old, Some(page(batch(items("a", 3)))), Some(success()));
    assert_eq!(store.commit(stale(), at(2)).await.unwrap(), Committed::Stale, "while it is queued");
    let new = claim(&*store, id, at(2)).await;
    let before = (store.source(id).await.unwrap(), store.run(new.run).await.unwrap());
    assert_eq!(store.commit(stale(), at(3)).await.unwrap(), Committed::Stale, "while another has it");
    assert!(!store.requeue(old.run, old.generation, true, at(3), at(3)).await.unwrap());
    let ahead = Commit { generation: Generation(new.generation.0 + 1), ..stale() };
    assert_eq!(store.commit(ahead, at(3)).await.unwrap(), Committed::Stale);
    assert_eq!((store.source(id).await.unwrap(), store.run(new.run).await.unwrap()), before);
    assert!(store.items(&ItemFilter::default()).await.unwrap().is_empty());
    done(&*store, commit(&new, None, Some(success())), at(4)).await;
    let again = commit(&new, Some(page(batch(items("a", 3)))), Some(success()));
    assert_eq!(store.commit(again, at(5)).await.unwrap(), Committed::Stale, "after its end");
    assert_eq!(store.source(id).await.unwrap().unwrap().total_runs, 1);
}

pub(crate) async fn a_gone_source_changes_nothing(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    store.remove(id).await.unwrap();
    let late = commit(&live, Some(page(batch(items("a", 3)))), Some(success()));
    assert_eq!(store.commit(late, at(2)).await.unwrap(), Committed::Stale);
    assert!(store.items(&ItemFilter::default()).await.unwrap().is_empty());
    assert_eq!(store.heartbeat(vec![(live.run, live.generation)], at(3)).await.unwrap(), [live.run]);
}

pub(crate) async fn the_cap_holds_over_pages_and_attempts(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    run_once(&*store, id, items("old", 1), at(0)).await;
    let live = claim(&*store, id, at(60)).await;
    let page_of =
        |live: &_, prefix, count| Commit { cap: 5, ..commit(live, Some(page(batch(items(prefix, count)))), None) };
    done(&*store, page_of(&live, "a", 3), at(60)).await;
    store.requeue(live.run, live.generation, true, at(61), at(61)).await.unwrap();
    let live = claim(&*store, id, at(61)).await;
    assert_eq!(live.items_before, 3);
    let (total, _) = done(&*store, page_of(&live, "a", 4), at(61)).await;
    assert_eq!((total.new, total.duplicate, total.over_cap), (4, 3, 0));
    let (total, _) = done(&*store, page_of(&live, "b", 3), at(61)).await;
    assert_eq!((total.new, total.over_cap), (5, 2));
    assert_eq!(store.items(&ItemFilter::default()).await.unwrap().len(), 6);
}

pub(crate) async fn a_page_without_ids_is_refused_whole(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    let mut wrong = commit(&live, Some(page(batch(items("a", 3)))), Some(success()));
    wrong.raw = Some(raw(at(99)));
    wrong.item_ids.pop();
    assert!(store.commit(wrong, at(1)).await.unwrap_err().to_string().contains("2 ids were given for 3 items"));
    assert_eq!(store.run(live.run).await.unwrap().unwrap().stage, RunStage::Running);
    assert_eq!(store.expire(at(999), 10).await.unwrap(), 0, "the raw page was not kept either");
    done(&*store, commit(&live, Some(page(batch(items("a", 3)))), Some(success())), at(1)).await;
}

/// Callers that go away at any moment: each commit is there whole or not at all, and the others go on.
pub(crate) async fn a_caller_that_goes_away_harms_nobody(place: &dyn Place) {
    let store = empty(place).await;
    let mut tasks = Vec::new();
    for n in 0..24 {
        let id = source(&*store, &n.to_string()).await.id;
        let live = claim(&*store, id, at(1)).await;
        let given = (0..5).map(|i| item(&i.to_string(), "text", None)).collect();
        let work = commit(&live, Some(page(batch(given))), Some(success()));
        let store = Arc::clone(&store);
        tasks.push((live, tokio::spawn(async move { store.commit(work, at(1)).await.unwrap() })));
    }
    for (place, (_, task)) in tasks.iter().enumerate() {
        if place % 2 == 0 {
            task.abort();
        }
    }
    for (live, task) in tasks {
        let answer = task.await;
        // Whatever was to be written before this is written when this is.
        store.heartbeat(vec![(live.run, live.generation)], at(9)).await.unwrap();
        let row = store.run(live.run).await.unwrap().unwrap();
        let filter = ItemFilter { source: Some(live.source.id), ..ItemFilter::default() };
        let stored = store.items(&filter).await.unwrap().len();
        match row.stage {
            RunStage::Ended => assert_eq!((row.counts.new, stored), (5, 5)),
            _ => assert_eq!((row.counts.new, stored, answer.is_err()), (0, 0, true)),
        }
    }
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
