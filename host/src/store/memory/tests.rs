//! The store's place in the suite of all stores, and what only it promises: what it forgets.
//!
//! What the other stores are tested for beside the suite (kills, full disks, damaged files, a second opener's lock) is about
//! files and connections, of which this one has none.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tidegate_core::budget::{Measure, Scope, Window};
use tidegate_core::claim::ClaimRequest;
use tidegate_core::contract::OutcomeStatus;
use tidegate_core::id::{DaemonId, RunId, SourceId};
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Retry;
use tidegate_core::run::{Finish, Policy, RunResult};
use tidegate_core::schedule::Schedule;
use tidegate_core::source::{NewSource, Trigger};
use tidegate_core::time::{Span, UtcMillis};
use tidegate_core::zone::Zone;

use super::{Keep, Memory, MemoryStore};
use crate::ports::{Commit, RunFilter, Store};
use crate::store::conformance::{Place, conformance};

#[async_trait]
impl Place for Memory {
    async fn open(&self, _daemon: DaemonId, _now: UtcMillis) -> Arc<dyn Store> {
        Arc::new(Memory::open(self))
    }

    fn one_daemon(&self) -> bool {
        false
    }
}

#[expect(clippy::unused_async, reason = "a store that has to be reached makes its place asynchronously")]
async fn memory() -> Option<Memory> {
    Some(Memory::default())
}

conformance!(memory);

fn at(seconds: u64) -> UtcMillis {
    UtcMillis::parse("2026-11-21T12:00:00Z").unwrap().plus(Duration::from_secs(seconds))
}

async fn run_once(store: &MemoryStore, source: SourceId, run: u128, queued: bool, now: UtcMillis) {
    let window = Window { scope: Scope::All, measure: Measure::RunsPerDay, start: now.day_start(), zone: Zone::UTC };
    let request = ClaimRequest {
        source,
        run: RunId::from_bits(run),
        queued,
        trigger: Trigger::Schedule,
        total_runs: store.source(source).await.unwrap().unwrap().total_runs,
        credential: None,
        reserved: MicroUsd::ZERO,
        reservations: vec![tidegate_core::budget::Reservation { window, amount: 1, limit: 1_000_000 }],
        rates: vec![],
        daemon: DaemonId::from_bits(1),
        lease_until: now.plus(Duration::from_secs(20)),
    };
    let claim = store.claim(vec![request], now).await.unwrap().remove(0).unwrap();
    let policy = Policy {
        schedule: Schedule::every(Span::seconds(60)),
        min_interval: Duration::from_secs(60),
        retry: Retry::default(),
        dice: 0,
    };
    let finish = Finish {
        trigger: claim.trigger,
        result: RunResult::Succeeded(OutcomeStatus::NoNew),
        watermark: None,
        resumed: false,
        unread: false,
        facts: None,
        moved_to: None,
        hints: None,
        warnings: vec![],
        request: None,
        policy,
    };
    let commit = Commit {
        run: claim.run,
        source,
        generation: claim.generation,
        cap: 10,
        page: None,
        item_ids: vec![],
        raw: None,
        bytes: 0,
        fetches: 1,
        actor: None,
        finish: Some(Box::new(finish)),
        plugin: None,
    };
    store.commit(commit, now).await.unwrap();
}

/// However long it goes on, it holds no more than it was told to, and forgets no count.
#[tokio::test]
async fn ended_runs_are_forgotten_beyond_what_is_kept() {
    let store = Memory::new(Keep { ended_runs: 5, items_of_source: 10 }).open();
    let source = SourceId::from_bits(1);
    let new = NewSource {
        id: source,
        tenant: "acme".parse().unwrap(),
        profile: "feeds".parse().unwrap(),
        identifier: "one".to_owned(),
        overrides: serde_json::Map::new(),
        schedule: None,
        active: true,
    };
    store.create_source(new, RunId::from_bits(1), at(0)).await.unwrap();
    for n in 1..=40 {
        run_once(&store, source, n, n == 1, at(u64::try_from(n).unwrap() * 100)).await;
    }
    assert_eq!(store.runs(&RunFilter::default()).await.unwrap().len(), 5);
    assert_eq!(store.run(RunId::from_bits(35)).await.unwrap(), None);
    assert_eq!(store.source(source).await.unwrap().unwrap().total_runs, 40);
    assert_eq!(store.ledger(at(0)).await.unwrap()[0].balance.spent, 40);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    // Its first run is forgotten, but not that it had one.
    let id = store.pause(source, tidegate_core::source::PausedBy::Operator, "", at(9_000)).await.unwrap().unwrap().id;
    let resumed = store.resume(id, at(9_001)).await.unwrap().unwrap();
    assert_eq!(resumed.next_run.unwrap().trigger, Trigger::Schedule);
}
