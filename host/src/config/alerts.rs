//! `[alerts]`: how often people are reminded, and the webhooks that alerts are sent to.
//!
//! Owns: the keys, and finding the addresses. A webhook's address is a secret: whoever knows it can write there. So it never
//! stands in a settings file, but is found as the value of a credential is. Must not know: how alerts are sent. Read through
//! [`super::Config`].
//!
//! Errors about this section begin with "an alert webhook" and quote no text, as people do write an address where its place
//! belongs: `text` hides every other message about it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_core::fetch::{AllowPrivate, NetGrant, Target};
use tidegate_core::id::Name;
use tidegate_core::limits;
use tidegate_core::time::Span;

use super::credential::{Whence, is_systemd_name, is_variable};
use super::credentials::{Surroundings, sought};
use crate::secret::Secret;

/// Alerts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// How long after it was told a condition that lasts is told again.
    pub remind: Remind,
    /// Where alerts are sent besides the log, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub webhook: BTreeMap<Name, WebhookConfig>,
}

/// How often people are reminded of what lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Remind {
    /// So long after they were told last.
    After(Span),
    /// Not at all.
    Never,
}

impl Default for Remind {
    fn default() -> Self {
        Self::After(Span::seconds(u32::try_from(limits::ALERT_REMIND.as_secs()).unwrap_or(u32::MAX)))
    }
}

impl Remind {
    /// The time; `None`: never.
    #[must_use]
    pub const fn after(self) -> Option<Duration> {
        match self {
            Self::After(span) => Some(span.duration()),
            Self::Never => None,
        }
    }
}

impl TryFrom<String> for Remind {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "never" {
            return Ok(Self::Never);
        }
        let span = text.parse::<Span>().ok().filter(|span| span.duration() >= Duration::from_secs(60));
        span.map(Self::After).ok_or("alerts.remind is a time of 1m or more, such as \"24h\", or \"never\"")
    }
}

impl From<Remind> for String {
    fn from(remind: Remind) -> Self {
        match remind {
            Remind::After(span) => span.to_string(),
            Remind::Never => "never".to_owned(),
        }
    }
}

/// What a webhook is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookFormat {
    /// Our own JSON, documented in docs/alerts.md.
    #[default]
    Generic,
    /// A message as Slack's incoming webhooks take it, and whoever copies them (Mattermost, Discord's `/slack`).
    Slack,
}

impl fmt::Display for WebhookFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generic => "generic",
            Self::Slack => "slack",
        })
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct WebhookConfig {
    /// Where its address is found.
    pub whence: Whence,
    /// What it is sent.
    pub format: WebhookFormat,
    /// Private destinations it may be at.
    pub allow_private: Vec<AllowPrivate>,
}

/// The keys.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    env: Option<String>,
    file: Option<PathBuf>,
    systemd: Option<String>,
    format: WebhookFormat,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_private: Option<Listed>,
}

/// A list; from the environment, one text with commas.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Listed {
    Many(Vec<String>),
    One(String),
}

impl Listed {
    fn texts(self) -> Vec<String> {
        match self {
            Self::Many(texts) => texts,
            Self::One(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        }
    }
}

impl TryFrom<Written> for WebhookConfig {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let whence = match (written.env, written.file, written.systemd) {
            (Some(name), None, None) if is_variable(&name) => Whence::Env(name),
            (Some(_), None, None) => {
                return Err("an alert webhook's `env` is the name of an environment variable, such as \"SLACK_URL\"");
            }
            (None, Some(path), None) if path.file_name().is_some() && !path.to_string_lossy().contains("://") => {
                Whence::File(path)
            }
            (None, Some(_), None) => {
                return Err("an alert webhook's `file` is the path of a file, such as \"/run/secrets/slack\"");
            }
            (None, None, Some(name)) if is_systemd_name(&name) => Whence::Systemd(name),
            (None, None, Some(_)) => {
                return Err("an alert webhook's `systemd` is the name in `LoadCredential=`, such as \"slack-url\"");
            }
            _ => return Err("an alert webhook's address is found in one place: either `env`, `file` or `systemd`"),
        };
        let allowed = written.allow_private.map(Listed::texts).unwrap_or_default();
        let allow_private = allowed.iter().map(|text| text.parse::<AllowPrivate>()).collect::<Result<Vec<_>, _>>();
        let allow_private = allow_private.map_err(
            |_| "an alert webhook's `allow_private` is a list of networks, addresses or names, such as [\"10.1.2.3:8080\"]",
        )?;
        Ok(Self { whence, format: written.format, allow_private })
    }
}

