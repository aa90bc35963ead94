//! What a failure means. The only place that decides it.
//!
//! Owns: the classes, how answers fall into them, and what follows for the source. Must not know: how a fetch is made or
//! a row is written. Called by the run's machine (classify), and when a run ends (consequences).

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::contract;
use crate::limits;
use crate::one_line::{make_one_line, one_line};
use crate::profile::Retry;
use crate::source::Trigger;
use crate::time::UtcMillis;

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What sort of failure.
    pub class: Class,
    /// For the person who looks after the source: what was attempted, on what, what came.
    pub message: String,
    /// How long the other side asked us to wait.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

/// The classes of failure, as in section 5 of the product's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Timeout, reset, 5xx, cut body: likely to pass by itself.
    Transient,
    /// We are asked to slow down. Nothing is wrong with the source.
    RateLimited,
    /// The scraper was turned away. Nothing is wrong with the source.
    Blocked,
    /// The account or plan that fetches does not allow it. Nothing is wrong with the source.
    PlanLimited,
    /// A credential is refused. Nothing is wrong with the source.
    Credential,
    /// The account behind a credential has no money left. Nothing is wrong with the source.
    Quota,
    /// The account behind a credential is busy: a minute later it has room. Nothing is wrong with the source.
    Capacity,
    /// The actor is gone, or not for this account. Nothing is wrong with the source.
    Actor,
    /// Access denied.
    Auth,
    /// Not found this time.
    NotFound,
    /// Gone for good.
    Gone,
    /// Protected.
    Private,
    /// The answer cannot be understood.
    BadAnswer,
    /// A person has to change identifier, overrides or profile.
    Config,
    /// The plugin broke its contract or its limits.
    PluginFault,
    /// The run died with its daemon, again and again.
    Abandoned,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 16] = [
        Self::Transient,
        Self::RateLimited,
        Self::Blocked,
        Self::PlanLimited,
        Self::Credential,
        Self::Quota,
        Self::Capacity,
        Self::Actor,
        Self::Auth,
        Self::NotFound,
        Self::Gone,
        Self::Private,
        Self::BadAnswer,
        Self::Config,
        Self::PluginFault,
        Self::Abandoned,
    ];

    /// The class in a word, as stored and printed.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::RateLimited => "rate-limited",
            Self::Blocked => "blocked",
            Self::PlanLimited => "plan-limited",
            Self::Credential => "credential",
            Self::Quota => "quota",
            Self::Capacity => "capacity",
            Self::Actor => "actor",
            Self::Auth => "auth",
            Self::NotFound => "not-found",
            Self::Gone => "gone",
            Self::Private => "private",
            Self::BadAnswer => "bad-answer",
            Self::Config => "config",
            Self::PluginFault => "plugin-fault",
            Self::Abandoned => "abandoned",
        }
    }

    /// The class of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// Whether what refuses is not the source but what all runs of its sort need: a run that was refused by it before it cost
    /// anything is as if it had not begun.
    #[must_use]
    pub const fn is_beyond_source(self) -> bool {
        matches!(self, Self::Credential | Self::Quota | Self::Capacity | Self::Actor | Self::RateLimited)
    }

    /// Whether the source is to blame: only such failures count towards its pause.
    #[must_use]
    pub const fn counts(self) -> bool {
        match self {
            Self::RateLimited
            | Self::Blocked
            | Self::PlanLimited
            | Self::Credential
            | Self::Quota
            | Self::Capacity
            | Self::Actor => false,
            Self::Transient
            | Self::Auth
            | Self::NotFound
            | Self::Gone
            | Self::Private
            | Self::BadAnswer
            | Self::Config
            | Self::PluginFault
            | Self::Abandoned => true,
        }
    }
}

impl core::fmt::Display for Class {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.word())
    }
}

