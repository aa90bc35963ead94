//! A profile: what the operator allows and wants for sources of one sort.
//!
//! Owns: the parsed profile, its defaults, and how overrides are laid over each other. Must not know: TOML, files, or
//! which plugins are loaded (the edge in `host/src/config` reads and explains). Called by every rule that has a policy.

use core::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::actor::gate::GateKey;
use crate::actor::price::Size;
use crate::actor::{ActorName, PriceTable};
use crate::budget;
use crate::extra::Demand;
use crate::id::{CredentialName, ProfileName};
use crate::limits;
use crate::money::MicroUsd;
use crate::pin::Pin;
use crate::rate::Rates;
use crate::sandbox::CallLimits;
use crate::schedule::Schedule;

/// A profile, parsed and valid in itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// Name; the file's name without `.toml`.
    pub name: ProfileName,
    /// Which plugin, by the name in its manifest.
    pub plugin: String,
    /// The one component of that name that may read its sources. `None`: whichever serves.
    pub plugin_digest: Option<Pin>,
    /// Which of its kinds.
    pub kind: String,
    /// One sentence for a person.
    pub description: String,
    /// Overrides every source starts from.
    pub overrides: Map<String, Value>,
    /// Which overrides a source may set. `None`: all the schema knows.
    pub allowed_overrides: Option<Vec<String>>,
    /// When sources run that do not say so themselves.
    pub schedule: Schedule,
    /// The shortest time between two scheduled runs, whatever a source says.
    #[serde(serialize_with = "seconds")]
    pub min_interval: Duration,
    /// How much one run may bring.
    pub caps: Caps,
    /// How much may be spent.
    pub budget: ProfileBudget,
    /// How often its sources may run, all tenants together, and how many at once.
    pub rate: Rates,
    /// What follows failures.
    pub retry: Retry,
    /// What may be fetched.
    pub net: Net,
    /// What one call of the plugin may use.
    pub limits: CallLimits,
    /// The actor its sources are run with, where they need one.
    pub actor: Option<ActorPolicy>,
    /// How long raw pages are kept for replay. `None`: not at all.
    pub keep_pages: Option<crate::time::Span>,
    /// Room that the kept pages of all its sources may take together, compressed, in bytes; the oldest go first.
    pub keep_pages_bytes: u64,
    /// Whether reading a feed may cause a run. `None`: it does not.
    pub demand: Option<Demand>,
}

/// How much one run may bring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caps {
    /// New items of one run.
    pub max_items: u32,
    /// New items of the first run of a source.
    pub bootstrap_max_items: u32,
    /// Pages of one run.
    pub max_pages: u32,
    /// Time of one run.
    #[serde(serialize_with = "seconds")]
    pub deadline: Duration,
}

impl Default for Caps {
    /// The defaults of the product: 10 items, 20 for a bootstrap, 10 pages, 5 minutes.
    fn default() -> Self {
        Self {
            max_items: 10,
            bootstrap_max_items: 20,
            max_pages: limits::PAGES_PER_RUN,
            deadline: limits::RUN_DEADLINE,
        }
    }
}

/// How much may be spent on the sources of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ProfileBudget {
    /// On all of one tenant's sources together.
    #[serde(flatten)]
    pub limits: budget::Limits,
    /// On one run: the most its charge caps may come to.
    pub usd_per_run: Option<MicroUsd>,
    /// On one source per UTC day.
    pub source_usd_per_day: Option<MicroUsd>,
    /// On one source per UTC month.
    pub source_usd_per_month: Option<MicroUsd>,
}

/// Which actor is run, how, and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActorPolicy {
    /// The actor.
    pub name: ActorName,
    /// Tag or number of its build.
    pub build: String,
    /// Whose account pays.
    pub credential: CredentialName,
    /// Memory in MB. `None`: the actor's own; its price table then has to do without compute units.
    pub memory_mb: Option<u32>,
    /// After this the platform ends a run.
    #[serde(serialize_with = "seconds")]
    pub timeout: Duration,
    /// Elements beyond the cap of new items that a run may bring and pay for: pinned posts, padding.
    pub spare_elements: u32,
    /// Actor runs that one run may start, one after the other.
    pub starts: u32,
    /// What it costs.
    pub price: PriceTable,
}

impl ActorPolicy {
    /// What one actor run may use of the platform.
    #[must_use]
    pub fn size(&self) -> Size {
        Size { memory_mb: self.memory_mb.unwrap_or(0), timeout: self.timeout }
    }

    /// The most a run can cost that may store so many new items.
    #[must_use]
    pub fn worst_case(&self, items: u32) -> MicroUsd {
        self.price.worst_case(items.saturating_add(self.spare_elements), self.size()).times(u64::from(self.starts))
    }
}

