//! Who follows what, who is there, and what the store keeps of the daemons' own life.
//!
//! The same two rules hold as for [`super::Store`]: each method is one transaction, and `now` and ids are given.

use async_trait::async_trait;
use tidegate_core::id::{SourceId, Tenant, UserId};
use tidegate_core::source::{NextRun, Source};
use tidegate_core::time::UtcMillis;

use super::StoreError;

/// What became of a wish to follow or to leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Changed {
    /// Follows that were made or ended.
    pub changed: u32,
    /// Sources that were not there, or another tenant's: nothing was done about them.
    pub absent: u32,
}

/// A user as the store knows one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Follower {
    /// When the user was last seen.
    pub seen_at: UtcMillis,
    /// What the user follows, by id.
    pub sources: Vec<SourceId>,
}

/// A source with another number of active followers than stands with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recounted {
    /// The source as it stands.
    pub source: Source,
    /// Its active followers.
    pub followers: u32,
}

/// What is to be written of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retier {
    /// Of which source.
    pub source: SourceId,
    /// Its active followers.
    pub followers: u32,
    /// What was due when it was looked at. If something else is by now, that stands.
    pub before: Option<NextRun>,
    /// What is due next.
    pub after: Option<NextRun>,
}

/// Another time at which a source is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Which source.
    pub source: SourceId,
    /// What was due when it was looked at. If something else is by now, that stands.
    pub before: NextRun,
    /// What is due instead.
    pub after: NextRun,
}

/// Follows and activity.
#[async_trait]
pub trait Follows: Send + Sync {
    /// The user follows these sources and is seen at `now`. A source whose first active follower this is, is looked at again
    /// at once ([`tidegate_core::audience::first_follower`]).
    async fn follow(
        &self,
        tenant: Tenant,
        user: UserId,
        sources: Vec<SourceId>,
        now: UtcMillis,
    ) -> Result<Changed, StoreError>;

    /// The user follows these sources no more. One that nobody follows any more is dormant from here on, if its schedule is by
    /// followers.
    async fn unfollow(
        &self,
        tenant: Tenant,
        user: UserId,
        sources: Vec<SourceId>,
        now: UtcMillis,
    ) -> Result<Changed, StoreError>;

    /// The user reads at `now`, and was seen then; that is never moved back. The hour is counted for schedules that follow
    /// the hours of a source's followers. What the user follows and nobody active did is looked at again at once.
    /// `false`: the user has never followed anything, and nothing is kept.
    async fn seen(&self, tenant: Tenant, user: UserId, now: UtcMillis) -> Result<bool, StoreError>;

    /// What is known of a user.
    async fn follower(&self, tenant: Tenant, user: UserId) -> Result<Option<Follower>, StoreError>;

    /// Sources whose active followers (seen at `since` or later) are not those that stand with them, at most `limit`.
    async fn recount(&self, since: UtcMillis, limit: usize) -> Result<Vec<Recounted>, StoreError>;

    /// Writes counts, and what is due next because of them. A source is looked at again if that moves, or if it was skipped
    /// until somebody acts; else one that was put off stays so.
    async fn retier(&self, counts: Vec<Retier>, now: UtcMillis) -> Result<(), StoreError>;

    /// Notes that a daemon is alive at `now`.
    async fn alive(&self, now: UtcMillis) -> Result<(), StoreError>;

    /// When a daemon last was, if one ever was.
    async fn alive_at(&self) -> Result<Option<UtcMillis>, StoreError>;

    /// Puts sources off that are due: each is a candidate again from its time on. What is due stays what it was.
    async fn put_off(&self, sources: Vec<(SourceId, UtcMillis)>) -> Result<(), StoreError>;

    /// Moves what is due. A source that runs by now, or has something else due, is left alone.
    async fn reschedule(&self, moved: Vec<Moved>) -> Result<(), StoreError>;
}
