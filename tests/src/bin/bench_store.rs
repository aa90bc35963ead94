//! How fast the SQLite store takes in runs: 500 runs of 20 items (1.25 KB of text each, and a raw page of 8 KB that does
//! not compress further), 64 in flight as the daemon has them, at full durability.
//!
//! `cargo xtask bench store [FOLDER]` prints one JSON object a line: the first pass stores
//! everything, the second finds nothing new, the third changes every item's metrics. CPU is that of all threads of the
//! process, from `/proc`, the making of the pages left out.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::allow_attributes,
    clippy::disallowed_methods,
    reason = "a bench"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate::ports::{Commit, Committed, RawPage, Store};
use tidegate::store::sqlite::{OpenOptions, SqliteStore};
use tidegate_core::budget::{Measure, Reservation, Scope, Window};
use tidegate_core::claim::{Claim, ClaimRequest};
use tidegate_core::contract::{Batch, Item, Metric, Outcome, OutcomeStatus};
use tidegate_core::id::{DaemonId, ItemId, PageId, RunId, SourceId};
use tidegate_core::item;
use tidegate_core::profile::Retry;
use tidegate_core::run::{Finish, Policy, RunResult};
use tidegate_core::schedule::Schedule;
use tidegate_core::source::{NewSource, Trigger};
use tidegate_core::time::{Span, UtcMillis};
use tidegate_core::zone::Zone;
use tokio::sync::Semaphore;

const RUNS: u64 = 500;
const ITEMS: u64 = 20;
const TEXT: usize = 1_200;
const PAGE: usize = 8 * 1024;
const IN_FLIGHT: usize = 64;

fn main() {
    let folder =
        std::env::args().nth(1).map_or_else(|| std::env::temp_dir().join("tidegate-bench-store"), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(&folder));
}

async fn run(folder: &Path) {
    let path = folder.join("bench.db");
    for end in ["", "-wal", "-shm", ".lock"] {
        let file = folder.join(format!("bench.db{end}"));
        if file.exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
    let options = OpenOptions { create: true, daemon: DaemonId::from_bits(1), now: at(0) };
    let store = Arc::new(SqliteStore::open(&path, options).await.unwrap());
    measured("create", RUNS, create(Arc::clone(&store))).await;
    for (pass, name) in ["new", "known", "metrics"].into_iter().enumerate() {
        let pass = u64::try_from(pass).unwrap();
        let now = at(pass * 120);
        let claims = measured("claim", RUNS, claim(Arc::clone(&store), now)).await;
        assert_eq!(claims.len() as u64, RUNS);
        let commits: Vec<_> = claims.iter().map(|claim| commit(claim, pass, now)).collect();
        measured(name, RUNS, write(Arc::clone(&store), commits, now)).await;
    }
    store.close().await;
    println!(
        "{{\"bench\":\"store\",\"pass\":\"size\",\"file_mb\":{:.1}}}",
        std::fs::metadata(&path).unwrap().len() as f64 / 1e6
    );
}

fn at(minutes: u64) -> UtcMillis {
    UtcMillis::parse("2026-11-21T12:00:00Z").unwrap().plus(Duration::from_secs(minutes * 60))
}

/// Prints what it took.
async fn measured<T>(pass: &str, runs: u64, work: impl Future<Output = T>) -> T {
    let (cpu, began) = (cpu(), Instant::now());
    let value = work.await;
    let (wall, cpu) = (began.elapsed().as_secs_f64(), self::cpu() - cpu);
    let (runs, items) = (runs as f64 / wall, (runs * ITEMS) as f64 / wall);
    println!(
        "{{\"bench\":\"store\",\"pass\":\"{pass}\",\"wall_s\":{wall:.3},\"cpu_s\":{cpu:.3},\"runs_per_s\":{runs:.0},\"items_per_s\":{items:.0}}}"
    );
    value
}

/// CPU seconds of all living threads of this process.
fn cpu() -> f64 {
    let mut nanos = 0.0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let text = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap_or_default();
        nanos += text.split(' ').next().and_then(|first| first.parse::<f64>().ok()).unwrap_or(0.0);
    }
    nanos / 1e9
}

async fn create(store: Arc<SqliteStore>) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..RUNS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let new = NewSource {
                id: SourceId::from_bits(u128::from(n)),
                tenant: "acme".parse().unwrap(),
                profile: "feeds".parse().unwrap(),
                identifier: format!("https://feeds.example.org/{n}.xml"),
                overrides: serde_json::Map::new(),
                schedule: None,
                active: true,
            };
            store.create_source(new, RunId::from_bits(u128::from(n)), at(0)).await.unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

