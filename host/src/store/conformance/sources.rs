//! Sources: made once, changed by people.

use std::collections::BTreeSet;
use std::sync::Arc;

use tidegate_core::claim::NotClaimed;
use tidegate_core::schedule::Schedule;
use tidegate_core::source::{NewSource, NextRun, PausedBy, SourceState, Trigger};
use tidegate_core::time::Span;

use super::Place;
use super::world::{
    at, batch, claim, claim_as, commit, done, empty, fresh, items, named, page, request, run_once, source,
};
use crate::ports::{Created, ItemFilter, RunFilter, RunStage};

pub(crate) async fn a_new_source_has_one_run_queued(place: &dyn Place) {
    let store = empty(place).await;
    let made = source(&*store, "one").await;
    assert_eq!(
        (made.state.clone(), made.next_run, made.running, made.total_runs),
        (SourceState::Active, None, None, 0)
    );
    let runs = store.runs(&RunFilter::default()).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].source, runs[0].trigger, runs[0].stage), (made.id, Trigger::Bootstrap, RunStage::Queued));
    assert_eq!((runs[0].attempt, runs[0].created_at, runs[0].started_at), (0, at(0), None));
    let due = store.candidates(at(0), 10).await.unwrap();
    assert_eq!((due.len(), due[0].queued), (1, Some((runs[0].id, Trigger::Bootstrap))));
    assert_eq!(store.source(made.id).await.unwrap(), Some(made));
}

pub(crate) async fn the_same_identity_is_one_source(place: &dyn Place) {
    let store = empty(place).await;
    let made = source(&*store, "one").await;
    let again = store.create_source(named("acme", "one"), fresh(), at(1)).await.unwrap();
    assert_eq!(again, Created::Existing(made.clone()));
    let others = [named("other", "one"), NewSource { profile: "other".parse().unwrap(), ..named("acme", "one") }];
    for new in others {
        assert!(matches!(store.create_source(new, fresh(), at(1)).await.unwrap(), Created::New(_)));
    }
    assert_eq!(store.runs(&RunFilter::default()).await.unwrap().len(), 3);
}

pub(crate) async fn one_bootstrap_however_many_create(place: &dyn Place) {
    let store = empty(place).await;
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.create_source(named("acme", "one"), fresh(), at(0)).await.unwrap() })
        })
        .collect();
    let (mut ids, mut new) = (BTreeSet::new(), 0);
    for task in tasks {
        match task.await.unwrap() {
            Created::New(source) => {
                new += 1;
                ids.insert(source.id);
            }
            Created::Existing(source) => {
                ids.insert(source.id);
            }
        }
    }
    assert_eq!((ids.len(), new), (1, 1));
    assert_eq!(store.runs(&RunFilter::default()).await.unwrap().len(), 1);
}

pub(crate) async fn switched_off_means_no_run(place: &dyn Place) {
    let store = empty(place).await;
    let new = NewSource { active: false, ..named("acme", "off") };
    let id = new.id;
    store.create_source(new, fresh(), at(0)).await.unwrap();
    assert!(store.runs(&RunFilter::default()).await.unwrap().is_empty());
    assert!(store.candidates(at(9), 10).await.unwrap().is_empty());
    // Its first run is a bootstrap all the same, made by the claim, once.
    let resumed = store.resume(id, at(1)).await.unwrap().unwrap();
    assert_eq!(resumed.next_run, Some(NextRun { at: at(1), trigger: Trigger::Bootstrap }));
    let mut wish = request(&*store, id, at(1)).await;
    wish.trigger = Trigger::Bootstrap;
    let first = claim_as(&*store, wish.clone(), at(1)).await.unwrap();
    assert_eq!((first.trigger, first.attempt), (Trigger::Bootstrap, 1));
    done(&*store, commit(&first, None, Some(super::world::success())), at(2)).await;
    wish.run = fresh();
    assert_eq!(claim_as(&*store, wish, at(90)).await, Err(NotClaimed::Taken));
}

