//! What the admit pass asks: who is due, and who was skipped.
//!
//! Owns: the candidate query over `due_at` with its lower bound, and the rows of `skip_count`. Must not know: why a source is
//! skipped.

use std::collections::{BTreeMap, HashSet};

use sqlx::PgConnection;
use tidegate_core::actor::gate::GateKey;
use tidegate_core::id::{ProfileName, SourceId, Tenant};
use tidegate_core::limits;
use tidegate_core::share::shares;
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, clean, column, limit, millis, uids};
use crate::ports::{Candidate, SkipCount, SkipRecord};
use crate::store::rows::Cells;
use crate::store::rows::ledger::signed;
use crate::store::rows::share::{Circle, complete};
use crate::store::rows::source::{Row, source_columns};
use crate::store::trouble::Outcome;

/// From where the index of due sources is read. Sources that were claimed leave dead entries at its beginning; while
/// something holds an old snapshot open they cannot be cleared away, and each look would walk over all of them (claims then
/// fall to a sixteenth within half a minute). So a look begins where the last one did, and once in
/// [`limits::PG_WHOLE_LOOK`], or when that finds too little, at the very beginning.
#[derive(Debug, Clone, Default)]
pub(super) struct Floor {
    due_at: Option<UtcMillis>,
    whole_at: Option<UtcMillis>,
    /// The tenant after which shares go on.
    shared_to: Option<Tenant>,
}

impl Floor {
    /// Where the look at `now` begins.
    fn at(&self, now: UtcMillis) -> Option<UtcMillis> {
        let whole_at = self.whole_at?;
        let fresh = now >= whole_at && now.since(whole_at) < limits::PG_WHOLE_LOOK;
        self.due_at.filter(|_| fresh)
    }
}

/// A look for candidates among some sources: `$1` is now.
macro_rules! look {
    ($among:literal) => {
        concat!(
            "SELECT ",
            source_columns!(),
            ", s.due_at, q.id AS queued_run, q.trigger AS queued_trigger FROM ",
            $among,
            " s LEFT JOIN LATERAL (SELECT o.id, o.trigger FROM run o
                WHERE o.source = s.id AND o.stage = 'queued' AND o.not_before <= $1
                ORDER BY o.created_at, o.id LIMIT 1) q ON true
            ORDER BY s.due_at, s.last_fetched_at NULLS FIRST, s.id"
        )
    };
}

/// Due sources, and from where the next look begins.
pub(super) async fn candidates(
    conn: &mut PgConnection,
    floor: Floor,
    now: UtcMillis,
    most: usize,
) -> Outcome<(Vec<Candidate>, Floor)> {
    let (oldest, mut floor) = longest_due(conn, floor, now, most).await?;
    if oldest.len() < most {
        return Ok((oldest, floor));
    }
    let circle = circle(conn, &floor, now, most).await?;
    if circle.len() < 2 {
        return Ok((oldest, floor));
    }
    let (ids, last) = shares(&circle, most);
    floor.shared_to = last;
    let sql = look!("(SELECT * FROM source WHERE id = ANY($2))");
    let rows = sqlx::query(sql).bind(now.as_millis()).bind(uids(ids)).fetch_all(conn).await?;
    Ok((complete(found(&rows)?.0, oldest, most), floor))
}

async fn longest_due(
    conn: &mut PgConnection,
    mut floor: Floor,
    now: UtcMillis,
    most: usize,
) -> Outcome<(Vec<Candidate>, Floor)> {
    if let Some(from) = floor.at(now) {
        let (found, first) = look(conn, from.as_millis(), now, most).await?;
        if found.len() == most {
            floor.due_at = first;
            return Ok((found, floor));
        }
    }
    let (found, first) = look(conn, i64::MIN, now, most).await?;
    // Where there is no more than was asked for, the beginning is near.
    floor.due_at = if found.len() == most { first } else { None };
    floor.whole_at = Some(now);
    Ok((found, floor))
}

