//! What goes wrong at the keyboard.
//!
//! Owns: kinds of failure with their exit codes, and how each error of the rooms is told to a person: message, then what
//! to do. Called by every command.

use miette::Diagnostic;
use serde::Serialize;

use crate::config::ConfigError;
use crate::engine::sources::{Refused, Wrong};
use crate::ports::StoreError;

/// Exit codes. Stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// Done.
    Ok,
    /// Failed.
    Failed,
    /// Wrong usage.
    Usage,
    /// What was named is not there.
    NotFound,
    /// A source, profile, plugin or configuration is wrong.
    Refused,
    /// The database cannot be used: in use, too new, read-only, full.
    Store,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Refused => 4,
            Self::Store => 5,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error as a person is told it.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct CliError {
    /// Kind and exit code.
    pub exit: Exit,
    /// What was attempted, on what, and what came.
    pub message: String,
    /// What to do.
    #[help]
    pub hint: Option<String>,
    /// Details with their place, for sources that were refused.
    pub problems: Vec<Wrong>,
}

impl CliError {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None, problems: Vec::new() }
    }

    /// Something failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// What was typed cannot be meant.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// What was named is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, message)
    }

    /// Something is wrong with what was given.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// The same error with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let hint = match &error {
            StoreError::InUse { pid, .. } => Some(format!("stop process {pid} first, or give this one another --dir")),
            StoreError::TooNew { .. } => {
                Some("install the newer tidegate again, or restore a backup made before it".to_owned())
            }
            StoreError::OldSchema { .. } => {
                Some("stop the older daemons of this database, then type `tidegate migrate`".to_owned())
            }
            StoreError::DiskFull { .. } => Some("free some room and try again".to_owned()),
            StoreError::ReadOnly { .. } => {
                Some("give the user of tidegate the right to write there, or choose another --dir".to_owned())
            }
            StoreError::Database { .. } | StoreError::BadRow { .. } => {
                Some("see what `tidegate doctor` says".to_owned())
            }
            StoreError::Closed { .. } => None,
        };
        Self { hint, ..Self::new(Exit::Store, error.to_string()) }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self { hint: error.hint.clone(), ..Self::new(Exit::Refused, error.to_string()) }
    }
}

impl From<Refused> for CliError {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        match refused {
            Refused::NoProfile { nearest, .. } => Self::not_found(message).hint(match nearest {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => "`tidegate profile list` shows what there is".to_owned(),
            }),
            Refused::NoPlugin { .. } => {
                Self::refused(message).hint("`tidegate plugin list` shows what is loaded and what was refused")
            }
            Refused::Invalid { problems, .. } => {
                let listed: Vec<String> = problems.iter().map(told).collect();
                let message = format!("{message}:\n  {}", listed.join("\n  "));
                Self { problems, ..Self::refused(message) }
            }
            Refused::Fault(_) => Self::failed(message)
                .hint("this is a fault of the plugin, not of the source; `tidegate plugin check` tells more"),
            Refused::Store(error) => error.into(),
        }
    }
}

fn told(wrong: &Wrong) -> String {
    if wrong.pointer.is_empty() { wrong.message.clone() } else { format!("{}: {}", wrong.pointer, wrong.message) }
}
