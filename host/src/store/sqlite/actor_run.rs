//! Rows of `actor_run`: intents, and what became of them.
//!
//! Owns: writing an [`Intent`] down, and the changes of its stage. Must not know: what a change means (the
//! machine) or how the platform is asked. What is done with runs that are put away stands in `parked`.

use sqlx::SqliteConnection;
use tidegate_core::actor::{Order, RemoteId, RemoteStatus};
use tidegate_core::claim::Generation;
use tidegate_core::id::{IntentId, RunId};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Intent, IntentEnd, Progress};
use tidegate_core::time::UtcMillis;

use super::ledger;
use crate::ports::{ActorRunRow, Looked, Unsettled};
use crate::store::rows::Cells;
use crate::store::rows::actor_run::{audit, order_columns, parsed, unsettled as read_unsettled};
use crate::store::rows::ledger::signed;
use crate::store::rows::source::json;
use crate::store::trouble::{Outcome, Trouble};

/// Whether the run is the caller's.
pub(super) async fn ours(conn: &mut SqliteConnection, run: RunId, generation: Generation) -> Outcome<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM run WHERE id = ?1 AND generation = ?2 AND stage = 'running')";
    let ours: i64 = sqlx::query_scalar(sql).bind(run.to_bytes().to_vec()).bind(generation.0).fetch_one(conn).await?;
    Ok(ours != 0)
}

pub(super) async fn intend(
    conn: &mut SqliteConnection,
    run: RunId,
    generation: Generation,
    intent: Intent,
    progress: Progress,
) -> Outcome<bool> {
    if !ours(conn, run, generation).await? {
        return Ok(false);
    }
    // Asked for again: the same order, another time; when it was ordered stays. One that has a run already is not asked for.
    let sql = "INSERT INTO actor_run (id, run, number, stage, credential, actor, build, memory_mb, timeout_s, charge_cap, input,
            max_elements, state, job_now, job_max_items, progress, asked_at, ordered_at)
        VALUES (?1, ?2, ?3, 'intended', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
        ON CONFLICT (id) DO UPDATE SET stage = 'intended', asked_at = excluded.asked_at, credential = excluded.credential,
            actor = excluded.actor, build = excluded.build, memory_mb = excluded.memory_mb, timeout_s = excluded.timeout_s,
            charge_cap = excluded.charge_cap, input = excluded.input, max_elements = excluded.max_elements,
            state = excluded.state, job_now = excluded.job_now, job_max_items = excluded.job_max_items,
            progress = excluded.progress, troubles = 0
        WHERE actor_run.stage IN ('intended', 'void') AND actor_run.remote IS NULL";
    let order = intent.order;
    let done = sqlx::query(sql)
        .bind(order.intent.to_bytes().to_vec())
        .bind(run.to_bytes().to_vec())
        .bind(intent.number)
        .bind(order.credential.to_string())
        .bind(order.actor.to_string())
        .bind(order.build)
        .bind(order.memory_mb)
        .bind(signed(order.timeout.as_secs()))
        .bind(signed(order.charge_cap.micros()))
        .bind(order.input)
        .bind(intent.max_elements)
        .bind(intent.state)
        .bind(intent.job_now.as_millis())
        .bind(intent.job_max_items)
        .bind(json(&progress)?)
        .bind(intent.asked_at.as_millis())
        .bind(intent.ordered_at.as_millis())
        .execute(conn)
        .await?;
    if done.rows_affected() == 1 {
        return Ok(true);
    }
    let why = format!("intent {} has a run already; nothing is ordered twice", order.intent);
    Err(Trouble::Driver(sqlx::Error::Protocol(why)))
}

pub(super) async fn void(
    conn: &mut SqliteConnection,
    run: RunId,
    generation: Generation,
    intent: IntentId,
) -> Outcome<bool> {
    if !ours(conn, run, generation).await? {
        return Ok(false);
    }
    let sql = "UPDATE actor_run SET stage = 'void' WHERE id = ?1 AND run = ?2 AND stage = 'intended'";
    sqlx::query(sql).bind(intent.to_bytes().to_vec()).bind(run.to_bytes().to_vec()).execute(conn).await?;
    Ok(true)
}

/// The run is done with this one. Its cost is looked at when it is final.
pub(super) async fn end(conn: &mut SqliteConnection, run: RunId, ended: &IntentEnd, now: UtcMillis) -> Outcome<()> {
    let over = ended.status.is_some_and(|status| status.end().is_some());
    let look_at = if over { now.plus(limits::COST_FINAL) } else { now };
    let sql =
        "UPDATE actor_run SET stage = 'ended', status = coalesce(?3, status), cost = coalesce(?4, cost), elements = ?5,
            ended_at = ?6, look_at = ?7, remote = coalesce(remote, ?8)
        WHERE id = ?1 AND run = ?2 AND stage IN ('intended', 'started')";
    sqlx::query(sql)
        .bind(ended.intent.to_bytes().to_vec())
        .bind(run.to_bytes().to_vec())
        .bind(ended.status.map(RemoteStatus::word))
        .bind(ended.cost.map(|cost| signed(cost.micros())))
        .bind(ended.elements)
        .bind(now.as_millis())
        .bind(look_at.as_millis())
        .bind(ended.remote.as_ref().map(ToString::to_string))
        .execute(&mut *conn)
        .await?;
    refresh_cost(conn, run).await
}

