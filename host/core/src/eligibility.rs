//! Whether a source may run now. The only place that decides it.
//!
//! Owns: the rules, in their order, and the reasons for "no". Must not know: budgets (next stage) or the store. Called by
//! `engine/admit` for every candidate and by `source show` for its explanation.

use serde::Serialize;

use crate::budget::Window;
use crate::id::RunId;
use crate::profile::Profile;
use crate::source::{PausedBy, Source, SourceState, Trigger};
use crate::time::UtcMillis;

/// A source that may run now, as far as it and its profile are concerned. Made by [`decide`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eligible {
    trigger: Trigger,
}

impl Eligible {
    /// Why it runs.
    #[must_use]
    pub const fn trigger(self) -> Trigger {
        self.trigger
    }
}

/// A decision not to run now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skip {
    /// Why.
    pub reason: SkipReason,
    /// When the answer may change by itself. `None`: only a person changes it.
    pub until: Option<UtcMillis>,
}

/// Why a source does not run now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum SkipReason {
    /// Switched off by its owner.
    Inactive,
    /// Paused.
    Paused {
        /// Who did it.
        by: PausedBy,
        /// Why.
        why: String,
    },
    /// The platform no longer has it.
    Invalid {
        /// What the platform said.
        why: String,
    },
    /// Too many failures in a row.
    TooManyFailures {
        /// How many.
        count: u32,
        /// How many are allowed.
        most: u32,
    },
    /// Its time has not come.
    NotDue,
    /// It is running already.
    AlreadyRunning {
        /// The live run.
        run: RunId,
    },
    /// There is no profile of its name.
    ProfileMissing {
        /// The name.
        profile: String,
    },
    /// The profile's plugin is not loaded.
    PluginMissing {
        /// The plugin's name.
        plugin: String,
    },
    /// A budget is spent.
    BudgetSpent {
        /// Which.
        window: Window,
        /// Its limit.
        limit: u64,
    },
    /// As many runs as allowed are under way in this daemon.
    Busy,
}

impl SkipReason {
    /// The reason in a word: the label of counters and logs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Paused { .. } => "paused",
            Self::Invalid { .. } => "invalid",
            Self::TooManyFailures { .. } => "too-many-failures",
            Self::NotDue => "not-due",
            Self::AlreadyRunning { .. } => "already-running",
            Self::ProfileMissing { .. } => "profile-missing",
            Self::PluginMissing { .. } => "plugin-missing",
            Self::BudgetSpent { .. } => "budget-spent",
            Self::Busy => "busy",
        }
    }
}

impl core::fmt::Display for SkipReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Inactive => f.write_str("switched off by its owner"),
            Self::Paused { by: PausedBy::Operator, why } => write!(f, "paused by an operator: {why}"),
            Self::Paused { by: PausedBy::Automatic, why } => write!(f, "paused automatically: {why}"),
            Self::Invalid { why } => write!(f, "invalid: {why}"),
            Self::TooManyFailures { count, most } => write!(f, "{count} failures in a row, {most} are allowed"),
            Self::NotDue => f.write_str("not due yet"),
            Self::AlreadyRunning { run } => write!(f, "running already ({run})"),
            Self::ProfileMissing { profile } => write!(f, "there is no profile {profile:?}"),
            Self::PluginMissing { plugin } => write!(f, "plugin {plugin:?} is not loaded"),
            Self::BudgetSpent { window, limit } => write!(f, "budget spent: {limit} {window}"),
            Self::Busy => f.write_str("as many runs as allowed are under way"),
        }
    }
}

/// What the rules need to know beyond source and profile.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// Now.
    pub now: UtcMillis,
    /// A run queued for the source (bootstrap, one-off, ...), which goes before its schedule.
    pub queued: Option<Trigger>,
    /// Whether the profile's plugin is loaded.
    pub plugin_loaded: bool,
}

/// Decides whether `source` may run now.
///
/// The rules stand in order of how lasting their "no" is, so that the reason given is the one a person has to act on.
/// A one-off run is an operator's wish: it does not wait for the schedule, but every other rule holds for it.
///
/// # Errors
/// [`Skip`] with the first rule that says no.
pub fn decide(source: &Source, profile: Option<&Profile>, given: Circumstances) -> Result<Eligible, Skip> {
    let no = |reason, until| Err(Skip { reason, until });
    match &source.state {
        SourceState::Active => {}
        SourceState::Inactive => return no(SkipReason::Inactive, None),
        SourceState::Paused { by, reason, .. } => {
            return no(SkipReason::Paused { by: *by, why: reason.clone() }, None);
        }
        SourceState::Invalid { reason, .. } => return no(SkipReason::Invalid { why: reason.clone() }, None),
    }
    let Some(profile) = profile else {
        return no(SkipReason::ProfileMissing { profile: source.profile.to_string() }, None);
    };
    if !given.plugin_loaded {
        return no(SkipReason::PluginMissing { plugin: profile.plugin.clone() }, None);
    }
    let most = profile.retry.max_failures;
    if source.failure_count >= most {
        return no(SkipReason::TooManyFailures { count: source.failure_count, most }, None);
    }
    if let Some(run) = source.running {
        return no(SkipReason::AlreadyRunning { run }, None);
    }
    if let Some(trigger) = given.queued {
        return Ok(Eligible { trigger });
    }
    match source.next_run {
        Some(next) if next.at <= given.now => Ok(Eligible { trigger: next.trigger }),
        Some(next) => no(SkipReason::NotDue, Some(next.at)),
        None => no(SkipReason::NotDue, None),
    }
}

#[cfg(test)]
mod tests;
