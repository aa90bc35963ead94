//! The machine that drives one run: an event in, the next effect out.
//!
//! Owns: the order of things in a run, retries inside it, its page budget, and what a page's batch leads to. Must not know:
//! how anything is performed, or the store. Called by `engine/work`, one machine for each claim.
//!
//! ```text
//! Begin -> AskPlan -> [Wait] -> Fetch -> Normalize -> Commit -> Done
//!                        ^________|         |            |
//!                         transient         |   next     |
//!                        ^__________________|____________|
//! ```
//!
//! Nothing of a run has to survive a crash but its row (claimed, with a lease) and the pages it has committed: identity
//! makes storing an item twice harmless, so a run that died begins again with `Begin`.

use core::time::Duration;

use super::finish::{Finish, Policy, RunResult};
use crate::claim::Claim;
use crate::contract::{
    self, Facts, Fetch, Hints, HttpResponse, Job, Kind, OutcomeStatus, PageContent, Step, Watermark,
};
use crate::failure::{Class, Failure};
use crate::item::{self, Counts};
use crate::plan::{self, Plan};
use crate::profile::Profile;
use crate::source::Trigger;
use crate::time::UtcMillis;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// The claim is made; start.
    Begin,
    /// The plugin has planned, or failed to.
    Planned(Result<Step, Failure>),
    /// The wait is over.
    WaitOver,
    /// The fetch is done, or failed.
    Fetched(Result<HttpResponse, Failure>),
    /// The plugin has normalized the page, or failed to.
    Normalized(Result<contract::Batch, Failure>),
    /// The page is stored. Counts of the whole run so far.
    Committed(Counts),
    /// Something outside ends the run.
    Stop(Stop),
}

/// What ends a run from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Its time is up.
    Deadline,
    /// The daemon stops: the run goes back into the queue.
    Drain,
}

/// What is to be done next. Exactly one at a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the plugin to plan [`Machine::job`].
    AskPlan,
    /// Wait, then say [`Event::WaitOver`].
    Wait(Duration),
    /// Fetch.
    Fetch(Plan),
    /// Ask the plugin to normalize this page of [`Machine::job`].
    Normalize(contract::Page),
    /// Store a page, end the run, or both: one transaction.
    Commit {
        /// The page.
        page: Option<Box<item::Page>>,
        /// The end.
        finish: Option<Box<Finish>>,
    },
    /// Give the claim back; the run is queued again.
    Release,
    /// Nothing more.
    Done,
}

/// Where a run stands.
#[derive(Debug)]
enum State {
    Ready,
    Planning,
    Waiting(Plan, Tries),
    Fetching(Plan, Tries),
    Normalizing(Option<u16>),
    Committing(Option<Box<Step>>),
    Over,
}

/// Times a fetch has been tried already.
type Tries = usize;

/// Drives one run.
#[derive(Debug)]
pub struct Machine {
    job: Job,
    kind: Kind,
    profile: Profile,
    trigger: Trigger,
    cap: u32,
    dice: u32,
    state: State,
    pages: u32,
    outcome: OutcomeStatus,
    watermark: Option<Watermark>,
    facts: Option<Facts>,
    hints: Option<Hints>,
    warnings: Vec<String>,
}

impl Machine {
    /// The machine of a claim whose profile and kind are known. `dice` is uniform over all of `u32`.
    #[must_use]
    pub fn new(claim: &Claim, profile: Profile, kind: Kind, now: UtcMillis, dice: u32) -> Self {
        Self {
            job: plan::job(claim, &profile, &kind, now),
            cap: plan::item_cap(claim, &profile),
            trigger: claim.trigger,
            kind,
            profile,
            dice,
            state: State::Ready,
            pages: 0,
            outcome: OutcomeStatus::NoNew,
            watermark: None,
            facts: None,
            hints: None,
            warnings: Vec::new(),
        }
    }

    /// What the plugin is asked.
    #[must_use]
    pub const fn job(&self) -> &Job {
        &self.job
    }

    /// New items the run may store in all.
    #[must_use]
    pub const fn cap(&self) -> u32 {
        self.cap
    }

