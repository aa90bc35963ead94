//! TOML with errors a person can act on.
//!
//! Owns: line, column and the nearest known key in an error. Called by the readers of configuration and profiles.

use serde::de::DeserializeOwned;
use tidegate_core::nearest;

use super::ConfigError;

/// Parses `text`, which was found at `place`.
pub(super) fn parse<T: DeserializeOwned>(text: &str, place: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| explain(&error, place))
}

/// The error with line, column and, for an unknown key, the nearest one.
pub(super) fn explain(error: &toml::de::Error, place: &str) -> ConfigError {
    let message = error.to_string().trim_end().to_owned();
    ConfigError { place: place.to_owned(), hint: hint(error.message()), message }
}

/// serde says "unknown field `a`, expected one of `b`, `c`": the first quoted word is what was written, the others are known.
fn hint(message: &str) -> Option<String> {
    if !message.starts_with("unknown field") && !message.starts_with("unknown variant") {
        return None;
    }
    let mut words = message.split('`').skip(1).step_by(2);
    let written = words.next()?;
    let known: Vec<&str> = words.collect();
    let nearest = nearest::nearest(written, known.iter().copied());
    Some(match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("known here: {}", known.join(", ")),
    })
}
