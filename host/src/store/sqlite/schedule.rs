//! What the admit pass asks: who is due, and who was skipped.
//!
//! Owns: the candidate query over `due_at` and the rows of `skip_count`. Must not know: why a source is skipped.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use tidegate_core::actor::gate::GateKey;
use tidegate_core::id::{ProfileName, SourceId, Tenant};
use tidegate_core::limits;
use tidegate_core::share::shares;
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use crate::ports::{Candidate, SkipCount, SkipRecord};
use crate::store::rows::Cells;
use crate::store::rows::ledger::signed;
use crate::store::rows::share::{Circle, complete};
use crate::store::rows::source::{Row, json, source_columns};
use crate::store::trouble::Outcome;

/// The beginning of a look for candidates: `?1` is now.
macro_rules! look {
    ($which:literal) => {
        concat!(
            "SELECT ",
            source_columns!(),
            ", r.id AS queued_run, r.trigger AS queued_trigger FROM source s LEFT JOIN run r ON r.id =
                (SELECT o.id FROM run o WHERE o.source = s.id AND o.stage = 'queued' AND o.not_before <= ?1
                 ORDER BY o.created_at, o.id LIMIT 1)
            WHERE ",
            $which
        )
    };
}

/// Due sources; and where there are more than `limit`, the tenant after which shares go on.
pub(super) async fn candidates(
    conn: &mut SqliteConnection,
    after: Option<Tenant>,
    now: UtcMillis,
    limit: usize,
) -> Outcome<(Vec<Candidate>, Option<Tenant>)> {
    let sql = look!("s.due_at <= ?1 ORDER BY s.due_at, s.last_fetched_at, s.id LIMIT ?2");
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let oldest = found(&sqlx::query(sql).bind(now.as_millis()).bind(most).fetch_all(&mut *conn).await?)?;
    if oldest.len() < limit {
        return Ok((oldest, after));
    }
    let circle = circle(conn, after.as_ref(), now, limit).await?;
    if circle.len() < 2 {
        return Ok((oldest, after));
    }
    let (ids, last) = shares(&circle, limit);
    let hex: Vec<_> = ids.iter().map(|id| format!("{:032x}", id.bits())).collect();
    let sql = look!("s.id IN (SELECT unhex(value) FROM json_each(?2))");
    let rows = sqlx::query(sql).bind(now.as_millis()).bind(json(&hex)?).fetch_all(conn).await?;
    Ok((complete(found(&rows)?, oldest, limit), last))
}

/// What is due of the next tenants, beginning after one and ending before it.
async fn circle(
    conn: &mut SqliteConnection,
    after: Option<&Tenant>,
    now: UtcMillis,
    limit: usize,
) -> Outcome<Vec<(Tenant, Vec<SourceId>)>> {
    let sql = "WITH RECURSIVE t (tenant, n) AS (
            SELECT (SELECT min(tenant) FROM source WHERE due_at IS NOT NULL AND tenant > ?2), 1
            UNION ALL SELECT (SELECT min(s.tenant) FROM source s WHERE s.due_at IS NOT NULL AND s.tenant > t.tenant), n + 1
                FROM t WHERE t.tenant IS NOT NULL AND n < ?4)
        SELECT s.id, s.tenant FROM t JOIN source s ON s.id IN
            (SELECT x.id FROM source x WHERE x.tenant = t.tenant AND x.due_at <= ?1 ORDER BY x.due_at LIMIT ?3)
        ORDER BY s.tenant, s.due_at";
    let each = i64::try_from(limit.div_ceil(limits::SHARE_PARTS)).unwrap_or(i64::MAX);
    let mut circle = Circle::new(after);
    while let Some((from, tenants)) = circle.open() {
        let query = sqlx::query(sql).bind(now.as_millis()).bind(from).bind(each).bind(tenants);
        for row in &query.fetch_all(&mut *conn).await? {
            let cells = Cells::new(row, "source", "id");
            circle.add(cells.name("tenant")?, cells.id("id")?);
        }
    }
    Ok(circle.due())
}

fn found(rows: &[sqlx::sqlite::SqliteRow]) -> Outcome<Vec<Candidate>> {
    let mut candidates = Vec::with_capacity(rows.len());
    for row in rows {
        let cells = Cells::new(row, "run", "queued_run");
        let queued = match cells.opt_id("queued_run")? {
            Some(run) => Some((run, cells.word("queued_trigger", Trigger::from_word)?)),
            None => None,
        };
        candidates.push(Candidate { source: Row::read(row)?.source, queued });
    }
    Ok(candidates)
}

