//! The desk over a store: what is told of a history of events.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::alert::{Change, Kind};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{Id, SourceId};
use tidegate_core::item::Counts;
use tidegate_core::money::MicroUsd;
use tidegate_core::quarantine::Quarantine;
use tidegate_core::run::{Ending, Notice as SourceNotice};
use tidegate_core::source::{NewSource, PausedBy, Trigger};
use tidegate_core::time::UtcMillis;

use super::delivery::Told;
use crate::alerts::desk::{Desk, DeskConfig};
use crate::alerts::ear;
use crate::alerts::signal::signals;
use crate::ports::{ActorRuns as _, AlertRows as _, Attempt, Clock, Event, Observer, Quarantines as _, Store};
use crate::store::sqlite::{OpenOptions, SqliteStore};

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> UtcMillis {
        UtcMillis::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A daemon's desk, and what it has told.
struct Daemon {
    desk: Desk,
    store: Arc<SqliteStore>,
    clock: Arc<Hand>,
    told: Arc<Told>,
}

fn at(minutes: u64) -> UtcMillis {
    UtcMillis::parse("2026-11-22T12:00:00Z").unwrap().plus(Duration::from_secs(minutes * 60))
}

async fn daemon(dir: &Path, minutes: u64) -> Daemon {
    let options = OpenOptions { create: true, daemon: Id::from_bits(7), now: at(minutes) };
    let store = Arc::new(SqliteStore::open(&dir.join("tidegate.db"), options).await.unwrap());
    let (clock, told) = (Arc::new(Hand(AtomicI64::new(at(minutes).as_millis()))), Arc::<Told>::default());
    let config = DeskConfig {
        store: Arc::<SqliteStore>::clone(&store) as Arc<dyn Store>,
        clock: Arc::<Hand>::clone(&clock) as Arc<dyn Clock>,
        observer: Arc::<Told>::clone(&told) as Arc<dyn Observer>,
        remind: Some(Duration::from_secs(86_400)),
        posts: Vec::new(),
    };
    Daemon { desk: Desk::new(config, ear().1), store, clock, told }
}

impl Daemon {
    fn at(&self, minutes: u64) {
        self.clock.0.store(at(minutes).as_millis(), Ordering::Relaxed);
    }

    async fn see(&mut self, event: Event) {
        for signal in signals(&event) {
            self.desk.handle(signal).await;
        }
    }

    /// What was told since the last question.
    fn told(&self) -> Vec<(Change, Kind)> {
        let events = std::mem::take(&mut *self.told.0.lock().unwrap());
        let notice = |event: &Event| match event {
            Event::Alerted { notice } => Some((notice.change, notice.open.alert.key.kind())),
            _ => None,
        };
        events.iter().filter_map(notice).collect()
    }

    async fn source(&self, number: u128) -> SourceId {
        let source = NewSource {
            id: Id::from_bits(number),
            tenant: "acme".parse().unwrap(),
            profile: "feeds".parse().unwrap(),
            identifier: format!("https://example.org/{number}"),
            overrides: serde_json::Map::new(),
            schedule: None,
            active: true,
        };
        self.store.create_source(source, Id::from_bits(number + 1_000), at(0)).await.unwrap();
        Id::from_bits(number)
    }
}

fn attempt(source: SourceId, run: u128, class: Option<Class>, notice: Option<SourceNotice>) -> Event {
    Event::Attempt(Box::new(Attempt {
        run: Id::from_bits(run),
        source,
        identifier: "https://example.org/".to_owned(),
        tenant: "acme".parse().unwrap(),
        platform: "rss".to_owned(),
        profile: "feeds".parse().unwrap(),
        overrides: "{}".to_owned(),
        trigger: Trigger::Schedule,
        attempt: 1,
        ending: if class.is_some() { Ending::Failed } else { Ending::Ok },
        failure: class.map(|class| Failure::new(class, "it failed")),
        counts: Counts::default(),
        fetches: 1,
        bytes: 1,
        duration: Duration::ZERO,
        plugin_cpu: Duration::ZERO,
        cost_estimate: MicroUsd::ZERO,
        cost: MicroUsd::ZERO,
        warnings: vec![],
        notice,
        dead: false,
    }))
}

/// The same, kept as a dead letter.
fn dead(event: Event) -> Event {
    let Event::Attempt(attempt) = event else { panic!("{event:?}") };
    Event::Attempt(Box::new(Attempt { dead: true, ..*attempt }))
}

fn paused(source: SourceId) -> Event {
    attempt(source, 1, Some(Class::Transient), Some(SourceNotice::Paused("3 failures in a row".to_owned())))
}

#[tokio::test]
async fn a_pause_is_told_once_over_a_restart_and_so_is_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = daemon(dir.path(), 0).await;
    let source = one.source(1).await;
    one.store.pause(source, PausedBy::Automatic, "3 failures in a row", at(0)).await.unwrap();
    one.see(paused(source)).await;
    one.see(paused(source)).await;
    assert_eq!(one.told(), [(Change::Opened, Kind::SourcePaused)]);
    one.store.close().await;
    drop(one);

    let mut two = daemon(dir.path(), 5).await;
    two.see(paused(source)).await;
    two.desk.sweep().await;
    assert_eq!(two.told(), [], "it was told before");
    two.store.resume(source, at(6)).await.unwrap();
    two.desk.sweep().await;
    assert_eq!(two.told(), [], "whether it works is not known yet");
    two.see(attempt(source, 2, None, None)).await;
    two.see(attempt(source, 3, None, None)).await;
    assert_eq!(two.told(), [(Change::Resolved, Kind::SourcePaused)]);
}

