//! Configuration: `tidegate.toml`, the environment, credentials and profiles.
//!
//! Owns: the keys with their defaults, the only reading of the environment, and errors that say which key, where, and what
//! would be right. Must not know: what the values are used for. Called by `cli`.
//!
//! A later source wins: defaults, then `tidegate.toml` in the daemon's directory (or `--config FILE`), then
//! `TIDEGATE_<SECTION>_<KEY>`. An unknown key in any of them is an error.

mod alerts;
mod changes;
mod credential;
mod credentials;
mod environment;
mod money;
mod profile;
mod ranges;
mod rates;
mod sections;
mod text;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tidegate_core::id::{CredentialName, Tenant};
use tidegate_core::zone::Zone;

pub use alerts::{AlertsConfig, FoundWebhook, Remind, WebhookConfig, WebhookFormat};
pub use credential::{CredentialConfig, DEFAULT_CREDENTIAL, DEFAULT_ORIGIN, Whence};
pub use credentials::{Absent, Credential, CredentialState, Credentials, Process, Surroundings};
pub use environment::{Environment, process_environment};
pub use money::{BudgetConfig, LimitsConfig, TenantConfig, Usd};
pub use profile::{
    DirMarks, Finding, ProfileFile, Profiles, check_credential, check_overrides, load_profiles, parse_profile,
    profile_schema, shipped_profiles, warnings,
};
pub use rates::{HostConfig, RunRatesConfig};
pub use sections::{
    HttpConfig, Listen, LogConfig, LogFormat, NetConfig, PluginsConfig, ProfilesConfig, SchedulerConfig, StoreConfig,
    Wasi, WatchBy,
};

/// The configuration of a daemon, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the days and months of budgets begin: of the whole, and of tenants that do not say otherwise.
    pub timezone: Zone,
    /// The database.
    pub store: StoreConfig,
    /// Budgets over everything, and of each tenant.
    pub budget: BudgetConfig,
    /// The scheduler.
    pub scheduler: SchedulerConfig,
    /// Where plugins come from and what they may import.
    pub plugins: PluginsConfig,
    /// Where profiles come from.
    pub profiles: ProfilesConfig,
    /// Outgoing requests.
    pub net: NetConfig,
    /// Logs.
    pub log: LogConfig,
    /// The listener.
    pub http: HttpConfig,
    /// Who hears of what goes wrong.
    pub alerts: AlertsConfig,
    /// How often runs may begin, and how many at once, by the name of the plugin.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub platforms: BTreeMap<String, RunRatesConfig>,
    /// What is particular to tenants, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tenants: BTreeMap<Tenant, TenantConfig>,
    /// Where credentials are found, by the name profiles give them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials: BTreeMap<CredentialName, CredentialConfig>,
}

/// Configuration or a profile that cannot be used. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    /// File or environment variable.
    pub place: String,
    /// What is wrong and where.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

/// The name of a configuration file in the daemon's directory.
pub const FILE_NAME: &str = "tidegate.toml";

impl Config {
    /// Reads the configuration of the daemon in `dir`. `file`: another file than `tidegate.toml` there, which then must exist.
    ///
    /// # Errors
    /// What is wrong, with its place and what would be right: of what cannot be read the first, of what is out of range all.
    pub fn load(dir: &Path, file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let path = file.map_or_else(|| dir.join(FILE_NAME), Path::to_path_buf);
        let place = path.display().to_string();
        let text = match text::read(&path) {
            Ok(Some(text)) => text,
            Ok(None) if file.is_none() => String::new(),
            Ok(None) => return Err(ConfigError { place, message: "is not there".to_owned(), hint: None }),
            Err(message) => return Err(ConfigError { place, message, hint: None }),
        };
        // The file is checked by itself first, so that its errors carry its lines.
        text::parse::<Self>(&text, &place)?;
        let mut table: toml::Table = text::parse(&text, &place)?;
        environment::overlay(&mut table, environment)?;
        let config: Self = table.try_into().map_err(|error| environment::explain(&error, environment))?;
        ranges::check(&config, &text, &place, environment)?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests;
