//! The log: every request, without its secrets.
//!
//! Owns: the entries, and where a token was found. Must not know: the token itself. Called for each request.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::limits::LOG_ENTRIES;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Unix milliseconds.
    pub at: Millis,
    /// `GET`, ...
    pub method: String,
    /// Path and query; a token in it is left out.
    pub path: String,
    /// The `Host` field: tells whether a redirect to another host was followed.
    pub host: String,
    /// The status that was answered; 0 where the connection was broken instead.
    pub status: u16,
    /// The `User-Agent` field.
    pub user_agent: String,
    /// Where a token was.
    pub token: TokenPlace,
    /// Whether it is one that is accepted.
    pub accepted: bool,
}

/// Where a request had its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenPlace {
    /// None.
    Absent,
    /// In the `Authorization` field, as it should be.
    Header,
    /// In the URL, where it ends up in the logs of others: a fault.
    Url,
}

/// The newest entries.
#[derive(Debug, Default)]
pub(crate) struct Log(VecDeque<LogEntry>);

impl Log {
    pub(crate) fn push(&mut self, entry: LogEntry) {
        if self.0.len() >= LOG_ENTRIES {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<LogEntry> {
        self.0.iter().cloned().collect()
    }
}
