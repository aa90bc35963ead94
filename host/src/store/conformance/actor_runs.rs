//! Actor runs: written before they are asked for, put away while they go on, paid for once.

use std::time::Duration;

use tidegate_core::actor::{Order, RemoteRun, RemoteStatus};
use tidegate_core::budget::{Measure, Reservation, Scope, Window};
use tidegate_core::claim::{Claim, ClaimRequest};
use tidegate_core::failure::Class;
use tidegate_core::id::SourceId;
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Intent, IntentEnd, IntentStage, Park, Progress};
use tidegate_core::source::PausedBy;
use tidegate_core::time::UtcMillis;
use tidegate_core::zone::Zone;

use super::Place;
use super::world::{at, claim_as, commit, done, empty, failure, me, one_of, request, source, success};
use crate::ports::{Commit, Looked, RunStage, Store};

/// What each run may cost here.
const WORST: u64 = 50_000;

fn money(limit: u64) -> Reservation {
    let window = Window { scope: Scope::All, measure: Measure::UsdPerDay, start: at(0).day_start(), zone: Zone::UTC };
    Reservation { window, amount: WORST, limit }
}

/// A request for a run that may cost something.
pub(super) async fn paid(store: &dyn Store, id: SourceId, now: UtcMillis) -> ClaimRequest {
    ClaimRequest {
        credential: Some("apify".parse().unwrap()),
        reserved: MicroUsd::new(WORST),
        reservations: vec![one_of(1000), money(1_000_000)],
        ..request(store, id, now).await
    }
}

pub(crate) async fn paid_claim(store: &dyn Store, id: SourceId, now: UtcMillis) -> Claim {
    let request = paid(store, id, now).await;
    claim_as(store, request, now).await.unwrap()
}

pub(crate) fn intent(claim: &Claim, number: u32) -> Intent {
    Intent {
        order: Order {
            intent: Intent::id_of(claim.run, claim.generation, number),
            credential: "apify".parse().unwrap(),
            actor: "apify/instagram-scraper".parse().unwrap(),
            build: "1.2.3".to_owned(),
            memory_mb: Some(1_024),
            timeout: Duration::from_secs(300),
            charge_cap: MicroUsd::new(WORST / 2),
            input: "{\"a\": \"\u{1f30a}\"}".to_owned(),
        },
        number,
        state: Some("where it was".to_owned()),
        max_elements: 15,
        job_now: at(1),
        job_max_items: 10,
        ordered_at: at(1),
        asked_at: at(1),
        stage: IntentStage::Intended,
        troubles: 0,
    }
}

fn remote(id: &str) -> RemoteRun {
    RemoteRun {
        id: id.parse().unwrap(),
        dataset: format!("set-{id}").parse().unwrap(),
        status: RemoteStatus::Running,
        message: None,
        build: None,
        cost: None,
        charged_elements: None,
    }
}

pub(crate) async fn intend(store: &dyn Store, claim: &Claim, intent: &Intent) -> bool {
    store.intend(claim.run, claim.generation, intent.clone(), Progress::default()).await.unwrap()
}

pub(super) async fn park(store: &dyn Store, claim: &Claim, intent: Intent, wake_at: UtcMillis) -> bool {
    let park = Park { intent, progress: Progress::default(), wake_at };
    store.park(claim.run, claim.generation, park).await.unwrap()
}

pub(crate) async fn again(store: &dyn Store, now: UtcMillis) -> Vec<Claim> {
    store.claim_waiting(me(), now.plus(Duration::from_secs(20)), now, 10).await.unwrap()
}

/// Claimed, ordered, started and put away until minute 5.
pub(crate) async fn put_away(store: &dyn Store, name: &str) -> (SourceId, Claim, Intent) {
    let id = source(store, name).await.id;
    let claim = paid_claim(store, id, at(1)).await;
    let intent = intent(&claim, 0);
    assert!(intend(store, &claim, &intent).await);
    let intent = intent.started(&remote(&format!("remote-{name}")), at(1));
    assert!(park(store, &claim, intent.clone(), at(5)).await);
    (id, claim, intent)
}

pub(crate) fn ended(intent: &Intent, cost: Option<u64>) -> IntentEnd {
    let (intent, cost) = (intent.order.intent, cost.map(MicroUsd::new));
    IntentEnd { intent, remote: None, status: Some(RemoteStatus::Succeeded), cost, elements: 15 }
}