/// What is due of the next tenants, beginning after one and ending before it. Nothing that is due lies below the floor, and dead
/// entries there are not walked over.
async fn circle(
    conn: &mut PgConnection,
    floor: &Floor,
    now: UtcMillis,
    most: usize,
) -> Outcome<Vec<(Tenant, Vec<SourceId>)>> {
    let sql = "WITH RECURSIVE t (tenant, n) AS (
            SELECT (SELECT min(tenant) FROM source WHERE due_at >= $5 AND tenant > $2), 1::bigint
            UNION ALL SELECT (SELECT min(s.tenant) FROM source s WHERE s.due_at >= $5 AND s.tenant > t.tenant), n + 1
                FROM t WHERE t.tenant IS NOT NULL AND n < $4)
        SELECT s.id, t.tenant FROM t CROSS JOIN LATERAL
            (SELECT x.id, x.due_at FROM source x WHERE x.tenant = t.tenant AND x.due_at BETWEEN $5 AND $1 ORDER BY x.due_at LIMIT $3) s
        ORDER BY t.tenant, s.due_at";
    let from_due = floor.due_at.map_or(i64::MIN, UtcMillis::as_millis);
    let mut circle = Circle::new(floor.shared_to.as_ref());
    while let Some((from, tenants)) = circle.open() {
        let query = sqlx::query(sql).bind(now.as_millis()).bind(from).bind(limit(most.div_ceil(limits::SHARE_PARTS)));
        for row in &query.bind(tenants).bind(from_due).fetch_all(&mut *conn).await? {
            let cells = Cells::new(row, "source", "id");
            circle.add(cells.name("tenant")?, cells.id("id")?);
        }
    }
    Ok(circle.due())
}

async fn look(
    conn: &mut PgConnection,
    from: i64,
    now: UtcMillis,
    most: usize,
) -> Outcome<(Vec<Candidate>, Option<UtcMillis>)> {
    let sql = look!(
        "(SELECT * FROM source WHERE due_at >= $3 AND due_at <= $1
          ORDER BY due_at, last_fetched_at NULLS FIRST, id LIMIT $2)"
    );
    found(&sqlx::query(sql).bind(now.as_millis()).bind(limit(most)).bind(from).fetch_all(conn).await?)
}

/// Candidates, and when the first of them was due.
fn found(rows: &[sqlx::postgres::PgRow]) -> Outcome<(Vec<Candidate>, Option<UtcMillis>)> {
    let mut candidates = Vec::with_capacity(rows.len());
    for row in rows {
        let cells = Cells::new(row, "run", "queued_run");
        let queued = match cells.opt_id("queued_run")? {
            Some(run) => Some((run, cells.word("queued_trigger", Trigger::from_word)?)),
            None => None,
        };
        candidates.push(Candidate { source: Row::read(row)?.source, queued });
    }
    let first = rows.first().map(|row| Cells::new(row, "source", "id").time("due_at")).transpose()?;
    Ok((candidates, first))
}

pub(super) async fn next_due(conn: &mut PgConnection) -> Outcome<Option<UtcMillis>> {
    let sql = "SELECT id, due_at FROM source WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1";
    let row = sqlx::query(sql).fetch_optional(conn).await?;
    Ok(row.map(|row| Cells::new(&row, "source", "id").time("due_at")).transpose()?)
}

/// A source that is not a candidate any more keeps its due time, and so does one whose gate was opened after it was looked at:
/// what opens a gate has looked for those behind it already. The gates are held meanwhile, so that none is opened in between.
/// Daemons that look at the same time skip the same sources: what another one is at, or has put off since, is not skipped twice.
pub(super) async fn skip(conn: &mut PgConnection, mut skips: Vec<SkipRecord>, now: UtcMillis) -> Outcome<()> {
    let gates = column(&skips, |skip| skip.gate.as_ref().map(GateKey::stored));
    let hold = "SELECT 1 FROM gate WHERE key = ANY($1) ORDER BY key FOR KEY SHARE";
    sqlx::query(hold).bind(gates).execute(&mut *conn).await?;
    hold_unskipped(conn, &mut skips, now).await?;
    if skips.is_empty() {
        return Ok(());
    }
    let gates = column(&skips, |skip| skip.gate.as_ref().map(GateKey::stored));
    let update = "UPDATE source s SET skipped_at = $1, skip_detail = j.detail,
            parked = CASE WHEN s.due_at IS NULL OR j.opened THEN s.parked ELSE j.until IS NULL END,
            due_at = CASE WHEN s.due_at IS NULL OR j.opened THEN s.due_at ELSE j.until END
        FROM (SELECT DISTINCT ON (u.id) u.id, u.until, u.detail,
                u.gate IS NOT NULL AND NOT EXISTS (SELECT 1 FROM gate g WHERE g.key = u.gate) AS opened
            FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[]) WITH ORDINALITY AS u(id, until, detail, gate, place)
            ORDER BY u.id, u.place DESC) j
        WHERE s.id = j.id";
    sqlx::query(update)
        .bind(now.as_millis())
        .bind(column(&skips, |skip| Uid::from(skip.source)))
        .bind(column(&skips, |skip| millis(skip.until)))
        .bind(column(&skips, |skip| clean(&skip.detail)))
        .bind(gates)
        .execute(&mut *conn)
        .await?;
    count(conn, &skips, now).await
}