/// However many runs of a source come to nothing: one alert, until the source works. A pause tells it by itself.
#[tokio::test]
async fn exhausted_retries_are_told_once_a_source() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = daemon(dir.path(), 0).await;
    let (source, other) = (one.source(1).await, one.source(2).await);
    for run in 0..5 {
        one.at(u64::try_from(run).unwrap() * 60);
        one.see(attempt(source, run, Some(Class::Transient), None)).await;
        one.see(dead(attempt(source, run, Some(Class::Transient), None))).await;
        one.desk.sweep().await;
    }
    assert_eq!(one.told(), [(Change::Opened, Kind::RetriesExhausted)]);
    one.see(dead(attempt(other, 9, Some(Class::Blocked), None))).await;
    assert_eq!(one.told(), [(Change::Opened, Kind::RetriesExhausted)], "another source");
    one.see(attempt(source, 10, None, None)).await;
    one.see(attempt(source, 11, None, None)).await;
    assert_eq!(one.told(), [(Change::Resolved, Kind::RetriesExhausted)]);
    one.store.remove(other).await.unwrap();
    one.desk.sweep().await;
    assert_eq!(one.told(), [(Change::Resolved, Kind::RetriesExhausted)], "it is gone");
    let third = one.source(3).await;
    one.store.pause(third, PausedBy::Automatic, "why", at(300)).await.unwrap();
    one.see(dead(paused(third))).await;
    assert_eq!(one.told(), [(Change::Opened, Kind::SourcePaused)]);
}

#[tokio::test]
async fn what_lasts_is_reminded_of_and_what_is_gone_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = daemon(dir.path(), 0).await;
    let (stays, goes) = (one.source(1).await, one.source(2).await);
    for source in [stays, goes] {
        one.store.pause(source, PausedBy::Automatic, "why", at(0)).await.unwrap();
        one.see(paused(source)).await;
    }
    assert_eq!(one.told().len(), 2);
    one.at(24 * 60 - 1);
    one.desk.sweep().await;
    assert_eq!(one.told(), []);
    one.store.remove(goes).await.unwrap();
    one.at(24 * 60);
    one.desk.sweep().await;
    one.desk.sweep().await;
    let mut told = one.told();
    told.sort();
    assert_eq!(told, [(Change::Reminder, Kind::SourcePaused), (Change::Resolved, Kind::SourcePaused)]);
}

#[tokio::test]
async fn a_gate_is_told_closed_and_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = daemon(dir.path(), 0).await;
    let gate = |class| {
        let key = GateKey::Credential("apify".parse().unwrap());
        Gate { key, class, why: "no".to_owned(), since: at(0), until: at(10) }
    };
    one.see(Event::GateClosed { gate: gate(Class::Capacity) }).await;
    one.see(Event::GateOpened { key: gate(Class::Capacity).key }).await;
    assert_eq!(one.told(), [], "a busy account is no news");
    one.store.close_gate(gate(Class::Credential), at(0)).await.unwrap();
    one.see(Event::GateClosed { gate: gate(Class::Credential) }).await;
    one.desk.sweep().await;
    assert_eq!(one.told(), [(Change::Opened, Kind::GateClosed)]);
    one.see(Event::GateOpened { key: gate(Class::Credential).key }).await;
    assert_eq!(one.told(), [(Change::Resolved, Kind::GateClosed)]);
    // Opened by another daemon: nobody told this one.
    one.at(2);
    one.see(Event::GateClosed { gate: gate(Class::Credential) }).await;
    one.store.open_gate(gate(Class::Credential).key, at(3)).await.unwrap();
    one.desk.sweep().await;
    assert_eq!(one.told(), [(Change::Opened, Kind::GateClosed), (Change::Resolved, Kind::GateClosed)]);
}

