//! A world from its beginning to its end.
//!
//! Owns: putting engine, store and platforms together, the visits of its people, and what happens to its clock. Must not know:
//! what is counted. Called in a runtime with paused time and one thread: everything happens in the same order each time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::budget::GlobalBudget;
use tidegate_core::id::{DaemonId, ProfileName, RunId, SourceId, Tenant};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Profile;
use tidegate_core::rate::RateBook;
use tidegate_core::schedule::tier::Tiers;
use tidegate_core::source::NewSource;
use tidegate_core::time::UtcMillis;

use super::NotSimulated;
use super::clock::VirtualClock;
use super::dice::{Chance, Dice};
use super::people::Crowd;
use super::platform::Platform;
use super::plugin::{ACTOR, NAME, Room};
use super::publisher::Publisher;
use super::report::{Report, Seen};
use super::tally::Tally;
use super::world::World;
use crate::config::parse_profile;
use crate::engine::{Engine, Ports, Settings};
use crate::ports::{Clock, Follows, SourceFilter, Store};
use crate::store::memory::{Keep, Memory, MemoryStore};

/// When worlds begin: a Monday, at midnight, before their warm-up. Always the same, as their seed is.
const BEGIN: &str = "2026-11-23T00:00:00Z";
/// Ended runs that are kept; nobody lists them.
const RUNS_KEPT: usize = 10_000;
/// Items of a source that are kept: more than a platform shows, so that none comes back as new.
const ITEMS_KEPT: usize = 10 * super::publisher::SHOWN;
/// How long before the beginning people began to follow: those who do not come back have gone since.
const FOLLOWED: Duration = Duration::from_secs(30 * 86_400);

/// The parts of a world that have dice of their own.
const ENGINE: u64 = 1;
const PLATFORM: u64 = 2;
const PEOPLE: u64 = 3;
const RATES: u64 = 4;
const SOURCES: u64 = 1_000;

/// Lives through a world.
pub(super) async fn drive(world: &World) -> Result<Report, NotSimulated> {
    let begin = UtcMillis::parse(BEGIN).unwrap_or_default();
    let from = begin.plus(world.warm_up);
    let clock = Arc::new(VirtualClock::new(begin));
    let memory = Memory::new(Keep { ended_runs: RUNS_KEPT, items_of_source: ITEMS_KEPT });
    let store = Arc::new(memory.open());
    let tally = Arc::new(Tally::new(clock.clone(), memory.clone(), Tiers::default(), from));
    let (sources, publishers) = make_sources(world, &store, begin).await?;
    let platform = Arc::new(Platform::new(
        clock.clone(),
        world.weather.clone(),
        world.prices,
        Chance::new(world.seed, PLATFORM),
        publishers,
    ));
    let ports = Ports {
        store: store.clone(),
        plugins: Arc::new(Room::new()),
        egress: platform.clone(),
        actors: platform,
        clock: clock.clone(),
        dice: Arc::new(Dice::new(Chance::new(world.seed, ENGINE))),
        observer: tally.clone(),
    };
    let engine = Engine::new(ports, settings(world)?);
    let mut crowd = Crowd::new(&world.people, sources.len(), Chance::new(world.seed, PEOPLE));
    gather(&mut crowd, &sources, &store, begin).await?;
    let over = tokio_util::sync::CancellationToken::new();
    let (stop, hard) = (over.clone(), over.clone());
    let serving = engine.serve(async move { stop.cancelled().await }, async move { hard.cancelled().await });
    let visiting = async {
        let requests = visit(world, &mut crowd, &sources, &store, &clock).await;
        over.cancel();
        requests
    };
    let ((), requests) = tokio::join!(serving, visiting);
    let seen = Seen { requests: requests?, tiers: tiers(&store).await?, problems: store.check().await? };
    Ok(Report::new(world, tally.counts(), seen))
}

fn tenant() -> Result<Tenant, NotSimulated> {
    "simulated".parse().map_err(|error| NotSimulated::Profile(format!("{error}")))
}

/// What the engine is told: two profiles by followers, one of them paid.
fn settings(world: &World) -> Result<Settings, NotSimulated> {
    let free = format!("plugin = \"{NAME}\"\nkind = \"feed\"\n[schedule]\ntiers = \"default\"\n");
    let money = |price: MicroUsd| price.decimal();
    let paid = format!(
        "plugin = \"{NAME}\"\nkind = \"account\"\n[schedule]\ntiers = \"default\"\n[actor]\nname = \"{ACTOR}\"\n\
         build = \"1.0.0\"\n[actor.price]\nas_of = \"2026-11-01\"\nstart = \"{}\"\nelement = \"{}\"\n",
        money(world.prices.start),
        money(world.prices.element)
    );
    let mut profiles: BTreeMap<ProfileName, Profile> = BTreeMap::new();
    for (name, text) in [("free", free), ("paid", paid)] {
        let profile =
            parse_profile(name, &text, "simulate").map_err(|error| NotSimulated::Profile(error.to_string()))?;
        profiles.insert(profile.name.clone(), profile);
    }
    let credentials = profiles.values().filter_map(|profile| profile.actor.as_ref());
    let credentials = credentials.map(|actor| (actor.credential.clone(), limits::ACTOR_RUNS_AT_ONCE_MOST)).collect();
    Ok(Settings {
        daemon: DaemonId::from_bits(1),
        profiles,
        budget: GlobalBudget { all: world.budget, ..GlobalBudget::default() },
        runs_at_once: world.runs_at_once,
        watch: limits::ACTOR_WATCH,
        rates: RateBook::default(),
        credentials,
        active_within: limits::ACTIVE_WITHIN,
        catch_up_window: limits::CATCH_UP_WINDOW,
    })
}

