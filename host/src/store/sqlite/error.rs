//! From what the driver says to what the port says.
//!
//! Owns: the reading of SQLite's result codes (<https://www.sqlite.org/rescode.html>). Must not know: what was attempted; whoever calls says so, on which file.

use std::path::Path;
use std::sync::Arc;

use crate::ports::StoreError;
use crate::store::trouble::{Plain, Trouble};

/// SQLite's primary result codes that mean something of their own to a person.
const READONLY: i32 = 8;
const FULL: i32 = 13;

/// The database file, as errors name it.
#[derive(Debug, Clone)]
pub(super) struct File(Arc<str>);

impl File {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.display().to_string().into())
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }

    /// What stopped `doing`.
    pub(super) fn trouble(&self, doing: &str, trouble: Trouble) -> StoreError {
        match trouble {
            Trouble::Store(error) => error,
            Trouble::Driver(error) => self.driver(doing, error),
        }
    }

    fn driver(&self, doing: &str, error: sqlx::Error) -> StoreError {
        match primary_code(&error) {
            Some(FULL) => self.full(doing),
            Some(READONLY) => StoreError::ReadOnly { file: self.name().to_owned(), why: error.to_string() },
            _ => StoreError::Database { doing: self.place(doing), cause: Box::new(error) },
        }
    }

    pub(super) fn full(&self, doing: &str) -> StoreError {
        StoreError::DiskFull { doing: doing.to_owned(), file: self.name().to_owned() }
    }

    /// A refusal in words.
    pub(super) fn refuse(&self, doing: &str, why: impl Into<String>) -> StoreError {
        StoreError::Database { doing: self.place(doing), cause: Box::new(Plain(why.into())) }
    }

    pub(super) fn closed(&self, doing: &str) -> StoreError {
        StoreError::Closed { doing: self.place(doing) }
    }

    fn place(&self, doing: &str) -> String {
        format!("{doing} in {}", self.name())
    }
}

/// The lower 8 bits of SQLite's result code; the upper ones only say more about the same.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
