//! From what a plugin wants fetched to what may be fetched.
//!
//! Owns: the job a plugin is asked with, and every check between a [`Step`] and a [`Plan`]. Must not know: sockets, DNS
//! (the addresses are checked by `fetch` and `egress`, again and closer to the wire), or the plugin's room. Called by the
//! run's machine. A `Plan` is made here only, so whatever is fetched has passed.

use core::time::Duration;
use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

use crate::claim::Claim;
use crate::contract::{ActorRun, Fetch, Header, HttpRequest, Job, Kind, Step};
use crate::failure::{Class, Failure};
use crate::fetch::HIDDEN;
use crate::limits;
use crate::money::MicroUsd;
use crate::one_line::quoted;
use crate::overrides;
use crate::profile::{Carried, Profile};
use crate::run::Intent;
use crate::source::{Source, printable_identifier};
use crate::time::UtcMillis;

/// A fetch that may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    wanted: Wanted,
    state: Option<String>,
    delay: Duration,
}

/// What is to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// An HTTP request.
    Http(HttpRequest),
    /// A run of the profile's actor.
    Actor(ActorWish),
}

/// A run of the profile's actor that may be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorWish {
    /// JSON object.
    pub input: String,
    /// The most elements the plugin expects.
    pub max_elements: u32,
    /// The most it may cost: the platform is told so.
    pub charge_cap: MicroUsd,
}

impl ActorWish {
    /// The wish that led to an intent.
    #[must_use]
    pub fn of(intent: &Intent) -> Self {
        let (input, charge_cap) = (intent.order.input.clone(), intent.order.charge_cap);
        Self { input, max_elements: intent.max_elements, charge_cap }
    }
}

impl Plan {
    /// What is to be fetched.
    #[must_use]
    pub const fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// What the plugin wants to find again with the page.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// How long to wait before it.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.delay
    }
}

/// How many new items a run of this claim may store in all. The first success of a source is its bootstrap, whichever
/// trigger it comes from.
#[must_use]
pub fn item_cap(claim: &Claim, profile: &Profile) -> u32 {
    source_cap(&claim.source, profile)
}

/// How many new items the next run of this source may store in all.
#[must_use]
pub fn source_cap(source: &Source, profile: &Profile) -> u32 {
    let caps = &profile.caps;
    if source.last_success_at.is_none() { caps.bootstrap_max_items } else { caps.max_items }
}

/// The job of a run of a source of this `kind`.
#[must_use]
pub fn job(claim: &Claim, profile: &Profile, kind: &Kind, now: UtcMillis) -> Job {
    Job {
        watermark: claim.watermark().cloned(),
        max_items: item_cap(claim, profile).saturating_sub(claim.items_before).max(1),
        ..replay_job(&claim.source, profile, kind, now)
    }
}

/// The job with which a page is normalized again that was fetched `then`: as in a first run, so that nothing is left out
/// because it was known already.
#[must_use]
pub fn replay_job(source: &Source, profile: &Profile, kind: &Kind, then: UtcMillis) -> Job {
    // The schema was parsed when the plugin was loaded; one that no longer parses has no defaults to give.
    let schema = overrides::schema(&kind.overrides_schema).unwrap_or_default();
    let merged = profile.merged_overrides(&source.overrides);
    let overrides = Value::Object(overrides::with_defaults(&schema, merged));
    Job {
        kind: profile.kind.clone(),
        identifier: source.identifier.clone(),
        overrides: overrides.to_string(),
        watermark: None,
        max_items: u32::try_from(limits::BATCH_ITEMS).unwrap_or(u32::MAX),
        max_pages: profile.caps.max_pages.max(1),
        now: then.to_string(),
        actor: profile.actor.as_ref().map(|actor| actor.name.to_string()),
        platform_id: source.platform_id.clone(),
        extra: None,
    }
}

/// Checks what a plugin wants fetched against its own manifest and the operator's profile. `left`: what is left of the money
/// that was reserved for the run.
///
/// # Errors
/// A [`Failure`]: of class `plugin-fault` for what a plugin must not ask, of class `config` for what this profile does
/// not allow.
pub fn check(step: Step, kind: &Kind, profile: &Profile, left: MicroUsd) -> Result<Plan, Failure> {
    let fault = |message: String| Err(Failure::new(Class::PluginFault, message));
    let state = step.state.as_deref().map_or(0, str::len);
    if state > limits::STATE_BYTES {
        return fault(format!("step.state has {state} bytes, at most {} are allowed", limits::STATE_BYTES));
    }
    let delay = delay(step.extra.as_deref().unwrap_or_default())?;
    match step.fetch {
        Fetch::Http(request) => {
            check_request(&request, kind, profile)?;
            Ok(Plan { wanted: Wanted::Http(request), state: step.state, delay })
        }
        Fetch::Actor(run) => {
            let wish = check_actor(run, profile, left)?;
            Ok(Plan { wanted: Wanted::Actor(wish), state: step.state, delay })
        }
        // The machine ends a run that has nothing to fetch; a step with it does not come here.
        Fetch::Nothing => fault("step.fetch is `nothing` where something was to be fetched".to_owned()),
        Fetch::Other(_) => fault("step.fetch is `other`, which this track does not use".to_owned()),
    }
}

