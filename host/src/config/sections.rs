//! The plain sections of `tidegate.toml`.
//!
//! Owns: their keys and defaults. Must not know: what the values are used for. Read through [`super::Config`]. Money and
//! credentials have files of their own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tidegate_core::limits;
use tidegate_core::time::Span;

use super::rates::HostConfig;
use crate::database::DatabaseUrl;

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// SQLite file, relative to the daemon's directory.
    pub path: PathBuf,
    /// PostgreSQL database instead of the file: `postgres://user@host/database`. Its password is never shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<DatabaseUrl>,
    /// Connections to that database, 1 to 64; one more listens.
    pub connections: u32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { path: PathBuf::from("tidegate.db"), url: None, connections: limits::PG_CONNECTIONS }
    }
}

/// The scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SchedulerConfig {
    /// Runs under way at once, 1 to 1,024. Runs that wait for an actor run are not among them.
    pub runs_at_once: usize,
    /// How often actor runs under way are looked at, `1s` to `5m`.
    pub watch: Span,
    /// A follower seen less than this ago is active, `1m` to `365d`.
    pub active_within: Span,
    /// The longest time over which sources are spread that came due while no daemon was alive, up to `24h`.
    pub catch_up_window: Span,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            runs_at_once: limits::RUNS_AT_ONCE,
            watch: span(limits::ACTOR_WATCH),
            active_within: span(limits::ACTIVE_WITHIN),
            catch_up_window: span(limits::CATCH_UP_WINDOW),
        }
    }
}

fn span(limit: std::time::Duration) -> Span {
    Span::seconds(u32::try_from(limit.as_secs()).unwrap_or(u32::MAX))
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
    /// How changes in the directory are found.
    pub watch: WatchBy,
}

impl Default for PluginsConfig {
    fn default() -> Self {
        let (dir, cache_dir) = (PathBuf::from("plugins"), PathBuf::from(".tidegate-cache"));
        Self { dir, cache_dir, wasi: Wasi::Allow, watch: WatchBy::Auto }
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

/// How changes in a directory are found while the daemon works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WatchBy {
    /// The system tells where it can, and it is looked at every few seconds all the same.
    Auto,
    /// It is looked at every two seconds.
    Poll,
    /// They are not: SIGHUP is needed.
    Off,
}

/// Where profiles come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProfilesConfig {
    /// Directory of `*.toml`, relative to the daemon's directory. It need not exist.
    pub dir: PathBuf,
    /// How changes in the directory are found.
    pub watch: WatchBy,
}

impl Default for ProfilesConfig {
    fn default() -> Self {
        Self { dir: PathBuf::from("profiles"), watch: WatchBy::Auto }
    }
}

/// Outgoing requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetConfig {
    /// Requests under way to one host at a time, 1 to 64.
    pub host_concurrency: usize,
    /// Requests to one host in any minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<NonZeroU32>,
    /// Requests to one host in any hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_hour: Option<NonZeroU32>,
    /// What holds for single hosts instead, by name or `*.suffix`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<String, HostConfig>,
    /// Where to reach the people who run this daemon (URL or address): added to the User-Agent.
    pub contact: Option<String>,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            host_concurrency: limits::HOST_CONCURRENCY,
            requests_per_minute: None,
            requests_per_hour: None,
            hosts: BTreeMap::new(),
            contact: None,
        }
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

/// The listener for metrics and health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Where it listens.
    pub listen: Listen,
}

/// Where the listener listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Listen {
    /// Nowhere: there is none.
    #[default]
    Off,
    /// At this address and port; port 0 is one that is free.
    At(SocketAddr),
}

impl TryFrom<String> for Listen {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        local.unwrap_or(text).parse().map(Self::At).map_err(
            |_| "http.listen is an address with a port, such as \"127.0.0.1:9898\" or \"[::]:9898\", or \"off\"",
        )
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        match listen {
            Listen::Off => "off".to_owned(),
            Listen::At(address) => address.to_string(),
        }
    }
}
