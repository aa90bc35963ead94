//! The store's side of [`DeadLetters`]: each method's way to reader or writer.

use async_trait::async_trait;
use tidegate_core::extra::Extra;
use tidegate_core::id::{PageId, RunId, SourceId};
use tidegate_core::time::UtcMillis;

use super::pool::Work;
use super::{PostgresStore, dead, extra, replay};
use crate::ports::{
    DeadCount, DeadFilter, DeadLetter, DeadLetters, LetterId, PageRow, Queued, QueuedRun, RawPage, Replay, Replayed,
    StoreError,
};

#[async_trait]
impl DeadLetters for PostgresStore {
    async fn dead_letters(&self, filter: &DeadFilter) -> Result<Vec<DeadLetter>, StoreError> {
        let filter = filter.clone();
        self.read("list dead letters", Box::new(move |conn| Box::pin(dead::list(conn, filter)))).await
    }

    async fn dead_counts(&self, filter: &DeadFilter) -> Result<Vec<DeadCount>, StoreError> {
        let filter = filter.clone();
        self.read("count dead letters", Box::new(move |conn| Box::pin(dead::counts(conn, filter)))).await
    }

    async fn pages(&self, run: RunId) -> Result<Vec<PageRow>, StoreError> {
        self.read("list a run's pages", Box::new(move |conn| Box::pin(dead::pages(conn, run)))).await
    }

    async fn page(&self, id: PageId) -> Result<Option<RawPage>, StoreError> {
        self.read("read a page", Box::new(move |conn| Box::pin(dead::page(conn, id)))).await
    }

    async fn replay(&self, given: Replay, now: UtcMillis) -> Result<Replayed, StoreError> {
        self.write("take dead letters up", Box::new(move |conn| Box::pin(replay::replay(conn, given, now)))).await
    }

    async fn retry_run(&self, letter: LetterId, run: RunId, now: UtcMillis) -> Result<Queued, StoreError> {
        let work: Work<_> = Box::new(move |conn| Box::pin(extra::retry(conn, letter, run, now)));
        self.write("take a dead letter up", work).await
    }

    async fn discard(&self, filter: &DeadFilter, limit: u32) -> Result<u64, StoreError> {
        let filter = filter.clone();
        self.write("discard dead letters", Box::new(move |conn| Box::pin(dead::discard(conn, filter, limit)))).await
    }

    async fn queued(&self, source: SourceId, now: UtcMillis) -> Result<Option<QueuedRun>, StoreError> {
        self.read("look for a queued run", Box::new(move |conn| Box::pin(extra::next(conn, source, now)))).await
    }

    async fn queue_extra(
        &self,
        source: SourceId,
        wanted: Extra,
        run: RunId,
        now: UtcMillis,
    ) -> Result<Queued, StoreError> {
        let work: Work<_> = Box::new(move |conn| Box::pin(extra::queue(conn, source, wanted, run, now)));
        self.write("queue an extra run", work).await
    }
}
