//! Alerts: told once by whoever, until they are resolved; and the numbers that are watched.

use std::time::Duration;

use tidegate_core::alert::{
    About, Alert, AlertKey, Change, Kind, Threshold, dead_letters, pass_failing, rate_limited, source_paused,
};
use tidegate_core::failure::Class;
use tidegate_core::id::Id;

use super::Place;
use super::actor_runs::put_away;
use super::world::{at, claim, empty, fresh, me, source};

const DAY: Option<Duration> = Some(Duration::from_secs(86_400));

fn paused(number: u128) -> Alert {
    source_paused(About { source: Some(Id::from_bits(number)), ..About::default() }, "3 failures in a row").unwrap()
}

pub(crate) async fn an_alert_is_told_once_and_resolved(place: &dyn Place) {
    let store = empty(place).await;
    assert_eq!(store.alerts(10).await.unwrap(), []);
    let (open, change) = store.raise_alert(paused(1), DAY, at(0)).await.unwrap();
    assert_eq!((change, open.count), (Some(Change::Opened), 1));
    let (open, change) = store.raise_alert(paused(1), DAY, at(5)).await.unwrap();
    assert_eq!((change, open.count, open.opened_at, open.seen_at), (None, 2, at(0), at(5)));
    assert_eq!(store.alerts(10).await.unwrap(), std::slice::from_ref(&open));
    assert_eq!(store.resolve_alert(paused(1).key, None).await.unwrap(), Some(open));
    assert_eq!(store.resolve_alert(paused(1).key, None).await.unwrap(), None, "over is over");
    let (open, change) = store.raise_alert(paused(1), DAY, at(6)).await.unwrap();
    assert_eq!((change, open.opened_at, open.count), (Some(Change::Opened), at(6), 1), "a new one");
    let (_, change) = store.raise_alert(paused(1), DAY, at(6 + 24 * 60)).await.unwrap();
    assert_eq!(change, Some(Change::Reminder));
}

pub(crate) async fn of_two_daemons_one_tells(place: &dyn Place) {
    let store = empty(place).await;
    let other = if place.one_daemon() { store.clone() } else { place.open(Id::from_bits(8), at(0)).await };
    let raised = |store: std::sync::Arc<dyn crate::ports::Store>, number: u128| async move {
        store.raise_alert(paused(number), DAY, at(1)).await.unwrap().1
    };
    for number in 1..20 {
        let (one, two) = tokio::join!(raised(store.clone(), number), raised(other.clone(), number));
        assert_eq!([one, two].iter().flatten().count(), 1, "{one:?} {two:?}");
        let key = || paused(number).key;
        let (one, two) = tokio::join!(store.resolve_alert(key(), None), other.resolve_alert(key(), None));
        assert_eq!([one.unwrap(), two.unwrap()].iter().flatten().count(), 1);
    }
}

pub(crate) async fn what_was_seen_since_is_not_over(place: &dyn Place) {
    let store = empty(place).await;
    let alert = || pass_failing("admit", "no");
    store.raise_alert(alert(), DAY, at(0)).await.unwrap();
    store.raise_alert(alert(), DAY, at(4)).await.unwrap();
    assert_eq!(store.resolve_alert(alert().key, Some(at(3))).await.unwrap(), None);
    assert!(store.resolve_alert(alert().key, Some(at(4))).await.unwrap().is_some());
}

pub(crate) async fn a_reminder_is_made_once(place: &dyn Place) {
    let store = empty(place).await;
    store.raise_alert(paused(1), DAY, at(0)).await.unwrap();
    assert!(store.remind_alert(paused(1).key, at(0), at(1_440)).await.unwrap());
    assert!(!store.remind_alert(paused(1).key, at(0), at(1_441)).await.unwrap(), "somebody else was first");
    assert!(!store.remind_alert(paused(2).key, at(0), at(1)).await.unwrap(), "there is none");
    assert_eq!(store.alerts(10).await.unwrap()[0].told_at, at(1_440));
}