pub(crate) async fn dollars(store: &dyn Store) -> (u64, u64) {
    let rows = store.ledger(at(1)).await.unwrap();
    let row = rows.iter().find(|row| row.window.measure.is_money()).unwrap();
    (row.balance.reserved, row.balance.spent)
}

pub(super) async fn final_cost(store: &dyn Store, intent: &Intent, cost: u64) -> Option<u64> {
    let looked = Looked::Final { status: None, cost: MicroUsd::new(cost) };
    store.looked(intent.order.intent, looked).await.unwrap().map(MicroUsd::micros)
}

pub(super) async fn sound(store: &dyn Store) {
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn an_intent_is_written_and_comes_back(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let first = paid_claim(&*store, id, at(1)).await;
    let intended = intent(&first, 0);
    assert!(intend(&*store, &first, &intended).await);
    // Its outcome is not known: it waits to be looked for.
    assert!(park(&*store, &first, intended.clone(), at(2)).await);
    assert_eq!(store.waiting(10).await.unwrap(), [], "there is nothing to watch yet");
    let second = again(&*store, at(2)).await.remove(0);
    let resume = second.resume.clone().unwrap();
    assert_eq!((resume.intent.clone(), resume.progress), (intended.clone(), Progress::default()));
    assert_eq!((second.run, second.reserved, second.attempt), (first.run, MicroUsd::new(WORST), 1));
    assert!(second.generation > first.generation);
    // Found: from here on it is watched.
    let found = Intent { troubles: 3, ..resume.intent }.started(&remote("found"), at(2));
    assert!(park(&*store, &second, found.clone(), at(9)).await);
    let watched = store.waiting(10).await.unwrap().remove(0);
    assert_eq!((watched.run, watched.remote.as_str(), watched.at), (first.run, "found", at(2)));
    store.wake(vec![first.run], at(3)).await.unwrap();
    assert_eq!(store.next_wake().await.unwrap(), Some(at(3)));
    assert_eq!(again(&*store, at(3)).await.remove(0).resume.unwrap().intent, found);
}

pub(crate) async fn what_is_put_away_waits_for_anybody(place: &dyn Place) {
    let store = empty(place).await;
    let (id, claim, _) = put_away(&*store, "one").await;
    let run = store.run(claim.run).await.unwrap().unwrap();
    assert_eq!((run.stage, run.cost_estimate), (RunStage::Waiting, MicroUsd::new(WORST)));
    assert_eq!(store.source(id).await.unwrap().unwrap().running, Some(claim.run));
    assert_eq!(store.candidates(at(1000), 10).await.unwrap(), [], "it runs");
    assert_eq!(store.stuck(me(), at(1000), 10).await.unwrap(), [], "nobody speaks for it, and nobody has to");
    assert_eq!(store.heartbeat(vec![(claim.run, claim.generation)], at(9)).await.unwrap(), [claim.run]);
    assert!(again(&*store, at(4)).await.is_empty(), "not before its time");
    assert_eq!(again(&*store, at(5)).await.len(), 1);
    assert!(again(&*store, at(6)).await.is_empty(), "once");
}

pub(crate) async fn nothing_is_ordered_twice(place: &dyn Place) {
    let store = empty(place).await;
    let (_, claim, intended) = put_away(&*store, "one").await;
    let second = again(&*store, at(5)).await.remove(0);
    let retry = Intent { stage: IntentStage::Intended, asked_at: at(5), ..intended };
    assert!(store.intend(second.run, second.generation, retry, Progress::default()).await.is_err());
    assert_eq!(store.actor_runs(claim.run).await.unwrap()[0].stage, "started");
}

pub(crate) async fn a_refused_intent_leaves_nothing(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let claim = paid_claim(&*store, id, at(1)).await;
    let refused = intent(&claim, 0);
    assert!(intend(&*store, &claim, &refused).await);
    assert!(store.void(claim.run, claim.generation, refused.order.intent).await.unwrap());
    assert_eq!(dollars(&*store).await, (WORST, 0));
    assert!(store.requeue(claim.run, claim.generation, false, at(2), at(1)).await.unwrap());
    assert_eq!(dollars(&*store).await, (0, 0));
    assert_eq!(store.run(claim.run).await.unwrap().unwrap().stage, RunStage::Queued);
    // The next time it is ordered under the same id.
    let next = paid_claim(&*store, id, at(2)).await;
    assert_eq!(next.run, claim.run);
    assert!(intend(&*store, &next, &Intent { asked_at: at(2), ..refused }).await);
    sound(&*store).await;
}

pub(crate) async fn a_run_that_died_waits_and_is_not_begun_again(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let claim = paid_claim(&*store, id, at(1)).await;
    assert!(intend(&*store, &claim, &intent(&claim, 0)).await);
    let soon = at(1).plus(Duration::from_secs(30));
    let stuck = store.stuck(me(), soon, 10).await.unwrap().remove(0);
    assert!(store.requeue(stuck.run, stuck.generation, true, soon, soon).await.unwrap());
    assert_eq!(store.run(claim.run).await.unwrap().unwrap().stage, RunStage::Waiting);
    assert_eq!(dollars(&*store).await, (WORST, 0));
    assert!(store.candidates(soon, 10).await.unwrap().is_empty());
    let next = again(&*store, soon).await.remove(0);
    let resumed = next.resume.clone().unwrap().intent;
    assert_eq!((next.attempt, &resumed), (2, &Intent { asked_at: resumed.asked_at, ..intent(&claim, 0) }));
    // Its start may have been on its way until now. Where one daemon at a time has the store, nobody makes it any more.
    let quiet = soon.minus(limits::ACTOR_ASK_TIMEOUT);
    let latest = if place.one_daemon() { quiet } else { at(1) };
    assert!((quiet..=latest).contains(&resumed.asked_at), "{}", resumed.asked_at);
    // The database was blocked for minutes before the daemon could ask, and died then.
    assert!(store.requeue(next.run, next.generation, false, at(10), at(10)).await.unwrap());
    let resumed = again(&*store, at(10)).await.remove(0).resume.unwrap().intent;
    assert_eq!((resumed.ordered_at, resumed.asked_at), (at(1), at(10).minus(limits::ACTOR_ASK_TIMEOUT)));
    sound(&*store).await;
}

/// A run in trouble is woken by its own pause: its actor run has ended long ago, and the watch would cancel every pause.
pub(crate) async fn what_is_in_trouble_is_not_watched(place: &dyn Place) {
    let store = empty(place).await;
    let (_, _, started) = put_away(&*store, "one").await;
    assert_eq!(store.waiting(10).await.unwrap().len(), 1);
    let claim = again(&*store, at(5)).await.remove(0);
    let troubled = Intent { troubles: 1, ..started.clone() };
    assert!(park(&*store, &claim, troubled, at(15)).await);
    assert_eq!(store.waiting(10).await.unwrap(), []);
    assert_eq!(store.next_wake().await.unwrap(), Some(at(15)), "its own time");
    let claim = again(&*store, at(15)).await.remove(0);
    assert!(park(&*store, &claim, started, at(20)).await);
    assert_eq!(store.waiting(10).await.unwrap().len(), 1, "answered again");
}

pub(crate) async fn money_stays_reserved_until_the_cost_is_final(place: &dyn Place) {
    let store = empty(place).await;
    let (_, _, intended) = put_away(&*store, "one").await;
    let claim = again(&*store, at(5)).await.remove(0);
    let end = Commit { actor: Some(ended(&intended, Some(9_000))), ..commit(&claim, None, Some(success())) };
    done(&*store, end, at(5)).await;
    assert_eq!(dollars(&*store).await, (WORST, 0));
    assert_eq!(store.run(claim.run).await.unwrap().unwrap().cost, MicroUsd::new(9_000));
    assert_eq!(store.unsettled(at(5), 10).await.unwrap(), [], "not before it can be final");
    let open = store.unsettled(at(6), 10).await.unwrap().remove(0);
    assert_eq!((open.order, open.cost, open.elements), (intended.order.clone(), Some(MicroUsd::new(9_000)), 15));
    let later = Looked::Later { at: at(8), seen: None };
    assert_eq!(store.looked(intended.order.intent, later).await.unwrap(), None);
    assert_eq!(store.unsettled(at(7), 10).await.unwrap(), []);
    assert_eq!(final_cost(&*store, &intended, 23_000).await, Some(23_000));
    assert_eq!(dollars(&*store).await, (0, 23_000));
    assert_eq!(final_cost(&*store, &intended, 23_000).await, None, "once");
    assert_eq!(dollars(&*store).await, (0, 23_000));
    let costs = store.costs(at(0)).await.unwrap();
    assert_eq!((costs[0].runs, costs[0].cost), (1, MicroUsd::new(23_000)));
    sound(&*store).await;
}

pub(crate) async fn two_actor_runs_settle_together(place: &dyn Place) {
    let store = empty(place).await;
    let (_, _, first) = put_away(&*store, "one").await;
    let claim = again(&*store, at(5)).await.remove(0);
    // The first one is done with, its cost comes before the run has ended.
    let step = Commit { actor: Some(ended(&first, Some(100))), ..commit(&claim, None, None) };
    done(&*store, step, at(5)).await;
    assert_eq!(final_cost(&*store, &first, 100).await, None);
    let second = intent(&claim, 1);
    assert!(intend(&*store, &claim, &second).await);
    let second = second.started(&remote("second"), at(5));
    assert!(park(&*store, &claim, second.clone(), at(6)).await);
    let claim = again(&*store, at(6)).await.remove(0);
    assert_eq!(claim.resume.as_ref().unwrap().intent, second);
    let end = Commit { actor: Some(ended(&second, None)), ..commit(&claim, None, Some(success())) };
    done(&*store, end, at(6)).await;
    assert_eq!(dollars(&*store).await, (WORST, 0));
    assert_eq!(final_cost(&*store, &second, 2_000).await, Some(2_100));
    assert_eq!(dollars(&*store).await, (0, 2_100));
    let stages: Vec<_> = store.actor_runs(claim.run).await.unwrap().into_iter().map(|run| run.stage).collect();
    assert_eq!(stages, ["booked", "booked"]);
    sound(&*store).await;
}

pub(crate) async fn a_run_found_after_its_end_is_known_by_it(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let claim = paid_claim(&*store, id, at(1)).await;
    let lost = intent(&claim, 0);
    assert!(intend(&*store, &claim, &lost).await);
    let found = IntentEnd { remote: Some("found".parse().unwrap()), ..ended(&lost, Some(100)) };
    done(&*store, Commit { actor: Some(found), ..commit(&claim, None, Some(success())) }, at(2)).await;
    let open = store.unsettled(at(9), 10).await.unwrap().remove(0);
    assert_eq!((open.remote.unwrap().as_str(), open.status), ("found", Some(RemoteStatus::Succeeded)));
}

pub(crate) async fn a_pause_wakes_what_waits(place: &dyn Place) {
    let store = empty(place).await;
    let (id, _, _) = put_away(&*store, "one").await;
    store.pause(id, PausedBy::Operator, "enough", at(2)).await.unwrap();
    let claim = again(&*store, at(2)).await.remove(0);
    assert_eq!(claim.source.state.word(), "paused");
}

pub(crate) async fn a_removed_source_is_booked_at_its_worst(place: &dyn Place) {
    let store = empty(place).await;
    let (id, _, _) = put_away(&*store, "one").await;
    store.remove(id).await.unwrap();
    assert_eq!(dollars(&*store).await, (0, WORST / 2), "the charge cap of what was ordered");
    assert_eq!(store.next_wake().await.unwrap(), None);
    sound(&*store).await;
}

pub(crate) async fn an_old_generation_orders_nothing(place: &dyn Place) {
    let store = empty(place).await;
    let (_, old, intended) = put_away(&*store, "one").await;
    assert!(!park(&*store, &old, intended.clone(), at(9)).await);
    assert!(!intend(&*store, &old, &intent(&old, 1)).await);
    assert!(!store.void(old.run, old.generation, intended.order.intent).await.unwrap());
    assert_eq!(store.actor_runs(old.run).await.unwrap().len(), 1);
}

pub(crate) async fn a_given_up_run_is_settled_all_the_same(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let claim = paid_claim(&*store, id, at(1)).await;
    let lost = intent(&claim, 0);
    assert!(intend(&*store, &claim, &lost).await);
    done(&*store, commit(&claim, None, Some(failure(Class::Abandoned, "died"))), at(2)).await;
    assert_eq!(dollars(&*store).await, (WORST, 0), "nobody knows yet whether it was started");
    let open = store.unsettled(at(2), 10).await.unwrap().remove(0);
    assert_eq!((open.remote, open.status, open.asked_at), (None, None, at(1)));
    let found = Looked::Later { at: at(3), seen: Some(("found-late".parse().unwrap(), RemoteStatus::Running)) };
    assert_eq!(store.looked(lost.order.intent, found).await.unwrap(), None);
    let open = store.unsettled(at(3), 10).await.unwrap().remove(0);
    assert_eq!((open.remote.unwrap().as_str(), open.status), ("found-late", Some(RemoteStatus::Running)));
    assert_eq!(final_cost(&*store, &lost, 0).await, Some(0));
    assert_eq!(dollars(&*store).await, (0, 0));
    sound(&*store).await;
}
