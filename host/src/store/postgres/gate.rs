//! Rows of `gate`.
//!
//! Owns: which gates are closed, and what that means for runs that are put away. Must not know: why one closes. A gate's row is
//! taken before any source: whoever skips sources because of it holds it meanwhile.

use sqlx::PgConnection;
use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::failure::Class;
use tidegate_core::time::UtcMillis;

use super::source;
use crate::store::rows::Cells;
use crate::store::trouble::Outcome;

pub(super) async fn all(conn: &mut PgConnection) -> Outcome<Vec<Gate>> {
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

pub(super) async fn close(conn: &mut PgConnection, gate: Gate) -> Outcome<bool> {
    let key = gate.key.stored();
    // Two that close the same gate at once: the second one sees what the first one wrote.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('tidegate gate ' || $1, 0))")
        .bind(key.clone())
        .execute(&mut *conn)
        .await?;
    let before: Option<String> = sqlx::query_scalar("SELECT class FROM gate WHERE key = $1 FOR NO KEY UPDATE")
        .bind(key.clone())
        .fetch_optional(&mut *conn)
        .await?;
    let news = before.as_deref() != Some(gate.class.word());
    // A token that is refused says more than an account that is busy.
    if before.as_deref() == Some(Class::Credential.word()) && news {
        return Ok(false);
    }
    let sql = "INSERT INTO gate AS g (key, class, why, since, until) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (key) DO UPDATE SET why = excluded.why, until = greatest(g.until, excluded.until),
            since = CASE g.class WHEN excluded.class THEN g.since ELSE excluded.since END, class = excluded.class";
    sqlx::query(sql)
        .bind(key)
        .bind(gate.class.word())
        .bind(super::cell::clean(&gate.why))
        .bind(gate.since.as_millis())
        .bind(gate.until.as_millis())
        .execute(&mut *conn)
        .await?;
    if let (GateKey::Credential(name), false) = (&gate.key, gate.lets_read()) {
        let sql = "UPDATE run SET wake_at = greatest(wake_at, $2) WHERE stage = 'waiting' AND id IN
            (SELECT id FROM run WHERE stage = 'waiting' AND credential = $1 ORDER BY id FOR NO KEY UPDATE)";
        sqlx::query(sql).bind(name.as_str()).bind(gate.until.as_millis()).execute(conn).await?;
    }
    Ok(news)
}

pub(super) async fn open(conn: &mut PgConnection, key: GateKey, now: UtcMillis) -> Outcome<bool> {
    let gone = sqlx::query("DELETE FROM gate WHERE key = $1").bind(key.stored()).execute(&mut *conn).await?;
    if gone.rows_affected() == 0 {
        return Ok(false);
    }
    source::unpark(conn).await?;
    if let GateKey::Credential(name) = &key {
        let sql = "UPDATE run SET wake_at = least(wake_at, $2) WHERE stage = 'waiting' AND id IN
            (SELECT id FROM run WHERE stage = 'waiting' AND credential = $1 ORDER BY id FOR NO KEY UPDATE)";
        sqlx::query(sql).bind(name.as_str()).bind(now.as_millis()).execute(conn).await?;
    }
    Ok(true)
}
