//! Versions of plugins: noted, counted, forgotten; and sources that wait for their plugin.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate_core::limits;
use tidegate_core::source::{NextRun, PausedBy, SourceState, Trigger};

use super::Place;
use super::world::{at, claim, commit, done, empty, fresh, items, run_once, source, success};
use crate::ports::{RunPlugin, Used, Version};

const NOBODY: &[(&str, u64)] = &[];

fn version(plugin: &str, digest: &str, origin: &str) -> Version {
    let text = str::to_owned;
    Version { plugin: text(plugin), digest: text(digest), version: text("1.0.0"), origin: text(origin) }
}

fn used(plugin: &str, digest: &str, calls: u64, faults: &[(&str, u64)]) -> Used {
    Used {
        plugin: plugin.to_owned(),
        digest: digest.to_owned(),
        version: "1.0.0".to_owned(),
        calls,
        faults: faults.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect(),
        cpu: Duration::from_micros(calls * 10),
        bytes_in: calls * 3,
        bytes_out: calls * 2,
        items: calls,
    }
}

pub(crate) async fn what_plugins_use_adds_up(place: &dyn Place) {
    let store = empty(place).await;
    assert_eq!(store.plugin_use().await.unwrap(), []);
    let (one, two) = (version("rss", "aa", "shipped plugin rss"), version("rss", "bb", "plugin file rss.wasm"));
    store.note_use(vec![one.clone()], vec![used("rss", "aa", 2, &[("trap", 1)])], at(1)).await.unwrap();
    store.note_use(vec![two.clone()], vec![used("rss", "aa", 3, &[("trap", 1), ("memory", 4)])], at(2)).await.unwrap();
    // Nobody has said that it served: it was swapped in and out between two notes.
    store.note_use(vec![], vec![used("x", "cc", 1, NOBODY)], at(3)).await.unwrap();
    store.note_use(vec![two.clone()], vec![], at(4)).await.unwrap();
    let rows = store.plugin_use().await.unwrap();
    let told = |row: &crate::ports::UseRow| (row.version.clone(), row.first_at, row.served_at, row.used.calls);
    let expected = [(one, at(1), at(1), 5), (two, at(2), at(4), 0), (version("x", "cc", ""), at(3), at(3), 1)];
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
    let faults: BTreeMap<String, u64> = [("memory".to_owned(), 4), ("trap".to_owned(), 2)].into();
    assert_eq!(rows[0].used, Used { faults, ..used("rss", "aa", 5, NOBODY) });
    store.close().await;
    drop(store);
    let store = place.open(fresh(), at(5)).await;
    assert_eq!(store.plugin_use().await.unwrap(), rows, "over a restart");
    let later = at(4).plus(limits::USE_KEPT).plus(Duration::from_secs(1));
    store.note_use(vec![version("rss", "aa", "again")], vec![], later).await.unwrap();
    let rows = store.plugin_use().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.version.digest.as_str()).collect::<Vec<_>>(), ["aa"], "others are forgotten");
    assert_eq!((rows[0].used.calls, rows[0].used.faults.len()), (5, 2));
    // One more than are kept: the one that served longest ago goes.
    let most = usize::try_from(limits::USE_VERSIONS).unwrap();
    let many = (0..most).map(|n| version("rss", &format!("d{n:04}"), "many")).collect();
    store.note_use(many, vec![], later.plus(Duration::from_secs(1))).await.unwrap();
    let rows = store.plugin_use().await.unwrap();
    assert!(rows.len() == most && rows.iter().all(|row| row.version.digest != "aa"));
}

