//! Turns and gates: how much of a host we take.
//!
//! Owns: who makes a request to which host now, and what becomes of that. Must not know: requests, or the rules
//! (`tidegate_core::rate`). Called by the fetch before each hop. Bounded: hosts that are idle and open are forgotten first.
//!
//! Turns within this daemon are given first come first served. What holds beyond it, for all daemons of a database, or longer than this
//! process lives (a rate by the hour), is asked of the store through `desk`; a daemon that has its database to itself asks only
//! for hosts with such a rate, and tells it what has closed.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tidegate_core::fetch::Target;
use tidegate_core::limits;
use tidegate_core::rate::{Because, HostRates, HostState, Outcome, Rates, TurnId, Turned};
use tidegate_core::time::UtcMillis;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::desk::Desk;
use super::error::FetchError;
use crate::ports::{Clock, Store, StoreError, TurnAsk, TurnBack};

/// All hosts that are known.
pub(super) struct Hosts {
    known: Mutex<HashMap<String, Arc<Host>>>,
    rates: HostRates,
    most: usize,
    clock: Arc<dyn Clock>,
    desk: OnceLock<Desk>,
    /// Tells turns apart.
    next: AtomicU64,
}

/// One host: name and port, as another port is another server.
struct Host {
    name: String,
    rates: Rates,
    slots: Arc<Semaphore>,
    state: Mutex<HostState>,
}

/// A turn at a host; given back when dropped.
pub(super) struct Turn {
    host: Arc<Host>,
    id: TurnId,
    outcome: Outcome,
    /// Where it was taken, if not here.
    desk: Option<Desk>,
    /// Who is to hear of what closes here.
    told: Option<Desk>,
    clock: Arc<dyn Clock>,
    _slot: Option<OwnedSemaphorePermit>,
}

/// A host that is not to be asked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) host: String,
    pub(super) until: UtcMillis,
    pub(super) because: Because,
}

impl Hosts {
    pub(super) fn new(rates: HostRates, most: usize, clock: Arc<dyn Clock>) -> Self {
        // Somewhere among all numbers, so that daemons that share a store do not take the same ones.
        let next = AtomicU64::new(RandomState::new().hash_one(clock.now()));
        Self { known: Mutex::new(HashMap::new()), rates, most: most.max(1), clock, desk: OnceLock::new(), next }
    }

    /// Keeps turns in a store from now on, and takes over what is closed there.
    pub(super) async fn keep_in(&self, store: Arc<dyn Store>) -> Result<(), StoreError> {
        let now = self.clock.now();
        if !store.is_shared() {
            for row in store.closed_hosts(now).await? {
                let Some(until) = row.closed_until else { continue };
                let outcome = if row.asked { Outcome::Told(until) } else { Outcome::Resting(until, row.failures) };
                self.host(&row.host).state().give_back(TurnId(0), outcome, now);
            }
        }
        // The first one stays: there is one database.
        self.desk.get_or_init(|| Desk::new(store, Arc::clone(&self.clock)));
        Ok(())
    }

    /// Waits for a turn, first come first served. A closed gate answers at once, also when it closed during the wait; so does a
    /// rate that would have to be waited for longer than the wait may last.
    pub(super) async fn enter(&self, target: &Target) -> Result<Turn, Closed> {
        let host = self.host(&format!("{}:{}", target.host_text(), target.port()));
        let shared = self.desk.get().filter(|desk| desk.is_shared() || host.rates.is_paced());
        if shared.is_none() {
            host.open(self.clock.now())?;
        }
        // The semaphore is never closed; were it, a turn without a slot does less harm than a host that is lost.
        let slot = Arc::clone(&host.slots).acquire_owned().await.ok();
        let id = TurnId(self.next.fetch_add(1, Ordering::Relaxed));
        let patient_until = self.clock.now().plus(limits::QUEUE_TIMEOUT);
        loop {
            let now = self.clock.now();
            let turned = match shared {
                None => host.state().ask(id, &host.rates, now),
                Some(desk) => desk.ask(TurnAsk { host: host.name.clone(), id, rates: host.rates }).await,
            };
            let Turned::Wait { until, because } = turned else { break };
            let closed = matches!(because, Because::Asked | Because::Failing(_));
            if closed || until > patient_until {
                return Err(Closed { host: host.name.clone(), until, because });
            }
            tokio::time::sleep(until.since(now).max(limits::HOST_AGAIN / 4)).await;
        }
        let told = self.desk.get().filter(|_| shared.is_none()).cloned();
        let (desk, clock) = (shared.cloned(), Arc::clone(&self.clock));
        Ok(Turn { host, id, outcome: Outcome::Unknown, desk, told, clock, _slot: slot })
    }

    fn host(&self, key: &str) -> Arc<Host> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = known.get(key) {
            return Arc::clone(host);
        }
        if known.len() >= self.most {
            self.forget(&mut known);
        }
        let name = key.rsplit_once(':').map_or(key, |(name, _)| name);
        let rates = self.rates.of(name);
        let slots = rates.concurrency.map_or(Semaphore::MAX_PERMITS, |n| usize::try_from(n.get()).unwrap_or(1));
        let host = Arc::new(Host {
            name: key.to_owned(),
            rates,
            slots: Arc::new(Semaphore::new(slots)),
            state: Mutex::default(),
        });
        known.insert(key.to_owned(), Arc::clone(&host));
        host
    }

    /// Makes room: all that is idle and open, else the gate that opens first among the idle ones. Hosts with requests
    /// under way stay; there are never more of those than runs.
    fn forget(&self, known: &mut HashMap<String, Arc<Host>>) {
        let now = self.clock.now();
        known.retain(|_, host| Arc::strong_count(host) > 1 || host.state().closed(now).is_some());
        if known.len() < self.most {
            return;
        }
        let idle = known.iter().filter(|(_, host)| Arc::strong_count(host) == 1);
        let opens = |host: &Arc<Host>| host.state().closed(now).map(|(closed, _)| closed.until);
        let first = idle.min_by_key(|(_, host)| opens(host)).map(|(key, _)| key.clone());
        if let Some(first) = first {
            known.remove(&first);
        }
    }
}

