//! Configuration: `tidegate.toml`, the environment, and profiles.
//!
//! Owns: the keys with their defaults, the only reading of the environment, and errors that say which key, where, and what
//! would be right. Must not know: what the values are used for. Called by `cli`.
//!
//! A later source wins: defaults, then `tidegate.toml` in the daemon's directory (or `--config FILE`), then
//! `TIDEGATE_<SECTION>_<KEY>`. An unknown key in any of them is an error.

mod environment;
mod profile;
mod text;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tidegate_core::budget::GlobalBudget;
use tidegate_core::limits;

pub use environment::{Environment, process_environment};
pub use profile::{ProfileFile, Profiles, check_overrides, load_profiles, parse_profile, shipped_profiles};

/// The configuration of a daemon, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The database.
    pub store: StoreConfig,
    /// Budgets over everything.
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
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// SQLite file, relative to the daemon's directory.
    pub path: PathBuf,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { path: PathBuf::from("tidegate.db") }
    }
}

/// Budgets over everything this database runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// Runs per UTC day.
    pub runs_per_day: u64,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self { runs_per_day: GlobalBudget::default().all.runs_per_day.unwrap_or(500) }
    }
}

/// The scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SchedulerConfig {
    /// Runs under way at once, 1 to 1,024.
    pub runs_at_once: usize,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self { runs_at_once: limits::RUNS_AT_ONCE }
    }
}

/// Where plugins come from and what they may import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginsConfig {
    /// Directory of `*.wasm`, relative to the daemon's directory. It need not exist.
    pub dir: PathBuf,
    /// Where compiled plugins are kept, relative to the daemon's directory.
    pub cache_dir: PathBuf,
    /// Whether components that import WASI are loaded.
    pub wasi: Wasi,
}

impl Default for PluginsConfig {
    fn default() -> Self {
        Self { dir: PathBuf::from("plugins"), cache_dir: PathBuf::from(".tidegate-cache"), wasi: Wasi::Allow }
    }
}

/// Whether components that import WASI are loaded. They are granted nothing either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wasi {
    /// They are loaded and find an empty world.
    Allow,
    /// They are refused.
    Refuse,
}

/// Where profiles come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProfilesConfig {
    /// Directory of `*.toml`, relative to the daemon's directory. It need not exist.
    pub dir: PathBuf,
}

impl Default for ProfilesConfig {
    fn default() -> Self {
        Self { dir: PathBuf::from("profiles") }
    }
}

/// Outgoing requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetConfig {
    /// Requests under way to one host at a time, 1 to 64.
    pub host_concurrency: usize,
    /// Where to reach the people who run this daemon (URL or address): added to the User-Agent.
    pub contact: Option<String>,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self { host_concurrency: limits::HOST_CONCURRENCY, contact: None }
    }
}

/// Logs, on standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// How they are written.
    pub format: LogFormat,
    /// What is written: `error`, `warn`, `info`, `debug`, `trace`, or directives as in `tidegate=debug,info`.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
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

/// Every key that may be set, as section and key. The environment's names are made of them; a test keeps them complete.
const KEYS: [(&str, &str); 11] = [
    ("store", "path"),
    ("budget", "runs_per_day"),
    ("scheduler", "runs_at_once"),
    ("plugins", "dir"),
    ("plugins", "cache_dir"),
    ("plugins", "wasi"),
    ("profiles", "dir"),
    ("net", "host_concurrency"),
    ("net", "contact"),
    ("log", "format"),
    ("log", "level"),
];

/// The name of a configuration file in the daemon's directory.
pub const FILE_NAME: &str = "tidegate.toml";

impl Config {
    /// Reads the configuration of the daemon in `dir`. `file`: another file than `tidegate.toml` there, which then must exist.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and the nearest right key.
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
        let config: Self =
            table.try_into().map_err(|error: toml::de::Error| text::explain(&error, "environment (TIDEGATE_*)"))?;
        config.check(&place)?;
        Ok(config)
    }

    fn check(&self, place: &str) -> Result<(), ConfigError> {
        let refuse = |message: &str, hint: &str| {
            Err(ConfigError { place: place.to_owned(), message: message.to_owned(), hint: Some(hint.to_owned()) })
        };
        if !(1..=1_024).contains(&self.scheduler.runs_at_once) {
            return refuse("scheduler.runs_at_once is out of range", "a number from 1 to 1024");
        }
        if self.store.path.file_name().is_none() {
            return refuse("store.path names no file", "for example \"tidegate.db\"");
        }
        if !(1..=64).contains(&self.net.host_concurrency) {
            return refuse("net.host_concurrency is out of range", "a number from 1 to 64");
        }
        if self.net.contact.as_deref().is_some_and(|text| text.len() > 200 || text.chars().any(char::is_control)) {
            return refuse("net.contact cannot be sent in a header", "a URL or mail address on one line");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
