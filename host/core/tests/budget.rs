//! Never over budget, whatever it costs, whoever dies and in whatever order they come.
//!
//! Owns: a ledger in memory over the rules' `Balance` and `reservations`, and 16 admitters that take turns as the dice say, each
//! stopped between deciding, booking, ordering and ending. Prices, caps and limits are drawn; the platform bills up to the
//! charge cap, and says so minutes or days later; daemons die with runs that are taken up again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

#[path = "budget/books.rs"]
mod books;
#[path = "simulation/dice.rs"]
mod dice;
mod fixtures;

use books::{Books, Claimed};
use dice::Dice;
use fixtures::actors::{actor_profile, actor_step, price};
use fixtures::{kind, now, secs, source};
use tidegate_core::actor::PriceTable;
use tidegate_core::budget::{self, GlobalBudget, Limits, Reservation};
use tidegate_core::eligibility::{Circumstances, Presence, decide};
use tidegate_core::id::SourceId;
use tidegate_core::money::MicroUsd;
use tidegate_core::plan::{self, Wanted};
use tidegate_core::profile::{ActorPolicy, Profile};
use tidegate_core::source::{NextRun, Source, Trigger};
use tidegate_core::time::UtcMillis;

const WORLDS: u64 = 300;
const TURNS: u32 = 1_500;

/// Where an admitter stands.
enum Admitter {
    Idle,
    /// Has decided on a source, and knows what to reserve for it.
    Decided(usize, Vec<Reservation>),
    /// Works on a run, by its number in the books.
    Working(usize),
}

/// How often what could happen did.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    claimed: u64,
    refused: u64,
    too_dear: u64,
    died: u64,
    late: u64,
}

struct World {
    dice: Dice,
    now: UtcMillis,
    sources: Vec<Source>,
    profiles: Vec<Profile>,
    global: GlobalBudget,
    admitters: Vec<Admitter>,
    books: Books,
    tally: Tally,
}

fn dollars(dice: &mut Dice, most: u64) -> MicroUsd {
    MicroUsd::new(dice.below(most))
}

fn limits(dice: &mut Dice) -> Limits {
    Limits {
        runs_per_day: dice.chance(400).then(|| dice.between(0, 40)),
        usd_per_day: dice.chance(600).then(|| dollars(dice, 2_000_000)),
        usd_per_month: dice.chance(600).then(|| dollars(dice, 8_000_000)),
    }
}

