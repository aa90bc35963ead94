//! The account and its runs: everything that changes.
//!
//! Owns: runs, their index, memory and money of the account, tokens, rules, the log and what is to be delivered. Must not
//! know: sockets, or how answers look. Locked for moments only; never across an await.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::books::{Books, Refusal, RunBook};
use crate::clock::Millis;
use crate::ids::Id;
use crate::log::Log;
use crate::money::MicroUsd;
use crate::options::{Account, Load, Options};
use crate::published::Universe;
use crate::runs::{Run, Status};
use crate::script::{Endpoint, Rules, ScriptError};
use crate::webhooks::{Event, Outbox};

/// Everything that changes.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) universe: Universe,
    pub(crate) account: Account,
    /// Tokens; false: revoked.
    pub(crate) tokens: BTreeMap<String, bool>,
    pub(crate) duration: (i64, i64),
    pub(crate) ready: i64,
    pub(crate) cost_lag: i64,
    pub(crate) load: Option<Load>,
    pub(crate) rules: Rules,
    pub(crate) log: Log,
    pub(crate) outbox: Outbox,
    pub(crate) refused: Vec<Refusal>,
    requests: BTreeMap<Endpoint, u64>,
    pub(crate) tokens_in_urls: u64,
    runs: Vec<Run>,
    index: HashMap<Id, u32>,
    due: BinaryHeap<Reverse<(Millis, u32)>>,
    active: u32,
    memory_mb: u32,
    most_in_flight: u32,
    settled: MicroUsd,
    narrate: Option<fn(&RunBook)>,
}

impl World {
    pub(crate) fn new(options: &Options, begun: Millis) -> Result<Self, ScriptError> {
        let ms = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let mut rules = Rules::default();
        rules.add(&options.script)?;
        Ok(Self {
            // Ids of runs differ from one real start to the next, content does not.
            seed: options.seed ^ begun.0.unsigned_abs().rotate_left(17),
            universe: Universe::new(options.seed, begun, options.rhythm),
            account: options.account.clone(),
            tokens: options.tokens.iter().map(|token| (token.clone(), true)).collect(),
            duration: (ms(options.duration.0), ms(options.duration.1)),
            ready: ms(options.ready),
            cost_lag: ms(options.cost_lag),
            load: options.load,
            rules,
            log: Log::default(),
            outbox: Outbox::default(),
            refused: Vec::new(),
            requests: BTreeMap::new(),
            tokens_in_urls: 0,
            runs: Vec::new(),
            index: HashMap::new(),
            due: BinaryHeap::new(),
            active: 0,
            memory_mb: 0,
            most_in_flight: 0,
            settled: MicroUsd::ZERO,
            narrate: options.narrate,
        })
    }

    /// All runs, by their starts.
    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// By the id of the run, its dataset or its store.
    pub(crate) fn find(&self, id: &str) -> Option<&Run> {
        let number = self.index.get(&Id::parse(id)?)?;
        self.runs.get(usize::try_from(*number).ok()?)
    }

