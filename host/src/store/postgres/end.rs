//! What a commit writes of the runs themselves: their progress, and their ends with their sources and the ledger.
//!
//! Owns: the rows of `run` as commits change them, and what an end settles. Must not know: what an end means; the core's
//! settlement says so.

use sqlx::PgConnection;
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::item::Counts;
use tidegate_core::run::{Finish, Settlement};
use tidegate_core::source::Source;

use super::cell::{Uid, clean, column, millis};
use super::commit::Live;
use super::dead::{self, About};
use super::{actor_run, follow, item, ledger, source};
use crate::store::rows::Cells;
use crate::store::rows::ledger::signed;
use crate::store::rows::source::json;
use crate::store::trouble::Outcome;

/// A run with what it has done by now.
pub(super) struct Progress<'a> {
    pub(super) live: Live<'a>,
    pub(super) total: Counts,
}

/// What is written of one.
struct Row<'a> {
    progress: Progress<'a>,
    settlement: Option<Settlement>,
    /// JSON.
    warnings: Option<String>,
}

impl Row<'_> {
    fn run(&self) -> RunId {
        self.progress.live.wish.0.run
    }

    /// The plugin of a run that ends, as JSON.
    fn plugin(&self) -> Outcome<Option<String>> {
        let ended = self.settlement.is_some();
        self.progress.live.wish.0.plugin.as_ref().filter(|_| ended).map(json).transpose()
    }
}

/// Writes the progress of runs, and the ends of those that end. Gives each with its counts and its settlement.
pub(super) async fn write(
    conn: &mut PgConnection,
    mut progress: Vec<Progress<'_>>,
) -> Outcome<Vec<(RunId, Counts, Option<Settlement>)>> {
    learn(conn, &mut progress).await?;
    let mut rows = Vec::with_capacity(progress.len());
    for mut progress in progress {
        let (commit, now) = progress.live.wish;
        let (mut settlement, mut warnings) = (None, None);
        if let Some(finish) = &commit.finish {
            let mut finish = (**finish).clone();
            stay_unique(conn, &progress.live, &mut finish).await?;
            let settled = finish.settle(&progress.live.source.source, &progress.total, *now);
            progress.live.source.source = settled.source.clone();
            warnings = (!finish.warnings.is_empty()).then(|| json(&finish.warnings)).transpose()?;
            settlement = Some(settled);
        }
        rows.push(Row { progress, settlement, warnings });
    }
    write_runs(conn, &rows).await?;
    let ended: Vec<&Row<'_>> = rows.iter().filter(|row| row.settlement.is_some()).collect();
    if !ended.is_empty() {
        settle(conn, &ended).await?;
    }
    Ok(rows.into_iter().map(|row| (row.run(), row.progress.total, row.settlement)).collect())
}