fn profile(dice: &mut Dice, name: &str) -> Profile {
    let actor = actor_profile().actor.unwrap();
    let prices = PriceTable {
        start: dollars(dice, 20_000),
        element: dollars(dice, 5_000),
        compute_unit: dollars(dice, 400_000),
        minimum: if dice.chance(200) { dollars(dice, 500_000) } else { MicroUsd::ZERO },
        ..price()
    };
    let starts = u32::try_from(dice.between(1, 3)).unwrap();
    let mut new = Profile {
        name: name.parse().unwrap(),
        actor: Some(ActorPolicy { starts, price: prices, ..actor }),
        ..actor_profile()
    };
    new.caps.max_items = u32::try_from(dice.between(1, 50)).unwrap();
    new.budget.limits = limits(dice);
    new.budget.usd_per_run = dice.chance(300).then(|| dollars(dice, 300_000));
    new.budget.source_usd_per_day = dice.chance(300).then(|| dollars(dice, 500_000));
    new.budget.source_usd_per_month = dice.chance(300).then(|| dollars(dice, 1_000_000));
    new
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let profiles = vec![profile(&mut dice, "x_profile"), profile(&mut dice, "instagram_profile")];
        let mut sources = vec![];
        for n in 0..24_u128 {
            let profile = profiles[usize::try_from(n % 2).unwrap()].name.clone();
            let tenant = dice.pick(&["acme", "zeta", "iota"]).parse().unwrap();
            sources.push(Source { id: SourceId::from_bits(n), tenant, profile, ..source() });
        }
        let tenants = [("zeta".parse().unwrap(), limits(&mut dice))].into();
        let global =
            GlobalBudget { all: limits(&mut dice), each_tenant: limits(&mut dice), tenants, ..GlobalBudget::default() };
        Self {
            now: now(),
            sources,
            profiles,
            global,
            admitters: (0..16).map(|_| Admitter::Idle).collect(),
            books: Books::default(),
            tally: Tally::default(),
            dice,
        }
    }

    fn profile(&self, source: &Source) -> &Profile {
        self.profiles.iter().find(|profile| profile.name == source.profile).unwrap()
    }

    /// One admitter does one thing, or the world does.
    fn turn(&mut self) {
        // A month passes in some of the worlds.
        self.now = self.now.plus(secs(self.dice.pick(&[0, 0, 1, 60, 600, 5_000])));
        match self.dice.below(10) {
            0 => self.recover(),
            1 | 2 => self.bill_arrives(),
            _ => self.admitter_acts(),
        }
    }

    fn admitter_acts(&mut self) {
        let place = usize::try_from(self.dice.below(16)).unwrap();
        let next = match core::mem::replace(&mut self.admitters[place], Admitter::Idle) {
            Admitter::Idle => self.decide(),
            Admitter::Decided(source, reservations) => self.claim(source, reservations),
            Admitter::Working(run) => self.work(run),
        };
        self.admitters[place] = next;
    }

    fn decide(&mut self) -> Admitter {
        let place = usize::try_from(self.dice.below(self.sources.len() as u64)).unwrap();
        let source = &mut self.sources[place];
        source.next_run = Some(NextRun { at: self.now, trigger: Trigger::Schedule });
        let given = Circumstances {
            now: self.now,
            queued: None,
            plugin: Presence::Serves,
            quarantine: None,
            gate: None,
            host: None,
            account: None,
        };
        let source = &self.sources[place];
        let profile = self.profile(source);
        match decide(source, Some(profile), given) {
            Ok(eligible) => {
                let reservations = budget::reservations(eligible, source, profile, &self.global, self.now);
                Admitter::Decided(place, reservations)
            }
            Err(_) => Admitter::Idle,
        }
    }

    /// What was decided may be long ago; what is booked is checked now.
    fn claim(&mut self, place: usize, reservations: Vec<Reservation>) -> Admitter {
        let source = &self.sources[place];
        let reserved = budget::worst_case(source, self.profile(source));
        match self.books.claim(place, reserved, reservations) {
            Claimed::Run(run) => {
                self.tally.claimed += 1;
                Admitter::Working(run)
            }
            Claimed::NoRoom => {
                self.tally.refused += 1;
                Admitter::Idle
            }
            Claimed::Taken => Admitter::Idle,
        }
    }

    fn work(&mut self, run: usize) -> Admitter {
        match self.dice.below(10) {
            0 => {
                self.tally.died += 1;
                self.books.dies(run);
                Admitter::Idle
            }
            1..=6 => {
                self.order(run);
                Admitter::Working(run)
            }
            _ => {
                self.books.end(run);
                Admitter::Idle
            }
        }
    }

    /// A wish as a plugin makes it, priced by the rules; the platform bills something up to its charge cap.
    fn order(&mut self, run: usize) {
        let elements = u32::try_from(self.dice.below(60)).unwrap();
        let left = self.books.runs[run].left();
        let profile = self.profile(&self.sources[self.books.runs[run].source]);
        let Ok(plan) = plan::check(actor_step(elements), &kind(), profile, left) else {
            self.tally.too_dear += 1;
            return;
        };
        let Wanted::Actor(wish) = plan.wanted() else { panic!("{plan:?}") };
        let cap = wish.charge_cap;
        let cost = match self.dice.below(10) {
            // It never started, or was found to be none.
            0 => 0,
            1..=3 => cap.micros(),
            _ => self.dice.between(0, cap.micros()),
        };
        let known = self.dice.chance(300);
        self.books.runs[run].order(cap, MicroUsd::new(cost), known);
    }

    /// The final cost of one of those actor runs whose run has ended.
    fn bill_arrives(&mut self) {
        if self.books.unsettled.is_empty() {
            return;
        }
        let place = self.dice.below(self.books.unsettled.len() as u64);
        let (run, wish) = self.books.unsettled.swap_remove(usize::try_from(place).unwrap());
        self.tally.late += 1;
        self.books.settle(run, wish);
    }

    /// Another daemon takes up a run that died: it goes on with what was reserved, or ends.
    fn recover(&mut self) {
        let idle = self.admitters.iter_mut().find(|admitter| matches!(admitter, Admitter::Idle));
        if let Some((idle, run)) = idle.zip(self.books.dead.pop()) {
            *idle = Admitter::Working(run);
        }
    }

    /// Everything ends, and all bills arrive.
    fn close(&mut self) {
        for run in 0..self.books.runs.len() {
            self.books.end(run);
        }
        for (run, wish) in core::mem::take(&mut self.books.unsettled) {
            self.books.settle(run, wish);
        }
        self.books.agree_with_the_bill();
    }
}

fn play(seed: u64) -> Tally {
    let mut world = World::new(seed);
    for _ in 0..TURNS {
        world.turn();
    }
    world.close();
    world.tally
}

#[test]
fn no_window_is_ever_overdrawn_and_in_the_end_the_ledger_is_the_bill() {
    let mut sum = Tally::default();
    for seed in 1..=WORLDS {
        let played = std::panic::catch_unwind(|| play(seed));
        assert!(played.is_ok(), "seed {seed} is over budget, or its books are wrong");
        let played = played.unwrap();
        sum.claimed += played.claimed;
        sum.refused += played.refused;
        sum.too_dear += played.too_dear;
        sum.died += played.died;
        sum.late += played.late;
    }
    let Tally { claimed, refused, too_dear, died, late } = sum;
    assert!(
        [claimed, refused, too_dear, died, late].iter().all(|count| *count > WORLDS),
        "hardly anything happened: {sum:?}"
    );
}
