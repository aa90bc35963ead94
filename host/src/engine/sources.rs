//! Creating a source: from what a person typed to a row, with everything checked on the way.
//!
//! Owns: the order profile -> plugin -> overrides (profile's permission, schema, plugin's own check) -> store. Must not
//! know: how schemas, wasm or SQL work beyond their ports. Called by the CLI (and whoever else lets people add sources).

use serde::Serialize;
use serde_json::{Map, Value};
use tidegate_core::contract::Problem;
use tidegate_core::id::{ProfileName, RunId, SourceId, Tenant};
use tidegate_core::profile::Profile;
use tidegate_core::schedule::Schedule;
use tidegate_core::source::{NewSource, printable_identifier};
use tidegate_core::{limits, nearest, overrides};

use super::{Ports, Settings};
use crate::ports::{Absent, Created, StoreError};

/// What a person wants.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Who pays.
    pub tenant: Tenant,
    /// Under which policy.
    pub profile: String,
    /// As typed.
    pub identifier: String,
    /// As typed.
    pub overrides: Map<String, Value>,
    /// Its own schedule.
    pub schedule: Option<Schedule>,
    /// Whether it starts switched on.
    pub active: bool,
}

/// Why a source was not created. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such profile.
    #[error("there is no profile {name:?}")]
    NoProfile {
        /// As typed.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// The profile's plugin or kind is not there.
    #[error("profile {profile} needs {what}, which is not loaded")]
    NoPlugin {
        /// The profile.
        profile: ProfileName,
        /// Plugin or kind.
        what: String,
    },
    /// Identifier or overrides are wrong.
    #[error("{identifier:?} is not a source of profile {profile}")]
    Invalid {
        /// As typed, without what may be a password.
        identifier: String,
        /// The profile.
        profile: ProfileName,
        /// What is wrong, and where.
        problems: Vec<Wrong>,
    },
    /// The plugin broke while it checked.
    #[error("{0}")]
    Fault(String),
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// JSON Pointer into the overrides; "" for the identifier.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Self {
        Self { pointer: problem.pointer, message: problem.message }
    }
}

/// Checks a wish and creates the source, or finds the one that is there already.
///
/// # Errors
/// [`Refused`]; nothing was written then.
pub async fn create(ports: &Ports, settings: &Settings, wish: Wish) -> Result<Created, Refused> {
    let profile = profile(settings, &wish.profile)?;
    let plugin = ports.plugins.of(profile).map_err(|absent| Refused::NoPlugin {
        profile: profile.name.clone(),
        what: match (absent, &profile.plugin_digest) {
            (Absent::Kind, _) => format!("kind {} of plugin {}", profile.kind, profile.plugin),
            (Absent::Pinned, Some(pin)) => format!("plugin {} with the digest {pin}", profile.plugin),
            (Absent::Plugin | Absent::Pinned, _) => format!("plugin {}", profile.plugin),
        },
    })?;
    let kind = plugin.manifest().kind(&profile.kind).ok_or_else(|| Refused::NoPlugin {
        profile: profile.name.clone(),
        what: format!("kind {} of plugin {}", profile.kind, profile.plugin),
    })?;
    let invalid = |problems| Refused::Invalid {
        identifier: printable_identifier(&wish.identifier),
        profile: profile.name.clone(),
        problems,
    };
    let problems = typed_problems(&wish, profile);
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    let schema = overrides::schema(&kind.overrides_schema).map_err(|error| {
        Refused::Fault(format!("plugin {}: the schema of kind {} is not JSON: {error}", profile.plugin, kind.name))
    })?;
    let merged = overrides::with_defaults(&schema, profile.merged_overrides(&wish.overrides));
    let merged = Value::Object(merged);
    let problems = plugin.check_overrides(&kind.name, &merged);
    if !problems.is_empty() {
        return Err(invalid(problems.into_iter().map(Wrong::from).collect()));
    }
    let valid = match plugin.validate(&kind.name, wish.identifier.trim(), &merged.to_string()).await.answer {
        Err(fault) => return Err(Refused::Fault(fault.message)),
        Ok(Err(problems)) => return Err(invalid(problems.into_iter().map(Wrong::from).collect())),
        Ok(Ok(valid)) => valid,
    };
    let now = ports.clock.now();
    let new = NewSource {
        id: SourceId::new(now, ports.dice.throw()),
        tenant: wish.tenant.clone(),
        profile: profile.name.clone(),
        identifier: valid.identifier,
        overrides: wish.overrides.clone(),
        schedule: wish.schedule.clone(),
        active: wish.active,
    };
    Ok(ports.store.create_source(new, RunId::new(now, ports.dice.throw()), now).await?)
}

fn profile<'a>(settings: &'a Settings, name: &str) -> Result<&'a Profile, Refused> {
    let found = name.parse::<ProfileName>().ok().and_then(|name| settings.profiles.get(&name));
    found.ok_or_else(|| {
        let known = settings.profiles.keys().map(ProfileName::as_str);
        Refused::NoProfile { name: name.to_owned(), nearest: nearest::nearest(name, known).map(str::to_owned) }
    })
}

/// What is wrong before any plugin is asked.
fn typed_problems(wish: &Wish, profile: &Profile) -> Vec<Wrong> {
    let mut problems = Vec::new();
    let identifier = wish.identifier.trim();
    let at_identifier = |message: String| Wrong { pointer: String::new(), message };
    if identifier.is_empty() {
        problems.push(at_identifier("the identifier is empty".to_owned()));
    }
    if identifier.len() > limits::IDENTIFIER_BYTES {
        let message =
            format!("the identifier has {} bytes, at most {} are allowed", identifier.len(), limits::IDENTIFIER_BYTES);
        problems.push(at_identifier(message));
    }
    if identifier.chars().any(char::is_control) {
        problems.push(at_identifier("the identifier holds control characters".to_owned()));
    }
    for name in profile.forbidden_overrides(&wish.overrides) {
        let allowed = profile.allowed_overrides.clone().unwrap_or_default().join(", ");
        let message = format!("profile {} does not let a source set this; it allows: {allowed}", profile.name);
        problems.push(Wrong { pointer: format!("/{name}"), message });
    }
    let bytes = Value::Object(wish.overrides.clone()).to_string().len();
    if bytes > limits::SCHEMA_BYTES {
        let message = format!("the overrides have {bytes} bytes, at most {} are allowed", limits::SCHEMA_BYTES);
        problems.push(Wrong { pointer: String::new(), message });
    }
    problems
}
