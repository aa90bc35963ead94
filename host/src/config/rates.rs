//! Rates: how often, and how much at once.
//!
//! Owns: the keys, and what they may say. Must not know: how a rate is held. Read through [`super::Config`]; profiles have the same
//! keys in `[rate]`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use tidegate_core::limits;
use tidegate_core::profile::Profile;
use tidegate_core::rate::{HostRates, RateBook, Rates};

use super::Config;
use super::ranges::Wrong;

/// Runs: of a profile, or of all that a platform's plugin does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunRatesConfig {
    /// At most so many in any minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs_per_minute: Option<NonZeroU32>,
    /// At most so many in any hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs_per_hour: Option<NonZeroU32>,
    /// At most so many at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs_at_once: Option<NonZeroU32>,
}

/// Requests to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostConfig {
    /// At most so many in any minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<NonZeroU32>,
    /// At most so many in any hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_hour: Option<NonZeroU32>,
    /// At most so many at once, 1 to 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<NonZeroU32>,
}

impl From<RunRatesConfig> for Rates {
    fn from(config: RunRatesConfig) -> Self {
        let RunRatesConfig { runs_per_minute, runs_per_hour, runs_at_once } = config;
        Self { per_minute: runs_per_minute, per_hour: runs_per_hour, concurrency: runs_at_once }
    }
}

impl From<HostConfig> for Rates {
    fn from(config: HostConfig) -> Self {
        let HostConfig { requests_per_minute, requests_per_hour, concurrency } = config;
        Self { per_minute: requests_per_minute, per_hour: requests_per_hour, concurrency }
    }
}

impl HostConfig {
    /// What is out of range, and what would be right.
    pub(super) fn wrong(&self, section: &[String]) -> Vec<Wrong> {
        let most = [
            ("requests_per_minute", self.requests_per_minute, limits::RATE_MOST),
            ("requests_per_hour", self.requests_per_hour, limits::RATE_MOST),
            ("concurrency", self.concurrency, limits::HOST_CONCURRENCY_MOST),
        ];
        over(section, &most)
    }
}

impl RunRatesConfig {
    /// What is out of range, and what would be right.
    pub(super) fn wrong(&self, section: &[String]) -> Vec<Wrong> {
        let most = [
            ("runs_per_minute", self.runs_per_minute, limits::RATE_MOST),
            ("runs_per_hour", self.runs_per_hour, limits::RATE_MOST),
            ("runs_at_once", self.runs_at_once, limits::RATE_MOST),
        ];
        over(section, &most)
    }
}

/// Those of a section's keys that are above the most they may be.
fn over(section: &[String], keys: &[(&str, Option<NonZeroU32>, u32)]) -> Vec<Wrong> {
    let above = keys.iter().filter(|(_, number, most)| number.is_some_and(|number| number.get() > *most));
    let told = above.map(|(key, _, most)| Wrong {
        key: section.iter().cloned().chain([(*key).to_owned()]).collect(),
        message: format!("{}.{key} is out of range", written(section)),
        right: format!("a number from 1 to {most}"),
    });
    told.collect()
}

/// A section as it is written: the names of hosts in quotes.
fn written(section: &[String]) -> String {
    let word = |part: &String| if part.contains('.') { format!("{part:?}") } else { part.clone() };
    section.iter().map(word).collect::<Vec<_>>().join(".")
}

/// Whether this may stand for hosts: a name without port or path, or `*.` and a name.
pub(super) fn is_host(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._[]:".contains(&byte);
    let address = name.starts_with('[') && name.ends_with(']');
    (1..=255).contains(&name.len()) && name.bytes().all(word) && (address || !name.contains(['[', ']', ':']))
}

impl Config {
    /// The rates of hosts.
    #[must_use]
    pub fn host_rates(&self) -> HostRates {
        let net = &self.net;
        let concurrency = u32::try_from(net.host_concurrency).ok().and_then(NonZeroU32::new);
        let default = Rates { per_minute: net.requests_per_minute, per_hour: net.requests_per_hour, concurrency };
        let named = net.hosts.iter().map(|(name, rates)| (name.clone(), (*rates).into())).collect();
        HostRates { default, named }
    }

    /// All rates beyond single profiles.
    #[must_use]
    pub fn rate_book<'p>(&self, all: impl IntoIterator<Item = &'p Profile>) -> RateBook {
        let mut profiles: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for profile in all {
            profiles.entry(profile.plugin.clone()).or_default().push(profile.name.clone());
        }
        let platforms = self.platforms.iter().map(|(name, rates)| (name.clone(), (*rates).into())).collect();
        // What a credential may have under way has a default, and is held for each that is used.
        let credentials = self.credentials.iter().map(|(name, entry)| (name.clone(), entry.rates())).collect();
        RateBook { hosts: self.host_rates(), platforms, credentials, profiles }
    }
}
