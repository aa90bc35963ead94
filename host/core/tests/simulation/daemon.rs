//! The daemon of a world: admits, works, dies and comes back, as the engine does, one event at a time.

use std::collections::BTreeMap;

use tidegate_core::budget::{self, GlobalBudget, Limits};
use tidegate_core::claim::Claim;
use tidegate_core::contract::{Fetch, Step};
use tidegate_core::eligibility::{self, Circumstances, SkipReason};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::plan::{self, Wanted};
use tidegate_core::profile::Profile;
use tidegate_core::run::{Effect, Event, Finish, Machine, Policy, RunResult, Settlement, Stop};
use tidegate_core::source::{Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use crate::dice::Dice;
use crate::fixtures::{fresh_source, kind, now, profile, secs, step};
use crate::store::Store;
use crate::world::Platform;

/// A live run.
struct Live {
    claim: Claim,
    machine: Machine,
    effect: Effect,
    /// Since the last effect that a person would call work.
    effects: u32,
    deadline: UtcMillis,
}

/// How often what could happen did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    succeeded: u64,
    failed: u64,
    cut: u64,
    skipped: u64,
    spent: u64,
    crashed: u64,
    drained: u64,
    late: u64,
    abandoned: u64,
    stopped: u64,
}

impl Tally {
    const fn counts(self) -> [u64; 10] {
        [
            self.succeeded,
            self.failed,
            self.cut,
            self.skipped,
            self.spent,
            self.crashed,
            self.drained,
            self.late,
            self.abandoned,
            self.stopped,
        ]
    }

    pub(crate) fn is_full(self) -> bool {
        self.counts().iter().all(|count| *count > 0)
    }

    pub(crate) const fn plus(mut self, other: Self) -> Self {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.cut += other.cut;
        self.skipped += other.skipped;
        self.spent += other.spent;
        self.crashed += other.crashed;
        self.drained += other.drained;
        self.late += other.late;
        self.abandoned += other.abandoned;
        self.stopped += other.stopped;
        self
    }
}

pub(crate) struct Daemon {
    dice: Dice,
    now: UtcMillis,
    store: Store,
    platforms: BTreeMap<SourceId, Platform>,
    live: Vec<Live>,
    profile: Profile,
    global: GlobalBudget,
    runs: u128,
    calm: bool,
    dying: bool,
    pub(crate) tally: Tally,
}

