//! Paths of the API.
//!
//! Owns: which path is which endpoint. `/v2/acts/...` is the older name of `/v2/actors/...`. Called for each request.

use super::error::ApiError;
use crate::script::Endpoint;
use crate::server::percent_decoded;

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    /// An actor, as in the path.
    pub(crate) actor: Option<String>,
    /// A run, by its own id or by the id of one of its storages.
    pub(crate) run: Option<String>,
    /// The key of a record.
    pub(crate) key: Option<String>,
}

/// Finds the endpoint.
///
/// # Errors
/// 404 for an unknown path, 405 for a known one with another method.
pub(crate) fn route(method: &str, path: &str) -> Result<Route, ApiError> {
    let decoded: Vec<String> = path.split('/').skip(1).map(percent_decoded).collect();
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let Some((&"v2", parts)) = parts.split_first() else { return Err(unknown()) };
    let get = method == "GET" || method == "HEAD";
    let post = method == "POST";
    let (endpoint, allowed, actor, run, key) = match *parts {
        ["actors" | "acts", actor] => (Endpoint::Actor, "GET", Some(actor), None, None),
        ["actors" | "acts", actor, "runs"] if post => (Endpoint::Start, "POST", Some(actor), None, None),
        ["actors" | "acts", actor, "runs"] => (Endpoint::List, "GET", Some(actor), None, None),
        ["actors" | "acts", actor, "validate-input"] => (Endpoint::Validate, "POST", Some(actor), None, None),
        ["actor-runs"] => (Endpoint::List, "GET", None, None, None),
        ["actor-runs", run] => (Endpoint::GetRun, "GET", None, Some(run), None),
        ["actor-runs", run, "abort"] => (Endpoint::Abort, "POST", None, Some(run), None),
        ["actor-runs", run, "resurrect"] => (Endpoint::Resurrect, "POST", None, Some(run), None),
        ["actor-runs", run, "dataset"] | ["datasets", run] => (Endpoint::Dataset, "GET", None, Some(run), None),
        ["actor-runs", run, "dataset", "items"] | ["datasets", run, "items"] => {
            (Endpoint::Items, "GET", None, Some(run), None)
        }
        ["actor-runs", run, "key-value-store", "records", key] | ["key-value-stores", run, "records", key] => {
            (Endpoint::Record, "GET", None, Some(run), Some(key))
        }
        ["users", "me"] => (Endpoint::Me, "GET", None, None, None),
        ["users", "me", "limits"] => (Endpoint::Limits, "GET", None, None, None),
        ["users", "me", "usage", "monthly"] => (Endpoint::Usage, "GET", None, None, None),
        _ => return Err(unknown()),
    };
    if (allowed == "GET" && !get) || (allowed == "POST" && !post) {
        return Err(ApiError::method(if parts.last() == Some(&"runs") { "GET,POST" } else { allowed }));
    }
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(Route { endpoint, actor: owned(actor), run: owned(run), key: owned(key) })
}

fn unknown() -> ApiError {
    ApiError::new(404, "page-not-found", "We have bad news: there is no API end-point at this URL.")
}

impl Endpoint {
    /// As rules and books write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::GetRun => "get-run",
            Self::Items => "items",
            Self::List => "list",
            Self::Abort => "abort",
            Self::Resurrect => "resurrect",
            Self::Dataset => "dataset",
            Self::Record => "record",
            Self::Validate => "validate",
            Self::Me => "me",
            Self::Limits => "limits",
            Self::Usage => "usage",
            Self::Actor => "actor",
            Self::Other => "other",
        }
    }
}
