//! Plugins that break down: counted by run and source, put into quarantine once, released.

use tidegate_core::limits;
use tidegate_core::quarantine::{Faults, Quarantine};
use tidegate_core::source::{PausedBy, Source};
use tidegate_core::time::UtcMillis;

use super::Place;
use super::claims::skipped;
use super::world::{at, empty, fresh, items, named, run_once, source};
use crate::ports::{Created, Fault, Store};

fn fault(digest: &str, run: u128, source: u128) -> Fault {
    let (plugin, digest) = ("rss".to_owned(), digest.to_owned());
    Fault {
        plugin,
        digest,
        run: tidegate_core::id::Id::from_bits(run),
        source: tidegate_core::id::Id::from_bits(source),
    }
}

fn held(digest: &str) -> Quarantine {
    let (plugin, digest, why) = ("rss".to_owned(), digest.to_owned(), "trap\u{0} in 'plan'".to_owned());
    Quarantine { plugin, digest, since: at(1), runs: 5, sources: 3, why }
}

pub(crate) async fn faults_are_counted_by_run_and_source(place: &dyn Place) {
    let store = empty(place).await;
    let faults = |runs, sources, since| Faults { runs, sources, since: at(since) };
    // Minute, digest, run, source, what is counted then.
    let table = [
        (0, "a", 1, 1, faults(1, 1, 0)),
        (1, "a", 1, 1, faults(1, 1, 0)), // the same run
        (2, "a", 2, 1, faults(2, 1, 0)), // the same source
        (3, "a", 3, 2, faults(3, 2, 0)),
        (3, "b", 4, 3, faults(1, 1, 3)), // another version
        (59, "a", 5, 3, faults(4, 3, 0)),
        (61, "a", 6, 3, faults(4, 3, 2)), // the first is too old
        (200, "a", 7, 1, faults(1, 1, 200)),
    ];
    for (minute, digest, run, source, expected) in table {
        let counted = store.note_fault(fault(digest, run, source), at(minute)).await.unwrap();
        assert_eq!(counted, expected, "{minute} {digest} {run}");
    }
    let other = Fault { plugin: "x".to_owned(), ..fault("a", 8, 9) };
    assert_eq!(store.note_fault(other, at(200)).await.unwrap(), faults(1, 1, 200), "another plugin");
    let most = limits::QUARANTINE_KEPT;
    let mut counted = Faults::default();
    for run in 0..u128::from(most) + 5 {
        counted = store.note_fault(fault("c", 1_000 + run, run), at(201)).await.unwrap();
    }
    assert_eq!(counted, Faults { runs: most, sources: most, since: at(201) }, "no more than are remembered");
}

pub(crate) async fn sources_on_which_a_plugin_works_are_counted(place: &dyn Place) {
    let store = empty(place).await;
    for (name, minute) in [("one", 10), ("two", 20), ("three", 30)] {
        let id = source(&*store, name).await.id;
        run_once(&*store, id, items(name, 1), at(minute)).await;
    }
    source(&*store, "never").await;
    let worked = async |profiles: &[&str], minute, most| {
        let profiles = profiles.iter().map(|name| name.parse().unwrap()).collect();
        store.worked(profiles, at(minute), most).await.unwrap()
    };
    assert_eq!(worked(&["feeds"], 0, 99).await, 3);
    assert_eq!(worked(&["feeds", "others"], 20, 99).await, 2);
    assert_eq!(worked(&["feeds"], 0, 2).await, 2, "not counted further than asked");
    assert_eq!((worked(&["others"], 0, 99).await, worked(&[], 0, 99).await), (0, 0));
}

pub(crate) async fn faults_of_one_tenant_alone_are_told(place: &dyn Place) {
    let store = empty(place).await;
    let tenant = async |tenant: &str, name: &str| {
        let Created::New(source) = store.create_source(named(tenant, name), fresh(), at(0)).await.unwrap() else {
            panic!("{name} is new")
        };
        source
    };
    let one = async |digest: &str| {
        let version = ("rss".to_owned(), digest.to_owned());
        store.are_of_one_tenant(version, vec!["feeds".parse().unwrap()]).await.unwrap()
    };
    let (evil, worse) = (tenant("evil", "a").await, tenant("evil", "b").await);
    let note = async |digest: &str, source: &Source| {
        let fault = Fault { run: fresh(), source: source.id, ..fault(digest, 0, 0) };
        store.note_fault(fault, at(1)).await.unwrap();
    };
    assert!(!one("a").await, "there are no faults");
    note("a", &evil).await;
    note("a", &worse).await;
    assert!(!one("a").await, "nobody else has a source");
    let good = tenant("good", "c").await;
    assert!(one("a").await && !one("b").await);
    note("a", &good).await;
    assert!(!one("a").await, "it breaks down on the other's too");
    // Sources that do not run are nobody to spare.
    note("b", &evil).await;
    assert!(one("b").await);
    store.pause(good.id, PausedBy::Operator, "tea", at(2)).await.unwrap();
    assert!(!one("b").await);
}

pub(crate) async fn a_version_is_put_into_quarantine_once_and_released(place: &dyn Place) {
    let store = empty(place).await;
    let one = source(&*store, "one").await;
    assert!(store.quarantine(held("a")).await.unwrap());
    assert!(!store.quarantine(Quarantine { runs: 9, ..held("a") }).await.unwrap(), "it is in it");
    assert!(store.quarantine(held("b")).await.unwrap());
    let listed = store.quarantines().await.unwrap();
    assert_eq!(listed.iter().map(|held| (held.digest.as_str(), held.runs)).collect::<Vec<_>>(), [("a", 5), ("b", 5)]);
    assert!(listed[0].why.contains("in 'plan'"));
    store.note_fault(fault("a", 1, 1), at(1)).await.unwrap();
    store.note_fault(fault("b", 2, 2), at(1)).await.unwrap();
    store.skip(vec![skipped(&one, "plugin in quarantine", Some(at(60)))], at(2)).await.unwrap();
    assert!(!store.release("rss", Some("c")).await.unwrap() && !store.release("x", None).await.unwrap());
    assert_eq!(due(&*store, at(3)).await, 0, "nothing was released");
    assert!(store.release("rss", Some("a")).await.unwrap());
    assert_eq!(due(&*store, at(3)).await, 1, "who was put off is looked at again");
    assert_eq!(store.quarantines().await.unwrap(), [listed[1].clone()]);
    assert_eq!(store.note_fault(fault("a", 3, 1), at(4)).await.unwrap().runs, 1, "its faults are forgotten");
    assert_eq!(store.note_fault(fault("b", 4, 1), at(4)).await.unwrap().runs, 2, "those of the other are not");
    store.close().await;
    drop(store);
    let store = place.open(fresh(), at(5)).await;
    assert_eq!(store.quarantines().await.unwrap(), [listed[1].clone()], "over a restart");
    assert!(store.release("rss", None).await.unwrap() && !store.release("rss", None).await.unwrap());
}

async fn due(store: &dyn Store, now: UtcMillis) -> usize {
    store.candidates(now, 10).await.unwrap().len()
}
