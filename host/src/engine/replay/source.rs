//! The kept pages of one source.
//!
//! Owns: their order, the comparison with what is stored in pieces of a bounded size, and what is written. Must not know: how a
//! page is normalized, or what a difference is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tidegate_core::id::{Id, PageId, ProfileName, RunId};
use tidegate_core::item::{Counts, Page};
use tidegate_core::limits;
use tidegate_core::profile::Profile;
use tidegate_core::replay::{Beside, Change, Seen, Series, Stored};
use tidegate_core::source::Source;
use tidegate_core::time::UtcMillis;
use tokio_util::task::AbortOnDropHandle;

use super::normalized::{Normalized, named, normalize};
use super::{Offline, Refused, Report, Shown, Wish};
use crate::ports::{
    Absent, Applied, DeadFilter, DeadKind, ItemRow, KeptFilter, KeptPage, LetterId, Plugin, ReplayRun, Rewrite,
    Rewritten, RunPlugin, StoreError,
};

/// A page that is being normalized.
type Task = AbortOnDropHandle<Result<(PageId, Normalized), StoreError>>;

/// What pages are normalized with.
pub(super) struct With {
    plugin: Arc<dyn Plugin>,
}

impl With {
    /// The plugin of a profile as it is now, or what is missing.
    pub(super) fn of(
        ports: &Offline,
        profiles: &BTreeMap<ProfileName, Profile>,
        name: &ProfileName,
    ) -> Result<Self, Refused> {
        let absent = |what: String| Refused::Absent { what };
        let profile = profiles.get(name).ok_or_else(|| absent(format!("there is no profile {name}")))?;
        let plugin = ports.plugins.of(profile).map_err(|missing| match (missing, &profile.plugin_digest) {
            (Absent::Kind, _) => absent(format!("plugin {} has no kind {}", profile.plugin, profile.kind)),
            (Absent::Pinned, Some(pin)) => absent(format!("plugin {} is not here as {pin}", profile.plugin)),
            (Absent::Plugin | Absent::Pinned, _) => absent(format!("plugin {} is not loaded", profile.plugin)),
        })?;
        Ok(Self { plugin })
    }
}

/// What a source's pages have come to so far.
struct Run<'a> {
    ports: &'a Offline,
    wish: &'a Wish,
    source: Source,
    plugin: Arc<dyn Plugin>,
    report: &'a mut Report,
    series: Series,
    /// Pages that were normalized again.
    replayed: HashSet<PageId>,
    /// Items that came of them.
    came: HashSet<String>,
    /// What is still rejected, by page; and pages that reject more than they tell.
    rejects: HashMap<PageId, Option<BTreeSet<u32>>>,
    /// Pages, rejects and fillers that no written run has counted yet.
    uncounted: (u32, Counts),
    beside: Beside,
    /// Times at which this replay has written: what was changed then is no news.
    own: HashSet<UtcMillis>,
}

/// Replays one source.
pub(super) async fn replay(
    ports: &Offline,
    with: &With,
    wish: &Wish,
    source: Source,
    report: &mut Report,
) -> Result<(), StoreError> {
    let listed_at = Some(ports.clock.now());
    let pages = list(ports, wish, &source).await?;
    if pages.is_empty() {
        return Ok(());
    }
    report.sources += 1;
    // Pages that were not asked for may speak of every item.
    let unread = wish.until.map(|_| PageId::from_bits(u128::MAX));
    let beside = Beside { horizon: source.horizon, unread, listed_at };
    let mut run = Run {
        ports,
        wish,
        source,
        plugin: Arc::clone(&with.plugin),
        report,
        series: Series::default(),
        replayed: HashSet::with_capacity(pages.len()),
        came: HashSet::new(),
        rejects: HashMap::new(),
        uncounted: (0, Counts::default()),
        beside,
        own: HashSet::new(),
    };
    let mut under_way: VecDeque<(KeptPage, Task)> = VecDeque::new();
    let mut rest = pages.into_iter();
    loop {
        while under_way.len() < wish.at_once.max(1)
            && let Some(page) = rest.next()
        {
            let (ports, plugin) = (ports.clone(), Arc::clone(&with.plugin));
            #[expect(clippy::disallowed_methods, reason = "waited for below, and ended with what waits for it")]
            let task = tokio::spawn(async move { normalize(&ports, &plugin, page).await });
            under_way.push_back((page, AbortOnDropHandle::new(task)));
        }
        let Some((page, task)) = under_way.pop_front() else { break };
        match task.await {
            Ok(normalized) => run.take(page, normalized?.1),
            Err(broken) => run.take(page, Normalized::Fault(format!("internal: {broken}"))),
        }
        if run.series.len() >= limits::REPLAY_ITEMS || run.series.bytes() >= limits::REPLAY_BYTES {
            run.settle().await?;
        }
    }
    run.settle().await?;
    run.missing().await?;
    run.letters().await
}

