//! Where everything is kept. The only room that knows SQL.
//!
//! Owns: the implementations of [`Store`](crate::ports::Store), one folder each, and the suite that all of them pass. Must
//! not know: the engine, plugins, HTTP. Put together by `cli`, called through the port by everyone else.

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests; their tasks are awaited")]
pub(crate) mod conformance;
pub mod memory;
pub mod postgres;
mod rows;
pub mod sqlite;
mod trouble;