/// Sources by rank, the most followed first, each with what it publishes.
async fn make_sources(
    world: &World,
    store: &MemoryStore,
    begin: UtcMillis,
) -> Result<(Vec<SourceId>, BTreeMap<String, Publisher>), NotSimulated> {
    let mut rates = Chance::new(world.seed, RATES);
    let (mut ids, mut publishers) = (Vec::with_capacity(world.sources), BTreeMap::new());
    for rank in 0..world.sources {
        let identifier = format!("source-{rank}");
        let part = u64::try_from(rank).unwrap_or(u64::MAX).saturating_add(SOURCES);
        // Between a quarter and four times the mean, evenly over the factors, which have a mean of 1.35 then.
        let per_day = world.posts_per_day * 4.0_f64.powf(rates.unit().mul_add(2.0, -1.0)) / 1.352_6;
        publishers.insert(identifier.clone(), Publisher::new(Chance::new(world.seed, part), per_day, begin));
        let id = SourceId::new(begin, u128::from(part));
        let profile = if rates.happens(world.paid) { "paid" } else { "free" };
        let new = NewSource {
            id,
            tenant: tenant()?,
            profile: profile.parse().map_err(|error| NotSimulated::Profile(format!("{error}")))?,
            identifier,
            overrides: serde_json::Map::new(),
            schedule: None,
            active: true,
        };
        store.create_source(new, RunId::new(begin, u128::from(part)), begin).await?;
        // They were not all added in the same second.
        let first = begin.plus(world.warm_up.mul_f64(rates.unit() / 2.0));
        store.put_off(vec![(id, first)]).await?;
        ids.push(id);
    }
    Ok((ids, publishers))
}

/// Everybody follows; those who come back were here in the last day.
async fn gather(
    crowd: &mut Crowd,
    sources: &[SourceId],
    store: &MemoryStore,
    begin: UtcMillis,
) -> Result<(), NotSimulated> {
    let tenant = tenant()?;
    for person in crowd.all() {
        let follows = person.follows.iter().filter_map(|rank| sources.get(*rank).copied()).collect();
        store.follow(tenant.clone(), person.user.clone(), follows, begin.minus(FOLLOWED)).await?;
    }
    for minute in 0..1_440 {
        let at = begin.minus(Duration::from_secs(60 * (1_440 - minute)));
        for number in crowd.visitors(at) {
            if let Some(person) = crowd.person(number) {
                store.seen(tenant.clone(), person.user.clone(), at).await?;
            }
        }
    }
    Ok(())
}

/// People come minute by minute until the world ends. Gives how many sources they read after the warm-up.
async fn visit(
    world: &World,
    crowd: &mut Crowd,
    sources: &[SourceId],
    store: &MemoryStore,
    clock: &VirtualClock,
) -> Result<u64, NotSimulated> {
    let tenant = tenant()?;
    let minute = Duration::from_secs(60);
    let watched = Duration::from_secs(3_600 * u64::from(world.hours));
    let mut requests = 0;
    let mut passed = Duration::ZERO;
    while passed < world.warm_up + watched {
        let (measured, since) = (passed >= world.warm_up, passed.saturating_sub(world.warm_up));
        let sleep = world.sleeps.iter().find(|(at, _)| measured && *at >= since && *at < since + minute);
        for (_, by) in world.clock_set.iter().filter(|(at, _)| measured && *at >= since && *at < since + minute) {
            let span = Duration::from_secs(by.unsigned_abs());
            if *by < 0 { clock.back(span) } else { clock.forward(span) }
        }
        let now = clock.now();
        for number in crowd.visitors(now) {
            let Some(person) = crowd.person(number) else { continue };
            store.seen(tenant.clone(), person.user.clone(), now).await?;
            let reads = person.follows.iter().filter(|rank| sources.get(**rank).is_some()).count();
            requests += if measured { u64::try_from(reads).unwrap_or(0) } else { 0 };
        }
        tokio::time::sleep(minute).await;
        passed += minute;
        if let Some((_, lasts)) = sleep {
            // Nothing runs while the machine sleeps, and nobody comes.
            clock.forward(*lasts);
            passed += *lasts;
        }
    }
    Ok(requests)
}

/// Sources by the interval of their tier.
async fn tiers(store: &MemoryStore) -> Result<BTreeMap<Option<u64>, u64>, NotSimulated> {
    let table = Tiers::default();
    let mut found = BTreeMap::new();
    let mut filter = SourceFilter { limit: limits::LIST_ROWS, ..SourceFilter::default() };
    loop {
        let sources = store.sources(&filter).await?;
        let Some(last) = sources.last() else { return Ok(found) };
        filter.after = Some(last.id);
        for source in &sources {
            let tier = source.facts.followers.and_then(|followers| table.of(followers));
            *found.entry(tier.map(|tier| tier.every.duration().as_secs())).or_default() += 1;
        }
    }
}
