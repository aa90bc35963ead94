//! The machine that drives one run: an event in, the next effect out.
//!
//! Owns: the order of things in a run, retries inside it, its page budget, and what a page's batch leads to. Must not know:
//! how anything is performed, or the store. Called by `engine/work`, one machine for each claim. What is special about
//! actor runs stands in `actor`.
//!
//! ```text
//! Begin -> AskPlan -> [Wait] -> Fetch -> Normalize -> Commit -> Done
//!                        ^________|         |            |
//!                         transient         |   next     |
//!                        ^__________________|____________|
//!                 \-> Intend -> Start -> Park              (claimed again when the actor run has ended)
//! Begin -> Find | Inspect -> Read -> Normalize -> Commit -> ...
//! ```
//!
//! A commit is never interrupted: what stops a run while one is under way is put off until its answer. So a run has one
//! end, and whatever it has stored is known when the end is decided.
//!
//! Nothing of a run has to survive a crash but its row (claimed, with a lease), its intent, and the pages it has committed:
//! identity makes storing an item twice harmless, so a run that died begins again with `Begin`; one with an intent goes on
//! from there and never orders twice.

use core::time::Duration;

use super::findings::Findings;
use super::intent::{IntentEnd, Place, Progress, Resume};
use super::state::{Cut, From, Pause, State, Then, Tries};
use super::step::{Effect, Event, Stop};
use crate::claim::{Claim, Generation};
use crate::contract::{self, Fetch, HttpResponse, Job, Kind, PageContent, Step};
use crate::failure::{Class, Failure};
use crate::id::RunId;
use crate::item::{self, Counts};
use crate::money::MicroUsd;
use crate::plan::{self, ActorWish, Plan, Wanted};
use crate::profile::Profile;
use crate::source::{SourceState, Trigger};
use crate::time::UtcMillis;

/// Drives one run.
#[derive(Debug)]
pub struct Machine {
    pub(super) run: RunId,
    pub(super) generation: Generation,
    job: Job,
    pub(super) kind: Kind,
    pub(super) profile: Profile,
    pub(super) trigger: Trigger,
    cap: u32,
    pub(super) dice: u32,
    pub(super) state: State,
    /// Pages handed to the plugin.
    pub(super) pages: u32,
    /// Fetches made; pages of one dataset are one.
    pub(super) fetches: u32,
    pub(super) unread: bool,
    pub(super) resumed: bool,
    /// Whether its source may still run, as of the claim.
    pub(super) wanted: bool,
    /// What was reserved for it, and the charge caps of its intents so far.
    pub(super) reserved: MicroUsd,
    pub(super) caps: MicroUsd,
    pub(super) findings: Findings,
    pub(super) place: Place,
    /// The actor run it has not told the store to be done with.
    pub(super) open: Option<IntentEnd>,
    /// What it goes on from.
    pub(super) resume: Option<Box<Resume>>,
    /// What it has asked for last.
    pub(super) asked: Option<Box<Wanted>>,
    /// Why the page it is at has to be asked for again.
    tried: Option<String>,
}

