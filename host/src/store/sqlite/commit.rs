//! Commits: a page of a run, its end, or both.
//!
//! Owns: the order of things inside the transaction: fence, look up, ask the core, write. Must not know: what is taken
//! ([`Intake`]) or what an end means ([`Finish::settle`]); both are asked here because only here it is certain what is
//! stored. A usual page is four trips to the
//! database: the question, what is known, the items, the end.

use std::collections::HashMap;

use sqlx::SqliteConnection;
use tidegate_core::id::{ItemId, PageId, RunId};
use tidegate_core::item::{Counts, Intake, Page, Taken};
use tidegate_core::run::{Finish, Settlement};
use tidegate_core::time::UtcMillis;

use super::actor_run;
use super::ledger::{self, settle_spent};
use super::source::{self, Query, update_source};
use super::{dead, follow, item, kept};
use crate::ports::{Commit, Committed};
use crate::store::rows::Cells;
use crate::store::rows::item::{Origin, Stored};
use crate::store::rows::ledger::signed;
use crate::store::rows::run;
use crate::store::rows::source::{Row, json, source_columns};
use crate::store::trouble::{Outcome, Trouble};

/// The run as the fence found it.
pub(super) struct Live {
    attempt: u32,
    counts: Counts,
    source: Row,
    /// Whether it may have ordered something.
    paid: bool,
    /// The raw page of this commit, if it is kept.
    page: Option<PageId>,
    /// Nothing has ever been committed for the source: there is nothing to look up.
    untouched: bool,
}

impl Live {
    /// A run that never lived: elements of a kept page are taken up again.
    pub(super) fn replayed(source: Row, page: PageId) -> Self {
        Self { attempt: 1, counts: Counts::default(), source, paid: false, page: Some(page), untouched: false }
    }
}

pub(super) async fn commit(conn: &mut SqliteConnection, mut commit: Commit, now: UtcMillis) -> Outcome<Committed> {
    let Some(mut live) = fence(conn, &mut commit).await? else { return Ok(Committed::Stale) };
    let Commit { run, cap, page, item_ids, bytes, fetches, actor, finish, plugin, .. } = commit;
    let pages = u32::from(page.is_some());
    let mut total = live.counts;
    if let Some(page) = page {
        let room = cap.saturating_sub(live.counts.new);
        total = total.plus(take(conn, &live, run, *page, item_ids, room, now).await?);
    }
    if let Some(ended) = actor {
        actor_run::end(conn, run, &ended, now).await?;
    }
    let plugin = plugin.as_ref().map(json).transpose()?;
    let progress = Progress { run, now, total, bytes, fetches, pages, plugin };
    let settlement = match finish {
        None => {
            progress.bind(sqlx::query(PROGRESS)).execute(conn).await?;
            None
        }
        Some(finish) => Some(Box::new(end(conn, &mut live, *finish, progress).await?)),
    };
    Ok(Committed::Done { total, settlement })
}

/// Is it still the caller's? `?1` to `?3`: run, source, generation.
macro_rules! live {
    () => {
        "r.id = ?1 AND r.source = ?2 AND r.generation = ?3 AND r.stage = 'running'"
    };
}

const FENCE: &str = concat!(
    "SELECT ",
    source_columns!(),
    ", r.attempt, r.pages, r.items_new, r.items_updated, r.metrics_updated, r.duplicates, r.over_cap, r.before_horizon,
    r.removed, r.rejected, r.fillers, r.oldest_new, r.credential IS NOT NULL AS paid FROM run r JOIN source s ON s.id = r.source WHERE ",
    live!()
);

/// The raw page goes with the question: it is kept where the answer is yes.
const FENCE_AND_KEEP: &str = concat!(
    "INSERT INTO page (id, run, number, attempt, status, url, meta, body_bytes, fetched_at, keep_until, body, kept_bytes,
        profile)
    SELECT ?4, r.id, ?5, r.attempt, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, s.profile FROM run r JOIN source s ON s.id = r.source
    WHERE ",
    live!(),
    "; SELECT ",
    source_columns!(),
    ", r.attempt, r.pages, r.items_new, r.items_updated, r.metrics_updated, r.duplicates, r.over_cap, r.before_horizon,
    r.removed, r.rejected, r.fillers, r.oldest_new, r.credential IS NOT NULL AS paid FROM run r JOIN source s ON s.id = r.source WHERE ",
    live!()
);

