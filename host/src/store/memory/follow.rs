//! Follows and activity in memory.
//!
//! Owns: who follows what, who was seen when, and the number of active followers of each source, kept up to date with each
//! change so that a count looks only at what has changed. Must not know: what a number leads to (`audience` of the core).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tidegate_core::audience;
use tidegate_core::id::{SourceId, Tenant, UserId};
use tidegate_core::limits;
use tidegate_core::schedule::activity::Activity;
use tidegate_core::time::UtcMillis;

use super::Arrived;
use super::tables::Tables;
use crate::ports::{Changed, Follower, Moved, Recounted, Retier};

/// Who follows.
#[derive(Default)]
pub(super) struct Audience {
    users: HashMap<(Tenant, UserId), usize>,
    people: Vec<Person>,
    followers: BTreeMap<SourceId, BTreeSet<usize>>,
    /// People who follow something, by when they were seen.
    by_time: BTreeSet<(UtcMillis, usize)>,
    /// Who was seen at this moment or later is counted.
    since: UtcMillis,
    /// Sources whose count may not be what stands with them.
    doubtful: BTreeSet<SourceId>,
}

#[derive(Default)]
struct Person {
    seen_at: UtcMillis,
    sources: BTreeSet<SourceId>,
    /// Views by hour of the UTC day.
    hours: [u32; 24],
}

impl Tables {
    /// The user's number; one who is new is seen now.
    fn person(&mut self, tenant: Tenant, user: UserId, now: UtcMillis) -> usize {
        let audience = &mut self.audience;
        *audience.users.entry((tenant, user)).or_insert_with(|| {
            audience.people.push(Person { seen_at: now, ..Person::default() });
            audience.people.len() - 1
        })
    }

    fn sources_of(&self, person: usize) -> Vec<SourceId> {
        self.audience.people.get(person).map(|one| one.sources.iter().copied().collect()).unwrap_or_default()
    }

    fn counts(&self, person: usize) -> bool {
        self.audience.people.get(person).is_some_and(|one| one.seen_at >= self.audience.since)
    }

    /// Adds to the count of a source, or takes from it.
    fn count(&mut self, source: SourceId, more: bool) {
        if let Some(entry) = self.sources.get_mut(&source) {
            entry.counted = if more { entry.counted + 1 } else { entry.counted.saturating_sub(1) };
            self.audience.doubtful.insert(source);
        }
    }

    pub(super) fn follow(&mut self, tenant: Tenant, user: UserId, sources: Vec<SourceId>, now: UtcMillis) -> Changed {
        let (here, absent) = self.of_tenant(&tenant, sources);
        let mut done = Changed { changed: 0, absent };
        if here.is_empty() {
            return done;
        }
        let person = self.person(tenant, user, now);
        self.see(person, now);
        let counts = self.counts(person);
        for source in here {
            let Some(one) = self.audience.people.get_mut(person) else { continue };
            if one.sources.insert(source) {
                done.changed += 1;
                self.audience.followers.entry(source).or_default().insert(person);
                if counts {
                    self.count(source, true);
                }
            }
            self.first_follower(source, now);
        }
        done
    }

    fn of_tenant(&self, tenant: &Tenant, sources: Vec<SourceId>) -> (Vec<SourceId>, u32) {
        let is_here = |id: &SourceId| self.sources.get(id).is_some_and(|entry| entry.source.tenant == *tenant);
        let (here, absent): (Vec<_>, Vec<_>) = sources.into_iter().partition(is_here);
        (here, u32::try_from(absent.len()).unwrap_or(u32::MAX))
    }

    /// Somebody active follows this source.
    fn first_follower(&mut self, source: SourceId, now: UtcMillis) {
        let Some(entry) = self.sources.get_mut(&source) else { return };
        if audience::first_follower(&mut entry.source, now) {
            entry.parked = false;
            entry.awake_since = Some(now);
            self.audience.doubtful.insert(source);
            self.refresh_due(source);
        }
    }

    pub(super) fn unfollow(&mut self, tenant: Tenant, user: UserId, sources: Vec<SourceId>) -> Changed {
        let (here, absent) = self.of_tenant(&tenant, sources);
        let mut done = Changed { changed: 0, absent };
        let Some(person) = self.audience.users.get(&(tenant, user)).copied() else { return done };
        let counts = self.counts(person);
        for source in here {
            let Some(one) = self.audience.people.get_mut(person) else { continue };
            if !one.sources.remove(&source) {
                continue;
            }
            done.changed += 1;
            if counts {
                self.count(source, false);
            }
            let left = self.audience.followers.get_mut(&source);
            let nobody = left.is_none_or(|left| {
                left.remove(&person);
                left.is_empty()
            });
            if let Some(entry) = self.sources.get_mut(&source).filter(|_| nobody) {
                self.audience.followers.remove(&source);
                audience::last_follower_left(&mut entry.source);
                entry.awake_since = None;
            }
        }
        done
    }

    pub(super) fn seen(&mut self, tenant: Tenant, user: UserId, now: UtcMillis) -> bool {
        let Some(person) = self.audience.users.get(&(tenant, user)).copied() else { return false };
        self.see(person, now);
        self.view(person, now);
        for source in self.sources_of(person) {
            self.first_follower(source, now);
        }
        true
    }

