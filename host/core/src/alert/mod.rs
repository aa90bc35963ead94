//! Alerts: what a person has to hear of, once.
//!
//! Owns: what alerts are about, their words, and when one is told, told again and resolved. Must not know: rows, webhooks, or
//! which event led to one. Called by `host/src/alerts` (makes them), by the stores (which judge inside their transaction, so
//! that of several daemons one tells) and by whoever prints them.

mod hits;
mod key;
mod rule;
mod text;

use serde::{Deserialize, Serialize};

use crate::failure::Class;
use crate::id::{ProfileName, SourceId, Tenant};
use crate::time::UtcMillis;

pub use hits::{Recent, Threshold};
pub use key::{AlertKey, Kind};
pub use rule::{Change, is_over, quiet_after, raise, reminder_due};
pub use text::{
    dead_letters, gate_closed, pass_failing, plugin_quarantined, rate_limited, retries_exhausted, source_invalid,
    source_paused, test,
};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nothing to do.
    Info,
    /// Something does not work until a person acts.
    Warning,
    /// Much does not work.
    Critical,
}

impl Severity {
    /// The severity in a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Critical].into_iter().find(|severity| severity.word() == word)
    }
}

/// Whom and what an alert is about, as far as it is about that.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The source.
    pub source: Option<SourceId>,
    /// What it reads.
    pub identifier: Option<String>,
    /// Whose.
    pub tenant: Option<Tenant>,
    /// The platform.
    pub platform: Option<String>,
    /// The profile.
    pub profile: Option<ProfileName>,
    /// The class of the failure.
    pub class: Option<Class>,
}

/// Something a person has to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What it is about: there is one alert for each at a time.
    pub key: AlertKey,
    /// How bad it is.
    pub severity: Severity,
    /// In one line.
    pub title: String,
    /// What happened, for a person.
    pub text: String,
    /// What to do: a command, where one helps.
    pub remedy: Option<String>,
    /// Whom it is about.
    pub about: About,
}

/// An alert that is not resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAlert {
    /// As it was last seen.
    pub alert: Alert,
    /// Since when.
    pub opened_at: UtcMillis,
    /// When it was last told of.
    pub told_at: UtcMillis,
    /// When its cause was last seen.
    pub seen_at: UtcMillis,
    /// How often its cause was noted.
    pub count: u32,
}

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Why now.
    pub change: Change,
    /// Of what.
    pub open: OpenAlert,
    /// When.
    pub at: UtcMillis,
}

impl Notice {
    /// The same for all notices of one alert, and for no other: a receiver joins them by it.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}@{}", self.open.alert.key.stored(), self.open.opened_at.as_millis())
    }

    /// The notice in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let title = &self.open.alert.title;
        match self.change {
            Change::Opened | Change::Test => title.clone(),
            Change::Reminder => format!("still: {title} (since {})", self.open.opened_at),
            Change::Resolved => format!("resolved: {title}"),
        }
    }
}

#[cfg(test)]
mod tests;