#[tokio::test]
async fn five_rate_limits_within_an_hour_are_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = daemon(dir.path(), 0).await;
    for run in 0..4 {
        one.see(attempt(Id::from_bits(run), run, Some(Class::RateLimited), None)).await;
    }
    assert_eq!(one.told(), []);
    one.at(61);
    for run in 10..14 {
        one.see(attempt(Id::from_bits(run), run, Some(Class::RateLimited), None)).await;
    }
    assert_eq!(one.told(), [], "those before are too old");
    for run in 20..90 {
        one.see(attempt(Id::from_bits(run), run, Some(Class::RateLimited), None)).await;
    }
    assert_eq!(one.told(), [(Change::Opened, Kind::RateLimited)]);
    one.at(120);
    one.desk.sweep().await;
    assert_eq!(one.told(), []);
    one.at(121);
    one.desk.sweep().await;
    assert_eq!(one.told(), [(Change::Resolved, Kind::RateLimited)]);
}

/// Told once, whoever sees it; over when another version serves, or when a person has released it in another process.
#[tokio::test]
async fn a_quarantine_is_told_once_and_so_is_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = daemon(dir.path(), 0).await;
    let (plugin, digest, why) = ("rss".to_owned(), "sha256:0".to_owned(), "trap".to_owned());
    let quarantine = Quarantine { plugin, digest, since: at(0), runs: 5, sources: 3, why };
    one.store.quarantine(quarantine.clone()).await.unwrap();
    for run in 0..9 {
        one.see(attempt(Id::from_bits(run), run, Some(Class::PluginFault), None)).await;
        one.see(Event::Quarantined { quarantine: quarantine.clone() }).await;
    }
    one.desk.sweep().await;
    assert_eq!(one.told(), [(Change::Opened, Kind::PluginQuarantined)]);
    one.see(Event::Released { plugin: "rss".to_owned() }).await;
    assert_eq!(one.told(), [(Change::Resolved, Kind::PluginQuarantined)]);
    one.at(5);
    one.see(Event::Quarantined { quarantine }).await;
    one.at(24 * 60 + 5);
    one.desk.sweep().await;
    assert!(one.store.release("rss", None).await.unwrap());
    one.desk.sweep().await;
    let kinds = |changes: [Change; 3]| changes.map(|change| (change, Kind::PluginQuarantined));
    assert_eq!(one.told(), kinds([Change::Opened, Change::Reminder, Change::Resolved]));
}

/// The database itself is what fails: told all the same, once, and not again when it is back.
#[tokio::test]
async fn a_database_that_takes_nothing_is_told_of_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = daemon(dir.path(), 0).await;
    one.store.close().await;
    let failed = || Event::PassFailed { pass: "admit", error: "the disk is full".to_owned() };
    for minute in 0..3 {
        one.at(minute);
        one.see(failed()).await;
    }
    assert_eq!(one.told(), [(Change::Opened, Kind::PassFailing)]);
    one.desk.sweep().await;
    one.see(failed()).await;
    assert_eq!(one.told(), []);

    let back = daemon(dir.path(), 4).await;
    one.desk.config.store = Arc::<SqliteStore>::clone(&back.store) as Arc<dyn Store>;
    one.desk.sweep().await;
    assert_eq!(back.store.alerts(10).await.unwrap().len(), 1, "it is written now");
    assert_eq!(one.told(), [], "and was told before");
    one.at(10);
    one.desk.sweep().await;
    assert_eq!(one.told(), [(Change::Resolved, Kind::PassFailing)]);
}

#[test]
fn events_that_nobody_has_to_hear_of() {
    let source = Id::from_bits(1);
    let none = [
        Event::Stale { run: Id::from_bits(1), source },
        Event::Recovered { run: Id::from_bits(1), source, attempt: 1, requeued: true },
        attempt(source, 1, Some(Class::Transient), None),
    ];
    for event in &none {
        assert_eq!(signals(event), [], "{event:?}");
    }
}
