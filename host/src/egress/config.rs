//! How egress is set up.
//!
//! Owns: the values an operator may lower and the parts a test may replace. Must not know: requests. Called by the
//! composition root.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::limits;
use tidegate_core::rate::{HostRates, Rates};

use super::resolver::{Resolve, SystemResolver};

/// Everything egress is told. Nothing is read from the environment: no proxy variables, no `SSL_CERT_FILE`.
#[derive(Clone)]
pub struct EgressConfig {
    /// The numbers.
    pub limits: EgressLimits,
    /// How much is asked of which host.
    pub hosts: HostRates,
    /// Which authorities are trusted.
    pub roots: Roots,
    /// Who turns names into addresses.
    pub resolver: Arc<dyn Resolve>,
}

impl Default for EgressConfig {
    fn default() -> Self {
        let concurrency = u32::try_from(limits::HOST_CONCURRENCY).ok().and_then(NonZeroU32::new);
        let hosts = HostRates { default: Rates { concurrency, ..Rates::default() }, ..HostRates::default() };
        Self { limits: EgressLimits::default(), hosts, roots: Roots::System, resolver: Arc::new(SystemResolver) }
    }
}

/// Which certificate authorities are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Roots {
    /// The bundle of the operating system, from the places Linux distributions and BSDs keep it; where there is none
    /// (a bare container, another system), [`Roots::Bundled`].
    #[default]
    System,
    /// Mozilla's list as it was compiled in.
    Bundled,
    /// The certificates in this PEM file and no others: what `SSL_CERT_FILE` is elsewhere.
    File(PathBuf),
}

/// The limits of one fetch. The default is [`limits`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressLimits {
    /// Resolving a name; a part of the time to connect.
    pub dns: Duration,
    /// Resolving and connecting, TLS included.
    pub connect: Duration,
    /// From the request sent to the header received.
    pub header: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// One request with its redirects, the wait for a turn at the first host left out.
    pub total: Duration,
    /// Header fields of a response.
    pub header_count: usize,
    /// Names and values of the header fields of a response, in bytes.
    pub header_bytes: usize,
    /// Redirects followed.
    pub redirects: usize,
    /// Idle connections to one host that are kept.
    pub idle_connections: usize,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
}

impl Default for EgressLimits {
    fn default() -> Self {
        Self {
            dns: limits::DNS_TIMEOUT,
            connect: limits::CONNECT_TIMEOUT,
            header: limits::HEADER_TIMEOUT,
            idle: limits::IDLE_TIMEOUT,
            total: limits::FETCH_TIMEOUT,
            header_count: limits::HEADER_COUNT,
            header_bytes: limits::HEADER_BYTES,
            redirects: limits::REDIRECTS,
            idle_connections: limits::HOST_CONCURRENCY,
            keep_alive: limits::KEEP_ALIVE,
        }
    }
}

/// Why egress could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file of roots cannot be read.
    #[error("reading the certificate authorities in {path}: {why}; name a PEM file with at least one certificate")]
    Roots {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The TLS library refused its settings.
    #[error("setting up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP client refused its settings.
    #[error("setting up the HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}
