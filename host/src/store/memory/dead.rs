//! Dead letters and kept pages in memory.
//!
//! Owns: writing letters with the most that are kept, listing, counting and discarding them; pages by what is asked for. Must
//! not know: what takes letters up again (`extra`), or which runs become letters (the core's settlement says so).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tidegate_core::contract::Reject;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{PageId, ProfileName, RunId, SourceId, Tenant};
use tidegate_core::limits;
use tidegate_core::source::Source;
use tidegate_core::time::UtcMillis;

use super::source::rows;
use super::tables::{Kept, Tables};
use crate::ports::{DeadCount, DeadFilter, DeadKind, DeadLetter, LetterId, PageRow, RawPage, Retried};

/// Dead letters, oldest first.
#[derive(Default)]
pub(super) struct Dead {
    letters: BTreeMap<LetterId, DeadLetter>,
    /// The same for the most that are kept.
    of: BTreeMap<(Tenant, ProfileName), BTreeSet<LetterId>>,
    /// The last number that was given.
    last: LetterId,
}

/// Where letters come from: the run and the attempt that leave them, with its source.
pub(super) struct Origin {
    source: SourceId,
    identifier: String,
    tenant: Tenant,
    profile: ProfileName,
    run: RunId,
    attempt: u32,
    now: UtcMillis,
}

impl Origin {
    pub(super) fn of(source: &Source, run: RunId, attempt: u32, now: UtcMillis) -> Self {
        Self {
            source: source.id,
            identifier: source.identifier.clone(),
            tenant: source.tenant.clone(),
            profile: source.profile.clone(),
            run,
            attempt,
            now,
        }
    }
}

impl Dead {
    pub(super) fn bury_element(&mut self, origin: &Origin, page: Option<PageId>, reject: Reject) {
        // As the plugin gave it: what is no JSON is shown as text.
        let extra = reject.extra.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        let what = DeadKind::Element { page, element: reject.element, extra };
        self.bury(origin, what, Class::BadAnswer, reject.reason);
    }

    /// Writes a run down that nothing tries again.
    pub(super) fn bury_run(&mut self, origin: &Origin, failure: &Failure, request: Option<String>) {
        let request = request.and_then(|text| serde_json::from_str(&text).ok());
        self.bury(origin, DeadKind::Run { request }, failure.class, failure.message.clone());
    }

    fn bury(&mut self, origin: &Origin, what: DeadKind, class: Class, reason: String) {
        self.last += 1;
        let letter = DeadLetter {
            id: self.last,
            what,
            source: origin.source,
            identifier: origin.identifier.clone(),
            tenant: origin.tenant.clone(),
            profile: origin.profile.clone(),
            run: origin.run,
            attempt: origin.attempt,
            class,
            reason,
            created_at: origin.now,
            retried: None,
        };
        self.letters.insert(self.last, letter);
        let of = self.of.entry((origin.tenant.clone(), origin.profile.clone())).or_default();
        of.insert(self.last);
        if of.len() > usize::try_from(limits::DEAD_LETTERS_MOST).unwrap_or(usize::MAX)
            && let Some(oldest) = of.pop_first()
        {
            self.letters.remove(&oldest);
        }
    }

    fn remove(&mut self, id: LetterId) {
        let Some(letter) = self.letters.remove(&id) else { return };
        if let Some(of) = self.of.get_mut(&(letter.tenant, letter.profile)) {
            of.remove(&id);
        }
    }

    /// Forgets all letters of a source.
    pub(super) fn forget(&mut self, source: SourceId) {
        let gone: Vec<LetterId> =
            self.letters.values().filter(|letter| letter.source == source).map(|letter| letter.id).collect();
        gone.into_iter().for_each(|id| self.remove(id));
    }

    /// Forgets what is older than `before`, at most `limit`; gives how many.
    pub(super) fn expire(&mut self, before: UtcMillis, limit: usize) -> usize {
        let old = self.letters.values().take(limit).take_while(|letter| letter.created_at < before);
        let old: Vec<LetterId> = old.map(|letter| letter.id).collect();
        let gone = old.len();
        old.into_iter().for_each(|id| self.remove(id));
        gone
    }

    /// A letter that nobody has taken up.
    pub(super) fn open(&self, id: LetterId) -> Option<&DeadLetter> {
        self.letters.get(&id).filter(|letter| letter.retried.is_none())
    }

    /// Marks letters as taken up by a run.
    pub(super) fn mark(&mut self, letters: &[LetterId], run: RunId, now: UtcMillis) {
        for id in letters {
            if let Some(letter) = self.letters.get_mut(id) {
                letter.retried = Some(Retried { at: now, run });
            }
        }
    }

