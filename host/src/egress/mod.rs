//! The only room that opens outbound sockets.
//!
//! Owns: how an HTTP request is made: who may be dialled, how long and how much, redirects, credentials, turns and gates
//! per host. Must not know: plugins, runs, or more of the store than turns at hosts. Called by the engine with a request the core has clamped.
//!
//! `apify` is the client of the actor platform: it has a token and connections of its own, and shares the rest.
//!
//! One file per concern: `chain` (what is sent at each hop), `gate` (turns at hosts), `desk` (turns that a store keeps), `clients` (connections), `exchange` (one hop), `judged` (the deny
//! table on the way to each), `connect` and `progress` (phases), `body`, `decode` and `codec` (what comes back), `text`
//! (header values and bodies as text), `webhook` (alerts on their way out), `keys` (credentials of profiles), `scrub` (what comes back of them; `spelled` and `undone`: how it is written), `secret`, `tls`, `resolver`, `config`, `error`, `failed`. The rules are in
//! `tidegate_core::fetch`.
//!
//! The client is reqwest with everything off that it does of its own accord: proxies from the environment, cookies,
//! referrers, redirects, retries and decompression (`docs/decisions/0004-http-client.md`).

mod apify;
mod body;
mod chain;
mod clients;
mod codec;
mod config;
mod connect;
mod decode;
mod desk;
mod error;
mod exchange;
mod failed;
mod gate;
mod judged;
mod keys;
mod port;
mod progress;
mod resolver;
mod scrub;
mod secret;
mod spelled;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod testserver;
mod text;
mod tls;
mod undone;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, header};
use reqwest::Response;
use tidegate_core::contract::{Body, Header, HttpRequest, HttpResponse};
use tidegate_core::fetch::redirect::{self, Decision, RedirectRefused};
use tidegate_core::fetch::{Denial, Host, NetGrant, Place, retry_after};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tokio::time::timeout;

use crate::ports::{Clock, Store, StoreError};

pub use apify::{ActorCredential, ApifyClient, DEFAULT_ORIGIN};
use chain::Chain;
use clients::Clients;
pub use config::{EgressConfig, EgressLimits, Roots, SetupError};
pub use error::{FetchError, Measure, Phase};
use gate::{Closed, Hosts, Turn};
pub use keys::{Key, Keys};
pub use port::Outgoing;
pub use resolver::{Lookup, Resolve, SystemResolver};
use scrub::Scrub;
pub use secret::{Carrier, Credential, Secret};
use text::OddValues;
pub use webhook::SecretWebhook;

/// One request on behalf of a profile.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// What the plugin planned.
    pub request: HttpRequest,
    /// What the profile may reach and take in.
    pub grant: NetGrant,
    /// The profile's credentials; each goes to its origin only, and to none after a redirect has left the first origin.
    pub credentials: Vec<Credential>,
    /// How the operator may be reached, shown in `user-agent`; a URL or address.
    pub contact: Option<String>,
    /// When the run has to end, by egress' clock. The limits of a fetch hold besides.
    pub deadline: Option<UtcMillis>,
}

/// Makes requests. Cheap to clone; clones share connections, turns and gates.
#[derive(Clone)]
pub struct Egress {
    inner: Arc<Inner>,
}

struct Inner {
    clients: Clients,
    hosts: Hosts,
    odd: OddValues,
    limits: EgressLimits,
    clock: Arc<dyn Clock>,
}

impl Egress {
    /// Sets egress up. `clock` measures deadlines, gates and the dates of `Retry-After`; the phases of a fetch are
    /// measured by the runtime's timer.
    ///
    /// # Errors
    /// [`SetupError`] where the configured certificate authorities cannot be used, or the HTTP client cannot be made.
    pub fn new(config: EgressConfig, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let tls = tls::client_config(&config.roots)?;
        let limits = config.limits.clone();
        let hosts = Hosts::new(config.hosts.clone(), limits::HOSTS_REMEMBERED, Arc::clone(&clock));
        let odd = OddValues::new(limits::ODD_VALUES);
        let clients = Clients::new(config, tls)?;
        Ok(Self { inner: Arc::new(Inner { clients, hosts, odd, limits, clock }) })
    }

