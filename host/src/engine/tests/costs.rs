//! Costs are settled, whatever stands in the way of one of them.

use tidegate_core::actor::RemoteStatus;
use tidegate_core::claim::Claim;
use tidegate_core::run::{Intent, Park, Progress};

use super::*;
use crate::ports::ActorRuns as _;
use crate::store::conformance::actor_runs::{dollars, intend, intent, paid_claim, put_away};
use crate::store::conformance::world::{commit, done, failure, source};

/// A run that was given up while nobody knew whether it was started.
async fn lost(scene: &Scene, name: &str) -> (Claim, Intent) {
    let id = source(&*scene.store, name).await.id;
    let claim = paid_claim(&*scene.store, id, at(1)).await;
    let lost = intent(&claim, 0);
    assert!(intend(&*scene.store, &claim, &lost).await);
    done(&*scene.store, commit(&claim, None, Some(failure(Class::Abandoned, "died"))), at(2)).await;
    (claim, lost)
}

/// Two lost starts that look the same, of which the platform has one run: it stands for one of them, and the rest of the pass
/// is done all the same.
#[tokio::test]
async fn one_that_cannot_be_written_down_stops_no_other() {
    let scene = Scene::new().await;
    for name in ["one", "two"] {
        lost(&scene, name).await;
    }
    let (_, third, started) = put_away(&*scene.store, "three").await;
    let claims = scene.store.claim_waiting(DaemonId::from_bits(7), at(6), at(5), 10).await.unwrap();
    let ended = crate::ports::Commit {
        actor: Some(crate::store::conformance::actor_runs::ended(&started, None)),
        ..commit(&claims[0], None, Some(failure(Class::Transient, "no")))
    };
    done(&*scene.store, ended, at(5)).await;
    *scene.platform.found.lock().unwrap() = Some(remote("same", RemoteStatus::Succeeded, 5));
    scene.knows(remote("same", RemoteStatus::Succeeded, 5));
    scene.knows(remote("remote-three", RemoteStatus::Succeeded, 9));
    scene.set(at(6));
    assert_eq!(scene.engine.settle().await.unwrap(), 1, "the third");
    assert_eq!(scene.store.actor_runs(third.run).await.unwrap()[0].stage, "booked");
    assert_eq!(scene.told(|event| matches!(event, Event::PassFailed { pass: "settle", .. })), 1);
    assert_eq!(scene.store.unsettled(at(6), 10).await.unwrap(), [], "looked at again later");
    // The one has its run, the other one has none.
    while let Some(at) = scene.store.next_look().await.unwrap() {
        scene.set(at);
        scene.engine.settle().await.unwrap();
    }
    assert_eq!(dollars(&*scene.store).await, (0, 14));
}

/// A credential that is not there any more refuses for ever; what was ordered with it is booked at its most after a week.
#[tokio::test]
async fn behind_a_refused_credential_costs_are_booked_in_the_end() {
    let scene = Scene::new().await;
    let (_, lost) = lost(&scene, "one").await;
    let closed = tidegate_core::actor::gate::Gate {
        key: tidegate_core::actor::gate::GateKey::Credential("apify".parse().unwrap()),
        class: Class::Credential,
        why: "no such credential".to_owned(),
        since: at(2),
        until: at(12),
    };
    scene.store.close_gate(closed, at(2)).await.unwrap();
    scene.set(at(3));
    assert_eq!(scene.engine.settle().await.unwrap(), 0);
    assert_eq!(scene.store.next_look().await.unwrap(), Some(at(13)), "when the gate is tried");
    scene.set(at(3 + 7 * 24 * 60));
    assert_eq!(scene.engine.settle().await.unwrap(), 1);
    assert_eq!(dollars(&*scene.store).await, (0, lost.order.charge_cap.micros()));
}

/// What is due until then is waited for, and no more than that.
#[tokio::test]
async fn a_tick_settles_what_is_due() {
    let scene = Scene::new().await;
    let (claim, _) = lost(&scene, "one").await;
    let (_, run, later) = put_away(&*scene.store, "two").await;
    let claims = scene.store.claim_waiting(DaemonId::from_bits(7), at(6), at(5), 10).await.unwrap();
    let parked = Park { intent: later, progress: Progress::default(), wake_at: at(60) };
    assert!(scene.store.park(run.run, claims[0].generation, parked).await.unwrap());
    scene.set(at(10));
    assert!(!scene.engine.settle_until(at(10)).await, "no pass failed");
    assert_eq!(scene.store.actor_runs(claim.run).await.unwrap()[0].stage, "booked", "it was never started");
    assert_eq!(scene.store.actor_runs(run.run).await.unwrap()[0].stage, "started", "that goes on");
    assert_eq!(scene.store.next_look().await.unwrap(), None);
}