pub(super) async fn next_due(conn: &mut SqliteConnection) -> Outcome<Option<UtcMillis>> {
    let sql = "SELECT id, due_at FROM source WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1";
    let row = sqlx::query(sql).fetch_optional(conn).await?;
    match &row {
        Some(row) => Ok(Some(Cells::new(row, "source", "id").time("due_at")?)),
        None => Ok(None),
    }
}

/// Two statements for however many skips. A source that is not a candidate any more keeps its due time, and so does one whose
/// gate was opened after it was looked at: what opens a gate has looked for those behind it already.
pub(super) async fn skip(conn: &mut SqliteConnection, skips: Vec<SkipRecord>, now: UtcMillis) -> Outcome<()> {
    let mut counts: BTreeMap<(&Tenant, &ProfileName, &str), i64> = BTreeMap::new();
    let mut sources = Vec::with_capacity(skips.len());
    for skip in &skips {
        *counts.entry((&skip.tenant, &skip.profile, skip.reason)).or_default() += 1;
        let gate = skip.gate.as_ref().map(GateKey::stored);
        sources.push((
            format!("{:032x}", skip.source.bits()),
            skip.until.map(UtcMillis::as_millis),
            &skip.detail,
            gate,
        ));
    }
    let update = "UPDATE source SET skipped_at = ?1, skip_detail = j.detail,
        parked = CASE WHEN source.due_at IS NULL OR j.opened THEN source.parked WHEN j.until IS NULL THEN 1 ELSE 0 END,
        due_at = CASE WHEN source.due_at IS NULL OR j.opened THEN source.due_at ELSE j.until END
        FROM (SELECT unhex(value ->> 0) AS id, value ->> 1 AS until, value ->> 2 AS detail, value ->> 3 IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM gate g WHERE g.key = value ->> 3) AS opened FROM json_each(?2)) j
        WHERE source.id = j.id";
    sqlx::query(update).bind(now.as_millis()).bind(json(&sources)?).execute(&mut *conn).await?;
    let rows: Vec<_> = counts.into_iter().map(|((tenant, profile, reason), n)| (tenant, profile, reason, n)).collect();
    let count = "INSERT INTO skip_count (day, tenant, profile, reason, count)
        SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?2) WHERE true
        ON CONFLICT (day, tenant, profile, reason) DO UPDATE SET count = skip_count.count + excluded.count";
    sqlx::query(count).bind(now.day_start().as_millis()).bind(json(&rows)?).execute(conn).await?;
    Ok(())
}

pub(super) async fn skips(conn: &mut SqliteConnection, now: UtcMillis) -> Outcome<Vec<SkipCount>> {
    let sql =
        "SELECT day, tenant, profile, reason, count FROM skip_count WHERE day = ?1 ORDER BY tenant, profile, reason";
    let rows = sqlx::query(sql).bind(now.day_start().as_millis()).fetch_all(conn).await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::new(row, "skip_count", "reason");
        counts.push(SkipCount {
            day: cells.time("day")?,
            tenant: cells.name("tenant")?,
            profile: cells.name("profile")?,
            reason: cells.text("reason")?,
            count: cells.count("count")?,
        });
    }
    Ok(counts)
}

pub(super) async fn last_skip(conn: &mut SqliteConnection, id: SourceId) -> Outcome<Option<(UtcMillis, String)>> {
    let sql = "SELECT id, skipped_at, skip_detail FROM source WHERE id = ?1 AND skipped_at IS NOT NULL";
    let row = sqlx::query(sql).bind(id.to_bytes().to_vec()).fetch_optional(conn).await?;
    let Some(row) = &row else { return Ok(None) };
    let cells = Cells::new(row, "source", "id");
    Ok(Some((cells.time("skipped_at")?, cells.text("skip_detail")?)))
}

/// Deletes ledger windows and counts of skips that began before `before`; gives how many.
pub(super) async fn forget(conn: &mut SqliteConnection, before: UtcMillis, limit: u64) -> Outcome<u64> {
    let ledger = "DELETE FROM ledger WHERE (start, scope, measure) IN
        (SELECT start, scope, measure FROM ledger WHERE start < ?1 ORDER BY start LIMIT ?2)";
    let skips = "DELETE FROM skip_count WHERE (day, tenant, profile, reason) IN
        (SELECT day, tenant, profile, reason FROM skip_count WHERE day < ?1 ORDER BY day LIMIT ?2)";
    let mut gone = 0;
    for sql in [ledger, skips] {
        let done = sqlx::query(sql).bind(before.as_millis()).bind(signed(limit - gone)).execute(&mut *conn).await?;
        gone += done.rows_affected();
    }
    Ok(gone)
}