    /// Takes what happened and says what is to be done next. `now` is the time of the event.
    ///
    /// An event that does not fit the state ends the run as a fault of ours rather than being guessed about.
    pub fn on(&mut self, event: Event, now: UtcMillis) -> Effect {
        let state = core::mem::replace(&mut self.state, State::Over);
        match (state, event) {
            (State::Over, _) => Effect::Done,
            (State::Committing(_), Event::Stop(stop)) | (_, Event::Stop(stop)) => self.stop(stop),
            (State::Ready, Event::Begin) => {
                self.state = State::Planning;
                Effect::AskPlan
            }
            (State::Planning, Event::Planned(planned)) => match planned {
                Ok(step) => self.go(step),
                Err(failure) => self.fail(None, failure),
            },
            (State::Waiting(plan, tries), Event::WaitOver) => self.fetch(plan, tries),
            (State::Fetching(plan, tries), Event::Fetched(fetched)) => self.fetched(plan, tries, fetched),
            (State::Normalizing(status), Event::Normalized(batch)) => self.normalized(status, batch, now),
            (State::Committing(next), Event::Committed(total)) => self.committed(next, &total),
            (state, event) => {
                let message = format!("internal: {event:?} does not fit {state:?}");
                self.fail(None, Failure::new(Class::Transient, message))
            }
        }
    }

    fn stop(&mut self, stop: Stop) -> Effect {
        match stop {
            Stop::Drain => Effect::Release,
            Stop::Deadline => {
                let seconds = self.profile.caps.deadline.as_secs();
                self.fail(
                    None,
                    Failure::new(Class::Transient, format!("not done after {seconds} s, the run's deadline")),
                )
            }
        }
    }

    /// Checks a step and starts it.
    fn go(&mut self, step: Step) -> Effect {
        if step.fetch == Fetch::Nothing {
            return self.succeed(None);
        }
        match plan::check(step, &self.kind, &self.profile) {
            Err(failure) => self.fail(None, failure),
            Ok(plan) if plan.delay().is_zero() => self.fetch(plan, 0),
            Ok(plan) => self.wait(plan.delay(), plan, 0),
        }
    }

    fn wait(&mut self, delay: Duration, plan: Plan, tries: Tries) -> Effect {
        self.state = State::Waiting(plan, tries);
        Effect::Wait(delay)
    }

    fn fetch(&mut self, plan: Plan, tries: Tries) -> Effect {
        self.state = State::Fetching(plan.clone(), tries);
        Effect::Fetch(plan)
    }

    fn fetched(&mut self, plan: Plan, tries: Tries, fetched: Result<HttpResponse, Failure>) -> Effect {
        match fetched {
            Ok(response) => {
                self.state = State::Normalizing(Some(response.status));
                Effect::Normalize(contract::Page {
                    state: plan.state().map(str::to_owned),
                    content: PageContent::Http(response),
                    number: self.pages,
                    extra: None,
                })
            }
            Err(failure) => match self.profile.retry.in_run.get(tries) {
                // A wait that the other side asks for is longer than a run should sit: it becomes a retry run.
                Some(wait)
                    if failure.class == Class::Transient && failure.retry_after.is_none_or(|told| told <= *wait) =>
                {
                    let wait = *wait;
                    self.wait(wait, plan, tries + 1)
                }
                _ => self.fail(None, failure),
            },
        }
    }

    fn normalized(&mut self, status: Option<u16>, batch: Result<contract::Batch, Failure>, now: UtcMillis) -> Effect {
        let accepted = match batch {
            Err(failure) => return self.fail(None, failure),
            Ok(batch) => item::accept(batch, status, now),
        };
        let mut page = match accepted {
            Err(bad) => return self.fail(None, Failure::new(Class::PluginFault, format!("bad output: {bad}"))),
            Ok(page) => page,
        };
        self.pages += 1;
        self.learn(&mut page);
        if let Some(failure) = page.trouble.clone() {
            return self.fail(Some(page), failure);
        }
        match page.next.take() {
            None => self.succeed(Some(page)),
            Some(_) if self.pages >= self.profile.caps.max_pages => {
                self.warn(format!("more pages follow, but {} is the most for one run", self.profile.caps.max_pages));
                self.succeed(Some(page))
            }
            Some(next) => {
                self.state = State::Committing(Some(Box::new(next)));
                Effect::Commit { page: Some(Box::new(page)), finish: None }
            }
        }
    }