/// The run with its source, if it is still the caller's; its raw page is kept then.
async fn fence(conn: &mut SqliteConnection, commit: &mut Commit) -> Outcome<Option<Live>> {
    let raw = commit.raw.take();
    let mut query = sqlx::query(if raw.is_some() { FENCE_AND_KEEP } else { FENCE })
        .bind(commit.run.to_bytes().to_vec())
        .bind(commit.source.to_bytes().to_vec())
        .bind(commit.generation.0);
    let page = raw.as_ref().map(|raw| raw.id);
    if let Some(raw) = raw {
        let room = raw.meta.len().saturating_add(raw.body.len());
        query = query
            .bind(raw.id.to_bytes().to_vec())
            .bind(raw.number)
            .bind(raw.status)
            .bind(raw.url)
            .bind(raw.meta)
            .bind(signed(raw.body_bytes))
            .bind(raw.fetched_at.as_millis())
            .bind(raw.keep_until.as_millis())
            .bind(raw.body)
            .bind(signed(u64::try_from(room).unwrap_or(u64::MAX)));
    }
    // All rows are fetched although there is one at most: fetching one would stop before the last statement.
    let rows = query.fetch_all(conn).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let cells = Cells::new(row, "run", "running");
    let (attempt, pages): (u32, u32) = (cells.count("attempt")?, cells.count("pages")?);
    let source = Row::read(row)?;
    let untouched = pages == 0 && source.source.total_runs == 0;
    let paid = cells.flag("paid")?;
    Ok(Some(Live { attempt, counts: run::counts(&cells)?, source, paid, page, untouched }))
}

/// Stores what is to be stored of a page.
pub(super) async fn take(
    conn: &mut SqliteConnection,
    live: &Live,
    run: RunId,
    page: Page,
    item_ids: Vec<ItemId>,
    room: u32,
    now: UtcMillis,
) -> Outcome<Counts> {
    let Page { mut items, removals, rejects, rejected, fillers, .. } = page;
    if item_ids.len() < items.len() {
        let why = format!("{} ids were given for {} items; each needs one", item_ids.len(), items.len());
        return Err(Trouble::Driver(sqlx::Error::Protocol(why)));
    }
    let source = &live.source.source;
    let origin = Origin { source: source.id, tenant: &source.tenant, page: live.page, now };
    let nothing = items.is_empty() || live.untouched;
    let stored = if nothing { HashMap::new() } else { item::known(conn, source.id, &items).await? };
    complete(conn, source.id, &mut items, &stored).await?;
    let mut intake = Intake::new(room, source.horizon, rejected, fillers);
    let (mut whole, mut metrics, mut back, mut left_out) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, item) in item_ids.into_iter().zip(items) {
        let stored = stored.get(&item.external_id);
        match intake.take(&item, stored.map(|stored| &stored.known)) {
            Taken::Insert | Taken::Update => whole.push((id, item)),
            Taken::UpdateMetrics => metrics.push((item.external_id, item.metrics)),
            Taken::Leave if stored.is_some_and(|stored| stored.removed) => back.push(item.external_id),
            Taken::OverCap => left_out.push(item.element),
            Taken::Leave | Taken::BeforeHorizon => {}
        }
    }
    if let (Some(page), false) = (live.page, left_out.is_empty()) {
        kept::leave_out(conn, page, &left_out).await?;
    }
    item::write(conn, origin, whole).await?;
    if !metrics.is_empty() {
        item::write_metrics(conn, origin, &metrics).await?;
    }
    if !back.is_empty() {
        item::restore(conn, origin, &back).await?;
    }
    if !removals.is_empty() {
        for _ in 0..item::remove(conn, origin, &removals).await? {
            intake.removed();
        }
    }
    if !rejects.is_empty() {
        let from = dead::From { run, attempt: live.attempt, source, now };
        dead::bury_elements(conn, from, live.page, &rejects).await?;
    }
    Ok(intake.counts())
}

