//! The actor platform of a world, with its own books.
//!
//! It starts what it is asked to, whether or not the answer arrives; shows runs and elements late; ends them well or not; and
//! bills each to its charge cap at most, a while after the end. It refuses what no client may do: a second run of an
//! intent, and a second one for the same step of a run.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_core::actor::{Element, RemoteId, RemoteRun, RemoteStatus, Slice};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{IntentId, RunId};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Intent, Started};
use tidegate_core::time::UtcMillis;

use crate::dice::Dice;
use crate::fixtures::actors::price;
use crate::fixtures::secs;

/// A run in the platform's books.
#[derive(Debug)]
struct Booked {
    remote: RemoteId,
    /// From then on it is shown to whoever asks.
    shown: UtcMillis,
    ends: UtcMillis,
    end: RemoteStatus,
    /// What its actor finds in all.
    finds: Vec<String>,
    /// How many of them it leaves if it does not succeed.
    leaves: usize,
    /// How long after its end all of them are there.
    lag: u64,
    /// Whether it says how many it charges for.
    counts: bool,
}

pub(crate) struct Remote {
    runs: BTreeMap<IntentId, Booked>,
    /// Runs of ours and the numbers of their steps that were carried out.
    steps: BTreeSet<(RunId, u32)>,
    /// Failures of a thousand answers.
    pub(crate) bad: u64,
}

impl Booked {
    /// The elements it leaves in the end. They cost the same whether they are read or not.
    fn left(&self) -> &[String] {
        let count = if self.end == RemoteStatus::Succeeded { self.finds.len() } else { self.leaves };
        &self.finds[..count]
    }

    fn cost(&self) -> MicroUsd {
        price().start.plus(price().element.times(self.left().len() as u64))
    }

    fn has_ended(&self, now: UtcMillis) -> bool {
        self.ends <= now
    }

    fn is_final(&self, now: UtcMillis) -> bool {
        self.ends.plus(limits::COST_FINAL) <= now
    }

    fn described(&self, now: UtcMillis) -> RemoteRun {
        let left = self.left().len() as u64;
        RemoteRun {
            id: self.remote.clone(),
            dataset: self.remote.clone(),
            status: if self.has_ended(now) { self.end } else { RemoteStatus::Running },
            message: None,
            build: None,
            // Preliminary: less than it will be.
            cost: Some(if self.is_final(now) { self.cost() } else { price().start }),
            charged_elements: (self.counts && self.has_ended(now)).then_some(left),
        }
    }
}

impl Remote {
    pub(crate) const fn new(bad: u64) -> Self {
        Self { runs: BTreeMap::new(), steps: BTreeSet::new(), bad }
    }

    fn fails(&self, dice: &mut Dice) -> Result<(), Failure> {
        if dice.chance(self.bad) { Err(Failure::new(Class::Transient, "502")) } else { Ok(()) }
    }

