//! Rows of `gate`.
//!
//! Owns: which gates are closed, and what that means for runs that are put away. Must not know: why one closes. A gate's row is
//! taken before any source: whoever skips sources because of it holds it meanwhile.

use sqlx::PgConnection;
use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::id::CredentialName;
use tidegate_core::time::UtcMillis;

use super::cell::clean;
use super::source;
use crate::store::rows::gate::read;
use crate::store::trouble::Outcome;

pub(super) async fn all(conn: &mut PgConnection) -> Outcome<Vec<Gate>> {
    let rows = sqlx::query("SELECT key, class, why, since, until FROM gate ORDER BY key").fetch_all(conn).await?;
    Ok(rows.iter().map(|row| read(row)).collect::<Result<_, _>>()?)
}

/// Takes the lock on a gate, closed or open: two that close it at once do it one after the other.
async fn lock(conn: &mut PgConnection, key: &str) -> Outcome<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('tidegate gate ' || $1, 0))")
        .bind(key)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn close(conn: &mut PgConnection, mut gate: Gate, now: UtcMillis) -> Outcome<bool> {
    let key = gate.key.stored();
    lock(conn, &key).await?;
    let row = sqlx::query("SELECT key, class, why, since, until FROM gate WHERE key = $1")
        .bind(&key)
        .fetch_optional(&mut *conn)
        .await?;
    let before = row.as_ref().map(|row| read(row)).transpose()?;
    if before.as_ref().is_some_and(|before| before.outweighs(&gate, now)) {
        return Ok(false);
    }
    let same = before.as_ref().filter(|before| before.class == gate.class);
    if let Some(before) = same {
        (gate.since, gate.until) = (before.since, before.until.max(gate.until));
    }
    let sql = "INSERT INTO gate (key, class, why, since, until) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (key) DO UPDATE SET class = excluded.class, why = excluded.why, since = excluded.since,
            until = excluded.until";
    sqlx::query(sql)
        .bind(&key)
        .bind(gate.class.word())
        .bind(clean(&gate.why))
        .bind(gate.since.as_millis())
        .bind(gate.until.as_millis())
        .execute(&mut *conn)
        .await?;
    if let GateKey::Credential(name) = &gate.key {
        match (before.as_ref().is_none_or(Gate::lets_read), gate.lets_read()) {
            (_, false) => put_off(conn, name, gate.until).await?,
            (false, true) => wake(conn, name, now).await?,
            (true, true) => {}
        }
    }
    Ok(same.is_none())
}

/// Runs that cannot be read wait until then at least.
async fn put_off(conn: &mut PgConnection, credential: &CredentialName, until: UtcMillis) -> Outcome<()> {
    let sql = "UPDATE run SET wake_at = greatest(wake_at, $2) WHERE stage = 'waiting' AND id IN
        (SELECT id FROM run WHERE stage = 'waiting' AND credential = $1 ORDER BY id FOR NO KEY UPDATE)";
    sqlx::query(sql).bind(credential.as_str()).bind(until.as_millis()).execute(conn).await?;
    Ok(())
}

/// Runs that were put off because nothing could be read are due.
async fn wake(conn: &mut PgConnection, credential: &CredentialName, now: UtcMillis) -> Outcome<()> {
    let sql = "UPDATE run SET wake_at = least(wake_at, $2) WHERE stage = 'waiting' AND id IN
        (SELECT id FROM run WHERE stage = 'waiting' AND credential = $1 ORDER BY id FOR NO KEY UPDATE)";
    sqlx::query(sql).bind(credential.as_str()).bind(now.as_millis()).execute(conn).await?;
    Ok(())
}

pub(super) async fn open(conn: &mut PgConnection, key: GateKey, now: UtcMillis) -> Outcome<bool> {
    let stored = key.stored();
    lock(conn, &stored).await?;
    let gone = sqlx::query("DELETE FROM gate WHERE key = $1").bind(stored).execute(&mut *conn).await?;
    if gone.rows_affected() == 0 {
        return Ok(false);
    }
    source::unpark(conn).await?;
    if let GateKey::Credential(name) = &key {
        wake(conn, name, now).await?;
    }
    Ok(true)
}
