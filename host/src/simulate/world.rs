//! What a simulated world is made of.
//!
//! Owns: its parameters and the defaults that `tidegate simulate` documents. Must not know: how they are typed.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate_core::budget::Limits;
use tidegate_core::failure::Class;
use tidegate_core::money::MicroUsd;

/// A world.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// Whence all chance comes: the same seed gives the same world, to the byte.
    pub seed: u64,
    /// How long it is watched.
    pub hours: u32,
    /// How long it goes on before that, so that first runs and first counts are over.
    pub warm_up: Duration,
    /// Who reads.
    pub people: People,
    /// How many sources there are.
    pub sources: usize,
    /// The part of them that is fetched by paid actors, from 0 to 1.
    pub paid: f64,
    /// Posts of a source in a day, on average; each has a rate of its own between a quarter and four times this.
    pub posts_per_day: f64,
    /// How platforms answer.
    pub weather: Weather,
    /// What actors cost.
    pub prices: Prices,
    /// What may be spent in all.
    pub budget: Limits,
    /// Runs of the daemon under way at once.
    pub runs_at_once: usize,
    /// Times at which the machine sleeps: from when, counted from the end of the warm-up, and for how long.
    pub sleeps: Vec<(Duration, Duration)>,
    /// Times at which somebody sets the clock: when, counted in the same way, and by how many seconds.
    pub clock_set: Vec<(Duration, i64)>,
}

/// Who reads.
#[derive(Debug, Clone, PartialEq)]
pub struct People {
    /// How many there are.
    pub users: usize,
    /// Sources that each follows, on average: Poisson, at least one.
    pub follows: f64,
    /// The source of rank r is chosen with a weight of r to the power of minus this: Zipf's law.
    pub zipf: f64,
    /// The part of them that comes back at all, from 0 to 1.
    pub active: f64,
    /// Visits of one who does in a day, on average, each of which reads all that is followed.
    pub visits_per_day: f64,
    /// Whether visits follow the hours of the day.
    pub daily: bool,
}

/// How platforms answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Weather {
    /// The usual time of a fetch; some take several times as long.
    pub latency: Duration,
    /// The usual time of an actor run.
    pub actor: Duration,
    /// The part of fetches that fails, by class.
    pub failures: BTreeMap<Class, f64>,
    /// Times in which every fetch fails.
    pub outages: Vec<Outage>,
}

/// A time in which every fetch fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Since the world began.
    pub from: Duration,
    /// For how long.
    pub lasts: Duration,
}

/// What actors cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// A start.
    pub start: MicroUsd,
    /// One element.
    pub element: MicroUsd,
}

impl Default for World {
    fn default() -> Self {
        Self {
            seed: 1,
            hours: 24,
            warm_up: Duration::from_secs(2 * 3_600),
            people: People::default(),
            sources: 500,
            paid: 0.0,
            posts_per_day: 12.0,
            weather: Weather::default(),
            prices: Prices { start: MicroUsd::new(1_000), element: MicroUsd::new(2_300) },
            budget: Limits::default(),
            runs_at_once: tidegate_core::limits::RUNS_AT_ONCE,
            sleeps: Vec::new(),
            clock_set: Vec::new(),
        }
    }
}

impl Default for People {
    fn default() -> Self {
        Self { users: 1_000, follows: 10.0, zipf: 2.2, active: 0.5, visits_per_day: 4.0, daily: true }
    }
}

impl Default for Weather {
    /// One fetch in a hundred fails in passing, one in five hundred is told to slow down, one in two thousand gives nonsense.
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(400),
            actor: Duration::from_secs(8),
            failures: BTreeMap::from([
                (Class::Transient, 0.01),
                (Class::RateLimited, 0.002),
                (Class::BadAnswer, 0.000_5),
            ]),
            outages: Vec::new(),
        }
    }
}
