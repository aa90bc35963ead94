//! The admit pass: which sources run now. The only place from which a run starts.
//!
//! Owns: the order candidates -> eligibility -> budget -> claim -> work, and the record of every "no". Must not know: the
//! rules (it asks `tidegate_core`). Called in every tick, and as often as a run ends while sources wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_core::actor::gate::{Gate, GateKey};
use tidegate_core::budget::{self, Balance, Reservation};
use tidegate_core::claim::{ClaimRequest, NotClaimed};
use tidegate_core::eligibility::{self, Circumstances, ClosedHost, Presence, Skip, SkipReason};
use tidegate_core::id::CredentialName;
use tidegate_core::limits;
use tidegate_core::profile::Profile;
use tidegate_core::quarantine::Quarantine;
use tidegate_core::rate::host_of;
use tidegate_core::source::{Source, Trigger};
use tidegate_core::time::UtcMillis;

use super::{Engine, Ports, Settings};
use crate::ports::{Candidate, Event, HostRow, Plugin, SkipRecord, Store, StoreError};

/// What a pass has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Admitted {
    /// Runs that were started.
    pub(super) started: usize,
    /// Sources that were skipped.
    pub(super) skipped: usize,
    /// A budget had no room: what waits behind it is skipped, not run.
    full: bool,
}

/// What stands around the sources of one pass: closed gates, and accounts with what they have under way.
#[derive(Default)]
pub(super) struct Around {
    gates: Vec<Gate>,
    hosts: BTreeMap<String, HostRow>,
    quarantines: Vec<Quarantine>,
    under_way: BTreeMap<CredentialName, u32>,
}

impl Around {
    /// As it stands at this moment.
    pub(super) async fn look(store: &dyn Store, now: UtcMillis) -> Result<Self, StoreError> {
        let mut gates = store.gates().await?;
        gates.retain(|gate| gate.until > now);
        let closed = store.closed_hosts(now).await?;
        let hosts = closed.into_iter().map(|row| (row.host.clone(), row)).collect();
        Ok(Self { gates, quarantines: store.quarantines().await?, hosts, under_way: store.under_way().await? })
    }

    /// What the rules need to know beyond a source and its profile. `queued`: the run queued for it whose time has come.
    pub(super) fn circumstances<'a>(
        &'a self,
        (ports, settings): (&Ports, &Settings),
        source: &Source,
        queued: Option<Trigger>,
        now: UtcMillis,
    ) -> Circumstances<'a> {
        let profile = settings.profiles.get(&source.profile);
        let plugin = profile.map(|profile| ports.plugins.of(profile));
        let actor = profile.and_then(|profile| profile.actor.as_ref());
        Circumstances {
            now,
            queued,
            plugin: plugin
                .as_ref()
                .and_then(|found| found.as_ref().err())
                .map_or(Presence::Serves, |absent| (*absent).into()),
            quarantine: plugin.and_then(Result::ok).and_then(|plugin| self.quarantine(&*plugin)),
            gate: profile.and_then(|profile| self.gate(profile)),
            host: if actor.is_none() { self.host(&source.identifier) } else { None },
            account: actor.map(|actor| self.account(&actor.credential, &settings.credentials)),
        }
    }

    /// The quarantine of this version of a plugin.
    fn quarantine(&self, plugin: &dyn Plugin) -> Option<&Quarantine> {
        let of_plugin = self.quarantines.iter().filter(|held| held.plugin == plugin.manifest().name);
        // Almost always there is none, and nobody has to ask for a digest.
        let mut of_plugin = of_plugin.peekable();
        of_plugin.peek()?;
        let digest = plugin.digest();
        of_plugin.find(|held| held.digest == digest)
    }

    /// The host of an identifier, if it is closed.
    fn host(&self, identifier: &str) -> Option<ClosedHost<'_>> {
        // Nearly always nothing is closed, and nothing has to be taken apart.
        if self.hosts.is_empty() {
            return None;
        }
        let row = self.hosts.get(&host_of(identifier)?.1)?;
        Some(ClosedHost { host: &row.host, until: row.closed_until?, asked: row.asked, failures: row.failures })
    }

    /// The gate before a profile's sources, the account's first.
    fn gate(&self, profile: &Profile) -> Option<&Gate> {
        // Nearly always nothing is closed.
        if self.gates.is_empty() {
            return None;
        }
        profile.gates().iter().find_map(|key| self.gates.iter().find(|gate| gate.key == *key))
    }

    /// Runs under way for a credential, and the most it may have. One that is not configured lets its run begin, so that the
    /// run says what is missing.
    fn account(&self, credential: &CredentialName, most: &BTreeMap<CredentialName, u32>) -> (u32, u32) {
        let under_way = self.under_way.get(credential).copied().unwrap_or(0);
        (under_way, most.get(credential).copied().unwrap_or(u32::MAX))
    }

    fn take(&mut self, credential: Option<&CredentialName>) {
        if let Some(credential) = credential {
            *self.under_way.entry(credential.clone()).or_default() += 1;
        }
    }
}

