//! What the end of a run means for its source and its row.
//!
//! Owns: [`Finish`], carried from the machine to the store, and [`Finish::settle`], the rule that turns it into the
//! source's next state. Must not know: SQL. `settle` is called inside the committing transaction with the source as it is
//! *then*: an operator may have paused or changed it while the run was under way.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::contract::{Facts, Hints, OutcomeStatus, Watermark};
use crate::failure::{self, Before, Change, Failure, Next};
use crate::item::Counts;
use crate::profile::Retry;
use crate::schedule::adaptive::Wishes;
use crate::schedule::{Given, Schedule};
use crate::source::{NextRun, PausedBy, Source, SourceState, Trigger};
use crate::time::UtcMillis;

/// The part of a profile that decides what follows a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The profile's schedule; a source's own goes before it.
    pub schedule: Schedule,
    /// The shortest time between two scheduled runs.
    pub min_interval: Duration,
    /// What follows failures.
    pub retry: Retry,
    /// Uniform over all of `u32`, drawn when the run began: spreads herds.
    pub dice: u32,
}

/// How a run ended, as far as the machine knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Finish {
    /// Why the run was made.
    pub trigger: Trigger,
    /// What came of it.
    pub result: RunResult,
    /// Watermark proposed by the last page that proposed one.
    pub watermark: Option<Watermark>,
    /// Whether an attempt of it died that had stored items already, before anything of its source was known.
    pub resumed: bool,
    /// Whether a page's `next` was not followed, because the cap or the page budget was reached.
    pub unread: bool,
    /// What the pages said about the account or feed, added up.
    pub facts: Option<Facts>,
    /// Where the source has moved for good, in the normal form its plugin's `validate` gave. The store keeps the old
    /// identifier if another source has this one already.
    pub moved_to: Option<String>,
    /// What the pages asked of whoever fetches, added up.
    pub hints: Option<Hints>,
    /// For a person.
    pub warnings: Vec<String>,
    /// What a failed run asked for last, as [`crate::dead_letter::request`] tells it.
    pub request: Option<String>,
    /// What decides what follows.
    pub policy: Policy,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum RunResult {
    /// It succeeded; what the source said.
    Succeeded(OutcomeStatus),
    /// It failed.
    Failed(Failure),
}

/// The end of a run in a word, as stored and printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// New or changed items were stored.
    Ok,
    /// It succeeded and brought nothing new.
    NoNew,
    /// It failed.
    Failed,
}

impl Ending {
    /// The ending in a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoNew => "no-new",
            Self::Failed => "failed",
        }
    }

    /// The ending of a run that has succeeded with these items.
    #[must_use]
    pub fn of(total: &Counts) -> Self {
        let changed = [total.new, total.updated, total.metrics_updated, total.removed].iter().any(|count| *count > 0);
        if changed { Self::Ok } else { Self::NoNew }
    }

    /// The ending of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Ok, Self::NoNew, Self::Failed].into_iter().find(|ending| ending.word() == word)
    }
}

/// What is to be written when a run has ended: all of it in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The source afterwards.
    pub source: Source,
    /// The run's end in a word.
    pub ending: Ending,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// A change of the source that somebody should hear of.
    pub notice: Option<Notice>,
    /// Whether the run is kept as a dead letter: nothing tries it again by itself.
    pub dead: bool,
}

/// A change of a source that somebody should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It was paused.
    Paused(String),
    /// It became invalid.
    Invalidated(String),
    /// It works again after failures.
    Recovered,
}

impl Finish {
    /// Decides what the end of this run, at `now`, means for `source` as it is at this moment. `total` counts all items of
    /// the run, over all its pages and attempts.
    #[must_use]
    pub fn settle(&self, source: &Source, total: &Counts, now: UtcMillis) -> Settlement {
        let mut after = source.clone();
        after.running = None;
        after.last_fetched_at = Some(now);
        after.total_runs = source.total_runs.saturating_add(1);
        after.updated_at = now;
        self.learn(&mut after);
        match &self.result {
            RunResult::Succeeded(_) => self.succeeded(after, source, total, now),
            RunResult::Failed(failure) => self.failed(after, source, total, failure, now),
        }
    }

    /// Whether the schedule of `source` asks how often it publishes: `facts.published` is to be made of its newest items
    /// before this end is settled.
    #[must_use]
    pub fn asks_for_rhythm(&self, source: &Source) -> bool {
        source.schedule.as_ref().unwrap_or(&self.policy.schedule).tuning.adaptive
    }

    /// Whether the schedule of `source` asks when its followers read: `facts.activity` is to be made of their views before
    /// this end is settled.
    #[must_use]
    pub fn asks_for_hours(&self, source: &Source) -> bool {
        source.schedule.as_ref().unwrap_or(&self.policy.schedule).tuning.activity
    }

