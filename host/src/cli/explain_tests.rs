//! Explanations, one-off runs and demand, through the engine on a real database.
#![expect(clippy::unwrap_used, reason = "tests")]

use tidegate_core::eligibility::Rule;
use tidegate_core::extra::NotQueued;
use tidegate_core::id::SourceId;
use tidegate_core::source::Trigger;

use super::super::scripted::{PROFILE, Scene};
use super::*;
use crate::engine::Engine;
use crate::engine::extra::{one_off, read};
use crate::ports::{Queued, RunFilter, RunStage, Store as _};

const FEED: &str = "https://a.example/feed";

async fn explained(scene: &Scene, id: SourceId) -> Explanation {
    explain(&scene.ports, &scene.settings, id).await.unwrap().unwrap()
}

/// Ids are of the test's own clock and dice, so that a snapshot is the same each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_printed() {
    let limited = format!("{PROFILE}budget = {{ runs_per_day = 1 }}\n");
    let scene = Scene::new(&limited).await;
    let id = scene.add(FEED).await;
    insta::assert_snapshot!("explain_fresh", text(&explained(&scene, id).await));
    scene.tick().await;
    scene.pass(30);
    insta::assert_snapshot!("explain_not_due", text(&explained(&scene, id).await));
    scene.pass(40);
    scene.tick().await;
    let spent = explained(&scene, id).await;
    insta::assert_snapshot!("explain_budget_spent", text(&spent));
    insta::assert_snapshot!("explain_json", serde_json::to_string_pretty(&data(&spent)).unwrap());
    let mut settings = scene.settings.clone();
    settings.profiles.clear();
    let without = explain(&scene.ports, &settings, id).await.unwrap().unwrap();
    insta::assert_snapshot!("explain_without_profile", text(&without));
    assert!(explain(&scene.ports, &settings, SourceId::from_bits(1)).await.unwrap().is_none());
}

/// What is explained is what the admit pass does, at each moment of a day.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_explanation_is_what_happens() {
    let limited = format!("{PROFILE}budget = {{ runs_per_day = 5 }}\n");
    let scene = Scene::new(&limited).await;
    let id = scene.add(FEED).await;
    let mut seen = std::collections::BTreeSet::new();
    for step in 0..40 {
        if step % 7 == 3 {
            one_off(&scene.ports, id).await.unwrap();
        }
        let said = explained(&scene, id).await.verdict;
        let started = scene.tick().await;
        assert_eq!(started, usize::from(said.is_ok()), "{said:?} at step {step}");
        seen.insert(said.map_or_else(|skip| skip.reason.word(), Trigger::word));
        scene.pass(20);
    }
    assert!(
        ["bootstrap", "schedule", "one-off", "not-due", "budget-spent"].iter().all(|word| seen.contains(word)),
        "{seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_one_off_run_waits_for_nothing_but_the_schedule() {
    let limited = format!("{PROFILE}budget = {{ runs_per_day = 2 }}\n");
    let scene = Scene::new(&limited).await;
    let id = scene.add(FEED).await;
    scene.tick().await;
    scene.pass(1);
    assert_eq!(scene.tick().await, 0);
    let (run, queued) = one_off(&scene.ports, id).await.unwrap();
    assert_eq!(queued, Queued::New);
    let again = one_off(&scene.ports, id).await.unwrap().1;
    assert_eq!(again, Queued::Not(NotQueued::Already { run, trigger: Trigger::OneOff }));
    assert_eq!(scene.tick().await, 1);
    assert_eq!(scene.store.run(run).await.unwrap().unwrap().stage, RunStage::Ended);
    // The budget is spent: it is queued, and waits until midnight.
    scene.pass(1);
    let (run, queued) = one_off(&scene.ports, id).await.unwrap();
    assert_eq!((queued, scene.tick().await, scene.fetches()), (Queued::New, 0, 2));
    let said = explained(&scene, id).await;
    assert_eq!(said.verdict.unwrap_err().reason.word(), "budget-spent");
    assert!(
        said.rules.iter().any(|judged| judged.rule == Rule::Due && judged.fact.contains("a one-off run is queued"))
    );
    scene.pass(12 * 60);
    assert_eq!(scene.tick().await, 1);
    assert_eq!(scene.store.run(run).await.unwrap().unwrap().stage, RunStage::Ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_cause_one_run_for_each_interval_within_the_budget_and_only_where_the_profile_allows() {
    let off = Scene::new(PROFILE).await;
    let id = off.add(FEED).await;
    off.tick().await;
    off.pass(30);
    assert_eq!(read(&off.ports, &off.settings, &[id]).await.unwrap(), []);
    assert_eq!(off.tick().await, 0);

    let profile = PROFILE.replace("every = \"1h\"", "every = \"1d\"");
    let profile = format!("{profile}demand = {{ stale_after = \"10m\" }}\nbudget = {{ runs_per_day = 4 }}\n");
    let scene = Scene::new(&profile).await;
    let id = scene.add(FEED).await;
    scene.tick().await;
    let engine = Engine::new(scene.ports.clone(), scene.settings.clone());
    let (mut queued, mut started) = (0, 0);
    for _ in 0..60 {
        scene.pass(1);
        // However many read.
        for _ in 0..5 {
            queued += engine.read(&[id, SourceId::from_bits(9)]).await.unwrap().len();
        }
        started += scene.tick().await;
    }
    // Minutes 10, 20 and 30; then the budget of the day is spent, and one is queued.
    assert_eq!((queued, started, scene.fetches()), (4, 3, 4));
    let runs = scene.store.runs(&RunFilter::default()).await.unwrap();
    assert_eq!(runs.iter().filter(|run| run.trigger == Trigger::Demand).count(), 4);
}
