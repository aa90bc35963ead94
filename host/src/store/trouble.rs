//! What stops a piece of work inside a store.
//!
//! Owns: [`Trouble`], which carries what the driver says and what we say through a transaction. Must not know: what was
//! attempted, or what a driver's codes mean; each store's `error` says so.

use crate::ports::StoreError;

/// What stops a piece of work: the driver, or a finding of ours.
#[derive(Debug)]
pub(in crate::store) enum Trouble {
    /// The driver refused.
    Driver(sqlx::Error),
    /// We did.
    Store(StoreError),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a piece of work gives.
pub(in crate::store) type Outcome<T> = Result<T, Trouble>;

/// A text as the cause of a [`StoreError::Database`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::store) struct Plain(pub(in crate::store) String);
