//! Claims: made, prolonged, given up, found stuck.
//!
//! Owns: the change of a run from queued (or nothing) to running and back, with its reservations and its source's
//! generation. Must not know: how a run ends well (`commit`). All claims of one call are decided on what was read while their
//! sources and windows were held, then written with one statement for each table. A source that somebody else holds is
//! passed over: whoever holds it is claiming or changing it.

use std::collections::HashSet;

use sqlx::PgConnection;
use tidegate_core::claim::{Claim, ClaimRequest, Generation, NotClaimed};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, column, limit, uids};
use super::ledger::{self, Balances};
use super::{actor_run, rate, source};
use crate::ports::Stuck;
use crate::store::rows::Cells;
use crate::store::rows::claim::{Known, decide, queued, stuck as read_stuck};
use crate::store::rows::ledger::signed;
use crate::store::rows::source::source_columns;
use crate::store::trouble::Outcome;

pub(super) async fn claim(
    conn: &mut PgConnection,
    requests: Vec<ClaimRequest>,
    now: UtcMillis,
) -> Outcome<Vec<Result<Claim, NotClaimed>>> {
    let mut known = load(conn, &requests).await?;
    // Who may be claimed at all: only their windows are held.
    let mut may = Vec::with_capacity(requests.len());
    for request in &requests {
        let claim = decide(&mut known, request);
        may.push(claim);
    }
    let wanted = requests.iter().zip(&may).filter(|(_, claim)| claim.is_some()).flat_map(|(r, _)| &r.reservations);
    let held = requests.iter().zip(&may).filter(|(_, claim)| claim.is_some()).flat_map(|(r, _)| &r.rates);
    let mut line = rate::hold(conn, held, now).await?;
    let mut balances = Balances::hold(conn, wanted).await?;
    let mut answers = Vec::with_capacity(requests.len());
    let mut taken = HashSet::new();
    for (request, claim) in requests.iter().zip(may) {
        let answer = match claim.filter(|_| !taken.contains(&request.source)) {
            None => Err(NotClaimed::Taken),
            Some(claim) => match line.ask(&request.rates, now) {
                Err(refused) => Err(NotClaimed::Rate(refused)),
                Ok(()) => match balances.reserve(&request.reservations) {
                    Err((reservation, balance)) => Err(NotClaimed::Budget { reservation, balance }),
                    Ok(()) => {
                        line.take(&request.rates, now);
                        taken.insert(request.source);
                        Ok(claim)
                    }
                },
            },
        };
        answers.push(answer);
    }
    rate::write(conn, &line, now).await?;
    let made: Vec<_> = requests.iter().zip(&answers).filter_map(|(r, a)| Some((r, a.as_ref().ok()?))).collect();
    if !made.is_empty() {
        write(conn, &made, now).await?;
        balances.write(conn).await?;
    }
    Ok(answers)
}

/// What is known of the sources that nobody else holds.
async fn load(conn: &mut PgConnection, requests: &[ClaimRequest]) -> Outcome<Known> {
    let ids: HashSet<_> = requests.iter().map(|request| request.source).collect();
    let sql = "SELECT id FROM source WHERE id = ANY($1) AND state = 'active' ORDER BY id
        FOR NO KEY UPDATE SKIP LOCKED";
    let mut held: Vec<SourceId> = Vec::with_capacity(ids.len());
    for row in &sqlx::query(sql).bind(uids(ids)).fetch_all(&mut *conn).await? {
        held.push(Cells::new(row, "source", "id").id("id")?);
    }
    let mut known = Known::default();
    if held.is_empty() {
        return Ok(known);
    }
    let sql = concat!(
        "SELECT ",
        source_columns!(),
        ", EXISTS (SELECT 1 FROM run b WHERE b.source = s.id AND b.trigger = 'bootstrap') AS bootstrapped
        FROM source s WHERE s.id = ANY($1)"
    );
    for row in &sqlx::query(sql).bind(uids(held.iter().copied())).fetch_all(&mut *conn).await? {
        known.add(row)?;
    }
    let runs: HashSet<_> = requests.iter().filter(|request| request.queued).map(|request| request.run).collect();
    if !runs.is_empty() {
        let sql = "SELECT id, source, trigger, attempt, items_new FROM run WHERE stage = 'queued' AND id = ANY($1)";
        for row in &sqlx::query(sql).bind(uids(runs)).fetch_all(conn).await? {
            let (id, queued) = queued(row)?;
            known.queued.insert(id, queued);
        }
    }
    Ok(known)
}

