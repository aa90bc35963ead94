//! What the daemon of a world does with a run: one event at a time, each with its chance to go wrong.

use tidegate_core::actor::RemoteStatus;
use tidegate_core::claim::Claim;
use tidegate_core::contract::{Fetch, Step};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::plan::{self, Wanted};
use tidegate_core::run::{Effect, Event, Intent, IntentStage, Machine, RunResult, Settlement, Started, Stop};
use tidegate_core::source::{Source, SourceState};

use crate::actor;
use crate::daemon::{Daemon, Live};
use crate::fixtures::{kind, secs, step};

impl Daemon {
    /// One event of one live run.
    pub(crate) fn work(&mut self) {
        let place = usize::try_from(self.dice.below(self.live.len() as u64)).unwrap();
        let mut live = self.live.swap_remove(place);
        let effect = match core::mem::replace(&mut live.effect, Effect::Await) {
            Effect::Park(park) => {
                self.tally.parked += 1;
                self.store.park(&live.claim, *park);
                return;
            }
            effect => effect,
        };
        let event = if !self.calm && self.now > live.deadline {
            self.tally.late += 1;
            live.deadline = self.now.plus(secs(86_400));
            self.stopped(&live.claim, &live.machine, effect, Stop::Deadline)
        } else if !self.calm && self.dice.chance(10) {
            self.tally.drained += 1;
            self.stopped(&live.claim, &live.machine, effect, Stop::Drain)
        } else {
            Happened::One(self.perform(&live.claim, &live.machine, effect))
        };
        let events = match event {
            Happened::One(event) => vec![event],
            Happened::StopBefore(stop, event) => vec![Some(Event::Stop(stop)), event],
        };
        for event in events {
            let Some(event) = event else { return };
            let overloaded = matches!(event, Event::Overloaded(_));
            live.effect = live.machine.on(event, self.now);
            live.effects += 1;
            assert!(
                !overloaded || !self.gives_up(&live),
                "what is paid for is given up for a busy machine: {:?}",
                live.claim
            );
        }
        assert!(live.effects < 200, "a run without end: {:?}", live.claim);
        match live.effect {
            Effect::Done => {}
            Effect::Release(at) => self.store.requeue(live.claim.run, false, at.unwrap_or(self.now)),
            _ => self.live.push(live),
        }
    }

    /// A stop in the middle of an effect. A commit is carried out all the same, and answered after the stop; an intent is
    /// stored; a start may get through although nobody waits for its answer.
    fn stopped(&mut self, claim: &Claim, machine: &Machine, effect: Effect, stop: Stop) -> Happened {
        match effect {
            effect @ Effect::Commit { .. } => Happened::StopBefore(stop, self.perform(claim, machine, effect)),
            effect @ Effect::Intend(..) => Happened::One(self.perform(claim, machine, effect)),
            Effect::Start(intent) => {
                if self.dice.chance(500) {
                    self.ask_to_start(claim, &intent);
                }
                Happened::One(Some(Event::Stop(stop)))
            }
            _ => Happened::One(Some(Event::Stop(stop))),
        }
    }

    /// Whether a run that has waited for its actor run for less than a day ends with a failure.
    fn gives_up(&self, live: &Live) -> bool {
        let Effect::Commit { finish: Some(finish), .. } = &live.effect else { return false };
        let started = live.claim.resume.as_ref().and_then(|resume| match resume.intent.stage {
            IntentStage::Started { at, .. } => Some(at),
            IntentStage::Intended => None,
        });
        let young = |at| self.now.since(at) <= limits::ACTOR_GIVE_UP;
        started.is_some_and(young) && matches!(finish.result, RunResult::Failed(_))
    }

    /// The daemon of this run dies: what it was just asking for may be done all the same.
    pub(crate) fn loses_an_answer(&mut self, live: &mut Live) {
        if let Effect::Start(intent) = &live.effect
            && self.dice.chance(500)
        {
            self.ask_to_start(&live.claim, intent);
        }
    }

    /// A question takes no longer than a minute; later than that nothing is sent any more.
    fn ask_to_start(&mut self, claim: &Claim, intent: &Intent) -> Started {
        if self.now.since(intent.asked_at) > limits::ACTOR_ASK_TIMEOUT {
            return Started::Unknown(Failure::new(Class::Transient, "no answer in time"));
        }
        let finds = actor::run(&self.platforms[&claim.source.id], &intent.order.input);
        self.remote.start(&mut self.dice, (claim.run, intent), finds, self.now)
    }

