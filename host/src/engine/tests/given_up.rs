//! Runs that cannot go on, or must not begin again.

use tidegate_core::actor::RemoteStatus;
use tidegate_core::failure::Class;
use tidegate_core::run::Ending;
use tidegate_core::source::{SourceState, Trigger};

use super::*;
use crate::ports::{ActorRuns as _, Commit, RunRow, RunStage};
use crate::store::conformance::actor_runs::{again, dollars, ended, intend, intent, put_away};
use crate::store::conformance::world::{commit, done};

impl Scene {
    async fn run(&self, claim: &tidegate_core::claim::Claim) -> RunRow {
        self.store.run(claim.run).await.unwrap().unwrap()
    }

    /// Looks at costs until there is nothing to look at.
    async fn settled(&self) {
        while let Some(at) = self.store.next_look().await.unwrap() {
            self.set(at);
            self.engine.settle().await.unwrap();
        }
    }
}

/// A daemon that dies between two actor runs of a run leaves one that has paid for the first. Begun again, the run would pay
/// for it once more.
#[tokio::test]
async fn a_run_that_died_between_two_orders_ends_well() {
    let scene = Scene::new().await;
    let (source, _, first) = put_away(&*scene.store, "one").await;
    let claim = again(&*scene.store, at(5)).await.remove(0);
    let step = Commit { actor: Some(ended(&first, Some(100))), ..commit(&claim, None, None) };
    done(&*scene.store, step, at(5)).await;
    scene.set(at(6));
    assert_eq!(scene.engine.recover().await.unwrap(), 1);
    assert_eq!(scene.engine.recover().await.unwrap(), 0, "once");
    let run = scene.run(&claim).await;
    assert_eq!((run.stage, run.ending, run.failure), (RunStage::Ended, Some(Ending::NoNew), None));
    assert!(run.warnings[0].contains("left to the next run"), "{:?}", run.warnings);
    let source = scene.store.source(source).await.unwrap().unwrap();
    assert_eq!((source.failure_count, source.next_run.map(|next| next.trigger)), (0, Some(Trigger::Schedule)));
    assert_eq!(scene.told(|event| matches!(event, Event::CutShort { .. })), 1);
    scene.knows(remote("remote-one", RemoteStatus::Succeeded, 100));
    scene.settled().await;
    assert_eq!(dollars(&*scene.store).await, (0, 100), "paid once");
}

/// One that has something under way goes on with it, and its daemon may die again.
#[tokio::test]
async fn a_run_that_died_with_an_order_goes_on() {
    let scene = Scene::new().await;
    let (_, _, first) = put_away(&*scene.store, "one").await;
    let claim = again(&*scene.store, at(5)).await.remove(0);
    let step = Commit { actor: Some(ended(&first, Some(100))), ..commit(&claim, None, None) };
    done(&*scene.store, step, at(5)).await;
    assert!(intend(&*scene.store, &claim, &intent(&claim, 1)).await);
    scene.set(at(6));
    assert_eq!(scene.engine.recover().await.unwrap(), 1);
    assert_eq!(scene.run(&claim).await.stage, RunStage::Waiting);
    assert_eq!(scene.told(|event| matches!(event, Event::Recovered { requeued: true, .. })), 1);
}

/// Nobody can read what it waits for, and nobody looks at it any more: it ends, what runs for it is ended, and it is paid for.
#[tokio::test]
async fn a_run_without_its_profile_does_not_wait_for_ever() {
    let scene = Scene::new().await;
    let (source, claim, _) = put_away(&*scene.store, "one").await;
    scene.knows(remote("remote-one", RemoteStatus::Running, 7));
    scene.set(at(5));
    scene.engine.admit(at(5)).await.unwrap();
    scene.engine.tasks.close();
    scene.engine.tasks.wait().await;
    let run = scene.run(&claim).await;
    assert_eq!((run.stage, run.ending), (RunStage::Ended, Some(Ending::Failed)));
    let (class, why) = run.failure.unwrap();
    assert_eq!(class, Class::Abandoned);
    assert!(why.contains("profile feeds"), "{why}");
    assert_eq!(scene.store.source(source).await.unwrap().unwrap().state, SourceState::Active);
    assert_eq!(scene.told(|event| matches!(event, Event::CutShort { .. })), 1);
    scene.settled().await;
    assert_eq!(*scene.platform.aborted.lock().unwrap(), ["remote-one"]);
    assert_eq!(dollars(&*scene.store).await, (0, 7));
}
