//! What only this store promises, and its place in the suite of all stores.

mod crowd;
mod faults;
mod schemas;

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use tidegate_cluster::{Cluster, Database};
use tidegate_core::budget::{Measure, Reservation, Scope, Window};
use tidegate_core::claim::{Claim, ClaimRequest};
use tidegate_core::contract::OutcomeStatus;
use tidegate_core::id::{DaemonId, RunId, SourceId};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Retry;
use tidegate_core::run::{Finish, Policy, RunResult};
use tidegate_core::schedule::Schedule;
use tidegate_core::source::{NewSource, Trigger};
use tidegate_core::time::{Span, UtcMillis};
use tidegate_core::zone::Zone;
use tokio::sync::OnceCell;

use super::PostgresStore;
use crate::database::DatabaseUrl;
use crate::ports::{Commit, Store, StoreError};
use crate::store::conformance::{Place, conformance};

/// A database on the cluster that the tests share.
struct Served(Database<'static>);

impl Served {
    /// A copy of one whose schema is there already. `None`: there is no PostgreSQL here.
    async fn new() -> Option<Self> {
        let cluster = tidegate_cluster::shared()?;
        Some(Self(cluster.database(Some(template(cluster).await)).await.unwrap()))
    }

    fn url(&self) -> DatabaseUrl {
        self.0.url().parse().unwrap()
    }

    async fn daemon(&self) -> PostgresStore {
        PostgresStore::open(&self.url(), limits::PG_CONNECTIONS, noon()).await.unwrap()
    }
}

/// The database that all others are copies of.
async fn template(cluster: &'static Cluster) -> &'static str {
    static TEMPLATE: OnceCell<Database<'static>> = OnceCell::const_new();
    let make = async || {
        let empty = cluster.database(None).await.unwrap();
        PostgresStore::migrate(&empty.url().parse().unwrap(), noon()).await.unwrap();
        empty
    };
    TEMPLATE.get_or_init(make).await.name()
}

#[async_trait]
impl Place for Served {
    async fn open(&self, _daemon: DaemonId, now: UtcMillis) -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(&self.url(), limits::PG_CONNECTIONS, now).await.unwrap())
    }

    fn one_daemon(&self) -> bool {
        false
    }
}

conformance!(Served::new);

/// Runs statements beside the store, as a person with `psql` would.
async fn tamper(url: &DatabaseUrl, sql: &'static str) {
    use sqlx::{ConnectOptions as _, Connection as _};
    let mut conn = url.expose().parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

/// The answer to a question beside the store.
async fn ask(url: &DatabaseUrl, sql: &'static str) -> i64 {
    use sqlx::{ConnectOptions as _, Connection as _};
    let mut conn = url.expose().parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    let answer = sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    answer
}

fn new_source(n: u128) -> (NewSource, RunId) {
    let source = NewSource {
        id: SourceId::from_bits(n),
        tenant: "acme".parse().unwrap(),
        profile: "feeds".parse().unwrap(),
        identifier: n.to_string(),
        overrides: serde_json::Map::new(),
        schedule: None,
        active: true,
    };
    (source, RunId::from_bits(n))
}

/// The request for the first run of [`new_source`], as one of at most `limit` runs of the day.
fn first_run(n: u128, daemon: u128, limit: u64) -> ClaimRequest {
    let window = Window { scope: Scope::All, measure: Measure::RunsPerDay, start: noon().day_start(), zone: Zone::UTC };
    ClaimRequest {
        source: SourceId::from_bits(n),
        run: RunId::from_bits(n),
        queued: true,
        trigger: Trigger::Bootstrap,
        total_runs: 0,
        credential: None,
        reserved: MicroUsd::ZERO,
        reservations: vec![Reservation { window, amount: 1, limit }],
        rates: vec![],
        daemon: DaemonId::from_bits(daemon),
        lease_until: noon().plus(limits::LEASE),
    }
}

/// The end of a run, well and with nothing new.
fn end_of(claim: &Claim) -> Commit {
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
        page: None,
        item_ids: vec![],
        raw: None,
        bytes: 1,
        fetches: 1,
        actor: None,
        finish: Some(Box::new(finish)),
        plugin: None,
    }
}

fn noon() -> UtcMillis {
    UtcMillis::parse("2026-11-21T12:00:00Z").unwrap()
}
