//! What is ordered: paid for once, known by its time, and by the platform's run that stands for it.

use tidegate_core::actor::{Order, RemoteStatus};
use tidegate_core::failure::Class;
use tidegate_core::run::Intent;

use super::Place;
use super::actor_runs::{again, dollars, ended, final_cost, intend, intent, paid_claim, park, put_away, sound};
use super::world::{at, commit, done, empty, failure, source, success};
use crate::ports::{Commit, Looked, RunStage};

/// What is done with an actor run that was paid for and then dies would pay for it again if it began again. Nor could what it
/// paid be told from what it pays then: the windows of both days would be charged with all of it.
pub(crate) async fn what_has_paid_is_not_begun_again(place: &dyn Place) {
    let store = empty(place).await;
    let (_, _, first) = put_away(&*store, "one").await;
    let claim = again(&*store, at(5)).await.remove(0);
    let step = Commit { actor: Some(ended(&first, Some(100))), ..commit(&claim, None, None) };
    done(&*store, step, at(5)).await;
    let give_back = |attempted| store.requeue(claim.run, claim.generation, attempted, at(6), at(6));
    for stage in ["ended", "settled"] {
        assert_eq!(store.actor_runs(claim.run).await.unwrap()[0].stage, stage);
        for attempted in [true, false] {
            assert!(!give_back(attempted).await.unwrap(), "{stage}: nothing was written");
        }
        let run = store.run(claim.run).await.unwrap().unwrap();
        assert_eq!((run.stage, run.attempt), (RunStage::Running, 1), "{stage}: it is to be ended");
        final_cost(&*store, &first, 100).await;
    }
    // A further one that is refused changes nothing; one that may be under way is waited for.
    let second = intent(&claim, 1);
    assert!(intend(&*store, &claim, &second).await);
    assert!(store.void(claim.run, claim.generation, second.order.intent).await.unwrap());
    assert!(!give_back(true).await.unwrap());
    assert!(intend(&*store, &claim, &second).await);
    assert!(give_back(true).await.unwrap());
    let claim = again(&*store, at(6)).await.remove(0);
    assert_eq!(claim.resume.as_ref().unwrap().intent.order, second.order);
    // Ended the day after it was claimed: all it cost stands in the day in which it was promised, once.
    let next_day = 24 * 60;
    assert!(store.void(claim.run, claim.generation, second.order.intent).await.unwrap());
    done(&*store, commit(&claim, None, Some(success())), at(next_day)).await;
    assert_eq!(dollars(&*store).await, (0, 100));
    let windows = store.ledger(at(next_day)).await.unwrap();
    assert!(windows.iter().all(|row| !row.window.measure.is_money()), "{windows:?}");
    sound(&*store).await;
}

/// How far back its run may lie is not since when the platform is not asked any more.
pub(crate) async fn an_order_keeps_its_time(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let claim = paid_claim(&*store, id, at(1)).await;
    assert!(intend(&*store, &claim, &intent(&claim, 0)).await);
    let again_asked = Intent { asked_at: at(9), ..intent(&claim, 0) };
    let moved = Intent { ordered_at: at(9), ..again_asked.clone() };
    assert!(intend(&*store, &claim, &moved).await, "asked for again");
    let unknown = Intent { asked_at: at(8), ..again_asked };
    assert!(park(&*store, &claim, unknown.clone(), at(10)).await);
    let claim = again(&*store, at(10)).await.remove(0);
    assert_eq!(claim.resume.as_ref().unwrap().intent, unknown);
    done(&*store, commit(&claim, None, Some(failure(Class::Abandoned, "died"))), at(11)).await;
    let open = store.unsettled(at(11), 10).await.unwrap().remove(0);
    assert_eq!((open.ordered_at, open.asked_at), (at(1), at(8)));
}

/// Two tenants may ask for the same: what is known to stand for one order is not taken for another.
pub(crate) async fn a_run_stands_for_one_order(place: &dyn Place) {
    let store = empty(place).await;
    let (_, _, first) = put_away(&*store, "one").await;
    let id = source(&*store, "two").await.id;
    let claim = paid_claim(&*store, id, at(1)).await;
    let second = intent(&claim, 0);
    assert!(intend(&*store, &claim, &second).await);
    let of = async |order: &Order, since| -> Vec<String> {
        store.taken(order, since).await.unwrap().iter().map(ToString::to_string).collect()
    };
    assert_eq!(of(&second.order, at(1)).await, ["remote-one"]);
    assert_eq!(of(&first.order, at(1)).await, [""; 0], "its own");
    assert_eq!(of(&second.order, at(2)).await, [""; 0], "ordered before");
    let other = Order { actor: "apidojo/tweet-scraper".parse().unwrap(), ..second.order.clone() };
    assert_eq!(of(&other, at(1)).await, [""; 0], "of another actor");
    // Taken all the same: refused whole, and the order can still be settled.
    done(&*store, commit(&claim, None, Some(failure(Class::Abandoned, "died"))), at(2)).await;
    let taken = Looked::Later { at: at(3), seen: Some(("remote-one".parse().unwrap(), RemoteStatus::Running)) };
    assert!(store.looked(second.order.intent, taken).await.is_err());
    assert_eq!(store.next_look().await.unwrap(), Some(at(2)), "nothing was written");
    assert_eq!(store.looked(second.order.intent, Looked::Later { at: at(4), seen: None }).await.unwrap(), None);
    assert_eq!(store.next_look().await.unwrap(), Some(at(4)));
    assert_eq!(final_cost(&*store, &second, 0).await, Some(0));
    assert_eq!(store.next_look().await.unwrap(), None);
}
