//! Commits: pages of runs, their ends, or both, many at once.
//!
//! Owns: the order of things inside the transaction: fence, look up, ask the core, write. Must not know: what is taken
//! ([`Intake`]) or what an end means (`Finish::settle`); both are asked here because only here it is certain what is stored.
//! However many commits, each table is written by one statement: a batch is some ten trips to the database. One that cannot be
//! written fails them all; `committer` then does them one by one.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use sqlx::PgConnection;
use tidegate_core::contract::Removal;
use tidegate_core::id::{PageId, RunId, SourceId};
use tidegate_core::item::{Counts, Intake, Item, Page, Taken};
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, clean, column};
use super::dead::{self, About};
use super::end::{self, Progress};
use super::item::{self, Change, Identity, Whole};
use super::{actor_run, kept, source};
use crate::ports::{Commit, Committed, RawPage};
use crate::store::rows::item::Stored;
use crate::store::rows::ledger::signed;
use crate::store::rows::source::{Row, source_columns};
use crate::store::rows::{Cells, run as rows};
use crate::store::trouble::{Outcome, Trouble};

/// A commit and its time.
pub(super) type Wish = (Commit, UtcMillis);

/// A run as the fence found it.
pub(super) struct Live<'a> {
    pub(super) wish: &'a Wish,
    pub(super) attempt: u32,
    pub(super) counts: Counts,
    pub(super) source: Row,
    /// Whether it may have ordered something.
    pub(super) paid: bool,
    /// Nothing has ever been committed for the source: there is nothing to look up.
    untouched: bool,
    /// The kept page whose elements are taken up again.
    replayed: Option<PageId>,
}

impl<'a> Live<'a> {
    fn page(&self) -> Option<&'a Page> {
        self.wish.0.page.as_deref()
    }

    fn id(&self) -> SourceId {
        self.source.source.id
    }

    /// The raw page, if it is kept.
    fn kept(&self) -> Option<PageId> {
        self.replayed.or_else(|| self.wish.0.raw.as_ref().map(|raw| raw.id))
    }

    /// A run that never lived: elements of a kept page are taken up again.
    pub(super) fn replayed(wish: &'a Wish, source: Row, page: PageId) -> Self {
        let replayed = Some(page);
        Self { wish, attempt: 1, counts: Counts::default(), source, paid: false, untouched: false, replayed }
    }

    /// Whose letters its rejects are.
    pub(super) fn from(&self) -> dead::From<'_> {
        dead::From { run: self.wish.0.run, attempt: self.attempt, source: &self.source.source, now: self.wish.1 }
    }
}

/// Writes all of these, which are of different sources. Answers in their order.
pub(super) async fn commit_all(conn: &mut PgConnection, wishes: &[Wish]) -> Outcome<Vec<Committed>> {
    source::lock_all(conn, wishes.iter().map(|(commit, _)| commit.source)).await?;
    let live = fence(conn, wishes).await?;
    keep(conn, &live).await?;
    let counts = take(conn, &live).await?;
    for one in &live {
        if let Some(ended) = &one.wish.0.actor {
            actor_run::end(conn, one.wish.0.run, ended, one.wish.1).await?;
        }
    }
    let mut done: HashMap<RunId, Committed> = HashMap::with_capacity(live.len());
    let mut progress = Vec::with_capacity(live.len());
    for (one, counts) in live.into_iter().zip(counts) {
        let total = one.counts.plus(counts);
        progress.push(Progress { live: one, total });
    }
    for (run, total, settlement) in end::write(conn, progress).await? {
        done.insert(run, Committed::Done { total, settlement: settlement.map(Box::new) });
    }
    Ok(wishes.iter().map(|(commit, _)| done.remove(&commit.run).unwrap_or(Committed::Stale)).collect())
}

