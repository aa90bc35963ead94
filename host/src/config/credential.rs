//! `[credentials.NAME]`: where a credential is found, and where it may go.
//!
//! Owns: the keys, and what they may say. Must not know: the values; nothing here ever holds one. Read through
//! [`super::Config`]; the values are fetched by `credentials`.
//!
//! Errors about this section begin with "a credential" and quote no text, as people do write a token where its place belongs:
//! `text` hides every other message about it.

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tidegate_core::fetch::{AllowPrivate, NetGrant, Origin, Scheme};
use tidegate_core::limits;
use tidegate_core::rate::Rates;

/// The credential of profiles that name none. Without an entry it is read from `TIDEGATE_CREDENTIAL_APIFY`, else `APIFY_TOKEN`.
pub const DEFAULT_CREDENTIAL: &str = "apify";

/// Where a credential belongs unless its entry says otherwise.
pub const DEFAULT_ORIGIN: &str = "https://api.apify.com";

/// Where a credential's value is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whence {
    /// `TIDEGATE_CREDENTIAL_<NAME>`; for `apify` also `APIFY_TOKEN`.
    Default,
    /// In this environment variable.
    Env(String),
    /// In this file, relative to the daemon's directory.
    File(PathBuf),
    /// In the file of this name in `$CREDENTIALS_DIRECTORY` (systemd: `LoadCredential=`).
    Systemd(String),
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct CredentialConfig {
    /// Where its value is found.
    pub whence: Whence,
    /// The only origin that gets it. `None`: [`DEFAULT_ORIGIN`].
    pub origin: Option<Origin>,
    /// Actor runs of its account under way at once.
    pub runs_at_once: u32,
    /// Runs that its account pays for, in any minute.
    pub runs_per_minute: Option<NonZeroU32>,
    /// The same in any hour.
    pub runs_per_hour: Option<NonZeroU32>,
}

impl Default for CredentialConfig {
    fn default() -> Self {
        Self {
            whence: Whence::Default,
            origin: None,
            runs_at_once: limits::ACTOR_RUNS_AT_ONCE,
            runs_per_minute: None,
            runs_per_hour: None,
        }
    }
}

impl CredentialConfig {
    /// How often and how much.
    #[must_use]
    pub const fn rates(&self) -> Rates {
        Rates {
            per_minute: self.runs_per_minute,
            per_hour: self.runs_per_hour,
            concurrency: NonZeroU32::new(self.runs_at_once),
        }
    }

    /// What may be dialled to reach its origin: public addresses, and a private one only if an operator wrote it down, at
    /// that port.
    #[must_use]
    pub fn grant(&self) -> NetGrant {
        let written = self.origin.as_ref().map(|origin| format!("{}:{}", origin.host, origin.port));
        let allow_private = written.and_then(|text| text.parse::<AllowPrivate>().ok()).into_iter().collect();
        NetGrant { allow_private, ..NetGrant::default() }
    }
}

/// The keys.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    env: Option<String>,
    file: Option<PathBuf>,
    systemd: Option<String>,
    origin: Option<String>,
    runs_at_once: Option<u32>,
    runs_per_minute: Option<u32>,
    runs_per_hour: Option<u32>,
}

impl TryFrom<Written> for CredentialConfig {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let whence = match (written.env, written.file, written.systemd) {
            (None, None, None) => Whence::Default,
            (Some(name), None, None) if is_variable(&name) => Whence::Env(name),
            (Some(_), None, None) => {
                return Err("a credential's `env` is the name of an environment variable, such as \"APIFY_TOKEN\"");
            }
            (None, Some(path), None) if path.file_name().is_some() && !is_token(&path.to_string_lossy()) => {
                Whence::File(path)
            }
            (None, Some(_), None) => {
                return Err("a credential's `file` is the path of a file, such as \"/run/secrets/apify\"");
            }
            (None, None, Some(name)) if is_systemd_name(&name) => Whence::Systemd(name),
            (None, None, Some(_)) => {
                return Err("a credential's `systemd` is the name in `LoadCredential=`, such as \"apify-token\"");
            }
            _ => return Err("a credential is found in one place: either `env`, `file` or `systemd`"),
        };
        let runs_at_once = written.runs_at_once.unwrap_or(limits::ACTOR_RUNS_AT_ONCE);
        if !(1..=limits::ACTOR_RUNS_AT_ONCE_MOST).contains(&runs_at_once) {
            return Err("a credential's `runs_at_once` is a number from 1 to 100000");
        }
        let rate = |n: Option<u32>| match n {
            None => Ok(None),
            Some(n @ 1..=limits::RATE_MOST) => Ok(NonZeroU32::new(n)),
            Some(_) => Err("a credential's `runs_per_minute` and `runs_per_hour` are numbers from 1 to 1000000"),
        };
        let (runs_per_minute, runs_per_hour) = (rate(written.runs_per_minute)?, rate(written.runs_per_hour)?);
        let origin = written.origin.as_deref().map(origin).transpose()?;
        Ok(Self { whence, origin, runs_at_once, runs_per_minute, runs_per_hour })
    }
}

impl From<CredentialConfig> for Written {
    fn from(config: CredentialConfig) -> Self {
        let mut written = Self {
            origin: config.origin.map(|origin| origin.to_string()),
            runs_at_once: Some(config.runs_at_once),
            runs_per_minute: config.runs_per_minute.map(NonZeroU32::get),
            runs_per_hour: config.runs_per_hour.map(NonZeroU32::get),
            ..Self::default()
        };
        match config.whence {
            Whence::Default => {}
            Whence::Env(name) => written.env = Some(name),
            Whence::File(path) => written.file = Some(path),
            Whence::Systemd(name) => written.systemd = Some(name),
        }
        written
    }
}

/// Without TLS a token is sent for everybody on the way to read: only to this machine.
fn origin(text: &str) -> Result<Origin, &'static str> {
    let origin: Origin = text.parse().map_err(
        |_| "a credential's `origin` is a scheme and a host, such as \"https://api.apify.com\", without path",
    )?;
    let here = origin.host == "localhost" || origin.host == "[::1]" || origin.host.starts_with("127.");
    if origin.scheme == Scheme::Http && !here {
        return Err(
            "a credential's `origin` begins with https, unless it is on this machine: http shows the token to all",
        );
    }
    Ok(origin)
}

pub(super) fn is_variable(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(word) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Names of systemd credentials are names of files.
pub(super) fn is_systemd_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(word) && !name.starts_with('.') && !is_token(name)
}

/// What a token of the actor platform looks like.
pub(super) fn is_token(text: &str) -> bool {
    super::text::masked(text) != text
}
