//! The store's side of [`Follows`].

use async_trait::async_trait;
use tidegate_core::id::{SourceId, Tenant, UserId};
use tidegate_core::time::UtcMillis;

use super::MemoryStore;
use crate::ports::{Changed, Follower, Follows, Moved, Recounted, Retier, StoreError};

#[async_trait]
impl Follows for MemoryStore {
    async fn follow(
        &self,
        tenant: Tenant,
        user: UserId,
        sources: Vec<SourceId>,
        now: UtcMillis,
    ) -> Result<Changed, StoreError> {
        self.with("follow", |tables| tables.follow(tenant, user, sources, now))
    }

    async fn unfollow(
        &self,
        tenant: Tenant,
        user: UserId,
        sources: Vec<SourceId>,
        _now: UtcMillis,
    ) -> Result<Changed, StoreError> {
        self.with("unfollow", |tables| tables.unfollow(tenant, user, sources))
    }

    async fn seen(&self, tenant: Tenant, user: UserId, now: UtcMillis) -> Result<bool, StoreError> {
        self.with("note that a user was seen", |tables| tables.seen(tenant, user, now))
    }

    async fn follower(&self, tenant: Tenant, user: UserId) -> Result<Option<Follower>, StoreError> {
        self.with("read a user", |tables| tables.follower(tenant, user))
    }

    async fn recount(&self, since: UtcMillis, limit: usize) -> Result<Vec<Recounted>, StoreError> {
        self.with("count active followers", |tables| tables.recount(since, limit))
    }

    async fn retier(&self, counts: Vec<Retier>, now: UtcMillis) -> Result<(), StoreError> {
        self.with("write counts of followers", |tables| tables.retier(counts, now))
    }

    async fn alive(&self, now: UtcMillis) -> Result<(), StoreError> {
        self.with("note a sign of life", |tables| tables.alive_at = Some(now))
    }

    async fn alive_at(&self) -> Result<Option<UtcMillis>, StoreError> {
        self.with("look for a sign of life", |tables| tables.alive_at)
    }

    async fn put_off(&self, sources: Vec<(SourceId, UtcMillis)>) -> Result<(), StoreError> {
        self.with("put sources off", |tables| tables.put_off(sources))
    }

    async fn reschedule(&self, moved: Vec<Moved>) -> Result<(), StoreError> {
        self.with("move what is due", |tables| tables.reschedule(moved))
    }
}
