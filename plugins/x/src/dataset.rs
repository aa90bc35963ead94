//! A page of a dataset.
//!
//! Owns: the walk over its elements, each of which ends as an item, filler, reject, an element left out (about somebody
//! else) or a row about the source; none is dropped uncounted. Must not know: how an element is read or what the dataset
//! says about the source. Called by `normalize`.

use tidegate_plugin_kit::actors::Tally;
use tidegate_plugin_kit::fields::Map;
use tidegate_plugin_kit::moment::{AHEAD_MS, Moment};
use tidegate_plugin_kit::{Batch, DatasetPage, Facts, Failure, Job, Outcome, Reject};

use crate::fields::{self, Field};
use crate::identifier::{self, Kind};
use crate::item;
use crate::overrides::Overrides;
use crate::rows::{Row, row};
use crate::snowflake;
use crate::state::State;
use crate::tweet::Tweet;
use crate::verdict;

/// Reads a page. `state` is what the step or the page before handed over.
///
/// # Errors
///
/// When a cut window cannot go on because the settings have become wrong.
pub fn read(job: &Job, kind: Kind, overrides: &Overrides, state: State, page: &DatasetPage) -> Result<Batch, Failure> {
    let map = fields::map(job, overrides);
    let now = Moment::parse(&job.now).unwrap_or(Moment(i64::MAX - AHEAD_MS));
    let mut reading = Reading { job, kind, now, batch: Batch::empty(Outcome::ok()), state, tally: Tally::default() };
    reading.batch.items.reserve(page.elements.len());
    for (number, element) in (0..).zip(&page.elements) {
        reading.element(number, element, &map);
    }
    let Reading { mut batch, state, tally, .. } = reading;
    tally.write(&mut batch, "by or about this source");
    verdict::conclude(job, kind, overrides, &state, page, batch)
}

struct Reading<'j> {
    job: &'j Job,
    kind: Kind,
    now: Moment,
    batch: Batch,
    state: State,
    tally: Tally,
}

impl Reading<'_> {
    fn element(&mut self, number: u32, element: &str, map: &Map<Field>) {
        let tweet = match Tweet::read(element, map) {
            Ok(Some(tweet)) => tweet,
            Ok(None) => return self.reject(number, "expected an object with the fields of a post"),
            Err(malformed) => return self.reject(number, &malformed.to_string()),
        };
        let seen = &mut self.state.seen;
        match row(&tweet) {
            Row::Post => self.post(number, &tweet),
            Row::Malformed(why) => self.reject(number, why),
            Row::Padding => {
                seen.padding += 1;
                self.batch.fillers += 1;
            }
            Row::NoResults => {
                seen.no_results += 1;
                self.batch.fillers += 1;
            }
            Row::Demo => {
                seen.demo += 1;
                self.batch.fillers += 1;
            }
            Row::Error(text) => {
                if seen.errors == 0 {
                    seen.error = text.chars().take(256).collect();
                }
                seen.errors += 1;
                self.tally.outcomes += 1;
            }
        }
    }

    fn reject(&mut self, number: u32, reason: &str) {
        self.state.seen.rejects += 1;
        self.batch.rejects.push(Reject::new(number, reason));
    }

    fn post(&mut self, number: u32, tweet: &Tweet<'_>) {
        let Some(id) = tweet.own_id() else { return };
        if !self.is_wanted(tweet, id) {
            self.tally.leave_out(tweet.filled(Field::AuthorHandle), 32);
            self.state.seen.left_out += 1;
            return;
        }
        self.state.seen.items += 1;
        if let Some(number) = snowflake::id(id)
            && !tweet.get(Field::IsPinned).is_true()
        {
            let seen = &mut self.state.seen;
            seen.oldest = if seen.oldest == 0 { number } else { seen.oldest.min(number) };
            // An id from the future would hide everything that comes until then.
            let made = snowflake::time(number);
            if made.is_none_or(|made| made.0 <= self.now.0.saturating_add(AHEAD_MS)) {
                self.state.newest = self.state.newest.max(number);
            }
        }
        if self.kind == Kind::Account && self.batch.facts.is_none() {
            self.batch.facts = self.facts(tweet);
        }
        self.batch.items.push(item::item(tweet, id, number, self.now));
    }

    /// Whether a post belongs to the source: by the account that was asked for, also under a new handle; the post that was
    /// asked for; anything a search finds.
    fn is_wanted(&self, tweet: &Tweet<'_>, id: &str) -> bool {
        match self.kind {
            Kind::Search => true,
            Kind::Post => identifier::post_id(&self.job.identifier) == Some(id),
            Kind::Account => match tweet.filled(Field::AuthorHandle) {
                Some(handle) => handle.eq_ignore_ascii_case(&self.job.identifier) || self.is_known(tweet),
                None => true,
            },
        }
    }

    /// Whether the author has the id that this account had before.
    fn is_known(&self, tweet: &Tweet<'_>) -> bool {
        self.job.platform_id.is_some() && tweet.filled(Field::AuthorId) == self.job.platform_id.as_deref()
    }

    fn facts(&self, tweet: &Tweet<'_>) -> Option<Facts> {
        let handle = tweet.filled(Field::AuthorHandle)?;
        let owned = |field: Field| tweet.filled(field).map(str::to_owned);
        let renamed = !handle.eq_ignore_ascii_case(&self.job.identifier);
        Some(Facts {
            platform_id: owned(Field::AuthorId),
            display_name: owned(Field::AuthorName),
            description: owned(Field::AuthorAbout),
            url: Some(format!("https://x.com/{handle}")),
            image_url: owned(Field::AuthorPicture),
            followers: tweet.get(Field::Followers).count(),
            following: tweet.get(Field::Following).count(),
            posts: tweet.get(Field::Posts).count(),
            verified: tweet.verified,
            moved_to: renamed.then(|| handle.to_ascii_lowercase()),
            ..Facts::none()
        })
    }
}
