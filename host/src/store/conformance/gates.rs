//! Gates: what refuses many is asked by none.

use std::time::Duration;

use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::failure::Class;

use super::Place;
use super::actor_runs::{paid_claim, put_away};
use super::claims::skipped;
use super::world::{at, claim, empty, me, source};
use crate::ports::SkipRecord;

fn gate(class: Class, until: u64) -> Gate {
    let key = GateKey::Credential("apify".parse().unwrap());
    Gate { key, class, why: "no".to_owned(), since: at(1), until: at(until) }
}

pub(crate) async fn a_gate_is_closed_once_and_opened(place: &dyn Place) {
    let store = empty(place).await;
    assert_eq!(store.gates().await.unwrap(), []);
    assert!(store.close_gate(gate(Class::Capacity, 2), at(1)).await.unwrap());
    assert!(!store.close_gate(gate(Class::Capacity, 3), at(1)).await.unwrap(), "no news");
    assert!(store.close_gate(gate(Class::Credential, 11), at(1)).await.unwrap());
    assert!(!store.close_gate(gate(Class::Quota, 20), at(1)).await.unwrap(), "a refused token says more");
    assert_eq!(store.gates().await.unwrap(), [gate(Class::Credential, 11)]);
    assert!(store.open_gate(gate(Class::Credential, 11).key, at(3)).await.unwrap());
    assert!(!store.open_gate(gate(Class::Credential, 11).key, at(3)).await.unwrap());
    assert_eq!(store.gates().await.unwrap(), []);
}

pub(crate) async fn runs_behind_a_refused_credential_stay_away(place: &dyn Place) {
    let store = empty(place).await;
    let (_, waiting, _) = put_away(&*store, "one").await;
    store.close_gate(gate(Class::Quota, 20), at(1)).await.unwrap();
    assert_eq!(store.next_wake().await.unwrap(), Some(at(5)), "what is paid for may be read");
    store.close_gate(gate(Class::Credential, 11), at(1)).await.unwrap();
    assert_eq!(store.next_wake().await.unwrap(), Some(at(11)));
    store.open_gate(gate(Class::Credential, 11).key, at(7)).await.unwrap();
    let claims = store.claim_waiting(me(), at(7).plus(Duration::from_secs(20)), at(7), 10).await.unwrap();
    assert_eq!(claims.iter().map(|claim| claim.run).collect::<Vec<_>>(), [waiting.run]);
}

/// A pass that looked before a gate was opened writes its skip after it: the source must not wait for a gate that is open.
pub(crate) async fn a_skip_behind_a_gate_that_was_opened_puts_nothing_off(place: &dyn Place) {
    let store = empty(place).await;
    let one = source(&*store, "one").await;
    let closed = gate(Class::Quota, 60);
    let behind = || SkipRecord { gate: Some(closed.key.clone()), ..skipped(&one, "no money", Some(closed.until)) };
    store.close_gate(closed.clone(), at(1)).await.unwrap();
    store.skip(vec![behind()], at(2)).await.unwrap();
    assert!(store.candidates(at(9), 10).await.unwrap().is_empty(), "put off until the gate is tried");
    store.open_gate(closed.key.clone(), at(10)).await.unwrap();
    assert_eq!(store.candidates(at(10), 10).await.unwrap().len(), 1);
    store.skip(vec![behind()], at(10)).await.unwrap();
    assert_eq!(store.candidates(at(10), 10).await.unwrap().len(), 1, "the gate is open: a candidate at once");
    assert_eq!(
        store.skips(at(10)).await.unwrap().iter().map(|skip| skip.count).sum::<u64>(),
        2,
        "counted all the same"
    );
}

pub(crate) async fn runs_under_way_are_counted_for_each_credential(place: &dyn Place) {
    let store = empty(place).await;
    let free = source(&*store, "free").await.id;
    claim(&*store, free, at(1)).await;
    assert!(store.under_way().await.unwrap().is_empty());
    let paid = source(&*store, "paid").await.id;
    paid_claim(&*store, paid, at(1)).await;
    put_away(&*store, "waiting").await;
    let under_way = store.under_way().await.unwrap();
    assert_eq!(under_way.get(&"apify".parse().unwrap()), Some(&2));
}

/// What was refused may be granted, and something else be refused then: the latest word holds as soon as the gate is due.
pub(crate) async fn a_refused_credential_gives_way_when_it_is_due(place: &dyn Place) {
    let store = empty(place).await;
    let (_, waiting, _) = put_away(&*store, "one").await;
    store.close_gate(gate(Class::Credential, 11), at(1)).await.unwrap();
    let quota = Gate { since: at(11), ..gate(Class::Quota, 21) };
    assert!(!store.close_gate(quota.clone(), at(10)).await.unwrap(), "it is not due");
    assert_eq!(store.gates().await.unwrap(), [gate(Class::Credential, 11)]);
    assert!(store.close_gate(quota.clone(), at(11)).await.unwrap());
    assert_eq!(store.gates().await.unwrap(), [quota]);
    // What is paid for may be read again.
    let claims = store.claim_waiting(me(), at(12), at(11), 10).await.unwrap();
    assert_eq!(claims.iter().map(|claim| claim.run).collect::<Vec<_>>(), [waiting.run]);
}