pub(crate) async fn all_of_an_alert_comes_back(place: &dyn Place) {
    let store = empty(place).await;
    let about = About {
        source: Some(fresh()),
        identifier: Some("https://example.org/\u{1F30A}'\"\\".to_owned()),
        tenant: Some("acme".parse().unwrap()),
        platform: Some("rss".to_owned()),
        profile: Some("feeds".parse().unwrap()),
        class: Some(Class::BadAnswer),
    };
    let full = source_paused(about, "tides\u{0} turn").unwrap();
    let letters = dead_letters(&"acme".parse().unwrap(), &"feeds".parse().unwrap(), "rss", 3, "one");
    store.raise_alert(full.clone(), None, at(1)).await.unwrap();
    store.raise_alert(Alert { remedy: None, ..letters.clone() }, None, at(2)).await.unwrap();
    let open = store.alerts(10).await.unwrap();
    assert_eq!(
        open.iter().map(|open| open.alert.clone()).collect::<Vec<_>>(),
        [full, Alert { remedy: None, ..letters }]
    );
    assert_eq!(store.alerts(1).await.unwrap().len(), 1, "the oldest first, and not more than asked for");
}

pub(crate) async fn hits_are_counted_apart_and_only_lately(place: &dyn Place) {
    let store = empty(place).await;
    let threshold = Threshold { most: 3, within: Duration::from_secs(3_600) };
    assert!(Threshold::of(Kind::RateLimited).is_some());
    let key = |platform: &str| rate_limited(platform, "429").key;
    // (platform, what, minute, count)
    for (platform, what, minute, expected) in [
        ("x", "a", 0, 1),
        ("x", "a", 10, 1), // the same one
        ("x", "b", 20, 2),
        ("rss", "c", 20, 1), // another platform
        ("x", "c", 30, 3),
        ("x", "d", 31, 3), // not more than is asked for
        ("x", "e", 85, 3), // b of minute 20 is too old, as the newest three count anyhow
        ("x", "f", 200, 1),
    ] {
        let hits = store.note_hit(key(platform), what.to_owned(), threshold, at(minute)).await.unwrap();
        assert_eq!(hits, expected, "{platform} {what} {minute}");
    }
    // What is resolved begins anew.
    store.raise_alert(rate_limited("x", "429"), None, at(200)).await.unwrap();
    store.resolve_alert(key("x"), None).await.unwrap();
    assert_eq!(store.note_hit(key("x"), "g".to_owned(), threshold, at(201)).await.unwrap(), 1);
}

pub(crate) async fn an_alert_survives_a_restart(place: &dyn Place) {
    let store = empty(place).await;
    store.raise_alert(paused(1), DAY, at(0)).await.unwrap();
    store.close().await;
    drop(store);
    let store = place.open(me(), at(1)).await;
    let (_, change) = store.raise_alert(paused(1), DAY, at(2)).await.unwrap();
    assert_eq!(change, None, "told before");
    assert_eq!(store.alerts(10).await.unwrap()[0].alert.key, AlertKey::SourcePaused(Id::from_bits(1)));
}

pub(crate) async fn the_pulse_counts_what_there_is(place: &dyn Place) {
    let store = empty(place).await;
    assert_eq!(store.pulse(at(0)).await.unwrap(), crate::ports::Pulse::default());
    let one = source(&*store, "one").await;
    source(&*store, "two").await;
    let pulse = store.pulse(at(3)).await.unwrap();
    assert_eq!((pulse.due, pulse.due_since, pulse.running, pulse.waiting), (2, Some(at(0)), 0, 0));
    claim(&*store, one.id, at(3)).await;
    put_away(&*store, "three").await;
    store.raise_alert(paused(1), None, at(3)).await.unwrap();
    let pulse = store.pulse(at(3)).await.unwrap();
    assert_eq!((pulse.due, pulse.running, pulse.waiting, pulse.alerts), (1, 1, 1, 1));
}
