//! Raw pages that are kept for replay, and what a replay came to.
//!
//! Owns: listing pages, trimming them to the room of a profile, and the one transaction in which a replay is written: it holds
//! the source's row, as a commit does, so that of the two one sees what the other has written. Must not know: plugins, or what
//! changes (`tidegate_core::replay` says so).

use std::collections::HashMap;

use sqlx::{PgConnection, Postgres, QueryBuilder};
use tidegate_core::contract::Removal;
use tidegate_core::id::{PageId, ProfileName, SourceId};
use tidegate_core::item::Counts;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::cell::Uid;
use super::item::{self, Change, Identity, Whole};
use super::{dead, replay, source};
use crate::ports::{Applied, ItemRow, KeptFilter, KeptPage, LetterId, ReplayRun, Rewrite, Rewritten};
use crate::store::rows::Cells;
use crate::store::rows::item::{item_columns, read};
use crate::store::rows::kept::{by_page, kept_page};
use crate::store::rows::ledger::signed;
use crate::store::rows::source::json;
use crate::store::trouble::Outcome;

/// Notes the elements of kept pages that their runs leave out because of their caps.
pub(super) async fn leave_out(conn: &mut PgConnection, pages: &[(PageId, Vec<u32>)]) -> Outcome<()> {
    for (page, elements) in pages {
        let sql = "UPDATE page SET left_out = $2 WHERE id = $1";
        sqlx::query(sql).bind(Uid::from(*page)).bind(json(elements)?).execute(&mut *conn).await?;
    }
    Ok(())
}

pub(super) async fn list(conn: &mut PgConnection, filter: KeptFilter) -> Outcome<Vec<KeptPage>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT p.id, p.run, p.fetched_at, p.number FROM run r JOIN page p ON p.run = r.id WHERE r.stage = 'ended' AND r.source = ",
    );
    query.push_bind(Uid::from(filter.source));
    if let Some(since) = filter.since {
        query.push(" AND p.fetched_at >= ").push_bind(since.as_millis());
    }
    if let Some(until) = filter.until {
        query.push(" AND p.fetched_at < ").push_bind(until.as_millis());
    }
    if let Some(after) = filter.after {
        query.push(" AND (p.fetched_at, p.number, p.id) > (").push_bind(after.fetched_at.as_millis());
        query.push(", ").push_bind(i64::from(after.number)).push(", ").push_bind(Uid::from(after.id)).push(")");
    }
    let limit = if filter.limit == 0 { limits::LIST_ROWS } else { filter.limit.min(limits::LIST_ROWS) };
    query.push(" ORDER BY p.fetched_at, p.number, p.id LIMIT ").push_bind(i64::from(limit));
    let rows = query.build().persistent(false).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| kept_page(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn stored(
    conn: &mut PgConnection,
    source: SourceId,
    external_ids: Vec<String>,
) -> Outcome<Vec<ItemRow>> {
    let sql = concat!("SELECT ", item_columns!(), " FROM item i WHERE i.source = $1 AND i.external_id = ANY($2)");
    let rows = sqlx::query(sql).bind(Uid::from(source)).bind(external_ids).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| read(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn items_by_page(
    conn: &mut PgConnection,
    source: SourceId,
    after: Option<String>,
    limit: u32,
) -> Outcome<Vec<(String, Option<PageId>)>> {
    let sql = "SELECT external_id, page FROM item WHERE source = $1 AND ($2::text IS NULL OR external_id > $2)
        AND removed_at IS NULL ORDER BY external_id LIMIT $3";
    let rows = sqlx::query(sql).bind(Uid::from(source)).bind(after).bind(i64::from(limit)).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| by_page(row)).collect::<Result<_, _>>()?)
}

/// What is to be written, by what it is.
#[derive(Default)]
struct Sorted<'a> {
    whole: Vec<Whole<'a>>,
    changes: Vec<(Identity<'a>, UtcMillis, Change<'a>)>,
    gone: Vec<(Identity<'a>, UtcMillis, Change<'a>)>,
    counts: Counts,
    overtaken: u32,
}

