//! Rows of `gate`.
//!
//! Owns: which gates are closed, and what that means for runs that are put away. Must not know: why one closes.

use sqlx::SqliteConnection;
use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::failure::Class;
use tidegate_core::time::UtcMillis;

use super::source;
use crate::store::rows::Cells;
use crate::store::trouble::Outcome;

pub(super) async fn all(conn: &mut SqliteConnection) -> Outcome<Vec<Gate>> {
    let rows = sqlx::query("SELECT key, class, why, since, until FROM gate ORDER BY key").fetch_all(conn).await?;
    let mut gates = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::new(row, "gate", "key");
        gates.push(Gate {
            key: cells.word("key", GateKey::from_stored)?,
            class: cells.word("class", Class::from_word)?,
            why: cells.text("why")?,
            since: cells.time("since")?,
            until: cells.time("until")?,
        });
    }
    Ok(gates)
}

pub(super) async fn close(conn: &mut SqliteConnection, gate: Gate) -> Outcome<bool> {
    let key = gate.key.stored();
    let before: Option<String> = sqlx::query_scalar("SELECT class FROM gate WHERE key = ?1")
        .bind(key.clone())
        .fetch_optional(&mut *conn)
        .await?;
    let news = before.as_deref() != Some(gate.class.word());
    // A token that is refused says more than an account that is busy.
    if before.as_deref() == Some(Class::Credential.word()) && news {
        return Ok(false);
    }
    let sql = "INSERT INTO gate (key, class, why, since, until) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (key) DO UPDATE SET why = excluded.why, until = max(gate.until, excluded.until),
            since = CASE gate.class WHEN excluded.class THEN gate.since ELSE excluded.since END, class = excluded.class";
    sqlx::query(sql)
        .bind(key)
        .bind(gate.class.word())
        .bind(gate.why.clone())
        .bind(gate.since.as_millis())
        .bind(gate.until.as_millis())
        .execute(&mut *conn)
        .await?;
    if let (GateKey::Credential(name), false) = (&gate.key, gate.lets_read()) {
        let sql = "UPDATE run SET wake_at = max(wake_at, ?2) WHERE stage = 'waiting' AND credential = ?1";
        sqlx::query(sql).bind(name.to_string()).bind(gate.until.as_millis()).execute(conn).await?;
    }
    Ok(news)
}

pub(super) async fn open(conn: &mut SqliteConnection, key: GateKey, now: UtcMillis) -> Outcome<bool> {
    let gone = sqlx::query("DELETE FROM gate WHERE key = ?1").bind(key.stored()).execute(&mut *conn).await?;
    if gone.rows_affected() == 0 {
        return Ok(false);
    }
    if let GateKey::Credential(name) = &key {
        let sql = "UPDATE run SET wake_at = min(wake_at, ?2) WHERE stage = 'waiting' AND credential = ?1";
        sqlx::query(sql).bind(name.to_string()).bind(now.as_millis()).execute(&mut *conn).await?;
    }
    source::unpark(conn).await?;
    Ok(true)
}
