//! Rows of `plugin_fault` and `plugin_quarantine`, and their way to reader or writer.
//!
//! Owns: the two tables, and the lock on a plugin: daemons that see it break down count one after the other. Must not know: what
//! is too much, which is `tidegate_core::quarantine`'s to say.

use async_trait::async_trait;
use sqlx::PgConnection;
use tidegate_core::id::ProfileName;
use tidegate_core::limits;
use tidegate_core::quarantine::{Faults, Quarantine};
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, clean, column};
use super::{PostgresStore, source, wake};
use crate::ports::{Fault, Quarantines, StoreError};
use crate::store::rows::quarantine as rows;
use crate::store::trouble::Outcome;

#[async_trait]
impl Quarantines for PostgresStore {
    async fn note_fault(&self, fault: Fault, now: UtcMillis) -> Result<Faults, StoreError> {
        self.write("note a plugin's fault", Box::new(move |conn| Box::pin(note(conn, fault, now)))).await
    }

    async fn worked(&self, profiles: Vec<ProfileName>, since: UtcMillis, most: u32) -> Result<u32, StoreError> {
        let doing = "count sources on which a plugin works";
        self.read(doing, Box::new(move |conn| Box::pin(worked(conn, profiles, since, most)))).await
    }

    async fn are_of_one_tenant(
        &self,
        version: (String, String),
        profiles: Vec<ProfileName>,
    ) -> Result<bool, StoreError> {
        let doing = "see whose sources a plugin breaks down on";
        self.read(doing, Box::new(move |conn| Box::pin(are_of_one_tenant(conn, version, profiles)))).await
    }

    async fn quarantine(&self, quarantine: Quarantine) -> Result<bool, StoreError> {
        self.write("put a plugin into quarantine", Box::new(move |conn| Box::pin(put(conn, quarantine)))).await
    }

    async fn quarantines(&self) -> Result<Vec<Quarantine>, StoreError> {
        self.read("list plugins in quarantine", Box::new(|conn| Box::pin(all(conn)))).await
    }

    async fn release(&self, plugin: &str, digest: Option<&str>) -> Result<bool, StoreError> {
        let (plugin, digest) = (plugin.to_owned(), digest.map(str::to_owned));
        self.write("release a plugin", Box::new(move |conn| Box::pin(release(conn, plugin, digest)))).await
    }
}

/// Takes the lock on a plugin.
async fn lock(conn: &mut PgConnection, plugin: &str) -> Outcome<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('tidegate plugin ' || $1, 0))")
        .bind(plugin)
        .execute(conn)
        .await?;
    Ok(())
}

async fn note(conn: &mut PgConnection, fault: Fault, now: UtcMillis) -> Outcome<Faults> {
    lock(conn, &fault.plugin).await?;
    let sql = "INSERT INTO plugin_fault (plugin, digest, run, source, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (plugin, digest, run) DO NOTHING";
    sqlx::query(sql)
        .bind(&fault.plugin)
        .bind(&fault.digest)
        .bind(Uid::from(fault.run))
        .bind(Uid::from(fault.source))
        .bind(now.as_millis())
        .execute(&mut *conn)
        .await?;
    // What is too old of any version, and what is more of this one than is remembered.
    let sql = "DELETE FROM plugin_fault WHERE plugin = $1 AND (at <= $3 OR (digest = $2 AND run NOT IN
        (SELECT run FROM plugin_fault WHERE plugin = $1 AND digest = $2 ORDER BY at DESC, run LIMIT $4)))";
    sqlx::query(sql)
        .bind(&fault.plugin)
        .bind(&fault.digest)
        .bind(now.minus(limits::QUARANTINE_WINDOW).as_millis())
        .bind(i64::from(limits::QUARANTINE_KEPT))
        .execute(&mut *conn)
        .await?;
    let sql = "SELECT count(*) AS runs, count(DISTINCT source) AS sources, min(at) AS since FROM plugin_fault
        WHERE plugin = $1 AND digest = $2";
    let row = sqlx::query(sql).bind(&fault.plugin).bind(&fault.digest).fetch_one(conn).await?;
    Ok(rows::faults(&row)?)
}

async fn worked(conn: &mut PgConnection, profiles: Vec<ProfileName>, since: UtcMillis, most: u32) -> Outcome<u32> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM source WHERE profile = ANY($1)
        AND last_success_at >= $2 LIMIT $3) s";
    let found: i64 = sqlx::query_scalar(sql)
        .bind(column(&profiles, |name| name.as_str()))
        .bind(since.as_millis())
        .bind(i64::from(most))
        .fetch_one(conn)
        .await?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}

async fn are_of_one_tenant(
    conn: &mut PgConnection,
    (plugin, digest): (String, String),
    profiles: Vec<ProfileName>,
) -> Outcome<bool> {
    let sql = "WITH blamed AS (SELECT DISTINCT s.tenant FROM plugin_fault f JOIN source s ON s.id = f.source
            WHERE f.plugin = $1 AND f.digest = $2)
        SELECT (SELECT count(*) FROM blamed) = 1 AND EXISTS (SELECT 1 FROM source WHERE profile = ANY($3)
            AND state = 'active' AND tenant NOT IN (SELECT tenant FROM blamed))";
    Ok(sqlx::query_scalar(sql)
        .bind(plugin)
        .bind(digest)
        .bind(column(&profiles, |name| name.as_str()))
        .fetch_one(conn)
        .await?)
}

async fn put(conn: &mut PgConnection, held: Quarantine) -> Outcome<bool> {
    let sql =
        "INSERT INTO plugin_quarantine (plugin, digest, since, runs, sources, why) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (plugin, digest) DO NOTHING";
    let done = sqlx::query(sql)
        .bind(&held.plugin)
        .bind(&held.digest)
        .bind(held.since.as_millis())
        .bind(i64::from(held.runs))
        .bind(i64::from(held.sources))
        .bind(clean(&held.why))
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn all(conn: &mut PgConnection) -> Outcome<Vec<Quarantine>> {
    let sql = "SELECT plugin, digest, since, runs, sources, why FROM plugin_quarantine ORDER BY plugin, digest";
    let found = sqlx::query(sql).fetch_all(conn).await?;
    found.iter().map(|row| Ok(rows::read(row)?)).collect()
}

async fn release(conn: &mut PgConnection, plugin: String, digest: Option<String>) -> Outcome<bool> {
    lock(conn, &plugin).await?;
    let sql = "DELETE FROM plugin_quarantine WHERE plugin = $1 AND digest = coalesce($2, digest)";
    let gone = sqlx::query(sql).bind(&plugin).bind(&digest).execute(&mut *conn).await?;
    if gone.rows_affected() == 0 {
        return Ok(false);
    }
    let sql = "DELETE FROM plugin_fault WHERE plugin = $1 AND digest = coalesce($2, digest)";
    sqlx::query(sql).bind(&plugin).bind(&digest).execute(&mut *conn).await?;
    source::unpark(conn).await?;
    wake::tell(conn).await?;
    Ok(true)
}
