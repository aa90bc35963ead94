//! The small world the cases play in: times, ids, sources, pages, ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidegate_core::budget::{Measure, Reservation, Scope, Window};
use tidegate_core::claim::{Claim, ClaimRequest, NotClaimed};
use tidegate_core::contract::{self, Batch, Outcome, OutcomeStatus};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{DaemonId, Id, Kind, SourceId};
use tidegate_core::item::{self, Counts, Page};
use tidegate_core::profile::Retry;
use tidegate_core::run::{Finish, Policy, RunResult, Settlement};
use tidegate_core::schedule::Schedule;
use tidegate_core::source::{NewSource, Source, Trigger};
use tidegate_core::time::{Span, UtcMillis};
use tidegate_core::zone::Zone;

use super::Place;
use crate::ports::{Commit, Committed, Created, Store};

/// Noon, and so many minutes.
pub(crate) fn at(minutes: u64) -> UtcMillis {
    UtcMillis::parse("2026-11-21T12:00:00Z").unwrap().plus(Duration::from_secs(minutes * 60))
}

/// An id nobody has had.
pub(super) fn fresh<K: Kind>() -> Id<K> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Id::new(at(0), u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 20)
}

/// The daemon of the cases that need only one.
pub(crate) fn me() -> DaemonId {
    DaemonId::from_bits(7)
}

/// The place's store at noon.
pub(super) async fn empty(place: &dyn Place) -> Arc<dyn Store> {
    place.open(me(), at(0)).await
}

pub(super) fn named(tenant: &str, identifier: &str) -> NewSource {
    NewSource {
        id: fresh(),
        tenant: tenant.parse().unwrap(),
        profile: "feeds".parse().unwrap(),
        identifier: identifier.to_owned(),
        overrides: serde_json::Map::new(),
        schedule: None,
        active: true,
    }
}

/// Creates a source that must be new.
pub(crate) async fn source(store: &dyn Store, identifier: &str) -> Source {
    match store.create_source(named("acme", identifier), fresh(), at(0)).await.unwrap() {
        Created::New(source) => source,
        Created::Existing(source) => panic!("{source:?} was there already"),
    }
}

/// One run of the day, of at most so many.
pub(super) fn one_of(limit: u64) -> Reservation {
    let window = Window { scope: Scope::All, measure: Measure::RunsPerDay, start: at(0).day_start(), zone: Zone::UTC };
    Reservation { window, amount: 1, limit }
}

/// Asks for the run that is queued for the source, else for a new one.
pub(super) async fn request(store: &dyn Store, source: SourceId, now: UtcMillis) -> ClaimRequest {
    let candidates = store.candidates(now, 1000).await.unwrap();
    let queued = candidates.into_iter().find(|c| c.source.id == source).and_then(|c| c.queued);
    let (run, trigger) = queued.unwrap_or((fresh(), Trigger::Schedule));
    let total_runs = store.source(source).await.unwrap().map_or(0, |source| source.total_runs);
    ClaimRequest {
        source,
        run,
        queued: queued.is_some(),
        trigger,
        total_runs,
        credential: None,
        reserved: tidegate_core::money::MicroUsd::ZERO,
        reservations: vec![one_of(1000)],
        rates: vec![],
        daemon: me(),
        lease_until: now.plus(Duration::from_secs(20)),
    }
}

/// Claims what may be claimed.
pub(crate) async fn claim(store: &dyn Store, source: SourceId, now: UtcMillis) -> Claim {
    let request = request(store, source, now).await;
    claim_as(store, request, now).await.unwrap()
}

pub(super) async fn claim_as(store: &dyn Store, request: ClaimRequest, now: UtcMillis) -> Result<Claim, NotClaimed> {
    let mut answers = store.claim(vec![request], now).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

/// An item as a plugin gives it.
pub(super) fn item(external_id: &str, text: &str, published: Option<UtcMillis>) -> contract::Item {
    contract::Item {
        element: 3,
        external_id: external_id.to_owned(),
        partial: false,
        kind: "post".to_owned(),
        url: Some(format!("https://example.org/{external_id}")),
        authors: vec![],
        title: None,
        text: Some(text.to_owned()),
        html: None,
        summary: None,
        published_at: published.map(|at| at.to_string()),
        updated_at: None,
        language: None,
        media: vec![],
        metrics: vec![],
        references: vec![],
        tags: vec!["tides".to_owned()],
        data: None,
        extra: None,
    }
}

/// Items "a0", "a1" ..., the first one newest.
pub(super) fn items(prefix: &str, count: u64) -> Vec<contract::Item> {
    (0..count).map(|n| item(&format!("{prefix}{n}"), "text", Some(at(0).minus(Duration::from_secs(n * 60))))).collect()
}

pub(super) fn batch(items: Vec<contract::Item>) -> Batch {
    Batch {
        items,
        removals: vec![],
        rejects: vec![],
        fillers: 0,
        outcome: Outcome { status: OutcomeStatus::Ok, detail: String::new(), extra: None },
        facts: None,
        watermark: None,
        trouble: None,
        state: None,
        hints: None,
        warnings: vec![],
        next: None,
        extra: None,
    }
}

pub(super) fn page(batch: Batch) -> Page {
    item::accept(batch, Some(200), at(0)).unwrap()
}

/// An end that went well.
pub(crate) fn success() -> Finish {
    Finish {
        trigger: Trigger::Schedule,
        result: RunResult::Succeeded(OutcomeStatus::Ok),
        watermark: None,
        resumed: false,
        unread: false,
        facts: None,
        moved_to: None,
        hints: None,
        warnings: vec![],
        request: None,
        policy: Policy {
            schedule: Schedule::every(Span::seconds(3600)),
            min_interval: Duration::from_secs(60),
            retry: Retry::default(),
            dice: 0,
        },
    }
}

pub(crate) fn failure(class: Class, message: &str) -> Finish {
    Finish { result: RunResult::Failed(Failure::new(class, message)), ..success() }
}

/// A commit of a claim.
pub(crate) fn commit(claim: &Claim, page: Option<Page>, finish: Option<Finish>) -> Commit {
    let item_ids = page.iter().flat_map(|page| &page.items).map(|_| fresh()).collect();
    Commit {
        run: claim.run,
        source: claim.source.id,
        generation: claim.generation,
        cap: 1000,
        page: page.map(Box::new),
        item_ids,
        raw: None,
        bytes: 0,
        fetches: 0,
        actor: None,
        finish: finish.map(Box::new),
        plugin: None,
    }
}

/// Commits what must not be stale.
pub(crate) async fn done(store: &dyn Store, commit: Commit, now: UtcMillis) -> (Counts, Option<Settlement>) {
    match store.commit(commit, now).await.unwrap() {
        Committed::Done { total, settlement } => (total, settlement.map(|settlement| *settlement)),
        Committed::Stale => panic!("the claim holds"),
    }
}

/// A whole run: claimed, one page, ended well.
pub(super) async fn run_once(
    store: &dyn Store,
    source: SourceId,
    given: Vec<contract::Item>,
    now: UtcMillis,
) -> Counts {
    let claim = claim(store, source, now).await;
    done(store, commit(&claim, Some(page(batch(given))), Some(success())), now).await.0
}
