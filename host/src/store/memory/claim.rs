//! What the admit pass asks and does: who is due, who was skipped, and claims made, prolonged, given up, found stuck.
//!
//! Owns: the change of a run from queued (or nothing) to running and back, with its reservations and its source's generation.
//! Must not know: how a run ends well (`commit`).

use std::collections::BTreeSet;
use std::ops::Bound;

use tidegate_core::actor::gate::GateKey;
use tidegate_core::claim::{Claim, ClaimRequest, Generation, NotClaimed};
use tidegate_core::id::{RunId, SourceId, Tenant};
use tidegate_core::limits;
use tidegate_core::rate::Line;
use tidegate_core::share::shares;
use tidegate_core::source::{SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use super::source::new_run;
use super::tables::{ActorStage, DueKey, Tables};
use crate::ports::{Candidate, RunStage, SkipCount, SkipRecord, Stuck};

impl Tables {
    pub(super) fn candidates(&mut self, now: UtcMillis, limit: usize) -> Vec<Candidate> {
        let oldest = self.due.iter().take_while(|(at, ..)| *at <= now).take(limit);
        let mut ids: Vec<SourceId> = oldest.map(|(.., id)| *id).collect();
        if ids.len() == limit && self.due_of.len() > 1 {
            let (mut shared, last) = shares(&self.circle(now, limit), limit);
            self.shared_to = last;
            let rest = ids.into_iter().filter(|id| !shared.contains(id)).take(limit - shared.len());
            let rest: Vec<_> = rest.collect();
            shared.extend(rest);
            ids = shared;
        }
        ids.into_iter().filter_map(|id| self.candidate(id, now)).collect()
    }

    /// What is due of the next tenants, beginning after the one that had the last share.
    fn circle(&self, now: UtcMillis, limit: usize) -> Vec<(Tenant, Vec<SourceId>)> {
        let of = |(tenant, due): (&Tenant, &BTreeSet<DueKey>)| {
            let due = due.iter().take_while(|(at, ..)| *at <= now).take(limit.div_ceil(limits::SHARE_PARTS));
            (tenant.clone(), due.map(|(.., id)| *id).collect())
        };
        let from = self.shared_to.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let after = self.due_of.range((from, Bound::Unbounded));
        after.chain(&self.due_of).take(limits::SHARE_TENANTS.min(self.due_of.len())).map(of).collect()
    }

    fn candidate(&self, id: SourceId, now: UtcMillis) -> Option<Candidate> {
        let entry = self.sources.get(&id)?;
        let oldest = entry.queued.iter().find(|(_, not_before)| **not_before <= now);
        let queued = oldest.and_then(|((_, run), _)| Some((*run, self.runs.get(run)?.row.trigger)));
        Some(Candidate { source: entry.source.clone(), queued })
    }

    /// A source that is not a candidate any more keeps its due time, and so does one whose gate was opened after it was looked
    /// at: what opens a gate has looked for those behind it already.
    pub(super) fn skip(&mut self, skips: Vec<SkipRecord>, now: UtcMillis) {
        for skip in skips {
            *self.skips.entry((now.day_start(), skip.tenant, skip.profile, skip.reason)).or_default() += 1;
            let opened = skip.gate.as_ref().map(GateKey::stored).is_some_and(|key| !self.gates.contains_key(&key));
            let Some(entry) = self.sources.get_mut(&skip.source) else { continue };
            entry.skipped = Some((now, skip.detail));
            if entry.is_candidate() && !opened {
                entry.parked = skip.until.is_none();
                self.put_due(skip.source, skip.until);
            }
        }
    }

    pub(super) fn skip_counts(&self, now: UtcMillis) -> Vec<SkipCount> {
        let today = self.skips.iter().filter(|((day, ..), _)| *day == now.day_start());
        today
            .map(|((day, tenant, profile, reason), count)| SkipCount {
                day: *day,
                tenant: tenant.clone(),
                profile: profile.clone(),
                reason: (*reason).to_owned(),
                count: *count,
            })
            .collect()
    }

    pub(super) fn claim(&mut self, requests: &[ClaimRequest], now: UtcMillis) -> Vec<Result<Claim, NotClaimed>> {
        let mut line = self.line(requests.iter().flat_map(|request| &request.rates));
        let answers = requests.iter().map(|request| self.claim_one(request, &mut line, now)).collect();
        self.write_line(&line);
        answers
    }

    fn claim_one(&mut self, request: &ClaimRequest, line: &mut Line, now: UtcMillis) -> Result<Claim, NotClaimed> {
        let claim = self.decide(request).ok_or(NotClaimed::Taken)?;
        line.ask(&request.rates, now).map_err(NotClaimed::Rate)?;
        self.reserve(&request.reservations).map_err(|full| {
            let (reservation, balance) = *full;
            NotClaimed::Budget { reservation, balance }
        })?;
        line.take(&request.rates, now);
        if !request.queued {
            let mut run = new_run(request.run, &claim.source, claim.trigger, now);
            run.not_before = None;
            self.insert_run(run);
        }
        self.change(request.run, |run| {
            run.row.stage = RunStage::Running;
            run.row.attempt = claim.attempt;
            run.row.started_at = Some(now);
            run.row.cost_estimate = request.reserved;
            run.not_before = None;
            run.generation = Some(claim.generation);
            run.daemon = Some(request.daemon);
            run.lease_until = Some(request.lease_until);
            run.credential.clone_from(&request.credential);
            for reservation in &request.reservations {
                *run.reserved.entry(reservation.window.clone()).or_default() += reservation.amount;
            }
        });
        self.put_due(request.source, None);
        if let Some(entry) = self.sources.get_mut(&request.source) {
            entry.generation = claim.generation.0;
            entry.parked = false;
            entry.skipped = None;
            if !request.queued {
                // It has run what was due; its end says what is due next.
                entry.source.next_run = None;
                if claim.trigger == Trigger::Bootstrap {
                    entry.bootstrap = Some(request.run);
                }
            }
        }
        Ok(claim)
    }

    /// The claim as it would be, budgets left out.
    fn decide(&self, request: &ClaimRequest) -> Option<Claim> {
        let entry = self.sources.get(&request.source)?;
        if entry.source.state != SourceState::Active || entry.source.running.is_some() {
            return None;
        }
        let (trigger, attempt, items_before) = if request.queued {
            let run = self.runs.get(&request.run)?;
            if run.row.stage != RunStage::Queued || run.row.source != request.source {
                return None;
            }
            (run.row.trigger, run.row.attempt.saturating_add(1), run.row.counts.new)
        } else if entry.source.total_runs != request.total_runs
            || request.trigger == Trigger::Bootstrap && entry.bootstrap.is_some()
        {
            return None;
        } else {
            (request.trigger, 1, 0)
        };
        Some(Claim {
            run: request.run,
            source: entry.source.clone(),
            generation: Generation(entry.generation.saturating_add(1)),
            trigger,
            attempt,
            items_before,
            reserved: request.reserved,
            resume: None,
            lease_until: request.lease_until,
        })
    }

    pub(super) fn heartbeat(&mut self, runs: Vec<(RunId, Generation)>, lease_until: UtcMillis) -> Vec<RunId> {
        let mut lost = Vec::new();
        for (run, generation) in runs {
            if self.ours(run, generation).is_none() {
                lost.push(run);
                continue;
            }
            self.change(run, |run| run.lease_until = Some(lease_until));
        }
        lost
    }

    /// Several daemons may share this store, so that only a lease tells who is dead.
    pub(super) fn stuck(&self, now: UtcMillis, limit: usize) -> Vec<Stuck> {
        let passed = self.leases.iter().take_while(|(until, _)| *until < now).take(limit);
        passed
            .filter_map(|(_, id)| {
                let run = self.runs.get(id)?;
                Some(Stuck {
                    run: *id,
                    source: run.row.source,
                    generation: run.generation?,
                    trigger: run.row.trigger,
                    attempt: run.row.attempt,
                })
            })
            .collect()
    }

    pub(super) fn requeue(
        &mut self,
        id: RunId,
        generation: Generation,
        attempted: bool,
        at: UtcMillis,
        now: UtcMillis,
    ) -> bool {
        let Some(run) = self.ours(id, generation) else { return false };
        let source = run.row.source;
        // A run that has ordered something waits for it; it is not begun again.
        let open = self.open_intent(run).is_some();
        // One that is done with what it ordered would pay for it once more.
        let paid =
            run.intents.iter().filter_map(|id| self.intents.get(id)).any(|actor| actor.stage != ActorStage::Void);
        if paid && !open {
            return false;
        }
        self.change(id, |run| {
            run.daemon = None;
            run.lease_until = None;
            let attempt = run.row.attempt;
            if open {
                run.row.stage = RunStage::Waiting;
                run.wake_at = Some(at);
                run.row.attempt = attempt.saturating_add(u32::from(attempted));
            } else {
                run.row.stage = RunStage::Queued;
                run.not_before = Some(at);
                run.row.attempt = attempt.saturating_sub(u32::from(!attempted));
            }
        });
        if open {
            self.given_up(id, now);
        } else {
            self.settle_run(id, attempted);
            self.settle_money(id);
            self.refresh_due(source);
        }
        true
    }
}
