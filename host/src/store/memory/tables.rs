//! What the memory store holds, and its indexes.
//!
//! Owns: the maps, and the one way ([`Tables::change`]) in which a run changes, so that no index is ever forgotten. Must not
//! know: what a change means. Every map that is walked is ordered: the same calls give the same answers, byte for byte.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use tidegate_core::actor::gate::Gate;
use tidegate_core::actor::{RemoteId, RemoteStatus};
use tidegate_core::budget::{Balance, Window};
use tidegate_core::claim::Generation;
use tidegate_core::id::{CredentialName, DaemonId, IntentId, ItemId, PageId, ProfileName, RunId, SourceId, Tenant};
use tidegate_core::money::MicroUsd;
use tidegate_core::rate::{HostState, Place, RateScope};
use tidegate_core::run::{Intent, Progress};
use tidegate_core::source::{Source, SourceState};
use tidegate_core::time::UtcMillis;

use super::Keep;
use super::alert::Alerts;
use super::dead::Dead;
use super::follow::Audience;
use super::plugin_use::Versions;
use super::quarantine::Broken;
use crate::ports::{ItemRow, RawPage, RunRow, RunStage};

/// Everything.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) keep: Keep,
    pub(super) sources: BTreeMap<SourceId, Entry>,
    pub(super) identities: HashMap<(Tenant, ProfileName, String), SourceId>,
    /// Sources put off to the same moment go in turn: longest unattended first.
    pub(super) due: BTreeSet<DueKey>,
    /// The same for each tenant.
    pub(super) due_of: BTreeMap<Tenant, BTreeSet<DueKey>>,
    /// The tenant after which shares go on.
    pub(super) shared_to: Option<Tenant>,
    pub(super) runs: BTreeMap<RunId, Run>,
    /// Of running runs.
    pub(super) leases: BTreeSet<(UtcMillis, RunId)>,
    /// Of waiting runs: when they are looked at.
    pub(super) wakes: BTreeSet<(UtcMillis, RunId)>,
    /// Running and waiting runs that somebody pays for.
    pub(super) paid: BTreeMap<CredentialName, BTreeSet<RunId>>,
    /// Ended runs, oldest end first.
    pub(super) ended: VecDeque<RunId>,
    pub(super) intents: BTreeMap<IntentId, Actor>,
    /// When the cost of an ended actor run is looked at.
    pub(super) looks: BTreeSet<(UtcMillis, IntentId)>,
    /// By stored key.
    pub(super) gates: BTreeMap<String, Gate>,
    pub(super) ledger: BTreeMap<Window, Balance>,
    pub(super) skips: BTreeMap<(UtcMillis, Tenant, ProfileName, &'static str), u64>,
    pub(super) pages: BTreeMap<PageId, Kept>,
    /// Raw pages by the end of their time.
    pub(super) pages_until: BTreeSet<(UtcMillis, PageId)>,
    /// Raw pages of a run in their order: attempt, number, id.
    pub(super) pages_of: BTreeSet<(RunId, u32, u32, PageId)>,
    /// Which intent each of the platform's runs stands for.
    pub(super) remotes: BTreeMap<(CredentialName, RemoteId), IntentId>,
    pub(super) dead: Dead,
    pub(super) audience: Audience,
    pub(super) alerts: Alerts,
    pub(super) rates: BTreeMap<RateScope, Place>,
    pub(super) hosts: BTreeMap<String, HostState>,
    pub(super) broken: Broken,
    pub(super) versions: Versions,
    /// When a daemon was last alive.
    pub(super) alive_at: Option<UtcMillis>,
}

/// A raw page with what only the store knows of it.
pub(super) struct Kept {
    pub(super) raw: RawPage,
    pub(super) source: SourceId,
    pub(super) run: RunId,
    pub(super) attempt: u32,
}

/// When a source is due, how long it has been unattended, and which it is.
pub(super) type DueKey = (UtcMillis, Option<UtcMillis>, SourceId);

/// A source with what only the store knows of it.
pub(super) struct Entry {
    pub(super) source: Source,
    pub(super) generation: i64,
    /// Its place in the index of what is due.
    due: Option<DueKey>,
    pub(super) parked: bool,
    pub(super) skipped: Option<(UtcMillis, String)>,
    /// Its first run, ever.
    pub(super) bootstrap: Option<RunId>,
    /// Runs queued for it, oldest first, with the time from which they may start.
    pub(super) queued: BTreeMap<(UtcMillis, RunId), UtcMillis>,
    pub(super) runs: BTreeSet<RunId>,
    pub(super) items: HashMap<String, ItemRow>,
    /// The same by time, as lists show them.
    pub(super) item_order: BTreeMap<(UtcMillis, ItemId), String>,
    /// Active followers, as counted since [`Audience::since`].
    pub(super) counted: u32,
    /// Since when it has had an active follower without a break, by what stands with it.
    pub(super) awake_since: Option<UtcMillis>,
}

