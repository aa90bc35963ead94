//! What a run does about actor runs: order, start, find again, wait.
//!
//! Owns: that nothing is ordered without a stored intent, and that no intent is started twice. Must not know: HTTP, rows, or
//! datasets (see `dataset`). A part of [`Machine`].
//!
//! ```text
//! order -> Intend -> Start -+-> Run      -> Park, until it has ended
//!                           +-> Refused  -> again, else Release or fail: nothing was paid
//!                           |              (or end well, where an earlier actor run was: see `paid`)
//!                           +-> Unknown  -> Park, then Find -> Run | none half a minute after the last word: Intend, Start
//! claimed again -> Inspect -> Read ... -> Normalize -> Commit
//! ```

use core::time::Duration;

use super::dataset::Reading;
use super::intent::{Intent, IntentEnd, IntentStage, Park, Place, Progress, Resume};
use super::machine::Machine;
use super::state::{Pause, State, Tries};
use super::step::{Effect, Started};
use crate::actor::{Order, RemoteRun};
use crate::failure::{Class, Failure};
use crate::limits;
use crate::plan::{ActorWish, Plan, Wanted};
use crate::time::UtcMillis;

/// The shortest wait between two questions without an answer; doubled with each.
const PAUSE: Duration = Duration::from_secs(15);

impl Machine {
    /// Goes on with a run that was put away.
    pub(super) fn go_on(&mut self, resume: Resume) -> Effect {
        let Resume { intent, .. } = resume;
        match &intent.stage {
            IntentStage::Intended => {
                self.state = State::Finding(Box::new(intent.clone()));
                Effect::Find(Box::new(intent))
            }
            IntentStage::Started { .. } => self.inspect(intent),
        }
    }

    /// Orders an actor run.
    pub(super) fn order(&mut self, plan: &Plan, now: UtcMillis) -> Effect {
        let (Wanted::Actor(wish), Some(policy)) = (plan.wanted(), &self.profile.actor) else {
            // A plan is checked against the profile, so that it wants no actor run where there is no actor.
            return self.fail(None, Failure::new(Class::Config, "the profile names no actor"));
        };
        let ActorWish { input, max_elements, charge_cap } = wish;
        let number = self.fetches;
        let order = Order {
            intent: Intent::id_of(self.run, self.generation, number),
            credential: policy.credential.clone(),
            actor: policy.name.clone(),
            build: policy.build.clone(),
            memory_mb: policy.memory_mb,
            timeout: policy.timeout,
            charge_cap: *charge_cap,
            input: input.clone(),
        };
        let intent = Intent {
            order,
            number,
            state: plan.state().map(str::to_owned),
            max_elements: *max_elements,
            job_now: UtcMillis::parse(&self.job().now).unwrap_or(now),
            job_max_items: self.job().max_items,
            ordered_at: now,
            asked_at: now,
            stage: IntentStage::Intended,
            troubles: 0,
        };
        self.fetches = self.fetches.saturating_add(1);
        self.caps = self.caps.plus(intent.order.charge_cap);
        self.place = Place::default();
        self.intend(intent, 0, now)
    }

    /// Has an intent stored, with the time at which the platform is asked.
    pub(super) fn intend(&mut self, intent: Intent, tries: Tries, now: UtcMillis) -> Effect {
        let intent = Box::new(Intent { asked_at: now, troubles: 0, ..intent });
        self.open = Some(IntentEnd::unknown(&intent));
        self.state = State::Intending(intent.clone(), tries);
        Effect::Intend(intent, Box::new(self.progress()))
    }

    pub(super) fn start(&mut self, intent: Box<Intent>, tries: Tries) -> Effect {
        self.state = State::Starting(intent.clone(), tries);
        Effect::Start(intent)
    }

