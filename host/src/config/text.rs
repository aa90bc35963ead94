//! TOML with errors a person can act on.
//!
//! Owns: line, column and the nearest known key in an error, and keeping what may be a token out of it. Called by the readers of configuration and profiles.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use tidegate_core::nearest;
use toml::de::DeTable;

use super::ConfigError;
use crate::database::without_passwords;

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
    toml::from_str(text).map_err(|error| explain(&error, text, place))
}

/// The error with line, column and, for an unknown key, the nearest one. Of lines that may hold a token neither the line
/// nor the value is repeated: errors are logged, pasted and sent around.
pub(super) fn explain(error: &toml::de::Error, text: &str, place: &str) -> ConfigError {
    let place = place.to_owned();
    let message = error.message();
    let shown = SAFE.iter().any(|safe| message.starts_with(safe));
    match error.span() {
        Some(span) if is_secret(text, span.start) => {
            let message = if shown { message } else { "a value of another kind belongs there" };
            let (line, column) = position(text, span.start);
            let message = masked(&format!("line {line}, column {column} ({NOT_SHOWN})\n{message}"));
            ConfigError { place, message, hint: Some(how(text, span.start).to_owned()) }
        }
        _ => {
            let hint = match message {
                _ if message.starts_with(CREDENTIAL) => Some(HOW.to_owned()),
                _ if message.starts_with(WEBHOOK) => Some(HOW_WEBHOOK.to_owned()),
                _ => hint(message),
            };
            ConfigError { place, hint, message: masked(&plain(error.to_string().trim_end())) }
        }
    }
}

/// The message in words for a person who does not know how numbers are kept.
fn plain(message: &str) -> String {
    let words = [
        ("expected a nonzero u32", "expected a whole number, 1 or more"),
        ("expected u32", "expected a whole number, 0 or more"),
        ("expected u64", "expected a whole number, 0 or more"),
        ("expected usize", "expected a whole number, 0 or more"),
    ];
    words.into_iter().fold(message.to_owned(), |text, (kept, said)| text.replace(kept, said))
}

/// Said in place of a line that may hold a token.
const NOT_SHOWN: &str = "not shown, as it may hold a token";

/// What the platform's tokens begin with.
const TOKEN: &str = "apify_api_";

/// `text` without what looks like a token of the actor platform, wherever it got in.
pub(super) fn masked(text: &str) -> String {
    let mut parts = text.split(TOKEN);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        shown.push_str("(hidden)");
        shown.push_str(rest);
    }
    without_passwords(&shown)
}

/// What errors about the entries of credentials begin with.
const CREDENTIAL: &str = "a credential";

/// Messages that repeat no value.
const SAFE: [&str; 6] = ["unknown field", "missing field", "duplicate key", "alerts.remind", CREDENTIAL, WEBHOOK];

/// What errors about the webhooks of alerts begin with.
const WEBHOOK: &str = "an alert webhook";

/// How a credential is written.
const HOW: &str = "a token never stands in a settings file, as those are copied, backed up and committed: write \
    [credentials.NAME] with env = \"VARIABLE\", file = \"/path\" or systemd = \"name\", and name it in a profile's actor.credential or net.credential";

/// How a webhook is written.
const HOW_WEBHOOK: &str = "the address of a webhook is a secret and never stands in a settings file: write \
    [alerts.webhook.NAME] with env = \"VARIABLE\", file = \"/path\" or systemd = \"name\", and put the address there";

/// Words in a line that may hold a token.
const SECRET: [&str; 9] = ["token", "secret", "password", "api_key", "apikey", "bearer", "webhook", "hooks.", TOKEN];

/// Whether the line at `at` may hold a token: by a word in it, as it stands in the table of credentials, as its key is the name
/// that the first credential has, or as it is nothing but a word.
fn is_secret(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = after.find('\n').map_or(text.len(), |end| before.len() + end);
    let line = text.get(start..end).unwrap_or_default().to_lowercase();
    let lines = std::iter::once(line.as_str()).chain(before.lines().rev());
    let header = lines.map(str::trim_start).find(|line| line.starts_with('['));
    let section = |header: &str| {
        let header = header.trim_start_matches(['[', ' ']);
        ["credentials", "alerts", "net.credential"].iter().any(|section| header.starts_with(section))
    };
    let bare = line.trim_start();
    let bare = bare.starts_with("apify") || (bare.starts_with(char::is_alphanumeric) && !bare.contains('='));
    bare || SECRET.iter().any(|word| line.contains(word)) || line.contains("credential") || header.is_some_and(section)
}

/// What to do about a line that may hold a secret.
fn how(text: &str, at: usize) -> &'static str {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let line = before.rsplit('\n').next().unwrap_or_default().to_owned() + after.lines().next().unwrap_or_default();
    let header = before.lines().rev().map(str::trim_start).find(|line| line.starts_with('['));
    let of_webhook =
        |text: &str| ["webhook", "hooks.", "[alerts"].iter().any(|word| text.to_lowercase().contains(word));
    if of_webhook(&line) || header.is_some_and(of_webhook) { HOW_WEBHOOK } else { HOW }
}

/// Line and column, from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before.get(line_start..).unwrap_or_default().chars().count() + 1)
}

/// What is wrong with the value of a key, shown with its line.
pub(super) fn at_key(text: &str, key: &str, message: &str) -> String {
    at(text, &key.split('.').collect::<Vec<_>>(), message)
}

/// The same of a key that is given section by section, as the name of a section may hold a dot.
pub(super) fn at(text: &str, key: &[&str], message: &str) -> String {
    let Some(span) = span_of(text, key) else { return message.to_owned() };
    let (number, column) = position(text, span.start);
    if is_secret(text, span.start) {
        return masked(&format!("line {number}, column {column} ({NOT_SHOWN})\n{message}"));
    }
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let width = text.get(span).unwrap_or_default().lines().next().unwrap_or_default().chars().count().max(1);
    let margin = " ".repeat(number.to_string().len());
    let (indent, marks) = (" ".repeat(column - 1), "^".repeat(width));
    let shown =
        format!("line {number}, column {column}\n{margin} |\n{number} | {line}\n{margin} | {indent}{marks}\n{message}");
    masked(&shown)
}

/// Where the value of a key (`actor.price.start`) stands in a text that parses; of a table that is spread over several
/// places, the first.
fn span_of(text: &str, key: &[&str]) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut parts = key.iter().peekable();
    while let Some(part) = parts.next() {
        let (_, value) = table.iter().find(|(name, _)| name.get_ref() == *part)?;
        if parts.peek().is_none() {
            return Some(value.span());
        }
        table = value.get_ref().as_table()?;
    }
    None
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
