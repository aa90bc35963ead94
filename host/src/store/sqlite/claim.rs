//! Claims: made, prolonged, given up, found stuck.
//!
//! Owns: the change of a run from queued (or nothing) to running and back, with its reservations and its source's
//! generation. Must not know: how a run ends well (`commit`). All claims of one call are decided on what was read while
//! the transaction could already write, then written with one statement for each table.

use std::collections::HashSet;

use sqlx::SqliteConnection;
use tidegate_core::claim::{Claim, ClaimRequest, Generation, NotClaimed};
use tidegate_core::id::{DaemonId, Id, RunId};
use tidegate_core::time::UtcMillis;

use super::actor_run;
use super::ledger::{self, Balances};
use super::rate;
use super::source;
use crate::ports::Stuck;
use crate::store::rows::claim::{Known, decide, stuck as read_stuck};
use crate::store::rows::ledger::signed;
use crate::store::rows::source::{json, source_columns};
use crate::store::rows::{self, Cells};
use crate::store::trouble::Outcome;

/// An id as JSON carries it into a statement.
fn hex<K>(id: Id<K>) -> String {
    format!("{:032x}", id.bits())
}

pub(super) async fn claim(
    conn: &mut SqliteConnection,
    requests: Vec<ClaimRequest>,
    now: UtcMillis,
) -> Outcome<Vec<Result<Claim, NotClaimed>>> {
    let mut known = load(conn, &requests).await?;
    let mut line = rate::read(conn, requests.iter().flat_map(|request| &request.rates)).await?;
    let mut balances = Balances::default();
    let mut answers = Vec::with_capacity(requests.len());
    for request in &requests {
        let answer = match decide(&mut known, request) {
            None => Err(NotClaimed::Taken),
            Some(claim) => match line.ask(&request.rates, now) {
                Err(refused) => Err(NotClaimed::Rate(refused)),
                Ok(()) => match balances.reserve(conn, &request.reservations).await? {
                    Err((reservation, balance)) => Err(NotClaimed::Budget { reservation, balance }),
                    Ok(()) => {
                        line.take(&request.rates, now);
                        if let Some(row) = known.sources.get_mut(&request.source) {
                            row.source.running = Some(request.run);
                        }
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

async fn load(conn: &mut SqliteConnection, requests: &[ClaimRequest]) -> Outcome<Known> {
    let ids: HashSet<_> = requests.iter().map(|request| hex(request.source)).collect();
    let ids = json(&ids)?;
    let sql = concat!(
        "SELECT ",
        source_columns!(),
        ", EXISTS (SELECT 1 FROM run b WHERE b.source = s.id AND b.trigger = 'bootstrap') AS bootstrapped
        FROM source s WHERE s.id IN (SELECT unhex(value) FROM json_each(?1))"
    );
    let mut known = Known::default();
    for row in &sqlx::query(sql).bind(ids).fetch_all(&mut *conn).await? {
        known.add(row)?;
    }
    let runs: HashSet<_> = requests.iter().filter(|request| request.queued).map(|request| hex(request.run)).collect();
    if !runs.is_empty() {
        let sql = "SELECT id, source, trigger, attempt, items_new FROM run WHERE stage = 'queued'
            AND id IN (SELECT unhex(value) FROM json_each(?1))";
        for row in &sqlx::query(sql).bind(json(&runs)?).fetch_all(conn).await? {
            let (id, queued) = rows::claim::queued(row)?;
            known.queued.insert(id, queued);
        }
    }
    Ok(known)
}

async fn write(conn: &mut SqliteConnection, made: &[(&ClaimRequest, &Claim)], now: UtcMillis) -> Outcome<()> {
    let runs: Vec<_> = made
        .iter()
        .map(|(request, claim)| {
            let lease = claim.lease_until.as_millis();
            let generation = claim.generation.0;
            let (run, source, daemon) = (hex(claim.run), hex(request.source), hex(request.daemon));
            let pays = (request.credential.as_ref(), signed(request.reserved.micros()));
            let made = (u8::from(request.queued), claim.attempt);
            (run, source, claim.trigger.word(), generation, daemon, lease, made.0, made.1, pays.0, pays.1)
        })
        .collect();
    // The last part is what keeps a source from being made due by the run that it now has.
    let sql = "INSERT INTO run
            (id, source, trigger, stage, attempt, generation, daemon, lease_until, created_at, started_at, credential,
            cost_estimate)
        SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, 'running', 1, value ->> 3, unhex(value ->> 4),
            value ->> 5, ?2, ?2, value ->> 8, value ->> 9 FROM json_each(?1) WHERE value ->> 6 = 0;
        UPDATE run SET stage = 'running', not_before = NULL, started_at = ?2, generation = j.value ->> 3,
            daemon = unhex(j.value ->> 4), lease_until = j.value ->> 5, attempt = j.value ->> 7,
            credential = j.value ->> 8, cost_estimate = j.value ->> 9
            FROM json_each(?1) j WHERE run.id = unhex(j.value ->> 0) AND j.value ->> 6 = 1;
        UPDATE source SET generation = j.value ->> 3, due_at = NULL, parked = 0, skipped_at = NULL, skip_detail = NULL,
            next_at = CASE j.value ->> 6 WHEN 1 THEN source.next_at END,
            next_trigger = CASE j.value ->> 6 WHEN 1 THEN source.next_trigger END
            FROM json_each(?1) j WHERE source.id = unhex(j.value ->> 1)";
    sqlx::query(sql).bind(json(&runs)?).bind(now.as_millis()).execute(&mut *conn).await?;
    let mut reserved = Vec::new();
    for (request, claim) in made {
        for r in &request.reservations {
            let window = (r.window.start.as_millis(), r.window.scope.key(), r.window.measure.word());
            reserved.push((hex(claim.run), window.0, window.1, window.2, signed(r.amount)));
        }
    }
    let sql = "INSERT INTO reservation (run, start, scope, measure, amount)
        SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1) WHERE true
        ON CONFLICT (run, start, scope, measure) DO UPDATE SET amount = reservation.amount + excluded.amount";
    sqlx::query(sql).bind(json(&reserved)?).execute(conn).await?;
    Ok(())
}

pub(super) async fn heartbeat(
    conn: &mut SqliteConnection,
    runs: Vec<(RunId, Generation)>,
    lease_until: UtcMillis,
) -> Outcome<Vec<RunId>> {
    let given: Vec<_> = runs.iter().map(|(run, generation)| (hex(*run), generation.0)).collect();
    let sql = "UPDATE run SET lease_until = ?1 FROM json_each(?2) j
        WHERE run.id = unhex(j.value ->> 0) AND run.generation = j.value ->> 1 AND run.stage = 'running'
        RETURNING run.id AS id";
    let rows = sqlx::query(sql).bind(lease_until.as_millis()).bind(json(&given)?).fetch_all(conn).await?;
    let mut ours = HashSet::with_capacity(rows.len());
    for row in &rows {
        ours.insert(Cells::new(row, "run", "id").id("id")?);
    }
    Ok(runs.into_iter().map(|(run, _)| run).filter(|run| !ours.contains(run)).collect())
}

/// The file has one daemon at a time: whatever another one claimed, it cannot be alive.
pub(super) async fn stuck(
    conn: &mut SqliteConnection,
    me: DaemonId,
    now: UtcMillis,
    limit: usize,
) -> Outcome<Vec<Stuck>> {
    let sql = "SELECT id, source, generation, trigger, attempt FROM run WHERE stage = 'running'
        AND (lease_until < ?1 OR lease_until IS NULL OR daemon IS NOT ?2) ORDER BY lease_until, id LIMIT ?3";
    let rows = sqlx::query(sql)
        .bind(now.as_millis())
        .bind(me.to_bytes().to_vec())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await?;
    Ok(rows.iter().map(|row| read_stuck(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn requeue(
    conn: &mut SqliteConnection,
    run: RunId,
    generation: Generation,
    attempted: bool,
    at: UtcMillis,
    now: UtcMillis,
) -> Outcome<bool> {
    // A run that has ordered something waits for it; it is not begun again. One that is done with what it ordered would pay
    // for it once more.
    let sql = "UPDATE run SET daemon = NULL, lease_until = NULL, 
            stage = CASE o.open WHEN 1 THEN 'waiting' ELSE 'queued' END,
            not_before = CASE o.open WHEN 1 THEN NULL ELSE ?3 END, wake_at = CASE o.open WHEN 1 THEN ?3 END,
            attempt = CASE o.open WHEN 1 THEN attempt + 1 - ?4 ELSE max(attempt - ?4, 0) END
        FROM (SELECT EXISTS (SELECT 1 FROM actor_run WHERE run = ?1 AND stage IN ('intended', 'started')) AS open,
            EXISTS (SELECT 1 FROM actor_run WHERE run = ?1 AND stage IN ('ended', 'settled', 'booked')) AS paid) o
        WHERE id = ?1 AND generation = ?2 AND stage = 'running' AND (o.open = 1 OR o.paid = 0) RETURNING id, source, stage = 'queued' AS queued";
    let row = sqlx::query(sql)
        .bind(run.to_bytes().to_vec())
        .bind(generation.0)
        .bind(at.as_millis())
        .bind(i64::from(!attempted))
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(false) };
    let cells = Cells::new(&row, "run", "id");
    if cells.flag("queued")? {
        ledger::settle_run(conn, run, attempted).await?;
        ledger::settle_money(conn, run).await?;
        source::refresh(conn, cells.id("source")?, now).await?;
    } else {
        actor_run::given_up(conn, run, now).await?;
    }
    Ok(true)
}
