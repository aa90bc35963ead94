//! Extra runs: queued once, looked at at once, claimed like any other.

use std::time::Duration;

use tidegate_core::eligibility::SkipReason;
use tidegate_core::extra::{Extra, NotQueued};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::source::{PausedBy, Trigger};

use super::Place;
use super::world::{at, claim, commit, done, empty, fresh, run_once, source, success};
use crate::ports::{Queued, RunStage, SkipRecord, Store};

const DEMAND: Extra = Extra::Demand { rest: Duration::from_secs(600) };

/// A source that has run at 1, and is due at 61 by its schedule.
async fn idle(store: &dyn Store, identifier: &str) -> SourceId {
    let id = source(store, identifier).await.id;
    run_once(store, id, vec![], at(1)).await;
    id
}

async fn ask(store: &dyn Store, id: SourceId, extra: Extra, minute: u64) -> (RunId, Queued) {
    let run = fresh();
    (run, store.queue_extra(id, extra, run, at(minute)).await.unwrap())
}

pub(crate) async fn an_extra_run_does_not_wait_for_the_schedule(place: &dyn Place) {
    let store = empty(place).await;
    for (identifier, extra) in [("one", Extra::OneOff), ("two", DEMAND)] {
        let id = idle(&*store, identifier).await;
        assert!(!store.candidates(at(20), 10).await.unwrap().iter().any(|due| due.source.id == id));
        let (run, queued) = ask(&*store, id, extra, 20).await;
        assert_eq!(queued, Queued::New);
        let next = store.queued(id, at(20)).await.unwrap().unwrap();
        assert_eq!((next.run, next.trigger, next.at), (run, extra.trigger(), at(20)));
        assert_eq!(store.next_due().await.unwrap(), Some(at(20)));
        let live = claim(&*store, id, at(21)).await;
        assert_eq!((live.run, live.trigger), (run, extra.trigger()));
        assert_eq!(store.queued(id, at(21)).await.unwrap(), None);
        done(&*store, commit(&live, None, Some(success())), at(22)).await;
        // It is used up, recorded, and the schedule counts from it.
        let row = store.run(run).await.unwrap().unwrap();
        assert_eq!((row.stage, row.trigger), (RunStage::Ended, extra.trigger()));
        let after = store.source(id).await.unwrap().unwrap();
        assert_eq!(after.next_run.map(|next| (next.at, next.trigger)), Some((at(82), Trigger::Schedule)));
    }
    assert!(store.candidates(at(80), 10).await.unwrap().is_empty());
}

pub(crate) async fn at_most_one_extra_run_waits(place: &dyn Place) {
    let store = empty(place).await;
    let id = idle(&*store, "one").await;
    let (run, _) = ask(&*store, id, Extra::OneOff, 20).await;
    let already = |run, trigger| Queued::Not(NotQueued::Already { run, trigger });
    assert_eq!(ask(&*store, id, Extra::OneOff, 21).await.1, already(run, Trigger::OneOff));
    assert_eq!(ask(&*store, id, DEMAND, 21).await.1, already(run, Trigger::OneOff));
    let live = claim(&*store, id, at(22)).await;
    assert_eq!(ask(&*store, id, Extra::OneOff, 23).await.1, already(run, Trigger::OneOff), "it is under way");
    // A daemon that dies puts it back; there is still one.
    assert!(store.requeue(run, live.generation, true, at(24), at(24)).await.unwrap());
    assert_eq!(ask(&*store, id, Extra::OneOff, 25).await.1, already(run, Trigger::OneOff));
    let live = claim(&*store, id, at(26)).await;
    done(&*store, commit(&live, None, Some(success())), at(27)).await;
    assert_eq!(ask(&*store, id, DEMAND, 28).await.1, Queued::Not(NotQueued::Fresh { until: at(37) }));
    assert_eq!(ask(&*store, id, DEMAND, 37).await.1, Queued::New);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn many_that_ask_at_once_get_one_run(place: &dyn Place) {
    let store = empty(place).await;
    let id = idle(&*store, "one").await;
    let asks = (0..20).map(|n| {
        let store = std::sync::Arc::clone(&store);
        async move { ask(&*store, id, if n % 2 == 0 { Extra::OneOff } else { DEMAND }, 20).await.1 }
    });
    let mut set = tokio::task::JoinSet::new();
    for one in asks.collect::<Vec<_>>() {
        set.spawn(one);
    }
    let answers = set.join_all().await;
    assert_eq!(answers.iter().filter(|answer| **answer == Queued::New).count(), 1, "{answers:?}");
}

pub(crate) async fn an_extra_run_waits_beside_one_under_way(place: &dyn Place) {
    let store = empty(place).await;
    let id = idle(&*store, "one").await;
    let live = claim(&*store, id, at(61)).await;
    assert!(matches!(ask(&*store, id, DEMAND, 62).await.1, Queued::Not(NotQueued::Already { .. })));
    let (run, queued) = ask(&*store, id, Extra::OneOff, 62).await;
    assert_eq!(queued, Queued::New);
    assert!(store.candidates(at(63), 10).await.unwrap().is_empty(), "not beside the other");
    done(&*store, commit(&live, None, Some(success())), at(64)).await;
    let due = store.candidates(at(64), 10).await.unwrap();
    assert_eq!(due[0].queued, Some((run, Trigger::OneOff)));
}

pub(crate) async fn a_stopped_source_is_not_queued(place: &dyn Place) {
    let store = empty(place).await;
    let id = idle(&*store, "one").await;
    store.pause(id, PausedBy::Operator, "tea", at(2)).await.unwrap();
    let why = SkipReason::Paused { by: PausedBy::Operator, why: "tea".to_owned() };
    for extra in [Extra::OneOff, DEMAND] {
        assert_eq!(ask(&*store, id, extra, 20).await.1, Queued::Not(NotQueued::Stopped(why.clone())));
        assert_eq!(ask(&*store, fresh(), extra, 20).await.1, Queued::Absent);
    }
    assert_eq!(store.queued(id, at(20)).await.unwrap(), None);
    // Paused while it waits: it waits on, and runs when the source is resumed.
    store.resume(id, at(30)).await.unwrap();
    let (run, queued) = ask(&*store, id, Extra::OneOff, 30).await;
    assert_eq!(queued, Queued::New);
    store.pause(id, PausedBy::Operator, "tea", at(31)).await.unwrap();
    assert!(store.candidates(at(99), 10).await.unwrap().is_empty());
    store.resume(id, at(40)).await.unwrap();
    assert_eq!(claim(&*store, id, at(41)).await.run, run);
}

pub(crate) async fn who_was_put_off_is_looked_at_again(place: &dyn Place) {
    let store = empty(place).await;
    let one = store.source(idle(&*store, "one").await).await.unwrap().unwrap();
    let skip = SkipRecord {
        source: one.id,
        tenant: one.tenant,
        profile: one.profile,
        reason: "plugin-missing",
        detail: "there is none".to_owned(),
        until: None,
        gate: None,
    };
    store.skip(vec![skip], at(61)).await.unwrap();
    assert!(store.candidates(at(62), 10).await.unwrap().is_empty());
    let (run, _) = ask(&*store, one.id, Extra::OneOff, 62).await;
    assert_eq!(store.candidates(at(62), 10).await.unwrap()[0].queued, Some((run, Trigger::OneOff)));
}
