//! The admit pass: which sources run now. The only place from which a run starts.
//!
//! Owns: the order candidates -> eligibility -> budget -> claim -> work, and the record of every "no". Must not know: the
//! rules (it asks `tidegate_core`). Called in every tick, and as often as a run ends while sources wait.

use std::sync::Arc;

use tidegate_core::budget;
use tidegate_core::claim::{ClaimRequest, NotClaimed};
use tidegate_core::eligibility::{self, Circumstances, Skip};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::Engine;
use crate::ports::{Candidate, Event, SkipRecord, StoreError};

/// What a pass has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Admitted {
    /// Runs that were started.
    pub(super) started: usize,
    /// Sources that were skipped.
    pub(super) skipped: usize,
}

impl Engine {
    /// Admits as many sources as there is room for, of those that were due at `due_by`.
    pub(super) async fn admit(self: &Arc<Self>, due_by: UtcMillis) -> Result<Admitted, StoreError> {
        let mut all = Admitted::default();
        for _ in 0..limits::PASS_ROUNDS {
            let room = self.live.room().min(limits::PASS_BATCH);
            if room == 0 {
                break;
            }
            let now = self.ports.clock.now();
            let candidates = self.ports.store.candidates(due_by, room).await?;
            if candidates.is_empty() {
                break;
            }
            let admitted = self.admit_batch(candidates, now).await?;
            all.started += admitted.started;
            all.skipped += admitted.skipped;
            if admitted == Admitted::default() {
                // Every candidate was taken by somebody else meanwhile.
                break;
            }
        }
        Ok(all)
    }

    async fn admit_batch(self: &Arc<Self>, candidates: Vec<Candidate>, now: UtcMillis) -> Result<Admitted, StoreError> {
        let mut wanted = Vec::with_capacity(candidates.len());
        let mut skips = Vec::new();
        for candidate in candidates {
            match self.decide(&candidate, now) {
                Ok(request) => wanted.push((candidate, request)),
                Err(skip) => skips.push(self.skip_record(&candidate, &skip)),
            }
        }
        let requests = wanted.iter().map(|(_, request)| request.clone()).collect();
        let claims = self.ports.store.claim(requests, now).await?;
        let mut admitted = Admitted::default();
        for ((candidate, _), claim) in wanted.iter().zip(claims) {
            match claim {
                Ok(claim) => {
                    admitted.started += 1;
                    self.start(claim);
                }
                Err(NotClaimed::Taken) => {}
                Err(NotClaimed::Budget { reservation }) => {
                    let skip = budget::spent(&reservation.window, reservation.limit);
                    skips.push(self.skip_record(candidate, &skip));
                }
            }
        }
        admitted.skipped = skips.len();
        if !skips.is_empty() {
            self.ports.store.skip(skips, now).await?;
        }
        Ok(admitted)
    }

    /// Asks the rules about one candidate.
    fn decide(&self, candidate: &Candidate, now: UtcMillis) -> Result<ClaimRequest, Skip> {
        let source = &candidate.source;
        let profile = self.settings.profiles.get(&source.profile);
        let plugin_loaded = profile.is_some_and(|profile| {
            self.ports
                .plugins
                .find(&profile.plugin)
                .is_some_and(|plugin| plugin.manifest().kind(&profile.kind).is_some())
        });
        let queued = candidate.queued.map(|(_, trigger)| trigger);
        let eligible = eligibility::decide(
            source,
            profile,
            Circumstances { now, queued, plugin_loaded, gate: None, account: None },
        )?;
        let reservations = match profile {
            Some(profile) => budget::reservations(eligible, source, profile, &self.settings.budget, now),
            // `decide` refuses a source without profile.
            None => Vec::new(),
        };
        let (run, queued) = match candidate.queued {
            Some((run, _)) => (run, true),
            None => (self.id(), false),
        };
        Ok(ClaimRequest {
            source: source.id,
            run,
            queued,
            trigger: eligible.trigger(),
            reservations,
            reserved: tidegate_core::money::MicroUsd::ZERO,
            daemon: self.settings.daemon,
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
        }
    }
}
