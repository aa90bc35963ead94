//! The store's side of [`KeptPages`]: each method's way to reader or writer.

use async_trait::async_trait;
use tidegate_core::id::{PageId, ProfileName, SourceId};
use tidegate_core::time::UtcMillis;

use super::pool::Work;
use super::{PostgresStore, kept};
use crate::ports::{Applied, ItemRow, KeptFilter, KeptPage, KeptPages, ReplayRun, StoreError};

#[async_trait]
impl KeptPages for PostgresStore {
    async fn kept_pages(&self, filter: &KeptFilter) -> Result<Vec<KeptPage>, StoreError> {
        let filter = *filter;
        self.read("list kept pages", Box::new(move |conn| Box::pin(kept::list(conn, filter)))).await
    }

    async fn stored_items(&self, source: SourceId, external_ids: Vec<String>) -> Result<Vec<ItemRow>, StoreError> {
        self.read("look items up", Box::new(move |conn| Box::pin(kept::stored(conn, source, external_ids)))).await
    }

    async fn items_by_page(
        &self,
        source: SourceId,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<(String, Option<PageId>)>, StoreError> {
        let work: Work<_> = Box::new(move |conn| Box::pin(kept::items_by_page(conn, source, after, limit)));
        self.read("list items with their pages", work).await
    }

    async fn apply_replay(&self, replay: ReplayRun, now: UtcMillis) -> Result<Applied, StoreError> {
        self.write("write a replay", Box::new(move |conn| Box::pin(kept::apply(conn, replay, now)))).await
    }

    async fn trim_pages(&self, profile: &ProfileName, most: u64, limit: usize) -> Result<u64, StoreError> {
        let profile = profile.clone();
        let work: Work<_> = Box::new(move |conn| Box::pin(kept::trim(conn, profile, most, limit)));
        self.write("trim kept pages", work).await
    }
}
