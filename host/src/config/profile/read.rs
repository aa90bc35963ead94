//! From the text of a profile to the profile.
//!
//! Owns: defaults, and errors with the line and the remedy. Must not know: which plugins are loaded. Called for every file and
//! for the shipped profiles.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate_core::actor::{ActorName, PriceTable};
use tidegate_core::budget::Limits;
use tidegate_core::extra::Demand;
use tidegate_core::id::{CredentialName, ProfileName};
use tidegate_core::limits;
use tidegate_core::manifest;
use tidegate_core::money::MicroUsd;
use tidegate_core::pin::Pin;
use tidegate_core::profile::{ActorPolicy, Caps, Net, Profile, ProfileBudget, Retry};
use tidegate_core::sandbox::CallLimits;
use tidegate_core::schedule::{MIN_INTERVAL, NotASchedule, Rhythm, Schedule, Written};
use tidegate_core::time::{Span, UtcMillis};

use super::super::credential::DEFAULT_CREDENTIAL;
use super::super::money::Usd;
use super::super::{ConfigError, text};
use super::shape::{
    ActorShape, BudgetShape, CapsShape, LimitsShape, NetShape, PriceShape, RetryShape, ScheduleShape, Shape,
};
use super::{carried, hosts, prices, ranges};

/// Time of an actor run, unless the profile says otherwise.
const ACTOR_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// What is wrong: the key to point at, what, and the remedy.
pub(super) type Wrong = (&'static str, String, String);

/// Parses a profile of that name.
///
/// # Errors
/// The first thing that is wrong, with its line and the remedy.
pub fn parse_profile(name: &str, text: &str, place: &str) -> Result<Profile, ConfigError> {
    let refuse = |message: String, hint: String| ConfigError { place: place.to_owned(), message, hint: Some(hint) };
    let at = |key: &str, message: &str, hint: String| refuse(text::at_key(text, key, message), hint);
    let name: ProfileName = name
        .parse()
        .map_err(|error: tidegate_core::id::NotAName| refuse(error.to_string(), "rename the file".to_owned()))?;
    let shape: Shape = text::parse(text, place)?;
    if let Some(wrong) = ranges::first_out_of_range(text) {
        return Err(at(&wrong.key, &wrong.message, wrong.hint));
    }
    let wrong = |(key, message, hint): Wrong| at(key, &message, hint);
    let min_interval = shape.schedule.min_interval.map_or(MIN_INTERVAL, Span::duration);
    let schedule = schedule(shape.schedule, min_interval).map_err(wrong)?;
    let actor = shape.actor.map(policy).transpose().map_err(wrong)?;
    let plugin_digest = shape.plugin_digest.map(|text| pin(&text)).transpose().map_err(wrong)?;
    let profile = Profile {
        name,
        plugin: shape.plugin,
        plugin_digest,
        kind: shape.kind,
        description: shape.description,
        overrides: shape.overrides,
        allowed_overrides: shape.allowed_overrides,
        schedule,
        min_interval,
        caps: caps(&shape.caps, actor.as_ref()),
        budget: budget(&shape.budget),
        rate: shape.rate.into(),
        retry: retry(shape.retry),
        net: net(shape.net).map_err(wrong)?,
        limits: call_limits(&shape.limits),
        actor,
        keep_pages: shape.keep_pages,
        keep_pages_bytes: shape.keep_pages_bytes.unwrap_or(limits::KEPT_PAGES_BYTES),
        demand: shape.demand.map(|demand| Demand { stale_after: demand.stale_after }),
    };
    match prices::first_wrong(&profile) {
        Some(wrong) => Err(at(wrong.key, &wrong.message, wrong.hint)),
        None => Ok(profile),
    }
}

fn schedule(shape: ScheduleShape, min_interval: Duration) -> Result<Schedule, Wrong> {
    let written = Written {
        every: shape.every,
        cron: shape.cron,
        timezone: shape.timezone,
        tiers: shape.tiers,
        activity: shape.activity,
        adaptive: shape.adaptive,
        jitter: shape.jitter,
    };
    let wrong = |error: NotASchedule| {
        let key = match error.key() {
            "cron" => "schedule.cron",
            "timezone" => "schedule.timezone",
            "tiers" => "schedule.tiers",
            "activity" => "schedule.activity",
            "jitter" => "schedule.jitter",
            _ => "schedule",
        };
        let hint = "schedule = { every = \"6h\" }, { cron = \"0 9,17 * * 1-5\", timezone = \"Europe/Berlin\" } or \
                    { tiers = \"default\" }; docs/configuration.md has the grammar";
        (key, error.to_string(), hint.to_owned())
    };
    let schedule = written.read().map_err(wrong)?;
    if let Rhythm::Tiers(tiers) = &schedule.rhythm {
        tiers.fit(min_interval).map_err(|error| wrong(error.into()))?;
    }
    Ok(schedule)
}

/// With an actor a fetch is a run of it, and there are as many as are paid for.
fn caps(shape: &CapsShape, actor: Option<&ActorPolicy>) -> Caps {
    let default = Caps::default();
    Caps {
        max_items: shape.max_items.unwrap_or(default.max_items),
        bootstrap_max_items: shape.bootstrap_max_items.unwrap_or(default.bootstrap_max_items),
        max_pages: shape.max_pages.unwrap_or_else(|| actor.map_or(default.max_pages, |actor| actor.starts)),
        deadline: shape.deadline.map_or(default.deadline, Span::duration),
    }
}

fn amount(usd: Option<Usd>) -> Option<MicroUsd> {
    usd.map(|usd| usd.0)
}

fn budget(shape: &BudgetShape) -> ProfileBudget {
    ProfileBudget {
        limits: Limits {
            runs_per_day: shape.runs_per_day,
            usd_per_day: amount(shape.usd_per_day),
            usd_per_month: amount(shape.usd_per_month),
        },
        usd_per_run: amount(shape.usd_per_run),
        source_usd_per_day: amount(shape.source_usd_per_day),
        source_usd_per_month: amount(shape.source_usd_per_month),
    }
}

fn retry(shape: RetryShape) -> Retry {
    let spans = |spans: Vec<Span>| spans.into_iter().map(Span::duration).collect::<Vec<Duration>>();
    let default = Retry::default();
    Retry {
        in_run: shape.in_run.map_or(default.in_run, spans),
        runs: shape.runs.map_or(default.runs, spans),
        max_failures: shape.max_failures.unwrap_or(default.max_failures),
    }
}

fn net(shape: NetShape) -> Result<Net, Wrong> {
    let default = Net::default();
    let pattern = |given: String| {
        hosts::pattern(&given).ok_or_else(|| {
            let message = format!("net.allowed_hosts: {given:?} is not a host");
            let hint =
                "\"api.example.com\", \"*.example.com\", \"[2001:db8::1]\" or \"*\", without scheme, port or path";
            ("net.allowed_hosts", message, hint.to_owned())
        })
    };
    let allowed_hosts = match shape.allowed_hosts {
        Some(given) => given.into_iter().map(pattern).collect::<Result<_, _>>()?,
        None => default.allowed_hosts,
    };
    let allowed_methods = shape.allowed_methods;
    let unknown = |method: &&String| !manifest::METHODS.contains(&method.as_str());
    if let Some(method) = allowed_methods.iter().flatten().find(unknown) {
        let message = format!("net.allowed_methods: {method:?} is no method that a plugin may use");
        return Err(("net.allowed_methods", message, format!("one of {}, in capitals", manifest::METHODS.join(", "))));
    }
    Ok(Net {
        allowed_hosts,
        allowed_methods,
        allow_private: shape.allow_private.unwrap_or_default(),
        body_bytes: shape.body_bytes.unwrap_or(default.body_bytes),
        credential: shape.credential.map(carried::read).transpose()?,
    })
}

fn pin(text: &str) -> Result<Pin, Wrong> {
    text.parse().map_err(|error: tidegate_core::pin::NotAPin| {
        let hint = "`tidegate plugin list -o json` and `sha256sum FILE` print it";
        ("plugin_digest", format!("plugin_digest: {error}"), hint.to_owned())
    })
}

/// Within their ranges, which were looked at before.
fn call_limits(shape: &LimitsShape) -> CallLimits {
    let default = CallLimits::default();
    CallLimits {
        memory: shape.memory_mb.map_or(default.memory, |mb| mb.saturating_mul(limits::MIB)),
        cpu: shape.cpu.map_or(default.cpu, Span::duration),
        answer: shape.answer_bytes.unwrap_or(default.answer),
    }
}

fn policy(shape: ActorShape) -> Result<ActorPolicy, Wrong> {
    let name: ActorName = shape.name.parse().map_err(|error: tidegate_core::actor::NotAnActor| {
        ("actor.name", error.to_string(), "it stands in the actor's URL: apify.com/<user>/<name>".to_owned())
    })?;
    let Some(price) = shape.price else {
        let message = format!("[actor] names {name} without a price: what a run may cost could not be reserved");
        let hint = "add [actor.price] with as_of = \"2026-08-20\" (the day you looked it up), element, and start, minimum, \
                    compute_unit and events where the actor charges them; the actor's page shows the prices";
        return Err(("actor", message, hint.to_owned()));
    };
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let build = shape.build.unwrap_or_else(|| "latest".to_owned());
    if !(1..=64).contains(&build.len()) || !build.bytes().all(word) {
        let message = "actor.build is no tag or number of a build".to_owned();
        return Err((
            "actor.build",
            message,
            "the number of a build such as \"1.4.2\"; the actor's page lists them".to_owned(),
        ));
    }
    Ok(ActorPolicy {
        name,
        build,
        credential: credential("actor.credential", shape.credential.as_deref().unwrap_or(DEFAULT_CREDENTIAL))?,
        memory_mb: shape.memory_mb,
        timeout: shape.timeout.map_or(ACTOR_TIMEOUT, Span::duration),
        spare_elements: shape.spare_elements,
        starts: shape.starts.unwrap_or(1),
        price: price_table(price)?,
    })
}

/// What was written is not repeated: it might be the token itself.
pub(super) fn credential(key: &str, name: &str) -> Result<CredentialName, Wrong> {
    name.parse().map_err(|_| {
        let message = "the name of a credential begins with a letter and holds at most 63 of a-z, 0-9, \"_\" and \"-\"";
        let hint = "the NAME of [credentials.NAME] in tidegate.toml; a token never stands in a profile";
        ("", format!("{key}: {message}"), hint.to_owned())
    })
}

fn price_table(shape: PriceShape) -> Result<PriceTable, Wrong> {
    if shape.as_of.len() != 10 || UtcMillis::parse(&format!("{}T00:00:00Z", shape.as_of)).is_none() {
        let message = format!("actor.price.as_of = {:?} is not a date", shape.as_of);
        return Err((
            "actor.price.as_of",
            message,
            "the day the prices were looked up, such as \"2026-08-20\"".to_owned(),
        ));
    }
    if let Some(name) = shape.events.keys().find(|name| name.is_empty() || name.len() > limits::WORD_BYTES) {
        let message = format!("actor.price.events: a name of {} bytes", name.len());
        return Err(("actor.price.events", message, "1 to 256 bytes, as the plugin names the event".to_owned()));
    }
    let money = |usd: Option<Usd>| amount(usd).unwrap_or_default();
    let events: BTreeMap<String, MicroUsd> = shape.events.into_iter().map(|(name, usd)| (name, usd.0)).collect();
    Ok(PriceTable {
        as_of: shape.as_of,
        start: money(shape.start),
        element: shape.element.0,
        events,
        compute_unit: money(shape.compute_unit),
        minimum: money(shape.minimum),
    })
}
