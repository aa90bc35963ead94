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
//! A commit is never interrupted: what stops a run while one is under way is put off until its answer. So a run has one
//! end, and whatever it has stored is known when the end is decided.
//!
//! Nothing of a run has to survive a crash but its row (claimed, with a lease) and the pages it has committed: identity
//! makes storing an item twice harmless, so a run that died begins again with `Begin`.

use core::time::Duration;

use super::findings::Findings;
use super::finish::{Finish, Policy, RunResult};
use crate::claim::Claim;
use crate::contract::{self, Fetch, HttpResponse, Job, Kind, PageContent, Step};
use crate::failure::{Class, Failure};
use crate::item::{self, Counts};
use crate::plan::{self, Plan};
use crate::profile::Profile;
use crate::source::Trigger;
use crate::time::UtcMillis;

/// What happened.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "made once for each page and given away at once; never kept in numbers")]
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
    /// Something outside ends the run. May be said at any time, also while an effect is being performed: whoever performs
    /// a fetch, a wait or a plugin's call then gives it up, unless the next effect is [`Effect::Await`].
    Stop(Stop),
}

impl Event {
    const fn word(&self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Planned(_) => "planned",
            Self::WaitOver => "wait-over",
            Self::Fetched(_) => "fetched",
            Self::Normalized(_) => "normalized",
            Self::Committed(_) => "committed",
            Self::Stop(_) => "stop",
        }
    }
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
    /// Nothing new: the commit under way is neither given up nor repeated; say [`Event::Committed`] when it is answered.
    Await,
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
    /// The fetch that brought the page, and its status.
    Normalizing(Plan, Tries, u16),
    /// A page is being stored; then the step, unless something has cut the run meanwhile.
    Storing(Box<Step>, Option<Cut>),
    /// The end is being stored. Nothing changes it any more.
    Ending,
    Over,
}

impl State {
    const fn word(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Planning => "planning",
            Self::Waiting(..) => "waiting",
            Self::Fetching(..) => "fetching",
            Self::Normalizing(..) => "normalizing",
            Self::Storing(..) => "storing",
            Self::Ending => "ending",
            Self::Over => "over",
        }
    }
}

/// What cuts a run short.
#[derive(Debug)]
enum Cut {
    Stopped(Stop),
    Misfit(Failure),
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
    unread: bool,
    resumed: bool,
    findings: Findings,
}

impl Machine {
    /// The machine of a claim whose profile and kind are known. `dice` is uniform over all of `u32`.
    #[must_use]
    pub fn new(claim: &Claim, profile: Profile, kind: Kind, now: UtcMillis, dice: u32) -> Self {
        Self {
            job: plan::job(claim, &profile, &kind, now),
            cap: plan::item_cap(claim, &profile),
            trigger: claim.trigger,
            resumed: claim.items_before > 0 && claim.source.last_success_at.is_none(),
            kind,
            profile,
            dice,
            state: State::Ready,
            pages: 0,
            unread: false,
            findings: Findings::default(),
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
            (State::Over, _) | (State::Ending, Event::Committed(_)) => Effect::Done,
            (State::Ending, _) => {
                self.state = State::Ending;
                Effect::Await
            }
            (State::Storing(next, cut), Event::Committed(total)) => self.stored(*next, cut, &total),
            (state @ State::Storing(..), event) => self.put_off(state, &event),
            (_, Event::Stop(stop)) => self.stop(stop),
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
            (State::Normalizing(plan, tries, status), Event::Normalized(batch)) => match batch {
                Ok(batch) => self.normalized(status, batch, now),
                Err(failure) => self.again(plan, tries, failure),
            },
            (state, event) => self.fail(None, misfit(&state, &event)),
        }
    }