/// Its kept pages, oldest first.
async fn list(ports: &Offline, wish: &Wish, source: &Source) -> Result<Vec<KeptPage>, StoreError> {
    let mut filter =
        KeptFilter { source: source.id, since: wish.since, until: wish.until, after: None, limit: limits::LIST_ROWS };
    let mut pages = Vec::new();
    loop {
        let more = ports.store.kept_pages(&filter).await?;
        let Some(last) = more.last() else { return Ok(pages) };
        filter.after = Some(*last);
        pages.extend(more);
        if pages.len() >= limits::REPLAY_PAGES {
            return Ok(pages);
        }
    }
}

impl Run<'_> {
    /// Takes the next page in the order of time.
    fn take(&mut self, page: KeptPage, normalized: Normalized) {
        let name = || named(page.id, page.run);
        let most = self.wish.show;
        let (pages, why) = match normalized {
            Normalized::Page(given, left_out) => return self.page(page, *given, &left_out),
            Normalized::Absent => return,
            Normalized::Failed(why) => (&mut self.report.pages.failed, why),
            Normalized::Fault(why) => (&mut self.report.pages.faults, why),
            Normalized::NotReplayable(why) => (&mut self.report.pages.not_replayable, why),
        };
        *pages += 1;
        self.beside.unread = self.beside.unread.max(Some(page.id));
        self.report.trouble(most, || format!("{}: {why}", name()));
    }

    fn page(&mut self, kept: KeptPage, page: Page, left_out: &BTreeSet<u32>) {
        let id = kept.id;
        self.replayed.insert(id);
        self.report.pages.replayed += 1;
        self.report.items_read += page.items.len() as u64;
        self.report.rejected += u64::from(page.rejected);
        self.uncounted.0 += 1;
        let counts = Counts { rejected: page.rejected, fillers: page.fillers, ..Counts::default() };
        self.uncounted.1 = self.uncounted.1.plus(counts);
        // More were rejected than are told: whoever brought nothing may be one of them.
        let told = usize::try_from(page.rejected).is_ok_and(|rejected| rejected <= page.rejects.len());
        let elements = told.then(|| page.rejects.iter().map(|reject| reject.element).collect());
        self.rejects.insert(id, elements);
        self.came.extend(page.items.iter().map(|item| item.external_id.clone()));
        self.series.take((id, kept.fetched_at), page, left_out);
    }

    /// Compares what the pages have come to with what is stored, and writes it.
    async fn settle(&mut self) -> Result<(), StoreError> {
        let items = core::mem::take(&mut self.series).into_items();
        let mut items = items.into_iter();
        loop {
            let piece: Vec<(String, Seen)> = items.by_ref().take(limits::REPLAY_WRITES).collect();
            if piece.is_empty() {
                return Ok(());
            }
            let writes = self.compare(piece).await?;
            if self.wish.write && !writes.is_empty() {
                self.write(writes, Vec::new()).await?;
            }
        }
    }

    async fn compare(&mut self, piece: Vec<(String, Seen)>) -> Result<Vec<Rewrite>, StoreError> {
        let ids = piece.iter().map(|(id, _)| id.clone()).collect();
        let rows = self.ports.store.stored_items(self.source.id, ids).await?;
        let stored: HashMap<String, Stored> = rows.into_iter().map(stored).collect();
        let mut writes = Vec::new();
        for (external_id, seen) in piece {
            let stored = stored.get(&external_id);
            let own = stored.is_some_and(|stored| self.own.contains(&stored.changed_at));
            let listed_at = self.beside.listed_at.filter(|_| !own);
            let change =
                seen.against(stored, Beside { listed_at, ..self.beside }, |page| self.replayed.contains(&page));
            self.report.items.count(&change);
            if matches!(change, Change::Same) {
                self.uncounted.1.duplicate = self.uncounted.1.duplicate.saturating_add(1);
            }
            self.show(&external_id, &change);
            let seen = stored.map(|stored| stored.changed_at);
            if let Some(what) = self.rewritten(change) {
                writes.push(Rewrite { external_id, seen, what });
            }
        }
        Ok(writes)
    }

    fn rewritten(&self, change: Change) -> Option<Rewritten> {
        match change {
            Change::Same | Change::BeforeHorizon | Change::Newer => None,
            Change::New(item, page) | Change::Content(item, page, _) => {
                Some(Rewritten::Whole { id: self.id(), item, page })
            }
            Change::Metrics(metrics, _) => Some(Rewritten::Metrics(metrics)),
            Change::Gone(removal) => Some(Rewritten::Gone(removal)),
        }
    }

    fn show(&mut self, external_id: &str, change: &Change) {
        let fields = match change {
            Change::Same | Change::BeforeHorizon | Change::Newer => return,
            Change::Content(_, _, fields) => fields.clone(),
            Change::Metrics(_, field) => vec![field.clone()],
            Change::New(..) | Change::Gone(_) => Vec::new(),
        };
        self.tell(external_id, change.word(), fields);
    }

    fn tell(&mut self, external_id: &str, change: &'static str, fields: Vec<tidegate_core::replay::FieldChange>) {
        if self.report.shown.len() < self.wish.show {
            let (source, identifier) = (self.source.id, self.source.identifier.clone());
            self.report.shown.push(Shown { source, identifier, external_id: external_id.to_owned(), change, fields });
        }
    }

    /// Stored items of these pages that do not come of them any more.
    async fn missing(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let items = self.ports.store.items_by_page(self.source.id, after, limits::LIST_ROWS).await?;
            let Some((last, _)) = items.last() else { return Ok(()) };
            after = Some(last.clone());
            for (external_id, page) in items {
                if page.is_some_and(|page| self.replayed.contains(&page)) && !self.came.contains(&external_id) {
                    self.report.gone += 1;
                    self.tell(&external_id, "gone", Vec::new());
                }
            }
        }
    }

    /// Open letters about elements of these pages that are rejected no more.
    async fn letters(&mut self) -> Result<(), StoreError> {
        let of =
            || DeadFilter { source: Some(self.source.id), kind: Some("element".to_owned()), ..DeadFilter::default() };
        let mut before = None;
        let mut mended: Vec<LetterId> = Vec::new();
        loop {
            let letters = self.ports.store.dead_letters(&DeadFilter { before, ..of() }).await?;
            let Some(last) = letters.last() else { break };
            before = Some(last.id);
            mended.extend(letters.iter().filter(|letter| self.is_mended(&letter.what)).map(|letter| letter.id));
        }
        self.report.letters += mended.len() as u64;
        let piece = usize::try_from(limits::DEAD_BATCH).unwrap_or(usize::MAX);
        if self.wish.write {
            for letters in mended.chunks(piece) {
                self.write(Vec::new(), letters.to_vec()).await?;
            }
        }
        Ok(())
    }

    fn is_mended(&self, what: &DeadKind) -> bool {
        let DeadKind::Element { page: Some(page), element, .. } = what else { return false };
        matches!(self.rejects.get(page), Some(Some(rejected)) if !rejected.contains(element))
    }

    async fn write(&mut self, items: Vec<Rewrite>, letters: Vec<LetterId>) -> Result<(), StoreError> {
        let (run, now) = (RunId::new(self.now(), self.ports.dice.throw()), self.now());
        let (pages, counts) = core::mem::take(&mut self.uncounted);
        let (source, plugin) = (self.source.id, RunPlugin::of(&*self.plugin));
        let written = items.len() as u64;
        let given = ReplayRun { run, source, plugin, pages, counts, items, letters };
        if let Applied::Done { overtaken, .. } = self.ports.store.apply_replay(given, now).await? {
            self.report.overtaken += u64::from(overtaken);
            self.report.wrote += written.saturating_sub(u64::from(overtaken));
            self.report.runs.push(run);
            self.own.insert(now);
        }
        Ok(())
    }

    fn now(&self) -> UtcMillis {
        self.ports.clock.now()
    }

    fn id<K>(&self) -> Id<K> {
        Id::new(self.now(), self.ports.dice.throw())
    }
}

fn stored(row: ItemRow) -> (String, Stored) {
    let ItemRow { item, page, changed_at, removed, .. } = row;
    (item.external_id.clone(), Stored { item, page, changed_at, removed: removed.is_some() })
}
