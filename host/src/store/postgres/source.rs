//! Rows of `source`, and what people do with sources.
//!
//! Owns: writing sources, and the lock on them: whoever changes a source, or anything that hangs on it, holds its row first,
//! several in the order of their ids. What is decided on is read after that, in a statement of its own: a statement sees what was
//! committed when it began, not when it got its lock. Must not know: what a run does.

use sqlx::PgConnection;
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::source::{NewSource, NextRun, PausedBy, Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, clean, column, limit, millis, uids};
use super::ledger;
use crate::ports::Created;
use crate::store::rows::Cells;
use crate::store::rows::ledger::signed;
use crate::store::rows::source::{Row, circumstances, facts, json, source_columns};
use crate::store::trouble::{Outcome, Trouble};

/// Takes the lock on a source. `false`: there is none.
pub(super) async fn lock(conn: &mut PgConnection, id: SourceId) -> Outcome<bool> {
    let sql = "SELECT 1 FROM source WHERE id = $1 FOR NO KEY UPDATE";
    Ok(sqlx::query(sql).bind(Uid::from(id)).fetch_optional(conn).await?.is_some())
}

/// Takes the locks on sources.
pub(super) async fn lock_all(conn: &mut PgConnection, ids: impl IntoIterator<Item = SourceId>) -> Outcome<()> {
    let sql = "SELECT 1 FROM source WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
    sqlx::query(sql).bind(uids(ids)).execute(conn).await?;
    Ok(())
}

/// Takes the lock on the source of a run.
pub(super) async fn lock_of_run(conn: &mut PgConnection, run: RunId) -> Outcome<()> {
    let sql = "SELECT 1 FROM source WHERE id = (SELECT source FROM run WHERE id = $1) FOR NO KEY UPDATE";
    sqlx::query(sql).bind(Uid::from(run)).execute(conn).await?;
    Ok(())
}

/// Writes all that may change of sources. Each counts as changed when its `updated_at` says.
pub(super) async fn write(conn: &mut PgConnection, rows: &[&Row]) -> Outcome<()> {
    let sql = "UPDATE source s SET updated_at = j.updated_at, identifier = j.identifier, state = j.state,
            state_since = j.state_since, paused_by = j.paused_by, state_reason = j.state_reason,
            failure_count = j.failure_count, last_fetched_at = j.last_fetched_at, last_success_at = j.last_success_at,
            next_at = j.next_at, next_trigger = j.next_trigger, total_runs = j.total_runs, watermark = j.watermark,
            horizon = j.horizon, hints = j.hints, retries = j.retries, display_name = j.display_name,
            platform_id = j.platform_id, due_at = j.due_at, followers = j.followers, facts = j.facts, parked = false
        FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::bigint[],
            $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::text[], $15::bigint[], $16::text[],
            $17::bigint[], $18::text[], $19::text[], $20::bigint[], $21::bigint[], $22::text[])
            AS j(id, updated_at, identifier, state, state_since, paused_by, state_reason, failure_count, last_fetched_at,
            last_success_at, next_at, next_trigger, total_runs, watermark, horizon, hints, retries, display_name,
            platform_id, due_at, followers, facts)
        WHERE s.id = j.id";
    let sources: Vec<&Source> = rows.iter().map(|row| &row.source).collect();
    let texts = |text: fn(&Source) -> Option<&str>| -> Vec<_> { column(&sources, |s| text(s).map(clean)) };
    let times = |time: fn(&Source) -> Option<UtcMillis>| -> Vec<_> { column(&sources, |s| millis(time(s))) };
    let new = || Vec::with_capacity(rows.len());
    let mut jsons = (new(), new(), new());
    for source in &sources {
        jsons.0.push(source.watermark.as_ref().map(json).transpose()?);
        jsons.1.push(source.hints.as_ref().map(json).transpose()?);
        jsons.2.push(facts(&source.facts)?);
    }
    sqlx::query(sql)
        .bind(uids(sources.iter().map(|s| s.id)))
        .bind(times(|s| Some(s.updated_at)))
        .bind(texts(|s| Some(&s.identifier)))
        .bind(texts(|s| Some(s.state.word())))
        .bind(times(|s| circumstances(&s.state).0))
        .bind(texts(|s| circumstances(&s.state).1))
        .bind(texts(|s| circumstances(&s.state).2))
        .bind(column(&sources, |s| i64::from(s.failure_count)))
        .bind(times(|s| s.last_fetched_at))
        .bind(times(|s| s.last_success_at))
        .bind(times(|s| s.next_run.map(|next| next.at)))
        .bind(texts(|s| s.next_run.map(|next| next.trigger.word())))
        .bind(column(&sources, |s| signed(s.total_runs)))
        .bind(jsons.0)
        .bind(times(|s| s.horizon))
        .bind(jsons.1)
        .bind(column(&sources, |s| i64::from(s.retries)))
        .bind(texts(|s| s.display_name.as_deref()))
        .bind(texts(|s| s.platform_id.as_deref()))
        .bind(column(rows, |row| millis(row.due())))
        .bind(column(&sources, |s| s.facts.followers.map(i64::from)))
        .bind(jsons.2)
        .execute(conn)
        .await?;
    Ok(())
}