impl From<WebhookConfig> for Written {
    fn from(config: WebhookConfig) -> Self {
        let allowed: Vec<String> = config.allow_private.iter().map(ToString::to_string).collect();
        let mut written = Self {
            format: config.format,
            allow_private: (!allowed.is_empty()).then_some(Listed::Many(allowed)),
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

/// A webhook as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundWebhook {
    /// Its name.
    pub name: Name,
    /// What it is sent.
    pub format: WebhookFormat,
    /// Where its address was looked for, for a person.
    pub from: String,
    /// What may be dialled.
    pub grant: NetGrant,
    /// Its address, or why there is none. Never quotes it.
    pub url: Result<Secret, String>,
}

impl AlertsConfig {
    /// The webhooks with their addresses, as they are now. `dir`: what files are relative to.
    #[must_use]
    pub fn webhooks(&self, dir: &Path, around: &dyn Surroundings) -> Vec<FoundWebhook> {
        let found = |(name, entry): (&Name, &WebhookConfig)| {
            let value = sought(dir, name, &entry.whence, around);
            let grant = NetGrant { allow_private: entry.allow_private.clone(), ..NetGrant::default() };
            let url = value.value.map_err(|absent| absent.to_string()).and_then(|url| {
                let right = address(&url, &grant);
                right.map(|()| url).map_err(|why| format!("{} {why}", value.from))
            });
            FoundWebhook { name: name.clone(), format: entry.format, from: value.from, grant, url }
        };
        self.webhook.iter().map(found).collect()
    }
}

/// Whether a webhook may be at this address. Without TLS everybody on the way could read it, and write there from then on.
fn address(url: &Secret, grant: &NetGrant) -> Result<(), &'static str> {
    let target = Target::parse(url.as_address()).map_err(|_| "holds no address of a webhook: https://HOST/PATH")?;
    let private = !grant.at_port(target.port()).allow_private.is_empty();
    if target.url().scheme() != "https" && !private {
        return Err("holds an address without https; that is for private destinations only, named in `allow_private`");
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const SLACK: &str = "https://hooks.slack.com/services/T0CANARY/B0CANARY/canary";

    struct With(&'static str);

    impl Surroundings for With {
        fn variable(&self, name: &str) -> Option<String> {
            (name == "SLACK_URL").then(|| self.0.to_owned())
        }
    }

    fn config(entry: &str) -> Result<AlertsConfig, String> {
        toml::from_str(&format!("[webhook.ops]\n{entry}")).map_err(|error: toml::de::Error| error.to_string())
    }

    #[test]
    fn an_address_is_found_and_not_shown() {
        let right = config("env = \"SLACK_URL\"\nformat = \"slack\"\n").unwrap();
        let local = config("env = \"SLACK_URL\"\nallow_private = [\"127.0.0.1\"]\n").unwrap();
        for (config, value, ok) in [
            (&right, SLACK, true),
            (&right, "http://hooks.slack.com/services/canary", false),
            (&right, "canary", false),
            (&right, "", false),
            (&local, "http://127.0.0.1:8080/canary", true),
        ] {
            let found = config.webhooks(Path::new("."), &With(value)).remove(0);
            assert_eq!(found.url.is_ok(), ok, "{value}");
            assert!(!format!("{found:?}").contains("canary"), "{found:?}");
        }
    }

    #[test]
    fn what_may_be_written() {
        for (entry, why) in [
            ("", "one place"),
            ("env = \"A\"\nfile = \"b\"\n", "one place"),
            ("env = \"https://x\"\n", "name of an environment variable"),
            ("file = \"https://x/y\"\n", "path of a file"),
            ("systemd = \"https://x\"\n", "LoadCredential"),
            ("env = \"A\"\nallow_private = [\"*\"]\n", "networks, addresses or names"),
            ("env = \"A\"\nformat = \"teams\"\n", "unknown variant"),
        ] {
            let error = config(entry).unwrap_err();
            assert!(error.contains(why), "{entry}: {error}");
        }
        let listed = config("env = \"A\"\nallow_private = \"10.0.0.0/8, relay.corp:8080\"\n").unwrap();
        assert_eq!(listed.webhook.values().next().unwrap().allow_private.len(), 2);
    }

    #[test]
    fn reminders() {
        for (text, after) in [("24h", Some(86_400)), ("1m", Some(60)), ("never", None)] {
            assert_eq!(Remind::try_from(text.to_owned()).unwrap().after(), after.map(Duration::from_secs));
        }
        for text in ["1s", "daily", ""] {
            assert!(Remind::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
