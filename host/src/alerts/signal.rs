//! What an event means for alerts.
//!
//! Owns: the way from an event of the engine to what the desk has to do. Must not know: what is open.

use tidegate_core::actor::gate::GateKey;
use tidegate_core::alert::{self, About, Alert, AlertKey};
use tidegate_core::failure::Class;
use tidegate_core::id::SourceId;
use tidegate_core::run::{Ending, Notice};

use crate::ports::{Attempt, Event};

/// What the desk has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signal {
    /// The cause of an alert was seen.
    Raise(Alert),
    /// One of many that make an alert together. `what` tells them apart.
    Hit {
        /// The alert, should they be enough.
        alert: Alert,
        /// Tells them apart.
        what: String,
    },
    /// A pass failed.
    PassFailed {
        /// Which.
        pass: &'static str,
        /// Why.
        error: String,
    },
    /// A source works: whatever was said of it is over.
    Works(SourceId),
    /// What this is about is over.
    Over(AlertKey),
}

/// What an event means.
pub(super) fn signals(event: &Event) -> Vec<Signal> {
    match event {
        Event::Attempt(attempt) => of_attempt(attempt),
        Event::GateClosed { gate } => alert::gate_closed(gate).map(Signal::Raise).into_iter().collect(),
        // An actor's gate opens by itself, which says nothing yet.
        Event::GateOpened { key: key @ GateKey::Credential(_) } => vec![Signal::Over(AlertKey::Gate(key.clone()))],
        Event::Quarantined { quarantine } => vec![Signal::Raise(alert::plugin_quarantined(quarantine))],
        Event::Released { plugin } => vec![Signal::Over(AlertKey::PluginQuarantined(plugin.clone()))],
        Event::PassFailed { pass, error } => vec![Signal::PassFailed { pass, error: error.clone() }],
        _ => Vec::new(),
    }
}

fn of_attempt(attempt: &Attempt) -> Vec<Signal> {
    let mut signals = Vec::new();
    if let Some(failure) = &attempt.failure {
        let platform = attempt.platform.as_str();
        if failure.class == Class::RateLimited {
            let alert = alert::rate_limited(platform, &failure.message);
            signals.push(Signal::Hit { alert, what: attempt.run.to_string() });
        }
    }
    match &attempt.notice {
        Some(Notice::Paused(reason)) => {
            signals.extend(alert::source_paused(about(attempt), reason).map(Signal::Raise));
        }
        Some(Notice::Invalidated(reason)) => {
            signals.extend(alert::source_invalid(about(attempt), reason).map(Signal::Raise));
        }
        // What a pause tells is not told twice.
        Some(Notice::Recovered) | None if attempt.dead => {
            let reason = attempt.failure.as_ref().map_or("", |failure| failure.message.as_str());
            signals.extend(alert::retries_exhausted(about(attempt), reason).map(Signal::Raise));
        }
        Some(Notice::Recovered) | None => {}
    }
    if attempt.counts.rejected > 0 {
        signals.push(Signal::Raise(alert::dead_letters(
            &attempt.tenant,
            &attempt.profile,
            &attempt.platform,
            attempt.counts.rejected,
            &attempt.identifier,
        )));
    }
    if matches!(attempt.ending, Ending::Ok | Ending::NoNew) {
        signals.push(Signal::Works(attempt.source));
    }
    signals
}

fn about(attempt: &Attempt) -> About {
    About {
        source: Some(attempt.source),
        identifier: Some(attempt.identifier.clone()),
        tenant: Some(attempt.tenant.clone()),
        platform: Some(attempt.platform.clone()),
        profile: Some(attempt.profile.clone()),
        class: attempt.failure.as_ref().map(|failure| failure.class),
    }
}