impl Entry {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            generation: 0,
            due: None,
            parked: false,
            skipped: None,
            bootstrap: None,
            queued: BTreeMap::new(),
            runs: BTreeSet::new(),
            items: HashMap::new(),
            item_order: BTreeMap::new(),
            counted: 0,
            awake_since: None,
        }
    }

    /// From when the admit pass is to look at it: while it may run and does not.
    fn due_at(&self) -> Option<UtcMillis> {
        if self.source.state != SourceState::Active || self.source.running.is_some() {
            return None;
        }
        let queued = self.queued.values().min().copied();
        [self.source.next_run.map(|next| next.at), queued].into_iter().flatten().min()
    }

    /// Whether the admit pass looks at it at all.
    pub(super) const fn is_candidate(&self) -> bool {
        self.due.is_some()
    }
}

/// A run with what only the store knows of it.
pub(super) struct Run {
    pub(super) row: RunRow,
    pub(super) generation: Option<Generation>,
    pub(super) daemon: Option<DaemonId>,
    pub(super) lease_until: Option<UtcMillis>,
    pub(super) not_before: Option<UtcMillis>,
    pub(super) wake_at: Option<UtcMillis>,
    pub(super) credential: Option<CredentialName>,
    /// What it has reserved and not settled.
    pub(super) reserved: BTreeMap<Window, u64>,
    /// What it has ordered, in order.
    pub(super) intents: Vec<IntentId>,
}

/// Where an actor run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ActorStage {
    Intended,
    Started,
    /// The run does not need it any more, its cost may change.
    Ended,
    /// Its cost is final ...
    Settled,
    /// ... and stands in the ledger.
    Booked,
    /// It was refused: there is none.
    Void,
}

impl ActorStage {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Started => "started",
            Self::Ended => "ended",
            Self::Settled => "settled",
            Self::Booked => "booked",
            Self::Void => "void",
        }
    }

    /// Whether its run is not done with it.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Intended | Self::Started)
    }
}

/// A wish for one actor run, and what became of it.
pub(super) struct Actor {
    pub(super) run: RunId,
    pub(super) source: SourceId,
    pub(super) stage: ActorStage,
    pub(super) intent: Intent,
    pub(super) progress: Progress,
    pub(super) remote: Option<RemoteId>,
    pub(super) status: Option<RemoteStatus>,
    pub(super) cost: Option<MicroUsd>,
    pub(super) elements: u32,
    pub(super) ended_at: Option<UtcMillis>,
    pub(super) look_at: Option<UtcMillis>,
}

impl Tables {
    /// Changes a run and whatever points at it.
    pub(super) fn change<T>(&mut self, id: RunId, change: impl FnOnce(&mut Run) -> T) -> Option<T> {
        let run = self.runs.get_mut(&id)?;
        unindex(run, self.sources.get_mut(&run.row.source), &mut self.leases, &mut self.wakes, &mut self.paid);
        let before = run.row.stage;
        let changed = change(run);
        index(run, self.sources.get_mut(&run.row.source), &mut self.leases, &mut self.wakes, &mut self.paid);
        if run.row.stage == RunStage::Ended && before != RunStage::Ended {
            self.ended.push_back(id);
        }
        Some(changed)
    }

    pub(super) fn insert_run(&mut self, run: Run) {
        let (id, source) = (run.row.id, run.row.source);
        index(&run, self.sources.get_mut(&source), &mut self.leases, &mut self.wakes, &mut self.paid);
        if let Some(entry) = self.sources.get_mut(&source) {
            entry.runs.insert(id);
        }
        self.runs.insert(id, run);
    }

    /// Forgets a run with all that belongs to it.
    pub(super) fn remove_run(&mut self, id: RunId) {
        let Some(run) = self.runs.remove(&id) else { return };
        let entry = self.sources.get_mut(&run.row.source);
        unindex(&run, entry, &mut self.leases, &mut self.wakes, &mut self.paid);
        if let Some(entry) = self.sources.get_mut(&run.row.source) {
            entry.runs.remove(&id);
        }
        for intent in run.intents {
            let Some(actor) = self.intents.remove(&intent) else { continue };
            if let Some(at) = actor.look_at {
                self.looks.remove(&(at, intent));
            }
            if let Some(remote) = actor.remote {
                self.remotes.remove(&(actor.intent.order.credential, remote));
            }
        }
    }