    /// Remembers the first thing that came between a page and its commit's answer.
    fn put_off(&mut self, state: State, event: &Event) -> Effect {
        let cut = match event {
            Event::Stop(stop) => Cut::Stopped(*stop),
            event => Cut::Misfit(misfit(&state, event)),
        };
        self.state = match state {
            State::Storing(next, earlier) => State::Storing(next, earlier.or(Some(cut))),
            other => other,
        };
        Effect::Await
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
        let response = match fetched {
            Ok(response) => response,
            Err(failure) => return self.again(plan, tries, failure),
        };
        let state = plan.state().map(str::to_owned);
        self.state = State::Normalizing(plan, tries, response.status);
        Effect::Normalize(contract::Page {
            state,
            content: PageContent::Http(response),
            number: self.pages,
            extra: None,
        })
    }

    /// Fetches once more after the profile's next wait if the failure is likely to pass, whoever saw it; else fails.
    fn again(&mut self, plan: Plan, tries: Tries, failure: Failure) -> Effect {
        match self.profile.retry.in_run.get(tries) {
            // A wait that the other side asks for is longer than a run should sit: it becomes a retry run.
            Some(wait) if failure.class == Class::Transient && failure.retry_after.is_none_or(|told| told <= *wait) => {
                let wait = *wait;
                self.wait(wait, plan, tries + 1)
            }
            _ => self.fail(None, failure),
        }
    }

    fn normalized(&mut self, status: u16, batch: contract::Batch, now: UtcMillis) -> Effect {
        let accepted = item::accept(batch, Some(status), now);
        let mut page = match accepted {
            Err(bad) => return self.fail(None, Failure::new(Class::PluginFault, format!("bad output: {bad}"))),
            Ok(page) => page,
        };
        self.pages += 1;
        self.findings.learn(&mut page);
        if let Some(failure) = page.trouble.clone() {
            return self.fail(Some(page), failure);
        }
        match page.next.take() {
            None => self.succeed(Some(page)),
            Some(_) if self.pages >= self.profile.caps.max_pages => {
                let most = self.profile.caps.max_pages;
                self.findings.warn(format!("more pages follow, but {most} is the most for one run"));
                self.unread = true;
                self.succeed(Some(page))
            }
            Some(next) => {
                self.state = State::Storing(Box::new(next), None);
                Effect::Commit { page: Some(Box::new(page)), finish: None }
            }
        }
    }

    /// A page is stored. If the run has all it may bring, it has ended well, whatever came meanwhile.
    fn stored(&mut self, next: Step, cut: Option<Cut>, total: &Counts) -> Effect {
        match cut {
            Some(Cut::Misfit(failure)) => self.fail(None, failure),
            _ if total.new >= self.cap => {
                self.unread = true;
                self.succeed(None)
            }
            Some(Cut::Stopped(stop)) => self.stop(stop),
            None => self.go(next),
        }
    }

    fn succeed(&mut self, page: Option<item::Page>) -> Effect {
        self.end(page, RunResult::Succeeded(self.findings.outcome))
    }

    fn fail(&mut self, page: Option<item::Page>, failure: Failure) -> Effect {
        self.findings.watermark = None;
        self.end(page, RunResult::Failed(failure))
    }

    fn end(&mut self, page: Option<item::Page>, result: RunResult) -> Effect {
        self.state = State::Ending;
        let findings = core::mem::take(&mut self.findings);
        let finish = Finish {
            trigger: self.trigger,
            result,
            // A first run that died had stored items already. What this attempt leaves out over the cap may be newer than
            // they are, so it must not be hidden behind a watermark: the next run reads all of it again.
            watermark: findings.watermark.filter(|_| !self.resumed),
            unread: self.unread,
            facts: findings.facts,
            moved_to: None,
            hints: findings.hints,
            warnings: findings.warnings,
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

/// Names only: an event may hold a whole page, and anybody's data.
fn misfit(state: &State, event: &Event) -> Failure {
    Failure::new(Class::Transient, format!("internal: event {} does not fit state {}", event.word(), state.word()))
}
