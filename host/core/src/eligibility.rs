//! Whether a source may run now. The only place that decides it.
//!
//! Owns: the reasons for "no"; the rules themselves, in their order, stand in `rules`. Must not know: budgets (next stage) or
//! the store. Called by `engine/admit` for every candidate and by `source explain`, which prints every rule's verdict.

use serde::Serialize;

use crate::actor::gate::Gate;
use crate::budget::Window;
use crate::id::RunId;
use crate::quarantine::Quarantine;
use crate::rate::{Period, RateScope, Refused};
use crate::source::{PausedBy, Trigger};
use crate::time::UtcMillis;

/// A source that may run now, as far as it and its profile are concerned. Made by [`decide()`] only.
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
    /// Nobody follows it, and its schedule is by followers.
    Dormant,
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
    /// Another component than the one that the profile pins goes by the plugin's name.
    PluginPinned {
        /// The plugin's name.
        plugin: String,
        /// The component that is pinned.
        pin: String,
    },
    /// The profile's plugin is out of service.
    PluginQuarantined {
        /// The plugin's name.
        plugin: String,
        /// Why, for a person.
        why: String,
    },
    /// A budget is spent.
    BudgetSpent {
        /// Which.
        window: Window,
        /// Its limit.
        limit: u64,
        /// Whether it is promised rather than gone: what runs under way do not need comes back.
        held: bool,
    },
    /// What its runs need is refused to everybody who needs it.
    GateClosed {
        /// The credential or actor.
        gate: String,
        /// Why, for a person.
        why: String,
    },
    /// A rate has no room.
    Rate {
        /// Whose.
        scope: RateScope,
        /// By the minute or by the hour; `None`: as many as allowed are under way.
        period: Option<Period>,
        /// How many are allowed.
        limit: u32,
    },
    /// The host it is fetched from is not to be asked.
    HostClosed {
        /// Name and port.
        host: String,
        /// Whether it asked for that.
        asked: bool,
        /// Failures in a row.
        failures: u32,
    },
    /// As many runs as its account takes are under way.
    CredentialBusy {
        /// Whose account.
        credential: String,
        /// How many.
        most: u32,
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
            Self::Dormant => "dormant",
            Self::NotDue => "not-due",
            Self::AlreadyRunning { .. } => "already-running",
            Self::ProfileMissing { .. } => "profile-missing",
            Self::PluginMissing { .. } => "plugin-missing",
            Self::PluginPinned { .. } => "plugin-pinned",
            Self::PluginQuarantined { .. } => "plugin-quarantined",
            Self::BudgetSpent { .. } => "budget-spent",
            Self::GateClosed { .. } => "gate-closed",
            Self::Rate { .. } => "rate",
            Self::HostClosed { .. } => "host-closed",
            Self::CredentialBusy { .. } => "credential-busy",
            Self::Busy => "busy",
        }
    }
}

impl Skip {
    /// When the answer changes, for a person.
    #[must_use]
    pub fn changes(&self) -> String {
        if let SkipReason::PluginQuarantined { plugin, .. } = &self.reason {
            // It is looked at again before that, and nothing will have changed by itself.
            return format!("when another version of the plugin serves, or by: tidegate plugin release {plugin}");
        }
        if let Some(until) = self.until {
            return format!("at {until}");
        }
        let when = match &self.reason {
            SkipReason::Paused { by: PausedBy::PluginMissing, .. } => "when the plugin is there again",
            SkipReason::Inactive
            | SkipReason::Paused { .. }
            | SkipReason::Invalid { .. }
            | SkipReason::TooManyFailures { .. } => "when a person resumes it",
            SkipReason::Dormant => "when somebody follows it, or a follower comes back",
            SkipReason::NotDue => "when a run is queued for it, or it is resumed",
            SkipReason::AlreadyRunning { .. } => "when that run has ended",
            SkipReason::ProfileMissing { .. } => "when there is a profile of that name",
            SkipReason::PluginMissing { .. } => "when that plugin is loaded",
            SkipReason::PluginPinned { .. } => "when that component is there, or the profile pins another one",
            SkipReason::PluginQuarantined { .. } => "when another version of the plugin serves, or it is released",
            SkipReason::BudgetSpent { .. } => "when the budget is raised",
            SkipReason::GateClosed { .. } => "when the gate opens",
            SkipReason::HostClosed { .. } => "when the host may be asked again",
            SkipReason::Rate { .. } | SkipReason::CredentialBusy { .. } | SkipReason::Busy => {
                "when a run under way has ended"
            }
        };
        when.to_owned()
    }
}