impl Machine {
    /// The machine of a claim whose profile and kind are known. `dice` is uniform over all of `u32`.
    #[must_use]
    pub fn new(claim: &Claim, profile: Profile, kind: Kind, now: UtcMillis, dice: u32) -> Self {
        let resume = claim.resume.clone();
        let mut job = plan::job(claim, &profile, &kind, now);
        if let Some(Resume { intent, .. }) = resume.as_deref() {
            job.now = intent.job_now.to_string();
            job.max_items = intent.job_max_items;
            // Whatever the profile names by now: its rows are those of the actor that was ordered.
            job.actor = Some(intent.order.actor.to_string());
        }
        // What a run that was put away has stored is its own; what one stored that died is not.
        let died = || claim.items_before > 0 && claim.source.last_success_at.is_none();
        let anew = || Progress { resumed: died(), ..Progress::default() };
        let progress = resume.as_deref().map_or_else(anew, |resume| resume.progress.clone());
        let open = resume.as_deref().map(|resume| IntentEnd::unknown(&resume.intent));
        let asked = resume.as_deref().map(|resume| Box::new(Wanted::Actor(ActorWish::of(&resume.intent))));
        Self {
            run: claim.run,
            generation: claim.generation,
            job,
            cap: plan::item_cap(claim, &profile),
            trigger: claim.trigger,
            resumed: progress.resumed,
            wanted: claim.source.state == SourceState::Active,
            reserved: claim.reserved,
            caps: progress.caps,
            kind,
            profile,
            dice,
            state: State::Ready,
            pages: progress.pages,
            fetches: progress.fetches,
            unread: false,
            findings: progress.findings,
            place: progress.place,
            open,
            resume,
            asked,
            tried: None,
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

    /// Dice of this run.
    #[must_use]
    pub const fn dice(&self) -> u32 {
        self.dice
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
            (State::Storing(then, cut), Event::Committed(total)) => self.stored(*then, cut, &total, now),
            (state @ State::Storing(..), event) => self.put_off(state, &event),
            (state, Event::Stop(stop)) => self.stop(state, stop, now),
            (State::Ready, Event::Begin) => match self.resume.take() {
                Some(resume) => self.go_on(*resume),
                None => {
                    self.state = State::Planning;
                    Effect::AskPlan
                }
            },
            (State::Planning, Event::Planned(planned)) => match planned {
                Ok(step) => self.go(step, now),
                Err(failure) => self.fail(None, failure),
            },
            (State::Waiting(pause), Event::WaitOver) => self.after(*pause, now),
            (State::Fetching(plan, tries), Event::Fetched(fetched)) => self.fetched(plan, tries, fetched, now),
            (State::Normalizing(from), Event::Normalized(batch)) => match (from, batch) {
                (from, Ok(batch)) => self.normalized(from, batch, now),
                (From::Http(plan, tries, _), Err(failure)) => self.again(*plan, tries, failure, now),
                (From::Dataset(_), Err(failure)) => self.fail(None, failure),
            },
            (State::Planning, Event::Overloaded(failure)) => self.fail(None, failure),
            (State::Normalizing(From::Http(plan, tries, _)), Event::Overloaded(failure)) => {
                self.again(*plan, tries, failure, now)
            }
            // What is paid for does not have to be asked for anew because we are busy.
            (State::Normalizing(From::Dataset(reading)), Event::Overloaded(_)) => {
                self.trouble(reading.into_intent(), now)
            }
            (State::Intending(intent, tries), Event::Intended) => self.start(intent, tries),
            (State::Starting(intent, tries), Event::Started(started)) => self.started(*intent, tries, started, now),
            (State::Finding(intent), Event::Found(found)) => self.found(*intent, found, now),
            (State::Inspecting(intent), Event::Inspected(run)) => self.inspected(*intent, run, now),
            (State::Aborting(intent), Event::Aborted(told)) => self.told_to_end(*intent, &told, now),
            (State::Reading(reading), Event::Sliced(slice)) => self.sliced(*reading, slice, now),
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
            State::Storing(then, earlier) => State::Storing(then, earlier.or(Some(cut))),
            other => other,
        };
        Effect::Await
    }

    fn stop(&mut self, state: State, stop: Stop, now: UtcMillis) -> Effect {
        match stop {
            Stop::Drain => self.drained(state, now),
            Stop::Deadline => {
                let unpaid = state.unpaid();
                self.interrupted(state, now).unwrap_or_else(|| {
                    let seconds = self.profile.caps.deadline.as_secs();
                    let tried = self.tried.take().map(|why| format!("; the last try: {why}")).unwrap_or_default();
                    let message = format!("not done after {seconds} s, the run's deadline{tried}");
                    self.leave_off(unpaid, Failure::new(Class::Transient, message), now)
                })
            }
        }
    }

    /// Checks a step and starts it.
    fn go(&mut self, step: Step, now: UtcMillis) -> Effect {
        if step.fetch == Fetch::Nothing {
            return self.succeed(None);
        }
        let left = self.reserved.minus(self.caps);
        match plan::check(step, &self.kind, &self.profile, left) {
            Err(failure) => self.fail(None, failure),
            Ok(plan) if plan.delay().is_zero() => self.begin(plan, 0, now),
            Ok(plan) => self.wait(plan.delay(), Pause::Fetch(plan, 0)),
        }
    }

    pub(super) fn wait(&mut self, delay: Duration, pause: Pause) -> Effect {
        self.state = State::Waiting(Box::new(pause));
        Effect::Wait(delay)
    }

    fn after(&mut self, pause: Pause, now: UtcMillis) -> Effect {
        match pause {
            Pause::Fetch(plan, tries) => self.begin(plan, tries, now),
            Pause::Start(intent, tries) => self.intend(intent, tries, now),
            Pause::Read(reading) => self.read(reading),
        }
    }

    fn begin(&mut self, plan: Plan, tries: Tries, now: UtcMillis) -> Effect {
        self.asked = Some(Box::new(plan.wanted().clone()));
        match plan.wanted() {
            Wanted::Http(_) => self.fetch(plan, tries),
            Wanted::Actor(_) => self.order(&plan, now),
        }
    }

    fn fetch(&mut self, plan: Plan, tries: Tries) -> Effect {
        self.fetches = self.fetches.saturating_add(u32::from(tries == 0));
        self.state = State::Fetching(plan.clone(), tries);
        Effect::Fetch(plan)
    }

    fn fetched(&mut self, plan: Plan, tries: Tries, fetched: Result<HttpResponse, Failure>, now: UtcMillis) -> Effect {
        let response = match fetched {
            Ok(response) => response,
            Err(failure) => return self.again(plan, tries, failure, now),
        };
        let state = plan.state().map(str::to_owned);
        let is_last_try = self.profile.retry.in_run.get(tries).is_none();
        self.state = State::Normalizing(From::Http(Box::new(plan), tries, response.status));
        Effect::Normalize(contract::Page {
            state,
            content: PageContent::Http(response),
            number: self.pages,
            // For a plugin that has another way to go on than a page which fails whenever it is asked for.
            extra: is_last_try.then(|| "{\"last-try\":true}".to_owned()),
        })
    }

    /// Fetches once more after the profile's next wait if the failure is likely to pass, whoever saw it; else fails.
    fn again(&mut self, plan: Plan, tries: Tries, failure: Failure, now: UtcMillis) -> Effect {
        match self.profile.retry.in_run.get(tries) {
            // A wait that the other side asks for is longer than a run should sit: it becomes a retry run.
            Some(wait) if failure.class == Class::Transient && failure.retry_after.is_none_or(|told| told <= *wait) => {
                let wait = *wait;
                self.tried = Some(failure.message);
                self.wait(wait, Pause::Fetch(plan, tries + 1))
            }
            _ if failure.class == Class::RateLimited => self.leave_off(MicroUsd::ZERO, failure, now),
            _ if failure.class == Class::Transient || failure.class.is_beyond_source() => {
                self.give_up(MicroUsd::ZERO, failure)
            }
            _ => self.fail(None, failure),
        }
    }

    fn normalized(&mut self, from: From, batch: contract::Batch, now: UtcMillis) -> Effect {
        let status = if let From::Http(_, _, status) = from { Some(status) } else { None };
        let state = batch.state.clone();
        let accepted = item::accept(batch, status, now);
        let mut page = match accepted {
            Err(bad) => return self.fail(None, Failure::new(Class::PluginFault, format!("bad output: {bad}"))),
            Ok(page) => page,
        };
        self.pages = self.pages.saturating_add(1);
        self.tried = None;
        match from {
            From::Http(..) => {
                self.findings.learn(&mut page);
                self.follow(page)
            }
            From::Dataset(reading) => self.normalized_slice(*reading, page, state),
        }
    }

    /// After a page that was the last of its fetch: what it wants next, within the run's budgets.
    pub(super) fn follow(&mut self, mut page: item::Page) -> Effect {
        if let Some(failure) = page.trouble.clone() {
            return self.fail(Some(page), failure);
        }
        let Some(next) = page.next.take() else { return self.succeed(Some(page)) };
        match self.no_more(&next) {
            Some(why) => {
                self.findings.warn(why);
                self.unread = true;
                self.succeed(Some(page))
            }
            None => {
                self.state = State::Storing(Box::new(Then::Step(next)), None);
                Effect::Commit { page: Some(Box::new(page)), ended: self.open.take(), finish: None }
            }
        }
    }

    /// Why the next step is not made, if it is not.
    fn no_more(&self, next: &Step) -> Option<String> {
        let most = self.profile.caps.max_pages;
        if self.fetches >= most {
            return Some(format!("more pages follow, but {most} is the most for one run"));
        }
        let actor = self.profile.actor.as_ref().map(|policy| policy.name.as_str());
        if matches!(next.fetch, Fetch::Actor(_)) && actor != self.job.actor.as_deref() {
            // It is meant for the actor that this run began with.
            return Some(
                "more follows, but the profile names another actor by now: the next run asks that one".to_owned(),
            );
        }
        // What is wrong with the step itself is said when it is made.
        let any = MicroUsd::new(u64::MAX);
        let plan = plan::check(next.clone(), &self.kind, &self.profile, any).ok()?;
        let Wanted::Actor(ActorWish { charge_cap, .. }) = plan.wanted() else { return None };
        let (left, reserved) = (self.reserved.minus(self.caps), self.reserved);
        (*charge_cap > left)
            .then(|| format!("more follows for {charge_cap}, but of {reserved} for this run {left} are left"))
    }

    /// A page is stored. If the run has all it may bring, it has ended well, whatever came meanwhile; a dataset is paid for,
    /// and is read to its end.
    fn stored(&mut self, then: Then, cut: Option<Cut>, total: &Counts, now: UtcMillis) -> Effect {
        match (cut, then) {
            (Some(Cut::Misfit(failure)), _) => self.fail(None, failure),
            (_, Then::Step(_)) if total.new >= self.cap => {
                self.unread = true;
                self.succeed(None)
            }
            (Some(Cut::Stopped(stop)), Then::Step(_)) => self.stop(State::Over, stop, now),
            (Some(Cut::Stopped(stop)), Then::Read(reading)) => self.stop(State::Reading(reading), stop, now),
            (None, Then::Step(next)) => self.go(next, now),
            (None, Then::Read(reading)) => self.read_on(*reading),
        }
    }
}

/// Names only: an event may hold a whole page, and anybody's data.
fn misfit(state: &State, event: &Event) -> Failure {
    Failure::new(Class::Transient, format!("internal: event {} does not fit state {}", event.word(), state.word()))
}
