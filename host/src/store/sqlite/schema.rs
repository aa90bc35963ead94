//! Brings a database to the schema this version knows.
//!
//! Owns: the list of migrations and the table `schema_version`, one row for each that was done. Each is one transaction
//! that looks at the version again once it may write, so that two processes that start together do it once. A file that
//! holds other tables is not ours and stays untouched. Must not know: what the tables are for. Called by `open`.

use sqlx::{Row as _, SqliteConnection};
use tidegate_core::time::UtcMillis;

use super::error::File;
use crate::ports::StoreError;
use crate::store::trouble::Outcome;

/// A step from one version to the next.
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

/// In order, without gaps, never changed once released.
const MIGRATIONS: [Migration; 12] = [
    Migration { version: 1, name: "init", sql: include_str!("../../../../migrations/sqlite/0001_init.sql") },
    Migration {
        version: 2,
        name: "actor_runs",
        sql: include_str!("../../../../migrations/sqlite/0002_actor_runs.sql"),
    },
    Migration {
        version: 3,
        name: "ordered_at",
        sql: include_str!("../../../../migrations/sqlite/0003_ordered_at.sql"),
    },
    Migration { version: 4, name: "follows", sql: include_str!("../../../../migrations/sqlite/0004_follows.sql") },
    Migration {
        version: 5,
        name: "dead_letters",
        sql: include_str!("../../../../migrations/sqlite/0005_dead_letters.sql"),
    },
    Migration { version: 6, name: "alerts", sql: include_str!("../../../../migrations/sqlite/0006_alerts.sql") },
    Migration { version: 7, name: "rates", sql: include_str!("../../../../migrations/sqlite/0007_rates.sql") },
    Migration {
        version: 8,
        name: "asked_often",
        sql: include_str!("../../../../migrations/sqlite/0008_asked_often.sql"),
    },
    Migration {
        version: 9,
        name: "quarantine",
        sql: include_str!("../../../../migrations/sqlite/0009_quarantine.sql"),
    },
    Migration { version: 10, name: "zones", sql: include_str!("../../../../migrations/sqlite/0010_zones.sql") },
    Migration {
        version: 11,
        name: "plugin_use",
        sql: include_str!("../../../../migrations/sqlite/0011_plugin_use.sql"),
    },
    Migration {
        version: 12,
        name: "kept_pages",
        sql: include_str!("../../../../migrations/sqlite/0012_kept_pages.sql"),
    },
];

/// The version this program knows.
pub(super) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing at all.
    Empty,
    /// Our tables, at that version.
    Version(i64),
    /// Somebody else's tables.
    Foreign,
}

/// Looks at what the file holds.
pub(super) async fn found(conn: &mut SqliteConnection) -> Outcome<Found> {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .persistent(false)
            .fetch_all(&mut *conn)
            .await?;
    if tables.is_empty() {
        return Ok(Found::Empty);
    }
    if !tables.iter().any(|name| name == "schema_version") {
        return Ok(Found::Foreign);
    }
    let row = sqlx::query("SELECT coalesce(max(version), 0) AS version FROM schema_version")
        .persistent(false)
        .fetch_one(&mut *conn)
        .await?;
    Ok(Found::Version(row.try_get("version")?))
}

/// The version of a file that this program can work with.
///
/// # Errors
/// [`StoreError::TooNew`], or a refusal of a file that is not ours.
pub(super) fn version(file: &File, found: Found) -> Result<i64, StoreError> {
    match found {
        Found::Empty => Ok(0),
        Found::Version(found) if found > KNOWN => {
            Err(StoreError::TooNew { file: file.name().to_owned(), found, known: KNOWN })
        }
        Found::Version(version) => Ok(version),
        Found::Foreign => Err(file.refuse(
            "open the database",
            "it is a SQLite database of another program (there is no table schema_version); name another file",
        )),
    }
}

/// Does what is missing. Safe to call at any time by any number of processes.
pub(super) async fn migrate(conn: &mut SqliteConnection, file: &File, now: UtcMillis) -> Outcome<()> {
    for migration in &MIGRATIONS {
        if version(file, found(conn).await?)? < migration.version {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
            let done = step(conn, file, migration, now).await;
            let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
            let ended = sqlx::query(end).execute(&mut *conn).await;
            done?;
            ended?;
        }
    }
    Ok(())
}

/// One migration, inside its transaction.
async fn step(conn: &mut SqliteConnection, file: &File, migration: &Migration, now: UtcMillis) -> Outcome<()> {
    if version(file, found(conn).await?)? >= migration.version {
        return Ok(());
    }
    let table = "CREATE TABLE IF NOT EXISTS schema_version (
        version INTEGER PRIMARY KEY, -- as numbered in migrations/
        name    TEXT    NOT NULL,
        done_at INTEGER NOT NULL     -- ms since 1970, UTC
    ) STRICT";
    sqlx::raw_sql(table).execute(&mut *conn).await?;
    sqlx::raw_sql(migration.sql).execute(&mut *conn).await?;
    sqlx::query("INSERT INTO schema_version (version, name, done_at) VALUES (?1, ?2, ?3)")
        .bind(migration.version)
        .bind(migration.name)
        .bind(now.as_millis())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_follow_each_other() {
        assert_eq!(MIGRATIONS[0].version, 1);
        for pair in MIGRATIONS.windows(2) {
            assert!(pair[0].version < pair[1].version, "{} before {}", pair[0].name, pair[1].name);
        }
    }
}
