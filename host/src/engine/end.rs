//! Ends of runs that nothing drives any more.
//!
//! Owns: what becomes of a run that cannot go on (its daemon died too often, its profile or plugin is gone) or must not begin
//! again (what it has paid for is stored). Must not know: how such a run is found. Called by `recover` and `work`. Fenced like
//! every commit: a run that is somebody else's by now is left alone. What such a run had ordered is ended and booked by `settle`.

use tidegate_core::claim::{Claim, Generation};
use tidegate_core::contract::OutcomeStatus;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::profile::Retry;
use tidegate_core::run::{Finish, Policy, RunResult};
use tidegate_core::schedule::{MIN_INTERVAL, Schedule};
use tidegate_core::source::{Source, Trigger};
use tidegate_core::time::{Span, UtcMillis};

use super::Engine;
use crate::ports::{Commit, Committed, Event, StoreError, Stuck};

/// A run that is to be ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    run: RunId,
    source: SourceId,
    generation: Generation,
    trigger: Trigger,
}

impl From<&Stuck> for Ended {
    fn from(stuck: &Stuck) -> Self {
        Self { run: stuck.run, source: stuck.source, generation: stuck.generation, trigger: stuck.trigger }
    }
}

impl From<&Claim> for Ended {
    fn from(claim: &Claim) -> Self {
        Self { run: claim.run, source: claim.source.id, generation: claim.generation, trigger: claim.trigger }
    }
}

impl Engine {
    /// Ends a run that cannot go on. `false`: it is not the caller's any more.
    pub(super) async fn give_up(&self, ended: Ended, why: String) -> Result<bool, StoreError> {
        self.end(ended, RunResult::Failed(Failure::new(Class::Abandoned, why)), false, Vec::new()).await
    }

    /// Ends a run well that was cut after what it had paid for was stored: begun again, it would pay for the same once more.
    /// What it did not come to is left to the source's next run. `false`: it is not the caller's any more.
    pub(super) async fn keep(&self, ended: Ended) -> Result<bool, StoreError> {
        let why = "the daemon stopped after an actor run of this run had been paid for; what it brought is kept, and the rest is \
            left to the next run";
        let kept = self.end(ended, RunResult::Succeeded(OutcomeStatus::Ok), true, vec![why.to_owned()]).await?;
        if kept {
            self.tell(&Event::CutShort { run: ended.run, source: ended.source, why: why.to_owned() });
        }
        Ok(kept)
    }

    /// What becomes of a claim whose profile, plugin or kind went away between the admit pass and its work: the next pass skips
    /// the source with the reason. One that goes on with an actor run cannot be skipped, and nobody can read what it waits for:
    /// it is ended.
    pub(super) async fn without_profile(&self, claim: &Claim, now: UtcMillis) -> Result<(), StoreError> {
        if claim.resume.is_none() && self.ports.store.requeue(claim.run, claim.generation, false, now, now).await? {
            return Ok(());
        }
        let profile = &claim.source.profile;
        let why =
            format!("profile {profile}, its plugin or its kind went away while this run waited for its actor run");
        if self.give_up(Ended::from(claim), why.clone()).await? {
            self.tell(&Event::CutShort { run: claim.run, source: claim.source.id, why });
        }
        Ok(())
    }

    async fn end(
        &self,
        ended: Ended,
        result: RunResult,
        unread: bool,
        warnings: Vec<String>,
    ) -> Result<bool, StoreError> {
        let Some(source) = self.ports.store.source(ended.source).await? else { return Ok(false) };
        let policy = self.policy(&source);
        let finish = Finish {
            trigger: ended.trigger,
            result,
            watermark: None,
            resumed: false,
            unread,
            facts: None,
            moved_to: None,
            hints: None,
            warnings,
            request: None,
            policy,
        };
        let commit = Commit {
            run: ended.run,
            source: ended.source,
            generation: ended.generation,
            cap: 0,
            page: None,
            item_ids: Vec::new(),
            raw: None,
            bytes: 0,
            fetches: 0,
            actor: None,
            finish: Some(Box::new(finish)),
            plugin: None,
        };
        Ok(self.ports.store.commit(commit, self.ports.clock.now()).await? != Committed::Stale)
    }

    /// What decides what follows. Without its profile a source does not run; it waits under its own schedule or a day.
    fn policy(&self, source: &Source) -> Policy {
        match self.settings().profiles.get(&source.profile) {
            Some(profile) => Policy {
                schedule: profile.schedule.clone(),
                min_interval: profile.min_interval,
                retry: profile.retry.clone(),
                dice: self.dice(),
            },
            None => Policy {
                schedule: source.schedule.clone().unwrap_or(Schedule::every(Span::seconds(86_400))),
                min_interval: MIN_INTERVAL,
                retry: Retry::default(),
                dice: self.dice(),
            },
        }
    }
}
