//! Raw pages that are kept for replay, and what a replay came to.
//!
//! Owns: listing pages, trimming them to the room of a profile, and the one transaction in which a replay is written. Must not
//! know: plugins, or what changes (`tidegate_core::replay` says so).

use std::collections::{BTreeMap, HashMap};

use sqlx::SqliteConnection;
use tidegate_core::contract::{Metric, Removal};
use tidegate_core::id::{ItemId, PageId, ProfileName, SourceId};
use tidegate_core::item::{Counts, Item};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::list::Listing;
use super::{dead, item, replay, source};
use crate::ports::{Applied, ItemRow, KeptFilter, KeptPage, LetterId, ReplayRun, Rewritten};
use crate::store::rows::Cells;
use crate::store::rows::item::{Origin, item_columns, read};
use crate::store::rows::kept::{by_page, kept_page};
use crate::store::rows::ledger::signed;
use crate::store::rows::source::json;
use crate::store::trouble::Outcome;

/// Notes the elements of a kept page that its run leaves out because of its cap.
pub(super) async fn leave_out(conn: &mut SqliteConnection, page: PageId, elements: &[u32]) -> Outcome<()> {
    let sql = "UPDATE page SET left_out = ?2 WHERE id = ?1";
    sqlx::query(sql).bind(page.to_bytes().to_vec()).bind(json(&elements)?).execute(conn).await?;
    Ok(())
}

