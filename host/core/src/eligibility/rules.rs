//! The rules, one by one, in the order in which they are asked.
//!
//! Owns: each rule's question and the facts behind its answer. Must not know: budgets, which are asked after these and show
//! their windows themselves. [`decide`] takes the first "no", [`explain`] all answers: both ask the same questions.
//!
//! A further rule is a further [`Rule`], in its place in [`Rule::ALL`]. What a schedule says of itself (why it is due then and not
//! sooner) belongs into the fact of [`Rule::Due`].

use serde::Serialize;

use super::{Circumstances, ClosedHost, Eligible, Presence, Skip, SkipReason};
use crate::limits;
use crate::profile::Profile;
use crate::schedule::Schedule;
use crate::source::{Source, SourceState, Trigger};
use crate::time::UtcMillis;

/// What has to be so for a source to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Its owner has it switched on.
    Active,
    /// Nobody has paused it.
    NotPaused,
    /// The platform has it, as far as is known.
    Valid,
    /// There is a profile of its name.
    Profile,
    /// The profile's plugin is loaded and knows the kind.
    Plugin,
    /// The plugin's version that is loaded is not in quarantine.
    Quarantine,
    /// It has failed less often in a row than the profile allows.
    Failures,
    /// Somebody follows it, where its schedule is by followers.
    Followed,
    /// It is not running.
    NotRunning,
    /// A run is queued for it, or its time has come.
    Due,
    /// No gate is closed between it and its actor, or its host.
    Gate,
    /// Its account has room for one more run.
    Account,
}

impl Rule {
    /// Every rule, in order of how lasting its "no" is, so that the first "no" is the one a person has to act on.
    pub const ALL: [Self; 12] = [
        Self::Active,
        Self::NotPaused,
        Self::Valid,
        Self::Profile,
        Self::Plugin,
        Self::Quarantine,
        Self::Failures,
        Self::Followed,
        Self::NotRunning,
        Self::Due,
        Self::Gate,
        Self::Account,
    ];

    /// The rule in a word or two.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NotPaused => "not-paused",
            Self::Valid => "valid",
            Self::Profile => "profile",
            Self::Plugin => "plugin",
            Self::Quarantine => "quarantine",
            Self::Failures => "failures",
            Self::Followed => "followed",
            Self::NotRunning => "not-running",
            Self::Due => "due",
            Self::Gate => "gate",
            Self::Account => "account",
        }
    }
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It lets the source run.
    Yes,
    /// It does not.
    No(Skip),
    /// What it asks about hangs on a profile, and there is none.
    NotReached,
}

/// A rule with its verdict and the numbers behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Which rule.
    pub rule: Rule,
    /// What it says.
    pub verdict: Verdict,
    /// The facts it is said on, for a person.
    pub fact: String,
}

/// Decides whether `source` may run now.
///
/// A one-off run is an operator's wish: it does not wait for the schedule, but every other rule holds for it.
///
/// # Errors
/// [`Skip`] with the first rule that says no.
pub fn decide(source: &Source, profile: Option<&Profile>, given: Circumstances<'_>) -> Result<Eligible, Skip> {
    for rule in Rule::ALL {
        if let Verdict::No(skip) = ask(rule, source, profile, given) {
            return Err(skip);
        }
    }
    // `Rule::Due` has said no where there is no trigger.
    let trigger = trigger(source, given).map_err(|until| Skip { reason: SkipReason::NotDue, until })?;
    Ok(Eligible { trigger })
}

/// What every rule says of `source` now, in the order in which [`decide`] asks them.
#[must_use]
pub fn explain(source: &Source, profile: Option<&Profile>, given: Circumstances<'_>) -> Vec<Judged> {
    let judge = |rule| {
        let verdict = ask(rule, source, profile, given);
        let fact = match &verdict {
            Verdict::Yes => fact(rule, source, profile, given),
            Verdict::No(skip) => skip.reason.to_string(),
            Verdict::NotReached => "there is no profile to ask".to_owned(),
        };
        Judged { rule, verdict, fact }
    };
    Rule::ALL.into_iter().map(judge).collect()
}