    /// Facts and hints hold whatever came of the run.
    fn learn(&self, after: &mut Source) {
        if let Some(facts) = &self.facts {
            after.display_name = facts.display_name.clone().or_else(|| after.display_name.take());
            after.platform_id = facts.platform_id.clone().or_else(|| after.platform_id.take());
        }
        if let Some(moved_to) = &self.moved_to {
            after.identifier.clone_from(moved_to);
        }
        if let Some(hints) = &self.hints {
            after.hints = Some(hints.clone());
            // Lifetimes and waits come from header fields where the plugin says nothing of them.
            let (before, now) = (after.facts.wishes, Wishes::from(hints));
            let (max_age_ms, not_before) = (now.max_age_ms.or(before.max_age_ms), now.not_before.or(before.not_before));
            after.facts.wishes = Wishes { max_age_ms, not_before, ..now };
        }
    }

    fn succeeded(&self, mut after: Source, before: &Source, total: &Counts, now: UtcMillis) -> Settlement {
        after.failure_count = 0;
        after.retries = 0;
        after.last_success_at = Some(now);
        let first = before.last_success_at.is_none();
        // A first run is meant to be cut: what is older than its cut is never taken. Any later run that leaves something
        // behind starts again where this one started, so that it is found.
        let hides = if first { self.hides(total) } else { self.left_behind(before, total) };
        if !hides {
            after.watermark = self.watermark.clone().or(after.watermark);
        }
        if first && (total.over_cap > 0 || self.unread) {
            after.horizon = total.oldest_new.or(after.horizon);
        }
        after.next_run = self.regular(&after, now);
        let ending = Ending::of(total);
        let notice = (before.failure_count > 0).then_some(Notice::Recovered);
        Settlement { source: after, ending, failure: None, notice, dead: false }
    }

    /// Whether the proposal of a first run would hide items that are newer than some it has stored: an attempt that died may have
    /// stored older ones than this one has left out. The next run reads all of it again.
    const fn hides(&self, total: &Counts) -> bool {
        self.resumed && (total.over_cap > 0 || self.unread)
    }

    /// Whether new items were left out that the proposed watermark would hide.
    ///
    /// The cap leaves items out. Unread pages are covered by the proposal ("right if this page is the last"), but for one
    /// case: without a watermark to reach, a plugin takes a later run for a first one, which nothing has to follow. Where
    /// pages are unread and brought nothing new, the proposal is taken all the same, or the source would never get one.
    const fn left_behind(&self, before: &Source, total: &Counts) -> bool {
        total.over_cap > 0 || (self.unread && before.watermark.is_none() && total.new > 0)
    }

    fn failed(
        &self,
        mut after: Source,
        before: &Source,
        total: &Counts,
        failure: &Failure,
        now: UtcMillis,
    ) -> Settlement {
        // A first run that stored its fill and then failed is cut like one that went well, or each retry would take as many
        // older items again.
        if before.last_success_at.is_none() && total.over_cap > 0 {
            after.horizon = after.horizon.or(total.oldest_new);
        }
        let context = Before {
            trigger: self.trigger,
            failure_count: before.failure_count,
            retries: before.retries,
            retry: &self.policy.retry,
        };
        let consequence = failure::consequence(failure, context, now);
        after.failure_count = consequence.failure_count;
        after.retries = consequence.retries;
        let notice = match (consequence.change, &before.state) {
            (Change::Pause(reason), SourceState::Active) => {
                after.state = SourceState::Paused { since: now, by: PausedBy::Automatic, reason: reason.clone() };
                Some(Notice::Paused(reason))
            }
            (Change::Invalidate(reason), SourceState::Active) => {
                after.state = SourceState::Invalid { since: now, reason: reason.clone() };
                Some(Notice::Invalidated(reason))
            }
            // Somebody paused it meanwhile: that stands.
            _ => None,
        };
        after.next_run = match consequence.next {
            Next::Retry(at) => unless_stopped(&after, NextRun { at, trigger: Trigger::Retry }),
            Next::Regular => self.regular(&after, now),
            Next::Never => None,
        };
        let failure = Some(failure.clone());
        Settlement { source: after, ending: Ending::Failed, failure, notice, dead: consequence.exhausted }
    }

    /// The next run by schedule.
    fn regular(&self, after: &Source, now: UtcMillis) -> Option<NextRun> {
        let schedule = after.schedule.as_ref().unwrap_or(&self.policy.schedule);
        let given = Given {
            facts: &after.facts,
            last_attempt: Some(now),
            now,
            min_interval: self.policy.min_interval,
            dice: self.policy.dice,
            pause: None,
        };
        let at = schedule.next_run(&given).due.at()?;
        unless_stopped(after, NextRun { at, trigger: Trigger::Schedule })
    }
}

/// A source that may not run has no next run: it is not even looked at.
fn unless_stopped(after: &Source, next: NextRun) -> Option<NextRun> {
    (after.state == SourceState::Active).then_some(next)
}