    /// Keeps what is known of hosts in a store, so that it holds for all daemons of a database and after a restart.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn keep_hosts_in(&self, store: Arc<dyn Store>) -> Result<(), StoreError> {
        self.inner.hosts.keep_in(store).await
    }

    /// Makes one request, redirects included, and gives the answer a plugin may see.
    ///
    /// Waits for a turn at the host first; that wait is bounded by `deadline` alone. Dropping the future ends the
    /// request and gives the turn back.
    ///
    /// # Errors
    /// [`FetchError`]. Statuses are answers, except those the contract keeps from plugins, which are
    /// [`FetchError::Status`].
    pub async fn fetch(&self, outbound: Outbound) -> Result<HttpResponse, FetchError> {
        let inner = &*self.inner;
        let Outbound { request, grant, credentials, contact, deadline } = outbound;
        let chain = Chain::new(request, credentials, contact.as_deref(), &inner.odd)?;
        let at = chain.target.place();
        // Judged before the wait: what is denied never takes a turn.
        permit(&chain, &grant)?;
        let late = |phase, after| FetchError::Timeout { at: at.clone(), phase, after };
        let left = inner.left(deadline).min(limits::QUEUE_TIMEOUT);
        let entered = timeout(left, inner.hosts.enter(&chain.target)).await;
        let turn = entered.map_err(|_| late(Phase::Queue, left))?.map_err(|closed| gate_closed(closed, at.clone()))?;
        let left = inner.left(deadline).min(inner.limits.total);
        let followed = timeout(left, Box::pin(inner.follow(chain, &grant, turn))).await;
        followed.unwrap_or_else(|_| Err(late(Phase::Total, left)))
    }
}

impl Inner {
    /// Time until the deadline; longer than any limit if there is none.
    fn left(&self, deadline: Option<UtcMillis>) -> Duration {
        deadline.map_or(limits::RETRY_AFTER_MOST, |deadline| deadline.since(self.clock.now()))
    }

    /// Hop by hop to the last answer.
    async fn follow(&self, mut chain: Chain, grant: &NetGrant, mut turn: Turn) -> Result<HttpResponse, FetchError> {
        loop {
            let answer = turn.watch(self.exchange(&chain, grant)).await?;
            let status = answer.status().as_u16();
            let kept = is_kept(status, &chain);
            self.heed(&mut turn, status, answer.headers(), kept);
            if kept {
                return Err(self.kept(&chain, answer).await);
            }
            let follow = match self.decide(&chain, &answer)? {
                Decision::Follow(follow) => follow,
                Decision::HandOver => return self.hand_over(chain, grant, answer).await,
            };
            chain.follow(status, &follow)?;
            // Both go before the next host is asked for a turn: nobody waits for one while holding another.
            drop(answer);
            drop(turn);
            permit(&chain, grant)?;
            turn = self.hosts.enter(&chain.target).await.map_err(|closed| gate_closed(closed, chain.target.place()))?;
        }
    }

    /// One hop: the request out, the header in.
    async fn exchange(&self, chain: &Chain, grant: &NetGrant) -> Result<Response, FetchError> {
        exchange::exchange(&self.clients, &self.limits, grant, &chain.target, chain.request()?).await
    }

    fn decide(&self, chain: &Chain, answer: &Response) -> Result<Decision, FetchError> {
        let location = answer.headers().get(header::LOCATION);
        let location = location.map(|value| self.odd.read(chain.target.host_text(), value));
        let (status, method) = (answer.status().as_u16(), chain.method().as_str());
        let most = self.limits.redirects;
        redirect::decide(&chain.target, status, method, location.as_deref(), chain.followed(), most).map_err(
            |refused| {
                let at = chain.target.place();
                match refused {
                    RedirectRefused::TooMany { limit } => FetchError::TooManyRedirects { at, limit },
                    RedirectRefused::Downgrade { to } => FetchError::Downgrade { at, to },
                    RedirectRefused::Url { to, why } => FetchError::BadRedirect { at, to, why },
                }
            },
        )
    }