    /// Adds up what a page says.
    fn learn(&mut self, page: &mut item::Page) {
        if page.outcome.status != OutcomeStatus::NoNew {
            self.outcome = page.outcome.status;
        }
        if let Some(watermark) = page.watermark.take() {
            self.watermark = Some(watermark);
        }
        if let Some(facts) = page.facts.take() {
            self.facts = Some(match self.facts.take() {
                None => facts,
                Some(earlier) => merge_facts(earlier, facts),
            });
        }
        if let Some(hints) = page.hints.take() {
            self.hints = Some(match self.hints.take() {
                None => hints,
                Some(earlier) => merge_hints(earlier, hints),
            });
        }
        for warning in core::mem::take(&mut page.warnings) {
            self.warn(warning);
        }
    }

    fn warn(&mut self, warning: String) {
        if self.warnings.len() < crate::limits::BATCH_WARNINGS {
            self.warnings.push(warning);
        }
    }

    fn committed(&mut self, next: Option<Box<Step>>, total: &Counts) -> Effect {
        match next {
            None => Effect::Done,
            Some(_) if total.new >= self.cap => self.succeed(None),
            Some(step) => self.go(*step),
        }
    }

    fn succeed(&mut self, page: Option<item::Page>) -> Effect {
        self.end(page, RunResult::Succeeded(self.outcome))
    }

    fn fail(&mut self, page: Option<item::Page>, failure: Failure) -> Effect {
        self.watermark = None;
        self.end(page, RunResult::Failed(failure))
    }

    fn end(&mut self, page: Option<item::Page>, result: RunResult) -> Effect {
        self.state = State::Committing(None);
        let finish = Finish {
            trigger: self.trigger,
            result,
            watermark: self.watermark.take(),
            unread: false,
            facts: self.facts.take(),
            moved_to: None,
            hints: self.hints.take(),
            warnings: core::mem::take(&mut self.warnings),
            policy: Policy {
                schedule: self.profile.schedule.clone(),
                min_interval: self.profile.min_interval,
                retry: self.profile.retry.clone(),
                dice: self.dice,
            },
        };
        Effect::Commit { page: page.map(Box::new), finish: Some(Box::new(finish)) }
    }
}

/// Field by field, the last that is known counts.
fn merge_facts(earlier: Facts, later: Facts) -> Facts {
    Facts {
        platform_id: later.platform_id.or(earlier.platform_id),
        display_name: later.display_name.or(earlier.display_name),
        description: later.description.or(earlier.description),
        url: later.url.or(earlier.url),
        image_url: later.image_url.or(earlier.image_url),
        language: later.language.or(earlier.language),
        followers: later.followers.or(earlier.followers),
        following: later.following.or(earlier.following),
        posts: later.posts.or(earlier.posts),
        verified: later.verified.or(earlier.verified),
        moved_to: later.moved_to.or(earlier.moved_to),
        extra: later.extra.or(earlier.extra),
    }
}

/// Field by field, the last that is known counts; `complete` once said stays.
fn merge_hints(earlier: Hints, later: Hints) -> Hints {
    fn either<T>(later: Vec<T>, earlier: Vec<T>) -> Vec<T> {
        if later.is_empty() { earlier } else { later }
    }
    Hints {
        min_interval_s: later.min_interval_s.or(earlier.min_interval_s),
        fresh_for_s: later.fresh_for_s.or(earlier.fresh_for_s),
        not_before: later.not_before.or(earlier.not_before),
        skip_hours: either(later.skip_hours, earlier.skip_hours),
        skip_days: either(later.skip_days, earlier.skip_days),
        hubs: either(later.hubs, earlier.hubs),
        topic: later.topic.or(earlier.topic),
        complete: later.complete || earlier.complete,
        extra: later.extra.or(earlier.extra),
    }
}
