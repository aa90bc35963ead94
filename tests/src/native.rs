//! A document through the feed plugin without a host: the plugin's functions called as plain Rust.
//!
//! Owns: that call. Must not know: the corpus. Called by the binary `feeds-native`; the host has its own way.

use serde_json::Value;
use tidegate_plugin_kit::{Fetch, Header, HttpResponse, Job, Page, Plugin};
use tidegate_plugin_rss::Rss;

use crate::corpus::Refused;

/// Plans and normalizes one document as if `document_url` had answered with it.
///
/// # Errors
///
/// The plugin's failure; or a fault if it panicked.
pub fn run(document: &[u8], document_url: &str, content_type: &str) -> Result<Value, Refused> {
    let call = || {
        let identifier = Rss::validate("feed", document_url, "")
            .map_err(|problems| Refused::Failure(format!("validate: {:?}", problems.first())))?
            .identifier;
        let job = Job { now: "2026-01-01T00:00:00Z".to_owned(), ..Job::new("feed", &identifier) };
        let step = Rss::plan(&job).map_err(|failure| Refused::Failure(failure.message))?;
        let Fetch::Http(_) = step.fetch else { return Err(Refused::Fault("no request was planned".to_owned())) };
        let mut response = HttpResponse::new(200, document_url, document);
        response.headers.push(Header { name: "content-type".to_owned(), value: content_type.to_owned() });
        Rss::normalize(&job, &Page::http(step.state, response)).map_err(|failure| Refused::Failure(failure.message))
    };
    match std::panic::catch_unwind(call) {
        Ok(Ok(batch)) => serde_json::to_value(&batch).map_err(|error| Refused::Fault(error.to_string())),
        Ok(Err(refused)) => Err(refused),
        Err(_) => Err(Refused::Fault("panic".to_owned())),
    }
}
