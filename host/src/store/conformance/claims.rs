//! Claims, leases, skips.

use std::sync::Arc;
use std::time::Duration;

use tidegate_core::claim::{ClaimRequest, Generation, NotClaimed};
use tidegate_core::id::{DaemonId, SourceId};
use tidegate_core::source::{PausedBy, Source, Trigger};
use tidegate_core::time::UtcMillis;

use super::Place;
use super::world::{
    at, batch, claim, claim_as, commit, done, empty, fresh, items, me, named, page, request, run_once, source, success,
};
use crate::ports::{RunStage, SkipRecord, Store};

pub(crate) async fn the_longest_due_come_first(place: &dyn Place) {
    let store = empty(place).await;
    let mut ids = Vec::new();
    for minute in [30, 10, 20] {
        let new = named("acme", &minute.to_string());
        ids.push(new.id);
        store.create_source(new, fresh(), at(minute)).await.unwrap();
    }
    let due = async |now, limit| {
        let found = store.candidates(now, limit).await.unwrap();
        found.into_iter().map(|c| c.source.id).collect::<Vec<SourceId>>()
    };
    assert_eq!(due(at(9), 10).await, []);
    assert_eq!(due(at(20), 10).await, [ids[1], ids[2]]);
    assert_eq!(due(at(60), 10).await, [ids[1], ids[2], ids[0]]);
    assert_eq!(due(at(60), 2).await, [ids[1], ids[2]]);
    assert_eq!(store.next_due().await.unwrap(), Some(at(10)));
}

pub(crate) async fn one_claim_for_each_source(place: &dyn Place) {
    let store = empty(place).await;
    let (one, two) = (source(&*store, "one").await.id, source(&*store, "two").await.id);
    let (first, other) = (request(&*store, one, at(1)).await, request(&*store, two, at(1)).await);
    let second = ClaimRequest { run: fresh(), queued: false, trigger: Trigger::Schedule, ..first.clone() };
    let answers = store.claim(vec![first.clone(), second, other], at(1)).await.unwrap();
    assert_eq!(answers.len(), 3);
    let made = answers[0].as_ref().unwrap();
    assert_eq!((made.run, made.source.id, made.trigger), (first.run, one, Trigger::Bootstrap));
    assert_eq!((made.attempt, made.items_before, made.lease_until), (1, 0, first.lease_until));
    assert_eq!(answers[1], Err(NotClaimed::Taken));
    assert_eq!(answers[2].as_ref().unwrap().source.id, two);
    assert!(store.candidates(at(99), 10).await.unwrap().is_empty());
    assert_eq!(store.source(one).await.unwrap().unwrap().running, Some(first.run));
    let row = store.run(first.run).await.unwrap().unwrap();
    assert_eq!((row.stage, row.attempt, row.started_at), (RunStage::Running, 1, Some(at(1))));
}

pub(crate) async fn two_claimers_never_share(place: &dyn Place) {
    let store = empty(place).await;
    let mut requests = Vec::new();
    for n in 0..20 {
        let id = source(&*store, &n.to_string()).await.id;
        requests.push(request(&*store, id, at(1)).await);
    }
    let claimers: Vec<_> = (0..4)
        .map(|_| {
            let (store, requests) = (Arc::clone(&store), requests.clone());
            tokio::spawn(async move { store.claim(requests, at(1)).await.unwrap() })
        })
        .collect();
    let mut made = Vec::new();
    for claimer in claimers {
        made.extend(claimer.await.unwrap().into_iter().filter_map(Result::ok).map(|claim| claim.source.id));
    }
    made.sort();
    let mut wanted: Vec<_> = requests.iter().map(|request| request.source).collect();
    wanted.sort();
    assert_eq!(made, wanted);
}

pub(crate) async fn what_may_not_be_claimed(place: &dyn Place) {
    let store = empty(place).await;
    let (one, two) = (source(&*store, "one").await.id, source(&*store, "two").await.id);
    let wish = request(&*store, one, at(1)).await;
    let absent = ClaimRequest { source: fresh(), ..wish.clone() };
    let no_such_run = ClaimRequest { run: fresh(), ..wish.clone() };
    let run_of_another = ClaimRequest { source: two, ..wish.clone() };
    for wrong in [absent, no_such_run, run_of_another] {
        assert_eq!(claim_as(&*store, wrong, at(1)).await, Err(NotClaimed::Taken));
    }
    store.pause(one, PausedBy::Operator, "tea", at(1)).await.unwrap();
    assert_eq!(claim_as(&*store, wish, at(1)).await, Err(NotClaimed::Taken));
    assert!(store.ledger(at(1)).await.unwrap().is_empty(), "nothing was booked");
}

