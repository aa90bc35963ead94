//! Runs that are put away until their actor run has ended.
//!
//! Owns: the change of a run from running to waiting and back. Must not know: what it waits for on the platform. A waiting
//! run has no lease: nobody speaks for it, and whoever claims it next goes on with it.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use tidegate_core::claim::{Claim, Generation};
use tidegate_core::id::{CredentialName, DaemonId, RunId};
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{IntentStage, Park, Resume};
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use super::actor_run::ours;
use crate::ports::{CostRow, Waiting};
use crate::store::rows::Cells;
use crate::store::rows::actor_run::{self, intent_columns, parsed};
use crate::store::rows::source::{Row, json, source_columns};
use crate::store::trouble::Outcome;

pub(super) async fn park(conn: &mut SqliteConnection, run: RunId, generation: Generation, park: Park) -> Outcome<bool> {
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
    let sql = "UPDATE actor_run SET stage = CASE WHEN ?3 IS NULL THEN 'intended' ELSE 'started' END, remote = ?3, dataset = ?4,
            started_at = ?5, aborted = ?6, troubles = ?7, progress = ?8, asked_at = ?9
            WHERE id = ?1 AND run = ?2 AND stage IN ('intended', 'started');
        UPDATE run SET stage = 'waiting', wake_at = ?10, daemon = NULL, lease_until = NULL WHERE id = ?2";
    sqlx::query(sql)
        .bind(intent.order.intent.to_bytes().to_vec())
        .bind(run.to_bytes().to_vec())
        .bind(remote)
        .bind(dataset)
        .bind(at)
        .bind(i64::from(aborted))
        .bind(intent.troubles)
        .bind(json(&progress)?)
        .bind(intent.asked_at.as_millis())
        .bind(wake_at.as_millis())
        .execute(conn)
        .await?;
    Ok(true)
}

pub(super) async fn waiting(conn: &mut SqliteConnection, limit: usize) -> Outcome<Vec<Waiting>> {
    let sql = "SELECT r.id, a.credential, a.remote, a.started_at FROM run r JOIN actor_run a ON a.run = r.id
        WHERE r.stage = 'waiting' AND a.stage = 'started' AND a.troubles = 0
        ORDER BY r.wake_at, r.id LIMIT ?1";
    let rows = sqlx::query(sql).bind(i64::try_from(limit).unwrap_or(i64::MAX)).fetch_all(conn).await?;
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

pub(super) async fn wake(conn: &mut SqliteConnection, runs: Vec<RunId>, now: UtcMillis) -> Outcome<()> {
    let runs: Vec<_> = runs.into_iter().map(|run| format!("{:032x}", run.bits())).collect();
    let sql = "UPDATE run SET wake_at = min(wake_at, ?1) WHERE stage = 'waiting'
        AND id IN (SELECT unhex(value) FROM json_each(?2))";
    sqlx::query(sql).bind(now.as_millis()).bind(json(&runs)?).execute(conn).await?;
    Ok(())
}

pub(super) async fn next_wake(conn: &mut SqliteConnection) -> Outcome<Option<UtcMillis>> {
    let sql = "SELECT id, wake_at FROM run WHERE stage = 'waiting' ORDER BY wake_at LIMIT 1";
    let row = sqlx::query(sql).fetch_optional(conn).await?;
    Ok(row.map(|row| Cells::new(&row, "run", "id").time("wake_at")).transpose()?)
}

pub(super) async fn claim(
    conn: &mut SqliteConnection,
    daemon: DaemonId,
    lease_until: UtcMillis,
    now: UtcMillis,
    limit: usize,
) -> Outcome<Vec<Claim>> {
    let sql = concat!(
        "SELECT ",
        source_columns!(),
        ", r.id AS run, r.trigger, r.attempt, r.items_new, r.cost_estimate, a.id AS intent, a.credential, a.actor, a.build,
        a.memory_mb, a.timeout_s, a.charge_cap, a.input, ",
        intent_columns!(),
        " FROM run r JOIN source s ON s.id = r.source
        LEFT JOIN actor_run a ON a.run = r.id AND a.stage IN ('intended', 'started')
        WHERE r.stage = 'waiting' AND r.wake_at <= ?1 ORDER BY r.wake_at, r.id LIMIT ?2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query(sql).bind(now.as_millis()).bind(limit).fetch_all(&mut *conn).await?;
    let mut claims = Vec::with_capacity(rows.len());
    let mut made = Vec::with_capacity(rows.len());
    for row in &rows {
        let found = Row::read(row)?;
        let cells = Cells::new(row, "actor_run", "intent");
        let resume = match cells.opt_id::<tidegate_core::id::IntentKind>("intent")? {
            None => None,
            Some(_) => {
                let (intent, progress) = (actor_run::intent(&cells, "intent")?, actor_run::progress(&cells)?);
                Some(Box::new(Resume { intent, progress }))
            }
        };
        let run: RunId = cells.id("run")?;
        let generation = found.generation.saturating_add(1);
        made.push((format!("{:032x}", run.bits()), format!("{:032x}", found.source.id.bits()), generation));
        claims.push(Claim {
            run,
            source: found.source,
            generation: Generation(generation),
            trigger: cells.word("trigger", Trigger::from_word)?,
            attempt: cells.count("attempt")?,
            items_before: cells.count("items_new")?,
            reserved: MicroUsd::new(cells.count("cost_estimate")?),
            resume,
            lease_until,
        });
    }
    if made.is_empty() {
        return Ok(claims);
    }
    let sql =
        "UPDATE run SET stage = 'running', wake_at = NULL, generation = j.value ->> 2, daemon = ?2, lease_until = ?3
            FROM json_each(?1) j WHERE run.id = unhex(j.value ->> 0);
        UPDATE source SET generation = j.value ->> 2 FROM json_each(?1) j WHERE source.id = unhex(j.value ->> 1)";
    sqlx::query(sql)
        .bind(json(&made)?)
        .bind(daemon.to_bytes().to_vec())
        .bind(lease_until.as_millis())
        .execute(conn)
        .await?;
    Ok(claims)
}

pub(super) async fn under_way(conn: &mut SqliteConnection) -> Outcome<BTreeMap<CredentialName, u32>> {
    let sql = "SELECT credential, count(*) AS runs FROM run
        WHERE stage IN ('running', 'waiting') AND credential IS NOT NULL GROUP BY credential";
    let mut under_way = BTreeMap::new();
    for row in &sqlx::query(sql).fetch_all(conn).await? {
        let cells = Cells::new(row, "run", "credential");
        under_way.insert(cells.name("credential")?, cells.count("runs")?);
    }
    Ok(under_way)
}

pub(super) async fn costs(conn: &mut SqliteConnection, since: UtcMillis) -> Outcome<Vec<CostRow>> {
    let sql =
        "SELECT s.tenant, s.profile, count(*) AS runs, sum(r.cost) AS cost FROM run r JOIN source s ON s.id = r.source
        WHERE r.stage = 'ended' AND r.credential IS NOT NULL AND r.ended_at >= ?1
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
