//! Turns and gates: how much of a host we take.
//!
//! Owns: requests under way per host, and until when a host has asked to be left alone, for this daemon. Must not know:
//! requests. Called by the fetch before each hop. Bounded: hosts that are idle and open are forgotten first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tidegate_core::fetch::Target;
use tidegate_core::time::UtcMillis;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ports::Clock;

/// All hosts that are known.
pub(super) struct Hosts {
    known: Mutex<HashMap<String, Arc<Host>>>,
    concurrency: usize,
    most: usize,
    clock: Arc<dyn Clock>,
}

/// One host: name and port, as another port is another server.
struct Host {
    slots: Arc<Semaphore>,
    /// Milliseconds since the epoch before which nobody asks.
    opens: AtomicI64,
}

/// A turn at a host; given back when dropped.
pub(super) struct Turn {
    host: Arc<Host>,
    _slot: Option<OwnedSemaphorePermit>,
}

/// A host that is not to be asked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) host: String,
    pub(super) until: UtcMillis,
}

impl Hosts {
    pub(super) fn new(concurrency: usize, most: usize, clock: Arc<dyn Clock>) -> Self {
        Self { known: Mutex::new(HashMap::new()), concurrency: concurrency.max(1), most: most.max(1), clock }
    }

    /// Waits for a turn, first come first served. A closed gate answers at once, also when it closed during the wait.
    pub(super) async fn enter(&self, target: &Target) -> Result<Turn, Closed> {
        let key = format!("{}:{}", target.host_text(), target.port());
        let host = self.host(&key);
        self.open(&key, &host)?;
        // The semaphore is never closed; were it, a turn without a slot does less harm than a host that is lost.
        let slot = Arc::clone(&host.slots).acquire_owned().await.ok();
        self.open(&key, &host)?;
        Ok(Turn { host, _slot: slot })
    }

    fn open(&self, key: &str, host: &Host) -> Result<(), Closed> {
        let until = UtcMillis::from_millis(host.opens.load(Ordering::Relaxed));
        if until > self.clock.now() { Err(Closed { host: key.to_owned(), until }) } else { Ok(()) }
    }

    fn host(&self, key: &str) -> Arc<Host> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = known.get(key) {
            return Arc::clone(host);
        }
        if known.len() >= self.most {
            self.forget(&mut known);
        }
        let fresh = Host {
            slots: Arc::new(Semaphore::new(self.concurrency)),
            opens: AtomicI64::new(UtcMillis::default().as_millis()),
        };
        let host = Arc::new(fresh);
        known.insert(key.to_owned(), Arc::clone(&host));
        host
    }

    /// Makes room: all that is idle and open, else the gate that opens first among the idle ones. Hosts with requests
    /// under way stay; there are never more of those than runs.
    fn forget(&self, known: &mut HashMap<String, Arc<Host>>) {
        let now = self.clock.now().as_millis();
        known.retain(|_, host| Arc::strong_count(host) > 1 || host.opens.load(Ordering::Relaxed) > now);
        if known.len() < self.most {
            return;
        }
        let idle = known.iter().filter(|(_, host)| Arc::strong_count(host) == 1);
        let first = idle.min_by_key(|(_, host)| host.opens.load(Ordering::Relaxed)).map(|(key, _)| key.clone());
        if let Some(first) = first {
            known.remove(&first);
        }
    }
}

impl Turn {
    /// Closes the gate for everybody until then; never opens it earlier than another answer said.
    pub(super) fn close_until(&self, until: UtcMillis) {
        self.host.opens.fetch_max(until.as_millis(), Ordering::Relaxed);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
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

    fn hosts(concurrency: usize, most: usize) -> (Hosts, Arc<Hand>) {
        let clock = Arc::new(Hand(AtomicI64::new(1_000)));
        (Hosts::new(concurrency, most, Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    fn at(millis: i64) -> UtcMillis {
        UtcMillis::from_millis(millis)
    }

    #[tokio::test]
    async fn a_gate_is_closed_for_everybody_until_its_time() {
        let (hosts, clock) = hosts(4, 10);
        let turn = hosts.enter(&target("a.example")).await.unwrap();
        turn.close_until(at(5_000));
        turn.close_until(at(3_000));
        let closed = hosts.enter(&target("a.example")).await.err().unwrap();
        assert_eq!(closed, Closed { host: "a.example:443".into(), until: at(5_000) });
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
        let third = futures_now(&mut third).await.unwrap().unwrap();
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
            hosts.enter(&target(host)).await.unwrap().close_until(at(until));
        }
        for n in 0..100 {
            drop(hosts.enter(&target(&format!("n{n}.example"))).await.unwrap());
            assert!(hosts.known.lock().unwrap().len() <= 3);
        }
        assert!(hosts.enter(&target("late.example")).await.is_err(), "the longest gate is remembered");
        drop(busy);
    }
}
