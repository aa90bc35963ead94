//! Profiles as files: `profiles/<name>.toml`, and the ones that are shipped.
//!
//! Owns: the shape of the file, its defaults, and errors with the line and the remedy. Must not know: which plugins are
//! loaded; [`check_overrides`] is given the kind. Called by `cli`. A file in the directory goes before a shipped profile of
//! the same name.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use tidegate_core::contract::Manifest;
use tidegate_core::id::ProfileName;
use tidegate_core::limits;
use tidegate_core::nearest;
use tidegate_core::overrides;
use tidegate_core::profile::{Caps, Net, Profile, ProfileBudget, Retry};
use tidegate_core::schedule::{MIN_INTERVAL, Schedule};
use tidegate_core::time::Span;

use super::{ConfigError, text};

/// Where a profile was found.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileFile {
    /// File, or "shipped".
    pub place: String,
    /// The profile.
    pub profile: Profile,
}

/// Profiles by name, and what was refused.
#[derive(Debug, Clone, Default)]
pub struct Profiles {
    /// Usable ones.
    pub usable: BTreeMap<ProfileName, ProfileFile>,
    /// Why others are not.
    pub refused: Vec<ConfigError>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    #[serde(default)]
    description: String,
    plugin: String,
    kind: String,
    allowed_overrides: Option<Vec<String>>,
    keep_pages: Option<Span>,
    #[serde(default)]
    overrides: Map<String, Value>,
    schedule: ScheduleShape,
    #[serde(default)]
    caps: CapsShape,
    #[serde(default)]
    budget: BudgetShape,
    #[serde(default)]
    retry: RetryShape,
    #[serde(default)]
    net: NetShape,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleShape {
    every: Span,
    min_interval: Option<Span>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CapsShape {
    max_items: Option<u32>,
    bootstrap_max_items: Option<u32>,
    max_pages: Option<u32>,
    deadline: Option<Span>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BudgetShape {
    runs_per_day: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RetryShape {
    in_run: Option<Vec<Span>>,
    runs: Option<Vec<Span>>,
    max_failures: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NetShape {
    allowed_hosts: Option<Vec<String>>,
    allow_private: Option<Vec<String>>,
    body_bytes: Option<usize>,
}

/// The profiles that come with the binary.
#[must_use]
pub fn shipped_profiles() -> Vec<(&'static str, &'static str)> {
    vec![("rss_profile", include_str!("../../../profiles/rss_profile.toml"))]
}

/// Reads the shipped profiles and those in `dir`, which need not exist.
///
/// # Errors
/// Only if the directory cannot be read; a file that is wrong is listed as refused.
pub fn load_profiles(dir: &Path) -> Result<Profiles, ConfigError> {
    let mut profiles = Profiles::default();
    for (name, text) in shipped_profiles() {
        profiles.add(name, text, "shipped");
    }
    for (name, path) in files(dir)? {
        let place = path.display().to_string();
        match text::read(&path) {
            Ok(Some(text)) => profiles.add(&name, &text, &place),
            // It was there a moment ago.
            Ok(None) => {}
            Err(message) => profiles.refused.push(ConfigError { place, message, hint: None }),
        }
    }
    Ok(profiles)
}

/// The `*.toml` files of a directory, sorted by name.
fn files(dir: &Path) -> Result<Vec<(String, std::path::PathBuf)>, ConfigError> {
    let refuse = |error: std::io::Error| ConfigError {
        place: dir.display().to_string(),
        message: format!("cannot be listed: {error}"),
        hint: None,
    };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(refuse(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(refuse)?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "toml") && !name.starts_with('.') {
            files.push((name, path));
        }
    }
    files.sort();
    Ok(files)
}

impl Profiles {
    fn add(&mut self, name: &str, text: &str, place: &str) {
        match parse_profile(name, text, place) {
            Ok(profile) => {
                self.usable.insert(profile.name.clone(), ProfileFile { place: place.to_owned(), profile });
            }
            Err(error) => self.refused.push(error),
        }
    }
}

/// Parses a profile of that name.
///
/// # Errors
/// The first thing that is wrong, with its line and the remedy.
pub fn parse_profile(name: &str, text: &str, place: &str) -> Result<Profile, ConfigError> {
    let refuse =
        |message: String, hint: &str| ConfigError { place: place.to_owned(), message, hint: Some(hint.to_owned()) };
    let name: ProfileName =
        name.parse().map_err(|error: tidegate_core::id::NotAName| refuse(error.to_string(), "rename the file"))?;
    let shape: Shape = text::parse(text, place)?;
    let caps = caps(&shape.caps).map_err(|(message, hint)| refuse(message, hint))?;
    let net = net(shape.net).map_err(|(message, hint)| refuse(message, hint))?;
    if shape.retry.max_failures == Some(0) {
        return Err(refuse("retry.max_failures is 0: no source would ever run".to_owned(), "1 or more"));
    }
    let spans = |spans: Vec<Span>| spans.into_iter().map(Span::duration).collect::<Vec<Duration>>();
    let retry = Retry::default();
    Ok(Profile {
        name,
        plugin: shape.plugin,
        kind: shape.kind,
        description: shape.description,
        overrides: shape.overrides,
        allowed_overrides: shape.allowed_overrides,
        schedule: Schedule::Every(shape.schedule.every),
        min_interval: shape.schedule.min_interval.map_or(MIN_INTERVAL, Span::duration),
        caps,
        budget: ProfileBudget { runs_per_day: shape.budget.runs_per_day },
        retry: Retry {
            in_run: shape.retry.in_run.map_or(retry.in_run, spans),
            runs: shape.retry.runs.map_or(retry.runs, spans),
            max_failures: shape.retry.max_failures.unwrap_or(retry.max_failures),
        },
        net,
        keep_pages: shape.keep_pages,
    })
}

type Wrong = (String, &'static str);

fn caps(shape: &CapsShape) -> Result<Caps, Wrong> {
    let default = Caps::default();
    let within = |name: &str, value: Option<u32>, default: u32, most: u32, hint| match value {
        Some(value) if value == 0 || value > most => Err((format!("caps.{name} = {value} is out of range"), hint)),
        value => Ok(value.unwrap_or(default)),
    };
    let deadline = shape.deadline.map_or(default.deadline, Span::duration);
    if deadline > limits::RUN_DEADLINE_MOST {
        return Err(("caps.deadline is out of range".to_owned(), "at most 1h"));
    }
    Ok(Caps {
        max_items: within("max_items", shape.max_items, default.max_items, 10_000, "1 to 10000")?,
        bootstrap_max_items: within(
            "bootstrap_max_items",
            shape.bootstrap_max_items,
            default.bootstrap_max_items,
            10_000,
            "1 to 10000",
        )?,
        max_pages: within("max_pages", shape.max_pages, default.max_pages, 1_000, "1 to 1000")?,
        deadline,
    })
}

fn net(shape: NetShape) -> Result<Net, Wrong> {
    let default = Net::default();
    let body_bytes = shape.body_bytes.unwrap_or(default.body_bytes);
    if body_bytes == 0 || body_bytes > limits::BODY_BYTES_MOST {
        return Err((format!("net.body_bytes = {body_bytes} is out of range"), "1 to 33554432 (32 MiB)"));
    }
    let allowed_hosts = shape.allowed_hosts.unwrap_or(default.allowed_hosts);
    if let Some(host) = allowed_hosts.iter().find(|host| host.contains('/') || host.contains(':') || host.is_empty()) {
        let message = format!("net.allowed_hosts: {host:?} is not a host");
        return Err((message, "\"api.example.com\", \"*.example.com\" or \"*\", without scheme, port or path"));
    }
    Ok(Net { allowed_hosts, allow_private: shape.allow_private.unwrap_or_default(), body_bytes })
}

/// Checks what a profile says about its plugin against the plugin's manifest: the kind, the names in
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
