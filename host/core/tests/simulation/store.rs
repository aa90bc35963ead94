//! A store in memory that does in a few lines what the ports ask of a real one, and refuses what no store may do.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_core::budget::{Balance, Reservation};
use tidegate_core::claim::{Claim, Generation};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::item::{Counts, Intake, Known, Page, Taken};
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Finish, Settlement};
use tidegate_core::source::{NextRun, PausedBy, Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use crate::fixtures::secs;

/// A run's row.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) source: SourceId,
    pub(crate) trigger: Trigger,
    pub(crate) stage: Stage,
    pub(crate) attempt: u32,
    reservations: Vec<Reservation>,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Queued(UtcMillis),
    Running,
    Ended,
}

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) sources: BTreeMap<SourceId, Source>,
    pub(crate) runs: BTreeMap<RunId, Run>,
    pub(crate) items: BTreeMap<(SourceId, String), Known>,
    ledger: BTreeMap<String, Balance>,
    generations: BTreeMap<SourceId, i64>,
    bootstrapped: BTreeSet<SourceId>,
}

impl Store {
    /// Creates a source with its one bootstrap run.
    pub(crate) fn create(&mut self, source: Source, run: RunId, now: UtcMillis) {
        assert!(self.bootstrapped.insert(source.id), "a second bootstrap of {}", source.id);
        let row = Run {
            source: source.id,
            trigger: Trigger::Bootstrap,
            stage: Stage::Queued(now),
            attempt: 0,
            reservations: vec![],
            counts: Counts::default(),
        };
        self.runs.insert(run, row);
        self.sources.insert(source.id, source);
    }

    /// The oldest queued run of a source whose time has come.
    pub(crate) fn queued(&self, source: SourceId, now: UtcMillis) -> Option<(RunId, Trigger)> {
        let due = |run: &Run| run.source == source && matches!(run.stage, Stage::Queued(at) if at <= now);
        self.runs.iter().find(|(_, run)| due(run)).map(|(id, run)| (*id, run.trigger))
    }

    /// Claims a source for a run, with all its reservations or not at all.
    pub(crate) fn claim(
        &mut self,
        id: SourceId,
        run: RunId,
        trigger: Trigger,
        reservations: Vec<Reservation>,
        now: UtcMillis,
    ) -> Result<Claim, Reservation> {
        let source = self.sources.get_mut(&id).unwrap();
        assert_eq!(source.state, SourceState::Active, "{id} is claimed");
        assert_eq!(source.running, None, "{id} runs already");
        let mut ledger = self.ledger.clone();
        for reservation in &reservations {
            let balance = ledger.entry(key(reservation)).or_default();
            *balance = balance.reserve(reservation.amount, reservation.limit).ok_or_else(|| reservation.clone())?;
            assert!(balance.reserved + balance.spent <= reservation.limit, "{reservation:?}: {balance:?}");
        }
        self.ledger = ledger;
        source.running = Some(run);
        source.next_run = None;
        let row = self.runs.entry(run).or_insert_with(|| {
            assert_ne!(trigger, Trigger::Bootstrap, "a bootstrap run is queued once, never made by a claim");
            let counts = Counts::default();
            Run { source: id, trigger, stage: Stage::Running, attempt: 0, reservations: vec![], counts }
        });
        row.stage = Stage::Running;
        row.attempt += 1;
        row.reservations = reservations;
        let generation = self.generations.entry(id).or_default();
        *generation += 1;
        Ok(Claim {
            run,
            source: source.clone(),
            generation: Generation(*generation),
            trigger,
            attempt: row.attempt,
            items_before: row.counts.new,
            reserved: MicroUsd::ZERO,
            resume: None,
            lease_until: now.plus(secs(20)),
        })
    }

