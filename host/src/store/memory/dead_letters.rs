//! The store's side of [`DeadLetters`].

use async_trait::async_trait;
use tidegate_core::extra::Extra;
use tidegate_core::id::{PageId, RunId, SourceId};
use tidegate_core::time::UtcMillis;

use super::MemoryStore;
use crate::ports::{
    DeadCount, DeadFilter, DeadLetter, DeadLetters, LetterId, PageRow, Queued, QueuedRun, RawPage, Replay, Replayed,
    StoreError,
};

#[async_trait]
impl DeadLetters for MemoryStore {
    async fn dead_letters(&self, filter: &DeadFilter) -> Result<Vec<DeadLetter>, StoreError> {
        self.with("list dead letters", |tables| tables.letters(filter))
    }

    async fn dead_counts(&self, filter: &DeadFilter) -> Result<Vec<DeadCount>, StoreError> {
        self.with("count dead letters", |tables| tables.dead.counts(filter))
    }

    async fn pages(&self, run: RunId) -> Result<Vec<PageRow>, StoreError> {
        self.with("list a run's pages", |tables| tables.list_pages(run))
    }

    async fn page(&self, id: PageId) -> Result<Option<RawPage>, StoreError> {
        self.with("read a page", |tables| tables.pages.get(&id).map(|kept| kept.raw.clone()))
    }

    async fn replay(&self, replay: Replay, now: UtcMillis) -> Result<Replayed, StoreError> {
        self.trying("take dead letters up", |tables| tables.replay(replay, now))
    }

    async fn retry_run(&self, letter: LetterId, run: RunId, now: UtcMillis) -> Result<Queued, StoreError> {
        self.with("take a dead letter up", |tables| tables.retry_run(letter, run, now))
    }

    async fn discard(&self, filter: &DeadFilter, limit: u32) -> Result<u64, StoreError> {
        self.with("discard dead letters", |tables| tables.dead.discard(filter, limit))
    }

    async fn queued(&self, source: SourceId, now: UtcMillis) -> Result<Option<QueuedRun>, StoreError> {
        self.with("look for a queued run", |tables| tables.next_queued(source, now))
    }

    async fn queue_extra(
        &self,
        source: SourceId,
        extra: Extra,
        run: RunId,
        now: UtcMillis,
    ) -> Result<Queued, StoreError> {
        self.with("queue an extra run", |tables| tables.queue_extra(source, extra, run, now))
    }
}
