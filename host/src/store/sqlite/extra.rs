//! Extra runs: queued because somebody asks.
//!
//! Owns: the transaction that looks at a source and queues. Must not know: when one may be queued; that is
//! [`Extra::decide`]'s, asked here because only here it is certain how the source stands.

use sqlx::SqliteConnection;
use tidegate_core::extra::{Extra, NotQueued};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use super::dead;
use super::source;
use crate::ports::{LetterId, Queued, QueuedRun};
use crate::store::rows::Cells;
use crate::store::trouble::Outcome;

pub(super) async fn queue(
    conn: &mut SqliteConnection,
    id: SourceId,
    extra: Extra,
    run: RunId,
    now: UtcMillis,
) -> Outcome<Queued> {
    let Some(row) = source::row(conn, id).await? else { return Ok(Queued::Absent) };
    let pending = pending(conn, id).await?;
    if let Err(why) = extra.decide(&row.source, &pending, now) {
        return Ok(Queued::Not(why));
    }
    let sql =
        "INSERT INTO run (id, source, trigger, stage, not_before, created_at) VALUES (?1, ?2, ?3, 'queued', ?4, ?4);
        UPDATE source SET parked = 0 WHERE id = ?2";
    sqlx::query(sql)
        .bind(run.to_bytes().to_vec())
        .bind(id.to_bytes().to_vec())
        .bind(extra.trigger().word())
        .bind(now.as_millis())
        .execute(&mut *conn)
        .await?;
    source::refresh(conn, id, now).await?;
    Ok(Queued::New)
}

/// The source's runs that have not ended, oldest first. Each half is answered by an index of its own.
async fn pending(conn: &mut SqliteConnection, id: SourceId) -> Outcome<Vec<(RunId, Trigger)>> {
    let sql = "SELECT id, trigger FROM run WHERE source = ?1 AND stage = 'queued'
        UNION ALL SELECT id, trigger FROM run WHERE source = ?1 AND stage IN ('running', 'waiting') ORDER BY id";
    let rows = sqlx::query(sql).bind(id.to_bytes().to_vec()).fetch_all(conn).await?;
    let mut pending = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::new(row, "run", "id");
        pending.push((cells.id("id")?, cells.word("trigger", Trigger::from_word)?));
    }
    Ok(pending)
}

/// The queued run whose turn is next, in the order of the candidates.
pub(super) async fn next(conn: &mut SqliteConnection, id: SourceId, now: UtcMillis) -> Outcome<Option<QueuedRun>> {
    let sql = "SELECT id, trigger, not_before FROM run WHERE source = ?1 AND stage = 'queued'
        ORDER BY max(not_before, ?2), created_at, id LIMIT 1";
    let found = sqlx::query(sql).bind(id.to_bytes().to_vec()).bind(now.as_millis()).fetch_optional(conn).await?;
    let Some(row) = &found else { return Ok(None) };
    let cells = Cells::new(row, "run", "id");
    let trigger = cells.word("trigger", Trigger::from_word)?;
    Ok(Some(QueuedRun { run: cells.id("id")?, trigger, at: cells.time("not_before")? }))
}

/// Takes the letter of a run up by an extra run of its source.
pub(super) async fn retry(
    conn: &mut SqliteConnection,
    letter: LetterId,
    run: RunId,
    now: UtcMillis,
) -> Outcome<Queued> {
    let sql = "SELECT source FROM dead_letter WHERE id = ?1 AND kind = 'run' AND retried_at IS NULL";
    let found = sqlx::query(sql).bind(letter).fetch_optional(&mut *conn).await?;
    let Some(row) = found else { return Ok(Queued::Absent) };
    let id: SourceId = Cells::new(&row, "dead_letter", "source").id("source")?;
    let queued = queue(conn, id, Extra::OneOff, run, now).await?;
    let by = match &queued {
        Queued::New => run,
        Queued::Not(NotQueued::Already { run, .. }) => *run,
        Queued::Not(_) | Queued::Absent => return Ok(queued),
    };
    dead::mark(conn, &[letter], by, now).await?;
    Ok(queued)
}
