//! The actor platform as the engine sees it.
//!
//! Every method is bounded in time ([`tidegate_core::limits::ACTOR_ASK_TIMEOUT`]) and repeats by itself what failed in
//! passing and is safe to repeat. The token stays behind this trait.

use async_trait::async_trait;
use tidegate_core::actor::{Account, Order, RemoteId, RemoteRun, RemoteStatus, Slice};
use tidegate_core::failure::Failure;
use tidegate_core::id::{CredentialName, IntentId};
use tidegate_core::time::UtcMillis;

/// Why a start gave no run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotStarted {
    /// There is no run and there will be none: the request never left, or it was refused.
    Refused(Failure),
    /// There may be a run: the answer was lost, or says nothing. Only [`Actors::find`] can tell.
    Unknown(Failure),
}

/// The actor platform.
#[async_trait]
pub trait Actors: Send + Sync {
    /// Starts a run. Never asks twice where the first time may have started one.
    async fn start(&self, order: &Order) -> Result<RemoteRun, NotStarted>;

    /// The run that was started for this intent at `since` or later, if the platform knows one by now. "None" is not final
    /// before half a minute has passed: the platform's lists lag. A list that is too long to be read whole is a failure, not
    /// a "none". `taken`: runs that stand for other intents; none of them is it, however alike.
    async fn find(&self, order: &Order, since: UtcMillis, taken: &[RemoteId]) -> Result<Option<RemoteRun>, Failure>;

    /// What the platform says of a run. `None`: it does not know it (which passes, while the run is young).
    async fn inspect(&self, credential: &CredentialName, run: &RemoteId) -> Result<Option<RemoteRun>, Failure>;

    /// Where these runs stand, the oldest of which was started at `since`. A hint, as lists lag; runs that are not found are
    /// left out.
    async fn statuses(
        &self,
        credential: &CredentialName,
        runs: &[RemoteId],
        since: UtcMillis,
    ) -> Result<Vec<(RemoteId, RemoteStatus)>, Failure>;

    /// Ends a run. Well done too if it has ended already or is gone.
    async fn abort(&self, credential: &CredentialName, run: &RemoteId) -> Result<(), Failure>;

    /// Elements of a dataset from `offset` on: as many as make one page.
    async fn read(&self, credential: &CredentialName, dataset: &RemoteId, offset: u32) -> Result<Slice, Failure>;

    /// The account behind a credential. Costs nothing, so it is also the question whether a token works.
    async fn account(&self, credential: &CredentialName) -> Result<Account, Failure>;
}

/// How an intent shows in the `User-Agent` of its start, and in what the platform says of its run.
#[must_use]
pub fn intent_mark(intent: IntentId) -> String {
    format!("(intent {intent})")
}
