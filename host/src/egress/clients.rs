//! HTTP clients, one for each set of exceptions.
//!
//! Owns: the connection pools and how HTTP is spoken. Must not know: single requests. Called by the fetch. A pooled
//! connection is reused by host name alone, without looking at its address again; so profiles with different exceptions
//! must not share a pool.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tidegate_core::fetch::{AllowPrivate, NetGrant};
use tidegate_core::limits;

use super::config::{EgressConfig, EgressLimits};
use super::connect::Connector;

/// Cheap to clone; clones share a pool.
pub(super) type Client = HyperClient<Connector, Full<Bytes>>;

/// All clients that are known.
pub(super) struct Clients {
    config: EgressConfig,
    tls: Arc<rustls::ClientConfig>,
    /// For profiles without exceptions: nearly all.
    public: Client,
    private: Mutex<Private>,
}

#[derive(Default)]
struct Private {
    clients: HashMap<Vec<AllowPrivate>, (Client, u64)>,
    uses: u64,
}

impl Clients {
    pub(super) fn new(config: EgressConfig, tls: Arc<rustls::ClientConfig>) -> Self {
        let public = client(&config, &tls, Vec::new());
        Self { config, tls, public, private: Mutex::default() }
    }

    /// The client for these exceptions. At most [`limits::GRANT_SETS`] are kept; the one unused for longest makes room,
    /// and its requests under way end as they would have.
    pub(super) fn for_grant(&self, grant: &NetGrant) -> Client {
        if grant.allow_private.is_empty() {
            return self.public.clone();
        }
        let mut rules = grant.allow_private.clone();
        rules.sort();
        rules.dedup();
        let mut private = self.private.lock().unwrap_or_else(PoisonError::into_inner);
        private.uses += 1;
        let uses = private.uses;
        if let Some((client, used)) = private.clients.get_mut(&rules) {
            *used = uses;
            return client.clone();
        }
        if private.clients.len() >= limits::GRANT_SETS {
            let oldest = private.clients.iter().min_by_key(|(_, (_, used))| *used).map(|(rules, _)| rules.clone());
            oldest.and_then(|rules| private.clients.remove(&rules));
        }
        let fresh = client(&self.config, &self.tls, rules.clone());
        private.clients.insert(rules, (fresh.clone(), uses));
        fresh
    }
}

fn client(config: &EgressConfig, tls: &Arc<rustls::ClientConfig>, allow_private: Vec<AllowPrivate>) -> Client {
    let grant = NetGrant { allow_private, ..NetGrant::default() };
    let limits = config.limits.clone();
    let mut builder = HyperClient::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(limits::KEEP_ALIVE)
        .pool_max_idle_per_host(limits.host_concurrency)
        .http1_max_headers(limits.header_count)
        .http1_max_buf_size(header_buffer(&limits))
        .http2_max_header_list_size(u32::try_from(header_buffer(&limits)).unwrap_or(u32::MAX))
        // What old servers send and every browser takes: "Name : value", folded lines, lines that are no field.
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true);
    builder.build(Connector::new(grant, Arc::clone(&config.resolver), Arc::clone(tls), limits))
}

/// Bytes a whole header may take on the wire: names and values, and what stands between them (": ", line ends, HTTP/2's
/// 32 bytes a field). At least what hyper needs.
fn header_buffer(limits: &EgressLimits) -> usize {
    limits
        .header_bytes
        .saturating_add(limits.header_count.saturating_mul(32))
        .saturating_add(limits::KIB)
        .max(8 * limits::KIB)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::config::Roots;
    use super::super::tls::client_config;
    use super::*;

    #[tokio::test]
    async fn one_client_for_each_set_and_not_more_than_the_limit() {
        let clients = Clients::new(EgressConfig::default(), client_config(&Roots::Bundled).unwrap());
        for n in 0..=u8::MAX {
            let grant = NetGrant {
                allow_private: vec![format!("10.0.0.{n}").parse().unwrap(), "fd00::1".parse().unwrap()],
                ..NetGrant::default()
            };
            clients.for_grant(&grant);
            let turned = NetGrant { allow_private: grant.allow_private.iter().rev().cloned().collect(), ..grant };
            clients.for_grant(&turned);
        }
        let private = clients.private.lock().unwrap();
        assert_eq!(private.clients.len(), limits::GRANT_SETS);
        let newest: Vec<AllowPrivate> = vec!["10.0.0.255".parse().unwrap(), "fd00::1".parse().unwrap()];
        assert!(private.clients.contains_key(&newest));
    }
}