    /// Forgets the oldest ended runs beyond what is kept, but none whose cost is open.
    pub(super) fn forget_runs(&mut self) {
        for _ in 0..2 {
            if self.ended.len() <= self.keep.ended_runs {
                return;
            }
            let Some(id) = self.ended.pop_front() else { return };
            match self.runs.get(&id) {
                Some(run) if !run.reserved.is_empty() => self.ended.push_back(id),
                Some(_) => self.remove_run(id),
                None => {}
            }
        }
    }

    /// Puts a source where it is due by itself.
    pub(super) fn refresh_due(&mut self, id: SourceId) {
        let at = self.sources.get(&id).and_then(Entry::due_at);
        self.put_due(id, at);
    }

    /// Puts a source where it is told to be.
    pub(super) fn put_due(&mut self, id: SourceId, at: Option<UtcMillis>) {
        let Some(entry) = self.sources.get_mut(&id) else { return };
        if let Some(key) = entry.due.take() {
            self.due.remove(&key);
            self.due_of.get_mut(&entry.source.tenant).map(|due| due.remove(&key));
        }
        if let Some(at) = at {
            let key = (at, entry.source.last_fetched_at, id);
            entry.due = Some(key);
            self.due.insert(key);
            self.due_of.entry(entry.source.tenant.clone()).or_default().insert(key);
        }
    }

    /// Looks at every source again that was parked or put off: a budget may have been raised, a plugin added.
    pub(super) fn unpark(&mut self) {
        let put_off: Vec<SourceId> = self
            .sources
            .iter()
            .filter(|(_, entry)| entry.parked || entry.skipped.is_some())
            .map(|(id, _)| *id)
            .collect();
        for id in put_off {
            if let Some(entry) = self.sources.get_mut(&id) {
                entry.parked = false;
            }
            self.refresh_due(id);
        }
    }

    /// Takes a source out, with its place in the index of what is due.
    pub(super) fn take_source(&mut self, id: SourceId) -> Option<Entry> {
        self.put_due(id, None);
        let entry = self.sources.remove(&id)?;
        let source = &entry.source;
        self.identities.remove(&(source.tenant.clone(), source.profile.clone(), source.identifier.clone()));
        Some(entry)
    }

    /// The run, if it is the caller's.
    pub(super) fn ours(&self, run: RunId, generation: Generation) -> Option<&Run> {
        self.runs.get(&run).filter(|run| run.row.stage == RunStage::Running && run.generation == Some(generation))
    }
}

fn index(
    run: &Run,
    entry: Option<&mut Entry>,
    leases: &mut BTreeSet<(UtcMillis, RunId)>,
    wakes: &mut BTreeSet<(UtcMillis, RunId)>,
    paid: &mut BTreeMap<CredentialName, BTreeSet<RunId>>,
) {
    let id = run.row.id;
    if let (RunStage::Running, Some(at)) = (run.row.stage, run.lease_until) {
        leases.insert((at, id));
    }
    if let (RunStage::Waiting, Some(at)) = (run.row.stage, run.wake_at) {
        wakes.insert((at, id));
    }
    let live = matches!(run.row.stage, RunStage::Running | RunStage::Waiting);
    if let (true, Some(credential)) = (live, &run.credential) {
        paid.entry(credential.clone()).or_default().insert(id);
    }
    let Some(entry) = entry else { return };
    if live {
        entry.source.running = Some(id);
    }
    if let (RunStage::Queued, Some(at)) = (run.row.stage, run.not_before) {
        entry.queued.insert((run.row.created_at, id), at);
    }
}

fn unindex(
    run: &Run,
    entry: Option<&mut Entry>,
    leases: &mut BTreeSet<(UtcMillis, RunId)>,
    wakes: &mut BTreeSet<(UtcMillis, RunId)>,
    paid: &mut BTreeMap<CredentialName, BTreeSet<RunId>>,
) {
    let id = run.row.id;
    if let Some(at) = run.lease_until {
        leases.remove(&(at, id));
    }
    if let Some(at) = run.wake_at {
        wakes.remove(&(at, id));
    }
    if let Some(credential) = &run.credential
        && let Some(runs) = paid.get_mut(credential)
    {
        runs.remove(&id);
        if runs.is_empty() {
            paid.remove(credential);
        }
    }
    let Some(entry) = entry else { return };
    if entry.source.running == Some(id) {
        entry.source.running = None;
    }
    entry.queued.remove(&(run.row.created_at, id));
}
