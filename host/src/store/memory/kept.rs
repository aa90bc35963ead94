//! Raw pages that are kept for replay, and what a replay came to.
//!
//! Owns: listing pages, trimming them to the room of a profile, writing a replay. Must not know: plugins, or what changes
//! (`tidegate_core::replay` says so).

use async_trait::async_trait;
use tidegate_core::id::{PageId, ProfileName, SourceId};
use tidegate_core::item::Counts;
use tidegate_core::time::UtcMillis;

use super::MemoryStore;
use super::item;
use super::source::rows;
use super::tables::{Kept, Tables};
use crate::ports::{
    Applied, ItemRow, KeptFilter, KeptPage, KeptPages, LetterId, ReplayRun, Rewritten, RunStage, StoreError,
};

impl Tables {
    fn kept_pages(&self, filter: &KeptFilter) -> Vec<KeptPage> {
        let ended = |kept: &&Kept| self.runs.get(&kept.run).is_some_and(|run| run.row.stage == RunStage::Ended);
        let place = |page: &KeptPage| (page.fetched_at, page.number, page.id);
        let fits = |page: &KeptPage| {
            filter.since.is_none_or(|since| page.fetched_at >= since)
                && filter.until.is_none_or(|until| page.fetched_at < until)
                && filter.after.is_none_or(|after| place(page) > place(&after))
        };
        let of_source = self.pages.values().filter(|kept| kept.source == filter.source).filter(ended);
        let page = |kept: &Kept| KeptPage {
            id: kept.raw.id,
            run: kept.run,
            fetched_at: kept.raw.fetched_at,
            number: kept.raw.number,
        };
        let mut pages: Vec<KeptPage> = of_source.map(page).filter(fits).collect();
        pages.sort_by_key(place);
        pages.truncate(rows(filter.limit));
        pages
    }

    fn items_by_page(&self, source: SourceId, after: Option<&str>, limit: u32) -> Vec<(String, Option<PageId>)> {
        let Some(entry) = self.sources.get(&source) else { return Vec::new() };
        let there = entry.items.values().filter(|row| row.removed.is_none());
        let mut items: Vec<(String, Option<PageId>)> = there
            .filter(|row| after.is_none_or(|after| row.item.external_id.as_str() > after))
            .map(|row| (row.item.external_id.clone(), row.page))
            .collect();
        items.sort();
        items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        items
    }

    fn apply_replay(&mut self, given: ReplayRun, now: UtcMillis) -> Applied {
        let ReplayRun { run, source, plugin, pages, counts, items, letters } = given;
        let Some(entry) = self.sources.get_mut(&source) else { return Applied::Gone };
        let (mut written, mut overtaken) = (Counts::default(), 0);
        for rewrite in items {
            let there = entry.items.get(&rewrite.external_id).map(|row| row.changed_at);
            if there != rewrite.seen {
                overtaken += 1;
                continue;
            }
            let counter = match rewrite.what {
                Rewritten::Whole { id, item, page } => {
                    item::write(entry, id, *item, Some(page), now);
                    if there.is_none() { &mut written.new } else { &mut written.updated }
                }
                Rewritten::Metrics(metrics) => {
                    item::touch(entry, &rewrite.external_id, now, |row| row.item.metrics = metrics);
                    &mut written.metrics_updated
                }
                Rewritten::Gone(removal) if item::mark(entry, &removal, now) => &mut written.removed,
                Rewritten::Gone(_) => continue,
            };
            *counter += 1;
        }
        let counts = counts.plus(written);
        let open = |id: &LetterId| self.dead.open(*id).is_some_and(|letter| letter.source == source);
        let letters: Vec<LetterId> = letters.into_iter().filter(open).collect();
        self.record_replay(run, source, pages, plugin, &counts, now);
        self.dead.mark(&letters, run, now);
        Applied::Done { counts, overtaken }
    }

    fn trim_pages(&mut self, profile: &ProfileName, most: u64, limit: usize) -> u64 {
        let of = |kept: &Kept| self.sources.get(&kept.source).is_some_and(|entry| entry.source.profile == *profile);
        let room = |kept: &Kept| u64::try_from(kept.raw.meta.len() + kept.raw.body.len()).unwrap_or(u64::MAX);
        let mut pages: Vec<(UtcMillis, PageId, u64)> = self
            .pages
            .values()
            .filter(|kept| of(kept))
            .map(|kept| (kept.raw.fetched_at, kept.raw.id, room(kept)))
            .collect();
        pages.sort_unstable();
        let mut taken: u64 = pages.iter().map(|(.., room)| room).sum();
        let mut gone = Vec::new();
        for (_, id, room) in pages.into_iter().take(limit) {
            if taken <= most {
                break;
            }
            taken -= room;
            gone.push(id);
        }
        gone.iter().for_each(|id| self.remove_page(*id));
        u64::try_from(gone.len()).unwrap_or(u64::MAX)
    }
}

#[async_trait]
impl KeptPages for MemoryStore {
    async fn kept_pages(&self, filter: &KeptFilter) -> Result<Vec<KeptPage>, StoreError> {
        self.with("list kept pages", |tables| tables.kept_pages(filter))
    }

    async fn stored_items(&self, source: SourceId, external_ids: Vec<String>) -> Result<Vec<ItemRow>, StoreError> {
        self.with("look items up", |tables| {
            let Some(entry) = tables.sources.get(&source) else { return Vec::new() };
            external_ids.iter().filter_map(|id| entry.items.get(id).cloned()).collect()
        })
    }

    async fn items_by_page(
        &self,
        source: SourceId,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<(String, Option<PageId>)>, StoreError> {
        self.with("list items with their pages", |tables| tables.items_by_page(source, after.as_deref(), limit))
    }

    async fn apply_replay(&self, replay: ReplayRun, now: UtcMillis) -> Result<Applied, StoreError> {
        self.with("write a replay", |tables| tables.apply_replay(replay, now))
    }

    async fn trim_pages(&self, profile: &ProfileName, most: u64, limit: usize) -> Result<u64, StoreError> {
        self.with("trim kept pages", |tables| tables.trim_pages(profile, most, limit))
    }
}
