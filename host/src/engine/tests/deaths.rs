//! Daemons that die, and how soon others notice.

use super::*;
use crate::store::conformance::world::{claim, source};
use crate::store::memory::{Keep, Memory};

/// Noon, and as long as tokio's time has run.
struct Running(tokio::time::Instant);

impl Clock for Running {
    fn now(&self) -> UtcMillis {
        at(0).plus(self.0.elapsed())
    }
}

/// A run is claimed, and its daemon dies at once. Another one, which has nothing else to do, takes it up within half a minute,
/// whenever it looked last.
#[tokio::test(start_paused = true)]
async fn what_died_is_taken_up_within_half_a_minute() {
    const PROMISED: Duration = Duration::from_secs(30);
    for begun in (0..=40).map(|half| Duration::from_millis(half * 500)) {
        let memory = Memory::new(Keep { ended_runs: 10, items_of_source: 10 });
        let store = Arc::new(memory.open());
        let clock = Arc::new(Running(tokio::time::Instant::now()));
        let told = Arc::<Told>::default();
        let ports = Ports {
            store: Arc::clone(&store) as Arc<dyn Store>,
            plugins: Arc::new(Nothing),
            egress: Arc::new(Nothing),
            actors: Arc::<Platform>::default(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            dice: Arc::new(Count(AtomicU64::new(1))),
            observer: Arc::clone(&told) as Arc<dyn Observer>,
        };
        let engine = Engine::new(ports, settings(DaemonId::from_bits(99)));
        let source = source(&*store, "one").await;
        claim(&*store, source.id, clock.now()).await;
        tokio::time::sleep(begun).await;
        let life = engine.serve(std::future::pending(), std::future::pending());
        let over = tokio::time::timeout(PROMISED.saturating_sub(begun), life).await;
        assert!(over.is_err(), "nobody stopped it");
        let recovered = |event: &Event| matches!(event, Event::Recovered { requeued: true, .. });
        let count = told.0.lock().unwrap().iter().filter(|event| recovered(event)).count();
        assert_eq!(count, 1, "the other one began {begun:?} after the death");
    }
}