/// The source of that id, with its circumstances.
pub(super) async fn row(conn: &mut PgConnection, id: SourceId) -> Outcome<Option<Row>> {
    let sql = concat!("SELECT ", source_columns!(), " FROM source s WHERE s.id = $1");
    let found = sqlx::query(sql).bind(Uid::from(id)).fetch_optional(conn).await?;
    Ok(found.as_ref().map(|row| Row::read(row)).transpose()?)
}

/// Those of these sources that are there, in the order of their ids.
pub(super) async fn rows(conn: &mut PgConnection, ids: impl IntoIterator<Item = SourceId>) -> Outcome<Vec<Row>> {
    let ids = uids(ids);
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = concat!("SELECT ", source_columns!(), " FROM source s WHERE s.id = ANY($1) ORDER BY s.id");
    let found = sqlx::query(sql).bind(ids).fetch_all(conn).await?;
    Ok(found.iter().map(|row| Row::read(row)).collect::<Result<_, _>>()?)
}

/// The same, and nobody else changes it before the transaction ends.
pub(super) async fn locked(conn: &mut PgConnection, id: SourceId) -> Outcome<Option<Row>> {
    if lock(conn, id).await? { row(conn, id).await } else { Ok(None) }
}

pub(super) async fn one(conn: &mut PgConnection, id: SourceId) -> Outcome<Option<Source>> {
    Ok(row(conn, id).await?.map(|row| row.source))
}

pub(super) async fn create(
    conn: &mut PgConnection,
    new: NewSource,
    bootstrap: RunId,
    now: UtcMillis,
) -> Outcome<Created> {
    // Without an identifier there is nothing to fetch yet.
    let queue = new.active && !new.identifier.is_empty();
    // Whoever makes the same one at the same time is waited for here.
    let insert = "INSERT INTO source
        (id, tenant, profile, identifier, overrides, schedule, state, due_at, created_at, updated_at)
        VALUES ($1, $3, $4, $5, $6, $7, $8, $9, $2, $2) ON CONFLICT (tenant, profile, identifier) DO NOTHING";
    let made = sqlx::query(insert)
        .bind(Uid::from(new.id))
        .bind(now.as_millis())
        .bind(new.tenant.as_str())
        .bind(new.profile.as_str())
        .bind(clean(&new.identifier))
        .bind(json(&new.overrides)?)
        .bind(new.schedule.as_ref().map(json).transpose()?)
        .bind(if new.active { SourceState::Active.word() } else { SourceState::Inactive.word() })
        .bind(queue.then_some(now.as_millis()))
        .execute(&mut *conn)
        .await?;
    if made.rows_affected() == 0 {
        return existing(conn, &new).await;
    }
    if queue {
        let queued = "INSERT INTO run (id, source, trigger, stage, not_before, created_at)
            VALUES ($1, $2, 'bootstrap', 'queued', $3, $3)";
        sqlx::query(queued)
            .bind(Uid::from(bootstrap))
            .bind(Uid::from(new.id))
            .bind(now.as_millis())
            .execute(&mut *conn)
            .await?;
    }
    let made = one(conn, new.id).await?;
    made.map(Created::New).ok_or(Trouble::Driver(sqlx::Error::RowNotFound))
}

async fn existing(conn: &mut PgConnection, new: &NewSource) -> Outcome<Created> {
    let sql = concat!(
        "SELECT ",
        source_columns!(),
        " FROM source s WHERE s.tenant = $1 AND s.profile = $2 AND s.identifier = $3"
    );
    let row = sqlx::query(sql)
        .bind(new.tenant.as_str())
        .bind(new.profile.as_str())
        .bind(clean(&new.identifier))
        .fetch_one(conn)
        .await?;
    Ok(Created::Existing(Row::read(&row)?.source))
}

pub(super) async fn pause(
    conn: &mut PgConnection,
    id: SourceId,
    by: PausedBy,
    reason: String,
    now: UtcMillis,
) -> Outcome<Option<Source>> {
    let Some(mut row) = locked(conn, id).await? else { return Ok(None) };
    if row.source.state.may_be_paused() {
        row.source.state = SourceState::Paused { since: now, by, reason };
        // What may not run has no next run; resuming gives it one.
        row.source.next_run = None;
        row.source.updated_at = now;
        write(conn, &[&row]).await?;
        // What it waits for is ended before its time.
        sqlx::query("UPDATE run SET wake_at = $2 WHERE source = $1 AND stage = 'waiting'")
            .bind(Uid::from(id))
            .bind(now.as_millis())
            .execute(conn)
            .await?;
    }
    Ok(Some(row.source))
}

