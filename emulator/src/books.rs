//! The books: what was started, refused, charged and asked.
//!
//! Owns: the shape of the books. They are computed from the runs, not kept beside them: they cannot disagree. Called by
//! tests, the demo, the control API and at the end of the process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::money::MicroUsd;
use crate::runs::Status;

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// The emulator's time.
    pub now: Millis,
    /// Runs in the order of their starts.
    pub runs: Vec<RunBook>,
    /// Starts that were refused, in order.
    pub refused: Vec<Refusal>,
    /// Items that were charged, of all runs.
    pub items_charged: u64,
    /// What all runs cost by now, in micro-USD.
    pub charged: MicroUsd,
    /// Requests by endpoint.
    pub requests: BTreeMap<String, u64>,
    /// Runs by the `User-Agent` that started them.
    pub starts_by_user_agent: BTreeMap<String, u64>,
    /// Requests that carried a token in their URL.
    pub tokens_in_urls: u64,
    /// The most runs that were in flight at a time.
    pub most_in_flight: u32,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBook {
    /// Its id.
    pub id: String,
    /// `user/name`.
    pub actor: String,
    /// Who started it.
    pub user_agent: String,
    /// SHA-256 of the input, hexadecimal.
    pub input_sha256: String,
    /// Handles and searches of the input, separated by spaces.
    pub handle: String,
    /// Its status now.
    pub status: Status,
    /// Unix milliseconds.
    pub started: Millis,
    /// Unix milliseconds; none while it runs.
    pub finished: Option<Millis>,
    /// Items in its dataset.
    pub items: u32,
    /// Items that were charged: `maxItems` may leave some out.
    pub items_charged: u32,
    /// Events that were charged; empty where the actor is not paid by events.
    pub events: BTreeMap<String, u32>,
    /// What it costs, in micro-USD.
    pub charged: MicroUsd,
    /// The cap that was sent, in micro-USD.
    pub cap: Option<MicroUsd>,
}

/// A start that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Unix milliseconds.
    pub at: Millis,
    /// As in the path.
    pub actor: String,
    /// Who asked.
    pub user_agent: String,
    /// HTTP status.
    pub status: u16,
    /// `error.type`, or what was done instead.
    pub kind: String,
}

impl Books {
    /// Runs whose input names this handle or search.
    pub fn of_handle<'a>(&'a self, handle: &'a str) -> impl Iterator<Item = &'a RunBook> {
        self.runs.iter().filter(move |run| run.handle.split(' ').any(|each| each.eq_ignore_ascii_case(handle)))
    }

    /// The run of this id.
    #[must_use]
    pub fn run(&self, id: &str) -> Option<&RunBook> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// Requests of one endpoint: `start`, `get-run`, `items`, `list`, ...
    #[must_use]
    pub fn requests_of(&self, endpoint: &str) -> u64 {
        self.requests.get(endpoint).copied().unwrap_or(0)
    }
}