impl Failure {
    /// A failure of that class.
    #[must_use]
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        let mut message = message.into();
        make_one_line(&mut message, limits::MESSAGE_BYTES);
        Self { class, message, retry_after: None }
    }

    /// The failure that a status says which the host keeps to itself. `credential`: whether one was attached.
    #[must_use]
    pub fn of_status(status: u16, url: &str, retry_after: Option<Duration>, credential: bool) -> Self {
        let class = class_of_status(status, credential).unwrap_or(Class::Transient);
        Self { retry_after, ..Self::new(class, format!("{url} answered {status}")) }
    }

    /// The same, where the server refused (401) what a credential was attached to. On a source that has `worked` the credential is what
    /// has changed, and nothing is wrong with the source. One that never did says more about itself: it is its own failure, or
    /// whoever adds an address that nobody may read would close the credential to all others.
    #[must_use]
    pub fn with_credential(self, worked: bool) -> Self {
        let class = if worked && self.class == Class::Auth { Class::Credential } else { self.class };
        Self { class, ..self }
    }

    /// The failure a plugin reports about a page with `status`. A plugin that does not look at the status takes an error
    /// page for a bad answer; the status knows better.
    #[must_use]
    pub fn of_plugin(given: contract::Failure, status: Option<u16>) -> Self {
        let class = match given.category {
            contract::FailureCategory::Transient => Class::Transient,
            contract::FailureCategory::RateLimited => Class::RateLimited,
            contract::FailureCategory::Blocked => Class::Blocked,
            contract::FailureCategory::Auth => Class::Auth,
            contract::FailureCategory::NotFound => Class::NotFound,
            contract::FailureCategory::Private => Class::Private,
            contract::FailureCategory::Config => Class::Config,
            contract::FailureCategory::BadAnswer | contract::FailureCategory::Other => {
                status.and_then(|status| class_of_status(status, false)).unwrap_or(Class::BadAnswer)
            }
        };
        let message = match &given.pointer {
            Some(pointer) if class == Class::Config => {
                format!("{}: {}", one_line(pointer, limits::WORD_BYTES), given.message)
            }
            _ => given.message,
        };
        let retry_after = given.retry_after_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Self { retry_after, ..Self::new(class, message) }
    }

    /// The failure an outcome stands for, if it stands for one.
    #[must_use]
    pub fn of_outcome(outcome: &contract::Outcome) -> Option<Self> {
        use contract::OutcomeStatus as Status;
        let (class, default) = match outcome.status {
            Status::Ok | Status::NoNew | Status::PrivateOrEmpty | Status::Other => return None,
            Status::NotFound => (Class::Gone, "the platform says that it is gone"),
            Status::Private => (Class::Private, "it is private"),
            Status::Blocked => (Class::Blocked, "the platform turned us away"),
            Status::PlanLimited => (Class::PlanLimited, "the account or plan does not allow it"),
            Status::UnknownError => (Class::BadAnswer, "the platform reported an error"),
        };
        let detail = outcome.detail.trim();
        Some(Self::new(class, if detail.is_empty() { default } else { detail }))
    }
}

/// The class of a status of 400 and above; `None` below.
fn class_of_status(status: u16, credential: bool) -> Option<Class> {
    Some(match status {
        0..=399 => return None,
        401 | 407 => Class::Auth,
        403 if credential => Class::Auth,
        403 => Class::Blocked,
        404 => Class::NotFound,
        410 => Class::Gone,
        429 => Class::RateLimited,
        408 | 425 | 500.. => Class::Transient,
        _ => Class::BadAnswer,
    })
}

/// What a failed run means for its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequence {
    /// `failure_count` after it.
    pub failure_count: u32,
    /// Retry runs made since the last run that was not one.
    pub retries: u32,
    /// What becomes of the source.
    pub change: Change,
    /// When it is tried again.
    pub next: Next,
    /// Whether nothing tries this run again although nothing says that its source is gone, private or set up wrongly: it is
    /// kept as a dead letter, for a person.
    pub exhausted: bool,
}

/// What becomes of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It stays as it is.
    Keep,
    /// It is paused; a person resumes it.
    Pause(String),
    /// It is invalid.
    Invalidate(String),
}

/// When a source is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// By a retry run.
    Retry(UtcMillis),
    /// When its schedule says.
    Regular,
    /// Not before a person has acted.
    Never,
}

/// What led to a failure.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// Why the run was made.
    pub trigger: Trigger,
    /// Failures in a row before it.
    pub failure_count: u32,
    /// Retry runs before it, itself left out.
    pub retries: u32,
    /// The profile's policy.
    pub retry: &'a Retry,
}

