//! What a rate is kept for.
//!
//! Owns: the scopes and their keys. Must not know: the numbers. Carried by a claim to the store.

use core::fmt;

use serde::Serialize;

use super::Rates;
use crate::id::{CredentialName, ProfileName};

/// What a rate of runs is kept for, over all tenants and daemons.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateScope {
    /// What one account pays for.
    Credential(CredentialName),
    /// Sources whose identifier names this host, with its port: `feeds.example:443`.
    Host(String),
    /// Everything that one plugin does.
    Platform(String),
    /// The sources of a profile.
    Profile(ProfileName),
}

/// A rate that a run has to fit into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRate {
    /// What for.
    pub scope: RateScope,
    /// What is allowed.
    pub rates: Rates,
    /// The profiles whose runs are counted where a platform or profile has a limit of runs at once.
    pub profiles: Vec<ProfileName>,
}

impl RateScope {
    /// The key as stored.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Credential(name) => format!("credential/{name}"),
            Self::Host(name) => format!("host/{name}"),
            Self::Platform(name) => format!("platform/{name}"),
            Self::Profile(name) => format!("profile/{name}"),
        }
    }
}

impl fmt::Display for RateScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(name) => write!(f, "credential {name}"),
            Self::Host(name) => write!(f, "host {name}"),
            Self::Platform(name) => write!(f, "platform {name}"),
            Self::Profile(name) => write!(f, "profile {name}"),
        }
    }
}
