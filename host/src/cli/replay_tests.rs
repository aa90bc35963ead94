//! Replay on a real database: the same with an unchanged plugin, what a mended one brings, and what it must not touch.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tidegate_core::id::SourceId;
use tidegate_core::source::Trigger;

use super::error::{CliError, Exit};
use super::scripted::{PROFILE, Scene};
use crate::engine::replay::{Offline, Pages, Refused, Report, Wish, replay};
use crate::ports::{DeadFilter, DeadLetters, ItemFilter, RunFilter, Store, StoreError};

async fn again(scene: &Scene, write: bool) -> Report {
    tried(scene, write).await.unwrap()
}

async fn tried(scene: &Scene, write: bool) -> Result<Report, Refused> {
    let ports = &scene.ports;
    let offline = Offline {
        store: Arc::clone(&ports.store),
        plugins: Arc::clone(&ports.plugins),
        clock: Arc::clone(&ports.clock),
        dice: Arc::clone(&ports.dice),
        observer: Arc::clone(&ports.observer),
    };
    let wish = Wish {
        profile: Some("feeds".parse().unwrap()),
        source: None,
        since: None,
        until: None,
        write,
        show: 20,
        at_once: 3,
    };
    let fetches = scene.fetches();
    let report = replay(&offline, &scene.settings.profiles, &wish).await;
    assert_eq!(scene.fetches(), fetches, "a replay fetches nothing");
    report
}

/// Runs the source once for each of these answers, an hour apart.
async fn live(scene: &Scene, answers: &[&str]) {
    for answer in answers {
        scene.answers(Some(answer));
        assert_eq!(scene.tick().await, 1);
        scene.pass(61);
    }
}