/// Completes partial items with what is stored of them.
async fn complete(
    conn: &mut SqliteConnection,
    source: tidegate_core::id::SourceId,
    items: &mut Vec<tidegate_core::item::Item>,
    stored: &HashMap<String, Stored>,
) -> Outcome<()> {
    let partial = |item: &tidegate_core::item::Item| item.partial && stored.contains_key(&item.external_id);
    let ids: Vec<&str> = items.iter().filter(|item| partial(item)).map(|item| item.external_id.as_str()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut whole = item::whole(conn, source, &ids).await?;
    let completed = core::mem::take(items).into_iter().map(|item| match whole.remove(&item.external_id) {
        Some(stored) => item.over(stored),
        None => item,
    });
    *items = completed.collect();
    Ok(())
}

/// What a run has done so far.
struct Progress {
    run: RunId,
    now: UtcMillis,
    total: Counts,
    bytes: u64,
    fetches: u32,
    pages: u32,
    /// As JSON; of a run that ends.
    plugin: Option<String>,
}

/// `?3` to `?15`, of [`Progress::bind`].
macro_rules! progress {
    () => {
        "items_new = ?3, items_updated = ?4, metrics_updated = ?5, duplicates = ?6, over_cap = ?7, before_horizon = ?8,
        removed = ?9, rejected = ?10, fillers = ?11, oldest_new = ?12, bytes = bytes + ?13, fetches = fetches + ?14,
        pages = pages + ?15"
    };
}

const PROGRESS: &str = concat!("UPDATE run SET ", progress!(), " WHERE id = ?1");

/// The end of a run in one go: the run, what it had reserved, its source.
const END: &str = concat!(
    "UPDATE run SET stage = 'ended', ended_at = ?2, daemon = NULL, lease_until = NULL, ",
    progress!(),
    ", ending = ?16, failure_class = ?17, failure = ?18, warnings = ?19, plugin = ?20
    WHERE id = ?1; ",
    settle_spent!(),
    "; ",
    update_source!()
);

impl Progress {
    /// `?1` to `?15`.
    fn bind(&self, query: Query) -> Query {
        let total = &self.total;
        query
            .bind(self.run.to_bytes().to_vec())
            .bind(self.now.as_millis())
            .bind(total.new)
            .bind(total.updated)
            .bind(total.metrics_updated)
            .bind(total.duplicate)
            .bind(total.over_cap)
            .bind(total.before_horizon)
            .bind(total.removed)
            .bind(total.rejected)
            .bind(total.fillers)
            .bind(total.oldest_new.map(UtcMillis::as_millis))
            .bind(signed(self.bytes))
            .bind(self.fetches)
            .bind(self.pages)
    }
}

async fn end(
    conn: &mut SqliteConnection,
    live: &mut Live,
    mut finish: Finish,
    progress: Progress,
) -> Outcome<Settlement> {
    stay_unique(conn, live, &mut finish).await?;
    if finish.asks_for_rhythm(&live.source.source) {
        live.source.source.facts.published = item::rhythm(conn, live.source.source.id).await?;
    }
    if finish.asks_for_hours(&live.source.source) {
        live.source.source.facts.activity = follow::hours(conn, live.source.source.id).await?;
    }
    let settlement = finish.settle(&live.source.source, &progress.total, progress.now);
    live.source.source = settlement.source.clone();
    let failure = settlement.failure.as_ref();
    let (run, progress_now, plugin) = (progress.run, progress.now, progress.plugin.clone());
    let warnings = (!finish.warnings.is_empty()).then(|| json(&finish.warnings)).transpose()?;
    let query = progress
        .bind(sqlx::query(END))
        .bind(settlement.ending.word())
        .bind(failure.map(|failure| failure.class.word()))
        .bind(failure.map(|failure| failure.message.clone()))
        .bind(warnings)
        .bind(plugin);
    source::bind(query, &live.source)?.execute(&mut *conn).await?;
    if let (true, Some(failure)) = (settlement.dead, failure) {
        let from = dead::From { run, attempt: live.attempt, source: &settlement.source, now: progress_now };
        dead::bury_run(conn, from, failure, finish.request.take()).await?;
    }
    if live.paid {
        actor_run::end_all(conn, run, progress_now).await?;
        ledger::settle_money(conn, run).await?;
    }
    Ok(settlement)
}

/// A source that has moved to where another one of its tenant and profile is keeps its identifier.
async fn stay_unique(conn: &mut SqliteConnection, live: &Live, finish: &mut Finish) -> Outcome<()> {
    let Some(to) = &finish.moved_to else { return Ok(()) };
    let source = &live.source.source;
    let sql = "SELECT id FROM source WHERE tenant = ?1 AND profile = ?2 AND identifier = ?3 AND id <> ?4";
    let other = sqlx::query(sql)
        .bind(source.tenant.to_string())
        .bind(source.profile.to_string())
        .bind(to.clone())
        .bind(source.id.to_bytes().to_vec())
        .fetch_optional(conn)
        .await?;
    if let Some(other) = other {
        let other: tidegate_core::id::SourceId = Cells::new(&other, "source", "id").id("id")?;
        finish.warnings.push(format!("it has moved to {to}, which is source {other} already; remove one of the two"));
        finish.moved_to = None;
    }
    Ok(())
}
