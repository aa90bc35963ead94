//! One hop: a request out, a header in.
//!
//! Owns: the time and size limits up to the end of the header. Must not know: why the request is made, or what a status
//! means. Called by the fetch and by the client of the actor platform, both after the target was judged.

use http::HeaderMap;
use reqwest::{Request, Response};
use tidegate_core::fetch::{NetGrant, Place, Target};

use super::clients::Clients;
use super::config::EgressLimits;
use super::error::{FetchError, Measure, Phase};
use super::{failed, progress};

/// Sends `request`, which is for `target`, and waits for the header of the answer.
pub(super) async fn exchange(
    clients: &Clients,
    limits: &EgressLimits,
    grant: &NetGrant,
    target: &Target,
    request: Request,
) -> Result<Response, FetchError> {
    let at = || target.place();
    let client = clients.for_hop(grant, target);
    let client = client.map_err(|e| FetchError::Connect { at: at(), why: e.without_url().to_string() })?;
    let sent = progress::header_within(limits.header, limits.connect, client.execute(request)).await;
    let answer = sent.map_err(|_| FetchError::Timeout { at: at(), phase: Phase::Header, after: limits.header })?;
    let answer = answer.map_err(|error| failed::explain(&error, limits, at()))?;
    accept(limits, answer.headers(), at)?;
    Ok(answer)
}

/// The limits on a header that has been read. Before that, the client stops at as many fields, and HTTP/1 at a fixed buffer of
/// about 400 KiB that reqwest gives no handle on.
fn accept(limits: &EgressLimits, headers: &HeaderMap, at: impl Fn() -> Place) -> Result<(), FetchError> {
    let (header_count, header_bytes) = (limits.header_count, limits.header_bytes);
    if headers.len() > header_count {
        return Err(FetchError::TooLarge { at: at(), what: Measure::HeaderCount, limit: header_count });
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > header_bytes {
        return Err(FetchError::TooLarge { at: at(), what: Measure::HeaderBytes, limit: header_bytes });
    }
    Ok(())
}
