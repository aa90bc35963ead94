//! Credentials: their values, fetched from where the configuration says they are.
//!
//! Owns: reading values (environment, file, systemd), keeping them in a type that is never shown, and reading them again.
//! Must not know: what a credential opens. Called by `cli`, which hands the values to the edge that sends them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use serde::Serialize;
use tidegate_core::fetch::{NetGrant, Origin};
use tidegate_core::id::CredentialName;
use tidegate_core::limits;

use super::credential::{CredentialConfig, DEFAULT_CREDENTIAL, DEFAULT_ORIGIN, Whence};
use super::environment::process_variable;
use super::{Config, ConfigError};
use crate::secret::Secret;

/// The variables around the process. Their values may be secrets, so nothing but single ones is asked for.
pub trait Surroundings {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The process's own.
#[derive(Debug, Clone, Copy)]
pub struct Process;

impl Surroundings for Process {
    fn variable(&self, name: &str) -> Option<String> {
        process_variable(name)
    }
}

/// Why a credential has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Absent {
    /// None of these environment variables is set.
    #[error("the environment variable {} is not set", .0.join(" or "))]
    NotSet(Vec<String>),
    /// There is no such file, or it cannot be read.
    #[error("the file {file} cannot be read: {why}")]
    Unreadable {
        /// Path.
        file: String,
        /// What the system said.
        why: String,
    },
    /// Systemd has given no credentials to this process.
    #[error("CREDENTIALS_DIRECTORY is not set: systemd has given this process no credentials")]
    NoDirectory,
    /// What is there cannot be a credential.
    #[error("{place} {what}")]
    NoToken {
        /// Variable or file.
        place: String,
        /// What is wrong with it, without its content.
        what: &'static str,
    },
}

impl Absent {
    /// What to do.
    #[must_use]
    pub fn hint(&self, name: &CredentialName) -> String {
        match self {
            Self::NotSet(_) => format!(
                "set it where the daemon is started, or say in [credentials.{name}] of tidegate.toml where the value is: env, \
                 file or systemd"
            ),
            Self::Unreadable { .. } => {
                "put the token, and nothing else, into that file and let the daemon's user read it".to_owned()
            }
            Self::NoDirectory => {
                "add LoadCredential= (or LoadCredentialEncrypted=) to the unit of the daemon".to_owned()
            }
            Self::NoToken { .. } => "the value is the token on one line, without quotes or spaces".to_owned(),
        }
    }
}

/// A credential with its value.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The name profiles give it.
    pub name: CredentialName,
    /// The value, without "Bearer".
    pub value: Secret,
    /// The only origin that gets it.
    pub origin: Origin,
    /// What may be dialled to reach that origin.
    pub grant: NetGrant,
    /// Actor runs of its account under way at once.
    pub runs_at_once: u32,
}

/// What may be said about a credential. Never its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CredentialState {
    /// The name profiles give it.
    pub name: CredentialName,
    /// Where its value is looked for, for a person.
    pub from: String,
    /// The only origin that gets it.
    pub origin: String,
    /// Actor runs of its account under way at once.
    pub runs_at_once: u32,
    /// Whether there is a value.
    pub there: bool,
    /// Why there is none.
    pub problem: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// What should be otherwise.
    pub warning: Option<String>,
}

/// What was found where a value was looked for.
pub(super) struct Found {
    pub(super) value: Result<Secret, Absent>,
    /// Where, for a person.
    pub(super) from: String,
    warning: Option<String>,
}

/// All credentials of a daemon.
pub struct Credentials {
    dir: PathBuf,
    entries: BTreeMap<CredentialName, CredentialConfig>,
    found: RwLock<BTreeMap<CredentialName, Found>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.states()).finish()
    }
}

impl Credentials {
    /// Fetches the values of all credentials that have an entry, and of those that are `named` (by profiles).
    #[must_use]
    pub fn load(
        config: &Config,
        dir: &Path,
        named: impl IntoIterator<Item = CredentialName>,
        around: &dyn Surroundings,
    ) -> Self {
        let mut entries = config.credentials.clone();
        for name in named {
            entries.entry(name).or_default();
        }
        let loaded = Self { dir: dir.to_path_buf(), entries, found: RwLock::default() };
        loaded.reload(around);
        loaded
    }

    /// Fetches all values again, and gives the names of those that are others now, gone or there.
    pub fn reload(&self, around: &dyn Surroundings) -> BTreeSet<CredentialName> {
        let fresh: BTreeMap<CredentialName, Found> = self
            .entries
            .iter()
            .map(|(name, entry)| (name.clone(), sought(&self.dir, name, &entry.whence, around)))
            .collect();
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        let changed = fresh.iter().filter(|(name, now)| found.get(*name).is_none_or(|then| then.value != now.value));
        let changed = changed.map(|(name, _)| name.clone()).collect();
        *found = fresh;
        changed
    }

    /// Names of those that have another value than in `before`, or none any more.
    #[must_use]
    pub fn others_than(&self, before: &Self) -> BTreeSet<CredentialName> {
        let (now, then) = (self.held(), before.held());
        let names = now.keys().chain(then.keys());
        names.filter(|name| now.get(*name) != then.get(*name)).cloned().collect()
    }

    fn held(&self) -> BTreeMap<CredentialName, Option<Secret>> {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        found.iter().map(|(name, found)| (name.clone(), found.value.as_ref().ok().cloned())).collect()
    }

