//! The store's side of [`Follows`]: each method's way to reader or writer.

use async_trait::async_trait;
use tidegate_core::id::{SourceId, Tenant, UserId};
use tidegate_core::time::UtcMillis;

use super::{PostgresStore, follow};
use crate::ports::{Changed, Follower, Follows, Moved, Recounted, Retier, StoreError};

#[async_trait]
impl Follows for PostgresStore {
    async fn follow(
        &self,
        tenant: Tenant,
        user: UserId,
        sources: Vec<SourceId>,
        now: UtcMillis,
    ) -> Result<Changed, StoreError> {
        self.write("follow", Box::new(move |conn| Box::pin(follow::follow(conn, tenant, user, sources, now)))).await
    }

    async fn unfollow(
        &self,
        tenant: Tenant,
        user: UserId,
        sources: Vec<SourceId>,
        _now: UtcMillis,
    ) -> Result<Changed, StoreError> {
        self.write("unfollow", Box::new(move |conn| Box::pin(follow::unfollow(conn, tenant, user, sources)))).await
    }

    async fn seen(&self, tenant: Tenant, user: UserId, now: UtcMillis) -> Result<bool, StoreError> {
        self.write("note that a user was seen", Box::new(move |conn| Box::pin(follow::seen(conn, tenant, user, now))))
            .await
    }

    async fn follower(&self, tenant: Tenant, user: UserId) -> Result<Option<Follower>, StoreError> {
        self.read("read a user", Box::new(move |conn| Box::pin(follow::follower(conn, tenant, user)))).await
    }

    async fn recount(&self, since: UtcMillis, limit: usize) -> Result<Vec<Recounted>, StoreError> {
        self.read("count active followers", Box::new(move |conn| Box::pin(follow::recount(conn, since, limit)))).await
    }

    async fn retier(&self, counts: Vec<Retier>, _now: UtcMillis) -> Result<(), StoreError> {
        if counts.is_empty() {
            return Ok(());
        }
        self.write("write counts of followers", Box::new(move |conn| Box::pin(follow::retier(conn, counts)))).await
    }

    async fn alive(&self, now: UtcMillis) -> Result<(), StoreError> {
        self.write("note a sign of life", Box::new(move |conn| Box::pin(follow::alive(conn, now)))).await
    }

    async fn alive_at(&self) -> Result<Option<UtcMillis>, StoreError> {
        self.read("look for a sign of life", Box::new(|conn| Box::pin(follow::alive_at(conn)))).await
    }

    async fn put_off(&self, sources: Vec<(SourceId, UtcMillis)>) -> Result<(), StoreError> {
        if sources.is_empty() {
            return Ok(());
        }
        self.write("put sources off", Box::new(move |conn| Box::pin(follow::put_off(conn, sources)))).await
    }

    async fn reschedule(&self, moved: Vec<Moved>) -> Result<(), StoreError> {
        if moved.is_empty() {
            return Ok(());
        }
        self.write("move what is due", Box::new(move |conn| Box::pin(follow::reschedule(conn, moved)))).await
    }
}
