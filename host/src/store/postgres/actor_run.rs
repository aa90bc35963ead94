//! Rows of `actor_run`: intents, and what became of them.
//!
//! Owns: writing an [`Intent`] down, and the changes of its stage. Must not know: what a change means (the machine) or how the
//! platform is asked. What is done with runs that are put away stands in `parked`.

use sqlx::PgConnection;
use tidegate_core::actor::{Order, RemoteId, RemoteStatus};
use tidegate_core::claim::Generation;
use tidegate_core::id::{IntentId, RunId};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Intent, IntentEnd, Progress};
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, clean, limit};
use super::{ledger, source};
use crate::ports::{ActorRunRow, Looked, Unsettled};
use crate::store::rows::Cells;
use crate::store::rows::actor_run::{audit, order_columns, parsed, unsettled as read_unsettled};
use crate::store::rows::ledger::signed;
use crate::store::rows::source::json;
use crate::store::trouble::{Outcome, Trouble};

/// Takes the lock on the run's source, and tells whether the run is the caller's.
pub(super) async fn ours(conn: &mut PgConnection, run: RunId, generation: Generation) -> Outcome<bool> {
    source::lock_of_run(conn, run).await?;
    let sql = "SELECT EXISTS (SELECT 1 FROM run WHERE id = $1 AND generation = $2 AND stage = 'running')";
    Ok(sqlx::query_scalar(sql).bind(Uid::from(run)).bind(generation.0).fetch_one(conn).await?)
}

