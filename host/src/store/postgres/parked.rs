//! Runs that are put away until their actor run has ended.
//!
//! Owns: the change of a run from running to waiting and back. Must not know: what it waits for on the platform. A waiting
//! run has no lease: nobody speaks for it, and whoever claims it next goes on with it. Changes of many waiting runs take their
//! rows in the order of their ids; what somebody else holds is passed over where it will come again.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tidegate_core::claim::{Claim, Generation};
use tidegate_core::id::{CredentialName, DaemonId, IntentKind, RunId};
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{IntentStage, Park, Resume};
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use super::actor_run::ours;
use super::cell::{Uid, column, limit, uids};
use crate::ports::{CostRow, StoreError, Waiting};
use crate::store::rows::Cells;
use crate::store::rows::actor_run::{self, intent_columns, parsed};
use crate::store::rows::source::{Row, json, source_columns};
use crate::store::trouble::Outcome;

pub(super) async fn park(conn: &mut PgConnection, run: RunId, generation: Generation, park: Park) -> Outcome<bool> {
    if !ours(conn, run, generation).await? {
        return Ok(false);
    }
    let Park { intent, progress, wake_at } = park;
    let (remote, dataset, at, aborted) = match &intent.stage {
        IntentStage::Intended => (None, None, None, false),
        IntentStage::Started { remote, dataset, at, aborted } => {
            (Some(remote.to_string()), Some(dataset.to_string()), Some(at.as_millis()), *aborted)
        }
    };
    let sql = "UPDATE actor_run SET stage = CASE WHEN $3::text IS NULL THEN 'intended' ELSE 'started' END, remote = $3,
            dataset = $4, started_at = $5, aborted = $6, troubles = $7, progress = $8, asked_at = $9
        WHERE id = $1 AND run = $2 AND stage IN ('intended', 'started')";
    sqlx::query(sql)
        .bind(Uid::from(intent.order.intent))
        .bind(Uid::from(run))
        .bind(remote)
        .bind(dataset)
        .bind(at)
        .bind(aborted)
        .bind(i64::from(intent.troubles))
        .bind(json(&progress)?)
        .bind(intent.asked_at.as_millis())
        .execute(&mut *conn)
        .await?;
    let sql = "UPDATE run SET stage = 'waiting', wake_at = $2, daemon = NULL, lease_until = NULL WHERE id = $1";
    sqlx::query(sql).bind(Uid::from(run)).bind(wake_at.as_millis()).execute(conn).await?;
    Ok(true)
}

pub(super) async fn waiting(conn: &mut PgConnection, most: usize) -> Outcome<Vec<Waiting>> {
    let sql = "SELECT r.id, a.credential, a.remote, a.started_at FROM run r JOIN actor_run a ON a.run = r.id
        WHERE r.stage = 'waiting' AND a.stage = 'started' AND a.troubles = 0
        ORDER BY r.wake_at, r.id LIMIT $1";
    let rows = sqlx::query(sql).bind(limit(most)).fetch_all(conn).await?;
    let mut waiting = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::new(row, "actor_run", "id");
        waiting.push(Waiting {
            run: cells.id("id")?,
            credential: cells.name("credential")?,
            remote: parsed(&cells, "remote")?,
            at: cells.time("started_at")?,
        });
    }
    Ok(waiting)
}