    /// Those that have a value.
    #[must_use]
    pub fn usable(&self) -> Vec<Credential> {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        let with_value = self.entries.iter().filter_map(|(name, entry)| {
            let value = found.get(name)?.value.as_ref().ok()?.clone();
            let (origin, grant) = (origin(entry)?, entry.grant());
            Some(Credential { name: name.clone(), value, origin, grant, runs_at_once: entry.runs_at_once })
        });
        with_value.collect()
    }

    /// How many actor runs of this credential's account may be under way at once.
    #[must_use]
    pub fn runs_at_once(&self, name: &CredentialName) -> u32 {
        self.entries.get(name).map_or(limits::ACTOR_RUNS_AT_ONCE, |entry| entry.runs_at_once)
    }

    /// What may be said about each.
    #[must_use]
    pub fn states(&self) -> Vec<CredentialState> {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        let state = |(name, entry): (&CredentialName, &CredentialConfig)| {
            let found = found.get(name)?;
            let absent = found.value.as_ref().err();
            Some(CredentialState {
                name: name.clone(),
                from: found.from.clone(),
                origin: origin(entry)?.to_string(),
                runs_at_once: entry.runs_at_once,
                there: absent.is_none(),
                problem: absent.map(ToString::to_string),
                hint: absent.map(|absent| absent.hint(name)),
                warning: found.warning.clone(),
            })
        };
        self.entries.iter().filter_map(state).collect()
    }
}

/// Looks for a value. `dir`: what files are relative to.
pub(super) fn sought(dir: &Path, name: &CredentialName, whence: &Whence, around: &dyn Surroundings) -> Found {
    match whence {
        Whence::Default => in_variables(default_variables(name), around),
        Whence::Env(variable) => in_variables(vec![variable.clone()], around),
        Whence::File(path) => in_file(&dir.join(path), format!("the file {}", path.display())),
        Whence::Systemd(credential) => {
            let from = format!("the systemd credential {credential}");
            match around.variable("CREDENTIALS_DIRECTORY") {
                Some(dir) => in_file(&Path::new(&dir).join(credential), from),
                None => Found { value: Err(Absent::NoDirectory), from, warning: None },
            }
        }
    }
}

/// Refuses a credential that a profile names and nothing is known of: a mistyped name would else be looked for in a variable
/// nobody has heard of.
///
/// # Errors
/// The name, with the remedy.
pub(super) fn check_known(
    key: &str,
    name: &CredentialName,
    config: &Config,
    around: &dyn Surroundings,
    place: &str,
) -> Result<(), ConfigError> {
    let variable = variable(name);
    let known = name.as_str() == DEFAULT_CREDENTIAL
        || config.credentials.contains_key(name)
        || around.variable(&variable).is_some();
    if known {
        return Ok(());
    }
    Err(ConfigError {
        place: place.to_owned(),
        message: format!("{key} = {:?}: there is no such credential", name.as_str()),
        hint: Some(format!(
            "add [credentials.{name}] to tidegate.toml, set {variable}, or leave the key out for \"apify\""
        )),
    })
}

fn origin(entry: &CredentialConfig) -> Option<Origin> {
    entry.origin.clone().or_else(|| DEFAULT_ORIGIN.parse().ok())
}

fn variable(name: &CredentialName) -> String {
    format!("TIDEGATE_CREDENTIAL_{}", name.as_str().to_uppercase().replace('-', "_"))
}

fn default_variables(name: &CredentialName) -> Vec<String> {
    let mut variables = vec![variable(name)];
    if name.as_str() == DEFAULT_CREDENTIAL {
        variables.push("APIFY_TOKEN".to_owned());
    }
    variables
}

fn in_variables(names: Vec<String>, around: &dyn Surroundings) -> Found {
    for name in &names {
        if let Some(text) = around.variable(name) {
            let from = format!("the environment variable {name}");
            return Found { value: taken(&text, &from), from, warning: None };
        }
    }
    let from = format!("the environment variable {}", names.join(" or "));
    Found { value: Err(Absent::NotSet(names)), from, warning: None }
}

fn in_file(path: &Path, from: String) -> Found {
    let shown = path.display().to_string();
    let unreadable = |why: String| Absent::Unreadable { file: shown.clone(), why };
    let read = || -> Result<(String, bool), Absent> {
        let meta = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
        if !meta.is_file() {
            return Err(unreadable("it is not a file".to_owned()));
        }
        let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
        // One byte more than may be, so that what is too long is seen to be.
        let most = u64::try_from(limits::CREDENTIAL_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
        Ok((String::from_utf8_lossy(&bytes).into_owned(), meta.permissions().mode() & 0o004 != 0))
    };
    match read() {
        Ok((text, open)) => {
            let warning =
                open.then(|| format!("every user of this machine may read {shown}: chmod o-r takes that away"));
            Found { value: taken(&text, &from), from, warning }
        }
        Err(absent) => Found { value: Err(absent), from, warning: None },
    }
}

/// The value in a text. Line breaks at its end are an editor's, not the token's.
fn taken(text: &str, place: &str) -> Result<Secret, Absent> {
    let refuse = |what| Err(Absent::NoToken { place: place.to_owned(), what });
    if text.len() > limits::CREDENTIAL_BYTES {
        return refuse("has more than 4096 bytes");
    }
    let value = text.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        return refuse("is empty");
    }
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse("holds spaces, line breaks or characters no token has");
    }
    Ok(Secret::new(value))
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
