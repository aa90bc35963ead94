//! Every rate an operator has set, and which of them a run has to fit into.
//!
//! Owns: the choice. Must not know: what has passed. Called by the admit pass for every source, and by what explains it.

use std::collections::BTreeMap;

use url::Url;

use super::{HostRates, RateScope, Rates, RunRate};
use crate::id::{CredentialName, ProfileName};
use crate::profile::Profile;

/// What is allowed beyond single profiles.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RateBook {
    /// Requests, by host.
    pub hosts: HostRates,
    /// Runs, by plugin.
    pub platforms: BTreeMap<String, Rates>,
    /// Runs, by the account that pays.
    pub credentials: BTreeMap<CredentialName, Rates>,
    /// The profiles of each plugin.
    pub profiles: BTreeMap<String, Vec<ProfileName>>,
}

/// Host and port of an identifier that is a web address: `feeds.example:443`.
#[must_use]
pub fn host_of(identifier: &str) -> Option<(String, String)> {
    let url = Url::parse(identifier).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str()?.to_owned();
    let place = format!("{host}:{}", url.port_or_known_default()?);
    Some((host, place))
}

impl RateBook {
    /// The rates that a run of a source has to fit into. A request takes its host's turn when it is made; a run that begins with
    /// one counts in the same rhythm, so that no more runs begin than could make a request.
    #[must_use]
    pub fn of(&self, identifier: &str, profile: &Profile) -> Vec<RunRate> {
        let run = |scope, rates, profiles| RunRate { scope, rates, profiles };
        let platform = self.platforms.get(&profile.plugin).map(|rates| {
            let profiles = self.profiles.get(&profile.plugin).cloned().unwrap_or_default();
            run(RateScope::Platform(profile.plugin.clone()), *rates, profiles)
        });
        let actor = profile.actor.as_ref();
        let credential = actor.and_then(|actor| {
            let rates = self.credentials.get(&actor.credential)?;
            Some(run(RateScope::Credential(actor.credential.clone()), *rates, Vec::new()))
        });
        let host = host_of(identifier).filter(|_| actor.is_none()).map(|(host, place)| {
            run(RateScope::Host(place), Rates { concurrency: None, ..self.hosts.of(&host) }, Vec::new())
        });
        let own = run(RateScope::Profile(profile.name.clone()), profile.rate, vec![profile.name.clone()]);
        [Some(own), platform, credential, host].into_iter().flatten().filter(|rate| rate.rates.is_limited()).collect()
    }
}
