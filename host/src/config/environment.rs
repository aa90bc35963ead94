//! `TIDEGATE_<SECTION>_<KEY>`: every key of `tidegate.toml` from the environment.
//!
//! Owns: the only reading of the process's environment. Called by [`super::Config::load`] and once by `main`.

use std::collections::BTreeMap;

use tidegate_core::nearest;

use super::{ConfigError, KEYS};

/// Variables by name, as far as they concern us.
pub type Environment = BTreeMap<String, String>;

/// What stands before our variables.
const PREFIX: &str = "TIDEGATE_";

/// Variables that are not keys: read elsewhere, or by the tests and tasks of the project.
const NOT_KEYS: [&str; 3] = ["TIDEGATE_DIR", "TIDEGATE_CONFIG", "TIDEGATE_REQUIRE"];

/// The process's variables that begin with `TIDEGATE_`.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn process_environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect()
}

/// The variable of a key.
fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{}_{}", section.to_uppercase(), key.to_uppercase())
}

/// Lays the environment over what the file said.
pub(super) fn overlay(table: &mut toml::Table, environment: &Environment) -> Result<(), ConfigError> {
    let names: Vec<String> = KEYS.into_iter().map(|(section, key)| variable(section, key)).collect();
    for (name, value) in environment {
        if NOT_KEYS.contains(&name.as_str()) {
            continue;
        }
        let Some((section, key)) = KEYS.into_iter().find(|(section, key)| variable(section, key) == *name) else {
            let nearest = nearest::nearest(name, names.iter().map(String::as_str));
            return Err(ConfigError {
                place: format!("environment variable {name}"),
                message: "is not a setting of tidegate".to_owned(),
                hint: Some(match nearest {
                    Some(nearest) => format!("did you mean {nearest}?"),
                    None => format!("known: {}", names.join(", ")),
                }),
            });
        };
        let section = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        if let toml::Value::Table(section) = section {
            section.insert(key.to_owned(), typed(value));
        }
    }
    Ok(())
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
