//! The daemon of a world: admits, wakes, dies and comes back, as the engine does. What it does with a run stands in `work`.

use std::collections::BTreeMap;

use tidegate_core::budget::{self, GlobalBudget, Limits};
use tidegate_core::claim::Claim;
use tidegate_core::contract::OutcomeStatus;
use tidegate_core::eligibility::{self, Circumstances, Presence, SkipReason};
use tidegate_core::extra::Extra;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Profile;
use tidegate_core::run::{Effect, Event, Finish, IntentEnd, Machine, Policy, RunResult};
use tidegate_core::source::{Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use crate::actor;
use crate::dice::Dice;
use crate::fixtures::actors::actor_profile;
use crate::fixtures::{fresh_source, kind, now, profile, secs};
use crate::remote::Remote;
use crate::store::Store;
use crate::tally::Tally;
use crate::world::{Platform, Sort};

/// A live run.
pub(crate) struct Live {
    pub(crate) claim: Claim,
    pub(crate) machine: Machine,
    pub(crate) effect: Effect,
    /// Since the last effect that a person would call work.
    pub(crate) effects: u32,
    pub(crate) deadline: UtcMillis,
}

pub(crate) struct Daemon {
    pub(crate) dice: Dice,
    pub(crate) now: UtcMillis,
    pub(crate) store: Store,
    pub(crate) platforms: BTreeMap<SourceId, Platform>,
    pub(crate) remote: Remote,
    pub(crate) live: Vec<Live>,
    /// Of feeds and timelines, and of what an actor reads.
    profiles: [Profile; 2],
    global: GlobalBudget,
    runs: u128,
    pub(crate) calm: bool,
    dying: bool,
    pub(crate) tally: Tally,
}

/// So many dollars' worth of limit, in some worlds.
fn money(dice: &mut Dice, most: u64) -> Option<MicroUsd> {
    dice.chance(500).then(|| MicroUsd::new(dice.between(100_000, most)))
}

fn profiles(dice: &mut Dice) -> [Profile; 2] {
    let mut paid = Profile { name: "x_profile".parse().unwrap(), ..actor_profile() };
    let policy = paid.actor.as_mut().unwrap();
    (policy.spare_elements, policy.starts) = (actor::SPARE, actor::STARTS);
    paid.budget.limits.usd_per_day = money(dice, 3_000_000);
    paid.budget.source_usd_per_day = money(dice, 2_000_000);
    let mut profiles = [profile(), paid];
    let max_items = u32::try_from(dice.between(3, 12)).unwrap();
    for profile in &mut profiles {
        profile.budget.limits.runs_per_day = dice.chance(500).then(|| dice.between(1, 40));
        profile.caps.max_items = max_items;
    }
    profiles
}

impl Daemon {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let profiles = profiles(&mut dice);
        let all = Limits {
            runs_per_day: Some(dice.between(5, 100)),
            usd_per_day: money(&mut dice, 5_000_000),
            usd_per_month: money(&mut dice, 10_000_000),
        };
        let mut new = Self {
            now: now(),
            store: Store::default(),
            platforms: BTreeMap::new(),
            remote: Remote::new(dice.pick(&[0, 50, 200, 500])),
            live: vec![],
            global: GlobalBudget { all, ..GlobalBudget::default() },
            runs: 0,
            calm: false,
            dying: false,
            tally: Tally::default(),
            profiles,
            dice,
        };
        for n in 1..=new.dice.between(1, 4) {
            let platform = Platform::new(&mut new.dice, new.now);
            let profile = new.profiles[usize::from(platform.sort == Sort::Actor)].name.clone();
            let source = Source { id: SourceId::from_bits(u128::from(n)), profile, ..fresh_source() };
            new.platforms.insert(source.id, platform);
            let run = new.next_run();
            new.store.create(source, run, new.now);
        }
        new
    }

    /// The next run's id. Ids of intents lie between those of runs.
    fn next_run(&mut self) -> RunId {
        self.runs += 1;
        RunId::from_bits(self.runs << 80)
    }

    pub(crate) fn profile(&self, source: SourceId) -> &Profile {
        &self.profiles[usize::from(self.platforms[&source].sort == Sort::Actor)]
    }

    /// From now on nothing breaks, nothing is published and nobody interferes.
    pub(crate) fn calm(&mut self) {
        self.calm = true;
        self.platforms.values_mut().for_each(|platform| platform.bad = 0);
        self.remote.calm(self.now);
        self.global.all = Limits::default();
        for profile in &mut self.profiles {
            profile.budget.limits = Limits::default();
            profile.budget.source_usd_per_day = None;
        }
        // What began in the storm may still end badly.
        while !self.live.is_empty() || self.waits_for_the_platform() {
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
        self.wake();
        self.admit();
        self.store.check();
        let steps = if self.calm { u64::MAX } else { self.dice.below(40) };
        for _ in 0..steps {
            if self.live.is_empty() && !(self.calm && self.waits_for_the_platform()) {
                break;
            }
            self.work();
        }
        self.tally.settled += self.store.money.settle(&self.remote, self.now);
        self.store.check();
    }

    /// Minutes pass until the actor runs under way have ended. Whether there were any.
    fn waits_for_the_platform(&mut self) -> bool {
        for _ in 0..1_000 {
            if self.store.parked().is_empty() {
                return false;
            }
            self.now = self.now.plus(secs(60));
            self.wake();
            if !self.live.is_empty() {
                return true;
            }
        }
        panic!("a run that waits for ever: {:?}", self.store.parked());
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
            if self.dice.chance(5) {
                self.store.switch_off(*id);
            }
            if self.dice.chance(100) {
                self.store.resume(*id, self.now);
            }
        }
        self.somebody_asks();
        // A daemon that has just died is likely to die again.
        self.dying = self.dice.chance(if self.dying { 700 } else { 50 });
        if self.dying {
            self.crash();
        }
    }

    /// Operators want runs, and readers read.
    fn somebody_asks(&mut self) {
        let ids: Vec<SourceId> = self.store.sources.keys().copied().collect();
        for id in ids {
            let rest = secs(self.dice.pick(&[60, 600, 7_200]));
            let extra = match self.dice.below(20) {
                0 => Extra::OneOff,
                1..=3 => Extra::Demand { rest },
                _ => continue,
            };
            let run = self.next_run();
            match (self.store.queue(id, extra, run, self.now), extra) {
                (Err(_), _) => self.tally.not_queued += 1,
                (Ok(()), Extra::OneOff) => self.tally.extra += 1,
                (Ok(()), Extra::Demand { .. }) => self.tally.demanded += 1,
            }
        }
    }

    /// The daemon dies with all its runs; the next one takes them up again, as often as is allowed. One that has paid for what
    /// it brought, and has nothing open, ends with that: its next step is lost, and nobody may order the first one again.
    fn crash(&mut self) {
        for mut live in core::mem::take(&mut self.live) {
            self.tally.crashed += 1;
            self.loses_an_answer(&mut live);
            let paid = self.store.has_paid(live.claim.run);
            if live.claim.attempt <= limits::RECOVERIES && !paid {
                self.store.requeue(live.claim.run, true, self.now);
                continue;
            }
            self.tally.abandoned += u64::from(!paid);
            self.tally.kept += u64::from(paid);
            let profile = self.profile(live.claim.source.id);
            let policy = Policy {
                schedule: profile.schedule.clone(),
                min_interval: profile.min_interval,
                retry: profile.retry.clone(),
                dice: 0,
            };
            let finish = Finish {
                trigger: live.claim.trigger,
                result: if paid {
                    RunResult::Succeeded(OutcomeStatus::Ok)
                } else {
                    RunResult::Failed(Failure::new(Class::Abandoned, "died again and again"))
                },
                watermark: None,
                resumed: false,
                unread: paid,
                facts: None,
                moved_to: None,
                hints: None,
                warnings: vec![],
                request: None,
                policy,
            };
            // What it may have ordered is paid for, whoever dies.
            let open = self.store.runs[&live.claim.run].resume.as_ref();
            let ended = open.map(|resume| IntentEnd::unknown(&resume.intent));
            let committed = self.store.commit(&live.claim, 0, None, ended.as_ref(), Some(&finish), self.now);
            assert!(committed.is_some());
            // Whatever the dead daemon's machine still believes in changes nothing.
            let late = self.store.commit(&live.claim, live.machine.cap(), None, None, Some(&finish), self.now);
            assert!(late.is_none(), "a run ends once");
        }
    }

    fn admit(&mut self) {
        let ids: Vec<SourceId> = self.store.sources.keys().copied().collect();
        for id in ids {
            let source = &self.store.sources[&id];
            let profile = self.profile(id);
            let queued = self.store.queued(id, self.now);
            let given = Circumstances {
                now: self.now,
                queued: queued.map(|(_, trigger)| trigger),
                plugin: Presence::Serves,
                quarantine: None,
                gate: None,
                host: None,
                account: None,
            };
            let eligible = match eligibility::decide(source, Some(profile), given) {
                Ok(eligible) => eligible,
                Err(skip) => {
                    self.tally.skipped += 1;
                    let stopped = source.state != SourceState::Active;
                    let running = matches!(skip.reason, SkipReason::AlreadyRunning { .. });
                    assert!(stopped || running == source.running.is_some(), "{skip:?} of {source:?}");
                    continue;
                }
            };
            let wanted = budget::reservations(eligible, source, profile, &self.global, self.now);
            let reserved = budget::worst_case(source, profile);
            let trigger = eligible.trigger();
            let run = match queued {
                Some((run, _)) => run,
                None => self.next_run(),
            };
            match self.store.claim(id, run, trigger, reserved, wanted, self.now) {
                Ok(claim) => self.start(claim),
                Err((reservation, balance)) => {
                    self.tally.spent += 1;
                    let skip = budget::full(&reservation, balance, self.now);
                    assert!(skip.until.is_some_and(|until| until > self.now), "{skip:?} is over already");
                }
            }
        }
    }

    /// Goes on with what was put away: when its time has come, or somebody who watches the platform has seen its end.
    fn wake(&mut self) {
        for (run, until, intent) in self.store.parked() {
            let seen = self.remote.has_ended(intent, self.now) && self.dice.chance(800);
            if until <= self.now || seen {
                let claim = self.store.claim_again(run, self.now);
                self.start(claim);
            }
        }
    }

    fn start(&mut self, claim: Claim) {
        let dice = u32::try_from(self.dice.throw() >> 32).unwrap();
        let profile = self.profile(claim.source.id).clone();
        let deadline = self.now.plus(profile.caps.deadline);
        let mut machine = Machine::new(&claim, profile, kind(), self.now, dice);
        let effect = machine.on(Event::Begin, self.now);
        self.live.push(Live { claim, machine, effect, effects: 1, deadline });
    }

    /// After the calm: every source works, and has all that is served and newer than its horizon; and the books are right.
    pub(crate) fn nothing_is_missing(&mut self) {
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
        self.now = self.now.plus(secs(3_600));
        self.tally.settled += self.store.money.settle(&self.remote, self.now);
        self.store.check();
        self.store.money.agrees_with(&self.remote);
    }
}
