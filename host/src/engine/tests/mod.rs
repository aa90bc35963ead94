//! The engine's passes over a real store, with a platform whose answers each case sets.
//!
//! Owns: the small world they play in: a clock that is moved by hand, and everything else as empty as it may be. What each
//! case is about stands in `given_up` (runs that cannot go on), `deaths` (of daemons), `costs`, `gates` and `clocks`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

mod clocks;
mod costs;
mod deaths;
mod gates;
mod given_up;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;
use tidegate_core::actor::{Account, Order, RemoteId, RemoteRun, RemoteStatus, Slice};
use tidegate_core::budget::GlobalBudget;
use tidegate_core::contract::{HttpRequest, HttpResponse};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{CredentialName, DaemonId};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Net;
use tidegate_core::rate::RateBook;
use tidegate_core::time::UtcMillis;

use super::{Engine, Ports, Settings};
use crate::ports::{Actors, Clock, Dice, Egress, Event, NotStarted, Observer, Plugin, Plugins, Store};
use crate::store::conformance::world::at;
use crate::store::sqlite::{OpenOptions, SqliteStore};

/// Moved by hand.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> UtcMillis {
        UtcMillis::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Never twice the same.
struct Count(AtomicU64);

impl Dice for Count {
    fn throw(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed)) << 20
    }
}

/// No plugin is loaded, and nobody is reached.
struct Nothing;

impl Plugins for Nothing {
    fn find(&self, _: &str) -> Option<Arc<dyn Plugin>> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

#[async_trait]
impl Egress for Nothing {
    async fn fetch(&self, _: &HttpRequest, _: &Net, _: UtcMillis) -> Result<HttpResponse, Failure> {
        Err(Failure::new(Class::Transient, "nobody is reached"))
    }
}

/// Keeps what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<Event>>);

impl Observer for Told {
    fn see(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// Runs the platform knows, what a search finds, what the account says; and which runs it was told to end.
#[derive(Default)]
struct Platform {
    runs: Mutex<HashMap<String, RemoteRun>>,
    found: Mutex<Option<RemoteRun>>,
    account: Mutex<Option<Account>>,
    aborted: Mutex<Vec<String>>,
}

fn unasked<T>() -> Result<T, Failure> {
    Err(Failure::new(Class::Transient, "not asked for"))
}

#[async_trait]
impl Actors for Platform {
    async fn start(&self, _: &Order) -> Result<RemoteRun, NotStarted> {
        unasked().map_err(NotStarted::Unknown)
    }

    async fn find(&self, _: &Order, _: UtcMillis, taken: &[RemoteId]) -> Result<Option<RemoteRun>, Failure> {
        Ok(self.found.lock().unwrap().clone().filter(|run| !taken.contains(&run.id)))
    }

    async fn inspect(&self, _: &CredentialName, run: &RemoteId) -> Result<Option<RemoteRun>, Failure> {
        Ok(self.runs.lock().unwrap().get(run.as_str()).cloned())
    }

    async fn statuses(
        &self,
        _: &CredentialName,
        _: &[RemoteId],
        _: UtcMillis,
    ) -> Result<Vec<(RemoteId, RemoteStatus)>, Failure> {
        unasked()
    }

    async fn abort(&self, _: &CredentialName, run: &RemoteId) -> Result<(), Failure> {
        self.aborted.lock().unwrap().push(run.to_string());
        if let Some(run) = self.runs.lock().unwrap().get_mut(run.as_str()) {
            run.status = RemoteStatus::Aborted;
        }
        Ok(())
    }

    async fn read(&self, _: &CredentialName, _: &RemoteId, _: u32) -> Result<Slice, Failure> {
        unasked()
    }

    async fn account(&self, _: &CredentialName) -> Result<Account, Failure> {
        let account = self.account.lock().unwrap().clone();
        account.ok_or_else(|| Failure::new(Class::Credential, "no such token"))
    }
}

/// A run of the platform that has cost so much.
fn remote(id: &str, status: RemoteStatus, cost: u64) -> RemoteRun {
    let (cost, dataset) = (Some(MicroUsd::new(cost)), "set".parse().unwrap());
    RemoteRun { id: id.parse().unwrap(), dataset, status, message: None, build: None, cost, charged_elements: None }
}

/// Nothing is configured.
fn settings(daemon: DaemonId) -> Settings {
    Settings {
        rates: RateBook::default(),
        daemon,
        profiles: BTreeMap::new(),
        budget: GlobalBudget::default(),
        runs_at_once: 4,
        active_within: limits::ACTIVE_WITHIN,
        catch_up_window: limits::CATCH_UP_WINDOW,
        watch: Duration::from_secs(1),
        credentials: BTreeMap::new(),
    }
}

/// An engine with its store, at noon. It is another daemon than the one that the store's cases claim for.
struct Scene {
    engine: Arc<Engine>,
    store: Arc<SqliteStore>,
    clock: Arc<Hand>,
    platform: Arc<Platform>,
    told: Arc<Told>,
    _folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let daemon = DaemonId::from_bits(99);
        let options = OpenOptions { create: true, daemon, now: at(0) };
        let store = Arc::new(SqliteStore::open(&folder.path().join("tidegate.db"), options).await.unwrap());
        let clock = Arc::new(Hand(AtomicI64::new(at(0).as_millis())));
        let (platform, told) = (Arc::new(Platform::default()), Arc::new(Told::default()));
        let ports = Ports {
            store: Arc::clone(&store) as Arc<dyn Store>,
            plugins: Arc::new(Nothing),
            egress: Arc::new(Nothing),
            actors: Arc::clone(&platform) as Arc<dyn Actors>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            dice: Arc::new(Count(AtomicU64::new(1))),
            observer: Arc::clone(&told) as Arc<dyn Observer>,
        };
        Self { engine: Engine::new(ports, settings(daemon)), store, clock, platform, told, _folder: folder }
    }

    fn set(&self, now: UtcMillis) {
        self.clock.0.store(now.as_millis(), Ordering::Relaxed);
    }

    fn knows(&self, run: RemoteRun) {
        self.platform.runs.lock().unwrap().insert(run.id.to_string(), run);
    }

    /// How often something was told.
    fn told(&self, what: impl Fn(&Event) -> bool) -> usize {
        self.told.0.lock().unwrap().iter().filter(|event| what(event)).count()
    }
}