async fn write(conn: &mut PgConnection, made: &[(&ClaimRequest, &Claim)], now: UtcMillis) -> Outcome<()> {
    let (queued, new): (Vec<_>, Vec<_>) = made.iter().copied().partition(|(request, _)| request.queued);
    let insert = "INSERT INTO run (id, source, trigger, stage, attempt, generation, daemon, lease_until, created_at,
            started_at, credential, cost_estimate)
        SELECT j.id, j.source, j.trigger, 'running', j.attempt, j.generation, j.daemon, j.lease_until, $10, $10,
            j.credential, j.cost_estimate
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::bigint[], $6::text[], $7::bigint[],
            $8::uuid[], $9::text[]) AS j(id, attempt, generation, daemon, lease_until, credential, cost_estimate, source,
            trigger)";
    let update = "UPDATE run r SET stage = 'running', not_before = NULL, started_at = $8, generation = j.generation,
            daemon = j.daemon, lease_until = j.lease_until, attempt = j.attempt, credential = j.credential,
            cost_estimate = j.cost_estimate
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::bigint[], $6::text[], $7::bigint[])
            AS j(id, attempt, generation, daemon, lease_until, credential, cost_estimate) WHERE r.id = j.id";
    for (sql, made, is_new) in [(insert, new, true), (update, queued, false)] {
        if made.is_empty() {
            continue;
        }
        let mut query = sqlx::query(sql)
            .bind(column(&made, |(_, claim)| Uid::from(claim.run)))
            .bind(column(&made, |(_, claim)| i64::from(claim.attempt)))
            .bind(column(&made, |(_, claim)| claim.generation.0))
            .bind(column(&made, |(request, _)| Uid::from(request.daemon)))
            .bind(column(&made, |(_, claim)| claim.lease_until.as_millis()))
            .bind(column(&made, |(request, _)| request.credential.as_ref().map(|name| name.as_str())))
            .bind(column(&made, |(request, _)| signed(request.reserved.micros())));
        if is_new {
            query = query
                .bind(column(&made, |(request, _)| Uid::from(request.source)))
                .bind(column(&made, |(_, claim)| claim.trigger.word()));
        }
        query.bind(now.as_millis()).execute(&mut *conn).await?;
    }
    use_up(conn, made).await?;
    reserve(conn, made).await
}

/// What was due is used up: a source is not made due by the run that it now has.
async fn use_up(conn: &mut PgConnection, made: &[(&ClaimRequest, &Claim)]) -> Outcome<()> {
    let sql = "UPDATE source s SET generation = j.generation, due_at = NULL, parked = false, skipped_at = NULL,
            skip_detail = NULL, next_at = CASE WHEN j.queued THEN s.next_at END,
            next_trigger = CASE WHEN j.queued THEN s.next_trigger END
        FROM unnest($1::uuid[], $2::bigint[], $3::boolean[]) AS j(id, generation, queued) WHERE s.id = j.id";
    sqlx::query(sql)
        .bind(column(made, |(request, _)| Uid::from(request.source)))
        .bind(column(made, |(_, claim)| claim.generation.0))
        .bind(column(made, |(request, _)| request.queued))
        .execute(conn)
        .await?;
    Ok(())
}

async fn reserve(conn: &mut PgConnection, made: &[(&ClaimRequest, &Claim)]) -> Outcome<()> {
    let reserved: Vec<_> =
        made.iter().flat_map(|(r, claim)| r.reservations.iter().map(|one| (claim.run, one))).collect();
    if reserved.is_empty() {
        return Ok(());
    }
    // The same window twice in one request is one row.
    let sql = "INSERT INTO reservation AS v (run, start, scope, measure, amount)
        SELECT j.run, j.start, j.scope, j.measure, sum(j.amount)::bigint
        FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[]) AS j(run, start, scope, measure, amount)
        GROUP BY j.run, j.start, j.scope, j.measure
        ON CONFLICT (run, start, scope, measure) DO UPDATE SET amount = v.amount + excluded.amount";
    sqlx::query(sql)
        .bind(column(&reserved, |(run, _)| Uid::from(*run)))
        .bind(column(&reserved, |(_, one)| one.window.start.as_millis()))
        .bind(column(&reserved, |(_, one)| one.window.scope.key()))
        .bind(column(&reserved, |(_, one)| one.window.measure.word()))
        .bind(column(&reserved, |(_, one)| signed(one.amount)))
        .execute(conn)
        .await?;
    Ok(())
}