    pub(super) fn started(&mut self, intent: Intent, tries: Tries, started: Started, now: UtcMillis) -> Effect {
        match started {
            Started::Run(run) => self.await_end(intent.started(&run, now), now),
            // It is not being asked any more: from now on only its lists lag.
            Started::Unknown(_) => {
                let asked_at = now.minus(limits::ACTOR_ASK_TIMEOUT);
                self.park(Intent { asked_at, ..intent }, now.plus(limits::ADOPT_PAUSE))
            }
            Started::Refused(failure) => {
                self.open = None;
                let cap = intent.order.charge_cap;
                match (failure.class, self.profile.retry.in_run.get(tries)) {
                    (Class::Transient, Some(wait)) => self.wait(*wait, Pause::Start(intent, tries + 1)),
                    // Not the source's business: it is as if this run had not begun.
                    (class, _) if class.is_beyond_source() && !self.has_paid_beside(cap) => {
                        let wait = failure.retry_after.unwrap_or(limits::ACTOR_BUSY);
                        Effect::Release(Some(now.plus(wait.min(limits::ACTOR_RETRY_AFTER_MOST))))
                    }
                    (class, _) if class.is_beyond_source() || class == Class::Transient => self.give_up(cap, failure),
                    _ => self.fail(None, failure),
                }
            }
        }
    }

    pub(super) fn found(
        &mut self,
        intent: Intent,
        found: Result<Option<RemoteRun>, Failure>,
        now: UtcMillis,
    ) -> Effect {
        match found {
            Err(_) => self.trouble(intent, now),
            Ok(Some(run)) => {
                let intent = intent.started(&run, now);
                self.inspected(intent, Ok(Some(run)), now)
            }
            Ok(None) if now.since(intent.asked_at) < limits::ACTOR_ASK_TIMEOUT + limits::ADOPT_WINDOW => {
                self.park(intent, now.plus(limits::ADOPT_PAUSE))
            }
            // There is none. A source that was stopped meanwhile does not need one any more.
            Ok(None) if !self.wanted => {
                self.open = None;
                let failure = Failure::new(Class::Transient, "stopped before the actor run was started");
                self.give_up(intent.order.charge_cap, failure)
            }
            // What was wanted then is not what is wanted now: the next run asks anew.
            Ok(None) if now.since(intent.ordered_at) > limits::ACTOR_GIVE_UP => {
                self.open = None;
                let failure = Failure::new(Class::Transient, "the actor run was not started for a day");
                self.give_up(intent.order.charge_cap, failure)
            }
            Ok(None) => self.intend(intent, 0, now),
        }
    }

    fn inspect(&mut self, intent: Intent) -> Effect {
        self.state = State::Inspecting(Box::new(intent.clone()));
        Effect::Inspect(Box::new(intent))
    }

    pub(super) fn inspected(
        &mut self,
        mut intent: Intent,
        inspected: Result<Option<RemoteRun>, Failure>,
        now: UtcMillis,
    ) -> Effect {
        let IntentStage::Started { at, aborted, .. } = intent.stage else {
            return self.fail(None, Failure::new(Class::Transient, "internal: an intent without a run was looked at"));
        };
        let run = match inspected {
            Err(_) => {
                self.place.missing_since = None;
                return self.trouble(intent, now);
            }
            Ok(None) if now.since(at) < limits::ACTOR_YOUNG => return self.park(intent, now.plus(limits::ABORT_PAUSE)),
            Ok(None) => return self.missing(intent, now),
            Ok(Some(run)) => run,
        };
        self.place.missing_since = None;
        self.open = Some(IntentEnd {
            intent: intent.order.intent,
            remote: Some(run.id.clone()),
            status: Some(run.status),
            cost: run.cost,
            elements: 0,
        });
        if let Some(end) = run.status.end() {
            return self.read(Reading::new(intent, run, end, &self.place));
        }
        intent.troubles = 0;
        let over = now.since(at) >= intent.order.timeout.saturating_add(limits::ACTOR_GRACE);
        match (over || !self.wanted, aborted) {
            (true, false) => {
                self.state = State::Aborting(Box::new(intent.clone()));
                Effect::Abort(Box::new(intent))
            }
            // Told to end, and it does not: what it costs is settled when it has.
            (true, true) if now.since(at) > intent.order.timeout.saturating_add(limits::ACTOR_GRACE * 3) => {
                let failure = Failure::new(Class::Transient, "the actor run does not end, although it was told to");
                self.give_up(intent.order.charge_cap, failure)
            }
            (true, true) => self.park(intent, now.plus(limits::ABORT_PAUSE)),
            (false, _) => self.await_end(intent, now),
        }
    }

