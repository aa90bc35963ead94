//! A source: one thing to ingest.
//!
//! Owns: the source, its states and the changes they allow. Must not know: rows, SQL, schedules' arithmetic. Called by
//! the store (which makes it of rows) and by every rule after it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::contract::{Hints, Watermark};
use crate::id::{ProfileName, RunId, SourceId, Tenant};
use crate::schedule::{Facts, Schedule};
use crate::time::UtcMillis;

/// One thing to ingest: tenant + profile + identifier, with its state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    /// Identity.
    pub id: SourceId,
    /// Who pays and owns it.
    pub tenant: Tenant,
    /// The operator's policy for it.
    pub profile: ProfileName,
    /// Normal form, as the plugin's `validate` gave it.
    pub identifier: String,
    /// What the person who made it set; the profile's defaults are not in it.
    pub overrides: Map<String, Value>,
    /// Its own schedule, else the profile's holds.
    pub schedule: Option<Schedule>,
    /// Whether it may run.
    pub state: SourceState,
    /// Consecutive runs that failed by the source's fault.
    pub failure_count: u32,
    /// End of the last attempt, whatever came of it.
    pub last_fetched_at: Option<UtcMillis>,
    /// End of the last attempt that succeeded. Never moved by a failure.
    pub last_success_at: Option<UtcMillis>,
    /// What is due next, if anything is.
    pub next_run: Option<NextRun>,
    /// The live run, if there is one.
    pub running: Option<RunId>,
    /// Attempts so far.
    pub total_runs: u64,
    /// Where the next run starts. `None` before the first success.
    pub watermark: Option<Watermark>,
    /// Items published before this are not taken: the first run was cut to its cap here.
    pub horizon: Option<UtcMillis>,
    /// What the source last asked of whoever fetches it.
    pub hints: Option<Hints>,
    /// What its schedule is told: followers, their hours, its publishing rhythm, what it asks for.
    pub facts: Facts,
    /// Retry runs since the last run that was not one.
    pub retries: u32,
    /// Name as the platform displays it.
    pub display_name: Option<String>,
    /// The platform's own id of the account or feed.
    pub platform_id: Option<String>,
    /// Creation.
    pub created_at: UtcMillis,
    /// Last change.
    pub updated_at: UtcMillis,
}

/// Whether a source may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum SourceState {
    /// It may.
    Active,
    /// Switched off by its owner.
    Inactive,
    /// Not now; a person resumes it, or what it waits for comes back ([`PausedBy::PluginMissing`]).
    Paused {
        /// Since when.
        since: UtcMillis,
        /// Who did it.
        by: PausedBy,
        /// Why, for a person.
        reason: String,
    },
    /// Never again as it stands: the platform no longer has it.
    Invalid {
        /// Since when.
        since: UtcMillis,
        /// What the platform said.
        reason: String,
    },
}

impl SourceState {
    /// Whether pausing it changes anything. A pause that ends by itself gives way to one that does not.
    #[must_use]
    pub const fn may_be_paused(&self) -> bool {
        !matches!(self, Self::Paused { by: PausedBy::Operator | PausedBy::Automatic, .. })
    }

    /// The state in a word, as stored and printed.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Paused { .. } => "paused",
            Self::Invalid { .. } => "invalid",
        }
    }
}

/// Who paused a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PausedBy {
    /// A person.
    Operator,
    /// A rule: too many failures, a private account, overrides no longer valid.
    Automatic,
    /// Its plugin is not there. It goes on by itself when the plugin is back.
    PluginMissing,
}

impl PausedBy {
    /// Who did it, in a word, as stored and printed.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Automatic => "automatic",
            Self::PluginMissing => "plugin-missing",
        }
    }
}

/// What is due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NextRun {
    /// When.
    pub at: UtcMillis,
    /// Why.
    pub trigger: Trigger,
}

/// Why a run exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// The first run of a source. There is exactly one.
    Bootstrap,
    /// Its schedule.
    Schedule,
    /// An earlier run failed.
    Retry,
    /// An operator asked.
    OneOff,
    /// A reader asked, where the profile allows it.
    Demand,
    /// The platform called.
    Webhook,
    /// Stored pages are normalized again.
    Replay,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 7] =
        [Self::Bootstrap, Self::Schedule, Self::Retry, Self::OneOff, Self::Demand, Self::Webhook, Self::Replay];

    /// The trigger in a word, as stored and printed.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Schedule => "schedule",
            Self::Retry => "retry",
            Self::OneOff => "one-off",
            Self::Demand => "demand",
            Self::Webhook => "webhook",
            Self::Replay => "replay",
        }
    }

    /// The trigger of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.word() == word)
    }
}

impl core::fmt::Display for Trigger {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.word())
    }
}

/// A source that does not exist yet, with everything checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSource {
    /// Its identity, should it be new.
    pub id: SourceId,
    /// Who pays and owns it.
    pub tenant: Tenant,
    /// The operator's policy for it.
    pub profile: ProfileName,
    /// Normal form.
    pub identifier: String,
    /// Valid against the kind's schema together with the profile's defaults.
    pub overrides: Map<String, Value>,
    /// Its own schedule.
    pub schedule: Option<Schedule>,
    /// Whether it starts switched on. Only then is a bootstrap run queued.
    pub active: bool,
}

/// An identifier as it may be printed before it was accepted: what stands where a URL has user name and password (RFC 3986
/// section 3.2.1) becomes `***`. Without a scheme only a pair with a colon is taken for one, so that handles stay whole.
#[must_use]
pub fn printable_identifier(typed: &str) -> String {
    let begin = typed.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = typed.split_at(begin);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) if begin > 0 || user.contains(':') => format!("{scheme}***{}", rest.split_at(user.len()).1),
        _ => typed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::printable_identifier;

    #[test]
    fn what_may_be_a_password_is_not_printed() {
        let table = [
            ("https://user:pass@example.org/feed", "https://***@example.org/feed"),
            ("https://user@example.org/feed", "https://***@example.org/feed"),
            ("https://us:p@ss@example.org", "https://***@example.org"),
            ("user:pass@example.org/feed", "***@example.org/feed"),
            ("https://example.org/@name", "https://example.org/@name"),
            ("https://example.org/?q=a:b@c", "https://example.org/?q=a:b@c"),
            ("@nasa", "@nasa"),
            ("me@example.org", "me@example.org"),
            ("", ""),
        ];
        for (typed, printed) in table {
            assert_eq!(printable_identifier(typed), printed, "{typed}");
        }
    }
}