pub(super) async fn intend(
    conn: &mut PgConnection,
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
        VALUES ($1, $2, $3, 'intended', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        ON CONFLICT (id) DO UPDATE SET stage = 'intended', asked_at = excluded.asked_at, credential = excluded.credential,
            actor = excluded.actor, build = excluded.build, memory_mb = excluded.memory_mb, timeout_s = excluded.timeout_s,
            charge_cap = excluded.charge_cap, input = excluded.input, max_elements = excluded.max_elements,
            state = excluded.state, job_now = excluded.job_now, job_max_items = excluded.job_max_items,
            progress = excluded.progress, troubles = 0
        WHERE actor_run.stage IN ('intended', 'void') AND actor_run.remote IS NULL";
    let order = intent.order;
    let done = sqlx::query(sql)
        .bind(Uid::from(order.intent))
        .bind(Uid::from(run))
        .bind(i64::from(intent.number))
        .bind(order.credential.as_str())
        .bind(order.actor.to_string())
        .bind(clean(&order.build))
        .bind(order.memory_mb.map(i64::from))
        .bind(signed(order.timeout.as_secs()))
        .bind(signed(order.charge_cap.micros()))
        .bind(clean(&order.input))
        .bind(i64::from(intent.max_elements))
        .bind(intent.state.as_deref().map(clean))
        .bind(intent.job_now.as_millis())
        .bind(i64::from(intent.job_max_items))
        .bind(json(&progress)?)
        .bind(intent.asked_at.as_millis())
        .bind(intent.ordered_at.as_millis())
        .execute(conn)
        .await?;
    if done.rows_affected() == 1 {
        return Ok(true);
    }
    let why = format!("intent {} has a run already; nothing is ordered twice", order.intent);
    Err(Trouble::Driver(sqlx::Error::Encode(why.into())))
}

pub(super) async fn void(
    conn: &mut PgConnection,
    run: RunId,
    generation: Generation,
    intent: IntentId,
) -> Outcome<bool> {
    if !ours(conn, run, generation).await? {
        return Ok(false);
    }
    let sql = "UPDATE actor_run SET stage = 'void' WHERE id = $1 AND run = $2 AND stage = 'intended'";
    sqlx::query(sql).bind(Uid::from(intent)).bind(Uid::from(run)).execute(conn).await?;
    Ok(true)
}

/// The run is done with this one. Its cost is looked at when it is final.
pub(super) async fn end(conn: &mut PgConnection, run: RunId, ended: &IntentEnd, now: UtcMillis) -> Outcome<()> {
    let over = ended.status.is_some_and(|status| status.end().is_some());
    let look_at = if over { now.plus(limits::COST_FINAL) } else { now };
    let sql =
        "UPDATE actor_run SET stage = 'ended', status = coalesce($3, status), cost = coalesce($4, cost), elements = $5,
            ended_at = $6, look_at = $7, remote = coalesce(remote, $8)
        WHERE id = $1 AND run = $2 AND stage IN ('intended', 'started')";
    sqlx::query(sql)
        .bind(Uid::from(ended.intent))
        .bind(Uid::from(run))
        .bind(ended.status.map(RemoteStatus::word))
        .bind(ended.cost.map(|cost| signed(cost.micros())))
        .bind(i64::from(ended.elements))
        .bind(now.as_millis())
        .bind(look_at.as_millis())
        .bind(ended.remote.as_ref().map(ToString::to_string))
        .execute(&mut *conn)
        .await?;
    refresh_cost(conn, run).await
}

/// The run is over: whatever it has not said it is done with (it was given up) is looked at.
pub(super) async fn end_all(conn: &mut PgConnection, run: RunId, now: UtcMillis) -> Outcome<()> {
    let sql = "UPDATE actor_run SET stage = 'ended', ended_at = $2, look_at = $2
        WHERE run = $1 AND stage IN ('intended', 'started')";
    sqlx::query(sql).bind(Uid::from(run)).bind(now.as_millis()).execute(conn).await?;
    Ok(())
}

/// The cost of a run as far as it is known.
async fn refresh_cost(conn: &mut PgConnection, run: RunId) -> Outcome<()> {
    let sql =
        "UPDATE run SET cost = coalesce((SELECT sum(cost)::bigint FROM actor_run WHERE run = $1), 0) WHERE id = $1";
    sqlx::query(sql).bind(Uid::from(run)).execute(conn).await?;
    Ok(())
}

/// A run whose claim is given up while it is not known whether its actor run was started: whoever had it may have asked for it
/// until now, and may have been cut off rather than have died.
pub(super) async fn given_up(conn: &mut PgConnection, run: RunId, now: UtcMillis) -> Outcome<()> {
    let sql = "UPDATE actor_run SET asked_at = greatest(asked_at, $2) WHERE run = $1 AND stage = 'intended'";
    let asked_at = now.minus(limits::ACTOR_ASK_TIMEOUT).as_millis();
    sqlx::query(sql).bind(Uid::from(run)).bind(asked_at).execute(conn).await?;
    Ok(())
}

pub(super) async fn next_look(conn: &mut PgConnection) -> Outcome<Option<UtcMillis>> {
    let sql = "SELECT id, look_at FROM actor_run WHERE stage = 'ended' ORDER BY look_at LIMIT 1";
    let row = sqlx::query(sql).fetch_optional(conn).await?;
    Ok(row.map(|row| Cells::new(&row, "actor_run", "id").time("look_at")).transpose()?)
}

pub(super) async fn taken(conn: &mut PgConnection, order: Order, since: UtcMillis) -> Outcome<Vec<RemoteId>> {
    let sql = "SELECT id, remote FROM actor_run WHERE credential = $1 AND actor = $2 AND ordered_at >= $3
        AND remote IS NOT NULL AND id <> $4";
    let rows = sqlx::query(sql)
        .bind(order.credential.as_str())
        .bind(order.actor.to_string())
        .bind(since.as_millis())
        .bind(Uid::from(order.intent))
        .fetch_all(conn)
        .await?;
    Ok(rows.iter().map(|row| parsed(&Cells::new(row, "actor_run", "id"), "remote")).collect::<Result<_, _>>()?)
}

pub(super) async fn unsettled(conn: &mut PgConnection, now: UtcMillis, most: usize) -> Outcome<Vec<Unsettled>> {
    let sql = concat!(
        "SELECT ",
        order_columns!(),
        ", a.run, r.source, a.ordered_at, a.asked_at, a.ended_at, a.remote, a.status, a.cost, a.elements
        FROM actor_run a JOIN run r ON r.id = a.run WHERE a.stage = 'ended' AND a.look_at <= $1
        ORDER BY a.look_at, a.id LIMIT $2"
    );
    let rows = sqlx::query(sql).bind(now.as_millis()).bind(limit(most)).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| read_unsettled(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn looked(conn: &mut PgConnection, intent: IntentId, looked: Looked) -> Outcome<Option<MicroUsd>> {
    let lock = "SELECT 1 FROM source WHERE id =
        (SELECT r.source FROM actor_run a JOIN run r ON r.id = a.run WHERE a.id = $1) FOR NO KEY UPDATE";
    sqlx::query(lock).bind(Uid::from(intent)).execute(&mut *conn).await?;
    let (status, cost) = match looked {
        Looked::Later { at, seen } => {
            let sql = "UPDATE actor_run SET look_at = $2, remote = coalesce(remote, $3), status = coalesce($4, status)
                WHERE id = $1 AND stage = 'ended'";
            let (remote, status) = seen.map(|(remote, status)| (remote.to_string(), status.word())).unzip();
            sqlx::query(sql)
                .bind(Uid::from(intent))
                .bind(at.as_millis())
                .bind(remote)
                .bind(status)
                .execute(conn)
                .await?;
            return Ok(None);
        }
        Looked::Final { status, cost } => (status, cost),
    };
    let sql = "UPDATE actor_run SET stage = 'settled', cost = $2, status = coalesce($3, status), look_at = NULL
        WHERE id = $1 AND stage = 'ended' RETURNING id, run";
    let row = sqlx::query(sql)
        .bind(Uid::from(intent))
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
        sqlx::query_scalar("SELECT cost FROM run WHERE id = $1").bind(Uid::from(run)).fetch_one(conn).await?;
    Ok(Some(MicroUsd::new(u64::try_from(total).unwrap_or(0))))
}

pub(super) async fn of_run(conn: &mut PgConnection, run: RunId) -> Outcome<Vec<ActorRunRow>> {
    let sql =
        "SELECT id, stage, actor, build, credential, charge_cap, remote, status, cost, elements, asked_at, ended_at
        FROM actor_run WHERE run = $1 ORDER BY number";
    let rows = sqlx::query(sql).bind(Uid::from(run)).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| audit(row)).collect::<Result<_, _>>()?)
}
