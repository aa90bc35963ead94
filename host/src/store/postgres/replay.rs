//! Elements of kept pages that are taken up again.
//!
//! Owns: the one transaction in which dead letters become items, a run of trigger `replay`, and letters that were taken up.
//! Must not know: plugins. What is taken is decided by the same intake as in a commit (`commit::take`).

use std::collections::HashSet;

use sqlx::PgConnection;
use tidegate_core::claim::Generation;
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::item::{Counts, Page};
use tidegate_core::run::Ending;
use tidegate_core::source::Trigger;
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, millis};
use super::commit::{self, Live};
use super::{dead, source};
use crate::ports::{Commit, LetterId, Replay, Replayed, RunPlugin};
use crate::store::rows::source::json;
use crate::store::trouble::Outcome;

pub(super) async fn replay(conn: &mut PgConnection, replay: Replay, now: UtcMillis) -> Outcome<Replayed> {
    let Replay { run, plugin, letters, source, from, fetched_at, mut page, mut item_ids } = replay;
    let Some(row) = source::locked(conn, source).await? else { return Ok(Replayed::NotOpen(letters)) };
    let open = open(conn, source, &letters).await?;
    let gone: Vec<LetterId> = letters.iter().copied().filter(|letter| !open.contains(letter)).collect();
    if !gone.is_empty() {
        return Ok(Replayed::NotOpen(gone));
    }
    // An old page is no reason to set back what came later.
    let newer = newer(conn, source, &page, fetched_at).await?;
    let before = page.items.len();
    page.items.retain(|item| !newer.contains(&item.external_id));
    let known = u32::try_from(before - page.items.len()).unwrap_or(u32::MAX);
    item_ids.truncate(page.items.len());
    page.removals.retain(|removal| !newer.contains(&removal.external_id));
    let wish = (
        Commit {
            run,
            source,
            generation: Generation(row.generation),
            cap: u32::MAX,
            page: Some(Box::new(page)),
            item_ids,
            raw: None,
            bytes: 0,
            fetches: 0,
            actor: None,
            finish: None,
            plugin: None,
        },
        now,
    );
    let taken = commit::take(conn, &[Live::replayed(&wish, row, from)]).await?;
    let taken = taken.into_iter().next().unwrap_or_default();
    let counts = taken.plus(Counts { duplicate: known, ..Counts::default() });
    record(conn, run, source, 1, &plugin, &counts, now).await?;
    dead::mark(conn, &letters, run, now).await?;
    Ok(Replayed::Done(counts))
}

/// Which of these letters are open elements of that source.
pub(super) async fn open(
    conn: &mut PgConnection,
    source: SourceId,
    letters: &[LetterId],
) -> Outcome<HashSet<LetterId>> {
    let sql =
        "SELECT id FROM dead_letter WHERE source = $1 AND kind = 'element' AND retried_at IS NULL AND id = ANY($2)";
    let found: Vec<LetterId> = sqlx::query_scalar(sql).bind(Uid::from(source)).bind(letters).fetch_all(conn).await?;
    Ok(found.into_iter().collect())
}

/// The external ids of the page whose items were changed after the page had arrived.
async fn newer(
    conn: &mut PgConnection,
    source: SourceId,
    page: &Page,
    fetched_at: UtcMillis,
) -> Outcome<HashSet<String>> {
    let ids = page.items.iter().map(|item| item.external_id.as_str());
    let ids: Vec<&str> = ids.chain(page.removals.iter().map(|removal| removal.external_id.as_str())).collect();
    let sql = "SELECT external_id FROM item WHERE source = $1 AND changed_at > $2 AND external_id = ANY($3)";
    let found: Vec<String> =
        sqlx::query_scalar(sql).bind(Uid::from(source)).bind(fetched_at.as_millis()).bind(ids).fetch_all(conn).await?;
    Ok(found.into_iter().collect())
}

/// The replay's row: a run that fetched nothing, cost nothing and has ended.
pub(super) async fn record(
    conn: &mut PgConnection,
    run: RunId,
    source: SourceId,
    pages: u32,
    plugin: &RunPlugin,
    counts: &Counts,
    now: UtcMillis,
) -> Outcome<()> {
    let sql = "INSERT INTO run (id, source, trigger, stage, attempt, created_at, started_at, ended_at, ending, pages,
            items_new, items_updated, metrics_updated, duplicates, over_cap, before_horizon, removed, rejected, fillers,
            oldest_new, plugin)
        VALUES ($1, $2, $3, 'ended', 1, $4, $4, $4, $5, $16, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $17)";
    sqlx::query(sql)
        .bind(Uid::from(run))
        .bind(Uid::from(source))
        .bind(Trigger::Replay.word())
        .bind(now.as_millis())
        .bind(Ending::of(counts).word())
        .bind(i64::from(counts.new))
        .bind(i64::from(counts.updated))
        .bind(i64::from(counts.metrics_updated))
        .bind(i64::from(counts.duplicate))
        .bind(i64::from(counts.over_cap))
        .bind(i64::from(counts.before_horizon))
        .bind(i64::from(counts.removed))
        .bind(i64::from(counts.rejected))
        .bind(i64::from(counts.fillers))
        .bind(millis(counts.oldest_new))
        .bind(i64::from(pages))
        .bind(json(plugin)?)
        .execute(conn)
        .await?;
    Ok(())
}