impl core::fmt::Display for SkipReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Inactive => f.write_str("switched off by its owner"),
            Self::Paused { by: PausedBy::Operator, why } => write!(f, "paused by an operator: {why}"),
            Self::Paused { by: PausedBy::Automatic, why } => write!(f, "paused automatically: {why}"),
            Self::Paused { by: PausedBy::PluginMissing, why } => {
                write!(f, "paused until its plugin is there again: {why}")
            }
            Self::Invalid { why } => write!(f, "invalid: {why}"),
            Self::TooManyFailures { count, most } => write!(f, "{count} failures in a row, {most} are allowed"),
            Self::Dormant => f.write_str("dormant: no active follower, and its schedule is by followers"),
            Self::NotDue => f.write_str("not due yet"),
            Self::AlreadyRunning { run } => write!(f, "running already ({run})"),
            Self::ProfileMissing { profile } => write!(f, "there is no profile {profile:?}"),
            Self::PluginMissing { plugin } => write!(f, "plugin {plugin:?} is not loaded"),
            Self::PluginPinned { plugin, pin } => {
                write!(f, "the profile pins plugin {plugin} to {pin}, and that component is not here")
            }
            Self::PluginQuarantined { plugin, why } => write!(f, "plugin {plugin} is in quarantine: {why}"),
            Self::BudgetSpent { window, limit, held } => {
                let taken = if *held { "budget reserved by runs under way" } else { "budget spent" };
                write!(f, "{taken}: {} {window}", window.measure.amount(*limit))
            }
            Self::GateClosed { gate, why } => write!(f, "{gate} is closed: {why}"),
            Self::Rate { scope, period: Some(period), limit } => {
                write!(f, "{scope} has had as many runs as may come by now at {limit} a {period}")
            }
            Self::Rate { scope, period: None, limit } => {
                write!(f, "{limit} runs of {scope} are under way, as many as it may have")
            }
            Self::HostClosed { host, asked: true, .. } => write!(f, "host {host} has asked to be left alone"),
            Self::HostClosed { host, failures, .. } => {
                write!(f, "host {host} has failed {failures} times in a row and is left alone for a while")
            }
            Self::CredentialBusy { credential, most } => {
                write!(f, "{most} runs of credential {credential} are under way, as many as it may have")
            }
            Self::Busy => f.write_str("as many runs as allowed are under way"),
        }
    }
}

/// A host that is not to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedHost<'a> {
    /// Name and port.
    pub host: &'a str,
    /// Until when.
    pub until: UtcMillis,
    /// Whether it asked for that.
    pub asked: bool,
    /// Failures in a row.
    pub failures: u32,
}

impl From<Refused> for Skip {
    /// A run that found no room in a rate.
    fn from(refused: Refused) -> Self {
        let Refused { scope, period, limit, until } = refused;
        Self { reason: SkipReason::Rate { scope, period, limit }, until: Some(until) }
    }
}

/// Whether a profile's plugin can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// It serves, and knows the profile's kind.
    #[default]
    Serves,
    /// It is not loaded, or does not know the kind.
    Missing,
    /// It is loaded, but the component that the profile pins is not.
    Unpinned,
}

/// What the rules need to know beyond source and profile.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// Now.
    pub now: UtcMillis,
    /// A run queued for the source (bootstrap, one-off, ...), which goes before its schedule.
    pub queued: Option<Trigger>,
    /// Whether the profile's plugin can be asked.
    pub plugin: Presence,
    /// The quarantine of the version of the plugin that is loaded, if it is in one.
    pub quarantine: Option<&'a Quarantine>,
    /// The gate that stands between the profile and its actor, if one is closed.
    pub gate: Option<&'a Gate>,
    /// The host of its identifier, if that is closed.
    pub host: Option<ClosedHost<'a>>,
    /// Runs of the profile's credential that are under way, and the most it may have.
    pub account: Option<(u32, u32)>,
}

mod rules;

pub use rules::{Judged, Rule, Verdict, decide, explain, stopped};

#[cfg(test)]
mod tests;
