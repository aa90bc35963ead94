//! A page of a dataset.
//!
//! Owns: the walk over its elements, each of which ends as one or more items, filler, reject, an element left out (about
//! somebody else) or a row about the source; none is dropped uncounted. Must not know: how an element is read or what the
//! dataset says about the source. Called by `normalize`.

use tidegate_plugin_kit::actors::{self, Tally};
use tidegate_plugin_kit::fields::Map;
use tidegate_plugin_kit::moment::{AHEAD_MS, Moment};
use tidegate_plugin_kit::{Batch, DatasetPage, Facts, Job, Outcome, Reject};

use crate::fields::{self, Field};
use crate::identifier::Kind;
use crate::overrides::Overrides;
use crate::post::Post;
use crate::rows::{self, Row};
use crate::state::{Newest, State};
use crate::{item, profile, verdict, window};

/// Reads a page. `state` is what the step or the page before handed over.
pub fn read(job: &Job, kind: Kind, overrides: &Overrides, state: State, page: &DatasetPage) -> Batch {
    let map = fields::map(job, overrides);
    let mut reading = Reading {
        job,
        kind,
        now: Moment::parse(&job.now).unwrap_or(Moment(i64::MAX - AHEAD_MS)),
        known: actors::mark(job).and_then(window::newest),
        batch: Batch::empty(Outcome::ok()),
        state,
        tally: Tally::default(),
    };
    reading.batch.items.reserve(page.elements.len());
    for (number, element) in (0..).zip(&page.elements) {
        reading.element(number, element, &map);
    }
    let Reading { mut batch, state, tally, .. } = reading;
    tally.write(&mut batch, "about this source");
    verdict::conclude(job, kind, &state, page, batch)
}

struct Reading<'j> {
    job: &'j Job,
    kind: Kind,
    now: Moment,
    known: Option<Moment>,
    batch: Batch,
    state: State,
    tally: Tally,
}

impl Reading<'_> {
    fn element(&mut self, number: u32, element: &str, map: &Map<Field>) {
        let post = match Post::read(element, map) {
            Ok(Some(post)) => post,
            Ok(None) => return self.reject(number, "expected an object with the fields of a post or profile"),
            Err(malformed) => return self.reject(number, &malformed.to_string()),
        };
        let row = rows::row(&post);
        if !rows::is_wanted(self.job, self.kind, &row, &post) {
            return self.leave_out(&post);
        }
        match row {
            Row::Post => self.post(number, &post),
            Row::Profile => self.profile(number, &post),
            Row::Malformed => {
                self.reject(number, "expected a post with \"id\", \"shortCode\" or \"url\", or a profile");
            }
            Row::Demo => {
                self.state.seen.demo += 1;
                self.batch.fillers += 1;
            }
            Row::NotFound | Row::NoItems | Row::Blocked | Row::Error => self.error(&row, &post),
        }
    }

    fn reject(&mut self, number: u32, reason: &str) {
        self.state.seen.rejects += 1;
        self.batch.rejects.push(Reject::new(number, reason));
    }

    fn leave_out(&mut self, post: &Post<'_, '_>) {
        let who = [Field::Requested, Field::Url, Field::OwnerHandle, Field::Username];
        self.tally.leave_out(who.into_iter().find_map(|field| post.filled(field)), 80);
        self.state.seen.left_out += 1;
    }

    fn error(&mut self, row: &Row, post: &Post<'_, '_>) {
        let seen = &mut self.state.seen;
        if seen.error.is_empty() {
            seen.error = rows::error(post);
        }
        match row {
            Row::NotFound => seen.not_found += 1,
            Row::NoItems => seen.no_items += 1,
            Row::Blocked => seen.blocked += 1,
            _ => {
                // Of an error that is known and one that is not, the latter says more.
                seen.error = rows::error(post);
                seen.errors += 1;
            }
        }
        self.tally.outcomes += 1;
    }

    fn profile(&mut self, number: u32, post: &Post<'_, '_>) {
        self.tally.profiles += 1;
        self.state.seen.profile = Some(profile::posts(post));
        self.fact(profile::facts(self.job, post));
        if self.kind == Kind::Account {
            for latest in &post.latest {
                if latest.identity().is_some() {
                    self.post(number, latest);
                } else {
                    self.reject(number, "a post that came with the profile has no \"id\", \"shortCode\" or \"url\"");
                }
            }
        }
    }

    fn fact(&mut self, facts: Facts) {
        // What a profile says counts more than what a post does.
        if self.batch.facts.is_none() || facts.followers.is_some() {
            self.batch.facts = Some(facts);
        }
    }

    fn post(&mut self, number: u32, post: &Post<'_, '_>) {
        let Some(item) = item::item(post, number, self.now) else { return };
        let seen = &mut self.state.seen;
        seen.items += 1;
        let published = item::published(post, self.now);
        let cutoff = self.state.cutoff_ms.unwrap_or(i64::MIN);
        if !post.pinned && published.is_none_or(|published| published.0 >= cutoff) {
            seen.in_window += 1;
            if let Some(published) = published {
                seen.reached |= self.known.is_some_and(|known| published <= known);
                seen.oldest_ms = Some(seen.oldest_ms.map_or(published.0, |oldest| oldest.min(published.0)));
                let newest = Newest { at_ms: published.0, id: item.external_id.clone() };
                seen.newest = seen.newest.take().max(Some(newest));
            }
        }
        if self.kind == Kind::Account
            && let Some(facts) = profile::facts_of_owner(self.job, post)
        {
            self.fact(facts);
        }
        self.batch.items.push(item);
    }
}
