//! Conditional requests: `ETag` and `Last-Modified`, kept between runs and sent back byte for byte.
//!
//! Owns: the cursor. Called by `plan` and [`crate::answer`]. Validators belong to the URL that gave them: they are never
//! sent to another origin (RFC 9110 section 13.1; a validator can identify who it was given to).

use serde::{Deserialize, Serialize};
use tidegate_plugin_kit::{Header, HttpRequest, HttpResponse, Job, headers, uri};

use crate::limits;

/// What the cursor of a watermark holds.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The URL that answered with them.
    pub url: String,
    /// As received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// As received, well-formed or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Validators {
    /// Those of the job's watermark; none if the operator wants everything again.
    pub fn of_job(job: &Job) -> Option<Self> {
        let extra: serde_json::Value =
            job.extra.as_deref().and_then(|extra| serde_json::from_str(extra).ok()).unwrap_or_default();
        if extra.get("delta").and_then(serde_json::Value::as_str) == Some("full") {
            return None;
        }
        Self::of_cursor(job.watermark.as_ref()?.cursor.as_deref()?)
    }

    fn of_cursor(cursor: &str) -> Option<Self> {
        serde_json::from_str(cursor).ok().filter(|validators: &Self| !validators.is_empty())
    }

    /// Those of an answer with content; empty if it brings none, which forgets the older ones.
    pub fn of_response(response: &HttpResponse) -> Self {
        let kept = |name| headers::first(&response.headers, name).filter(|v| usable(v)).map(str::to_owned);
        Self { url: response.final_url.clone(), etag: kept("etag"), last_modified: kept("last-modified") }
    }

    /// These, freshened by a 304 (RFC 9111 section 3.2): what it brings replaces, what it leaves out stays.
    #[must_use]
    pub fn refreshed_by(self, response: &HttpResponse) -> Self {
        let new = Self::of_response(response);
        Self { url: self.url, etag: new.etag.or(self.etag), last_modified: new.last_modified.or(self.last_modified) }
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// The cursor for the next run; none if there is nothing to remember.
    pub fn to_cursor(&self) -> Option<String> {
        if self.is_empty() { None } else { serde_json::to_string(self).ok() }
    }

    /// Adds them to a request, if it goes where they came from. Says whether it did.
    pub fn apply(&self, request: &mut HttpRequest) -> bool {
        if !uri::same_origin(&self.url, &request.url) {
            return false;
        }
        for (name, value) in [("if-none-match", &self.etag), ("if-modified-since", &self.last_modified)] {
            if let Some(value) = value {
                request.headers.push(Header { name: name.to_owned(), value: value.clone() });
            }
        }
        !self.is_empty()
    }
}

/// Whether a value can stand in a request.
fn usable(value: &str) -> bool {
    !value.is_empty() && value.len() <= limits::VALIDATOR_BYTES && !value.contains(['\r', '\n', '\0'])
}