impl Daemon {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut profile = profile();
        profile.budget.limits.runs_per_day = dice.chance(500).then(|| dice.between(1, 40));
        profile.caps.max_items = u32::try_from(dice.between(3, 12)).unwrap();
        let mut new = Self {
            now: now(),
            store: Store::default(),
            platforms: BTreeMap::new(),
            live: vec![],
            global: GlobalBudget {
                all: Limits { runs_per_day: Some(dice.between(5, 100)), ..Limits::default() },
                each_tenant: Limits::default(),
                tenants: BTreeMap::new(),
            },
            runs: 0,
            calm: false,
            dying: false,
            tally: Tally::default(),
            profile,
            dice,
        };
        for n in 1..=new.dice.between(1, 4) {
            let source = Source { id: SourceId::from_bits(u128::from(n)), ..fresh_source() };
            new.platforms.insert(source.id, Platform::new(&mut new.dice, new.now));
            let run = new.next_run();
            new.store.create(source, run, new.now);
        }
        new
    }

    fn next_run(&mut self) -> RunId {
        self.runs += 1;
        RunId::from_bits(self.runs)
    }

    /// From now on nothing breaks, nothing is published and nobody interferes.
    pub(crate) fn calm(&mut self) {
        self.calm = true;
        self.platforms.values_mut().for_each(|platform| platform.bad = 0);
        self.global.all = Limits::default();
        self.profile.budget.limits.runs_per_day = None;
        while !self.live.is_empty() {
            self.work();
        }
        let ids: Vec<SourceId> = self.store.sources.keys().copied().collect();
        ids.into_iter().for_each(|id| self.store.resume(id, self.now));
    }

    /// Some time passes; then what a tick does, and a bit of everybody's work.
    pub(crate) fn tick(&mut self) {
        self.now = self.now.plus(secs(if self.calm { 3 * 3_600 } else { self.dice.pick(&[1, 30, 400, 2_000, 8_000]) }));
        if !self.calm {
            self.world_turns();
        }
        self.store.check();
        self.admit();
        self.store.check();
        let steps = if self.calm { u64::MAX } else { self.dice.below(30) };
        for _ in 0..steps {
            if self.live.is_empty() {
                break;
            }
            self.work();
        }
        self.store.check();
    }

    /// Posts, operators, and daemons that are killed.
    fn world_turns(&mut self) {
        for (id, platform) in &mut self.platforms {
            for _ in 0..self.dice.pick(&[0, 0, 0, 1, 3, 15]) {
                platform.publish(&mut self.dice, self.now);
            }
            if self.dice.chance(10) {
                self.store.pause(*id, self.now);
            }
            if self.dice.chance(100) {
                self.store.resume(*id, self.now);
            }
        }
        // A daemon that has just died is likely to die again.
        self.dying = self.dice.chance(if self.dying { 700 } else { 50 });
        if self.dying {
            self.crash();
        }
    }

    /// The daemon dies with all its runs; the next one takes them up again, as often as is allowed.
    fn crash(&mut self) {
        for live in core::mem::take(&mut self.live) {
            self.tally.crashed += 1;
            if live.claim.attempt <= limits::RECOVERIES {
                self.store.requeue(live.claim.run, true, self.now);
                continue;
            }
            self.tally.abandoned += 1;
            let policy = Policy {
                schedule: self.profile.schedule.clone(),
                min_interval: self.profile.min_interval,
                retry: self.profile.retry.clone(),
                dice: 0,
            };
            let finish = Finish {
                trigger: live.claim.trigger,
                result: RunResult::Failed(Failure::new(Class::Abandoned, "died again and again")),
                watermark: None,
                unread: false,
                facts: None,
                moved_to: None,
                hints: None,
                warnings: vec![],
                policy,
            };
            let committed = self.store.commit(&live.claim, 0, None, Some(&finish), self.now);
            assert!(committed.is_some());
            // Whatever the dead daemon's machine still believes in changes nothing.
            let late = self.store.commit(&live.claim, live.machine.cap(), None, Some(&finish), self.now);
            assert!(late.is_none(), "a run ends once");
        }
    }

    fn admit(&mut self) {
        let ids: Vec<SourceId> = self.store.sources.keys().copied().collect();
        for id in ids {
            let source = &self.store.sources[&id];
            let queued = self.store.queued(id, self.now);
            let given = Circumstances {
                now: self.now,
                queued: queued.map(|(_, trigger)| trigger),
                plugin_loaded: true,
                gate: None,
                account: None,
            };
            let eligible = match eligibility::decide(source, Some(&self.profile), given) {
                Ok(eligible) => eligible,
                Err(skip) => {
                    self.tally.skipped += 1;
                    let stopped = source.state != SourceState::Active;
                    let running = matches!(skip.reason, SkipReason::AlreadyRunning { .. });
                    assert!(stopped || running == source.running.is_some(), "{skip:?} of {source:?}");
                    continue;
                }
            };
            let wanted = budget::reservations(eligible, source, &self.profile, &self.global, self.now);
            let trigger = eligible.trigger();
            let run = match queued {
                Some((run, _)) => run,
                None => self.next_run(),
            };
            match self.store.claim(id, run, trigger, wanted, self.now) {
                Ok(claim) => self.start(claim),
                Err(reservation) => {
                    self.tally.spent += 1;
                    let skip = budget::spent(&reservation.window, reservation.limit);
                    assert!(skip.until.is_some_and(|until| until > self.now), "{skip:?} is over already");
                }
            }
        }
    }

    fn start(&mut self, claim: Claim) {
        let dice = u32::try_from(self.dice.throw() >> 32).unwrap();
        let mut machine = Machine::new(&claim, self.profile.clone(), kind(), self.now, dice);
        let effect = machine.on(Event::Begin, self.now);
        let deadline = self.now.plus(self.profile.caps.deadline);
        self.live.push(Live { claim, machine, effect, effects: 1, deadline });
    }

    /// One event of one live run.
    fn work(&mut self) {
        let place = usize::try_from(self.dice.below(self.live.len() as u64)).unwrap();
        let mut live = self.live.swap_remove(place);
        let effect = core::mem::replace(&mut live.effect, Effect::Await);
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
            live.effect = live.machine.on(event, self.now);
            live.effects += 1;
        }
        assert!(live.effects < 200, "a run without end: {:?}", live.claim);
        match live.effect {
            Effect::Done => {}
            Effect::Release(_) => self.store.requeue(live.claim.run, false, self.now),
            _ => self.live.push(live),
        }
    }

    /// A stop in the middle of an effect. A commit is carried out all the same, and answered after the stop.
    fn stopped(&mut self, claim: &Claim, machine: &Machine, effect: Effect, stop: Stop) -> Happened {
        match effect {
            effect @ Effect::Commit { .. } => Happened::StopBefore(stop, self.perform(claim, machine, effect)),
            _ => Happened::One(Some(Event::Stop(stop))),
        }
    }

    /// What performing an effect leads to. `None`: the run is not ours any more.
    fn perform(&mut self, claim: &Claim, machine: &Machine, effect: Effect) -> Option<Event> {
        let platform = &self.platforms[&claim.source.id];
        Some(match effect {
            Effect::AskPlan => Event::Planned(platform.plan(&mut self.dice)),
            Effect::Wait(_) => Event::WaitOver,
            Effect::Fetch(plan) => {
                let Wanted::Http(request) = plan.wanted() else { panic!("{plan:?}") };
                let again = Step { fetch: Fetch::Http(request.clone()), ..step("/") };
                assert!(
                    plan::check(again, &kind(), &self.profile, MicroUsd::ZERO).is_ok(),
                    "{plan:?} has not passed the check"
                );
                Event::Fetched(platform.fetch(&mut self.dice))
            }
            Effect::Normalize(page) => Event::Normalized(platform.normalize(&mut self.dice, machine.job(), &page)),
            Effect::Commit { page, finish, .. } => {
                let before = self.store.sources[&claim.source.id].clone();
                let (page, finish) = (page.as_deref(), finish.as_deref());
                let (total, settled) = self.store.commit(claim, machine.cap(), page, finish, self.now)?;
                if let Some(settled) = settled {
                    self.settled(&before, &settled);
                }
                Event::Committed(total)
            }
            effect => panic!("{effect:?} is not performed"),
        })
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
        self.tally.stopped += u64::from(after.state != SourceState::Active);
        if before.last_success_at.is_some() {
            assert_eq!(after.horizon, before.horizon, "the horizon moves with the first run only");
        }
    }

    /// After the calm: every source works, and has all that is served and newer than its horizon.
    pub(crate) fn nothing_is_missing(&self) {
        for (id, platform) in &self.platforms {
            let source = &self.store.sources[id];
            assert_eq!((&source.state, source.failure_count), (&SourceState::Active, 0), "{source:?}");
            let newer = |at| source.horizon.is_none_or(|horizon| at > horizon);
            for post in platform.dated().filter(|post| newer(post.published)) {
                let known = self.store.items.contains_key(&(*id, post.id.clone()));
                assert!(known, "{} of {:?} is missing; {source:?}", post.id, platform.sort);
            }
            let bootstrap =
                self.store.runs.values().filter(|run| run.trigger == Trigger::Bootstrap && run.source == *id);
            assert_eq!(bootstrap.count(), 1);
        }
    }
}

/// What an effect led to.
enum Happened {
    One(Option<Event>),
    StopBefore(Stop, Option<Event>),
}
