//! Alerts as the daemon keeps and sends them.
//!
//! The store's part follows the rules of [`super::Store`]: each method is one transaction, and `now` is given. Of several
//! daemons that see the same, one is told to tell it: the one whose transaction came first.

use std::time::Duration;

use async_trait::async_trait;
use tidegate_core::alert::{Alert, AlertKey, Change, OpenAlert, Threshold};
use tidegate_core::time::UtcMillis;

use super::StoreError;

/// What the store keeps of alerts.
#[async_trait]
pub trait AlertRows: Send + Sync {
    /// Notes that the cause of an alert was seen, as `tidegate_core::alert::raise` says. Gives the open alert, and whether the
    /// caller is to tell of it.
    async fn raise_alert(
        &self,
        alert: Alert,
        remind: Option<Duration>,
        now: UtcMillis,
    ) -> Result<(OpenAlert, Option<Change>), StoreError>;

    /// Ends an alert, unless its cause was seen after `seen_until`. Gives it to the one who ended it.
    async fn resolve_alert(
        &self,
        key: AlertKey,
        seen_until: Option<UtcMillis>,
    ) -> Result<Option<OpenAlert>, StoreError>;

    /// Notes that an alert is told again at `now`. `false`: somebody else did since `told_at`, or it is over.
    async fn remind_alert(&self, key: AlertKey, told_at: UtcMillis, now: UtcMillis) -> Result<bool, StoreError>;

    /// Open alerts, at most `limit`, the oldest first.
    async fn alerts(&self, limit: usize) -> Result<Vec<OpenAlert>, StoreError>;

    /// Notes one of many that make an alert together: `what` tells them apart. Gives how many different ones there were within
    /// the threshold's time; more than it asks for are not counted.
    async fn note_hit(
        &self,
        key: AlertKey,
        what: String,
        threshold: Threshold,
        now: UtcMillis,
    ) -> Result<u32, StoreError>;
}

/// A webhook, with an address that only it knows.
#[async_trait]
pub trait Webhook: Send + Sync {
    /// Sends a body of JSON. Bounded in time and size; follows no redirect. One attempt: the caller repeats.
    ///
    /// # Errors
    /// [`NotPosted`], which never quotes the address.
    async fn post(&self, body: String) -> Result<u16, NotPosted>;
}

/// Why a webhook did not take a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NotPosted {
    /// For a person. Quotes neither the address nor what may be a part of it.
    pub why: String,
    /// Whether another attempt may do better.
    pub passing: bool,
    /// How long the other side asked us to wait.
    pub retry_after: Option<Duration>,
}