impl Host {
    fn state(&self) -> MutexGuard<'_, HostState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, now: UtcMillis) -> Result<(), Closed> {
        let Some((closed, failures)) = self.state().closed(now) else { return Ok(()) };
        let because = if closed.asked { Because::Asked } else { Because::Failing(failures) };
        Err(Closed { host: self.name.clone(), until: closed.until, because })
    }
}

impl Turn {
    /// Watches a request. One that is cut off while nothing has come back counts as failed.
    pub(super) async fn watch<T>(
        &mut self,
        request: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        self.outcome = Outcome::Failed;
        let answer = request.await;
        self.outcome = match &answer {
            Ok(_) => Outcome::Answered,
            Err(
                FetchError::Dns { .. }
                | FetchError::Connect { .. }
                | FetchError::Tls { .. }
                | FetchError::Timeout { .. }
                | FetchError::Reset { .. },
            ) => Outcome::Failed,
            Err(_) => Outcome::Unknown,
        };
        answer
    }

    /// The host has said that it is broken.
    pub(super) const fn failed(&mut self) {
        self.outcome = Outcome::Failed;
    }

    /// Closes the gate for everybody until then; never opens it earlier than another answer said.
    pub(super) const fn close_until(&mut self, until: UtcMillis) {
        self.outcome = Outcome::Told(until);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (id, outcome, now) = (self.id, self.outcome, self.clock.now());
        let back = |outcome| TurnBack { host: self.host.name.clone(), id, outcome };
        if let Some(desk) = &self.desk {
            desk.give_back(back(outcome));
            return;
        }
        let mut state = self.host.state();
        let before = state.closed(now);
        state.give_back(id, outcome, now);
        let after = state.closed(now).filter(|_| before != state.closed(now));
        drop(state);
        if let (Some(desk), Some((closed, failures))) = (&self.told, after) {
            let news = Outcome::Resting(closed.until, failures);
            desk.give_back(back(if closed.asked { Outcome::Told(closed.until) } else { news }));
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::atomic::AtomicI64;
    use std::time::Duration;

    use super::*;

    fn target(host: &str) -> Target {
        Target::parse(&format!("https://{host}/")).unwrap()
    }

    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> UtcMillis {
            at(self.0.load(Ordering::Relaxed))
        }
    }

    fn hosts(concurrency: u32, most: usize) -> (Hosts, Arc<Hand>) {
        let clock = Arc::new(Hand(AtomicI64::new(1_000)));
        let default = Rates { concurrency: NonZeroU32::new(concurrency), ..Rates::default() };
        let rates = HostRates { default, ..HostRates::default() };
        (Hosts::new(rates, most, Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    /// A turn that ends by the host's asking for peace.
    async fn told(hosts: &Hosts, host: &str, until: i64) {
        hosts.enter(&target(host)).await.unwrap().close_until(at(until));
    }

    fn at(millis: i64) -> UtcMillis {
        UtcMillis::from_millis(millis)
    }

    #[tokio::test]
    async fn a_gate_is_closed_for_everybody_until_its_time() {
        let (hosts, clock) = hosts(4, 10);
        let mut other = hosts.enter(&target("a.example")).await.unwrap();
        told(&hosts, "a.example", 5_000).await;
        other.close_until(at(3_000));
        drop(other);
        let closed = hosts.enter(&target("a.example")).await.err().unwrap();
        assert_eq!(closed, Closed { host: "a.example:443".into(), until: at(5_000), because: Because::Asked });
        assert!(hosts.enter(&target("b.example")).await.is_ok());
        assert!(hosts.enter(&target("a.example:444")).await.is_ok());
        clock.0.store(5_000, Ordering::Relaxed);
        assert!(hosts.enter(&target("a.example")).await.is_ok());
    }

    #[tokio::test]
    async fn turns_are_given_in_order_and_only_so_many() {
        let (hosts, _) = hosts(2, 10);
        let a = target("a.example");
        let first = hosts.enter(&a).await.unwrap();
        let _second = hosts.enter(&a).await.unwrap();
        let mut third = Box::pin(hosts.enter(&a));
        let mut fourth = Box::pin(hosts.enter(&a));
        assert!(futures_now(&mut third).await.is_none());
        assert!(futures_now(&mut fourth).await.is_none());
        drop(first);
        assert!(futures_now(&mut fourth).await.is_none(), "the fourth came after the third");
        let mut third = futures_now(&mut third).await.unwrap().unwrap();
        third.close_until(at(9_000));
        drop(third);
        assert!(futures_now(&mut fourth).await.unwrap().is_err(), "closed while it waited");
    }

    /// The answer if it is there now.
    async fn futures_now<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        tokio::time::timeout(Duration::ZERO, future).await.ok()
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded() {
        let (hosts, _) = hosts(1, 3);
        let busy = hosts.enter(&target("busy.example")).await.unwrap();
        for (host, until) in [("late.example", 9_000), ("soon.example", 2_000)] {
            told(&hosts, host, until).await;
        }
        for n in 0..100 {
            drop(hosts.enter(&target(&format!("n{n}.example"))).await.unwrap());
            assert!(hosts.known.lock().unwrap().len() <= 3);
        }
        assert!(hosts.enter(&target("late.example")).await.is_err(), "the longest gate is remembered");
        drop(busy);
    }
}
