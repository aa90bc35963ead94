//! Settings that can be read and cannot be used: out of range, too many, of the wrong sort.
//!
//! Owns: what each may be, and telling all that are not at once, with their lines. Must not know: what a setting is for.
//! Called by [`Config::load`](super::Config::load) when file and environment are laid over each other.

use std::time::Duration;

use tidegate_core::limits;

use super::environment::{Environment, sets};
use super::{Config, ConfigError, HostConfig, rates, text};

/// A setting that cannot be used.
pub(super) struct Wrong {
    /// Where it stands, section by section.
    pub(super) key: Vec<String>,
    /// What is wrong, the setting named.
    pub(super) message: String,
    /// What would be right.
    pub(super) right: String,
}

impl Wrong {
    pub(super) fn of(key: &str, what: &str, right: impl Into<String>) -> Self {
        let parts = key.split('.').map(str::to_owned).collect();
        Self { key: parts, message: format!("{key} {what}"), right: right.into() }
    }
}

/// Checks what holds. `text` is the file's.
///
/// # Errors
/// All that is wrong.
pub(super) fn check(config: &Config, text: &str, place: &str, environment: &Environment) -> Result<(), ConfigError> {
    let mut all: Vec<(String, String)> = Vec::new();
    for Wrong { key, message, right } in wrong(config) {
        let parts: Vec<&str> = key.iter().map(String::as_str).collect();
        let told = match sets(environment, &parts) {
            Some(variable) => format!("environment variable {variable}\n{message}"),
            None => text::at(text, &parts, &message),
        };
        all.push((told, right));
    }
    let place = place.to_owned();
    match all.as_slice() {
        [] => Ok(()),
        [(message, right)] => Err(ConfigError { place, message: message.clone(), hint: Some(right.clone()) }),
        several => {
            let each = several.iter().map(|(message, right)| format!("{message}: {right}"));
            let message = format!("{} settings cannot be used\n{}", several.len(), each.collect::<Vec<_>>().join("\n"));
            Err(ConfigError { place, message, hint: None })
        }
    }
}

fn wrong(config: &Config) -> Vec<Wrong> {
    let Config { scheduler, store, net, alerts, .. } = config;
    let day = Duration::from_secs(24 * 60 * 60);
    let range = "is out of range";
    let path = store.path.to_string_lossy();
    let contact = net.contact.as_deref();
    let rules = [
        ((1..=1_024).contains(&scheduler.runs_at_once), ("scheduler.runs_at_once", range, "a number from 1 to 1024")),
        (scheduler.watch.duration() <= limits::ACTOR_LOOK, ("scheduler.watch", range, "1s to 5m")),
        (
            (day / 1_440..=day * 365).contains(&scheduler.active_within.duration()),
            ("scheduler.active_within", range, "1m to 365d"),
        ),
        (scheduler.catch_up_window.duration() <= day, ("scheduler.catch_up_window", range, "at most 24h")),
        (store.path.file_name().is_some(), ("store.path", "names no file", "for example \"tidegate.db\"")),
        (
            !path.contains("://"),
            ("store.path", "is a file, and this is an address", "a database's address belongs in store.url"),
        ),
        ((1..=64).contains(&store.connections), ("store.connections", range, "a number from 1 to 64")),
        (alerts.webhook.len() <= limits::ALERT_WEBHOOKS, ("alerts.webhook", "has too many entries", "at most 16")),
        ((1..=64).contains(&net.host_concurrency), ("net.host_concurrency", range, "a number from 1 to 64")),
        (
            !contact.is_some_and(|text| text.len() > 200 || text.chars().any(char::is_control)),
            ("net.contact", "cannot be sent in a header", "a URL or mail address on one line"),
        ),
    ];
    let broken = rules.into_iter().filter(|(kept, _)| !kept);
    broken.map(|(_, (key, what, right))| Wrong::of(key, what, right)).chain(wrong_rates(config)).collect()
}

/// Rates that are out of range.
fn wrong_rates(config: &Config) -> Vec<Wrong> {
    let net = &config.net;
    let all = HostConfig {
        requests_per_minute: net.requests_per_minute,
        requests_per_hour: net.requests_per_hour,
        concurrency: None,
    };
    let section = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
    let mut found = all.wrong(&section(&["net"]));
    for (name, host) in &net.hosts {
        let key = section(&["net", "hosts", name]);
        if !rates::is_host(name) {
            let right = "\"api.example.com\" or \"*.example.com\", in lower case, without scheme, port or path";
            let message = format!("net.hosts: {name:?} is not a host");
            found.push(Wrong { key: key.clone(), message, right: right.to_owned() });
        }
        found.extend(host.wrong(&key));
    }
    for (name, platform) in &config.platforms {
        found.extend(platform.wrong(&section(&["platforms", name])));
    }
    found
}
