//! `TIDEGATE_<SECTION>_<KEY>`: every key of `tidegate.toml` from the environment.
//!
//! Owns: the only reading of the process's environment. Called by [`super::Config::load`], by `credentials` for single
//! variables, and once by `main`.

use std::collections::BTreeMap;

use tidegate_core::nearest;

use super::{ConfigError, text};

/// Variables by name, as far as they are settings. Values of credentials are not among them.
pub type Environment = BTreeMap<String, String>;

/// What stands before our variables.
const PREFIX: &str = "TIDEGATE_";

/// What stands before the value of a credential.
const CREDENTIAL: &str = "TIDEGATE_CREDENTIAL_";

/// Variables that are not keys: read elsewhere, or by the tests and tasks of the project.
const NOT_KEYS: [&str; 4] = ["TIDEGATE_DIR", "TIDEGATE_CONFIG", "TIDEGATE_DATABASE", "TIDEGATE_REQUIRE"];

/// Every key that may be set, section by section; `*` stands for a name an operator gives. The variables' names are made of
/// them; a test keeps them complete.
pub(super) const KEYS: [&[&str]; 47] = [
    &["timezone"],
    &["store", "path"],
    &["store", "url"],
    &["store", "connections"],
    &["budget", "runs_per_day"],
    &["budget", "usd_per_day"],
    &["budget", "usd_per_month"],
    &["budget", "each_tenant", "runs_per_day"],
    &["budget", "each_tenant", "usd_per_day"],
    &["budget", "each_tenant", "usd_per_month"],
    &["tenants", "*", "budget", "runs_per_day"],
    &["tenants", "*", "budget", "usd_per_day"],
    &["tenants", "*", "budget", "usd_per_month"],
    &["tenants", "*", "timezone"],
    &["credentials", "*", "env"],
    &["credentials", "*", "file"],
    &["credentials", "*", "systemd"],
    &["credentials", "*", "origin"],
    &["credentials", "*", "runs_at_once"],
    &["credentials", "*", "runs_per_minute"],
    &["credentials", "*", "runs_per_hour"],
    &["platforms", "*", "runs_per_minute"],
    &["platforms", "*", "runs_per_hour"],
    &["platforms", "*", "runs_at_once"],
    &["scheduler", "runs_at_once"],
    &["scheduler", "watch"],
    &["scheduler", "active_within"],
    &["scheduler", "catch_up_window"],
    &["plugins", "dir"],
    &["plugins", "cache_dir"],
    &["plugins", "wasi"],
    &["plugins", "watch"],
    &["profiles", "dir"],
    &["profiles", "watch"],
    &["net", "host_concurrency"],
    &["net", "requests_per_minute"],
    &["net", "requests_per_hour"],
    &["net", "contact"],
    &["log", "format"],
    &["log", "level"],
    &["http", "listen"],
    &["alerts", "remind"],
    &["alerts", "webhook", "*", "env"],
    &["alerts", "webhook", "*", "file"],
    &["alerts", "webhook", "*", "systemd"],
    &["alerts", "webhook", "*", "format"],
    &["alerts", "webhook", "*", "allow_private"],
];

/// The process's settings: its variables that begin with `TIDEGATE_`, without the values of credentials.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn process_environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(PREFIX) && !name.starts_with(CREDENTIAL))
        .collect()
}

/// One variable of the process. What is not UTF-8 comes with replacement characters, which no value may have.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(super) fn process_variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// The variable of a key, with `<NAME>` for what an operator names.
fn variable(key: &[&str]) -> String {
    let parts: Vec<String> =
        key.iter().map(|part| if *part == "*" { "<NAME>".to_owned() } else { part.to_uppercase() }).collect();
    format!("{PREFIX}{}", parts.join("_"))
}

/// The path of a variable in the table, if it is the one of this key. A name that is in the file is meant where both read the
/// same in capitals (`acme-2` and `acme_2`).
fn path_of(variable_name: &str, key: &[&str], table: &toml::Table) -> Option<Vec<String>> {
    let pattern = variable(key);
    let path = |name: &str| key.iter().map(|part| if *part == "*" { name } else { part }.to_owned()).collect();
    let Some((before, after)) = pattern.split_once("<NAME>") else {
        return (pattern == variable_name).then(|| path(""));
    };
    let written = variable_name.strip_prefix(before)?.strip_suffix(after).filter(|name| !name.is_empty())?;
    let mut named_in = key.iter().take_while(|part| **part != "*");
    let section = named_in.try_fold(table, |table, part| table.get(*part)?.as_table());
    let in_capitals = |name: &&String| name.to_uppercase().replace('-', "_") == written;
    let known = section.and_then(|section| section.keys().find(in_capitals));
    Some(path(&known.cloned().unwrap_or_else(|| written.to_lowercase())))
}

/// Lays the environment over what the file said.
pub(super) fn overlay(table: &mut toml::Table, environment: &Environment) -> Result<(), ConfigError> {
    for (name, value) in environment {
        if NOT_KEYS.contains(&name.as_str()) || name.starts_with(CREDENTIAL) {
            continue;
        }
        let Some(path) = KEYS.iter().find_map(|key| path_of(name, key, table)) else {
            return Err(unknown(name));
        };
        insert(table, &path, typed(value));
    }
    Ok(())
}

/// The variable that sets this key, if one does.
pub(super) fn sets<'e>(environment: &'e Environment, key: &[&str]) -> Option<&'e str> {
    let none = toml::Table::new();
    let same = |path: Vec<String>| {
        let word = |part: &str| part.to_lowercase().replace('-', "_");
        path.len() == key.len() && path.iter().zip(key).all(|(one, other)| word(one) == word(other))
    };
    let names = environment.keys().filter(|name| !name.starts_with(CREDENTIAL));
    let mut setting = names.filter(|name| KEYS.iter().any(|key| path_of(name, key, &none).is_some_and(same)));
    setting.next().map(String::as_str)
}

fn unknown(name: &str) -> ConfigError {
    let names: Vec<String> = KEYS.iter().map(|key| variable(key)).collect();
    let nearest = nearest::nearest(name, names.iter().map(String::as_str));
    ConfigError {
        place: format!("environment variable {name}"),
        message: "is not a setting of tidegate".to_owned(),
        hint: Some(match nearest {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => format!("known: {}", names.join(", ")),
        }),
    }
}

fn insert(table: &mut toml::Table, path: &[String], value: toml::Value) {
    match path {
        [] => {}
        [key] => {
            table.insert(key.clone(), value);
        }
        [section, rest @ ..] => {
            let section = table.entry(section.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let toml::Value::Table(section) = section {
                insert(section, rest, value);
            }
        }
    }
}

/// The error of a value that came from the environment. One that was meant for a credential or webhook is not repeated.
pub(super) fn explain(error: &toml::de::Error, environment: &Environment) -> ConfigError {
    let mut error = text::explain(error, "", "environment (TIDEGATE_*)");
    for (name, value) in environment {
        let secret =
            ["TIDEGATE_CREDENTIALS_", "TIDEGATE_ALERTS_WEBHOOK_"].iter().any(|section| name.starts_with(section));
        if secret && !value.is_empty() {
            error.message = error.message.replace(value, "(hidden)");
        }
    }
    error
}

/// Numbers and booleans where the text is one, else text: serde then says what the key wants.
fn typed(value: &str) -> toml::Value {
    if let Ok(number) = value.parse::<i64>() {
        return toml::Value::Integer(number);
    }
    match value {
        "true" => toml::Value::Boolean(true),
        "false" => toml::Value::Boolean(false),
        text => toml::Value::String(text.to_owned()),
    }
}
