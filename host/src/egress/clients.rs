//! HTTP clients, one for each set of exceptions.
//!
//! Owns: the connection pools and how HTTP is spoken. Must not know: single requests. Called by the fetch for each hop. A
//! pooled connection is reused by scheme, host and port alone, without looking at its address again; so hops with
//! different exceptions must not share a pool.
//!
//! A hop gets the client of the exceptions that hold at its port, written without the port. So a client's exceptions hold
//! at every port it is used for, its resolver need not know which that is, and what a profile may reach at one port opens
//! nothing at another.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use tidegate_core::fetch::{AllowPrivate, NetGrant, Target};
use tidegate_core::limits;

use super::config::{EgressConfig, EgressLimits};
use super::connect::Noted;
use super::judged::Judged;

/// All clients that are known.
pub(super) struct Clients {
    config: EgressConfig,
    tls: ClientConfig,
    /// For hops without exceptions: nearly all.
    public: Client,
    private: Mutex<Private>,
}

#[derive(Default)]
struct Private {
    clients: HashMap<Vec<AllowPrivate>, (Client, u64)>,
    uses: u64,
}

impl Clients {
    /// # Errors
    /// The client's, where it refuses its settings.
    pub(super) fn new(config: EgressConfig, tls: ClientConfig) -> reqwest::Result<Self> {
        let public = client(&config, &tls, NetGrant::default())?;
        Ok(Self { config, tls, public, private: Mutex::default() })
    }

    /// The client for this hop. At most [`limits::GRANT_SETS`] with exceptions are kept; the one unused for longest makes
    /// room, and its requests under way end as they would have.
    ///
    /// # Errors
    /// The client's, where it refuses its settings; it has taken the same ones before.
    pub(super) fn for_hop(&self, grant: &NetGrant, target: &Target) -> reqwest::Result<Client> {
        let here = grant.at_port(target.port());
        if here.allow_private.is_empty() {
            return Ok(self.public.clone());
        }
        let mut private = self.private.lock().unwrap_or_else(PoisonError::into_inner);
        private.uses += 1;
        let uses = private.uses;
        if let Some((client, used)) = private.clients.get_mut(&here.allow_private) {
            *used = uses;
            return Ok(client.clone());
        }
        if private.clients.len() >= limits::GRANT_SETS {
            let oldest = private.clients.iter().min_by_key(|(_, (_, used))| *used).map(|(rules, _)| rules.clone());
            oldest.and_then(|rules| private.clients.remove(&rules));
        }
        let rules = here.allow_private.clone();
        let fresh = client(&self.config, &self.tls, here)?;
        private.clients.insert(rules, (fresh.clone(), uses));
        Ok(fresh)
    }
}

/// `grant`: with exceptions that name no port.
#[expect(clippy::disallowed_methods, reason = "the one place where HTTP clients are made")]
fn client(config: &EgressConfig, tls: &ClientConfig, grant: NetGrant) -> reqwest::Result<Client> {
    let limits = &config.limits;
    Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .dns_resolver(Judged::new(grant, config.resolver.clone(), limits.dns))
        .connector_layer(Noted)
        // What the client does of its own accord, and this room does itself or not at all.
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        // The addresses of one family share this time evenly; a dead one costs its share, not all.
        .connect_timeout(limits.connect)
        .tcp_nodelay(true)
        .pool_idle_timeout(limits.keep_alive)
        .pool_max_idle_per_host(limits.idle_connections)
        .http1_max_headers(limits.header_count)
        .http2_max_header_list_size(header_list(limits))
        // What old servers send and every browser takes: "Name : value", folded lines, lines that are no field.
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .build()
}

/// What a server is told in HTTP/2 about the size of a header (RFC 9113, 6.5.2): names, values and 32 bytes a field.
fn header_list(limits: &EgressLimits) -> u32 {
    let bytes = limits.header_bytes.saturating_add(limits.header_count.saturating_mul(32));
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::config::Roots;
    use super::super::tls::client_config;
    use super::*;

    fn clients() -> Clients {
        Clients::new(EgressConfig::default(), client_config(&Roots::Bundled).unwrap()).unwrap()
    }

    fn grant(rules: &[&str]) -> NetGrant {
        NetGrant { allow_private: rules.iter().map(|r| r.parse().unwrap()).collect(), ..NetGrant::default() }
    }

    fn known(clients: &Clients) -> Vec<Vec<String>> {
        let private = clients.private.lock().unwrap();
        let mut known: Vec<_> =
            private.clients.keys().map(|rules| rules.iter().map(ToString::to_string).collect()).collect();
        known.sort();
        known
    }

    #[tokio::test]
    async fn one_client_for_each_set_and_not_more_than_the_limit() {
        let clients = clients();
        let target = Target::parse("http://a.example/").unwrap();
        for n in 0..=u8::MAX {
            let one = format!("10.0.0.{n}");
            clients.for_hop(&grant(&[&one, "fd00::1"]), &target).unwrap();
            clients.for_hop(&grant(&["fd00::1", &one, &one]), &target).unwrap();
        }
        let known = known(&clients);
        assert_eq!(known.len(), limits::GRANT_SETS);
        assert!(known.contains(&vec!["10.0.0.255".to_owned(), "fd00::1".to_owned()]));
    }

    #[tokio::test]
    async fn a_client_has_the_exceptions_of_its_hops_port_and_no_others() {
        let clients = clients();
        let rules = grant(&["wiki.corp:8080", "10.0.0.0/8"]);
        let open_ports = grant(&["wiki.corp:8080", "wiki.corp:9090"]);
        for (grant, url, want) in [
            (&rules, "http://wiki.corp:8080/", &[&["10.0.0.0/8", "wiki.corp"][..]][..]),
            (&rules, "http://wiki.corp/", &[&["10.0.0.0/8"], &["10.0.0.0/8", "wiki.corp"]]),
            (&open_ports, "http://wiki.corp:8080/", &[&["10.0.0.0/8"], &["10.0.0.0/8", "wiki.corp"], &["wiki.corp"]]),
            (&open_ports, "http://wiki.corp:9090/", &[&["10.0.0.0/8"], &["10.0.0.0/8", "wiki.corp"], &["wiki.corp"]]),
            (&open_ports, "http://wiki.corp/", &[&["10.0.0.0/8"], &["10.0.0.0/8", "wiki.corp"], &["wiki.corp"]]),
        ] {
            clients.for_hop(grant, &Target::parse(url).unwrap()).unwrap();
            assert_eq!(known(&clients), want, "{url}");
        }
    }
}