impl Engine {
    /// Goes on with runs whose actor run has ended, then admits as many sources as there is room for, of those that were due at `due_by`.
    pub(super) async fn admit(self: &Arc<Self>, due_by: UtcMillis) -> Result<Admitted, StoreError> {
        let mut all = Admitted { started: self.go_on().await?, ..Admitted::default() };
        for _ in 0..limits::PASS_ROUNDS {
            let room = self.live.room().min(limits::PASS_BATCH);
            if room == 0 {
                break;
            }
            let now = self.ports.clock.now();
            // What is not run takes no room.
            let most = if all.full { limits::PASS_BATCH } else { room };
            let candidates = self.ports.store.candidates(due_by, most).await?;
            if candidates.is_empty() {
                break;
            }
            let mut around = Around::look(self.ports.store.as_ref(), now).await?;
            let admitted = self.admit_batch(candidates, room, &mut around, now).await?;
            all.started += admitted.started;
            all.skipped += admitted.skipped;
            all.full = admitted.full;
            if admitted == Admitted::default() {
                // Every candidate was taken by somebody else meanwhile.
                break;
            }
        }
        Ok(all)
    }

    /// Claims runs that were put away and whose time has come. What is paid for goes before what is not.
    async fn go_on(self: &Arc<Self>) -> Result<usize, StoreError> {
        let mut started = 0;
        let settings = self.settings();
        for _ in 0..limits::PASS_ROUNDS {
            let room = self.live.room().min(limits::PASS_BATCH);
            let now = self.ports.clock.now();
            // Asked of a reader first: a write for nothing would cost a disk's flush.
            if room == 0 || self.ports.store.next_wake().await?.is_none_or(|at| at > now) {
                break;
            }
            let lease_until = now.plus(limits::LEASE);
            let claims = self.ports.store.claim_waiting(settings.daemon, lease_until, now, room).await?;
            if claims.is_empty() {
                break;
            }
            started += claims.len();
            claims.into_iter().for_each(|claim| self.start(claim, &settings));
        }
        Ok(started)
    }

    /// Claims those for which there is room. Of the others only those are skipped whose budget is full for one of the first.
    async fn admit_batch(
        self: &Arc<Self>,
        mut candidates: Vec<Candidate>,
        room: usize,
        around: &mut Around,
        now: UtcMillis,
    ) -> Result<Admitted, StoreError> {
        let behind = candidates.split_off(room.min(candidates.len()));
        let mut full: Vec<(Reservation, Balance)> = Vec::new();
        let mut wanted = Vec::with_capacity(candidates.len());
        let mut skips = Vec::new();
        // One configuration from the decision to the end of the run.
        let settings = self.settings();
        for candidate in candidates {
            match self.decide(&candidate, &settings, around, now) {
                Ok(request) => {
                    around.take(request.credential.as_ref());
                    wanted.push((candidate, request));
                }
                Err(skip) => {
                    let gate = closed(&candidate, &settings, &skip, around);
                    skips.push(SkipRecord { gate, ..self.skip_record(&candidate, &skip) });
                }
            }
        }
        let requests = wanted.iter().map(|(_, request)| request.clone()).collect();
        let claims = self.ports.store.claim(requests, now).await?;
        let mut admitted = Admitted::default();
        for ((candidate, _), claim) in wanted.iter().zip(claims) {
            match claim {
                Ok(claim) => {
                    admitted.started += 1;
                    self.start(claim, &settings);
                }
                Err(NotClaimed::Taken) => {}
                Err(NotClaimed::Rate(refused)) => skips.push(self.skip_record(candidate, &refused.into())),
                Err(NotClaimed::Budget { reservation, balance }) => {
                    let skip = budget::full(&reservation, balance, now);
                    skips.push(self.skip_record(candidate, &skip));
                    if !full.iter().any(|(known, _)| *known == reservation) {
                        full.push((reservation, balance));
                    }
                }
            }
        }
        if !full.is_empty() {
            skips
                .extend(behind.iter().filter_map(|candidate| self.also_full(candidate, &settings, &full, around, now)));
        }
        admitted.full = !full.is_empty();
        admitted.skipped = skips.len();
        if !skips.is_empty() {
            self.ports.store.skip(skips, now).await?;
        }
        Ok(admitted)
    }

