//! Egress as the engine's port.
//!
//! Owns: what each [`FetchError`] means in the words of `tidegate_core::failure`, and that none of these words is a credential. Must not know: runs or sources. Called by
//! the engine.

use std::net::IpAddr;

use async_trait::async_trait;
use tidegate_core::contract::{HttpRequest, HttpResponse};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::fetch::{NetGrant, Target};
use tidegate_core::profile::Net;
use tidegate_core::rate::Because;
use tidegate_core::time::UtcMillis;

use super::scrub::Scrub;
use super::{Egress, FetchError, Keys, Outbound, Phase};
use crate::ports;

/// Egress with what an operator says about himself.
pub struct Outgoing {
    egress: Egress,
    contact: Option<String>,
    keys: Keys,
}

impl Egress {
    /// Egress for an engine. `contact` is shown in `user-agent`; `keys` are what profiles name as credentials.
    #[must_use]
    pub const fn for_engine(self, contact: Option<String>, keys: Keys) -> Outgoing {
        Outgoing { egress: self, contact, keys }
    }
}

#[async_trait]
impl ports::Egress for Outgoing {
    async fn fetch(&self, request: &HttpRequest, net: &Net, now: UtcMillis) -> Result<HttpResponse, Failure> {
        let grant =
            NetGrant::try_from(net).map_err(|bad| Failure::new(Class::Config, format!("net.allow_private: {bad}")))?;
        let credential = net.credential.as_ref().map(|wanted| self.keys.of(wanted)).transpose()?;
        let credentials: Vec<_> = credential.into_iter().collect();
        let outbound = Outbound {
            request: request.clone(),
            grant,
            credentials: credentials.clone(),
            contact: self.contact.clone(),
            deadline: None,
        };
        let name = net.credential.as_ref().map(|credential| credential.name.as_str());
        self.egress.fetch(outbound).await.map_err(|error| {
            // Servers say credentials back wherever they may write: in addresses, names of codings, bodies.
            let message = Scrub::of(&credentials).message(&error.to_string());
            failure(&error, message, &request.url, name, now)
        })
    }
}

/// What a failed fetch of `url` means. `message`: what it says, without credentials; `credential`: the profile's; `now`: the time of the call.
fn failure(error: &FetchError, message: String, url: &str, credential: Option<&str>, now: UtcMillis) -> Failure {
    match (error, credential) {
        // It is handed over unless a credential was sent, or the plugin wants to see it.
        (FetchError::Status { status: 401, .. }, Some(name)) => {
            Failure::new(Class::Auth, format!("credential {name} is refused: {message}"))
        }
        (error, _) => failure_of(error, url, message, now),
    }
}

fn failure_of(error: &FetchError, url: &str, message: String, now: UtcMillis) -> Failure {
    match error {
        FetchError::Status { status, retry_after, .. } => {
            let judged = Failure::of_status(*status, "", *retry_after, false);
            Failure { retry_after: judged.retry_after, ..Failure::new(judged.class, message) }
        }
        // It would have failed as the ones before it did.
        FetchError::GateClosed { because: Because::Failing(_), .. } => Failure::new(Class::Transient, message),
        FetchError::GateClosed { until, .. } => {
            Failure { retry_after: Some(until.since(now)), ..Failure::new(Class::RateLimited, message) }
        }
        // What is asked for cannot be fetched as long as nobody changes identifier or profile.
        FetchError::Url { .. } => Failure::new(Class::Config, message),
        FetchError::Denied { at, host, address, .. } => {
            let asked = Target::parse(url).is_ok_and(|target| target.place() == *at);
            let by_name = address.is_some() && host.parse::<IpAddr>().is_err();
            // A redirect led there, or a name server said so: either may be over tomorrow, and a person who is asked to act
            // could do nothing about it.
            let class = match (asked, by_name) {
                (true, false) => Class::Config,
                (_, true) => Class::Transient,
                (false, false) => Class::BadAnswer,
            };
            Failure::new(class, message)
        }
        // The plugin's request passed the plan's checks and still cannot be sent.
        FetchError::Request { .. } | FetchError::BadHeader { .. } => Failure::new(Class::PluginFault, message),
        // Nobody has asked the host: it is busy with our own requests. Later, and no fault of the source.
        FetchError::Timeout { phase: Phase::Queue, .. } => Failure::new(Class::RateLimited, message),
        FetchError::Dns { .. }
        | FetchError::Connect { .. }
        | FetchError::Tls { .. }
        | FetchError::Timeout { .. }
        | FetchError::Reset { .. }
        | FetchError::Cut { .. } => Failure::new(Class::Transient, message),
        FetchError::Malformed { .. }
        | FetchError::TooLarge { .. }
        | FetchError::TooManyRedirects { .. }
        | FetchError::BadRedirect { .. }
        | FetchError::Downgrade { .. }
        | FetchError::CarriesCredential { .. }
        | FetchError::BadEncoding { .. } => Failure::new(Class::BadAnswer, message),
    }
}