/// The order for the platform, if it can cost no more than what is left.
fn check_actor(run: ActorRun, profile: &Profile, left: MicroUsd) -> Result<ActorWish, Failure> {
    let fault = |message: String| Err(Failure::new(Class::PluginFault, message));
    let config = |message: String| Err(Failure::new(Class::Config, message));
    let Some(actor) = &profile.actor else {
        return config(format!("the plugin wants an actor run, but profile {} names no actor", profile.name));
    };
    if run.input.len() > limits::REQUEST_BODY_BYTES {
        let (bytes, most) = (run.input.len(), limits::REQUEST_BODY_BYTES);
        return fault(format!("the actor's input has {bytes} bytes, at most {most} are allowed"));
    }
    if let Err(error) = serde_json::from_str::<Map<String, Value>>(&run.input) {
        return fault(format!("the actor's input is not a JSON object: {error}"));
    }
    let events = events(run.extra.as_deref().unwrap_or_default())?;
    let charge_cap = match actor.price.planned(run.max_elements, &events, actor.size()) {
        Ok(cost) => cost,
        Err(event) => {
            let known: Vec<&str> = actor.price.events.keys().map(String::as_str).collect();
            return config(format!(
                "profile {}: its price table has no price for the event {event:?}, which the actor charges for this source; \
                 add it to [actor.price.events] (there: {known:?})",
                profile.name
            ));
        }
    };
    if charge_cap > left {
        return config(format!(
            "the actor run may cost {charge_cap} for {} elements, and {left} are left of what is reserved for the run; lower \
             what the source asks for, or raise caps, actor.spare_elements or budget.usd_per_run in profile {}",
            run.max_elements, profile.name
        ));
    }
    Ok(ActorWish { input: run.input, max_elements: run.max_elements, charge_cap })
}

/// The counts of paid events a plugin expects.
fn events(extra: &str) -> Result<BTreeMap<String, u64>, Failure> {
    if extra.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    #[derive(serde::Deserialize)]
    struct Known {
        #[serde(default)]
        events: BTreeMap<String, u64>,
    }
    let wrong = |error| {
        let message = format!("actor-run.extra is not an object with counts of events: {error}");
        Failure::new(Class::PluginFault, message)
    };
    serde_json::from_str::<Known>(extra).map(|known| known.events).map_err(wrong)
}

fn delay(extra: &str) -> Result<Duration, Failure> {
    if extra.trim().is_empty() {
        return Ok(Duration::ZERO);
    }
    let object: Map<String, Value> = serde_json::from_str(extra)
        .map_err(|error| Failure::new(Class::PluginFault, format!("step.extra is not a JSON object: {error}")))?;
    let seconds = object.get("delay-s").and_then(Value::as_f64).unwrap_or(0.0);
    Ok(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(limits::STEP_DELAY_MOST).min(limits::STEP_DELAY_MOST))
}

