//! Brings a database to the schema this version knows.
//!
//! Owns: the list of migrations and the table `schema_version`, one row for each that was done. All that are missing are one
//! transaction under a lock of its own, so that daemons that start together do it once. A schema that holds other tables is not
//! ours and stays untouched. Must not know: what the tables are for. Called by `open`, and by `tidegate migrate`.

use sqlx::PgConnection;
use tidegate_core::time::UtcMillis;

use super::error::Server;
use crate::ports::StoreError;
use crate::store::trouble::Outcome;

/// A step from one version to the next.
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

/// In order, without gaps, never changed once released; versions and names are those of `migrations/sqlite`.
const MIGRATIONS: [Migration; 12] = [
    Migration { version: 1, name: "init", sql: include_str!("../../../../migrations/postgres/0001_init.sql") },
    Migration {
        version: 2,
        name: "actor_runs",
        sql: include_str!("../../../../migrations/postgres/0002_actor_runs.sql"),
    },
    Migration {
        version: 3,
        name: "ordered_at",
        sql: include_str!("../../../../migrations/postgres/0003_ordered_at.sql"),
    },
    Migration { version: 4, name: "follows", sql: include_str!("../../../../migrations/postgres/0004_follows.sql") },
    Migration {
        version: 5,
        name: "dead_letters",
        sql: include_str!("../../../../migrations/postgres/0005_dead_letters.sql"),
    },
    Migration { version: 6, name: "alerts", sql: include_str!("../../../../migrations/postgres/0006_alerts.sql") },
    Migration { version: 7, name: "rates", sql: include_str!("../../../../migrations/postgres/0007_rates.sql") },
    Migration {
        version: 8,
        name: "asked_often",
        sql: include_str!("../../../../migrations/postgres/0008_asked_often.sql"),
    },
    Migration {
        version: 9,
        name: "quarantine",
        sql: include_str!("../../../../migrations/postgres/0009_quarantine.sql"),
    },
    Migration { version: 10, name: "zones", sql: include_str!("../../../../migrations/postgres/0010_zones.sql") },
    Migration {
        version: 11,
        name: "plugin_use",
        sql: include_str!("../../../../migrations/postgres/0011_plugin_use.sql"),
    },
    Migration {
        version: 12,
        name: "kept_pages",
        sql: include_str!("../../../../migrations/postgres/0012_kept_pages.sql"),
    },
];

/// The version this program knows.
pub(super) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// What a database holds, in the schema that new tables would go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing at all.
    Empty,
    /// Our tables, at that version.
    Version(i64),
    /// Somebody else's tables.
    Foreign,
}

/// Looks at what the database holds.
pub(super) async fn found(conn: &mut PgConnection) -> Outcome<Found> {
    let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
    let tables: Vec<String> = sqlx::query_scalar(sql).persistent(false).fetch_all(&mut *conn).await?;
    if tables.is_empty() {
        return Ok(Found::Empty);
    }
    if !tables.iter().any(|name| name == "schema_version") {
        return Ok(Found::Foreign);
    }
    let sql = "SELECT coalesce(max(version), 0) FROM schema_version";
    Ok(Found::Version(sqlx::query_scalar(sql).persistent(false).fetch_one(conn).await?))
}

/// The version of a database, if this program may work with it or bring it up to date.
///
/// # Errors
/// [`StoreError::TooNew`], or a refusal of a database that is not ours.
pub(super) fn version(server: &Server, found: Found) -> Result<i64, StoreError> {
    match found {
        Found::Empty => Ok(0),
        Found::Version(found) if found > KNOWN => {
            Err(StoreError::TooNew { file: server.name().to_owned(), found, known: KNOWN })
        }
        Found::Version(version) => Ok(version),
        Found::Foreign => Err(server.refuse(
            "open the database",
            "it holds tables of another program (there is no table schema_version); make an empty database for tidegate",
        )),
    }
}

/// Does what is missing. Safe to call at any time by any number of processes. Gives the version it found.
pub(super) async fn migrate(conn: &mut PgConnection, server: &Server, now: UtcMillis) -> Outcome<i64> {
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('tidegate schema', 0))";
    sqlx::query(lock).persistent(false).execute(&mut *conn).await?;
    let before = version(server, found(conn).await?)?;
    if before == 0 {
        let table = "CREATE TABLE IF NOT EXISTS schema_version (
            version bigint PRIMARY KEY, -- as numbered in migrations/
            name    text   NOT NULL,
            done_at bigint NOT NULL     -- ms since 1970, UTC
        )";
        sqlx::raw_sql(table).execute(&mut *conn).await?;
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > before) {
        sqlx::raw_sql(migration.sql).execute(&mut *conn).await?;
        sqlx::query("INSERT INTO schema_version (version, name, done_at) VALUES ($1, $2, $3)")
            .persistent(false)
            .bind(migration.version)
            .bind(migration.name)
            .bind(now.as_millis())
            .execute(&mut *conn)
            .await?;
    }
    if before == 0 {
        sqlx::query("INSERT INTO meta (key, value) VALUES ('created-at', $1)")
            .persistent(false)
            .bind(now.to_string())
            .execute(conn)
            .await?;
    }
    Ok(before)
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
