//! What only this store promises: the lock, the file, the writer; and its place in the suite of all stores.

mod crash;
mod files;
mod rows;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;
use tidegate_core::id::{DaemonId, RunId, SourceId};
use tidegate_core::source::NewSource;
use tidegate_core::time::UtcMillis;

use super::{OpenOptions, SqliteStore};
use crate::ports::{Store, StoreError};
use crate::store::conformance::{Place, conformance};

/// A folder for one database.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("tidegate.db")
    }

    async fn daemon(&self) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(&self.file(), options()).await
    }
}

#[async_trait]
impl Place for Folder {
    async fn open(&self, daemon: DaemonId, now: UtcMillis) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.file(), OpenOptions { create: true, daemon, now }).await.unwrap())
    }

    fn one_daemon(&self) -> bool {
        true
    }
}

#[expect(clippy::unused_async, reason = "a store that has to be reached makes its place asynchronously")]
async fn folder() -> Option<Folder> {
    Some(Folder::new())
}

conformance!(folder);

fn noon() -> UtcMillis {
    UtcMillis::parse("2026-11-21T12:00:00Z").unwrap()
}

fn options() -> OpenOptions {
    OpenOptions { create: true, daemon: DaemonId::from_bits(1), now: noon() }
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