pub(crate) async fn all_fields_come_back(place: &dyn Place) {
    let store = empty(place).await;
    let overrides = serde_json::json!({ "text": "a 'b' \"c\" ü 🌊", "n": 1.5, "list": [1, null, true] });
    let new = NewSource {
        overrides: overrides.as_object().unwrap().clone(),
        schedule: Some(Schedule::every(Span::seconds(90))),
        ..named("acme", "https://example.org/ü?a='b'&c=%20")
    };
    let given = new.clone();
    store.create_source(new, fresh(), at(0)).await.unwrap();
    let read = store.source(given.id).await.unwrap().unwrap();
    assert_eq!(
        (read.id, read.tenant, read.profile, read.identifier, read.overrides, read.schedule),
        (given.id, given.tenant, given.profile, given.identifier, given.overrides, given.schedule)
    );
    assert_eq!((read.created_at, read.updated_at, read.watermark, read.hints), (at(0), at(0), None, None));
}

pub(crate) async fn pause_and_resume(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let paused = store.pause(id, PausedBy::Operator, "tea", at(1)).await.unwrap().unwrap();
    let state = SourceState::Paused { since: at(1), by: PausedBy::Operator, reason: "tea".to_owned() };
    assert_eq!(paused.state, state);
    assert!(store.candidates(at(5), 10).await.unwrap().is_empty());
    let again = store.pause(id, PausedBy::Automatic, "other", at(2)).await.unwrap().unwrap();
    assert_eq!((again.state, again.updated_at), (state, at(1)));
    // The bootstrap is still queued: it goes first, and is due at once.
    let resumed = store.resume(id, at(3)).await.unwrap().unwrap();
    assert_eq!((resumed.state, resumed.next_run), (SourceState::Active, None));
    assert_eq!(store.candidates(at(3), 10).await.unwrap().len(), 1);
    run_once(&*store, id, items("a", 1), at(3)).await;
    store.pause(id, PausedBy::Operator, "tea", at(4)).await.unwrap();
    assert_eq!(store.source(id).await.unwrap().unwrap().next_run, None);
    let resumed = store.resume(id, at(5)).await.unwrap().unwrap();
    assert_eq!(resumed.next_run, Some(NextRun { at: at(5), trigger: Trigger::Schedule }));
    let due = store.candidates(at(5), 10).await.unwrap();
    assert_eq!((due.len(), due[0].queued, due[0].source.clone()), (1, None, resumed));
}

pub(crate) async fn remove_takes_all_but_the_ledger(place: &dyn Place) {
    let store = empty(place).await;
    let (gone, stays) = (source(&*store, "gone").await.id, source(&*store, "stays").await.id);
    run_once(&*store, stays, items("a", 2), at(1)).await;
    run_once(&*store, gone, items("a", 2), at(1)).await;
    let live = claim(&*store, gone, at(90)).await;
    done(&*store, commit(&live, Some(page(batch(items("b", 2)))), None), at(90)).await;
    let removed = store.remove(gone).await.unwrap().unwrap();
    assert_eq!(removed.id, gone);
    assert_eq!(store.source(gone).await.unwrap(), None);
    assert_eq!(store.run(live.run).await.unwrap(), None);
    let left = store.items(&ItemFilter::default()).await.unwrap();
    assert_eq!((left.len(), left.iter().all(|row| row.source == stays)), (2, true));
    let balance = store.ledger(at(91)).await.unwrap()[0].balance;
    assert_eq!((balance.reserved, balance.spent), (0, 3));
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn what_is_absent_is_none(place: &dyn Place) {
    let store = empty(place).await;
    let id = fresh();
    assert_eq!(store.source(id).await.unwrap(), None);
    assert_eq!(store.pause(id, PausedBy::Operator, "", at(0)).await.unwrap(), None);
    assert_eq!(store.resume(id, at(0)).await.unwrap(), None);
    assert_eq!(store.remove(id).await.unwrap(), None);
    assert_eq!(store.last_skip(id).await.unwrap(), None);
    assert_eq!(store.run(fresh()).await.unwrap(), None);
    assert_eq!(store.next_due().await.unwrap(), None);
    assert!(!store.requeue(fresh(), tidegate_core::claim::Generation(1), true, at(0), at(0)).await.unwrap());
}
