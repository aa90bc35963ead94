//! Gates that are tried.

use tidegate_core::actor::gate::{Gate, GateKey};

use super::*;
use crate::ports::ActorRuns as _;

fn closed(until: UtcMillis) -> Gate {
    let key = GateKey::Credential("apify".parse().unwrap());
    Gate { key, class: Class::Credential, why: "no such token".to_owned(), since: at(1), until }
}

fn spent(used: u64) -> Account {
    let used = Some(MicroUsd::new(used));
    Account { used, most: Some(MicroUsd::new(10)), cycle_end: None, runs: None, memory_gb: None }
}

/// A new token of an account without money: it is not refused any more, and it starts nothing. Left as it was, the gate would
/// be due for ever, hold up nobody, and let nothing be settled.
#[tokio::test]
async fn a_token_that_works_again_may_have_no_money() {
    for tried_by_hand in [false, true] {
        let scene = Scene::new().await;
        scene.store.close_gate(closed(at(11)), at(1)).await.unwrap();
        *scene.platform.account.lock().unwrap() = Some(spent(10));
        let now = if tried_by_hand { at(5) } else { at(11) };
        scene.set(now);
        if tried_by_hand {
            scene.engine.try_gates().await;
        } else {
            assert_eq!(scene.engine.probe().await.unwrap(), 0);
        }
        let gate = scene.store.gates().await.unwrap().remove(0);
        assert_eq!((gate.class, gate.since, gate.until), (Class::Quota, now, now.plus(Duration::from_secs(600))));
        assert!(gate.why.contains("no money"), "{}", gate.why);
        assert_eq!(scene.told(|event| matches!(event, Event::GateClosed { .. })), 1);
        *scene.platform.account.lock().unwrap() = Some(spent(9));
        scene.set(gate.until);
        assert_eq!(scene.engine.probe().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_again_stays_refused_since_then() {
    let scene = Scene::new().await;
    scene.store.close_gate(closed(at(11)), at(1)).await.unwrap();
    scene.set(at(11));
    assert_eq!(scene.engine.probe().await.unwrap(), 0);
    assert_eq!(scene.store.gates().await.unwrap(), [closed(at(21))]);
    assert_eq!(scene.told(|event| matches!(event, Event::GateClosed { .. })), 0, "no news");
}
