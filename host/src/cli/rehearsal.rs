//! Rehearsing what a profile would order: its plugin is asked to plan, and nothing is fetched.
//!
//! Owns: the made-up source of a rehearsal, and which runs of it are tried. Must not know: any platform; what a run costs and
//! whether it may is said by `tidegate_core::plan`, as in a real run. Called by `profile check` and `doctor`. With
//! an actor: an event without a price, or a cap that cannot pay what the plugin asks for, is found before anything runs.

use serde_json::{Map, Value};
use tidegate_core::budget;
use tidegate_core::claim::{Claim, Generation};
use tidegate_core::contract::{Example, Fetch, Kind, Watermark};
use tidegate_core::failure::Failure;
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::money::MicroUsd;
use tidegate_core::overrides;
use tidegate_core::plan;
use tidegate_core::profile::Profile;
use tidegate_core::schedule::Facts;
use tidegate_core::source::{Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use crate::config::{ConfigError, ProfileFile};
use crate::ports::Plugin;

/// How long ago the newest item of the made-up source was published.
const NEWEST: core::time::Duration = core::time::Duration::from_secs(86_400);

/// What is wrong with the runs that a profile with an actor would order: of the first run of a source, and of a later one.
pub(super) async fn rehearse(file: &ProfileFile, plugin: &dyn Plugin, now: UtcMillis) -> Option<ConfigError> {
    let profile = &file.profile;
    let refuse = |message: String, hint: &str| {
        Some(ConfigError { place: file.place.clone(), message, hint: Some(hint.to_owned()) })
    };
    let kind = plugin.manifest().kind(&profile.kind)?;
    let example = kind.examples.first()?;
    if profile.actor.is_none() {
        return misread(file, kind, example, plugin).await;
    }
    let own = own_overrides(profile, kind, example, plugin);
    let merged = with_defaults(kind, profile.merged_overrides(&own));
    let normal = match plugin.validate(&kind.name, &example.identifier, &merged).await.answer {
        Ok(Ok(valid)) => valid.identifier,
        Ok(Err(problems)) => {
            let told = problems.first().map(|problem| format!("{} {}", problem.pointer, problem.message));
            let message = format!("[overrides] {}", told.unwrap_or_default().trim());
            return refuse(message, "correct [overrides]: no source of this profile would be accepted");
        }
        Err(fault) => return refuse(fault.message, "`tidegate plugin check` tells more"),
    };
    for first in [true, false] {
        let claim = claim(profile, &normal, own.clone(), first, now);
        if let Err(failure) = order(profile, kind, plugin, &claim, now).await {
            let which = if first { "the first" } else { "a later" };
            let message = format!("{which} run of a source such as {normal:?}: {}", failure.message);
            return refuse(message, "nothing was fetched or paid: the plugin was only asked what it would order");
        }
    }
    None
}

/// What the plugin finds wrong with the overrides that the profile itself gives, which a schema cannot say: a placeholder there is none
/// of, settings that do not fit together. What a source has yet to bring is no mistake.
async fn misread(file: &ProfileFile, kind: &Kind, example: &Example, plugin: &dyn Plugin) -> Option<ConfigError> {
    let given = &file.profile.overrides;
    let merged = with_defaults(kind, given.clone());
    let Ok(Err(problems)) = plugin.validate(&kind.name, &example.identifier, &merged).await.answer else { return None };
    let of_profile = |pointer: &str| given.contains_key(pointer.split('/').nth(1).unwrap_or_default());
    let problem = problems.into_iter().find(|problem| of_profile(&problem.pointer))?;
    Some(ConfigError {
        place: file.place.clone(),
        message: format!("[overrides] {} {}", problem.pointer, problem.message),
        hint: Some("correct [overrides]: no source of this profile would be accepted".to_owned()),
    })
}

/// What the example's own overrides are needed for: those that the schema requires and the profile does not give.
fn own_overrides(profile: &Profile, kind: &Kind, example: &Example, plugin: &dyn Plugin) -> Map<String, Value> {
    let without = with_defaults(kind, profile.overrides.clone());
    let parsed: Value = serde_json::from_str(&without).unwrap_or_default();
    if plugin.check_overrides(&kind.name, &parsed).is_empty() {
        return Map::new();
    }
    serde_json::from_str(&example.overrides).unwrap_or_default()
}

fn with_defaults(kind: &Kind, given: Map<String, Value>) -> String {
    let schema = overrides::schema(&kind.overrides_schema).unwrap_or_default();
    Value::Object(overrides::with_defaults(&schema, given)).to_string()
}

/// Asks for the plan of one run, and checks it as a run would.
async fn order(
    profile: &Profile,
    kind: &Kind,
    plugin: &dyn Plugin,
    claim: &Claim,
    now: UtcMillis,
) -> Result<(), Failure> {
    let job = plan::job(claim, profile, kind, now);
    let answer = plugin.plan(&job).await.answer;
    let step = match answer {
        Ok(planned) => planned.map_err(|given| Failure::of_plugin(given, None))?,
        Err(fault) => return Err(Failure::new(tidegate_core::failure::Class::PluginFault, fault.message)),
    };
    if step.fetch == Fetch::Nothing {
        return Ok(());
    }
    plan::check(step, kind, profile, claim.reserved).map(|_| ())
}

/// A claim on a source that does not exist.
fn claim(profile: &Profile, identifier: &str, overrides: Map<String, Value>, first: bool, now: UtcMillis) -> Claim {
    let before = now.minus(NEWEST);
    let later = (!first).then_some(before);
    let watermark = later.map(|at| Watermark { newest_published_at: Some(at.to_string()), ..Watermark::default() });
    let source = Source {
        id: SourceId::from_bits(0),
        tenant: profile.name.clone(),
        profile: profile.name.clone(),
        identifier: identifier.to_owned(),
        overrides,
        schedule: None,
        state: SourceState::Active,
        failure_count: 0,
        last_fetched_at: later,
        last_success_at: later,
        next_run: None,
        running: None,
        total_runs: u64::from(!first),
        watermark,
        horizon: None,
        hints: None,
        facts: Facts::default(),
        retries: 0,
        display_name: None,
        platform_id: None,
        created_at: before,
        updated_at: before,
    };
    let reserved: MicroUsd = budget::worst_case(&source, profile);
    Claim {
        run: RunId::from_bits(0),
        source,
        generation: Generation(1),
        trigger: if first { Trigger::Bootstrap } else { Trigger::Schedule },
        attempt: 1,
        items_before: 0,
        reserved,
        resume: None,
        lease_until: now,
    }
}

#[cfg(test)]
#[path = "rehearsal_tests.rs"]
mod tests;