async fn titles(scene: &Scene, id: SourceId) -> Vec<(String, String)> {
    let items = scene.store.items(&ItemFilter { source: Some(id), ..ItemFilter::default() }).await.unwrap();
    let mut titles: Vec<(String, String)> =
        items.into_iter().map(|row| (row.item.external_id, row.item.title.unwrap())).collect();
    titles.sort();
    titles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unchanged_plugin_comes_to_what_is_stored() {
    let capped = format!("{PROFILE}caps = {{ max_items = 2, bootstrap_max_items = 3 }}\n");
    let scene = Scene::new(&capped).await;
    let one = scene.add("https://one.example/").await;
    // Caps leave elements out in the first run and in a later one; the same items come again and again.
    live(&scene, &["a\nb\nc\nd\n!e\n", "~f\ng\nh\na\nb\n", "", "i\na\n"]).await;
    let before = titles(&scene, one).await;
    for write in [false, true] {
        let report = again(&scene, write).await;
        assert!(report.is_the_same(), "{report:?}");
        assert_eq!((report.items.same, report.items.new, report.letters), (before.len() as u64, 0, 0), "{report:?}");
        assert_eq!((report.pages.replayed, report.sources, report.rejected), (4, 1, 1));
        assert!(report.runs.is_empty() && report.shown.is_empty() && report.trouble.is_empty(), "{report:?}");
    }
    assert_eq!(titles(&scene, one).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mended_plugin_mends_what_is_stored() {
    let scene = Scene::new(PROFILE).await;
    let (one, two) = (scene.add("https://one.example/").await, scene.add("https://two.example/").await);
    scene.answers(Some("a\n~b\n!c\n"));
    assert_eq!(scene.tick().await, 2);
    scene.pass(61);
    scene.world.mended.store(true, Ordering::SeqCst);
    let wrong = |(id, title): (&str, &str)| (id.to_owned(), title.to_owned());
    let (before, source) = (titles(&scene, one).await, scene.store.source(one).await.unwrap());
    assert_eq!(before, [wrong(("a", "a")), wrong(("b", "[b]"))]);
    // Looked at: nothing is written.
    let looked = again(&scene, false).await;
    let counted = |report: &Report| (report.items.same, report.items.changed, report.items.new, report.letters);
    assert_eq!((counted(&looked), looked.runs.len()), ((2, 2, 2, 2), 0));
    let shown: Vec<_> = looked.shown.iter().filter(|shown| shown.source == one).collect();
    let said: Vec<_> = shown.iter().map(|shown| (shown.external_id.as_str(), shown.change)).collect();
    assert_eq!(said, [("b", "changed"), ("c", "new")]);
    assert_eq!(
        (shown[0].fields[0].field, shown[0].fields[0].before.as_str(), shown[0].fields[0].after.as_str()),
        ("title", "[b]", "b")
    );
    assert_eq!(titles(&scene, one).await, before);
    // Written.
    let written = again(&scene, true).await;
    assert_eq!(counted(&written), counted(&looked));
    for id in [one, two] {
        assert_eq!(titles(&scene, id).await, [wrong(("a", "a")), wrong(("b", "b")), wrong(("c", "c"))]);
    }
    assert!(scene.store.dead_letters(&DeadFilter::default()).await.unwrap().is_empty(), "their elements are items now");
    let runs = scene.store.runs(&RunFilter { source: Some(one), ..RunFilter::default() }).await.unwrap();
    let replays: Vec<_> = runs.iter().filter(|run| run.trigger == Trigger::Replay).collect();
    let total = replays.iter().fold((0, 0), |sum, run| (sum.0 + run.counts.new, sum.1 + run.counts.updated));
    assert_eq!((total, replays[0].fetches), ((1, 1), 0));
    let by: Vec<_> = replays.iter().filter_map(|run| run.plugin.as_ref()).map(|plugin| plugin.name.as_str()).collect();
    assert_eq!(by.len(), replays.len(), "each says by what it was done: {by:?}");
    assert_eq!(
        scene.store.source(one).await.unwrap(),
        source,
        "its schedule, watermark and freshness are as they were"
    );
    // Once more: there is nothing left to do.
    let after = again(&scene, true).await;
    assert!(after.is_the_same() && after.runs.is_empty() && after.letters == 0, "{after:?}");
    assert_eq!(scene.store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_come_any_more_is_told_and_stays() {
    let scene = Scene::new(PROFILE).await;
    let one = scene.add("https://one.example/").await;
    scene.world.mended.store(true, Ordering::SeqCst);
    live(&scene, &["a\n!b\n"]).await;
    scene.world.mended.store(false, Ordering::SeqCst);
    let report = again(&scene, true).await;
    assert_eq!((report.gone, report.rejected, report.shown[0].change), (1, 1, "gone"));
    assert!(!report.is_the_same() && report.runs.is_empty(), "{report:?}");
    assert_eq!(titles(&scene, one).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_and_source_narrow_what_is_replayed() {
    let scene = Scene::new(PROFILE).await;
    let one = scene.add("https://one.example/").await;
    live(&scene, &["a\n", "b\n", "c\n"]).await;
    let ports = &scene.ports;
    let offline = Offline {
        store: Arc::clone(&ports.store),
        plugins: Arc::clone(&ports.plugins),
        clock: Arc::clone(&ports.clock),
        dice: Arc::clone(&ports.dice),
        observer: Arc::clone(&ports.observer),
    };
    let now = ports.clock.now();
    let ago = |minutes: u64| Some(now.minus(std::time::Duration::from_secs(minutes * 60)));
    let wish =
        Wish { profile: None, source: Some(one), since: ago(150), until: ago(90), write: false, show: 0, at_once: 1 };
    let report = replay(&offline, &scene.settings.profiles, &wish).await.unwrap();
    assert_eq!(report.pages, Pages { replayed: 1, ..Pages::default() });
    assert!(report.is_the_same(), "items of pages that were not replayed are not gone: {report:?}");
    let gone = Wish { source: Some(SourceId::from_bits(9)), ..wish.clone() };
    let refused = replay(&offline, &scene.settings.profiles, &gone).await.unwrap_err();
    assert!(refused.to_string().contains("there is no source"), "{refused}");
    scene.world.loaded.store(false, Ordering::SeqCst);
    let refused = replay(&offline, &scene.settings.profiles, &wish).await.unwrap_err();
    assert!(refused.to_string().contains("plugin lines is not loaded"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_row_is_told_like_a_broken_body() {
    let scene = Scene::new(PROFILE).await;
    scene.add("https://one.example/").await;
    live(&scene, &["a\n", "b\n", "c\n"]).await;
    scene.tamper("UPDATE page SET left_out = '{' WHERE id = (SELECT min(id) FROM page)").await;
    let report = again(&scene, false).await;
    assert_eq!(report.pages, Pages { replayed: 2, not_replayable: 1, ..Pages::default() });
    assert!(matches!(report.trouble.as_slice(), [only] if only.contains("column left_out")), "{:?}", report.trouble);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_ends_half_way_says_how_much_it_wrote() {
    let scene = Scene::new(PROFILE).await;
    scene.add("https://one.example/").await;
    scene.add("https://two.example/").await;
    scene.answers(Some("~a\n~b\n~c\n"));
    assert_eq!(scene.tick().await, 2);
    scene.pass(61);
    scene.world.mended.store(true, Ordering::SeqCst);
    let once = "CREATE TRIGGER once BEFORE INSERT ON run WHEN NEW.trigger = 'replay'
        AND EXISTS (SELECT 1 FROM run WHERE trigger = 'replay') BEGIN SELECT RAISE(ABORT, 'no more'); END";
    scene.tamper(once).await;
    let refused = tried(&scene, true).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("3 items written, as 1 run of trigger replay, and no more: "), "{said}");
    let error = CliError::from(refused);
    assert_eq!((error.exit, error.message == said), (Exit::Store, true));
    assert!(error.hint.unwrap().contains("what was written stays"));
    let full = StoreError::DiskFull { doing: "write a replay".to_owned(), file: "f".to_owned() };
    let said = Refused::Partly { items: 500, runs: 1, cause: full }.to_string();
    assert!(said.ends_with("the disk that holds f is full") && said.starts_with("500 items written"), "{said}");
}