    /// The platform does not know a run that it has started. One such answer is a copy that lags, or a token that was just
    /// changed; it is paid for, so it is asked for again.
    fn missing(&mut self, intent: Intent, now: UtcMillis) -> Effect {
        let since = *self.place.missing_since.get_or_insert(now);
        if now.since(since) < limits::ACTOR_MISSING {
            return self.trouble(intent, now);
        }
        let id = intent.order.intent;
        let message = format!("the actor platform has lost the run it started for {id}");
        self.give_up(intent.order.charge_cap, Failure::new(Class::Transient, message))
    }

    pub(super) fn told_to_end(&mut self, mut intent: Intent, told: &Result<(), Failure>, now: UtcMillis) -> Effect {
        if told.is_err() {
            return self.trouble(intent, now);
        }
        if let IntentStage::Started { aborted, .. } = &mut intent.stage {
            *aborted = true;
        }
        self.park(intent, now.plus(limits::ABORT_PAUSE))
    }

    /// Puts the run away until its actor run has ended; whoever watches the platform wakes it, else its deadline does.
    fn await_end(&mut self, intent: Intent, now: UtcMillis) -> Effect {
        let IntentStage::Started { at, .. } = intent.stage else { return self.park(intent, now) };
        let deadline = at.plus(intent.order.timeout.saturating_add(limits::ACTOR_GRACE));
        // The safety net, should the watch miss its end.
        let look = now.plus(limits::ACTOR_LOOK);
        self.park(intent, if deadline > now { deadline.min(look) } else { look })
    }

    /// A question had no answer. What was paid for is asked for again for a day.
    pub(super) fn trouble(&mut self, mut intent: Intent, now: UtcMillis) -> Effect {
        let since = match intent.stage {
            IntentStage::Started { at, .. } => at.plus(intent.order.timeout),
            IntentStage::Intended => intent.ordered_at,
        };
        if now.since(since) > limits::ACTOR_GIVE_UP {
            let message = "the actor platform did not answer for a day about a run it was asked for";
            return self.give_up(intent.order.charge_cap, Failure::new(Class::Transient, message));
        }
        let pause = PAUSE.saturating_mul(2_u32.saturating_pow(intent.troubles)).min(limits::ACTOR_PAUSE_MOST);
        intent.troubles = intent.troubles.saturating_add(1);
        self.park(intent, now.plus(pause))
    }

    fn park(&mut self, intent: Intent, wake_at: UtcMillis) -> Effect {
        self.state = State::Over;
        Effect::Park(Box::new(Park { intent, progress: self.progress(), wake_at }))
    }

    fn progress(&self) -> Progress {
        Progress {
            pages: self.pages,
            fetches: self.fetches,
            caps: self.caps,
            resumed: self.resumed,
            findings: self.findings.clone(),
            place: self.place.clone(),
        }
    }

    /// The deadline of this part of the run has passed: what is paid for is put away, not given up.
    pub(super) fn interrupted(&mut self, state: State, now: UtcMillis) -> Option<Effect> {
        match state {
            State::Starting(intent, _) => Some(self.trouble(intent.cut_short(now), now)),
            State::Finding(intent) | State::Inspecting(intent) | State::Aborting(intent) => {
                Some(self.trouble(*intent, now))
            }
            State::Ready => self.resume.take().map(|resume| self.trouble(resume.intent, now)),
            state => Some(match state.into_reading()? {
                // It gets on; the next part goes on from here.
                reading if reading.has_stored() => self.park(reading.into_intent(), now),
                reading => self.trouble(reading.into_intent(), now),
            }),
        }
    }

    /// The daemon stops. A run with an intent is put away instead of queued, whoever keeps it; with how far it is, if it is
    /// reading.
    pub(super) fn drained(&mut self, state: State, now: UtcMillis) -> Effect {
        let unpaid = state.unpaid();
        match state.into_reading() {
            Some(reading) => self.park(reading.into_intent(), now),
            None if self.open.is_none() && self.has_paid_beside(unpaid) => {
                self.give_up(unpaid, Failure::new(Class::Transient, "the daemon was stopped"))
            }
            None => Effect::Release(None),
        }
    }
}
