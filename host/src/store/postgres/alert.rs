//! Rows of `alert` and `alert_hit`, and their way to reader or writer.
//!
//! Owns: the two tables, and the lock on an alert, open or not: daemons that see the same do so one after the other. Must not know: when an alert is told: `tidegate_core::alert` is asked inside the transaction.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgConnection;
use tidegate_core::alert::{self, Alert, AlertKey, Change, OpenAlert, Threshold};
use tidegate_core::time::UtcMillis;

use super::PostgresStore;
use super::cell::{clean, limit as rows};
use crate::ports::{AlertRows, StoreError};
use crate::store::rows::alert::read;
use crate::store::trouble::Outcome;

#[async_trait]
impl AlertRows for PostgresStore {
    async fn raise_alert(
        &self,
        alert: Alert,
        remind: Option<Duration>,
        now: UtcMillis,
    ) -> Result<(OpenAlert, Option<Change>), StoreError> {
        self.write("raise an alert", Box::new(move |conn| Box::pin(raise(conn, alert, remind, now)))).await
    }

    async fn resolve_alert(
        &self,
        key: AlertKey,
        seen_until: Option<UtcMillis>,
    ) -> Result<Option<OpenAlert>, StoreError> {
        self.write("resolve an alert", Box::new(move |conn| Box::pin(resolve(conn, key, seen_until)))).await
    }

    async fn remind_alert(&self, key: AlertKey, told_at: UtcMillis, now: UtcMillis) -> Result<bool, StoreError> {
        self.write("remind of an alert", Box::new(move |conn| Box::pin(remind(conn, key, told_at, now)))).await
    }

    async fn alerts(&self, limit: usize) -> Result<Vec<OpenAlert>, StoreError> {
        self.read("list alerts", Box::new(move |conn| Box::pin(all(conn, limit)))).await
    }

    async fn note_hit(
        &self,
        key: AlertKey,
        what: String,
        threshold: Threshold,
        now: UtcMillis,
    ) -> Result<u32, StoreError> {
        self.write("count towards an alert", Box::new(move |conn| Box::pin(hit(conn, key, what, threshold, now)))).await
    }
}

/// Takes the lock on an alert, open or not.
async fn lock(conn: &mut PgConnection, key: &str) -> Outcome<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('tidegate alert ' || $1, 0))")
        .bind(key)
        .execute(conn)
        .await?;
    Ok(())
}

async fn one(conn: &mut PgConnection, key: &str) -> Outcome<Option<OpenAlert>> {
    let sql = "SELECT key, severity, title, text, remedy, about, opened_at, told_at, seen_at, count FROM alert
        WHERE key = $1";
    let row = sqlx::query(sql).bind(key).fetch_optional(conn).await?;
    Ok(row.as_ref().map(|row| read(row)).transpose()?)
}

async fn all(conn: &mut PgConnection, limit: usize) -> Outcome<Vec<OpenAlert>> {
    let sql = "SELECT key, severity, title, text, remedy, about, opened_at, told_at, seen_at, count FROM alert
        ORDER BY opened_at, key LIMIT $1";
    let found = sqlx::query(sql).bind(rows(limit)).fetch_all(conn).await?;
    found.iter().map(|row| Ok(read(row)?)).collect()
}

async fn raise(
    conn: &mut PgConnection,
    alert: Alert,
    remind: Option<Duration>,
    now: UtcMillis,
) -> Outcome<(OpenAlert, Option<Change>)> {
    let key = alert.key.stored();
    lock(conn, &key).await?;
    let before = one(conn, &key).await?;
    let (after, change) = alert::raise(before, alert, now, remind);
    let OpenAlert { alert, opened_at, told_at, seen_at, count } = &after;
    let sql = "INSERT INTO alert (key, severity, title, text, remedy, about, opened_at, told_at, seen_at, count)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (key) DO UPDATE SET severity = excluded.severity, title = excluded.title, text = excluded.text,
            remedy = excluded.remedy, about = excluded.about, opened_at = excluded.opened_at, told_at = excluded.told_at,
            seen_at = excluded.seen_at, count = excluded.count";
    sqlx::query(sql)
        .bind(key)
        .bind(alert.severity.word())
        .bind(clean(&alert.title))
        .bind(clean(&alert.text))
        .bind(alert.remedy.as_deref().map(clean))
        .bind(serde_json::json!(alert.about).to_string())
        .bind(opened_at.as_millis())
        .bind(told_at.as_millis())
        .bind(seen_at.as_millis())
        .bind(i64::from(*count))
        .execute(conn)
        .await?;
    Ok((after, change))
}

async fn resolve(conn: &mut PgConnection, key: AlertKey, seen_until: Option<UtcMillis>) -> Outcome<Option<OpenAlert>> {
    let key = key.stored();
    lock(conn, &key).await?;
    let Some(open) = one(conn, &key).await? else { return Ok(None) };
    if seen_until.is_some_and(|until| open.seen_at > until) {
        return Ok(None);
    }
    for sql in ["DELETE FROM alert WHERE key = $1", "DELETE FROM alert_hit WHERE key = $1"] {
        sqlx::query(sql).bind(&key).execute(&mut *conn).await?;
    }
    Ok(Some(open))
}

async fn remind(conn: &mut PgConnection, key: AlertKey, told_at: UtcMillis, now: UtcMillis) -> Outcome<bool> {
    let sql = "UPDATE alert SET told_at = $3 WHERE key = $1 AND told_at = $2";
    let done =
        sqlx::query(sql).bind(key.stored()).bind(told_at.as_millis()).bind(now.as_millis()).execute(conn).await?;
    Ok(done.rows_affected() > 0)
}

async fn hit(
    conn: &mut PgConnection,
    key: AlertKey,
    what: String,
    threshold: Threshold,
    now: UtcMillis,
) -> Outcome<u32> {
    let key = key.stored();
    lock(conn, &key).await?;
    let sql = "INSERT INTO alert_hit AS h (key, what, at) VALUES ($1, $2, $3)
        ON CONFLICT (key, what) DO UPDATE SET at = greatest(h.at, excluded.at)";
    sqlx::query(sql).bind(&key).bind(clean(&what)).bind(now.as_millis()).execute(&mut *conn).await?;
    // What is too old, and what is more than is counted: the table stays small however much happens.
    let sql = "DELETE FROM alert_hit WHERE key = $1 AND (at <= $2 OR what NOT IN
        (SELECT what FROM alert_hit WHERE key = $1 ORDER BY at DESC, what LIMIT $3))";
    sqlx::query(sql)
        .bind(&key)
        .bind(threshold.since(now).as_millis())
        .bind(i64::from(threshold.most))
        .execute(&mut *conn)
        .await?;
    let hits: i64 =
        sqlx::query_scalar("SELECT count(*) FROM alert_hit WHERE key = $1").bind(key).fetch_one(conn).await?;
    Ok(u32::try_from(hits).unwrap_or(u32::MAX))
}