pub(super) async fn list(conn: &mut SqliteConnection, filter: KeptFilter) -> Outcome<Vec<KeptPage>> {
    let mut listing = Listing::new(
        "SELECT p.id, p.run, p.fetched_at, p.number FROM run r JOIN page p ON p.run = r.id WHERE r.stage = 'ended' AND r.source = ",
    );
    listing.query().push_bind(filter.source.to_bytes().to_vec());
    listing
        .and(" AND p.fetched_at >= ", filter.since.map(UtcMillis::as_millis))
        .and(" AND p.fetched_at < ", filter.until.map(UtcMillis::as_millis));
    if let Some(after) = filter.after {
        let query = listing.query();
        query.push(" AND (p.fetched_at, p.number, p.id) > (").push_bind(after.fetched_at.as_millis());
        query.push(", ").push_bind(after.number).push(", ").push_bind(after.id.to_bytes().to_vec()).push(")");
    }
    listing.end(" ORDER BY p.fetched_at, p.number, p.id", filter.limit);
    let rows = listing.query().build().persistent(false).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| kept_page(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn stored(
    conn: &mut SqliteConnection,
    source: SourceId,
    external_ids: Vec<String>,
) -> Outcome<Vec<ItemRow>> {
    let sql = concat!(
        "SELECT ",
        item_columns!(),
        " FROM item i WHERE i.source = ?1 AND i.external_id IN (SELECT value FROM json_each(?2))"
    );
    let rows = sqlx::query(sql).bind(source.to_bytes().to_vec()).bind(json(&external_ids)?).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| read(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn items_by_page(
    conn: &mut SqliteConnection,
    source: SourceId,
    after: Option<String>,
    limit: u32,
) -> Outcome<Vec<(String, Option<PageId>)>> {
    let sql = "SELECT external_id, page FROM item WHERE source = ?1 AND (?2 IS NULL OR external_id > ?2)
        AND removed_at IS NULL ORDER BY external_id LIMIT ?3";
    let rows = sqlx::query(sql).bind(source.to_bytes().to_vec()).bind(after).bind(limit).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| by_page(row)).collect::<Result<_, _>>()?)
}

/// What is to be written, by what it is.
#[derive(Default)]
struct Sorted {
    whole: BTreeMap<PageId, Vec<(ItemId, Item)>>,
    metrics: Vec<(String, Vec<Metric>)>,
    gone: Vec<Removal>,
    counts: Counts,
    overtaken: u32,
}

pub(super) async fn apply(conn: &mut SqliteConnection, given: ReplayRun, now: UtcMillis) -> Outcome<Applied> {
    let ReplayRun { run, source, plugin, pages, counts, items, letters } = given;
    let Some(row) = source::row(conn, source).await? else { return Ok(Applied::Gone) };
    let ids: Vec<&str> = items.iter().map(|item| item.external_id.as_str()).collect();
    let changed = changed_at(conn, source, &ids).await?;
    let mut sorted = Sorted::default();
    for item in items {
        let there = changed.get(&item.external_id).copied();
        if there != item.seen {
            sorted.overtaken += 1;
            continue;
        }
        match item.what {
            Rewritten::Whole { id, item, page } => {
                let counter = if there.is_none() { &mut sorted.counts.new } else { &mut sorted.counts.updated };
                *counter += 1;
                sorted.whole.entry(page).or_default().push((id, *item));
            }
            Rewritten::Metrics(metrics) => {
                sorted.counts.metrics_updated += 1;
                sorted.metrics.push((item.external_id, metrics));
            }
            Rewritten::Gone(removal) => sorted.gone.push(removal),
        }
    }
    let origin = |page| Origin { source, tenant: &row.source.tenant, page, now };
    for (page, items) in sorted.whole {
        item::write(conn, origin(Some(page)), items).await?;
    }
    if !sorted.metrics.is_empty() {
        item::write_metrics(conn, origin(None), &sorted.metrics).await?;
    }
    if !sorted.gone.is_empty() {
        let gone = item::remove(conn, origin(None), &sorted.gone).await?;
        sorted.counts.removed = u32::try_from(gone).unwrap_or(u32::MAX);
    }
    let counts = counts.plus(sorted.counts);
    replay::record(conn, run, source, pages, &plugin, &counts, now).await?;
    let letters = open(conn, source, &letters).await?;
    dead::mark(conn, &letters, run, now).await?;
    Ok(Applied::Done { counts, overtaken: sorted.overtaken })
}

/// The last stored change of these items.
async fn changed_at(
    conn: &mut SqliteConnection,
    source: SourceId,
    ids: &[&str],
) -> Outcome<HashMap<String, UtcMillis>> {
    let sql = "SELECT external_id, changed_at FROM item WHERE source = ?1
        AND external_id IN (SELECT value FROM json_each(?2))";
    let rows = sqlx::query(sql).bind(source.to_bytes().to_vec()).bind(json(&ids)?).fetch_all(conn).await?;
    let mut changed = HashMap::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::new(row, "item", "external_id");
        changed.insert(cells.text("external_id")?, cells.time("changed_at")?);
    }
    Ok(changed)
}

/// Those of these letters that are still open: what somebody took up meanwhile is theirs.
async fn open(conn: &mut SqliteConnection, source: SourceId, letters: &[LetterId]) -> Outcome<Vec<LetterId>> {
    let open = replay::open(conn, source, letters).await?;
    Ok(letters.iter().copied().filter(|letter| open.contains(letter)).collect())
}

pub(super) async fn trim(conn: &mut SqliteConnection, profile: ProfileName, most: u64, limit: usize) -> Outcome<u64> {
    let sql = "SELECT coalesce(sum(kept_bytes), 0) FROM page WHERE profile = ?1";
    let taken: i64 = sqlx::query_scalar(sql).bind(profile.to_string()).fetch_one(&mut *conn).await?;
    let excess = u64::try_from(taken).unwrap_or(0).saturating_sub(most);
    if excess == 0 {
        return Ok(0);
    }
    // The oldest, as many as it takes.
    let sql = "DELETE FROM page WHERE rowid IN (SELECT row FROM (SELECT row, kept_bytes,
            sum(kept_bytes) OVER (ORDER BY fetched_at, row) AS up_to
            FROM (SELECT rowid AS row, kept_bytes, fetched_at FROM page WHERE profile = ?1 ORDER BY fetched_at LIMIT ?3))
        WHERE up_to - kept_bytes < ?2)";
    let gone = sqlx::query(sql)
        .bind(profile.to_string())
        .bind(signed(excess))
        .bind(i64::try_from(limit).unwrap_or(i64::from(limits::LIST_ROWS)))
        .execute(conn)
        .await?;
    Ok(gone.rows_affected())
}
