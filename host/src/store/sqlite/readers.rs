//! Connections that only read.
//!
//! Owns: at most [`limits::STORE_READERS`] of them, opened when first needed. Each query sees the database as of its start
//! (WAL) and never waits for the writer. Must not know: what is read.
//!
//! Not sqlx's pool: that one guards its waits with timers, which fire at once where a test has paused time. Here a caller
//! that goes away takes its connection with it, and the next one opens another.

use std::sync::{Mutex, PoisonError};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tidegate_core::limits;
use tokio::sync::Semaphore;

use super::error::File;
use super::writer::Work;
use crate::ports::StoreError;
use crate::store::trouble::Outcome;

pub(super) struct Readers {
    options: SqliteConnectOptions,
    places: Semaphore,
    idle: Mutex<Vec<SqliteConnection>>,
    file: File,
}

impl Readers {
    pub(super) fn new(options: SqliteConnectOptions, file: File) -> Self {
        let places = Semaphore::new(limits::STORE_READERS);
        Self { options, places, idle: Mutex::new(Vec::new()), file }
    }

    /// Runs a query.
    pub(super) async fn read<T: Send>(&self, doing: &'static str, work: Work<T>) -> Result<T, StoreError> {
        let place = self.places.acquire().await.map_err(|_| self.file.closed(doing))?;
        let outcome = self.with_one(work).await;
        drop(place);
        outcome.map_err(|trouble| self.file.trouble(doing, trouble))
    }

    async fn with_one<T: Send>(&self, work: Work<T>) -> Outcome<T> {
        let idle = self.idle().pop();
        let mut conn = match idle {
            Some(conn) => conn,
            None => self.options.connect().await?,
        };
        let outcome = work(&mut conn).await;
        self.idle().push(conn);
        outcome
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for those under way and closes.
    pub(super) async fn close(&self) {
        let all = u32::try_from(limits::STORE_READERS).unwrap_or(u32::MAX);
        if let Ok(places) = self.places.acquire_many(all).await {
            self.places.close();
            drop(places);
        }
        let idle = core::mem::take(&mut *self.idle());
        for conn in idle {
            if let Err(error) = conn.close().await {
                tracing::debug!(file = self.file.name(), %error, "a reader did not close cleanly");
            }
        }
    }
}
