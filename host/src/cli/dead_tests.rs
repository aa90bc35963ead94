//! Dead letters through the engine: what is left behind is taken up again without network, once.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::atomic::Ordering;

use super::super::scripted::{PROFILE, Scene};
use super::*;
use crate::ports::{DeadLetters as _, ItemFilter, RunFilter};
use tidegate_core::source::{PausedBy, Trigger};

const FEED: &str = "https://a.example/feed?token=hunter2";

async fn open(scene: &Scene) -> Vec<DeadLetter> {
    scene.store.dead_letters(&DeadFilter::default()).await.unwrap()
}

async fn items(scene: &Scene) -> usize {
    scene.store.items(&ItemFilter::default()).await.unwrap().len()
}

fn why(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Open { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elements_are_normalized_again_with_the_plugin_of_now() {
    let scene = Scene::new(PROFILE).await;
    scene.answers(Some("one\n!two\nthree\n!four\n"));
    scene.add(FEED).await;
    scene.tick().await;
    assert_eq!((items(&scene).await, open(&scene).await.len(), scene.fetches()), (2, 2, 1));

    // The plugin has not changed: they stay, with the reason.
    let letters = open(&scene).await;
    let said = retry(&scene.ports, &scene.settings, letters.clone()).await.unwrap();
    assert!(said.values().all(|outcome| why(outcome).contains("still rejected")), "{said:?}");
    scene.world.loaded.store(false, Ordering::SeqCst);
    let said = retry(&scene.ports, &scene.settings, letters.clone()).await.unwrap();
    assert!(
        said.values().all(|outcome| why(outcome).contains("plugin lines with kind feed is not loaded")),
        "{said:?}"
    );
    scene.world.loaded.store(true, Ordering::SeqCst);
    assert_eq!(open(&scene).await, letters);

    scene.world.mended.store(true, Ordering::SeqCst);
    scene.pass(10);
    let said = retry(&scene.ports, &scene.settings, letters.clone()).await.unwrap();
    let Some(Outcome::Replayed { run, counts }) = said.get(&letters[0].id) else { panic!("{said:?}") };
    assert_eq!((said.len(), counts.new), (2, 2));
    assert_eq!((items(&scene).await, open(&scene).await.len()), (4, 0));
    let row = scene.store.run(*run).await.unwrap().unwrap();
    assert_eq!((row.trigger, row.fetches, row.counts.new), (Trigger::Replay, 0, 2));
    assert_eq!(scene.fetches(), 1, "no network");

    // Once.
    let said = retry(&scene.ports, &scene.settings, letters).await.unwrap();
    assert!(said.values().all(|outcome| why(outcome).contains("somebody else")), "{said:?}");
    let all = scene.store.dead_letters(&DeadFilter { retried: true, ..DeadFilter::default() }).await.unwrap();
    let said = retry(&scene.ports, &scene.settings, all).await.unwrap();
    assert!(said.values().all(|outcome| why(outcome).contains("taken up already")), "{said:?}");
    assert_eq!(items(&scene).await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_page_an_element_stays_and_says_why() {
    let unkept = PROFILE.replace("keep_pages = \"2d\"\n", "");
    for (profile, reason) in [(PROFILE, "not kept any more"), (unkept.as_str(), "was not kept")] {
        let scene = Scene::new(profile).await;
        scene.answers(Some("!one\n"));
        scene.add(FEED).await;
        scene.tick().await;
        scene.world.mended.store(true, Ordering::SeqCst);
        scene.pass(3 * 24 * 60);
        scene.store.expire(scene.ports.clock.now(), 100).await.unwrap();
        let said = retry(&scene.ports, &scene.settings, open(&scene).await).await.unwrap();
        assert!(said.len() == 1 && said.values().all(|outcome| why(outcome).contains(reason)), "{said:?}");
        assert_eq!((items(&scene).await, open(&scene).await.len()), (0, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_given_up_tells_its_request_without_secrets_and_is_queued_once() {
    let scene = Scene::new(PROFILE).await;
    scene.answers(None);
    let id = scene.add(FEED).await;
    scene.tick().await;
    let letters = open(&scene).await;
    let DeadKind::Run { request: Some(request) } = &letters[0].what else { panic!("{letters:?}") };
    assert_eq!(
        (&request["http"]["method"], &request["http"]["url"]),
        (&json!("GET"), &json!("https://a.example/feed?token=***"))
    );
    assert!(!request.to_string().contains("hunter2"), "{request}");
    assert_eq!((letters[0].class, letters[0].reason.as_str()), (Class::Transient, "no answer"));

    let paused = scene.store.pause(id, PausedBy::Operator, "tea", scene.ports.clock.now()).await.unwrap();
    assert!(paused.is_some());
    let said = retry(&scene.ports, &scene.settings, letters.clone()).await.unwrap();
    assert_eq!(why(&said[&letters[0].id]), "paused by an operator: tea");
    scene.store.resume(id, scene.ports.clock.now()).await.unwrap();
    scene.answers(Some("one\n"));
    let said = retry(&scene.ports, &scene.settings, letters.clone()).await.unwrap();
    let Outcome::Queued { run, already: false } = said[&letters[0].id] else { panic!("{said:?}") };
    let said = retry(&scene.ports, &scene.settings, letters).await.unwrap();
    assert!(said.values().all(|outcome| why(outcome).contains("not open")), "{said:?}");
    scene.tick().await;
    let row = scene.store.run(run).await.unwrap().unwrap();
    assert_eq!((row.trigger, row.counts.new), (Trigger::OneOff, 1));
    assert!(open(&scene).await.is_empty());
    let runs = scene.store.runs(&RunFilter::default()).await.unwrap();
    assert_eq!(runs.iter().filter(|run| run.trigger == Trigger::OneOff).count(), 1);
}
