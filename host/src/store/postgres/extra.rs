//! Extra runs: queued because somebody asks.
//!
//! Owns: the transaction that looks at a source and queues. Must not know: when one may be queued; that is
//! [`Extra::decide`]'s, asked here because only here it is certain how the source stands.

use sqlx::PgConnection;
use tidegate_core::extra::{Extra, NotQueued};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use super::cell::Uid;
use super::{dead, source, wake};
use crate::ports::{LetterId, Queued, QueuedRun};
use crate::store::rows::Cells;
use crate::store::trouble::Outcome;

pub(super) async fn queue(
    conn: &mut PgConnection,
    id: SourceId,
    extra: Extra,
    run: RunId,
    now: UtcMillis,
) -> Outcome<Queued> {
    let Some(row) = source::locked(conn, id).await? else { return Ok(Queued::Absent) };
    let pending = pending(conn, id).await?;
    if let Err(why) = extra.decide(&row.source, &pending, now) {
        return Ok(Queued::Not(why));
    }
    let sql =
        "INSERT INTO run (id, source, trigger, stage, not_before, created_at) VALUES ($1, $2, $3, 'queued', $4, $4)";
    sqlx::query(sql)
        .bind(Uid::from(run))
        .bind(Uid::from(id))
        .bind(extra.trigger().word())
        .bind(now.as_millis())
        .execute(&mut *conn)
        .await?;
    sqlx::query("UPDATE source SET parked = false WHERE id = $1").bind(Uid::from(id)).execute(&mut *conn).await?;
    source::refresh(conn, id, now).await?;
    wake::tell(conn).await?;
    Ok(Queued::New)
}

/// The source's runs that have not ended, oldest first. Each half is answered by an index of its own.
async fn pending(conn: &mut PgConnection, id: SourceId) -> Outcome<Vec<(RunId, Trigger)>> {
    let sql = "SELECT id, trigger FROM run WHERE source = $1 AND stage = 'queued'
        UNION ALL SELECT id, trigger FROM run WHERE source = $1 AND stage IN ('running', 'waiting') ORDER BY id";
    let rows = sqlx::query(sql).bind(Uid::from(id)).fetch_all(conn).await?;
    let mut pending = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::new(row, "run", "id");
        pending.push((cells.id("id")?, cells.word("trigger", Trigger::from_word)?));
    }
    Ok(pending)
}

/// The queued run whose turn is next, in the order of the candidates.
pub(super) async fn next(conn: &mut PgConnection, id: SourceId, now: UtcMillis) -> Outcome<Option<QueuedRun>> {
    let sql = "SELECT id, trigger, not_before FROM run WHERE source = $1 AND stage = 'queued'
        ORDER BY greatest(not_before, $2), created_at, id LIMIT 1";
    let found = sqlx::query(sql).bind(Uid::from(id)).bind(now.as_millis()).fetch_optional(conn).await?;
    let Some(row) = &found else { return Ok(None) };
    let cells = Cells::new(row, "run", "id");
    let trigger = cells.word("trigger", Trigger::from_word)?;
    Ok(Some(QueuedRun { run: cells.id("id")?, trigger, at: cells.time("not_before")? }))
}

/// Takes the letter of a run up by an extra run of its source.
pub(super) async fn retry(conn: &mut PgConnection, letter: LetterId, run: RunId, now: UtcMillis) -> Outcome<Queued> {
    let sql = "SELECT source FROM dead_letter WHERE id = $1 AND kind = 'run' AND retried_at IS NULL";
    let Some(row) = sqlx::query(sql).bind(letter).fetch_optional(&mut *conn).await? else { return Ok(Queued::Absent) };
    let id: SourceId = Cells::new(&row, "dead_letter", "source").id("source")?;
    // Two that take it up at once do so one after the other: what is open is asked again when the source is held.
    if !source::lock(conn, id).await? || sqlx::query(sql).bind(letter).fetch_optional(&mut *conn).await?.is_none() {
        return Ok(Queued::Absent);
    }
    let queued = queue(conn, id, Extra::OneOff, run, now).await?;
    let by = match &queued {
        Queued::New => run,
        Queued::Not(NotQueued::Already { run, .. }) => *run,
        Queued::Not(_) | Queued::Absent => return Ok(queued),
    };
    dead::mark(conn, &[letter], by, now).await?;
    Ok(queued)
}
