//! Upkeep: what is too old goes, nothing else does; closing.

use std::time::Duration;

use tidegate_core::limits;

use super::Place;
use super::commits::raw;
use super::world::{at, batch, claim, commit, done, empty, fresh, items, named, page, run_once, source, success};
use crate::ports::{Commit, SkipRecord, StoreError};

pub(crate) async fn old_things_expire(place: &dyn Place) {
    let store = empty(place).await;
    let one = source(&*store, "one").await;
    let live = claim(&*store, one.id, at(1)).await;
    for keep_until in [at(10), at(20), at(30)] {
        let kept = Commit { raw: Some(raw(keep_until)), ..commit(&live, None, None) };
        done(&*store, kept, at(1)).await;
    }
    done(&*store, commit(&live, Some(page(batch(items("a", 1)))), Some(success())), at(2)).await;
    let skip = SkipRecord {
        source: one.id,
        tenant: one.tenant,
        profile: one.profile,
        reason: "busy",
        detail: "much to do".to_owned(),
        until: Some(at(3)),
        gate: None,
    };
    store.skip(vec![skip], at(2)).await.unwrap();
    assert_eq!(store.expire(at(10), 10).await.unwrap(), 0, "not before the time is over");
    assert_eq!(store.expire(at(25), 1).await.unwrap(), 1, "no more than asked");
    assert_eq!(store.expire(at(25), 10).await.unwrap(), 1);
    assert_eq!((store.ledger(at(2)).await.unwrap().len(), store.skips(at(2)).await.unwrap().len()), (1, 1));
    let later = at(0).day_start().plus(limits::LEDGER_KEPT);
    assert_eq!(store.expire(later, 10).await.unwrap(), 1, "the last page");
    assert_eq!(store.expire(later.plus(Duration::from_millis(1)), 10).await.unwrap(), 2);
    assert_eq!((store.ledger(at(2)).await.unwrap().len(), store.skips(at(2)).await.unwrap().len()), (0, 0));
    assert_eq!(store.items(&crate::ports::ItemFilter::default()).await.unwrap().len(), 1);
    assert!(store.run(live.run).await.unwrap().is_some());
}

pub(crate) async fn a_sound_store_has_no_problems(place: &dyn Place) {
    let store = empty(place).await;
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    let id = source(&*store, "one").await.id;
    run_once(&*store, id, items("a", 5), at(1)).await;
    claim(&*store, id, at(90)).await;
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn closed_is_closed(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    run_once(&*store, id, items("a", 5), at(1)).await;
    store.close().await;
    store.close().await;
    let closed = |error: StoreError| matches!(error, StoreError::Closed { .. });
    assert!(closed(store.source(id).await.unwrap_err()));
    assert!(closed(store.create_source(named("acme", "two"), fresh(), at(1)).await.unwrap_err()));
    assert!(closed(store.remove(id).await.unwrap_err()));
    let store = place.open(fresh(), at(2)).await;
    assert_eq!(store.items(&crate::ports::ItemFilter::default()).await.unwrap().len(), 5, "all is there again");
}