/// What follows failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retry {
    /// Waits before a failed fetch is repeated inside the run.
    #[serde(serialize_with = "all_seconds")]
    pub in_run: Vec<Duration>,
    /// Waits before a failed run is repeated as a `retry` run.
    #[serde(serialize_with = "all_seconds")]
    pub runs: Vec<Duration>,
    /// Consecutive failures after which a source is paused.
    pub max_failures: u32,
}

impl Default for Retry {
    /// 5 s and 15 s inside the run; then after 5, 10 and 20 minutes; paused after 3 failures.
    fn default() -> Self {
        let minutes = |m: u64| Duration::from_secs(m * 60);
        Self {
            in_run: vec![Duration::from_secs(5), Duration::from_secs(15)],
            runs: vec![minutes(5), minutes(10), minutes(20)],
            max_failures: 3,
        }
    }
}

/// What may be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Net {
    /// Hosts the plugin may name, as in a manifest: exact, `*.suffix` or `*`. What the manifest does not ask is not
    /// allowed either.
    pub allowed_hosts: Vec<String>,
    /// Methods of its requests, of those that its manifest asks for. `None`: with a credential `GET` alone, if the manifest asks for that;
    /// else all of them.
    pub allowed_methods: Option<Vec<String>>,
    /// Private destinations that may be dialled all the same: networks in CIDR form or single addresses.
    pub allow_private: Vec<String>,
    /// Decoded body of one response, in bytes.
    pub body_bytes: usize,
    /// What the host attaches to its requests.
    pub credential: Option<NetCredential>,
}

/// A credential that the host attaches to the requests of a profile, at the origin it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetCredential {
    /// Which one.
    pub name: CredentialName,
    /// How it is attached.
    #[serde(flatten)]
    pub carried: Carried,
}

/// How a credential is attached to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Carried {
    /// In a header field.
    Header {
        /// Its name, in lower case.
        header: String,
        /// What stands before the value: `Bearer `.
        prefix: String,
    },
    /// As a parameter of the query.
    Query {
        /// Its name.
        query: String,
    },
}

impl Net {
    /// Whether a plugin's request may have this method, which its manifest names among `asked`.
    ///
    /// Whoever adds a source may say what it asks for; what goes out under a credential of the operator reads, unless the profile
    /// says more.
    #[must_use]
    pub fn allows_method(&self, method: &str, asked: &[String]) -> bool {
        let reads = |asked: &[String]| asked.iter().any(|asked| asked == READS);
        match &self.allowed_methods {
            Some(allowed) => allowed.iter().any(|allowed| allowed == method),
            None => self.credential.is_none() || method == READS || !reads(asked),
        }
    }
}

/// The method that changes nothing (RFC 9110, section 9.2.1).
const READS: &str = "GET";

impl Default for Net {
    fn default() -> Self {
        Self {
            allowed_hosts: vec!["*".to_owned()],
            allowed_methods: None,
            allow_private: Vec::new(),
            body_bytes: limits::BODY_BYTES,
            credential: None,
        }
    }
}

impl Profile {
    /// The gates before its sources, in the order in which they are told of.
    #[must_use]
    pub fn gates(&self) -> Vec<GateKey> {
        let actor = self.actor.iter().flat_map(|actor| GateKey::before(&actor.credential, &actor.name));
        actor.chain(self.net.credential.iter().map(|credential| GateKey::Net(credential.name.clone()))).collect()
    }

    /// The credentials its runs need.
    pub fn credentials(&self) -> impl Iterator<Item = &CredentialName> {
        let actor = self.actor.iter().map(|actor| &actor.credential);
        actor.chain(self.net.credential.iter().map(|credential| &credential.name))
    }

    /// The overrides a job gets: the profile's, with the source's laid over them, key by key at the top level.
    #[must_use]
    pub fn merged_overrides(&self, source: &Map<String, Value>) -> Map<String, Value> {
        let mut merged = self.overrides.clone();
        merged.extend(source.iter().map(|(key, value)| (key.clone(), value.clone())));
        merged
    }

    /// The overrides in `source` that this profile does not let a source set.
    #[must_use]
    pub fn forbidden_overrides<'a>(&self, source: &'a Map<String, Value>) -> Vec<&'a str> {
        match &self.allowed_overrides {
            None => Vec::new(),
            Some(allowed) => source.keys().filter(|key| !allowed.contains(key)).map(String::as_str).collect(),
        }
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

fn all_seconds<S: serde::Serializer>(durations: &[Duration], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(durations.iter().map(Duration::as_secs))
}
