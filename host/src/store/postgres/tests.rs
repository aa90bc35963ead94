//! What only this store promises, and its place in the suite of all stores.

use std::sync::Arc;

use async_trait::async_trait;
use tidegate_cluster::{Cluster, Database};
use tidegate_core::id::DaemonId;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tokio::sync::OnceCell;

use super::PostgresStore;
use crate::database::DatabaseUrl;
use crate::ports::Store;
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

fn noon() -> UtcMillis {
    UtcMillis::parse("2026-11-21T12:00:00Z").unwrap()
}