    /// Counts a view in its hour of the day.
    fn view(&mut self, person: usize, now: UtcMillis) {
        let Some(one) = self.audience.people.get_mut(person) else { return };
        let Some(views) = one.hours.get_mut(usize::from(now.hour())) else { return };
        *views += 1;
        if *views >= limits::VIEWS_MOST {
            one.hours.iter_mut().for_each(|views| *views /= 2);
        }
    }

    /// When the followers of a source read. `None`: nobody has.
    pub(super) fn hours(&self, source: SourceId) -> Option<Activity> {
        let mut views = [0_u32; 24];
        let most = usize::try_from(limits::ACTIVITY_FOLLOWERS).unwrap_or(usize::MAX);
        for person in self.audience.followers.get(&source)?.iter().take(most) {
            let hours = self.audience.people.get(*person).map(|one| one.hours).unwrap_or_default();
            views.iter_mut().zip(hours).for_each(|(sum, views)| *sum = sum.saturating_add(views));
        }
        views.iter().any(|views| *views > 0).then(|| Activity::of(&views))
    }

    /// Time does not go back for anybody.
    fn see(&mut self, person: usize, now: UtcMillis) {
        let before = self.counts(person);
        let Some(one) = self.audience.people.get_mut(person) else { return };
        self.audience.by_time.remove(&(one.seen_at, person));
        one.seen_at = one.seen_at.max(now);
        self.audience.by_time.insert((one.seen_at, person));
        if !before && self.counts(person) {
            self.sources_of(person).into_iter().for_each(|source| self.count(source, true));
        }
    }

    pub(super) fn follower(&self, tenant: Tenant, user: UserId) -> Option<Follower> {
        let person = *self.audience.users.get(&(tenant, user))?;
        let seen_at = self.audience.people.get(person)?.seen_at;
        Some(Follower { seen_at, sources: self.sources_of(person) })
    }

    /// Moves the moment since when people count, with those between the old and the new one.
    fn count_since(&mut self, since: UtcMillis) {
        let before = core::mem::replace(&mut self.audience.since, since);
        let (from, until, more) = if since > before { (before, since, false) } else { (since, before, true) };
        let between = self.audience.by_time.range((from, 0)..(until, 0));
        let people: Vec<usize> = between.map(|(_, person)| *person).collect();
        for person in people {
            self.sources_of(person).into_iter().for_each(|source| self.count(source, more));
        }
    }

    pub(super) fn recount(&mut self, since: UtcMillis, limit: usize) -> Vec<Recounted> {
        self.count_since(since);
        let differs = |id: &SourceId| {
            let entry = self.sources.get(id)?;
            let followers = entry.counted;
            let differs = entry.source.facts.followers != Some(followers);
            Some(differs.then(|| Recounted { source: entry.source.clone(), followers }))
        };
        let mut found = Vec::new();
        let mut settled = Vec::new();
        for id in self.audience.doubtful.iter() {
            if found.len() >= limit {
                break;
            }
            match differs(id).flatten() {
                Some(recounted) => found.push(recounted),
                None => settled.push(*id),
            }
        }
        for id in settled {
            self.audience.doubtful.remove(&id);
        }
        found
    }

    pub(super) fn retier(&mut self, counts: Vec<Retier>, now: UtcMillis) {
        for count in counts {
            let Some(entry) = self.sources.get_mut(&count.source) else { continue };
            let source = &mut entry.source;
            entry.awake_since = match (source.facts.followers.unwrap_or(0), count.followers) {
                (_, 0) => None,
                (0, _) => Some(now),
                _ => entry.awake_since,
            };
            source.facts.followers = Some(count.followers);
            let moved = source.running.is_none() && source.next_run == count.before && count.before != count.after;
            if moved {
                source.next_run = count.after;
            }
            if moved || entry.parked {
                entry.parked = false;
                self.refresh_due(count.source);
            }
        }
    }

    pub(super) fn reschedule(&mut self, moved: Vec<Moved>) {
        for Moved { source, before, after } in moved {
            let Some(entry) = self.sources.get_mut(&source) else { continue };
            if entry.source.running.is_none() && entry.source.next_run == Some(before) {
                entry.source.next_run = Some(after);
                entry.parked = false;
                self.refresh_due(source);
            }
        }
    }

    pub(super) fn put_off(&mut self, sources: Vec<(SourceId, UtcMillis)>) {
        for (source, at) in sources {
            if self.sources.get(&source).is_some_and(super::tables::Entry::is_candidate) {
                self.put_due(source, Some(at));
            }
        }
    }

    /// A source is removed.
    pub(super) fn forget_follows(&mut self, source: SourceId) {
        for person in self.audience.followers.remove(&source).unwrap_or_default() {
            if let Some(one) = self.audience.people.get_mut(person) {
                one.sources.remove(&source);
            }
        }
        self.audience.doubtful.remove(&source);
    }

    /// A new source has nobody yet, and nobody has counted.
    pub(super) fn doubt(&mut self, source: SourceId) {
        self.audience.doubtful.insert(source);
    }

    pub(super) fn arrived(&self, source: SourceId, began: UtcMillis) -> Arrived {
        let Some(entry) = self.sources.get(&source) else { return Arrived::default() };
        let items = entry.awake_since.map(|awake| {
            let new = entry.items.values().filter(|row| row.first_seen_at >= began);
            let dated = new.filter_map(|row| Some((row.item.published_at?, row.first_seen_at)));
            dated.filter(|(published, _)| *published >= awake).collect()
        });
        Arrived { followers: entry.source.facts.followers, items: items.unwrap_or_default() }
    }
}
