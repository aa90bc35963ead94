//! A store in memory that does in a few lines what the ports ask of a real one, and refuses what no store may do.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_core::budget::{Balance, Reservation};
use tidegate_core::claim::{Claim, Generation};
use tidegate_core::extra::{Extra, NotQueued};
use tidegate_core::id::{IntentId, RunId, SourceId};
use tidegate_core::item::{Counts, Intake, Known, Page, Taken};
use tidegate_core::money::MicroUsd;
use tidegate_core::run::{Finish, Intent, IntentEnd, Park, Progress, Resume, Settlement};
use tidegate_core::source::{NextRun, PausedBy, Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use crate::fixtures::secs;
use crate::money::Money;

/// A run's row.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) source: SourceId,
    pub(crate) trigger: Trigger,
    pub(crate) stage: Stage,
    pub(crate) attempt: u32,
    reserved: MicroUsd,
    reservations: Vec<Reservation>,
    counts: Counts,
    /// What it goes on from: its intent that is not done with.
    pub(crate) resume: Option<Resume>,
    /// Its intents that are done with, as far as they belong to this reservation.
    done: Vec<IntentId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Queued(UtcMillis),
    Running,
    /// Waits for an actor run until then.
    Parked(UtcMillis),
    Ended,
}

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) sources: BTreeMap<SourceId, Source>,
    pub(crate) runs: BTreeMap<RunId, Run>,
    pub(crate) items: BTreeMap<(SourceId, String), Known>,
    pub(crate) money: Money,
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
            reserved: MicroUsd::ZERO,
            reservations: vec![],
            counts: Counts::default(),
            resume: None,
            done: vec![],
        };
        self.runs.insert(run, row);
        self.sources.insert(source.id, source);
    }

    /// Queues an extra run, if the rules let it be queued.
    pub(crate) fn queue(&mut self, id: SourceId, extra: Extra, run: RunId, now: UtcMillis) -> Result<(), NotQueued> {
        let open = self.runs.iter().filter(|(_, run)| run.source == id && run.stage != Stage::Ended);
        let pending: Vec<(RunId, Trigger)> = open.map(|(id, run)| (*id, run.trigger)).collect();
        extra.decide(&self.sources[&id], &pending, now)?;
        let row = Run {
            source: id,
            trigger: extra.trigger(),
            stage: Stage::Queued(now),
            attempt: 0,
            reserved: MicroUsd::ZERO,
            reservations: vec![],
            counts: Counts::default(),
            resume: None,
            done: vec![],
        };
        assert!(self.runs.insert(run, row).is_none(), "{run} is there already");
        Ok(())
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
        reserved: MicroUsd,
        reservations: Vec<Reservation>,
        now: UtcMillis,
    ) -> Result<Claim, (Reservation, Balance)> {
        let source = self.sources.get_mut(&id).unwrap();
        assert_eq!(source.state, SourceState::Active, "{id} is claimed");
        assert_eq!(source.running, None, "{id} runs already");
        self.money.reserve(&reservations)?;
        source.running = Some(run);
        source.next_run = None;
        let row = self.runs.entry(run).or_insert_with(|| {
            assert_ne!(trigger, Trigger::Bootstrap, "a bootstrap run is queued once, never made by a claim");
            Run {
                source: id,
                trigger,
                stage: Stage::Running,
                attempt: 0,
                reserved,
                reservations: vec![],
                counts: Counts::default(),
                resume: None,
                done: vec![],
            }
        });
        assert!(row.resume.is_none(), "{run} has an intent, and is not queued");
        row.reserved = reserved;
        row.reservations = reservations;
        Ok(self.take(run, now))
    }

    /// Claims a run that was put away. Whether its source may run is not asked: what is paid for is looked at.
    pub(crate) fn claim_again(&mut self, run: RunId, now: UtcMillis) -> Claim {
        let row = &self.runs[&run];
        assert!(matches!(row.stage, Stage::Parked(_)) && row.resume.is_some(), "{row:?}");
        self.take(run, now)
    }

    fn take(&mut self, run: RunId, now: UtcMillis) -> Claim {
        let row = self.runs.get_mut(&run).unwrap();
        row.stage = Stage::Running;
        row.attempt += 1;
        let generation = self.generations.entry(row.source).or_default();
        *generation += 1;
        Claim {
            run,
            source: self.sources[&row.source].clone(),
            generation: Generation(*generation),
            trigger: row.trigger,
            attempt: row.attempt,
            items_before: row.counts.new,
            reserved: row.reserved,
            resume: row.resume.clone().map(Box::new),
            lease_until: now.plus(secs(20)),
        }
    }

    fn is_live(&self, claim: &Claim) -> bool {
        let row = &self.runs[&claim.run];
        self.generations[&row.source] == claim.generation.0 && row.stage == Stage::Running
    }

    /// Keeps an intent before its order goes out.
    pub(crate) fn intend(&mut self, claim: &Claim, intent: Intent, progress: Progress) {
        assert!(self.is_live(claim));
        self.money.intend(&intent.order);
        let row = self.runs.get_mut(&claim.run).unwrap();
        assert!(row.resume.as_ref().is_none_or(|resume| resume.intent.order == intent.order), "two intents of {row:?}");
        row.resume = Some(Resume { intent, progress });
    }

    /// The order was refused.
    pub(crate) fn void(&mut self, claim: &Claim) {
        assert!(self.is_live(claim));
        let resume = self.runs.get_mut(&claim.run).unwrap().resume.take();
        self.money.void(resume.unwrap().intent.order.intent);
    }

    /// Puts a run away. No attempt of it has failed.
    pub(crate) fn park(&mut self, claim: &Claim, park: Park) {
        assert!(self.is_live(claim));
        let row = self.runs.get_mut(&claim.run).unwrap();
        let Park { intent, progress, wake_at } = park;
        assert!(row.resume.as_ref().is_some_and(|resume| resume.intent.order == intent.order), "{row:?}");
        row.resume = Some(Resume { intent, progress });
        row.stage = Stage::Parked(wake_at);
        row.attempt -= 1;
    }

    /// The runs that are put away, and until when.
    pub(crate) fn parked(&self) -> Vec<(RunId, UtcMillis, IntentId)> {
        let waits = |(id, run): (&RunId, &Run)| match (run.stage, &run.resume) {
            (Stage::Parked(until), Some(resume)) => Some((*id, until, resume.intent.order.intent)),
            _ => None,
        };
        self.runs.iter().filter_map(waits).collect()
    }

    /// Writes a page, the end of an actor run, the end, or several. `None`: the run is somebody else's now.
    pub(crate) fn commit(
        &mut self,
        claim: &Claim,
        cap: u32,
        page: Option<&Page>,
        ended: Option<&IntentEnd>,
        finish: Option<&Finish>,
        now: UtcMillis,
    ) -> Option<(Counts, Option<Settlement>)> {
        if !self.is_live(claim) {
            return None;
        }
        let row = self.runs.get_mut(&claim.run).unwrap();
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
        if let Some(ended) = ended {
            let resume = row.resume.take().expect("an intent is done with once");
            assert_eq!(resume.intent.order.intent, ended.intent);
            row.done.push(ended.intent);
        }
        let Some(finish) = finish else { return Some((row.counts, None)) };
        let settlement = finish.settle(source, &row.counts, now);
        *source = settlement.source.clone();
        row.stage = Stage::Ended;
        // The end of a run that leaves its intent says that nothing was started for it.
        if let Some(resume) = row.resume.take() {
            self.money.void(resume.intent.order.intent);
        }
        self.money.end(core::mem::take(&mut row.reservations), core::mem::take(&mut row.done), 1);
        Some((row.counts, Some(settlement)))
    }

    /// Whether what a run has brought so far was paid for, and nothing is open: to begin again would pay for it twice.
    pub(crate) fn has_paid(&self, run: RunId) -> bool {
        let row = &self.runs[&run];
        row.resume.is_none() && !row.done.is_empty()
    }

    /// Gives a claim up: the run is queued again, or waits if it has an intent.
    pub(crate) fn requeue(&mut self, run: RunId, attempted: bool, at: UtcMillis) {
        assert!(!self.has_paid(run), "{run} has paid for something, and is queued again");
        let row = self.runs.get_mut(&run).unwrap();
        assert_eq!(row.stage, Stage::Running, "only a live run is queued again");
        if !attempted {
            row.attempt -= 1;
        }
        *self.generations.get_mut(&row.source).unwrap() += 1;
        if row.resume.is_some() {
            row.stage = Stage::Parked(at);
            return;
        }
        row.stage = Stage::Queued(at);
        let reservations = core::mem::take(&mut row.reservations);
        self.money.end(reservations, vec![], u64::from(attempted));
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

    /// What an owner does.
    pub(crate) fn switch_off(&mut self, id: SourceId) {
        let source = self.sources.get_mut(&id).unwrap();
        if source.state == SourceState::Active {
            source.state = SourceState::Inactive;
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
        let mut extra = BTreeSet::new();
        for run in self.runs.values().filter(|run| run.stage != Stage::Ended) {
            let is_extra = matches!(run.trigger, Trigger::OneOff | Trigger::Demand);
            assert!(!is_extra || extra.insert((run.source, run.trigger)), "two {} runs of {}", run.trigger, run.source);
        }
        let (mut live, mut first, mut queued) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut promised = 0;
        for run in self.runs.values() {
            if run.trigger == Trigger::Bootstrap {
                *first.entry(run.source).or_insert(0) += 1;
            }
            match run.stage {
                Stage::Queued(_) => drop(queued.insert(run.source)),
                Stage::Running | Stage::Parked(_) => {
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
        self.money.check(promised);
    }
}
