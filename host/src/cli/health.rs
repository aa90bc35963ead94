//! What the listener shows of a daemon: its metrics, and whether it is ready.
//!
//! Owns: when a daemon is ready, and what it lacks. Must not know: HTTP, or what is measured. Put together by `eyes`.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tokio::time::timeout;

use crate::engine::Settings;
use crate::http::Face;
use crate::ports::{Clock, Event, Observer};
use crate::system::SystemClock;
use crate::telemetry::{Metrics, Watched};

/// What the listener shows.
pub(super) struct Health {
    pub(super) metrics: Arc<Metrics>,
    stage: RwLock<Stage>,
    /// The last pass that failed: when, which and why.
    failed: RwLock<Option<(UtcMillis, &'static str, String)>>,
    /// What is wrong with the settings that are written, if they were not taken over.
    refused: RwLock<Option<String>>,
}

#[derive(Clone)]
pub(super) enum Stage {
    Starting,
    Serving(Watched),
    Draining(Watched),
}

impl Health {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, stage: RwLock::new(Stage::Starting), failed: RwLock::default(), refused: RwLock::default() }
    }

    fn stage(&self) -> Stage {
        self.stage.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn enter(&self, stage: Stage) {
        *self.stage.write().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// From now on nothing new starts.
    pub(super) fn drain(&self) {
        if let Stage::Serving(watched) = self.stage() {
            self.enter(Stage::Draining(watched));
        }
    }

    /// Other profiles and budgets are watched from now on.
    pub(super) fn renew(&self, settings: &Settings) {
        let renewed = |watched: Watched| {
            let (profiles, budget) = (settings.profiles.clone(), settings.budget.clone());
            Watched { profiles, budget, ..watched }
        };
        match self.stage() {
            Stage::Starting => {}
            Stage::Serving(watched) => self.enter(Stage::Serving(renewed(watched))),
            Stage::Draining(watched) => self.enter(Stage::Draining(renewed(watched))),
        }
    }

    /// A pass that failed is repeated at once; one that has not failed for so long works again.
    fn failing(&self, now: UtcMillis) -> Option<String> {
        let failed = self.failed.read().unwrap_or_else(PoisonError::into_inner);
        let (at, pass, error) = failed.as_ref()?;
        (now.since(*at) < limits::POLL * 10).then(|| format!("pass {pass} fails: {error}"))
    }
}

impl Observer for Health {
    fn see(&self, event: &Event) {
        // The scheduler's passes; a single run that could not be written is that run's affair.
        if let Event::PassFailed { pass: pass @ ("recover" | "admit" | "upkeep"), error } = event {
            let failed = Some((SystemClock.now(), *pass, error.clone()));
            *self.failed.write().unwrap_or_else(PoisonError::into_inner) = failed;
        }
        if let Event::Reloaded { refused } = event {
            let more = refused.len().saturating_sub(1);
            // A mistake in a file is shown with its line, on several lines: the log has them all.
            let first = refused.first().and_then(|wrong| wrong.lines().next()).map(|wrong| match more {
                0 => wrong.to_owned(),
                more => format!("{wrong}, and {more} more"),
            });
            *self.refused.write().unwrap_or_else(PoisonError::into_inner) = first;
        }
    }
}

#[async_trait]
impl Face for Health {
    async fn metrics(&self) -> String {
        let watched = match self.stage() {
            Stage::Starting => None,
            Stage::Serving(watched) | Stage::Draining(watched) => Some(watched),
        };
        self.metrics.scrape(watched.as_ref(), SystemClock.now()).await
    }

    async fn unready(&self) -> Vec<String> {
        let watched = match self.stage() {
            Stage::Starting => return vec!["the daemon is starting: database and plugins are being opened".to_owned()],
            Stage::Draining(_) => return vec!["the daemon is draining: nothing new starts".to_owned()],
            Stage::Serving(watched) => watched,
        };
        let mut reasons = Vec::new();
        match timeout(limits::READY_TIMEOUT, watched.store.next_due()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => reasons.push(format!("the database cannot be read: {error}")),
            Err(_) => {
                reasons.push(format!("the database does not answer within {} s", limits::READY_TIMEOUT.as_secs()));
            }
        }
        if watched.plugins.names().is_empty() {
            reasons.push("no plugin is loaded".to_owned());
        }
        reasons.extend(self.failing(SystemClock.now()));
        reasons
    }
    async fn notes(&self) -> Vec<String> {
        let refused = self.refused.read().unwrap_or_else(PoisonError::into_inner).clone();
        let note = |why| format!("the last reload was refused, older settings hold: {why}");
        refused.into_iter().map(note).collect()
    }
}
