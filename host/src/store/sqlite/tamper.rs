//! A database that somebody else writes into, for tests.
//!
//! Owns: a connection of its own, past the store. Must not know: what is written. Used by the tests of the store and of commands.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _};

/// Runs statements on a file.
pub(crate) async fn tamper(path: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut conn = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}