    fn meant<'a>(&'a self, filter: &'a DeadFilter) -> impl DoubleEndedIterator<Item = &'a DeadLetter> {
        let reason = filter.reason.as_ref().map(|text| text.to_ascii_lowercase());
        self.letters.values().filter(move |letter| {
            (filter.retried || letter.retried.is_none())
                && filter.id.is_none_or(|id| letter.id == id)
                && filter.tenant.as_ref().is_none_or(|tenant| letter.tenant == *tenant)
                && filter.profile.as_ref().is_none_or(|profile| letter.profile == *profile)
                && filter.source.is_none_or(|source| letter.source == source)
                && filter.kind.as_ref().is_none_or(|kind| letter.what.word() == kind)
                && filter.class.is_none_or(|class| letter.class == class)
                && reason.as_ref().is_none_or(|text| letter.reason.to_ascii_lowercase().contains(text))
                && filter.since.is_none_or(|since| letter.created_at >= since)
                && filter.before.is_none_or(|before| letter.id < before)
                && filter.up_to.is_none_or(|up_to| letter.id <= up_to)
        })
    }

    pub(super) fn discard(&mut self, filter: &DeadFilter, limit: u32) -> u64 {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let gone: Vec<LetterId> = self.meant(filter).take(most).map(|letter| letter.id).collect();
        let count = u64::try_from(gone.len()).unwrap_or(u64::MAX);
        gone.into_iter().for_each(|id| self.remove(id));
        count
    }

    pub(super) fn counts(&self, filter: &DeadFilter) -> Vec<DeadCount> {
        let mut counts: BTreeMap<_, (u64, LetterId)> = BTreeMap::new();
        for letter in self.meant(filter) {
            let key = (letter.tenant.clone(), letter.profile.clone(), letter.what.word(), letter.class.word());
            let (count, last) = counts.entry(key).or_default();
            (*count, *last) = (*count + 1, letter.id.max(*last));
        }
        let row = |((tenant, profile, kind, class), (count, last)): (_, _)| {
            let (kind, class): (&str, &str) = (kind, class);
            Some(DeadCount { tenant, profile, kind: kind.to_owned(), class: Class::from_word(class)?, count, last })
        };
        counts.into_iter().filter_map(row).collect()
    }
}

impl Tables {
    /// Letters as they are listed, newest first, with their source's identifier of now.
    pub(super) fn letters(&self, filter: &DeadFilter) -> Vec<DeadLetter> {
        let now = |letter: &DeadLetter| {
            let entry = self.sources.get(&letter.source);
            let identifier = entry.map_or_else(|| letter.identifier.clone(), |entry| entry.source.identifier.clone());
            DeadLetter { identifier, ..letter.clone() }
        };
        self.dead.meant(filter).rev().take(rows(filter.limit)).map(now).collect()
    }

    pub(super) fn keep_page(&mut self, raw: RawPage, source: SourceId, run: RunId, attempt: u32) {
        self.pages_until.insert((raw.keep_until, raw.id));
        self.pages_of.insert((run, attempt, raw.number, raw.id));
        self.pages.insert(raw.id, Kept { raw, source, run, attempt });
    }

    pub(super) fn remove_page(&mut self, id: PageId) {
        if let Some(kept) = self.pages.remove(&id) {
            self.pages_until.remove(&(kept.raw.keep_until, id));
            self.pages_of.remove(&(kept.run, kept.attempt, kept.raw.number, id));
        }
    }

    /// Forgets all pages of a source.
    pub(super) fn forget_pages(&mut self, source: SourceId) {
        let gone: Vec<PageId> =
            self.pages.iter().filter(|(_, kept)| kept.source == source).map(|(id, _)| *id).collect();
        gone.into_iter().for_each(|id| self.remove_page(id));
    }

    pub(super) fn list_pages(&self, run: RunId) -> Vec<PageRow> {
        let all = (run, 0, 0, PageId::from_bits(0))..=(run, u32::MAX, u32::MAX, PageId::from_bits(u128::MAX));
        let pages = self.pages_of.range(all).filter_map(|(.., id)| self.pages.get(id));
        let row = |kept: &Kept| PageRow {
            id: kept.raw.id,
            attempt: kept.attempt,
            number: kept.raw.number,
            status: kept.raw.status,
            url: kept.raw.url.clone(),
            body_bytes: kept.raw.body_bytes,
            fetched_at: kept.raw.fetched_at,
            keep_until: kept.raw.keep_until,
        };
        pages.take(rows(0)).map(row).collect()
    }
}