/// Two daemons find the same source due; one claims it, and its run has ended before the other one's claim comes.
pub(crate) async fn an_old_look_claims_nothing(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    run_once(&*store, id, items("a", 2), at(1)).await;
    let (ours, theirs) = (request(&*store, id, at(70)).await, request(&*store, id, at(70)).await);
    let claimed = claim_as(&*store, theirs, at(70)).await.unwrap();
    done(&*store, commit(&claimed, None, Some(success())), at(70)).await;
    assert_eq!(claim_as(&*store, ours, at(70)).await, Err(NotClaimed::Taken));
    let source = store.source(id).await.unwrap().unwrap();
    assert_eq!((source.total_runs, source.running), (2, None));
    assert!(source.next_run.is_some_and(|next| next.at == at(130)), "{:?}", source.next_run);
    assert!(claim_as(&*store, request(&*store, id, at(130)).await, at(130)).await.is_ok());
}

pub(crate) async fn leases_are_prolonged_and_lost(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let first = claim(&*store, id, at(1)).await;
    let unknown = fresh();
    let beat = vec![(first.run, first.generation), (unknown, Generation(1))];
    assert_eq!(store.heartbeat(beat, at(5)).await.unwrap(), [unknown]);
    assert!(store.stuck(me(), at(4), 10).await.unwrap().is_empty());
    assert!(store.requeue(first.run, first.generation, true, at(6), at(6)).await.unwrap());
    let second = claim(&*store, id, at(6)).await;
    assert_eq!(second.run, first.run);
    assert!(second.generation > first.generation);
    assert_eq!(store.heartbeat(vec![(first.run, first.generation)], at(9)).await.unwrap(), [first.run]);
    assert_eq!(store.heartbeat(vec![(second.run, second.generation)], at(9)).await.unwrap(), []);
}

pub(crate) async fn stuck_runs_are_found(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    assert_eq!(store.stuck(me(), live.lease_until, 10).await.unwrap(), []);
    let stuck = store.stuck(me(), live.lease_until.plus(Duration::from_millis(1)), 10).await.unwrap();
    assert_eq!(stuck.len(), 1);
    assert_eq!((stuck[0].run, stuck[0].source, stuck[0].generation), (live.run, id, live.generation));
    assert_eq!((stuck[0].trigger, stuck[0].attempt), (Trigger::Bootstrap, 1));
    assert_eq!(store.stuck(me(), at(90), 0).await.unwrap(), []);
    let another = store.stuck(DaemonId::from_bits(8), at(1), 10).await.unwrap();
    assert_eq!(another.len(), usize::from(place.one_daemon()));
}

pub(crate) async fn a_drained_run_starts_again(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let first = claim(&*store, id, at(1)).await;
    assert!(store.requeue(first.run, first.generation, false, at(5), at(2)).await.unwrap());
    assert!(!store.requeue(first.run, first.generation, false, at(5), at(2)).await.unwrap(), "only once");
    let balance = store.ledger(at(2)).await.unwrap()[0].balance;
    assert_eq!((balance.reserved, balance.spent), (0, 0));
    let row = store.run(first.run).await.unwrap().unwrap();
    assert_eq!((row.stage, row.attempt), (RunStage::Queued, 0));
    assert!(store.candidates(at(4), 10).await.unwrap().is_empty());
    assert_eq!(store.next_due().await.unwrap(), Some(at(5)));
    let due = store.candidates(at(5), 10).await.unwrap();
    assert_eq!(due[0].queued, Some((first.run, Trigger::Bootstrap)));
    assert_eq!(claim(&*store, id, at(5)).await.attempt, 1);
}

pub(crate) async fn a_dead_run_counts_as_an_attempt(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let first = claim(&*store, id, at(1)).await;
    done(&*store, commit(&first, Some(page(batch(items("a", 3)))), None), at(1)).await;
    assert!(store.requeue(first.run, first.generation, true, at(2), at(2)).await.unwrap());
    let balance = store.ledger(at(2)).await.unwrap()[0].balance;
    assert_eq!((balance.reserved, balance.spent), (0, 1));
    let second = claim(&*store, id, at(2)).await;
    assert_eq!((second.run, second.attempt, second.items_before), (first.run, 2, 3));
}

/// A skip of this source.
pub(super) fn skipped(source: &Source, detail: &str, until: Option<UtcMillis>) -> SkipRecord {
    SkipRecord {
        source: source.id,
        tenant: source.tenant.clone(),
        profile: source.profile.clone(),
        reason: "busy",
        detail: detail.to_owned(),
        until,
        gate: None,
    }
}