pub(crate) async fn sources_wait_for_their_plugin(place: &dyn Place) {
    let store = empty(place).await;
    let feeds = || vec!["feeds".parse().unwrap()];
    let [scheduled, new, paused, off] = ["scheduled", "new", "paused", "off"];
    let scheduled = source(&*store, scheduled).await.id;
    run_once(&*store, scheduled, items("a", 1), at(1)).await;
    let before = store.source(scheduled).await.unwrap().unwrap().next_run;
    let new = source(&*store, new).await.id;
    let paused = source(&*store, paused).await.id;
    store.pause(paused, PausedBy::Operator, "tea", at(2)).await.unwrap();
    let off = source(&*store, off).await.id;
    assert_eq!(store.pause_for_plugin(&"others".parse().unwrap(), "gone", at(3), 10).await.unwrap(), 0);
    assert_eq!(
        store.pause_for_plugin(&"feeds".parse().unwrap(), "gone", at(3), 2).await.unwrap(),
        2,
        "no more than asked"
    );
    assert_eq!(store.pause_for_plugin(&"feeds".parse().unwrap(), "gone", at(3), 10).await.unwrap(), 1);
    assert_eq!(store.pause_for_plugin(&"feeds".parse().unwrap(), "gone", at(4), 10).await.unwrap(), 0, "they are");
    let state = SourceState::Paused { since: at(3), by: PausedBy::PluginMissing, reason: "gone".to_owned() };
    assert_eq!(store.source(scheduled).await.unwrap().unwrap().state, state);
    assert!(store.candidates(at(900), 10).await.unwrap().is_empty());
    // What does not end by itself goes before what does.
    let stopped = store.pause(off, PausedBy::Operator, "coffee", at(5)).await.unwrap().unwrap();
    assert!(matches!(stopped.state, SourceState::Paused { by: PausedBy::Operator, .. }));
    store.look_again().await.unwrap();
    assert!(store.candidates(at(900), 10).await.unwrap().is_empty(), "looking again lets none run");

    assert_eq!(store.back_with_plugin(vec!["others".parse().unwrap()], at(6), 10).await.unwrap(), 0);
    assert_eq!(store.back_with_plugin(feeds(), at(6), 1).await.unwrap(), 1, "no more than asked");
    assert_eq!(store.back_with_plugin(feeds(), at(6), 10).await.unwrap(), 1);
    assert_eq!(store.back_with_plugin(feeds(), at(6), 10).await.unwrap(), 0);
    let back = store.source(scheduled).await.unwrap().unwrap();
    assert_eq!((back.state, back.next_run), (SourceState::Active, before), "as it was");
    for id in [paused, off] {
        let held = store.source(id).await.unwrap().unwrap().state;
        assert!(matches!(held, SourceState::Paused { by: PausedBy::Operator, .. }), "a person's pause stays: {held:?}");
    }
    let due: Vec<_> = store.candidates(at(6), 10).await.unwrap().iter().map(|one| one.source.id).collect();
    assert_eq!(due, [new], "its first run is still queued");
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

/// A run that ends while its source waits has left nothing that is due.
pub(crate) async fn a_run_under_way_ends_while_its_source_waits(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    let feeds: tidegate_core::id::ProfileName = "feeds".parse().unwrap();
    assert_eq!(store.pause_for_plugin(&feeds, "gone", at(2), 10).await.unwrap(), 1);
    let plugin = RunPlugin { name: "rss".to_owned(), version: "1.0.0".to_owned(), digest: "aa".to_owned() };
    let end = crate::ports::Commit { plugin: Some(plugin.clone()), ..commit(&live, None, Some(success())) };
    done(&*store, end, at(3)).await;
    assert_eq!(store.run(live.run).await.unwrap().unwrap().plugin, Some(plugin), "it says by what it was done");
    let waits = store.source(id).await.unwrap().unwrap();
    assert!(matches!(waits.state, SourceState::Paused { by: PausedBy::PluginMissing, .. }), "{waits:?}");
    assert!(store.candidates(at(900), 10).await.unwrap().is_empty());
    assert_eq!(store.back_with_plugin(vec![feeds.clone()], at(4), 10).await.unwrap(), 1);
    let back = store.source(id).await.unwrap().unwrap();
    assert_eq!(back.next_run, Some(NextRun { at: at(4), trigger: Trigger::Schedule }));
    assert_eq!(store.candidates(at(4), 10).await.unwrap().len(), 1);
    // Back while a run is under way: what follows is that run's to say.
    let live = claim(&*store, id, at(5)).await;
    store.pause_for_plugin(&feeds, "gone", at(6), 10).await.unwrap();
    store.back_with_plugin(vec![feeds], at(7), 10).await.unwrap();
    assert!(store.candidates(at(8), 10).await.unwrap().is_empty());
    done(&*store, commit(&live, None, Some(success())), at(9)).await;
    assert!(store.source(id).await.unwrap().unwrap().next_run.is_some());
}