    /// The skip of a candidate that asks no less of a budget that had no room for another one just now.
    fn also_full(
        &self,
        candidate: &Candidate,
        settings: &Settings,
        full: &[(Reservation, Balance)],
        around: &Around,
        now: UtcMillis,
    ) -> Option<SkipRecord> {
        let request = self.decide(candidate, settings, around, now).ok()?;
        let no_less = |own: &Reservation, other: &Reservation| {
            own.window == other.window && own.amount >= other.amount && own.limit <= other.limit
        };
        let mut refusals = request.reservations.iter().filter_map(|own| {
            let (_, balance) = full.iter().find(|(other, _)| no_less(own, other))?;
            Some(budget::full(own, *balance, now))
        });
        refusals.next().map(|skip| self.skip_record(candidate, &skip))
    }

    /// Asks the rules about one candidate.
    fn decide(
        &self,
        candidate: &Candidate,
        settings: &Settings,
        around: &Around,
        now: UtcMillis,
    ) -> Result<ClaimRequest, Skip> {
        let source = &candidate.source;
        let profile = settings.profiles.get(&source.profile);
        let actor = profile.and_then(|profile| profile.actor.as_ref());
        let queued = candidate.queued.map(|(_, trigger)| trigger);
        let given = around.circumstances((&self.ports, settings), source, queued, now);
        let eligible = eligibility::decide(source, profile, given)?;
        // `decide` refuses a source without profile.
        let (reservations, reserved) = profile.map_or_else(Default::default, |profile| {
            let reservations = budget::reservations(eligible, source, profile, &settings.budget, now);
            (reservations, budget::worst_case(source, profile))
        });
        let (run, queued) = match candidate.queued {
            Some((run, _)) => (run, true),
            None => (self.id(), false),
        };
        Ok(ClaimRequest {
            source: source.id,
            run,
            queued,
            trigger: eligible.trigger(),
            total_runs: source.total_runs,
            credential: actor.map(|actor| actor.credential.clone()),
            reserved,
            reservations,
            rates: profile.map_or_else(Vec::new, |profile| settings.rates.of(&source.identifier, profile)),
            daemon: settings.daemon,
            lease_until: now.plus(limits::LEASE),
        })
    }

    fn skip_record(&self, candidate: &Candidate, skip: &Skip) -> SkipRecord {
        let source = &candidate.source;
        let detail = skip.reason.to_string();
        self.tell(&Event::Skipped {
            source: source.id,
            identifier: source.identifier.clone(),
            tenant: source.tenant.clone(),
            profile: source.profile.clone(),
            reason: skip.reason.word(),
            detail: detail.clone(),
        });
        SkipRecord {
            source: source.id,
            tenant: source.tenant.clone(),
            profile: source.profile.clone(),
            reason: skip.reason.word(),
            detail,
            until: skip.until,
            gate: None,
        }
    }
}

/// The gate that is the reason, if one is.
fn closed(candidate: &Candidate, settings: &Settings, skip: &Skip, around: &Around) -> Option<GateKey> {
    let profile = settings.profiles.get(&candidate.source.profile)?;
    let gate = around.gate(profile)?;
    matches!(skip.reason, SkipReason::GateClosed { .. }).then(|| gate.key.clone())
}
