//! Why a fetch gave no page.
//!
//! Owns: the failures of egress, as types. Must not know: what follows from them (`core/failure` decides). Made by the
//! other files of this room, read by the engine. No message holds a user,
//! password or query value; what an answer says of a credential is hidden where messages leave the room (`port`).

use std::net::IpAddr;
use std::time::Duration;

use tidegate_core::fetch::{Denial, Place, UrlRefused};
use tidegate_core::rate::Because;
use tidegate_core::time::UtcMillis;

/// Part of a fetch that has a time limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Waiting for a turn at the host.
    Queue,
    /// Resolving the name.
    Dns,
    /// Connecting, TLS included; counted from the look-up on.
    Connect,
    /// Waiting for the header.
    Header,
    /// Waiting for more of the body.
    Body,
    /// The whole, redirects included.
    Total,
}

impl Phase {
    const fn words(self) -> &'static str {
        match self {
            Self::Queue => "its turn at the host",
            Self::Dns => "the name to be resolved",
            Self::Connect => "the connection",
            Self::Header => "the header of the answer",
            Self::Body => "more of the body",
            Self::Total => "the whole answer",
        }
    }
}

/// What was too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// The body after content decoding, in bytes.
    Body,
    /// The body as it arrives, in bytes.
    Wire,
    /// The body after decoding, as a multiple of the body as it arrives.
    Ratio,
    /// Pieces in which the body arrives.
    Pieces,
    /// Number of header fields.
    HeaderCount,
    /// Names and values of header fields, in bytes.
    HeaderBytes,
}

impl Measure {
    const fn words(self) -> &'static str {
        match self {
            Self::Body => "bytes of body after decoding",
            Self::Wire => "bytes of body as sent",
            Self::Ratio => "times its compressed size",
            Self::Pieces => "pieces of body",
            Self::HeaderCount => "header fields",
            Self::HeaderBytes => "bytes of header",
        }
    }
}

/// Why a fetch gave no page. `at` is the URL of the hop that failed, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL of the request is not fetched.
    #[error("fetching {at}: {why}")]
    Url {
        /// The URL.
        at: Place,
        /// What is wrong with it.
        why: UrlRefused,
    },
    /// The host is on the deny table and the profile does not open it.
    #[error("fetching {at}: {reason}; a profile can allow private addresses: name them in its net.allow_private")]
    Denied {
        /// The URL.
        at: Place,
        /// The host, or the name whose look-up gave the address.
        host: String,
        /// The address, where one was judged.
        address: Option<IpAddr>,
        /// Why.
        reason: Denial,
    },
    /// The request itself cannot be sent.
    #[error("fetching {at}: the request's {what}")]
    Request {
        /// The URL.
        at: Place,
        /// What is wrong and what would be right.
        what: String,
    },
    /// A header field of the request is not allowed.
    #[error("fetching {at}: the request's header field {name:?} {why}")]
    BadHeader {
        /// The URL.
        at: Place,
        /// The field.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The name could not be resolved.
    #[error("fetching {at}: resolving {host:?} failed: {why}")]
    Dns {
        /// The URL.
        at: Place,
        /// The name.
        host: String,
        /// What the resolver says.
        why: String,
    },
    /// No connection.
    #[error("fetching {at}: connecting failed: {why}")]
    Connect {
        /// The URL.
        at: Place,
        /// What the system says.
        why: String,
    },
    /// A connection without trust.
    #[error("fetching {at}: TLS failed: {why}")]
    Tls {
        /// The URL.
        at: Place,
        /// What the TLS library says.
        why: String,
    },
    /// A time limit passed.
    #[error("fetching {at}: waited {} s for {}", after.as_secs_f64(), phase.words())]
    Timeout {
        /// The URL.
        at: Place,
        /// Which limit.
        phase: Phase,
        /// How long it was.
        after: Duration,
    },
    /// The connection broke before the header was there.
    #[error("fetching {at}: the connection broke before an answer came: {why}")]
    Reset {
        /// The URL.
        at: Place,
        /// What the connection says.
        why: String,
    },
    /// The body ended before its end, or its checksum says so.
    #[error("fetching {at}: the body was cut off after {received} bytes: {why}")]
    Cut {
        /// The URL.
        at: Place,
        /// Bytes received before decoding.
        received: usize,
        /// How it shows.
        why: String,
    },
    /// The answer is not HTTP.
    #[error("fetching {at}: the answer is not HTTP: {why}")]
    Malformed {
        /// The URL.
        at: Place,
        /// What is wrong with it.
        why: String,
    },
    /// More than a limit.
    #[error("fetching {at}: the answer has more than {limit} {}", what.words())]
    TooLarge {
        /// The URL.
        at: Place,
        /// What was too large.
        what: Measure,
        /// The limit, in the unit of `what`.
        limit: usize,
    },
    /// More redirects than are followed.
    #[error("fetching {at}: redirected more than {limit} times")]
    TooManyRedirects {
        /// The URL of the last answer.
        at: Place,
        /// How many were followed.
        limit: usize,
    },
    /// A redirect to a URL that is not fetched.
    #[error("fetching {at}: redirected to {to}: {why}")]
    BadRedirect {
        /// The URL that redirected.
        at: Place,
        /// Where to.
        to: Place,
        /// What is wrong there.
        why: UrlRefused,
    },
    /// A redirect from https to http.
    #[error(
        "fetching {at}: redirected from https to http ({to}), where everyone on the way can read and change the answer"
    )]
    Downgrade {
        /// The URL that redirected.
        at: Place,
        /// Where to.
        to: Place,
    },
    /// A redirect that would tell a credential to another origin than its own.
    #[error(
        "fetching {at}: redirected to another origin by an address that carries the credential; it is not followed"
    )]
    CarriesCredential {
        /// The URL that redirected.
        at: Place,
    },
    /// A content coding that is not known, or a body that is not in the coding it names.
    #[error("fetching {at}: content coding {coding:?} {why}")]
    BadEncoding {
        /// The URL.
        at: Place,
        /// As the answer names it.
        coding: String,
        /// What is wrong.
        why: String,
    },
    /// Nobody asks the host before a certain time.
    #[error("fetching {at}: {host} is not asked before {until}: {because}")]
    GateClosed {
        /// The URL.
        at: Place,
        /// The host, with its port.
        host: String,
        /// When it may be asked again.
        until: UtcMillis,
        /// Why.
        because: Because,
    },
    /// A status that says nothing about content: 407, 408, 425, 429, every 5xx, and 401 where a credential was sent.
    #[error("fetching {at}: answered with status {status}{}", if body_head.is_empty() { String::new() } else { format!(": {body_head}") })]
    Status {
        /// The URL.
        at: Place,
        /// The status.
        status: u16,
        /// What `Retry-After` says, cut to the cap.
        retry_after: Option<Duration>,
        /// The first KiB of the body as one line of text, credentials hidden. "" if there is none.
        body_head: String,
    },
}