pub(super) async fn resume(conn: &mut PgConnection, id: SourceId, now: UtcMillis) -> Outcome<Option<Source>> {
    let Some(mut row) = locked(conn, id).await? else { return Ok(None) };
    if row.source.state != SourceState::Active {
        row.source.state = SourceState::Active;
        row.source.failure_count = 0;
        row.source.retries = 0;
        row.source.updated_at = now;
        row.source.next_run = match bootstrap_stage(conn, id).await?.as_deref() {
            // It goes first and is due by itself.
            Some("queued") => None,
            Some(_) => Some(NextRun { at: now, trigger: Trigger::Schedule }),
            // It was created switched off: its first run is made by the claim.
            None => Some(NextRun { at: now, trigger: Trigger::Bootstrap }),
        };
        if row.source.identifier.is_empty() {
            row.source.next_run = None;
        }
    }
    // An active one that was put off is looked at again.
    write(conn, &[&row]).await?;
    Ok(Some(row.source))
}

async fn bootstrap_stage(conn: &mut PgConnection, id: SourceId) -> Outcome<Option<String>> {
    let sql = "SELECT stage FROM run WHERE source = $1 AND trigger = 'bootstrap'";
    Ok(sqlx::query_scalar(sql).bind(Uid::from(id)).fetch_optional(conn).await?)
}

pub(super) async fn remove(conn: &mut PgConnection, id: SourceId) -> Outcome<Option<Source>> {
    let Some(row) = locked(conn, id).await? else { return Ok(None) };
    // What is much goes first: the ledger is held for as short as can be.
    let bulk = [
        "DELETE FROM follow WHERE source = $1",
        "DELETE FROM item WHERE source = $1",
        "DELETE FROM page WHERE run IN (SELECT id FROM run WHERE source = $1)",
        "DELETE FROM dead_letter WHERE run IN (SELECT id FROM run WHERE source = $1)",
    ];
    for delete in bulk {
        sqlx::query(delete).bind(Uid::from(id)).execute(&mut *conn).await?;
    }
    if let Some(run) = row.source.running {
        // It has been started: it counts.
        ledger::settle_runs(conn, &[(run, true)]).await?;
    }
    // Nobody will hear any more what was paid: the most it can be is booked.
    ledger::settle_worst(conn, id).await?;
    let rest = [
        "DELETE FROM actor_run WHERE run IN (SELECT id FROM run WHERE source = $1)",
        "DELETE FROM run WHERE source = $1",
        "DELETE FROM source WHERE id = $1",
    ];
    for delete in rest {
        sqlx::query(delete).bind(Uid::from(id)).execute(&mut *conn).await?;
    }
    Ok(Some(row.source))
}

/// Works out anew when a source is due.
pub(super) async fn refresh(conn: &mut PgConnection, id: SourceId, now: UtcMillis) -> Outcome<()> {
    let Some(row) = row(conn, id).await? else { return Ok(()) };
    sqlx::query("UPDATE source SET due_at = $2, updated_at = $3 WHERE id = $1")
        .bind(Uid::from(id))
        .bind(millis(row.due()))
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Looks at every source again that was parked or put off: a budget may have been raised, a plugin added.
pub(super) async fn unpark(conn: &mut PgConnection) -> Outcome<()> {
    unpark_after(conn, None, usize::MAX).await.map(drop)
}

/// The same for at most so many of those that come after `after`; gives the last one, if there may be more.
pub(super) async fn unpark_after(
    conn: &mut PgConnection,
    after: Option<SourceId>,
    most: usize,
) -> Outcome<Option<SourceId>> {
    let lock = "SELECT id FROM source WHERE (parked OR skipped_at IS NOT NULL) AND id > $1 ORDER BY id LIMIT $2
        FOR NO KEY UPDATE";
    let after = after.unwrap_or(SourceId::from_bits(0));
    let rows = sqlx::query(lock).bind(Uid::from(after)).bind(limit(most)).fetch_all(&mut *conn).await?;
    let mut held: Vec<SourceId> = Vec::with_capacity(rows.len());
    for row in &rows {
        held.push(Cells::new(row, "source", "id").id("id")?);
    }
    // When a source is due, told by its row; the same as [`Row::due`].
    let due = "UPDATE source SET parked = false, due_at = CASE
        WHEN state <> 'active' OR EXISTS (SELECT 1 FROM run l WHERE l.source = source.id
            AND l.stage IN ('running', 'waiting')) THEN NULL
        ELSE least(next_at, (SELECT min(q.not_before) FROM run q WHERE q.source = source.id AND q.stage = 'queued'))
        END WHERE id = ANY($1)";
    sqlx::query(due).bind(uids(held.iter().copied())).execute(conn).await?;
    Ok(held.last().copied().filter(|_| held.len() == most))
}
