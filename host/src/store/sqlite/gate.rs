//! Rows of `gate`.
//!
//! Owns: which gates are closed, and what that means for runs that are put away. Must not know: why one closes.

use sqlx::SqliteConnection;
use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::id::CredentialName;
use tidegate_core::time::UtcMillis;

use super::source;
use crate::store::rows::gate::read;
use crate::store::trouble::Outcome;

pub(super) async fn all(conn: &mut SqliteConnection) -> Outcome<Vec<Gate>> {
    let rows = sqlx::query("SELECT key, class, why, since, until FROM gate ORDER BY key").fetch_all(conn).await?;
    Ok(rows.iter().map(|row| read(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn close(conn: &mut SqliteConnection, mut gate: Gate, now: UtcMillis) -> Outcome<bool> {
    let key = gate.key.stored();
    let row = sqlx::query("SELECT key, class, why, since, until FROM gate WHERE key = ?1")
        .bind(key.clone())
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
    let sql = "INSERT INTO gate (key, class, why, since, until) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (key) DO UPDATE SET class = excluded.class, why = excluded.why, since = excluded.since,
            until = excluded.until";
    sqlx::query(sql)
        .bind(key)
        .bind(gate.class.word())
        .bind(gate.why.clone())
        .bind(gate.since.as_millis())
        .bind(gate.until.as_millis())
        .execute(&mut *conn)
        .await?;
    if let GateKey::Credential(name) = &gate.key {
        match (before.as_ref().is_none_or(Gate::lets_read), gate.lets_read()) {
            (_, false) => {
                let sql = "UPDATE run SET wake_at = max(wake_at, ?2) WHERE stage = 'waiting' AND credential = ?1";
                sqlx::query(sql).bind(name.to_string()).bind(gate.until.as_millis()).execute(conn).await?;
            }
            (false, true) => wake(conn, name, now).await?,
            (true, true) => {}
        }
    }
    Ok(same.is_none())
}

/// Runs that were put off because nothing could be read are due.
async fn wake(conn: &mut SqliteConnection, credential: &CredentialName, now: UtcMillis) -> Outcome<()> {
    let sql = "UPDATE run SET wake_at = min(wake_at, ?2) WHERE stage = 'waiting' AND credential = ?1";
    sqlx::query(sql).bind(credential.to_string()).bind(now.as_millis()).execute(conn).await?;
    Ok(())
}

pub(super) async fn open(conn: &mut SqliteConnection, key: GateKey, now: UtcMillis) -> Outcome<bool> {
    let gone = sqlx::query("DELETE FROM gate WHERE key = ?1").bind(key.stored()).execute(&mut *conn).await?;
    if gone.rows_affected() == 0 {
        return Ok(false);
    }
    if let GateKey::Credential(name) = &key {
        wake(conn, name, now).await?;
    }
    source::unpark(conn).await?;
    Ok(true)
}