/// The runs with their sources, those that are still the caller's.
async fn fence<'a>(conn: &mut PgConnection, wishes: &'a [Wish]) -> Outcome<Vec<Live<'a>>> {
    let sql = concat!(
        "SELECT ",
        source_columns!(),
        ", r.id AS run, r.attempt, r.pages, r.items_new, r.items_updated, r.metrics_updated, r.duplicates, r.over_cap,
        r.before_horizon, r.removed, r.rejected, r.fillers, r.oldest_new, r.credential IS NOT NULL AS paid
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS j(run, source, generation)
        JOIN run r ON r.id = j.run AND r.source = j.source AND r.generation = j.generation
        JOIN source s ON s.id = r.source WHERE r.stage = 'running'"
    );
    let rows = sqlx::query(sql)
        .bind(column(wishes, |(commit, _)| Uid::from(commit.run)))
        .bind(column(wishes, |(commit, _)| Uid::from(commit.source)))
        .bind(column(wishes, |(commit, _)| commit.generation.0))
        .fetch_all(conn)
        .await?;
    let mut wished: HashMap<RunId, &Wish> = wishes.iter().map(|wish| (wish.0.run, wish)).collect();
    let mut live = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::new(row, "run", "run");
        let Some(wish) = wished.remove(&cells.id("run")?) else { continue };
        let (attempt, pages): (u32, u32) = (cells.count("attempt")?, cells.count("pages")?);
        let source = Row::read(row)?;
        let untouched = pages == 0 && source.source.total_runs == 0;
        let paid = cells.flag("paid")?;
        let counts = rows::counts(&cells)?;
        live.push(Live { wish, attempt, counts, source, paid, untouched, replayed: None });
    }
    Ok(live)
}

/// Keeps the raw pages.
async fn keep(conn: &mut PgConnection, live: &[Live<'_>]) -> Outcome<()> {
    let kept: Vec<(&Live<'_>, &RawPage)> =
        live.iter().filter_map(|one| Some((one, one.wish.0.raw.as_ref()?))).collect();
    if kept.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO page (id, run, number, attempt, status, url, meta, body_bytes, fetched_at, keep_until, body,
            kept_bytes, profile)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bigint[], $13::text[])";
    let room = |raw: &RawPage| u64::try_from(raw.meta.len().saturating_add(raw.body.len())).unwrap_or(u64::MAX);
    sqlx::query(sql)
        .bind(column(&kept, |(_, raw)| Uid::from(raw.id)))
        .bind(column(&kept, |(one, _)| Uid::from(one.wish.0.run)))
        .bind(column(&kept, |(_, raw)| i64::from(raw.number)))
        .bind(column(&kept, |(one, _)| i64::from(one.attempt)))
        .bind(column(&kept, |(_, raw)| i64::from(raw.status)))
        .bind(column(&kept, |(_, raw)| clean(&raw.url)))
        .bind(column(&kept, |(_, raw)| clean(&raw.meta)))
        .bind(column(&kept, |(_, raw)| signed(raw.body_bytes)))
        .bind(column(&kept, |(_, raw)| raw.fetched_at.as_millis()))
        .bind(column(&kept, |(_, raw)| raw.keep_until.as_millis()))
        .bind(column(&kept, |(_, raw)| raw.body.as_slice()))
        .bind(column(&kept, |(_, raw)| signed(room(raw))))
        .bind(column(&kept, |(one, _)| one.source.source.profile.as_str()))
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores what is to be stored of the pages. Gives the counts of each.
pub(super) async fn take(conn: &mut PgConnection, live: &[Live<'_>]) -> Outcome<Vec<Counts>> {
    for one in live {
        let items = one.page().map_or(0, |page| page.items.len());
        if one.wish.0.item_ids.len() < items {
            let why = format!("{} ids were given for {items} items; each needs one", one.wish.0.item_ids.len());
            return Err(Trouble::Driver(sqlx::Error::Encode(why.into())));
        }
    }
    let stored = item::known(conn, &wanted(live, |one, _| !one.untouched)).await?;
    let known = |one: &Live<'_>, id: &str| stored.get(&one.id()).and_then(|items| items.get(id));
    let partial = wanted(live, |one, item| item.partial && known(one, &item.external_id).is_some());
    let pages = complete(live, item::whole(conn, &partial).await?);
    let mut intakes = Vec::with_capacity(live.len());
    let mut sorted = Sorted::default();
    for (one, items) in live.iter().zip(&pages) {
        intakes.push(sorted.sort(one, items, &|id| known(one, id)));
    }
    kept::leave_out(conn, &sorted.left_out).await?;
    item::write(conn, &sorted.whole).await?;
    item::change(conn, &sorted.changes).await?;
    let places: HashMap<SourceId, usize> = live.iter().enumerate().map(|(place, one)| (one.id(), place)).collect();
    for source in item::change(conn, &sorted.gone).await? {
        if let Some(intake) = places.get(&source).and_then(|place| intakes.get_mut(*place)) {
            intake.removed();
        }
    }
    bury(conn, live).await?;
    Ok(intakes.into_iter().map(|intake| intake.counts()).collect())
}

/// Identities of the items that `which` picks.
fn wanted<'a>(live: &'a [Live<'a>], which: impl Fn(&Live<'_>, &Item) -> bool) -> Vec<Identity<'a>> {
    let of = |one: &'a Live<'a>| one.page().into_iter().flat_map(|page| &page.items).map(move |item| (one, item));
    let picked = live.iter().flat_map(of).filter(|(one, item)| which(one, item));
    picked.map(|(one, item)| (one.id(), item.external_id.as_str())).collect()
}

/// The items of each page, partial ones completed with what is stored of them.
fn complete<'a>(live: &[Live<'a>], mut whole: HashMap<SourceId, HashMap<String, Item>>) -> Vec<Vec<Cow<'a, Item>>> {
    let mut pages = Vec::with_capacity(live.len());
    for one in live {
        let mut stored = whole.remove(&one.id()).unwrap_or_default();
        let items = one.page().map_or(&[][..], |page| &page.items);
        let completed = items.iter().map(|item| match stored.remove(&item.external_id) {
            Some(stored) => Cow::Owned(item.clone().over(stored)),
            None => Cow::Borrowed(item),
        });
        pages.push(completed.collect());
    }
    pages
}