    /// The number the next run will have.
    pub(crate) fn next_number(&self) -> u32 {
        u32::try_from(self.runs.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn active(&self) -> u32 {
        self.active
    }

    pub(crate) fn memory_mb(&self) -> u32 {
        self.memory_mb
    }

    pub(crate) fn count(&mut self, endpoint: Endpoint) {
        *self.requests.entry(endpoint).or_default() += 1;
    }

    /// How often an endpoint was asked.
    pub(crate) fn requests_of(&self, name: &str) -> u64 {
        self.requests.iter().find(|(endpoint, _)| endpoint.name() == name).map_or(0, |(_, count)| *count)
    }

    /// Takes a run in.
    pub(crate) fn add(&mut self, run: Run, now: Millis) {
        let number = self.next_number();
        for id in [run.id, run.dataset, run.store] {
            self.index.insert(id, number);
        }
        self.enlist(&run, number);
        self.outbox.announce(&run, Event::Created, now);
        self.runs.push(run);
    }

    fn enlist(&mut self, run: &Run, number: u32) {
        self.active = self.active.saturating_add(1);
        self.memory_mb = self.memory_mb.saturating_add(run.options.memory_mb);
        self.most_in_flight = self.most_in_flight.max(self.active);
        self.due.push(Reverse((run.life.ends, number)));
    }

    /// Changes a run: aborted or resurrected. The closure tells whether it did.
    pub(crate) fn change(&mut self, id: &str, now: Millis, change: impl FnOnce(&mut Run) -> bool) {
        let Some(number) = Id::parse(id).and_then(|id| self.index.get(&id).copied()) else { return };
        let Some(run) = usize::try_from(number).ok().and_then(|at| self.runs.get_mut(at)) else { return };
        let was_settled = run.settled;
        let cost = run.cost(now);
        if !change(run) {
            return;
        }
        if was_settled && !run.settled {
            self.settled = self.settled.less(cost);
            self.active = self.active.saturating_add(1);
            self.memory_mb = self.memory_mb.saturating_add(run.options.memory_mb);
            self.outbox.announce(run, Event::Resurrected, now);
        }
        self.due.push(Reverse((run.life.ends, number)));
    }

    /// Books the runs that have ended by now.
    pub(crate) fn settle(&mut self, now: Millis) {
        while let Some(Reverse((at, number))) = self.due.peek().copied() {
            if at > now {
                break;
            }
            self.due.pop();
            let Some(run) = usize::try_from(number).ok().and_then(|at| self.runs.get_mut(at)) else { continue };
            // Another end was planned since: that one has an entry of its own.
            if run.life.ends != at {
                continue;
            }
            if run.settled {
                // The second appointment of a run that comes back by itself.
                continue;
            }
            run.settled = true;
            self.active = self.active.saturating_sub(1);
            self.memory_mb = self.memory_mb.saturating_sub(run.options.memory_mb);
            self.settled = self.settled.plus(run.cost(now));
            self.outbox.announce(run, Event::of(run.life.end), at);
            if let Some(after) = run.twisted(|twist| twist.resurrects_after_ms).filter(|_| run.resurrected == 0) {
                self.outbox.come_back(run.id, at.after(after));
            }
            if let Some(narrate) = self.narrate {
                narrate(&book(run, now));
            }
        }
    }

    /// When something happens next by itself.
    pub(crate) fn next_due(&self) -> Option<Millis> {
        let ends = self.due.peek().map(|Reverse((at, _))| *at);
        [ends, self.outbox.next_due()].into_iter().flatten().min()
    }

    /// Money spent this month, the runs in flight included.
    pub(crate) fn spent(&self, now: Millis) -> MicroUsd {
        let running: MicroUsd = if self.active == 0 {
            MicroUsd::ZERO
        } else {
            self.runs.iter().filter(|run| !run.settled).map(|run| run.cost(now)).sum()
        };
        self.account.spent_micro_usd.plus(self.settled).plus(running)
    }

    pub(crate) fn books(&self, now: Millis) -> Books {
        let runs: Vec<RunBook> = self.runs.iter().map(|run| book(run, now)).collect();
        let mut starts_by_user_agent = BTreeMap::new();
        for run in &runs {
            *starts_by_user_agent.entry(run.user_agent.clone()).or_default() += 1;
        }
        Books {
            now,
            items_charged: runs.iter().map(|run| u64::from(run.items_charged)).sum(),
            charged: runs.iter().map(|run| run.charged).sum(),
            refused: self.refused.clone(),
            requests: self.requests.iter().map(|(endpoint, count)| (endpoint.name().to_owned(), *count)).collect(),
            starts_by_user_agent,
            tokens_in_urls: self.tokens_in_urls,
            most_in_flight: self.most_in_flight,
            runs,
        }
    }
}

fn book(run: &Run, now: Millis) -> RunBook {
    let status = run.status(now);
    let items = run.rows(now);
    let hash = Sha256::digest(&run.input).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").ok();
        text
    });
    RunBook {
        id: run.id.as_str().to_owned(),
        actor: run.actor.full_name(),
        user_agent: run.user_agent.to_string(),
        input_sha256: hash,
        handle: run.subject.to_string(),
        status,
        started: run.started,
        finished: Status::is_terminal(status).then_some(run.life.ends),
        items,
        items_charged: run.charged_items(items),
        events: run
            .event_counts(items)
            .map(|counts| counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect())
            .unwrap_or_default(),
        charged: run.cost(now),
        cap: run.options.cap,
    }
}