pub(super) async fn apply(conn: &mut PgConnection, given: ReplayRun, now: UtcMillis) -> Outcome<Applied> {
    let ReplayRun { run, source, plugin, pages, counts, items, letters } = given;
    let Some(row) = source::locked(conn, source).await? else { return Ok(Applied::Gone) };
    let changed = changed_at(conn, source, &items).await?;
    let mut sorted = Sorted::default();
    for rewrite in &items {
        let there = changed.get(&rewrite.external_id).copied();
        if there != rewrite.seen {
            sorted.overtaken += 1;
            continue;
        }
        let identity = (source, rewrite.external_id.as_str());
        match &rewrite.what {
            Rewritten::Whole { id, item, page } => {
                let counter = if there.is_none() { &mut sorted.counts.new } else { &mut sorted.counts.updated };
                *counter += 1;
                let (page, tenant) = (Some(*page), &row.source.tenant);
                sorted.whole.push(Whole { id: *id, source, tenant, page, now, item });
            }
            Rewritten::Metrics(metrics) => {
                sorted.counts.metrics_updated += 1;
                sorted.changes.push((identity, now, Change::Metrics(metrics)));
            }
            Rewritten::Gone(removal) => sorted.gone.push((identity, now, gone(removal, now))),
        }
    }
    item::write(conn, &sorted.whole).await?;
    item::change(conn, &sorted.changes).await?;
    let gone = item::change(conn, &sorted.gone).await?;
    sorted.counts.removed = u32::try_from(gone.len()).unwrap_or(u32::MAX);
    let counts = counts.plus(sorted.counts);
    replay::record(conn, run, source, pages, &plugin, &counts, now).await?;
    let open = replay::open(conn, source, &letters).await?;
    let letters: Vec<LetterId> = letters.iter().copied().filter(|letter| open.contains(letter)).collect();
    dead::mark(conn, &letters, run, now).await?;
    Ok(Applied::Done { counts, overtaken: sorted.overtaken })
}

fn gone<'a>(removal: &Removal, now: UtcMillis) -> Change<'a> {
    let at = removal.at.as_deref().and_then(UtcMillis::parse).unwrap_or(now);
    Change::Gone(at, removal.reason.clone())
}

/// The last stored change of these items.
async fn changed_at(
    conn: &mut PgConnection,
    source: SourceId,
    items: &[Rewrite],
) -> Outcome<HashMap<String, UtcMillis>> {
    let ids: Vec<&str> = items.iter().map(|item| item.external_id.as_str()).collect();
    let sql = "SELECT external_id, changed_at FROM item WHERE source = $1 AND external_id = ANY($2)";
    let rows = sqlx::query(sql).bind(Uid::from(source)).bind(ids).fetch_all(conn).await?;
    let mut changed = HashMap::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::new(row, "item", "external_id");
        changed.insert(cells.text("external_id")?, cells.time("changed_at")?);
    }
    Ok(changed)
}

pub(super) async fn trim(conn: &mut PgConnection, profile: ProfileName, most: u64, limit: usize) -> Outcome<u64> {
    let sql = "SELECT coalesce(sum(kept_bytes), 0)::bigint FROM page WHERE profile = $1";
    let taken: i64 = sqlx::query_scalar(sql).bind(profile.as_str()).fetch_one(&mut *conn).await?;
    let excess = u64::try_from(taken).unwrap_or(0).saturating_sub(most);
    if excess == 0 {
        return Ok(0);
    }
    // The oldest, as many as it takes. Daemons that do so at once mean the same pages; what one has deleted the other does not
    // find.
    let sql = "DELETE FROM page WHERE id IN (SELECT id FROM (SELECT id, kept_bytes,
            sum(kept_bytes) OVER (ORDER BY fetched_at, id) AS up_to
            FROM (SELECT id, kept_bytes, fetched_at FROM page WHERE profile = $1 ORDER BY fetched_at, id LIMIT $3) oldest)
            summed WHERE up_to - kept_bytes < $2)";
    let gone = sqlx::query(sql)
        .bind(profile.as_str())
        .bind(signed(excess))
        .bind(i64::try_from(limit).unwrap_or(i64::from(limits::LIST_ROWS)))
        .execute(conn)
        .await?;
    Ok(gone.rows_affected())
}
