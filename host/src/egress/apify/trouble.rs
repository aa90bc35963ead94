//! What went wrong with a question, and what that leaves open.
//!
//! Owns: the way from a failed exchange or a refusal to a failure with its class and words, and whether a run may have come
//! of it. Must not know: how often is tried. Made by `ask`, read by it and by `start`.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::Value;
use tidegate_core::actor::{Asked, judge};
use tidegate_core::failure::{Class, Failure};

use super::super::error::{FetchError, Phase};
use super::super::secret::{Credential, hide};
use super::credential::Held;
use super::way::HeldBack;

/// What became of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never left.
    Unsent,
    /// The platform did not do it, and said so with this status.
    Refused(u16),
    /// It may have been done: no answer, or one that does not say.
    Lost,
}

/// Why a question has no answer.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) failure: Failure,
    pub(super) fate: Fate,
    /// Whether it is likely to be over in a moment.
    pub(super) passes: bool,
    /// Whether the platform says that it does not know what was asked for, or does not know the token: not which.
    pub(super) may_be_token: bool,
}

/// The most that is quoted of an answer, in bytes.
const QUOTED: usize = 400;
/// The most that is quoted of an error's type, in bytes.
const TYPE_QUOTED: usize = 64;

impl Trouble {
    /// No answer.
    pub(super) fn of_fetch(words: &str, held: &Held, error: &FetchError) -> Self {
        let (class, fate, passes) = match error {
            FetchError::Url { .. } | FetchError::Request { .. } | FetchError::BadHeader { .. } => {
                (Class::Credential, Fate::Unsent, false)
            }
            // What a name server says may be over tomorrow; an address stays what it is.
            FetchError::Denied { host, address, .. } if address.is_some() && host.parse::<IpAddr>().is_err() => {
                (Class::Transient, Fate::Unsent, true)
            }
            FetchError::Denied { .. } => (Class::Credential, Fate::Unsent, false),
            FetchError::Dns { .. }
            | FetchError::Connect { .. }
            | FetchError::Tls { .. }
            | FetchError::Timeout { phase: Phase::Queue | Phase::Dns | Phase::Connect, .. } => {
                (Class::Transient, Fate::Unsent, true)
            }
            FetchError::GateClosed { .. } => (Class::RateLimited, Fate::Unsent, false),
            FetchError::Timeout { .. } | FetchError::Reset { .. } | FetchError::Cut { .. } => {
                (Class::Transient, Fate::Lost, true)
            }
            FetchError::Status { status, .. } => (judge(Asked::Other, *status, None), Fate::Lost, false),
            FetchError::Malformed { .. } | FetchError::TooLarge { .. } | FetchError::BadEncoding { .. } => {
                (Class::BadAnswer, Fate::Lost, false)
            }
            FetchError::TooManyRedirects { .. }
            | FetchError::BadRedirect { .. }
            | FetchError::Downgrade { .. }
            | FetchError::CarriesCredential { .. } => (Class::BadAnswer, Fate::Refused(300), false),
        };
        let message = match error {
            FetchError::Denied { at, reason, .. } => {
                format!("{words}: {at} is not asked: {reason}; see origin in [credentials.{}]", held.name)
            }
            _ => format!("{words}: {error}"),
        };
        Self { failure: Failure::new(class, hide(&message, &held.secrets)), fate, passes, may_be_token: false }
    }

    /// No turn.
    pub(super) fn of_wait(words: &str, held: &Held, why: HeldBack) -> Self {
        let (reason, retry_after) = match why {
            HeldBack::Slow(wait) => ("the platform has asked to be left alone for now", Some(wait)),
            HeldBack::Rests(wait) => ("the platform has failed too often and is left alone for now", Some(wait)),
            HeldBack::Busy => ("there was no turn in the time", None),
        };
        let message = format!("{words}: {reason} (credential {:?})", held.name.as_str());
        // Nobody was asked: no fault of a source.
        let failure = Failure { retry_after, ..Failure::new(Class::RateLimited, message) };
        Self { failure, fate: Fate::Unsent, passes: false, may_be_token: false }
    }