/// The shortest wait when we are asked to slow down; doubled with each retry run that is told so again.
const SLOW_DOWN: Duration = Duration::from_secs(60);
/// The longest wait between retry runs.
const RETRY_MOST: Duration = Duration::from_secs(60 * 60);

/// Decides what follows from a failed run that ended `now`.
#[must_use]
pub fn consequence(failure: &Failure, before: Before<'_>, now: UtcMillis) -> Consequence {
    let is_retry = before.trigger == Trigger::Retry;
    // A regular run and the retry runs after it count as one failure; if none is counted yet, the regular run failed by
    // something that does not count, and this is the one.
    let in_chain = is_retry && before.failure_count > 0;
    let counted = failure.class.counts() && !(in_chain && failure.class == Class::Transient);
    let failure_count = before.failure_count.saturating_add(u32::from(counted));
    let retries = if is_retry { before.retries.saturating_add(1) } else { 0 };
    let change = change(failure, failure_count, before.retry.max_failures);
    let next = match (&change, failure.class) {
        (Change::Pause(_) | Change::Invalidate(_), _) => Next::Never,
        // Whatever refused us closes its gate; the gate says when to come again.
        (Change::Keep, Class::Credential | Class::Quota | Class::Capacity | Class::Actor) => Next::Retry(
            now.plus(failure.retry_after.unwrap_or(SLOW_DOWN).clamp(SLOW_DOWN / 2, limits::RETRY_AFTER_MOST)),
        ),
        (Change::Keep, Class::RateLimited) => Next::Retry(now.plus(slow_down(failure, retries))),
        (Change::Keep, Class::Transient | Class::Blocked | Class::PlanLimited) => ladder(failure, retries, before, now),
        (Change::Keep, _) => Next::Regular,
    };
    let exhausted = exhausted(&change, failure.class, next);
    Consequence { failure_count, retries, change, next, exhausted }
}

/// Whether retries have come to their end: those of the ladder, those of the source (as many failures in a row as it may have),
/// or those of a run that takes its daemon down. What a source's own state tells already is no dead letter beside it.
fn exhausted(change: &Change, class: Class, next: Next) -> bool {
    match (change, class) {
        (Change::Invalidate(_), _) | (Change::Pause(_), Class::Private | Class::Config) => false,
        (Change::Pause(_), _) | (Change::Keep, Class::Abandoned) => true,
        (Change::Keep, Class::Transient | Class::Blocked | Class::PlanLimited) => next == Next::Regular,
        (Change::Keep, _) => false,
    }
}

/// How long to wait when asked to slow down: as told, but never less than we would wait by ourselves. Otherwise a platform
/// that says "in 0 seconds", or nothing, would be served a run a minute until the daily budget is gone.
fn slow_down(failure: &Failure, retries: u32) -> Duration {
    let own = SLOW_DOWN.saturating_mul(2_u32.saturating_pow(retries)).min(RETRY_MOST);
    failure.retry_after.unwrap_or(Duration::ZERO).min(limits::RETRY_AFTER_MOST).max(own)
}

/// The next rung of the profile's ladder, or the regular schedule after the last one.
fn ladder(failure: &Failure, retries: u32, before: Before<'_>, now: UtcMillis) -> Next {
    let rung = usize::try_from(retries).ok().and_then(|rung| before.retry.runs.get(rung));
    match rung {
        Some(wait) => {
            let asked = failure.retry_after.unwrap_or(Duration::ZERO).min(limits::RETRY_AFTER_MOST);
            Next::Retry(now.plus((*wait).min(RETRY_MOST).max(asked)))
        }
        None => Next::Regular,
    }
}

fn change(failure: &Failure, failure_count: u32, max_failures: u32) -> Change {
    let message = &failure.message;
    match failure.class {
        Class::Gone => Change::Invalidate(message.clone()),
        Class::Private | Class::Config => Change::Pause(message.clone()),
        // A 404 that came every time is confirmed.
        Class::NotFound if failure_count >= max_failures => {
            Change::Invalidate(format!("not found {failure_count} times in a row; last: {message}"))
        }
        class if class.counts() && failure_count >= max_failures => {
            Change::Pause(format!("{failure_count} failures in a row; last ({class}): {message}"))
        }
        _ => Change::Keep,
    }
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
