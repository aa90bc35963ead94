//! The engine: everything that happens by itself.
//!
//! Owns: the supervisor, which repeats the passes `recover`, `retier`, `catch_up`, `admit`, `watch`, `settle` and `upkeep`, and the tasks that do the admitted work.
//! Must not know: SQL, HTTP, wasm (it speaks to ports), or any rule of the product (it asks `tidegate_core`). Called by
//! `cli`: [`Engine::serve`] for the daemon, [`Engine::run_once`] for one tick.
//!
//! A pass takes no input but the store: a timer, a finished run and a changed database lead to the same pass, and a pass
//! that was cut short is repeated whole. Nothing fetches except what the admit pass has claimed.

mod actors;
mod admit;
mod attend;
mod catch_up;
pub mod dead_letters;
mod end;
pub mod explain;
pub mod extra;
mod heartbeat;
mod kept;
mod live;
mod place;
mod plugin_use;
mod quarantine;
mod recover;
mod reload;
pub mod replay;
mod retier;
mod rounds;
mod serve;
mod settle;
pub mod sources;
#[cfg(test)]
mod tests;
mod upkeep;
mod watch;
mod work;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tidegate_core::budget::GlobalBudget;
use tidegate_core::id::{CredentialName, DaemonId, Id, ProfileName};
use tidegate_core::profile::Profile;
use tidegate_core::rate::RateBook;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ports::{Actors, Clock, Dice, Egress, Event, Observer, Plugins, Store};

pub use serve::Tally;

/// Everything the engine needs of the world.
#[derive(Clone)]
pub struct Ports {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The plugin room.
    pub plugins: Arc<dyn Plugins>,
    /// The way out.
    pub egress: Arc<dyn Egress>,
    /// The actor platform.
    pub actors: Arc<dyn Actors>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The dice.
    pub dice: Arc<dyn Dice>,
    /// Whoever wants to know.
    pub observer: Arc<dyn Observer>,
}

/// What an operator sets.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This life of this daemon.
    pub daemon: DaemonId,
    /// Profiles by name.
    pub profiles: BTreeMap<ProfileName, Profile>,
    /// Budgets of the daemon.
    pub budget: GlobalBudget,
    /// Runs under way at once.
    pub runs_at_once: usize,
    /// How often runs under way on the actor platform are looked at.
    pub watch: Duration,
    /// Runs each credential may have under way on the actor platform.
    pub credentials: BTreeMap<CredentialName, u32>,
    /// Rates of hosts, platforms and credentials.
    pub rates: RateBook,
    /// A follower seen less than this ago is active.
    pub active_within: Duration,
    /// The longest time over which sources are spread that came due while no daemon was alive.
    pub catch_up_window: Duration,
}

/// The engine.
pub struct Engine {
    ports: Ports,
    /// As they hold now. What has begun keeps those it began with.
    settings: RwLock<Arc<Settings>>,
    /// Whether sources that were put off under other settings have not been looked at again yet.
    new_settings: AtomicBool,
    live: live::Live,
    rounds: rounds::Rounds,
    /// What plugins have used and is not in the store yet.
    unwritten: plugin_use::Unwritten,
    tasks: TaskTracker,
    /// Ends every wait, fetch and call: runs go back into the queue.
    stop: CancellationToken,
}

impl Engine {
    /// An engine that has not started yet.
    #[must_use]
    pub fn new(ports: Ports, settings: Settings) -> Arc<Self> {
        let live = live::Live::new(settings.runs_at_once);
        Arc::new(Self {
            ports,
            settings: RwLock::new(Arc::new(settings)),
            new_settings: AtomicBool::new(false),
            live,
            rounds: rounds::Rounds::default(),
            unwritten: plugin_use::Unwritten::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        })
    }

    /// What the engine speaks to.
    #[must_use]
    pub const fn ports(&self) -> &Ports {
        &self.ports
    }

    /// What its operator has set, as it holds now.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A new id.
    fn id<K>(&self) -> Id<K> {
        Id::new(self.ports.clock.now(), self.ports.dice.throw())
    }

    /// Dice for jitter.
    fn dice(&self) -> u32 {
        u32::try_from(self.ports.dice.throw() & u128::from(u32::MAX)).unwrap_or(0)
    }

    fn tell(&self, event: &Event) {
        self.ports.observer.see(event);
    }
}