    /// An answer of 300 or above.
    pub(super) fn of_refusal(words: &str, asked: Asked, refusal: &Refusal, retry_after: Option<Duration>) -> Self {
        let status = refusal.status;
        let class = judge(asked, status, refusal.kind.as_deref());
        let kind = refusal.kind.as_deref().map(|kind| format!(" {kind}")).unwrap_or_default();
        let text = if refusal.text.is_empty() { String::new() } else { format!(": {}", refusal.text) };
        let failure = Failure { retry_after, ..Failure::new(class, format!("{words}: answered {status}{kind}{text}")) };
        // A gateway that gave up says nothing of what stands behind it.
        let fate = if matches!(status, 408 | 500..) { Fate::Lost } else { Fate::Refused(status) };
        let passes = matches!(class, Class::Transient | Class::RateLimited);
        let may_be_token = refusal.kind.as_deref() == Some("record-or-token-not-found");
        Self { failure, fate, passes, may_be_token }
    }

    /// An answer that says "done" and nothing that can be understood.
    pub(super) fn of_answer(words: &str, unread: &Unread) -> Self {
        let class = if unread.cut { Class::Transient } else { Class::BadAnswer };
        let failure = Failure::new(class, format!("{words}: the answer cannot be read: {}", unread.why));
        Self { failure, fate: Fate::Lost, passes: unread.again, may_be_token: false }
    }

    /// The time is over.
    pub(super) fn of_end(words: &str, sent: bool) -> Self {
        let failure = Failure::new(Class::Transient, format!("{words}: there was no answer in the time"));
        let fate = if sent { Fate::Lost } else { Fate::Unsent };
        Self { failure, fate, passes: true, may_be_token: false }
    }
}

/// Why a body cannot be used. Never quotes it.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) why: String,
    /// It ends too early.
    pub(super) cut: bool,
    /// Whether the next one may be better.
    pub(super) again: bool,
}

impl Unread {
    /// A text that is JSON and not what was asked for.
    pub(super) fn shape(why: &str) -> Self {
        Self { why: why.to_owned(), cut: false, again: true }
    }
}

impl From<serde_json::Error> for Unread {
    /// Without the library's words: they quote.
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self {
            why: format!("it is no JSON of the right shape (line {line}, column {column})"),
            cut: error.is_eof(),
            again: true,
        }
    }
}

/// What a refusal says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// `error.type`.
    pub(super) kind: Option<String>,
    /// The first part of `error.message`, or of a body that has none; as one line, without secrets.
    pub(super) text: String,
}

impl Refusal {
    /// `body`: its beginning. `whole`: whether that is all of it.
    pub(super) fn read(status: u16, body: &[u8], whole: bool, secrets: &[Credential]) -> Self {
        let parsed: Option<Value> = serde_json::from_slice(body).ok();
        let error = parsed.as_ref().and_then(|value| value.get("error"));
        let field = |name| error.and_then(|error| error.get(name)).and_then(Value::as_str);
        let kind = field("type").map(|kind| line(kind, TYPE_QUOTED, secrets)).filter(|kind| !kind.is_empty());
        let text = match field("message") {
            Some(message) => line(message, QUOTED, secrets),
            None if kind.is_some() => String::new(),
            // A secret that is cut off at the end would not be recognized.
            None => {
                let text = String::from_utf8_lossy(body);
                let longest = super::super::secret::longest(secrets);
                let end = if whole { text.len() } else { text.len().saturating_sub(longest) };
                line(&text[..text.floor_char_boundary(end)], QUOTED, secrets)
            }
        };
        Self { status, kind, text }
    }
}

/// As one line of at most so many bytes, without secrets.
pub(super) fn line(text: &str, most: usize, secrets: &[Credential]) -> String {
    let text = hide(text, secrets);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = words.collect::<Vec<_>>().join(" ");
    line.truncate(line.floor_char_boundary(most));
    line
}