    /// What performing an effect leads to. `None`: the run is not ours any more.
    fn perform(&mut self, claim: &Claim, machine: &Machine, effect: Effect) -> Option<Event> {
        let platform = &self.platforms[&claim.source.id];
        Some(match effect {
            Effect::AskPlan => Event::Planned(platform.plan(&mut self.dice, machine.job())),
            Effect::Wait(wait) => {
                self.now = self.now.plus(wait);
                Event::WaitOver
            }
            Effect::Fetch(plan) => {
                let Wanted::Http(request) = plan.wanted() else { panic!("{plan:?}") };
                let again = Step { fetch: Fetch::Http(request.clone()), ..step("/") };
                let checked = plan::check(again, &kind(), self.profile(claim.source.id), MicroUsd::ZERO);
                assert!(checked.is_ok(), "{plan:?} has not passed the check");
                Event::Fetched(platform.fetch(&mut self.dice))
            }
            Effect::Normalize(_) if platform.bad > 0 && self.dice.chance(30) => {
                self.tally.overloaded += 1;
                Event::Overloaded(Failure::new(Class::Transient, "no core was free"))
            }
            Effect::Normalize(page) => Event::Normalized(platform.normalize(&mut self.dice, machine.job(), &page)),
            effect @ Effect::Commit { .. } => return self.commit(claim, machine, &effect),
            Effect::Intend(intent, progress) => {
                self.tally.further += u64::from(intent.number > 0);
                let known = self.store.runs[&claim.run].resume.is_some();
                self.tally.again += u64::from(known);
                self.store.intend(claim, *intent, *progress);
                Event::Intended
            }
            Effect::Start(intent) => {
                let started = self.ask_to_start(claim, &intent);
                if matches!(started, Started::Refused(_)) {
                    self.tally.refused += 1;
                    self.store.void(claim);
                }
                Event::Started(started)
            }
            Effect::Find(intent) => {
                let found = self.remote.look(&mut self.dice, intent.order.intent, self.now);
                self.tally.adopted += u64::from(matches!(found, Ok(Some(_))));
                Event::Found(found)
            }
            Effect::Inspect(intent) => {
                Event::Inspected(self.remote.look(&mut self.dice, intent.order.intent, self.now))
            }
            Effect::Abort(intent) => {
                self.tally.aborted += 1;
                Event::Aborted(self.remote.abort(&mut self.dice, intent.order.intent, self.now))
            }
            Effect::Read(intent, from) => {
                Event::Sliced(self.remote.read(&mut self.dice, intent.order.intent, from, self.now))
            }
            effect => panic!("{effect:?} is not performed"),
        })
    }

    fn commit(&mut self, claim: &Claim, machine: &Machine, effect: &Effect) -> Option<Event> {
        let Effect::Commit { page, ended, finish } = effect else { panic!("{effect:?}") };
        let before = self.store.sources[&claim.source.id].clone();
        let (page, finish) = (page.as_deref(), finish.as_deref());
        let cap = machine.cap();
        let (total, settled) = self.store.commit(claim, cap, page, ended.as_ref(), finish, self.now)?;
        let status = ended.as_ref().and_then(|ended| ended.status);
        if let Some(finish) = finish {
            self.tally.short += u64::from(finish.warnings.iter().any(|warning| warning.contains("was not fetched")));
        }
        if let Some(settled) = settled {
            self.settled(&before, &settled);
            if status.is_some_and(|status| status != RemoteStatus::Succeeded) {
                let (before, after) = (&before.watermark, &settled.source.watermark);
                assert_eq!(before, after, "{status:?} is no success");
            }
        }
        let some = page.is_some_and(|page| !page.items.is_empty());
        self.tally.partial += u64::from(some && status.is_some_and(|status| status != RemoteStatus::Succeeded));
        Some(Event::Committed(total))
    }

    /// What holds for every end.
    fn settled(&mut self, before: &Source, settled: &Settlement) {
        let after = &settled.source;
        match settled.failure {
            None => {
                self.tally.succeeded += 1;
                self.tally.cut += u64::from(after.horizon.is_some() && before.horizon.is_none());
                assert_eq!((after.failure_count, after.last_success_at), (0, Some(self.now)));
            }
            Some(_) => {
                self.tally.failed += 1;
                assert_eq!((after.last_success_at, &after.watermark), (before.last_success_at, &before.watermark));
                assert!(after.failure_count >= before.failure_count, "{before:?} -> {after:?}");
            }
        }
        self.tally.dead += u64::from(settled.dead);
        assert!(!settled.dead || settled.failure.is_some(), "{settled:?}");
        self.tally.stopped += u64::from(after.state != SourceState::Active);
        if before.last_success_at.is_some() {
            assert_eq!(after.horizon, before.horizon, "the horizon moves with the first run only");
        }
    }
}

/// What an effect led to.
enum Happened {
    One(Option<Event>),
    StopBefore(Stop, Option<Event>),
}