/// Takes the locks on those sources that nobody else is at and that nobody has put off since `now`; only their skips stay.
/// Where somebody else is at all of them it is waited for, so that nobody looks at the same ones again and again.
async fn hold_unskipped(conn: &mut PgConnection, skips: &mut Vec<SkipRecord>, now: UtcMillis) -> Outcome<()> {
    macro_rules! hold {
        ($how:literal) => {
            concat!(
                "SELECT id FROM source WHERE id = ANY($1)
                    AND NOT (skipped_at IS NOT NULL AND skipped_at > $2 AND (due_at IS NULL OR due_at > $2))
                    ORDER BY id FOR NO KEY UPDATE",
                $how
            )
        };
    }
    let mut held: HashSet<SourceId> = HashSet::with_capacity(skips.len());
    for sql in [hold!(" SKIP LOCKED"), hold!("")] {
        let ids = uids(skips.iter().map(|skip| skip.source));
        for row in &sqlx::query(sql).bind(ids).bind(now.as_millis()).fetch_all(&mut *conn).await? {
            held.insert(Cells::new(row, "source", "id").id("id")?);
        }
        if !held.is_empty() {
            break;
        }
    }
    skips.retain(|skip| held.contains(&skip.source));
    Ok(())
}

async fn count(conn: &mut PgConnection, skips: &[SkipRecord], now: UtcMillis) -> Outcome<()> {
    // In the order of the table's key: everybody who counts takes these rows in turn.
    let mut counts: BTreeMap<(&Tenant, &ProfileName, &str), i64> = BTreeMap::new();
    for skip in skips {
        *counts.entry((&skip.tenant, &skip.profile, skip.reason)).or_default() += 1;
    }
    let sql = "INSERT INTO skip_count AS c (day, tenant, profile, reason, count)
        SELECT $1, j.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS j
        ON CONFLICT (day, tenant, profile, reason) DO UPDATE SET count = c.count + excluded.count";
    sqlx::query(sql)
        .bind(now.day_start().as_millis())
        .bind(column(counts.keys(), |key| key.0.as_str()))
        .bind(column(counts.keys(), |key| key.1.as_str()))
        .bind(column(counts.keys(), |key| key.2))
        .bind(column(counts.values(), |count| *count))
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn skips(conn: &mut PgConnection, now: UtcMillis) -> Outcome<Vec<SkipCount>> {
    let sql =
        "SELECT day, tenant, profile, reason, count FROM skip_count WHERE day = $1 ORDER BY tenant, profile, reason";
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

pub(super) async fn last_skip(conn: &mut PgConnection, id: SourceId) -> Outcome<Option<(UtcMillis, String)>> {
    let sql = "SELECT id, skipped_at, skip_detail FROM source WHERE id = $1 AND skipped_at IS NOT NULL";
    let row = sqlx::query(sql).bind(Uid::from(id)).fetch_optional(conn).await?;
    let Some(row) = &row else { return Ok(None) };
    let cells = Cells::new(row, "source", "id");
    Ok(Some((cells.time("skipped_at")?, cells.text("skip_detail")?)))
}

/// Deletes ledger windows and counts of skips that began before `before`; gives how many.
pub(super) async fn forget(conn: &mut PgConnection, before: UtcMillis, most: u64) -> Outcome<u64> {
    let ledger = "DELETE FROM ledger WHERE (start, scope, measure) IN
        (SELECT start, scope, measure FROM ledger WHERE start < $1 ORDER BY start LIMIT $2)";
    let skips = "DELETE FROM skip_count WHERE (day, tenant, profile, reason) IN
        (SELECT day, tenant, profile, reason FROM skip_count WHERE day < $1 ORDER BY day LIMIT $2)";
    let mut gone = 0;
    for sql in [ledger, skips] {
        let done = sqlx::query(sql).bind(before.as_millis()).bind(signed(most - gone)).execute(&mut *conn).await?;
        gone += done.rows_affected();
    }
    Ok(gone)
}