/// A run whose row is held just now (it commits, say) keeps its lease as it is until the next beat.
pub(super) async fn heartbeat(
    conn: &mut PgConnection,
    runs: Vec<(RunId, Generation)>,
    lease_until: UtcMillis,
) -> Outcome<Vec<RunId>> {
    let (ids, generations) = (column(&runs, |(run, _)| Uid::from(*run)), column(&runs, |(_, g)| g.0));
    let sql = "UPDATE run SET lease_until = $3 WHERE id IN
        (SELECT r.id FROM run r JOIN unnest($1::uuid[], $2::bigint[]) AS j(id, generation)
            ON r.id = j.id AND r.generation = j.generation WHERE r.stage = 'running' FOR NO KEY UPDATE OF r SKIP LOCKED)";
    sqlx::query(sql)
        .bind(ids.clone())
        .bind(generations.clone())
        .bind(lease_until.as_millis())
        .execute(&mut *conn)
        .await?;
    let sql = "SELECT r.id FROM run r JOIN unnest($1::uuid[], $2::bigint[]) AS j(id, generation)
        ON r.id = j.id AND r.generation = j.generation WHERE r.stage = 'running'";
    let mut ours: HashSet<RunId> = HashSet::with_capacity(runs.len());
    for row in &sqlx::query(sql).bind(ids).bind(generations).fetch_all(conn).await? {
        ours.insert(Cells::new(row, "run", "id").id("id")?);
    }
    Ok(runs.into_iter().map(|(run, _)| run).filter(|run| !ours.contains(run)).collect())
}

/// Only a lease that has passed says that its daemon is dead: there are others.
pub(super) async fn stuck(conn: &mut PgConnection, now: UtcMillis, most: usize) -> Outcome<Vec<Stuck>> {
    let sql = "SELECT id, source, generation, trigger, attempt FROM run WHERE stage = 'running'
        AND (lease_until < $1 OR lease_until IS NULL) ORDER BY lease_until, id LIMIT $2";
    let rows = sqlx::query(sql).bind(now.as_millis()).bind(limit(most)).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| read_stuck(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn requeue(
    conn: &mut PgConnection,
    run: RunId,
    generation: Generation,
    attempted: bool,
    at: UtcMillis,
    now: UtcMillis,
) -> Outcome<bool> {
    source::lock_of_run(conn, run).await?;
    // A run that has ordered something waits for it; it is not begun again. One that is done with what it ordered would pay
    // for it once more.
    let sql = "UPDATE run SET daemon = NULL, lease_until = NULL,
            stage = CASE WHEN o.open THEN 'waiting' ELSE 'queued' END,
            not_before = CASE WHEN o.open THEN NULL ELSE $3::bigint END, wake_at = CASE WHEN o.open THEN $3::bigint END,
            attempt = CASE WHEN o.open THEN attempt + 1 - $4::bigint ELSE greatest(attempt - $4::bigint, 0) END
        FROM (SELECT EXISTS (SELECT 1 FROM actor_run WHERE run = $1 AND stage IN ('intended', 'started')) AS open,
            EXISTS (SELECT 1 FROM actor_run WHERE run = $1 AND stage IN ('ended', 'settled', 'booked')) AS paid) o
        WHERE id = $1 AND generation = $2 AND stage = 'running' AND (o.open OR NOT o.paid) RETURNING id, source, stage = 'queued' AS queued";
    let row = sqlx::query(sql)
        .bind(Uid::from(run))
        .bind(generation.0)
        .bind(at.as_millis())
        .bind(i64::from(!attempted))
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(false) };
    let cells = Cells::new(&row, "run", "id");
    if cells.flag("queued")? {
        source::refresh(conn, cells.id("source")?, now).await?;
        ledger::settle_given_up(conn, run, attempted).await?;
    } else {
        actor_run::given_up(conn, run, now).await?;
    }
    Ok(true)
}