fn check_request(request: &HttpRequest, kind: &Kind, profile: &Profile) -> Result<(), Failure> {
    let fault = |message: String| Err(Failure::new(Class::PluginFault, message));
    let method = &request.method;
    if !kind.methods.contains(method) {
        let method = quoted(method);
        return fault(format!("method {method} is not among those its manifest asks for: {:?}", kind.methods));
    }
    if !profile.net.allows_method(method, &kind.methods) {
        let why = match &profile.net.allowed_methods {
            Some(allowed) => format!("net.allowed_methods is {allowed:?}"),
            None => "with a credential only GET is, unless net.allowed_methods names it".to_owned(),
        };
        let message = format!("method {method} is not allowed by profile {}: {why}", profile.name);
        return Err(Failure::new(Class::Config, message));
    }
    if request.url.len() > limits::URL_BYTES {
        return fault(format!("the URL has {} bytes, at most {} are allowed", request.url.len(), limits::URL_BYTES));
    }
    if let Some(c) = request.url.chars().find(|c| c.is_control() || *c == ' ' || *c == '#') {
        return fault(format!("the URL holds {c:?}: it has to be percent-encoded, without a fragment"));
    }
    let url = match Url::parse(&request.url) {
        Ok(url) => url,
        Err(error) => {
            let shown = printable_identifier(&request.url);
            return fault(format!("{} is not an absolute URL: {error}", quoted(&shown)));
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        return fault(format!("scheme {} is not http or https", quoted(url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fault("the URL carries a user or password; credentials belong into the profile".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    if !host_allowed(host, &kind.hosts) {
        let host = quoted(host);
        return fault(format!("host {host} is not among those its manifest asks for: {:?}", kind.hosts));
    }
    if !host_allowed(host, &profile.net.allowed_hosts) {
        let allowed = &profile.net.allowed_hosts;
        let message = format!("host {host:?} is not allowed by profile {}: allowed_hosts is {allowed:?}", profile.name);
        return Err(Failure::new(Class::Config, message));
    }
    let body = request.body.as_ref().map_or(0, |body| body.as_bytes().len());
    if body > limits::REQUEST_BODY_BYTES {
        return fault(format!("the body has {body} bytes, at most {} are allowed", limits::REQUEST_BODY_BYTES));
    }
    let passed = &request.pass_statuses;
    let known = |status: &u16| matches!(status, 401 | 407 | 408 | 425 | 429 | 500..=599);
    if passed.len() > limits::PASS_STATUSES || !passed.iter().all(known) {
        let (some, most) =
            (passed.get(..passed.len().min(limits::PASS_STATUSES)).unwrap_or_default(), limits::PASS_STATUSES);
        return fault(format!(
            "pass-statuses: {} given, beginning {some:?}; at most {most} of 401, 407, 408, 425, 429, 5xx are allowed",
            passed.len()
        ));
    }
    check_credential(request, &url, profile)?;
    check_headers(&request.headers)
}

/// What the profile fills with a credential is not a plugin's to name. In a query it may stand as an answer gave it back: hidden. Nor is
/// an answer to it asked for in pieces: a server that says the credential back would give it in halves, which nobody finds.
fn check_credential(request: &HttpRequest, url: &Url, profile: &Profile) -> Result<(), Failure> {
    let Some(credential) = &profile.net.credential else { return Ok(()) };
    let named = match &credential.carried {
        Carried::Header { header, .. } => request
            .headers
            .iter()
            .any(|field| field.name.eq_ignore_ascii_case(header))
            .then(|| format!("header field {header:?}")),
        Carried::Query { query } => {
            let named = url.query_pairs().any(|(name, value)| name == query.as_str() && value != HIDDEN);
            named.then(|| format!("query parameter {query:?}"))
        }
    };
    let (name, profile) = (&credential.name, &profile.name);
    let config = |message: String| Err(Failure::new(Class::Config, message));
    if let Some(what) = named {
        return config(format!(
            "the request names the {what}, which profile {profile} fills with credential {name}; leave it out of the source"
        ));
    }
    let refused = |field: &&Header| NOT_WITH_CREDENTIAL.iter().any(|name| field.name.eq_ignore_ascii_case(name));
    request.headers.iter().find(refused).map_or(Ok(()), |field| {
        let field = field.name.to_ascii_lowercase();
        config(format!(
            "the request names the header field {field:?}, and profile {profile} sends credential {name} with it: with a credential \
             answers are asked for whole, by the method of the request; leave the field out of the source"
        ))
    })
}

/// Whether `host` is among `patterns`: exact, `*.suffix` (any host below it), or `*`.
fn host_allowed(host: &str, patterns: &[String]) -> bool {
    let host = host.trim_end_matches('.');
    patterns.iter().any(|pattern| match pattern.strip_prefix("*.") {
        Some(suffix) => {
            host.len() > suffix.len()
                && host.to_ascii_lowercase().ends_with(&suffix.to_ascii_lowercase())
                && host.as_bytes().get(host.len() - suffix.len() - 1) == Some(&b'.')
        }
        None => pattern == "*" || pattern.eq_ignore_ascii_case(host),
    })
}

/// Header fields that do not go together with a credential: they ask for a part of an answer, in which its echo is not found, or turn
/// a request that reads into one that writes.
pub const NOT_WITH_CREDENTIAL: [&str; 5] =
    ["if-range", "range", "x-http-method", "x-http-method-override", "x-method-override"];

/// Header fields that belong to the connection, to the host, or to a credential.
const FORBIDDEN_HEADERS: [&str; 18] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];

fn check_headers(headers: &[Header]) -> Result<(), Failure> {
    let fault = |message: String| Err(Failure::new(Class::PluginFault, message));
    let bytes: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    if headers.len() > limits::REQUEST_HEADERS || bytes > limits::REQUEST_HEADER_BYTES {
        return fault(format!(
            "{} header fields with {bytes} bytes; at most {} with {} are allowed",
            headers.len(),
            limits::REQUEST_HEADERS,
            limits::REQUEST_HEADER_BYTES
        ));
    }
    for Header { name, value } in headers {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(token) {
            return fault(format!("header name {} is not an HTTP token (RFC 9110, section 5.6.2)", quoted(name)));
        }
        if value.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return fault(format!("the value of header {} holds CR, LF or NUL", quoted(name)));
        }
        let lower = name.to_ascii_lowercase();
        if FORBIDDEN_HEADERS.contains(&lower.as_str())
            || lower.starts_with("proxy-")
            || lower.starts_with("x-forwarded-")
        {
            return fault(format!("header {} is the host's business", quoted(name)));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
