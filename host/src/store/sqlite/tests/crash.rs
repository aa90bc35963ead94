//! A machine that stops at any moment: what a copy of the files made then holds.

use std::sync::Arc;

use sqlx::Row as _;
use tidegate_core::claim::ClaimRequest;
use tidegate_core::contract::{Batch, Item, Outcome, OutcomeStatus};
use tidegate_core::id::ItemId;
use tidegate_core::item;
use tidegate_core::profile::Retry;
use tidegate_core::run::{Finish, Policy, RunResult};
use tidegate_core::schedule::Schedule;
use tidegate_core::source::Trigger;
use tidegate_core::time::Span;

use super::*;
use crate::ports::{Commit, Committed, ItemFilter, RunFilter, RunStage, SourceFilter};
use crate::store::sqlite::writer::Work;

const ITEMS: u128 = 5;

fn commit_of(claim: &tidegate_core::claim::Claim) -> Commit {
    let given = (0..ITEMS).map(|n| Item {
        element: 0,
        external_id: n.to_string(),
        partial: false,
        kind: String::new(),
        url: None,
        authors: vec![],
        title: None,
        text: Some("text ".repeat(300)),
        html: None,
        summary: None,
        published_at: None,
        updated_at: None,
        language: None,
        media: vec![],
        metrics: vec![],
        references: vec![],
        tags: vec![],
        data: None,
        extra: None,
    });
    let batch = Batch {
        items: given.collect(),
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
    };
    let policy = Policy {
        schedule: Schedule::every(Span::seconds(3600)),
        min_interval: std::time::Duration::from_secs(60),
        retry: Retry::default(),
        dice: 0,
    };
    let finish = Finish {
        trigger: claim.trigger,
        result: RunResult::Succeeded(OutcomeStatus::Ok),
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
    Commit {
        run: claim.run,
        source: claim.source.id,
        generation: claim.generation,
        cap: 100,
        page: Some(Box::new(item::accept(batch, None, noon()).unwrap())),
        item_ids: (0..ITEMS).map(|n| ItemId::from_bits(claim.run.bits() * 100 + n)).collect(),
        raw: None,
        bytes: 1,
        fetches: 1,
        actor: None,
        finish: Some(Box::new(finish)),
        plugin: None,
    }
}

async fn one_run(store: Arc<SqliteStore>, n: u128) {
    let (new, run) = new_source(n);
    let source = new.id;
    store.create_source(new, run, noon()).await.unwrap();
    let request = ClaimRequest {
        source,
        run,
        queued: true,
        trigger: Trigger::Bootstrap,
        total_runs: 0,
        credential: None,
        reserved: tidegate_core::money::MicroUsd::ZERO,
        reservations: vec![],
        rates: vec![],
        daemon: options().daemon,
        lease_until: noon(),
    };
    let claim = store.claim(vec![request], noon()).await.unwrap().remove(0).unwrap();
    assert!(matches!(store.commit(commit_of(&claim), noon()).await.unwrap(), Committed::Done { .. }));
}

/// The database and its log, copied as they are while the writer is anywhere, in the order a crash could leave them: the
/// log last, so that it is at least as new as the file (which the checkpoint, kept out here, alone writes).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_at_any_moment_is_whole() {
    let folder = Folder::new();
    let store = Arc::new(folder.daemon().await.unwrap());
    let work: Work<()> = Box::new(|conn| {
        Box::pin(async move {
            let row = sqlx::query("PRAGMA wal_autocheckpoint = 0").fetch_one(conn).await?;
            let _: i64 = row.try_get(0)?;
            Ok(())
        })
    });
    store.write("test", work).await.unwrap();
    let load: Vec<_> = (1..=60).map(|n| tokio::spawn(one_run(Arc::clone(&store), n))).collect();
    let mut copies = Vec::new();
    while load.iter().any(|task| !task.is_finished()) {
        let copy = Folder::new();
        std::fs::copy(folder.file(), copy.file()).unwrap();
        std::fs::copy(folder.file().with_extension("db-wal"), copy.file().with_extension("db-wal")).unwrap();
        copies.push(copy);
        tokio::task::yield_now().await;
    }
    for task in load {
        task.await.unwrap();
    }
    assert!(!copies.is_empty());
    let every = copies.len().div_ceil(20);
    let mut last = 0;
    for copy in copies.into_iter().step_by(every) {
        let store = copy.daemon().await.unwrap();
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        let sources = store.sources(&SourceFilter::default()).await.unwrap();
        let runs = store.runs(&RunFilter::default()).await.unwrap();
        assert_eq!(sources.len(), runs.len(), "each source has its one run");
        assert!(sources.len() >= last, "nothing that was there goes");
        last = sources.len();
        for run in runs {
            let filter = ItemFilter { source: Some(run.source), ..ItemFilter::default() };
            let items = store.items(&filter).await.unwrap().len();
            let whole = if run.stage == RunStage::Ended { 5 } else { 0 };
            assert_eq!((items, run.counts.new), (usize::try_from(whole).unwrap(), whole));
        }
        store.close().await;
    }
}