    /// Closes the gate where an answer asks for that: 429 speaks to everybody, whoever gets to see it.
    fn heed(&self, turn: &mut Turn, status: u16, headers: &HeaderMap, kept: bool) {
        let now = self.clock.now();
        match (status, wait_of(headers, now)) {
            (429, wait) => turn.close_until(now.plus(wait.unwrap_or(limits::GATE_DEFAULT).min(limits::GATE_MOST))),
            (503, Some(wait)) if kept => turn.close_until(now.plus(wait.min(limits::GATE_MOST))),
            (500..=599, _) if kept => turn.failed(),
            _ => {}
        }
    }

    /// An answer that goes to no plugin.
    async fn kept(&self, chain: &Chain, mut answer: Response) -> FetchError {
        let status = answer.status().as_u16();
        let headers = std::mem::take(answer.headers_mut());
        let wait = wait_of(&headers, self.clock.now());
        let body_head = body::head(&headers, answer, self.limits.idle, &chain.target, chain.credentials()).await;
        FetchError::Status { at: chain.target.place(), status, retry_after: wait, body_head }
    }

    async fn hand_over(
        &self,
        chain: Chain,
        grant: &NetGrant,
        mut answer: Response,
    ) -> Result<HttpResponse, FetchError> {
        let status = answer.status().as_u16();
        let received = std::mem::take(answer.headers_mut());
        let limit = grant.body_limit();
        let body = body::read(&received, answer, limit, self.limits.idle, &chain.target).await?;
        // Servers write the request they got into their answers, key and all.
        let scrub = Scrub::of(chain.credentials());
        let body = match text::body_as(chain.want, received.get(header::CONTENT_TYPE), body) {
            Body::Bytes(body) => Body::Bytes(scrub.bytes(body)),
            Body::Text(mut text) => {
                scrub.text(&mut text);
                Body::Text(text)
            }
        };
        let mut headers = self.headers(chain.target.host_text(), &received);
        headers.iter_mut().for_each(|field| scrub.text(&mut field.value));
        let (mut final_url, mut redirects) = chain.into_trace();
        scrub.text(&mut final_url);
        redirects.iter_mut().for_each(|hop| scrub.text(&mut hop.url));
        Ok(HttpResponse { status, final_url, redirects, headers, body, extra: None })
    }

    /// In the order of their first appearance; a repeated field stands together. Cookies are nobody's business.
    fn headers(&self, host: &str, received: &HeaderMap) -> Vec<Header> {
        let shown = received.iter().filter(|(name, _)| *name != header::SET_COOKIE);
        shown
            .map(|(name, value)| Header { name: name.as_str().to_owned(), value: self.odd.read(host, value) })
            .collect()
    }
}

/// What `Retry-After` says, cut to the cap.
fn wait_of(headers: &HeaderMap, now: UtcMillis) -> Option<Duration> {
    let said = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    said.and_then(|text| retry_after(text, now))
}

/// Statuses that say nothing about content (`wit/v0.1/types.wit`, `http-response`).
fn is_kept(status: u16, chain: &Chain) -> bool {
    let kept = matches!(status, 407 | 408 | 425 | 429 | 500..=599) || (status == 401 && chain.carries_credential());
    kept && !chain.pass_statuses.contains(&status)
}

/// The verdict on the next hop's name or literal address; `judged` gives the one on what a name resolves to.
fn permit(chain: &Chain, grant: &NetGrant) -> Result<(), FetchError> {
    grant.permits_target(&chain.target).map_err(|reason| FetchError::Denied {
        at: chain.target.place(),
        // Without the brackets of IPv6, so that whoever asks can tell an address from a name.
        host: match chain.target.host() {
            Host::Name(name) => name.to_owned(),
            Host::Address(address) => address.to_string(),
        },
        address: if let Denial::Address(denied) = &reason { Some(denied.address) } else { None },
        reason,
    })
}

fn gate_closed(closed: Closed, at: Place) -> FetchError {
    FetchError::GateClosed { at, host: closed.host, until: closed.until, because: closed.because }
}
