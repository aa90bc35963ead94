//! Rows of `plugin_version` and `plugin_fault_total`, and sources that wait for their plugin.
//!
//! Owns: the two tables. Must not know: which plugins there are.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use tidegate_core::id::ProfileName;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::{SqliteStore, source};
use crate::ports::{PluginUse, StoreError, UseRow, Used, Version};
use crate::store::rows::ledger::signed;
use crate::store::rows::plugin_use as rows;
use crate::store::rows::source::{Row, json, source_columns};
use crate::store::trouble::Outcome;

#[async_trait]
impl PluginUse for SqliteStore {
    async fn note_use(&self, serving: Vec<Version>, used: Vec<Used>, now: UtcMillis) -> Result<(), StoreError> {
        self.schedule("note what plugins have used", Box::new(move |conn| Box::pin(note(conn, serving, used, now))))
            .await
    }

    async fn plugin_use(&self) -> Result<Vec<UseRow>, StoreError> {
        self.read("list versions of plugins", Box::new(|conn| Box::pin(all(conn)))).await
    }

    async fn pause_for_plugin(
        &self,
        profile: &ProfileName,
        reason: &str,
        now: UtcMillis,
        most: usize,
    ) -> Result<usize, StoreError> {
        let (profile, reason) = (profile.to_string(), reason.to_owned());
        let doing = "pause sources whose plugin is not there";
        self.schedule(doing, Box::new(move |conn| Box::pin(pause(conn, profile, reason, now, most)))).await
    }

    async fn back_with_plugin(
        &self,
        profiles: Vec<ProfileName>,
        now: UtcMillis,
        most: usize,
    ) -> Result<usize, StoreError> {
        let doing = "let sources run whose plugin is back";
        self.schedule(doing, Box::new(move |conn| Box::pin(back(conn, profiles, now, most)))).await
    }
}

async fn note(conn: &mut SqliteConnection, serving: Vec<Version>, used: Vec<Used>, now: UtcMillis) -> Outcome<()> {
    for Version { plugin, digest, version, origin } in serving {
        let sql = "INSERT INTO plugin_version (plugin, digest, version, origin, first_at, served_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (plugin, digest) DO UPDATE
            SET version = excluded.version, origin = excluded.origin, served_at = max(served_at, excluded.served_at)";
        let query = sqlx::query(sql).bind(plugin).bind(digest).bind(version).bind(origin).bind(now.as_millis());
        query.execute(&mut *conn).await?;
    }
    for used in used {
        let sql = "INSERT INTO plugin_version
            (plugin, digest, version, origin, first_at, served_at, calls, cpu_us, bytes_in, bytes_out, items)
            VALUES (?1, ?2, ?3, '', ?4, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (plugin, digest) DO UPDATE
            SET calls = calls + excluded.calls, cpu_us = cpu_us + excluded.cpu_us, items = items + excluded.items,
            bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out";
        sqlx::query(sql)
            .bind(used.plugin.clone())
            .bind(used.digest.clone())
            .bind(used.version)
            .bind(now.as_millis())
            .bind(signed(used.calls))
            .bind(rows::micros(used.cpu))
            .bind(signed(used.bytes_in))
            .bind(signed(used.bytes_out))
            .bind(signed(used.items))
            .execute(&mut *conn)
            .await?;
        for (kind, count) in used.faults {
            let sql = "INSERT INTO plugin_fault_total (plugin, digest, kind, count) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (plugin, digest, kind) DO UPDATE SET count = count + excluded.count";
            let query = sqlx::query(sql).bind(used.plugin.clone()).bind(used.digest.clone()).bind(kind);
            query.bind(signed(count)).execute(&mut *conn).await?;
        }
    }
    forget(conn, now).await
}

/// Versions that have not served for long, and those that are too many.
async fn forget(conn: &mut SqliteConnection, now: UtcMillis) -> Outcome<()> {
    let sql = "DELETE FROM plugin_version WHERE served_at < ?1 OR (plugin, digest) NOT IN
        (SELECT plugin, digest FROM plugin_version ORDER BY served_at DESC, plugin, digest LIMIT ?2)";
    let query = sqlx::query(sql).bind(now.minus(limits::USE_KEPT).as_millis()).bind(i64::from(limits::USE_VERSIONS));
    let gone = query.execute(&mut *conn).await?;
    if gone.rows_affected() > 0 {
        let sql = "DELETE FROM plugin_fault_total WHERE NOT EXISTS (SELECT 1 FROM plugin_version v
            WHERE v.plugin = plugin_fault_total.plugin AND v.digest = plugin_fault_total.digest)";
        sqlx::query(sql).execute(conn).await?;
    }
    Ok(())
}

async fn all(conn: &mut SqliteConnection) -> Outcome<Vec<UseRow>> {
    let sql = "SELECT plugin, digest, version, origin, first_at, served_at, calls, cpu_us, bytes_in, bytes_out, items
        FROM plugin_version ORDER BY plugin, digest";
    let found = sqlx::query(sql).fetch_all(&mut *conn).await?;
    let mut versions = found.iter().map(|row| rows::read(row)).collect::<Result<Vec<_>, _>>()?;
    let sql = "SELECT plugin, digest, kind, count FROM plugin_fault_total";
    for row in &sqlx::query(sql).fetch_all(conn).await? {
        rows::add_fault(&mut versions, row)?;
    }
    Ok(versions)
}

async fn pause(
    conn: &mut SqliteConnection,
    profile: String,
    reason: String,
    now: UtcMillis,
    most: usize,
) -> Outcome<usize> {
    let sql = "UPDATE source SET state = 'paused', state_since = ?3, paused_by = 'plugin-missing', state_reason = ?2,
        updated_at = ?3, due_at = NULL, parked = 0
        WHERE id IN (SELECT id FROM source WHERE profile = ?1 AND state = 'active' LIMIT ?4)";
    let query = sqlx::query(sql).bind(profile).bind(reason).bind(now.as_millis());
    let done = query.bind(i64::try_from(most).unwrap_or(i64::MAX)).execute(conn).await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}

async fn back(conn: &mut SqliteConnection, profiles: Vec<ProfileName>, now: UtcMillis, most: usize) -> Outcome<usize> {
    let sql = concat!(
        "SELECT ",
        source_columns!(),
        " FROM source s WHERE s.paused_by = 'plugin-missing' AND s.profile IN (SELECT value FROM json_each(?1)) LIMIT ?2"
    );
    let query = sqlx::query(sql).bind(json(&profiles)?).bind(i64::try_from(most).unwrap_or(i64::MAX));
    let found = query.fetch_all(&mut *conn).await?;
    for row in &found {
        let mut row = Row::read(row)?;
        row.back_with_plugin(now);
        source::write(conn, &row).await?;
    }
    Ok(found.len())
}
