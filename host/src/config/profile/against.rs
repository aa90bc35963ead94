//! A profile held against the plugin and the configuration it names.
//!
//! Owns: the checks that need a manifest, and those that only warn. Must not know: what a plugin plans. Called by `cli` for
//! every profile.

use serde_json::Value;
use tidegate_core::contract::Manifest;
use tidegate_core::nearest;
use tidegate_core::overrides;
use tidegate_core::profile::Profile;

use super::super::credentials::{Surroundings, check_known};
use super::super::{Config, ConfigError};

/// Something that should be otherwise, but does not keep a profile from being used.
pub type Finding = ConfigError;

/// Checks what a profile says about its plugin against the plugin's manifest: the kind, the actor, the names in
/// `allowed_overrides`, the names of its own overrides. Whether their values fit the schema is for a schema library.
///
/// # Errors
/// The first thing that is wrong, with the remedy.
pub fn check_overrides(profile: &Profile, manifest: &Manifest, place: &str) -> Result<(), ConfigError> {
    let refuse = |message: String, hint: String| ConfigError { place: place.to_owned(), message, hint: Some(hint) };
    let Some(kind) = manifest.kind(&profile.kind) else {
        let known: Vec<&str> = manifest.kinds.iter().map(|kind| kind.name.as_str()).collect();
        return Err(refuse(
            format!("kind = {:?}: plugin {} has no such kind", profile.kind, manifest.name),
            format!("its kinds are: {}", known.join(", ")),
        ));
    };
    check_actor(profile, &kind.actors, &manifest.name, place)?;
    let schema = overrides::schema(&kind.overrides_schema).unwrap_or_default();
    let known: Vec<&str> = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let named = profile.allowed_overrides.iter().flatten().chain(profile.overrides.keys());
    for name in named {
        if !known.contains(&name.as_str()) {
            let hint = match nearest::nearest(name, known.iter().copied()) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => format!("known: {}", known.join(", ")),
            };
            return Err(refuse(format!("kind {} knows no override {name:?}", kind.name), hint));
        }
    }
    Ok(())
}

/// An actor the kind does not list is refused, unless the profile brings an input for it: a plugin that can be taught other
/// actors says so by an override `input`.
fn check_actor(profile: &Profile, known: &[String], plugin: &str, place: &str) -> Result<(), ConfigError> {
    let refuse =
        |message: String, hint: String| Err(ConfigError { place: place.to_owned(), message, hint: Some(hint) });
    match &profile.actor {
        None if known.is_empty() => Ok(()),
        None => refuse(
            format!("kind {:?} of plugin {plugin} is fetched by an actor, and the profile names none", profile.kind),
            format!("add [actor] with name = one of: {}", known.join(", ")),
        ),
        Some(actor) if known.is_empty() => refuse(
            format!("actor.name = {:?}: kind {:?} of plugin {plugin} uses no actor", actor.name.as_str(), profile.kind),
            "remove [actor]".to_owned(),
        ),
        Some(actor) => {
            let name = actor.name.as_str();
            if profile.overrides.contains_key("input") || known.iter().any(|known| known == name) {
                return Ok(());
            }
            let hint = match nearest::nearest(name, known.iter().map(String::as_str)) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => format!("known: {}", known.join(", ")),
            };
            refuse(
                format!("actor.name = {name:?}: kind {:?} of plugin {plugin} has no input for it", profile.kind),
                hint,
            )
        }
    }
}

/// Checks what a profile says about the rest of the configuration.
///
/// # Errors
/// A credential that is not known, or of which nobody has said which origin gets it.
pub fn check_credential(
    profile: &Profile,
    config: &Config,
    around: &dyn Surroundings,
    place: &str,
) -> Result<(), ConfigError> {
    if let Some(actor) = &profile.actor {
        check_known("actor.credential", &actor.credential, config, around, place)?;
    }
    let Some(credential) = &profile.net.credential else { return Ok(()) };
    check_known("net.credential.name", &credential.name, config, around, place)?;
    let name = &credential.name;
    let origin = config.credentials.get(name).and_then(|entry| entry.origin.as_ref());
    origin.map(drop).ok_or_else(|| ConfigError {
        place: place.to_owned(),
        message: format!("net.credential.name = {:?}: nothing says which origin gets it", name.as_str()),
        hint: Some(format!("add to [credentials.{name}] in tidegate.toml: origin = \"https://api.example.com\"")),
    })
}

/// What should be otherwise in a profile that can be used.
#[must_use]
pub fn warnings(profile: &Profile, place: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(actor) = profile.actor.as_ref().filter(|actor| actor.build == "latest") {
        found.push(ConfigError {
            place: place.to_owned(),
            message: format!(
                "profile {}: actor.build = \"latest\" is not pinned: {} may change its answers from one run to the next",
                profile.name, actor.name
            ),
            hint: Some("write the number of a build you have tried; the actor's page lists them".to_owned()),
        });
    }
    found
}
