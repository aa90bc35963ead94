//! Rows of `source`, and what people do with sources.
//!
//! Owns: the way between a row and a [`Source`], and when a source is due (`due_at`). Must not know: what a run does; the
//! files of claims and commits write sources through here.

use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::source::{NewSource, NextRun, PausedBy, Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use super::ledger;
use crate::ports::Created;
use crate::store::rows;
use crate::store::rows::source::{Row, facts, json, source_columns};
use crate::store::trouble::{Outcome, Trouble};

pub(super) type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// What every end of a change writes. `?1`, `?3` to `?20` stay free for the run that ends in the same script; the numbers
/// are absolute over all statements of a script.
macro_rules! update_source {
    () => {
        "UPDATE source SET updated_at = ?2, identifier = ?22, state = ?23, state_since = ?24, paused_by = ?25,
        state_reason = ?26, failure_count = ?27, last_fetched_at = ?28, last_success_at = ?29, next_at = ?30,
        next_trigger = ?31, total_runs = ?32, watermark = ?33, horizon = ?34, hints = ?35, retries = ?36,
        display_name = ?37, platform_id = ?38, due_at = ?39, followers = ?40, facts = ?41, parked = 0 WHERE id = ?21"
    };
}
pub(super) use update_source;

/// When a source is due, told by its row; the same as [`Row::due`].
const DUE: &str = "UPDATE source SET parked = 0, due_at = CASE
    WHEN state <> 'active' OR EXISTS (SELECT 1 FROM run l WHERE l.source = source.id
        AND l.stage IN ('running', 'waiting')) THEN NULL
    ELSE (SELECT min(at) FROM (SELECT source.next_at AS at
        UNION ALL SELECT q.not_before FROM run q WHERE q.source = source.id AND q.stage = 'queued'))
    END WHERE parked = 1 OR skipped_at IS NOT NULL";

/// Binds `?21` to `?41` of [`update_source`]; `?2`, the change's time, is the script's.
pub(super) fn bind(query: Query, row: &Row) -> Outcome<Query> {
    let source = &row.source;
    let (since, by, reason) = rows::source::circumstances(&source.state);
    let millis = |at: Option<UtcMillis>| at.map(UtcMillis::as_millis);
    Ok(query
        .bind(source.id.to_bytes().to_vec())
        .bind(source.identifier.clone())
        .bind(source.state.word())
        .bind(millis(since))
        .bind(by)
        .bind(reason.map(str::to_owned))
        .bind(source.failure_count)
        .bind(millis(source.last_fetched_at))
        .bind(millis(source.last_success_at))
        .bind(millis(source.next_run.map(|next| next.at)))
        .bind(source.next_run.map(|next| next.trigger.word()))
        .bind(i64::try_from(source.total_runs).unwrap_or(i64::MAX))
        .bind(source.watermark.as_ref().map(json).transpose()?)
        .bind(millis(source.horizon))
        .bind(source.hints.as_ref().map(json).transpose()?)
        .bind(source.retries)
        .bind(source.display_name.clone())
        .bind(source.platform_id.clone())
        .bind(millis(row.due()))
        .bind(source.facts.followers)
        .bind(facts(&source.facts)?))
}

/// Writes all that may change.
pub(super) async fn write(conn: &mut SqliteConnection, row: &Row) -> Outcome<()> {
    let mut query = sqlx::query(update_source!()).bind(None::<i64>).bind(row.source.updated_at.as_millis());
    for _ in 3..=20 {
        query = query.bind(None::<i64>);
    }
    bind(query, row)?.execute(conn).await?;
    Ok(())
}

/// The source of that id, with its circumstances.
pub(super) async fn row(conn: &mut SqliteConnection, id: SourceId) -> Outcome<Option<Row>> {
    let sql = concat!("SELECT ", source_columns!(), " FROM source s WHERE s.id = ?1");
    let found = sqlx::query(sql).bind(id.to_bytes().to_vec()).fetch_optional(conn).await?;
    Ok(found.as_ref().map(|row| Row::read(row)).transpose()?)
}

pub(super) async fn one(conn: &mut SqliteConnection, id: SourceId) -> Outcome<Option<Source>> {
    Ok(row(conn, id).await?.map(|row| row.source))
}

pub(super) async fn create(
    conn: &mut SqliteConnection,
    new: NewSource,
    bootstrap: RunId,
    now: UtcMillis,
) -> Outcome<Created> {
    let sql = concat!(
        "SELECT ",
        source_columns!(),
        " FROM source s WHERE s.tenant = ?1 AND s.profile = ?2 AND s.identifier = ?3"
    );
    let there = sqlx::query(sql)
        .bind(new.tenant.to_string())
        .bind(new.profile.to_string())
        .bind(new.identifier.clone())
        .fetch_optional(&mut *conn)
        .await?;
    if let Some(there) = &there {
        return Ok(Created::Existing(Row::read(there)?.source));
    }
    // Without an identifier there is nothing to fetch yet.
    let queue = new.active && !new.identifier.is_empty();
    let insert = "INSERT INTO source
        (id, tenant, profile, identifier, overrides, schedule, state, due_at, created_at, updated_at)
        VALUES (?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?2, ?2)";
    sqlx::query(insert)
        .bind(new.id.to_bytes().to_vec())
        .bind(now.as_millis())
        .bind(new.tenant.to_string())
        .bind(new.profile.to_string())
        .bind(new.identifier.clone())
        .bind(json(&new.overrides)?)
        .bind(new.schedule.as_ref().map(json).transpose()?)
        .bind(if new.active { SourceState::Active.word() } else { SourceState::Inactive.word() })
        .bind(queue.then_some(now.as_millis()))
        .execute(&mut *conn)
        .await?;
    if queue {
        let queued = "INSERT INTO run (id, source, trigger, stage, not_before, created_at)
            VALUES (?1, ?2, 'bootstrap', 'queued', ?3, ?3)";
        sqlx::query(queued)
            .bind(bootstrap.to_bytes().to_vec())
            .bind(new.id.to_bytes().to_vec())
            .bind(now.as_millis())
            .execute(&mut *conn)
            .await?;
    }
    let made = one(conn, new.id).await?;
    made.map(Created::New).ok_or(Trouble::Driver(sqlx::Error::RowNotFound))
}

pub(super) async fn pause(
    conn: &mut SqliteConnection,
    id: SourceId,
    by: PausedBy,
    reason: String,
    now: UtcMillis,
) -> Outcome<Option<Source>> {
    let Some(mut row) = row(conn, id).await? else { return Ok(None) };
    if row.source.state.may_be_paused() {
        row.source.state = SourceState::Paused { since: now, by, reason };
        // What may not run has no next run; resuming gives it one.
        row.source.next_run = None;
        row.source.updated_at = now;
        write(conn, &row).await?;
        // What it waits for is ended before its time.
        sqlx::query("UPDATE run SET wake_at = ?2 WHERE source = ?1 AND stage = 'waiting'")
            .bind(id.to_bytes().to_vec())
            .bind(now.as_millis())
            .execute(conn)
            .await?;
    }
    Ok(Some(row.source))
}

pub(super) async fn resume(conn: &mut SqliteConnection, id: SourceId, now: UtcMillis) -> Outcome<Option<Source>> {
    let Some(mut row) = row(conn, id).await? else { return Ok(None) };
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
    write(conn, &row).await?;
    Ok(Some(row.source))
}

async fn bootstrap_stage(conn: &mut SqliteConnection, id: SourceId) -> Outcome<Option<String>> {
    let sql = "SELECT stage FROM run WHERE source = ?1 AND trigger = 'bootstrap'";
    Ok(sqlx::query_scalar(sql).bind(id.to_bytes().to_vec()).fetch_optional(conn).await?)
}

pub(super) async fn remove(conn: &mut SqliteConnection, id: SourceId) -> Outcome<Option<Source>> {
    let Some(row) = row(conn, id).await? else { return Ok(None) };
    if let Some(run) = row.source.running {
        // It has been started: it counts.
        ledger::settle_run(conn, run, true).await?;
    }
    // Nobody will hear any more what was paid: the most it can be is booked.
    ledger::settle_worst(conn, id).await?;
    let delete = "DELETE FROM item WHERE source = ?1;
        DELETE FROM follow WHERE source = ?1;
        DELETE FROM actor_run WHERE run IN (SELECT id FROM run WHERE source = ?1);
        DELETE FROM page WHERE run IN (SELECT id FROM run WHERE source = ?1);
        DELETE FROM dead_letter WHERE run IN (SELECT id FROM run WHERE source = ?1);
        DELETE FROM run WHERE source = ?1;
        DELETE FROM source WHERE id = ?1";
    sqlx::query(delete).bind(id.to_bytes().to_vec()).execute(conn).await?;
    Ok(Some(row.source))
}

/// Works out anew when a source is due.
pub(super) async fn refresh(conn: &mut SqliteConnection, id: SourceId, now: UtcMillis) -> Outcome<()> {
    let Some(row) = row(conn, id).await? else { return Ok(()) };
    sqlx::query("UPDATE source SET due_at = ?2, updated_at = ?3 WHERE id = ?1")
        .bind(id.to_bytes().to_vec())
        .bind(row.due().map(UtcMillis::as_millis))
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Looks at every source again that was parked or put off: a budget may have been raised, a plugin added.
pub(super) async fn unpark(conn: &mut SqliteConnection) -> Outcome<()> {
    sqlx::query(DUE).execute(conn).await?;
    Ok(())
}
