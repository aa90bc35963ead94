//! What alerts are about.
//!
//! Owns: the keys with their stored form, and the kinds. Must not know: when one is told.

use core::fmt;

use serde::Serialize;

use crate::actor::gate::GateKey;
use crate::id::{ProfileName, SourceId, Tenant};

/// What an alert is about. There is at most one open alert for each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKey {
    /// A source was paused automatically.
    SourcePaused(SourceId),
    /// A source is gone for good.
    SourceInvalid(SourceId),
    /// The retries of a source's run came to nothing, and the source goes on by its schedule.
    RetriesExhausted(SourceId),
    /// A credential or actor refuses everybody.
    Gate(GateKey),
    /// A platform asks us to slow down, again and again.
    RateLimited(String),
    /// A plugin is out of service.
    PluginQuarantined(String),
    /// A pass of the scheduler fails repeatedly.
    PassFailing(String),
    /// Elements of a profile's pages cannot be normalized.
    DeadLetters(Tenant, ProfileName),
    /// Sent by a person who wants to see one.
    Test,
}

/// The sorts of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A source was paused automatically.
    SourcePaused,
    /// A source is gone for good.
    SourceInvalid,
    /// The retries of a run came to nothing.
    RetriesExhausted,
    /// A credential or actor refuses everybody.
    GateClosed,
    /// A platform asks us to slow down.
    RateLimited,
    /// A plugin is out of service.
    PluginQuarantined,
    /// A pass of the scheduler fails.
    PassFailing,
    /// Elements cannot be normalized.
    DeadLetters,
    /// A test.
    Test,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::SourcePaused,
        Self::SourceInvalid,
        Self::RetriesExhausted,
        Self::GateClosed,
        Self::RateLimited,
        Self::PluginQuarantined,
        Self::PassFailing,
        Self::DeadLetters,
        Self::Test,
    ];

    /// The kind in a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SourcePaused => "source-paused",
            Self::SourceInvalid => "source-invalid",
            Self::RetriesExhausted => "retries-exhausted",
            Self::GateClosed => "gate-closed",
            Self::RateLimited => "rate-limited",
            Self::PluginQuarantined => "plugin-quarantined",
            Self::PassFailing => "pass-failing",
            Self::DeadLetters => "dead-letters",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl AlertKey {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::SourcePaused(_) => Kind::SourcePaused,
            Self::SourceInvalid(_) => Kind::SourceInvalid,
            Self::RetriesExhausted(_) => Kind::RetriesExhausted,
            Self::Gate(_) => Kind::GateClosed,
            Self::RateLimited(_) => Kind::RateLimited,
            Self::PluginQuarantined(_) => Kind::PluginQuarantined,
            Self::PassFailing(_) => Kind::PassFailing,
            Self::DeadLetters(..) => Kind::DeadLetters,
            Self::Test => Kind::Test,
        }
    }

    /// The key as stored and shown.
    #[must_use]
    pub fn stored(&self) -> String {
        let kind = self.kind();
        match self {
            Self::SourcePaused(source) | Self::SourceInvalid(source) | Self::RetriesExhausted(source) => {
                format!("{kind}/{source}")
            }
            Self::Gate(gate) => format!("{kind}/{}", gate.stored()),
            Self::RateLimited(name) | Self::PluginQuarantined(name) | Self::PassFailing(name) => {
                format!("{kind}/{name}")
            }
            Self::DeadLetters(tenant, profile) => format!("{kind}/{tenant}/{profile}"),
            Self::Test => kind.word().to_owned(),
        }
    }

    /// The key of that text.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('/').unwrap_or((text, ""));
        let kind = Kind::ALL.into_iter().find(|one| one.word() == kind)?;
        let name = || (!rest.is_empty()).then(|| rest.to_owned());
        Some(match kind {
            Kind::SourcePaused => Self::SourcePaused(rest.parse().ok()?),
            Kind::SourceInvalid => Self::SourceInvalid(rest.parse().ok()?),
            Kind::RetriesExhausted => Self::RetriesExhausted(rest.parse().ok()?),
            Kind::GateClosed => Self::Gate(GateKey::from_stored(rest)?),
            Kind::RateLimited => Self::RateLimited(name()?),
            Kind::PluginQuarantined => Self::PluginQuarantined(name()?),
            Kind::PassFailing => Self::PassFailing(name()?),
            Kind::DeadLetters => {
                let (tenant, profile) = rest.split_once('/')?;
                Self::DeadLetters(tenant.parse().ok()?, profile.parse().ok()?)
            }
            Kind::Test if rest.is_empty() => Self::Test,
            Kind::Test => return None,
        })
    }
}

impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stored())
    }
}