/// Why nothing at all may run of this source before a person has acted, if that is so.
#[must_use]
pub fn stopped(source: &Source) -> Option<SkipReason> {
    match &source.state {
        SourceState::Active => None,
        SourceState::Inactive => Some(SkipReason::Inactive),
        SourceState::Paused { by, reason, .. } => Some(SkipReason::Paused { by: *by, why: reason.clone() }),
        SourceState::Invalid { reason, .. } => Some(SkipReason::Invalid { why: reason.clone() }),
    }
}

fn ask(rule: Rule, source: &Source, profile: Option<&Profile>, given: Circumstances<'_>) -> Verdict {
    let verdict = |no: Option<(SkipReason, Option<UtcMillis>)>| match no {
        None => Verdict::Yes,
        Some((reason, until)) => Verdict::No(Skip { reason, until }),
    };
    match (rule, profile) {
        (Rule::Active, _) => verdict(stop(source, |reason| matches!(reason, SkipReason::Inactive))),
        (Rule::NotPaused, _) => verdict(stop(source, |reason| matches!(reason, SkipReason::Paused { .. }))),
        (Rule::Valid, _) => verdict(stop(source, |reason| matches!(reason, SkipReason::Invalid { .. }))),
        (Rule::Profile, Some(_)) => Verdict::Yes,
        (Rule::Profile, None) => {
            verdict(Some((SkipReason::ProfileMissing { profile: source.profile.to_string() }, None)))
        }
        (Rule::NotRunning, _) => verdict(source.running.map(|run| (SkipReason::AlreadyRunning { run }, None))),
        (Rule::Due, _) => verdict(trigger(source, given).err().map(|until| (SkipReason::NotDue, until))),
        (Rule::Plugin | Rule::Quarantine | Rule::Failures | Rule::Followed | Rule::Gate | Rule::Account, None) => {
            Verdict::NotReached
        }
        (Rule::Plugin, Some(profile)) => {
            let plugin = || profile.plugin.clone();
            let pin = || profile.plugin_digest.as_ref().map(ToString::to_string).unwrap_or_default();
            verdict(match given.plugin {
                Presence::Serves => None,
                Presence::Missing => Some((SkipReason::PluginMissing { plugin: plugin() }, None)),
                Presence::Unpinned => Some((SkipReason::PluginPinned { plugin: plugin(), pin: pin() }, None)),
            })
        }
        (Rule::Quarantine, Some(_)) => verdict(given.quarantine.map(|held| {
            let reason = SkipReason::PluginQuarantined { plugin: held.plugin.clone(), why: held.told() };
            (reason, Some(given.now.plus(limits::QUARANTINE_LOOK)))
        })),
        (Rule::Failures, Some(profile)) => {
            let (count, most) = (source.failure_count, profile.retry.max_failures);
            verdict((count >= most).then_some((SkipReason::TooManyFailures { count, most }, None)))
        }
        (Rule::Followed, Some(profile)) => {
            let dormant = schedule(source, profile).is_dormant(&source.facts);
            verdict(dormant.then_some((SkipReason::Dormant, None)))
        }
        (Rule::Gate, Some(_)) => verdict(gate(given)),
        (Rule::Account, Some(profile)) => verdict(account(profile, given)),
    }
}

/// The source's own schedule, else its profile's.
fn schedule<'a>(source: &'a Source, profile: &'a Profile) -> &'a Schedule {
    source.schedule.as_ref().unwrap_or(&profile.schedule)
}

fn stop(source: &Source, which: impl Fn(&SkipReason) -> bool) -> Option<(SkipReason, Option<UtcMillis>)> {
    stopped(source).filter(which).map(|reason| (reason, None))
}

/// Why it runs now. `Err`: when its time comes, if that is known.
fn trigger(source: &Source, given: Circumstances<'_>) -> Result<Trigger, Option<UtcMillis>> {
    match (given.queued, source.next_run) {
        (Some(trigger), _) => Ok(trigger),
        (None, Some(next)) if next.at <= given.now => Ok(next.trigger),
        (None, next) => Err(next.map(|next| next.at)),
    }
}