pub(crate) async fn skips_put_off_and_are_counted(place: &dyn Place) {
    let store = empty(place).await;
    let (one, two) = (source(&*store, "one").await, source(&*store, "two").await);
    store.skip(vec![], at(1)).await.unwrap();
    let skips = vec![skipped(&one, "much to do", Some(at(5))), skipped(&two, "much to do", Some(at(9)))];
    store.skip(skips, at(1)).await.unwrap();
    store.skip(vec![skipped(&one, "still", Some(at(6)))], at(2)).await.unwrap();
    assert!(store.candidates(at(5), 10).await.unwrap().is_empty());
    assert_eq!(store.next_due().await.unwrap(), Some(at(6)));
    let counts = store.skips(at(3)).await.unwrap();
    assert_eq!((counts.len(), counts[0].count, counts[0].day), (1, 3, at(0).day_start()));
    assert_eq!(
        (counts[0].tenant.as_str(), counts[0].profile.as_str(), counts[0].reason.as_str()),
        ("acme", "feeds", "busy")
    );
    assert_eq!(store.skips(at(60 * 24)).await.unwrap(), []);
    assert_eq!(store.last_skip(one.id).await.unwrap(), Some((at(2), "still".to_owned())));
    claim(&*store, one.id, at(6)).await;
    assert_eq!(store.last_skip(one.id).await.unwrap(), None);
    // A live run is not disturbed by a skip that comes late.
    store.skip(vec![skipped(&one, "late", Some(at(7)))], at(6)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(9)));
}

pub(crate) async fn parked_until_somebody_acts(place: &dyn Place) {
    let store = empty(place).await;
    let (one, two) = (source(&*store, "one").await, source(&*store, "two").await);
    let skips = || vec![skipped(&one, "no plugin", None), skipped(&two, "no plugin", None)];
    store.skip(skips(), at(1)).await.unwrap();
    assert_eq!((store.candidates(at(99), 10).await.unwrap().len(), store.next_due().await.unwrap()), (0, None));
    store.resume(one.id, at(2)).await.unwrap();
    assert_eq!(ids_due(&*store, at(2)).await, [one.id]);
    store.skip(skips(), at(3)).await.unwrap();
    store.close().await;
    let store = place.open(fresh(), at(4)).await;
    assert_eq!(ids_due(&*store, at(4)).await, [one.id, two.id]);
}

/// What a daemon does that reads its configuration again: whoever was put off, with a time or without one, is due when it was.
pub(crate) async fn who_was_put_off_may_be_looked_at_again(place: &dyn Place) {
    let store = empty(place).await;
    let (one, two) = (source(&*store, "one").await, source(&*store, "two").await);
    let live = claim(&*store, source(&*store, "live").await.id, at(1)).await;
    let paused = source(&*store, "paused").await;
    store
        .skip(vec![skipped(&one, "no plugin", None), skipped(&two, "budget spent", Some(at(720)))], at(1))
        .await
        .unwrap();
    store.skip(vec![skipped(&paused, "budget spent", Some(at(720)))], at(1)).await.unwrap();
    store.pause(paused.id, PausedBy::Operator, "tea", at(1)).await.unwrap();
    assert_eq!(ids_due(&*store, at(2)).await, []);
    store.look_again().await.unwrap();
    assert_eq!(ids_due(&*store, at(2)).await, [one.id, two.id]);
    let (_, settled) = done(&*store, commit(&live, None, Some(success())), at(2)).await;
    assert_eq!(settled.unwrap().source.next_run.map(|next| next.at), Some(at(62)), "what ran goes on");
}

async fn ids_due(store: &dyn Store, now: UtcMillis) -> Vec<SourceId> {
    let mut ids: Vec<_> = store.candidates(now, 10).await.unwrap().into_iter().map(|c| c.source.id).collect();
    ids.sort();
    ids
}

pub(crate) async fn the_claim_uses_up_what_was_due(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    run_once(&*store, id, items("a", 1), at(0)).await;
    // Due by schedule an hour later; a run of it that is given up is not joined by a second one.
    let live = claim(&*store, id, at(60)).await;
    assert_eq!(live.trigger, Trigger::Schedule);
    store.requeue(live.run, live.generation, true, at(62), at(61)).await.unwrap();
    assert!(store.candidates(at(61), 10).await.unwrap().is_empty());
    let due = store.candidates(at(62), 10).await.unwrap();
    assert_eq!(due[0].queued, Some((live.run, Trigger::Schedule)));
    let again = claim(&*store, id, at(62)).await;
    let (_, settled) = done(&*store, commit(&again, None, Some(success())), at(63)).await;
    let next = settled.unwrap().source.next_run.unwrap();
    assert_eq!(next.at, at(123));
    assert_eq!(store.next_due().await.unwrap(), Some(at(123)));
}