/// What is to be done with items, over all pages.
#[derive(Default)]
struct Sorted<'a> {
    whole: Vec<Whole<'a>>,
    changes: Vec<(Identity<'a>, UtcMillis, Change<'a>)>,
    gone: Vec<(Identity<'a>, UtcMillis, Change<'a>)>,
    /// Elements of kept pages that are left out because of a cap.
    left_out: Vec<(PageId, Vec<u32>)>,
}

impl<'a> Sorted<'a> {
    fn sort<'s>(
        &mut self,
        one: &'a Live<'a>,
        items: &'a [Cow<'a, Item>],
        known: &impl Fn(&str) -> Option<&'s Stored>,
    ) -> Intake {
        let ((commit, now), source) = (one.wish, &one.source.source);
        let (rejected, fillers) = one.page().map_or((0, 0), |page| (page.rejected, page.fillers));
        let room = commit.cap.saturating_sub(one.counts.new);
        let mut intake = Intake::new(room, source.horizon, rejected, fillers);
        let mut left_out = Vec::new();
        for (id, item) in commit.item_ids.iter().zip(items) {
            let item: &Item = item;
            let identity = (source.id, item.external_id.as_str());
            let stored = known(&item.external_id);
            match intake.take(item, stored.map(|stored| &stored.known)) {
                Taken::Insert | Taken::Update => {
                    let (page, tenant) = (one.kept(), &source.tenant);
                    self.whole.push(Whole { id: *id, source: source.id, tenant, page, now: *now, item });
                }
                Taken::UpdateMetrics => self.changes.push((identity, *now, Change::Metrics(&item.metrics))),
                Taken::Leave if stored.is_some_and(|stored| stored.removed) => {
                    self.changes.push((identity, *now, Change::Back));
                }
                Taken::OverCap => left_out.push(item.element),
                Taken::Leave | Taken::BeforeHorizon => {}
            }
        }
        if let (Some(page), false) = (one.kept(), left_out.is_empty()) {
            self.left_out.push((page, left_out));
        }
        let mut seen = HashSet::new();
        for removal in one.page().into_iter().flat_map(|page| &page.removals) {
            // Said twice is gone once.
            if seen.insert(&removal.external_id) {
                self.gone.push(((source.id, &removal.external_id), *now, gone(removal, *now)));
            }
        }
        intake
    }
}

fn gone<'a>(removal: &Removal, now: UtcMillis) -> Change<'a> {
    let at = removal.at.as_deref().and_then(UtcMillis::parse).unwrap_or(now);
    Change::Gone(at, removal.reason.clone())
}

/// Writes rejects down as dead letters.
async fn bury(conn: &mut PgConnection, live: &[Live<'_>]) -> Outcome<()> {
    let mut letters = Vec::new();
    for one in live {
        let rejects = one.page().into_iter().flat_map(|page| &page.rejects);
        letters.extend(rejects.map(|reject| (one.from(), About::Element(one.kept(), reject))));
    }
    dead::bury(conn, &letters).await
}