/// The run is over: whatever it has not said it is done with (it was given up) is looked at.
pub(super) async fn end_all(conn: &mut SqliteConnection, run: RunId, now: UtcMillis) -> Outcome<()> {
    let sql = "UPDATE actor_run SET stage = 'ended', ended_at = ?2, look_at = ?2
        WHERE run = ?1 AND stage IN ('intended', 'started')";
    sqlx::query(sql).bind(run.to_bytes().to_vec()).bind(now.as_millis()).execute(conn).await?;
    Ok(())
}

/// The cost of a run as far as it is known.
async fn refresh_cost(conn: &mut SqliteConnection, run: RunId) -> Outcome<()> {
    let sql = "UPDATE run SET cost = coalesce((SELECT sum(cost) FROM actor_run WHERE run = ?1), 0) WHERE id = ?1";
    sqlx::query(sql).bind(run.to_bytes().to_vec()).execute(conn).await?;
    Ok(())
}

/// A run whose claim is given up while it is not known whether its actor run was started: it was being asked for until now,
/// and is not any more, because one daemon at a time has this file.
pub(super) async fn given_up(conn: &mut SqliteConnection, run: RunId, now: UtcMillis) -> Outcome<()> {
    let sql = "UPDATE actor_run SET asked_at = ?2 WHERE run = ?1 AND stage = 'intended'";
    let asked_at = now.minus(limits::ACTOR_ASK_TIMEOUT).as_millis();
    sqlx::query(sql).bind(run.to_bytes().to_vec()).bind(asked_at).execute(conn).await?;
    Ok(())
}

pub(super) async fn next_look(conn: &mut SqliteConnection) -> Outcome<Option<UtcMillis>> {
    let sql = "SELECT id, look_at FROM actor_run WHERE stage = 'ended' ORDER BY look_at LIMIT 1";
    let row = sqlx::query(sql).fetch_optional(conn).await?;
    Ok(row.map(|row| Cells::new(&row, "actor_run", "id").time("look_at")).transpose()?)
}

pub(super) async fn taken(conn: &mut SqliteConnection, order: Order, since: UtcMillis) -> Outcome<Vec<RemoteId>> {
    let sql = "SELECT id, remote FROM actor_run WHERE credential = ?1 AND actor = ?2 AND ordered_at >= ?3
        AND remote IS NOT NULL AND id <> ?4";
    let rows = sqlx::query(sql)
        .bind(order.credential.to_string())
        .bind(order.actor.to_string())
        .bind(since.as_millis())
        .bind(order.intent.to_bytes().to_vec())
        .fetch_all(conn)
        .await?;
    Ok(rows.iter().map(|row| parsed(&Cells::new(row, "actor_run", "id"), "remote")).collect::<Result<_, _>>()?)
}

pub(super) async fn unsettled(conn: &mut SqliteConnection, now: UtcMillis, limit: usize) -> Outcome<Vec<Unsettled>> {
    let sql = concat!(
        "SELECT ",
        order_columns!(),
        ", a.run, r.source, a.ordered_at, a.asked_at, a.ended_at, a.remote, a.status, a.cost, a.elements
        FROM actor_run a JOIN run r ON r.id = a.run WHERE a.stage = 'ended' AND a.look_at <= ?1
        ORDER BY a.look_at, a.id LIMIT ?2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query(sql).bind(now.as_millis()).bind(limit).fetch_all(conn).await?;
    let mut unsettled = Vec::with_capacity(rows.len());
    for row in &rows {
        unsettled.push(read_unsettled(row)?);
    }
    Ok(unsettled)
}

pub(super) async fn looked(conn: &mut SqliteConnection, intent: IntentId, looked: Looked) -> Outcome<Option<MicroUsd>> {
    let id = intent.to_bytes().to_vec();
    let (status, cost) = match looked {
        Looked::Later { at, seen } => {
            let sql = "UPDATE actor_run SET look_at = ?2, remote = coalesce(remote, ?3), status = coalesce(?4, status)
                WHERE id = ?1 AND stage = 'ended'";
            let (remote, status) = seen.map(|(remote, status)| (remote.to_string(), status.word())).unzip();
            sqlx::query(sql).bind(id).bind(at.as_millis()).bind(remote).bind(status).execute(conn).await?;
            return Ok(None);
        }
        Looked::Final { status, cost } => (status, cost),
    };
    let sql = "UPDATE actor_run SET stage = 'settled', cost = ?2, status = coalesce(?3, status), look_at = NULL
        WHERE id = ?1 AND stage = 'ended' RETURNING id, run";
    let row = sqlx::query(sql)
        .bind(id)
        .bind(signed(cost.micros()))
        .bind(status.map(RemoteStatus::word))
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = &row else { return Ok(None) };
    let run: RunId = Cells::new(row, "actor_run", "id").id("run")?;
    refresh_cost(conn, run).await?;
    if !ledger::settle_money(conn, run).await? {
        return Ok(None);
    }
    let total: i64 =
        sqlx::query_scalar("SELECT cost FROM run WHERE id = ?1").bind(run.to_bytes().to_vec()).fetch_one(conn).await?;
    Ok(Some(MicroUsd::new(u64::try_from(total).unwrap_or(0))))
}

pub(super) async fn of_run(conn: &mut SqliteConnection, run: RunId) -> Outcome<Vec<ActorRunRow>> {
    let sql =
        "SELECT id, stage, actor, build, credential, charge_cap, remote, status, cost, elements, asked_at, ended_at
        FROM actor_run WHERE run = ?1 ORDER BY number";
    let rows = sqlx::query(sql).bind(run.to_bytes().to_vec()).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| audit(row)).collect::<Result<_, _>>()?)
}