/// The sources of runs that have ended, and the ledger last.
async fn settle(conn: &mut PgConnection, ended: &[&Row<'_>]) -> Outcome<()> {
    // Its due time is told by the source alone: the run is no live one any more.
    let sources: Vec<_> = ended.iter().map(|row| &row.progress.live.source).collect();
    source::write(conn, &sources).await?;
    bury(conn, ended).await?;
    let paid: Vec<_> = ended.iter().filter(|row| row.progress.live.paid).collect();
    for row in &paid {
        actor_run::end_all(conn, row.run(), row.progress.live.wish.1).await?;
    }
    let runs: Vec<RunId> = ended.iter().map(|row| row.run()).collect();
    let paid: Vec<RunId> = paid.iter().map(|row| row.run()).collect();
    ledger::settle_ended(conn, &runs, &paid).await
}

/// What the schedules of sources whose runs end are told of them, as far as they ask: one question each for all.
async fn learn(conn: &mut PgConnection, progress: &mut [Progress<'_>]) -> Outcome<()> {
    let asking = |which: fn(&Finish, &Source) -> bool| -> Vec<SourceId> {
        let ending =
            progress.iter().filter_map(|one| Some((one.live.wish.0.finish.as_ref()?, &one.live.source.source)));
        ending.filter(|(finish, source)| which(finish, source)).map(|(_, source)| source.id).collect()
    };
    let (by_rhythm, by_hours) = (asking(Finish::asks_for_rhythm), asking(Finish::asks_for_hours));
    let rhythms = item::rhythms(conn, &by_rhythm).await?;
    let hours = follow::hours(conn, &by_hours).await?;
    for one in progress {
        let Some(finish) = &one.live.wish.0.finish else { continue };
        let source = &mut one.live.source.source;
        if finish.asks_for_rhythm(source) {
            source.facts.published = rhythms.get(&source.id).copied();
        }
        if finish.asks_for_hours(source) {
            source.facts.activity = hours.get(&source.id).copied();
        }
    }
    Ok(())
}

/// Writes runs down that nothing tries again.
async fn bury(conn: &mut PgConnection, ended: &[&Row<'_>]) -> Outcome<()> {
    let mut letters = Vec::new();
    for row in ended {
        let dead = row.settlement.as_ref().filter(|settlement| settlement.dead);
        if let Some(failure) = dead.and_then(|settlement| settlement.failure.as_ref()) {
            let request = row.progress.live.wish.0.finish.as_ref().and_then(|finish| finish.request.as_deref());
            letters.push((row.progress.live.from(), About::Run(failure, request)));
        }
    }
    dead::bury(conn, &letters).await
}

async fn write_runs(conn: &mut PgConnection, rows: &[Row<'_>]) -> Outcome<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE run r SET items_new = j.items_new, items_updated = j.items_updated,
            metrics_updated = j.metrics_updated, duplicates = j.duplicates, over_cap = j.over_cap,
            before_horizon = j.before_horizon, removed = j.removed, rejected = j.rejected, fillers = j.fillers,
            oldest_new = j.oldest_new, bytes = r.bytes + j.bytes, fetches = r.fetches + j.fetches, pages = r.pages + j.pages,
            stage = CASE WHEN j.ended_at IS NULL THEN r.stage ELSE 'ended' END, ended_at = j.ended_at,
            daemon = CASE WHEN j.ended_at IS NULL THEN r.daemon END,
            lease_until = CASE WHEN j.ended_at IS NULL THEN r.lease_until END,
            ending = j.ending, failure_class = j.failure_class, failure = j.failure, warnings = j.warnings,
            plugin = j.plugin
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
            $15::bigint[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[])
            AS j(id, items_new, items_updated, metrics_updated, duplicates, over_cap, before_horizon, removed, rejected,
            fillers, oldest_new, bytes, fetches, pages, ended_at, ending, failure_class, failure, warnings, plugin)
        WHERE r.id = j.id";
    let counts = |count: fn(&Counts) -> u32| -> Vec<_> { column(rows, |row| i64::from(count(&row.progress.total))) };
    let ends = |text: fn(&Settlement) -> Option<&str>| -> Vec<_> {
        column(rows, |row| row.settlement.as_ref().and_then(text).map(clean))
    };
    let plugins: Vec<Option<String>> = rows.iter().map(|row| row.plugin()).collect::<Outcome<_>>()?;
    sqlx::query(sql)
        .bind(column(rows, |row| Uid::from(row.run())))
        .bind(counts(|total| total.new))
        .bind(counts(|total| total.updated))
        .bind(counts(|total| total.metrics_updated))
        .bind(counts(|total| total.duplicate))
        .bind(counts(|total| total.over_cap))
        .bind(counts(|total| total.before_horizon))
        .bind(counts(|total| total.removed))
        .bind(counts(|total| total.rejected))
        .bind(counts(|total| total.fillers))
        .bind(column(rows, |row| millis(row.progress.total.oldest_new)))
        .bind(column(rows, |row| signed(row.progress.live.wish.0.bytes)))
        .bind(column(rows, |row| i64::from(row.progress.live.wish.0.fetches)))
        .bind(column(rows, |row| i64::from(row.progress.live.wish.0.page.is_some())))
        .bind(column(rows, |row| row.settlement.as_ref().map(|_| row.progress.live.wish.1.as_millis())))
        .bind(ends(|settlement| Some(settlement.ending.word())))
        .bind(ends(|settlement| settlement.failure.as_ref().map(|failure| failure.class.word())))
        .bind(ends(|settlement| settlement.failure.as_ref().map(|failure| failure.message.as_str())))
        .bind(column(rows, |row| row.warnings.as_deref()))
        .bind(plugins)
        .execute(conn)
        .await?;
    Ok(())
}

/// A source that has moved to where another one of its tenant and profile is keeps its identifier. (One that is made there at
/// this moment is met by the index, and the commit is done again.)
async fn stay_unique(conn: &mut PgConnection, live: &Live<'_>, finish: &mut Finish) -> Outcome<()> {
    let Some(to) = &finish.moved_to else { return Ok(()) };
    let source = &live.source.source;
    let sql = "SELECT id FROM source WHERE tenant = $1 AND profile = $2 AND identifier = $3 AND id <> $4";
    let other = sqlx::query(sql)
        .bind(source.tenant.as_str())
        .bind(source.profile.as_str())
        .bind(clean(to))
        .bind(Uid::from(source.id))
        .fetch_optional(conn)
        .await?;
    if let Some(other) = other {
        let other: SourceId = Cells::new(&other, "source", "id").id("id")?;
        finish.warnings.push(format!("it has moved to {to}, which is source {other} already; remove one of the two"));
        finish.moved_to = None;
    }
    Ok(())
}
