//! Rows of `plugin_version` and `plugin_fault_total`, and sources that wait for their plugin.
//!
//! Owns: the two tables. Daemons that write at the same time take their rows in the order of plugin and digest. Must not know:
//! which plugins there are.

use async_trait::async_trait;
use sqlx::PgConnection;
use tidegate_core::id::{ProfileName, SourceId};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::cell::{clean, column, limit};
use super::{PostgresStore, source, wake};
use crate::ports::{PluginUse, StoreError, UseRow, Used, Version};
use crate::store::rows::Cells;
use crate::store::rows::ledger::signed;
use crate::store::rows::plugin_use as rows;
use crate::store::trouble::Outcome;

#[async_trait]
impl PluginUse for PostgresStore {
    async fn note_use(&self, serving: Vec<Version>, used: Vec<Used>, now: UtcMillis) -> Result<(), StoreError> {
        self.write("note what plugins have used", Box::new(move |conn| Box::pin(note(conn, serving, used, now)))).await
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
        let (profile, reason) = (profile.clone(), reason.to_owned());
        let doing = "pause sources whose plugin is not there";
        self.write(doing, Box::new(move |conn| Box::pin(pause(conn, profile, reason, now, most)))).await
    }

    async fn back_with_plugin(
        &self,
        profiles: Vec<ProfileName>,
        now: UtcMillis,
        most: usize,
    ) -> Result<usize, StoreError> {
        let doing = "let sources run whose plugin is back";
        self.write(doing, Box::new(move |conn| Box::pin(back(conn, profiles, now, most)))).await
    }
}

async fn note(conn: &mut PgConnection, mut serving: Vec<Version>, mut used: Vec<Used>, now: UtcMillis) -> Outcome<()> {
    serving.sort_by(|a, b| (&a.plugin, &a.digest).cmp(&(&b.plugin, &b.digest)));
    used.sort_by(|a, b| (&a.plugin, &a.digest).cmp(&(&b.plugin, &b.digest)));
    let sql = "INSERT INTO plugin_version (plugin, digest, version, origin, first_at, served_at)
        SELECT j.plugin, j.digest, j.version, j.origin, $5, $5
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS j(plugin, digest, version, origin)
        ON CONFLICT (plugin, digest) DO UPDATE SET version = excluded.version, origin = excluded.origin,
        served_at = greatest(plugin_version.served_at, excluded.served_at)";
    sqlx::query(sql)
        .bind(column(&serving, |one| clean(&one.plugin)))
        .bind(column(&serving, |one| one.digest.clone()))
        .bind(column(&serving, |one| clean(&one.version)))
        .bind(column(&serving, |one| clean(&one.origin)))
        .bind(now.as_millis())
        .execute(&mut *conn)
        .await?;
    for used in &used {
        add(conn, used, now).await?;
    }
    let sql = "DELETE FROM plugin_version WHERE served_at < $1 OR (plugin, digest) NOT IN
        (SELECT plugin, digest FROM plugin_version ORDER BY served_at DESC, plugin, digest LIMIT $2)";
    let query = sqlx::query(sql).bind(now.minus(limits::USE_KEPT).as_millis()).bind(i64::from(limits::USE_VERSIONS));
    let gone = query.execute(&mut *conn).await?;
    if gone.rows_affected() > 0 {
        let sql = "DELETE FROM plugin_fault_total f WHERE NOT EXISTS (SELECT 1 FROM plugin_version v
            WHERE v.plugin = f.plugin AND v.digest = f.digest)";
        sqlx::query(sql).execute(conn).await?;
    }
    Ok(())
}

async fn add(conn: &mut PgConnection, used: &Used, now: UtcMillis) -> Outcome<()> {
    let sql = "INSERT INTO plugin_version AS v
        (plugin, digest, version, origin, first_at, served_at, calls, cpu_us, bytes_in, bytes_out, items)
        VALUES ($1, $2, $3, '', $4, $4, $5, $6, $7, $8, $9) ON CONFLICT (plugin, digest) DO UPDATE
        SET calls = v.calls + excluded.calls, cpu_us = v.cpu_us + excluded.cpu_us, items = v.items + excluded.items,
        bytes_in = v.bytes_in + excluded.bytes_in, bytes_out = v.bytes_out + excluded.bytes_out";
    sqlx::query(sql)
        .bind(clean(&used.plugin))
        .bind(&used.digest)
        .bind(clean(&used.version))
        .bind(now.as_millis())
        .bind(signed(used.calls))
        .bind(rows::micros(used.cpu))
        .bind(signed(used.bytes_in))
        .bind(signed(used.bytes_out))
        .bind(signed(used.items))
        .execute(&mut *conn)
        .await?;
    for (kind, count) in &used.faults {
        let sql = "INSERT INTO plugin_fault_total AS f (plugin, digest, kind, count) VALUES ($1, $2, $3, $4)
            ON CONFLICT (plugin, digest, kind) DO UPDATE SET count = f.count + excluded.count";
        let query = sqlx::query(sql).bind(clean(&used.plugin)).bind(&used.digest).bind(kind);
        query.bind(signed(*count)).execute(&mut *conn).await?;
    }
    Ok(())
}

async fn all(conn: &mut PgConnection) -> Outcome<Vec<UseRow>> {
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
    conn: &mut PgConnection,
    profile: ProfileName,
    reason: String,
    now: UtcMillis,
    most: usize,
) -> Outcome<usize> {
    // Locked in the order of their ids, as whoever changes sources does.
    let sql = "UPDATE source SET state = 'paused', state_since = $3, paused_by = 'plugin-missing', state_reason = $2,
        updated_at = $3, due_at = NULL, parked = false
        WHERE state = 'active' AND id IN
            (SELECT id FROM source WHERE profile = $1 AND state = 'active' ORDER BY id LIMIT $4 FOR NO KEY UPDATE)";
    let query = sqlx::query(sql).bind(profile.as_str()).bind(clean(&reason)).bind(now.as_millis());
    let done = query.bind(limit(most)).execute(conn).await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}

async fn back(conn: &mut PgConnection, profiles: Vec<ProfileName>, now: UtcMillis, most: usize) -> Outcome<usize> {
    let sql = "SELECT id FROM source WHERE paused_by = 'plugin-missing' AND profile = ANY($1)
        ORDER BY id LIMIT $2 FOR NO KEY UPDATE";
    let query = sqlx::query(sql).bind(column(&profiles, |name| name.as_str())).bind(limit(most));
    let mut ids: Vec<SourceId> = Vec::new();
    for row in &query.fetch_all(&mut *conn).await? {
        ids.push(Cells::new(row, "source", "id").id("id")?);
    }
    let mut sources = source::rows(conn, ids).await?;
    sources.iter_mut().for_each(|row| row.back_with_plugin(now));
    if !sources.is_empty() {
        source::write(conn, &sources.iter().collect::<Vec<_>>()).await?;
        wake::tell(conn).await?;
    }
    Ok(sources.len())
}