pub(super) async fn wake(conn: &mut PgConnection, runs: Vec<RunId>, now: UtcMillis) -> Outcome<()> {
    let sql = "UPDATE run SET wake_at = least(wake_at, $1) WHERE id IN
        (SELECT id FROM run WHERE id = ANY($2) AND stage = 'waiting' ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
        AND stage = 'waiting'";
    sqlx::query(sql).bind(now.as_millis()).bind(uids(runs)).execute(conn).await?;
    Ok(())
}

pub(super) async fn next_wake(conn: &mut PgConnection) -> Outcome<Option<UtcMillis>> {
    let sql = "SELECT id, wake_at FROM run WHERE stage = 'waiting' ORDER BY wake_at LIMIT 1";
    let row = sqlx::query(sql).fetch_optional(conn).await?;
    Ok(row.map(|row| Cells::new(&row, "run", "id").time("wake_at")).transpose()?)
}

pub(super) async fn claim(
    conn: &mut PgConnection,
    daemon: DaemonId,
    lease_until: UtcMillis,
    now: UtcMillis,
    most: usize,
) -> Outcome<Vec<Claim>> {
    // The source is held, as for every change of a run; what is read of it is read after that.
    let hold = "SELECT r.id FROM run r JOIN source s ON s.id = r.source WHERE r.stage = 'waiting' AND r.wake_at <= $1
        ORDER BY r.wake_at, r.id LIMIT $2 FOR NO KEY UPDATE OF s, r SKIP LOCKED";
    let rows = sqlx::query(hold).bind(now.as_millis()).bind(limit(most)).fetch_all(&mut *conn).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut held: Vec<RunId> = Vec::with_capacity(rows.len());
    for row in &rows {
        held.push(Cells::new(row, "run", "id").id("id")?);
    }
    let sql = concat!(
        "SELECT ",
        source_columns!(),
        ", r.id AS run, r.trigger, r.attempt, r.items_new, r.cost_estimate, a.id AS intent, a.credential, a.actor, a.build,
        a.memory_mb, a.timeout_s, a.charge_cap, a.input, ",
        intent_columns!(),
        " FROM run r JOIN source s ON s.id = r.source
        LEFT JOIN actor_run a ON a.run = r.id AND a.stage IN ('intended', 'started')
        WHERE r.id = ANY($1) AND r.stage = 'waiting' AND r.wake_at <= $2 ORDER BY r.wake_at, r.id"
    );
    let rows = sqlx::query(sql).bind(uids(held)).bind(now.as_millis()).fetch_all(&mut *conn).await?;
    let claims = rows.iter().map(|row| resumed(row, lease_until)).collect::<Result<Vec<_>, _>>()?;
    let sql =
        "UPDATE run r SET stage = 'running', wake_at = NULL, generation = j.generation, daemon = $3, lease_until = $4
        FROM unnest($1::uuid[], $2::bigint[]) AS j(id, generation) WHERE r.id = j.id";
    let generations = column(&claims, |claim| claim.generation.0);
    sqlx::query(sql)
        .bind(column(&claims, |claim| Uid::from(claim.run)))
        .bind(generations.clone())
        .bind(Uid::from(daemon))
        .bind(lease_until.as_millis())
        .execute(&mut *conn)
        .await?;
    let sql = "UPDATE source s SET generation = j.generation
        FROM unnest($1::uuid[], $2::bigint[]) AS j(id, generation) WHERE s.id = j.id";
    sqlx::query(sql).bind(column(&claims, |claim| Uid::from(claim.source.id))).bind(generations).execute(conn).await?;
    Ok(claims)
}

/// The claim of a run that goes on.
fn resumed(row: &PgRow, lease_until: UtcMillis) -> Result<Claim, StoreError> {
    let found = Row::read(row)?;
    let cells = Cells::new(row, "actor_run", "intent");
    let resume = match cells.opt_id::<IntentKind>("intent")? {
        None => None,
        Some(_) => {
            let (intent, progress) = (actor_run::intent(&cells, "intent")?, actor_run::progress(&cells)?);
            Some(Box::new(Resume { intent, progress }))
        }
    };
    Ok(Claim {
        run: cells.id("run")?,
        generation: Generation(found.generation.saturating_add(1)),
        source: found.source,
        trigger: cells.word("trigger", Trigger::from_word)?,
        attempt: cells.count("attempt")?,
        items_before: cells.count("items_new")?,
        reserved: MicroUsd::new(cells.count("cost_estimate")?),
        resume,
        lease_until,
    })
}

pub(super) async fn under_way(conn: &mut PgConnection) -> Outcome<BTreeMap<CredentialName, u32>> {
    let sql = "SELECT credential, count(*) AS runs FROM run
        WHERE stage IN ('running', 'waiting') AND credential IS NOT NULL GROUP BY credential";
    let mut under_way = BTreeMap::new();
    for row in &sqlx::query(sql).fetch_all(conn).await? {
        let cells = Cells::new(row, "run", "credential");
        under_way.insert(cells.name("credential")?, cells.count("runs")?);
    }
    Ok(under_way)
}

pub(super) async fn costs(conn: &mut PgConnection, since: UtcMillis) -> Outcome<Vec<CostRow>> {
    let sql = "SELECT s.tenant, s.profile, count(*) AS runs, sum(r.cost)::bigint AS cost
        FROM run r JOIN source s ON s.id = r.source
        WHERE r.stage = 'ended' AND r.credential IS NOT NULL AND r.ended_at >= $1
        AND NOT EXISTS (SELECT 1 FROM actor_run a WHERE a.run = r.id AND a.stage = 'ended')
        GROUP BY s.tenant, s.profile ORDER BY s.tenant, s.profile";
    let rows = sqlx::query(sql).bind(since.as_millis()).fetch_all(conn).await?;
    let mut costs = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::new(row, "run", "profile");
        costs.push(CostRow {
            tenant: cells.name("tenant")?,
            profile: cells.name("profile")?,
            runs: cells.count("runs")?,
            cost: MicroUsd::new(cells.count("cost")?),
        });
    }
    Ok(costs)
}
