//! TOML with errors a person can act on.
//!
//! Owns: line, column and the nearest known key in an error. Called by the readers of configuration and profiles.

use std::io::ErrorKind;
use std::path::Path;

use serde::de::DeserializeOwned;
use tidegate_core::nearest;

use super::ConfigError;

/// The largest file of settings that is read.
const FILE_BYTES: u64 = 1 << 20;

/// The text of a file of settings. `Ok(None)`: there is no such file.
///
/// # Errors
/// What keeps it from being read: a link that leads nowhere, a folder or device, too large, not UTF-8.
pub(super) fn read(path: &Path) -> Result<Option<String>, String> {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match std::fs::symlink_metadata(path) {
                Ok(_) => Err("is a link that leads nowhere".to_owned()),
                Err(_) => Ok(None),
            };
        }
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    if !meta.is_file() {
        return Err("is not a file".to_owned());
    }
    if meta.len() > FILE_BYTES {
        return Err(format!("has {} bytes; settings have at most {FILE_BYTES}", meta.len()));
    }
    std::fs::read_to_string(path).map(Some).map_err(|error| format!("cannot be read: {error}"))
}

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
