//! The client of the actor platform (Apify API v2).
//!
//! Owns: how the platform is asked and what its answers say, behind `ports::Actors`. Must not know: runs, sources, budgets,
//! the store. Called by the engine through the port.
//!
//! One file per concern: `credential` (tokens and where they go), `way` (pace, slowing down, resting), `ask` (one question
//! with its repetitions), `trouble` (what failed and what that leaves open), `start`, `find`, `runs` (looking at runs and
//! ending them), `record` (a run as the platform writes it), `read` and `elements` (datasets), `account`.
//!
//! The HTTP client, its deny table, limits and decoders are egress' own; the connections are not shared with it.

mod account;
mod ask;
mod credential;
mod elements;
mod find;
mod read;
mod record;
mod runs;
mod start;
#[cfg(test)]
mod tests;
mod trouble;
mod way;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tidegate_core::actor::{Account, Order, RemoteId, RemoteRun, RemoteStatus, Slice};
use tidegate_core::failure::Failure;
use tidegate_core::id::CredentialName;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tokio::time::Instant;

use super::clients::Clients;
use super::config::{EgressConfig, EgressLimits, SetupError};
use super::tls;
use crate::ports::{Actors, Clock, Dice, NotStarted};
use credential::Credentials;
pub use credential::{ActorCredential, DEFAULT_ORIGIN};

/// Asks the actor platform. Cheap to clone; clones share connections, tokens and pace.
#[derive(Clone)]
pub struct ApifyClient {
    inner: Arc<Inner>,
}

struct Inner {
    clients: Clients,
    limits: EgressLimits,
    contact: Option<String>,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
}

impl ApifyClient {
    /// Sets the client up. `config`: as for egress itself; the limits on connections are the platform's own. `contact` is
    /// shown in `user-agent`. `clock` reads the platform's dates, `dice` give the jitter; waiting is measured by the
    /// runtime's timer.
    ///
    /// # Errors
    /// [`SetupError`] where the configured certificate authorities cannot be used, or the HTTP client cannot be made.
    pub fn new(
        mut config: EgressConfig,
        credentials: Vec<ActorCredential>,
        contact: Option<String>,
        clock: Arc<dyn Clock>,
        dice: Arc<dyn Dice>,
    ) -> Result<Self, SetupError> {
        let tls = tls::client_config(&config.roots)?;
        config.limits.idle_connections = limits::ACTOR_ASKS_AT_ONCE;
        config.limits.keep_alive = limits::ACTOR_KEEP_ALIVE;
        let limits = config.limits.clone();
        let clients = Clients::new(config, tls)?;
        let inner = Inner { clients, limits, contact, credentials: Credentials::default(), clock, dice };
        inner.credentials.replace(credentials);
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Puts these credentials in the place of all others. Questions under way end with the token they began with.
    pub fn replace_tokens(&self, credentials: Vec<ActorCredential>) {
        self.inner.credentials.replace(credentials);
    }
}

impl fmt::Debug for ApifyClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApifyClient").finish_non_exhaustive()
    }
}

/// When a question that is asked now has to have its answer.
fn end() -> Instant {
    Instant::now() + limits::ACTOR_ASK_TIMEOUT
}

#[async_trait]
impl Actors for ApifyClient {
    async fn start(&self, order: &Order) -> Result<RemoteRun, NotStarted> {
        let held = self.inner.credentials.get(&order.credential).map_err(NotStarted::Refused)?;
        self.inner.start(&held, order, end()).await
    }

    async fn find(&self, order: &Order, since: UtcMillis, taken: &[RemoteId]) -> Result<Option<RemoteRun>, Failure> {
        let held = self.inner.credentials.get(&order.credential)?;
        self.inner.find(&held, order, since, taken, end()).await
    }

    async fn inspect(&self, credential: &CredentialName, run: &RemoteId) -> Result<Option<RemoteRun>, Failure> {
        let held = self.inner.credentials.get(credential)?;
        self.inner.inspect(&held, run, end()).await
    }

    async fn statuses(
        &self,
        credential: &CredentialName,
        runs: &[RemoteId],
        since: UtcMillis,
    ) -> Result<Vec<(RemoteId, RemoteStatus)>, Failure> {
        let held = self.inner.credentials.get(credential)?;
        if runs.len() <= limits::ACTOR_ASK_EACH {
            runs::each(&self.inner, &held, runs, end()).await
        } else {
            self.inner.listed(&held, runs, since, end()).await
        }
    }

    async fn abort(&self, credential: &CredentialName, run: &RemoteId) -> Result<(), Failure> {
        let held = self.inner.credentials.get(credential)?;
        self.inner.abort(&held, run, end()).await
    }

    async fn read(&self, credential: &CredentialName, dataset: &RemoteId, offset: u32) -> Result<Slice, Failure> {
        let held = self.inner.credentials.get(credential)?;
        self.inner.read(&held, dataset, offset, end()).await
    }

    async fn account(&self, credential: &CredentialName) -> Result<Account, Failure> {
        let held = self.inner.credentials.get(credential)?;
        self.inner.account(&held, end()).await
    }
}