    /// Starts a run, unless the dice say that it is refused or that the question is lost on its way.
    pub(crate) fn start(
        &mut self,
        dice: &mut Dice,
        (run, intent): (RunId, &Intent),
        finds: Vec<String>,
        now: UtcMillis,
    ) -> Started {
        let order = &intent.order;
        // What follows something that is paid for is the rarer and the dearer case: it is refused more often.
        if dice.chance(if intent.number > 0 { self.bad * 4 } else { self.bad }) {
            let class =
                dice.pick(&[Class::Transient, Class::Capacity, Class::Quota, Class::RateLimited, Class::Config]);
            return Started::Refused(Failure::new(class, "refused"));
        }
        let lost = || Started::Unknown(Failure::new(Class::Transient, "the answer was lost"));
        if dice.chance(self.bad / 2) {
            return lost();
        }
        let remote: RemoteId = order.intent.to_string().parse().unwrap();
        let bad = self.bad > 0;
        let end = if bad {
            dice.pick(&[
                RemoteStatus::Succeeded,
                RemoteStatus::Succeeded,
                RemoteStatus::Failed,
                RemoteStatus::TimedOut,
                RemoteStatus::Aborted,
            ])
        } else {
            RemoteStatus::Succeeded
        };
        // Some never end by themselves.
        let takes = if bad && dice.chance(50) { 1_000_000 } else { dice.between(1, 360) };
        let leaves = usize::try_from(dice.below(finds.len() as u64 + 1)).unwrap();
        // What is not counted is there at once, or nobody could know that it is missing.
        let counts = dice.chance(700);
        let lag = if counts { dice.below(15) } else { 0 };
        let shown = now.plus(secs(dice.below(30)));
        let booked = Booked { remote, shown, ends: now.plus(secs(takes)), end, finds, leaves, lag, counts };
        assert!(self.steps.insert((run, intent.number)), "step {} of run {run} is paid for twice", intent.number);
        let described = booked.described(now);
        assert!(booked.cost() <= order.charge_cap, "billed {} of {}", booked.cost(), order.charge_cap);
        let second = self.runs.insert(order.intent, booked);
        assert!(second.is_none(), "a second run of {}: {second:?}", order.intent);
        if dice.chance(self.bad / 2) { lost() } else { Started::Run(described) }
    }

    /// Runs are shown late, by their intent as by their id.
    fn shown(&self, intent: IntentId, now: UtcMillis) -> Option<&Booked> {
        self.runs.get(&intent).filter(|booked| booked.shown <= now)
    }

    pub(crate) fn look(&self, dice: &mut Dice, intent: IntentId, now: UtcMillis) -> Result<Option<RemoteRun>, Failure> {
        self.fails(dice)?;
        Ok(self.shown(intent, now).map(|booked| booked.described(now)))
    }

    pub(crate) fn abort(&mut self, dice: &mut Dice, intent: IntentId, now: UtcMillis) -> Result<(), Failure> {
        self.fails(dice)?;
        let booked = self.runs.get_mut(&intent).expect("only what was started is told to end");
        if !booked.has_ended(now) {
            booked.ends = now.plus(secs(dice.below(20)));
            booked.end = RemoteStatus::Aborted;
        }
        Ok(())
    }

    /// Some elements from there on. Before all are there, half of them.
    pub(crate) fn read(&self, dice: &mut Dice, intent: IntentId, from: u32, now: UtcMillis) -> Result<Slice, Failure> {
        self.fails(dice)?;
        let booked = &self.runs[&intent];
        assert!(booked.has_ended(now), "{intent} is read while it runs");
        let left = booked.left();
        let there = if booked.ends.plus(secs(booked.lag)) <= now { left } else { &left[..left.len() / 2] };
        let page = there.iter().skip(usize::try_from(from).unwrap()).take(7);
        Ok(Slice { elements: page.cloned().map(Element::Text).collect(), bytes: 0 })
    }

    /// Whether somebody who watches the platform would see an end.
    pub(crate) fn has_ended(&self, intent: IntentId, now: UtcMillis) -> bool {
        self.shown(intent, now).is_some_and(|booked| booked.has_ended(now))
    }

    /// What an intent cost. `None`: that is not final. Nothing for one that was never started.
    pub(crate) fn bill(&self, intent: IntentId, now: UtcMillis) -> Option<MicroUsd> {
        match self.runs.get(&intent) {
            None => Some(MicroUsd::ZERO),
            Some(booked) => booked.is_final(now).then(|| booked.cost()),
        }
    }

    /// Somebody ends whatever still runs.
    pub(crate) fn calm(&mut self, now: UtcMillis) {
        self.bad = 0;
        for booked in self.runs.values_mut() {
            booked.ends = booked.ends.min(now.plus(secs(600)));
        }
    }

    pub(crate) fn intents(&self) -> impl Iterator<Item = IntentId> {
        self.runs.keys().copied()
    }

    /// The bill of everything.
    pub(crate) fn total(&self) -> u64 {
        self.runs.values().map(|booked| booked.cost().micros()).sum()
    }
}
