//! The only way out, as the engine sees it.

use async_trait::async_trait;
use tidegate_core::contract::{HttpRequest, HttpResponse};
use tidegate_core::failure::Failure;
use tidegate_core::profile::Net;
use tidegate_core::time::UtcMillis;

/// Makes requests that have passed `tidegate_core::plan`.
#[async_trait]
pub trait Egress: Send + Sync {
    /// Fetches, redirects and all, within what `net` allows. Waits for a place if too many requests to the host are under
    /// way. `now` is the time of the call, for `Retry-After`.
    ///
    /// # Errors
    /// The failure, classified by `tidegate_core::failure`.
    async fn fetch(&self, request: &HttpRequest, net: &Net, now: UtcMillis) -> Result<HttpResponse, Failure>;
}
