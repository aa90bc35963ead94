//! From what the driver says to what the port says.
//!
//! Owns: the reading of SQLSTATE codes (<https://www.postgresql.org/docs/current/errcodes-appendix.html>), and whether a
//! connection is worth keeping after an error. Must not know: what was attempted; whoever calls says so.

use std::io::ErrorKind;
use std::sync::Arc;

use crate::database::DatabaseUrl;
use crate::ports::StoreError;
use crate::store::trouble::{Plain, Trouble};

/// `disk_full`.
const DISK_FULL: &str = "53100";
/// `read_only_sql_transaction`: a standby, or a database that was set so.
const READ_ONLY: &str = "25006";
/// `cannot_connect_now`: it starts or stops.
const NOT_NOW: &str = "57P03";
/// `too_many_connections`.
const TOO_MANY: &str = "53300";
/// `serialization_failure`, `deadlock_detected`, `lock_not_available`, `statement_timeout`'s `query_canceled`.
const PASSING: [&str; 4] = ["40001", "40P01", "55P03", "57014"];
/// `unique_violation`: somebody was quicker where only the index knows.
pub(super) const UNIQUE: &str = "23505";
/// `undefined_table`, `undefined_column`: another schema than ours.
const NO_SUCH: [&str; 2] = ["42P01", "42703"];

/// The database, as errors name it: without its password.
#[derive(Debug, Clone)]
pub(super) struct Server(Arc<str>);

impl Server {
    pub(super) fn new(url: &DatabaseUrl) -> Self {
        Self(url.to_string().into())
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
        match code(&error).as_deref() {
            Some(DISK_FULL) => StoreError::DiskFull { doing: doing.to_owned(), file: self.name().to_owned() },
            Some(READ_ONLY) => StoreError::ReadOnly { file: self.name().to_owned(), why: error.to_string() },
            Some(code) if NO_SUCH.contains(&code) => {
                self.refuse(doing, format!("{error}; the schema is not this tidegate's: see `tidegate migrate`"))
            }
            _ => StoreError::Database { doing: self.place(doing), cause: Box::new(error) },
        }
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

fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// Whether the connection is gone, or will be: the server stops (class 57P), the connection broke (class 08), the wire did.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        other => code(other).is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
    }
}

/// Whether a new connection may be had in a moment: it was refused, not left without an answer.
pub(super) fn may_connect_later(error: &sqlx::Error) -> bool {
    let refused = matches!(error, sqlx::Error::Io(error) if error.kind() != ErrorKind::TimedOut);
    refused || code(error).is_some_and(|code| code == NOT_NOW || code == TOO_MANY)
}

/// Whether the server is there and only starts or stops.
pub(super) fn is_starting(error: &sqlx::Error) -> bool {
    code(error).as_deref() == Some(NOT_NOW)
}

/// Whether the same work may go well the next time.
pub(super) fn passes(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| PASSING.contains(&code.as_str()) || code == UNIQUE)
}
