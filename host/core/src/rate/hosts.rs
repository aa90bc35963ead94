//! Which rates hold for which host.
//!
//! Owns: the choice. Must not know: what has passed. Called where a request asks for a turn, and by the admit pass for sources
//! whose identifier names a host.

use std::collections::BTreeMap;

use super::Rates;

/// The rates of hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostRates {
    /// What holds where nothing is said.
    pub default: Rates,
    /// What is said: by host name in lower case, or `*.suffix` for every name below one.
    pub named: BTreeMap<String, Rates>,
}

impl HostRates {
    /// What holds for a host: its own words, else those of the nearest suffix, each completed by the default.
    #[must_use]
    pub fn of(&self, host: &str) -> Rates {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        if let Some(own) = self.named.get(&host) {
            return own.or(self.default);
        }
        let mut rest = host.as_str();
        while let Some((_, below)) = rest.split_once('.') {
            if let Some(shared) = self.named.get(&format!("*.{below}")) {
                return shared.or(self.default);
            }
            rest = below;
        }
        self.default
    }
}