async fn claim(store: Arc<SqliteStore>, now: UtcMillis) -> Vec<Claim> {
    let mut claims = Vec::new();
    loop {
        let due = store.candidates(now, 100).await.unwrap();
        if due.is_empty() {
            return claims;
        }
        let window = Window::at(Scope::All, Measure::RunsPerDay, &Zone::UTC, now);
        let request = |(n, candidate): (usize, tidegate::ports::Candidate)| ClaimRequest {
            credential: None,
            reserved: tidegate_core::money::MicroUsd::ZERO,
            source: candidate.source.id,
            total_runs: candidate.source.total_runs,
            run: candidate.queued.map_or_else(|| RunId::new(now, (claims.len() + n + 1) as u128), |(run, _)| run),
            queued: candidate.queued.is_some(),
            trigger: candidate.queued.map_or(Trigger::Schedule, |(_, trigger)| trigger),
            reservations: vec![Reservation { window: window.clone(), amount: 1, limit: 100_000 }],
            rates: vec![],
            daemon: DaemonId::from_bits(1),
            lease_until: now.plus(Duration::from_secs(20)),
        };
        let requests = due.into_iter().enumerate().map(request).collect();
        claims.extend(store.claim(requests, now).await.unwrap().into_iter().map(Result::unwrap));
    }
}

async fn write(store: Arc<SqliteStore>, commits: Vec<Commit>, now: UtcMillis) {
    let places = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut tasks = tokio::task::JoinSet::new();
    for commit in commits {
        let (store, places) = (Arc::clone(&store), Arc::clone(&places));
        tasks.spawn(async move {
            let _place = places.acquire().await.unwrap();
            assert!(matches!(store.commit(commit, now).await.unwrap(), Committed::Done { .. }));
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

fn commit(claim: &Claim, pass: u64, now: UtcMillis) -> Commit {
    let batch = Batch {
        items: (0..ITEMS).map(|n| given(claim, n, pass)).collect(),
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
    let bits = claim.run.bits() << 8;
    let policy = Policy {
        schedule: Schedule::every(Span::seconds(3600)),
        min_interval: Duration::from_secs(60),
        retry: Retry::default(),
        dice: 0,
    };
    let raw = RawPage {
        id: PageId::from_bits(bits + u128::from(pass)),
        number: 0,
        status: 200,
        url: claim.source.identifier.clone(),
        meta: "{\"headers\":[[\"etag\",\"x\"]]}".to_owned(),
        body: noise(bits, PAGE),
        body_bytes: 40_000,
        fetched_at: now,
        keep_until: now,
        left_out: Vec::new(),
    };
    Commit {
        run: claim.run,
        source: claim.source.id,
        generation: claim.generation,
        cap: 20,
        page: Some(Box::new(item::accept(batch, Some(200), now).unwrap())),
        item_ids: (0..u128::from(ITEMS)).map(|n| ItemId::new(now, (bits << 8) + n)).collect(),
        raw: Some(raw),
        bytes: 40_000,
        fetches: 1,
        actor: None,
        finish: Some(Box::new(Finish {
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
        })),
        plugin: None,
    }
}

fn given(claim: &Claim, n: u64, pass: u64) -> Item {
    let url = format!("{}/posts/{n}-a-post-about-the-tides", claim.source.identifier);
    let likes = if pass == 2 { 2.0 } else { 1.0 };
    Item {
        element: u32::try_from(n).unwrap(),
        external_id: url.clone(),
        partial: false,
        kind: "article".to_owned(),
        url: Some(url),
        authors: vec![],
        title: Some(format!("Post {n}: what the tides bring")),
        text: Some("water ".repeat(TEXT / 12)),
        html: Some("<p>water</p>".repeat(TEXT / 24)),
        summary: None,
        published_at: Some(at(0).minus(Duration::from_secs(3600 * n)).to_string()),
        updated_at: None,
        language: Some("en".to_owned()),
        media: vec![],
        metrics: vec![Metric { name: "likes".to_owned(), value: likes }],
        references: vec![],
        tags: vec!["tides".to_owned(), "water".to_owned()],
        data: None,
        extra: None,
    }
}

/// Bytes that do not compress.
fn noise(seed: u128, size: usize) -> Vec<u8> {
    let mut state = seed
        .to_le_bytes()
        .into_iter()
        .fold(0x9e37_79b9_7f4a_7c15_u64, |s, b| (s ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(size).collect()
}
