//! A clock that is set back, seen by a daemon that runs and by one that has just started.

use tidegate_core::id::SourceId;
use tidegate_core::schedule::Schedule;
use tidegate_core::source::{NewSource, NextRun, Trigger};
use tidegate_core::time::Span;

use super::*;
use crate::ports::{Created, Follows as _};
use crate::store::conformance::world::{claim, commit, done, success};

/// So many minutes before noon.
fn before(minutes: u64) -> UtcMillis {
    at(0).minus(Duration::from_secs(minutes * 60))
}

/// A source that runs every hour and ran at minute 10, so that it is due at 70 and up to a tenth later.
async fn hourly(scene: &Scene) -> (SourceId, NextRun) {
    let new = NewSource {
        id: tidegate_core::id::Id::from_bits(5),
        tenant: "acme".parse().unwrap(),
        profile: "feeds".parse().unwrap(),
        identifier: "one".to_owned(),
        overrides: serde_json::Map::new(),
        schedule: Some(Schedule::every(Span::seconds(3_600))),
        active: true,
    };
    let run = tidegate_core::id::Id::from_bits(6);
    let Created::New(made) = scene.store.create_source(new, run, at(0)).await.unwrap() else { panic!("it is new") };
    let live = claim(&*scene.store, made.id, at(10)).await;
    let (_, settled) = done(&*scene.store, commit(&live, None, Some(success())), at(10)).await;
    (made.id, settled.unwrap().source.next_run.unwrap())
}

async fn due(scene: &Scene, source: SourceId) -> NextRun {
    scene.store.source(source).await.unwrap().unwrap().next_run.unwrap()
}

fn set_back(event: &Event) -> bool {
    matches!(event, Event::ClockSetBack { .. })
}

#[tokio::test]
async fn what_was_due_in_an_hour_is_due_in_an_hour() {
    for restarted in [false, true] {
        let scene = Scene::new().await;
        let (source, next) = hourly(&scene).await;
        assert_eq!(next, NextRun { at: at(70), trigger: Trigger::Schedule });
        scene.set(at(15));
        if restarted {
            scene.store.alive(at(15)).await.unwrap();
        } else {
            scene.engine.catch_up().await.unwrap();
        }
        // The clock shows quarter past eleven: an hour too much stands in the database.
        scene.set(before(45));
        scene.engine.catch_up().await.unwrap();
        assert_eq!(scene.told(set_back), 1, "restarted: {restarted}");
        assert_eq!(due(&scene, source).await.at, at(10), "55 minutes were left, and are");
        assert_eq!(scene.store.next_due().await.unwrap(), Some(at(10)));
        // Once.
        for minutes in [44, 40, 30] {
            scene.set(before(minutes));
            scene.engine.catch_up().await.unwrap();
        }
        assert_eq!((scene.told(set_back), due(&scene, source).await.at), (1, at(10)));
    }
}

/// Clocks differ by seconds, and are put right by seconds: that moves nothing.
#[tokio::test]
async fn a_little_is_nothing() {
    let scene = Scene::new().await;
    let (source, next) = hourly(&scene).await;
    scene.set(at(15));
    scene.engine.catch_up().await.unwrap();
    scene.set(at(14));
    scene.engine.catch_up().await.unwrap();
    assert_eq!((scene.told(set_back), due(&scene, source).await), (0, next));
}
