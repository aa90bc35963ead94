//! What is tried out: a plugin, a kind, an identifier, and the profile it runs by.
//!
//! Owns: finding the profile or making one up, and the checks before anything is asked of the plugin. Must not know: what is
//! done with it.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use tidegate_core::contract::{Job, Kind};
use tidegate_core::id::ProfileName;
use tidegate_core::money::MicroUsd;
use tidegate_core::nearest::nearest;
use tidegate_core::profile::Profile;
use tidegate_core::{limits, overrides};

use crate::cli::args::PluginSource;
use crate::cli::error::CliError;
use crate::cli::home::Home;
use crate::cli::plugin::component;
use crate::cli::source::overrides as typed;
use crate::config::{Profiles, parse_profile};
use crate::plugins::Plugin;

/// Name of the profile that is made up.
const MADE_UP: &str = "made-up";

/// What is tried out.
pub(super) struct Subject {
    pub(super) plugin: Arc<Plugin>,
    pub(super) kind: Kind,
    pub(super) profile: Profile,
    /// As typed.
    pub(super) identifier: String,
    /// As typed.
    pub(super) overrides: Map<String, Value>,
    /// Profiles of the daemon: whose credentials may be needed.
    pub(super) profiles: Profiles,
}

impl Subject {
    /// Finds everything that was named.
    pub(super) async fn find(home: &Home, args: &PluginSource) -> Result<Self, CliError> {
        let overrides = typed(None, &args.set)?;
        let plugin = component::file_or_name(home, &args.plugin).await?;
        let kind = kind(&plugin, &args.kind)?;
        let profiles = home.profiles()?;
        let mut profile = match &args.profile {
            Some(given) => named(given, &profiles)?,
            None => made_up(&plugin, &kind)?,
        };
        if profile.plugin != plugin.name() || profile.kind != kind.name {
            let (name, of, kind_of) = (&profile.name, &profile.plugin, &profile.kind);
            let message = format!(
                "profile {name} is for plugin {of:?}, kind {kind_of:?}, not for {:?}, kind {:?}",
                plugin.name(),
                kind.name
            );
            return Err(CliError::usage(message));
        }
        // Once is enough to see what happens.
        profile.retry.in_run.clear();
        profile.retry.runs.clear();
        profile.keep_pages = None;
        if let Some(pages) = args.max_pages {
            profile.caps.max_pages = pages;
        }
        if let Some(items) = args.max_items {
            (profile.caps.max_items, profile.caps.bootstrap_max_items) = (items, items);
        }
        let identifier = args.identifier.trim().to_owned();
        if identifier.is_empty()
            || identifier.len() > limits::IDENTIFIER_BYTES
            || identifier.chars().any(char::is_control)
        {
            let most = limits::IDENTIFIER_BYTES;
            return Err(CliError::refused(format!(
                "the identifier has to be 1 to {most} bytes without control characters"
            )));
        }
        Ok(Self { plugin, kind, profile, identifier, overrides, profiles })
    }

    /// The overrides as the plugin gets them, if they fit the schema.
    pub(super) fn merged(&self) -> Result<String, CliError> {
        let schema = overrides::schema(&self.kind.overrides_schema).unwrap_or_default();
        let merged = Value::Object(overrides::with_defaults(&schema, self.profile.merged_overrides(&self.overrides)));
        let problems = self.plugin.check_overrides(&self.kind.name, &merged);
        if problems.is_empty() {
            return Ok(merged.to_string());
        }
        let told: Vec<String> =
            problems.into_iter().map(|problem| format!("{}: {}", problem.pointer, problem.message)).collect();
        Err(CliError::refused(format!("the overrides do not fit:\n  {}", told.join("\n  ")))
            .hint("--set NAME=VALUE sets one"))
    }

    /// The job of a first run.
    pub(super) fn job(&self, identifier: String, overrides: String, now: String) -> Job {
        Job {
            kind: self.kind.name.clone(),
            identifier,
            overrides,
            watermark: None,
            max_items: self.profile.caps.bootstrap_max_items,
            max_pages: self.profile.caps.max_pages,
            now,
            actor: self.profile.actor.as_ref().map(|actor| actor.name.to_string()),
            platform_id: None,
            extra: None,
        }
    }

    /// What a live run may cost: nothing, if no actor is named.
    pub(super) fn worst_case(&self) -> Option<MicroUsd> {
        self.profile.actor.as_ref().map(|actor| actor.worst_case(self.profile.caps.bootstrap_max_items))
    }
}

fn kind(plugin: &Plugin, name: &str) -> Result<Kind, CliError> {
    plugin.manifest().kind(name).cloned().ok_or_else(|| {
        let known: Vec<&str> = plugin.manifest().kinds.iter().map(|kind| kind.name.as_str()).collect();
        let hint = nearest(name, known.iter().copied())
            .map_or_else(|| format!("it has {}", known.join(", ")), |near| format!("did you mean {near}?"));
        CliError::not_found(format!("plugin {} has no kind {name:?}", plugin.name())).hint(hint)
    })
}

/// A profile by its file, or by its name.
fn named(given: &str, profiles: &Profiles) -> Result<Profile, CliError> {
    let path = Path::new(given);
    if path.is_file() {
        let text = std::fs::read_to_string(path)
            .map_err(|error| CliError::not_found(format!("{given} cannot be read: {error}")))?;
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        return Ok(parse_profile(name, &text, given)?);
    }
    let found = given.parse::<ProfileName>().ok().and_then(|name| profiles.usable.get(&name));
    found.map(|file| file.profile.clone()).ok_or_else(|| {
        let known = profiles.usable.keys().map(ProfileName::as_str);
        let hint = nearest(given, known).map_or_else(
            || "name a file, or one of `tidegate profile list`".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        CliError::not_found(format!("there is no profile {given:?}")).hint(hint)
    })
}

/// What a profile says that says nothing: the plugin's own hosts, no private address, no actor.
fn made_up(plugin: &Plugin, kind: &Kind) -> Result<Profile, CliError> {
    let text = format!("plugin = {:?}\nkind = {:?}\nschedule = {{ every = \"1d\" }}\n", plugin.name(), kind.name);
    Ok(parse_profile(MADE_UP, &text, "the profile that is made up")?)
}