/// Asked late, as this answer changes by itself.
fn gate(given: Circumstances<'_>) -> Option<(SkipReason, Option<UtcMillis>)> {
    if let Some(closed) = given.host.filter(|closed| closed.until > given.now) {
        let ClosedHost { host, until, asked, failures } = closed;
        return Some((SkipReason::HostClosed { host: host.to_owned(), asked, failures }, Some(until)));
    }
    let gate = given.gate.filter(|gate| gate.until > given.now)?;
    Some((SkipReason::GateClosed { gate: gate.key.to_string(), why: gate.why.clone() }, Some(gate.until)))
}

/// Asked last, as this answer changes soonest.
fn account(profile: &Profile, given: Circumstances<'_>) -> Option<(SkipReason, Option<UtcMillis>)> {
    let ((under_way, most), actor) = (given.account?, profile.actor.as_ref()?);
    let reason = SkipReason::CredentialBusy { credential: actor.credential.to_string(), most };
    (under_way >= most).then_some((reason, Some(given.now.plus(limits::ACTOR_BUSY))))
}

/// The facts behind a rule that lets the source run.
fn fact(rule: Rule, source: &Source, profile: Option<&Profile>, given: Circumstances<'_>) -> String {
    match rule {
        Rule::Active => "switched on".to_owned(),
        Rule::NotPaused => "nobody has paused it".to_owned(),
        Rule::Valid => match source.last_success_at {
            Some(at) => format!("the platform has it, last seen {at}"),
            None => "nothing is known against it; it has not succeeded yet".to_owned(),
        },
        Rule::Profile => format!("profile {}", source.profile),
        Rule::Plugin => profile.map_or_else(String::new, |profile| {
            let pin = profile.plugin_digest.as_ref().map(|pin| format!(", pinned to {pin}")).unwrap_or_default();
            format!("plugin {}, kind {}{pin}", profile.plugin, profile.kind)
        }),
        Rule::Quarantine => {
            let (most, minutes) = (limits::QUARANTINE_FAULTS, limits::QUARANTINE_WINDOW.as_secs() / 60);
            format!(
                "its version breaks down in fewer than {most} runs within {minutes} minutes, or works on most sources"
            )
        }
        Rule::Failures => {
            let most = profile.map_or(0, |profile| profile.retry.max_failures);
            format!("{} failures in a row, {most} pause it", source.failure_count)
        }
        Rule::Followed => source.facts.followers.map_or_else(
            || "active followers are not counted".to_owned(),
            |followers| format!("{followers} active followers"),
        ),
        Rule::NotRunning => "no run of it is under way".to_owned(),
        Rule::Due => due(source, profile, given),
        Rule::Gate => match (given.gate, profile.and_then(|profile| profile.actor.as_ref())) {
            (_, None) => match profile.and_then(|profile| profile.net.credential.as_ref()) {
                None => "its profile needs no actor".to_owned(),
                Some(credential) => format!("nothing refuses credential {}", credential.name),
            },
            (None, Some(actor)) => format!("nothing refuses {} or credential {}", actor.name, actor.credential),
            (Some(gate), Some(_)) => format!("{} was closed until {}", gate.key, gate.until),
        },
        Rule::Account => match (given.account, profile.and_then(|profile| profile.actor.as_ref())) {
            (Some((under_way, u32::MAX)), Some(actor)) => {
                format!("{under_way} runs of credential {} under way, of which nothing is configured", actor.credential)
            }
            (Some((under_way, most)), Some(actor)) => {
                format!("{under_way} of {most} runs of credential {} under way", actor.credential)
            }
            _ => "nobody's account is needed".to_owned(),
        },
    }
}

fn due(source: &Source, profile: Option<&Profile>, given: Circumstances<'_>) -> String {
    let schedule = source.schedule.as_ref().or_else(|| Some(&profile?.schedule));
    let schedule = schedule.map(|schedule| format!(", schedule {schedule}")).unwrap_or_default();
    match (given.queued, source.next_run) {
        (Some(trigger), Some(next)) => {
            format!("a {trigger} run is queued; by itself it is due {} ({}{schedule})", next.at, next.trigger)
        }
        (Some(trigger), None) => format!("a {trigger} run is queued{schedule}"),
        (None, Some(next)) => format!("due since {} ({}{schedule})", next.at, next.trigger),
        (None, None) => String::new(),
    }
}