    /// Writes a page, the end, or both. `None`: the run is somebody else's now.
    pub(crate) fn commit(
        &mut self,
        claim: &Claim,
        cap: u32,
        page: Option<&Page>,
        finish: Option<&Finish>,
        now: UtcMillis,
    ) -> Option<(Counts, Option<Settlement>)> {
        let row = self.runs.get_mut(&claim.run).unwrap();
        if self.generations[&row.source] != claim.generation.0 || row.stage != Stage::Running {
            return None;
        }
        let source = self.sources.get_mut(&row.source).unwrap();
        if let Some(page) = page {
            let room = cap.saturating_sub(row.counts.new);
            let mut intake = Intake::new(room, source.horizon, page.rejected, page.fillers);
            for item in &page.items {
                let key = (source.id, item.external_id.clone());
                let taken = intake.take(item, self.items.get(&key));
                if matches!(taken, Taken::Insert | Taken::Update | Taken::UpdateMetrics) {
                    self.items.insert(key, Known { fingerprint: item.fingerprint, metrics: item.metrics.clone() });
                }
            }
            row.counts = row.counts.plus(intake.counts());
            assert!(row.counts.new <= cap, "{} new items, at most {cap} may be", row.counts.new);
        }
        let Some(finish) = finish else { return Some((row.counts, None)) };
        let settlement = finish.settle(source, &row.counts, now);
        *source = settlement.source.clone();
        row.stage = Stage::Ended;
        settle(&mut self.ledger, &mut row.reservations, 1);
        Some((row.counts, Some(settlement)))
    }

    /// Gives a claim up: the run is queued again.
    pub(crate) fn requeue(&mut self, run: RunId, attempted: bool, at: UtcMillis) {
        let row = self.runs.get_mut(&run).unwrap();
        assert_eq!(row.stage, Stage::Running, "only a live run is queued again");
        row.stage = Stage::Queued(at);
        settle(&mut self.ledger, &mut row.reservations, u64::from(attempted));
        if !attempted {
            row.attempt -= 1;
        }
        *self.generations.get_mut(&row.source).unwrap() += 1;
        self.sources.get_mut(&row.source).unwrap().running = None;
    }

    /// What an operator does.
    pub(crate) fn pause(&mut self, id: SourceId, now: UtcMillis) {
        let source = self.sources.get_mut(&id).unwrap();
        if source.state == SourceState::Active {
            source.state = SourceState::Paused { since: now, by: PausedBy::Operator, reason: "asked".to_owned() };
            source.next_run = None;
        }
    }

    /// What an operator does: active, failures forgotten, due now.
    pub(crate) fn resume(&mut self, id: SourceId, now: UtcMillis) {
        let source = self.sources.get_mut(&id).unwrap();
        if source.state != SourceState::Active {
            source.state = SourceState::Active;
            source.failure_count = 0;
            source.next_run = Some(NextRun { at: now, trigger: Trigger::Schedule });
        }
    }

    /// What holds between any two transactions.
    pub(crate) fn check(&self) {
        let (mut live, mut first, mut queued) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut promised = 0;
        for run in self.runs.values() {
            if run.trigger == Trigger::Bootstrap {
                *first.entry(run.source).or_insert(0) += 1;
            }
            match run.stage {
                Stage::Queued(_) => drop(queued.insert(run.source)),
                Stage::Running => {
                    *live.entry(run.source).or_insert(0) += 1;
                    promised += run.reservations.iter().map(|reservation| reservation.amount).sum::<u64>();
                }
                Stage::Ended => {}
            }
        }
        for source in self.sources.values() {
            let live = live.get(&source.id).copied().unwrap_or(0);
            assert_eq!(live, u32::from(source.running.is_some()), "live runs of {}", source.id);
            assert_eq!(first.get(&source.id), Some(&1), "bootstrap runs of {}", source.id);
            let active = source.state == SourceState::Active;
            assert!(active || source.next_run.is_none(), "{source:?}");
            let waits = live > 0 || queued.contains(&source.id) || source.next_run.is_some();
            assert!(waits || !active, "nothing will ever run {source:?}");
        }
        assert_eq!(
            self.ledger.values().map(|balance| balance.reserved).sum::<u64>(),
            promised,
            "promised to live runs"
        );
    }
}

fn key(reservation: &Reservation) -> String {
    format!("{} {}", reservation.window.scope.key(), reservation.window.start)
}

fn settle(ledger: &mut BTreeMap<String, Balance>, reservations: &mut Vec<Reservation>, used: u64) {
    for reservation in reservations.drain(..) {
        let balance = ledger.get_mut(&key(&reservation)).unwrap();
        *balance = balance.settle(reservation.amount, used);
    }
}
