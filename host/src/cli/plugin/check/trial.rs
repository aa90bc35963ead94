//! Calling a component twice and looking at what it says.
//!
//! Owns: how an answer is judged: the same both times, within the limits with room to spare, accepted by the host. Must not know:
//! what it is called with (`synthetic` and `recorded` say so), or how findings are printed.

use core::time::Duration;
use std::collections::BTreeMap;

use serde::Serialize;
use tidegate_core::advice::Finding;
use tidegate_core::contract::{Batch, Failure, Job, Page, PageContent, Problem, Step, Valid};
use tidegate_core::time::UtcMillis;
use tidegate_core::{item, limits};

use crate::plugins::{Answer, Call, CallContext, Fault, Plugin};

/// Findings of one sort that are told; a plugin that is wrong everywhere need not be told so a thousand times.
const SAME: usize = 5;
/// What may be used before it is told: one part in so many of a limit.
const SPARE: u32 = 2;

/// What the calls of one function took.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Measured {
    pub(super) call: &'static str,
    pub(super) calls: u32,
    /// The most CPU time one took.
    pub(super) cpu_ms: f64,
    /// The most linear memory one used.
    pub(super) memory_mib: f64,
    /// With what it took most.
    pub(super) at: String,
}

/// The calls of one check.
pub(super) struct Trial<'a> {
    pub(super) plugin: &'a Plugin,
    found: Vec<Finding>,
    told: BTreeMap<&'static str, usize>,
    used: BTreeMap<&'static str, Used>,
}

#[derive(Default)]
struct Used {
    calls: u32,
    cpu: Duration,
    memory: usize,
    at: String,
}

impl<'a> Trial<'a> {
    pub(super) fn new(plugin: &'a Plugin) -> Self {
        Self { plugin, found: Vec::new(), told: BTreeMap::new(), used: BTreeMap::new() }
    }

    /// Notes a finding; of one `sort` only the first few are told.
    pub(super) fn note(&mut self, sort: &'static str, finding: Finding) {
        let told = self.told.entry(sort).or_default();
        *told += 1;
        if *told <= SAME {
            self.found.push(finding);
        }
    }

    /// What was found, and what the calls took.
    pub(super) fn end(mut self) -> (Vec<Finding>, Vec<Measured>) {
        for (sort, told) in &self.told {
            if let Some(more) = told.checked_sub(SAME).filter(|more| *more > 0) {
                let remedy = "correct those that are told and check again";
                self.found.push(Finding::warning(*sort, format!("{more} more findings of this sort"), remedy));
            }
        }
        let measured = self.used.iter().map(|(call, used)| Measured {
            call,
            calls: used.calls,
            cpu_ms: used.cpu.as_secs_f64() * 1e3,
            memory_mib: used.memory as f64 / limits::MIB as f64,
            at: used.at.clone(),
        });
        (self.found, measured.collect())
    }

    /// `validate` twice, and once more at another time. `None`: it gave no answer worth going on with.
    pub(super) async fn validate(
        &mut self,
        place: &str,
        kind: &str,
        identifier: &str,
        overrides: &str,
    ) -> Option<String> {
        let (early, late) = (UtcMillis::from_millis(0), UtcMillis::from_millis(1_900_000_000_000));
        let mut answers: Vec<Result<Valid, Vec<Problem>>> = Vec::new();
        for now in [early, early, late] {
            let asked = self.plugin.validate(kind, identifier, overrides, &CallContext::at(now)).await;
            answers.push(self.heard(place, Call::Validate, asked)?);
        }
        let [first, again, later] = answers.as_slice() else { return None };
        if first != again {
            self.differs(place, Call::Validate);
        } else if first != later {
            let remedy =
                "whether a source is right must not depend on the time: the same text is the same source always";
            self.note("clock", Finding::error(place, "`validate` answers otherwise at another time", remedy));
        }
        let normal = first.as_ref().ok()?.identifier.clone();
        let asked = self.plugin.validate(kind, &normal, overrides, &CallContext::at(early)).await;
        match self.heard(place, Call::Validate, asked)? {
            Ok(valid) if valid.identifier == normal => {}
            other => {
                let said = other
                    .map_or_else(|_| "refuses it".to_owned(), |valid| format!("makes {:?} of it", valid.identifier));
                let remedy = "a normal form given to `validate` again has to stay as it is: it decides which sources are the same";
                let what = format!("`validate` gives {normal:?}, and asked again {said}");
                self.note("normal form", Finding::error(place, what, remedy));
            }
        }
        Some(normal)
    }

    /// `plan` twice.
    pub(super) async fn plan(&mut self, place: &str, job: &Job) -> Option<Result<Step, Failure>> {
        let cx = context(job);
        let first = self.plugin.plan(job, &cx).await;
        let first = self.heard(place, Call::Plan, first)?;
        let again = self.plugin.plan(job, &cx).await;
        let again = self.heard(place, Call::Plan, again)?;
        if first != again {
            self.differs(place, Call::Plan);
        }
        Some(first)
    }

    /// `normalize` twice, and what the host would take of it.
    pub(super) async fn normalize(&mut self, place: &str, job: &Job, page: &Page) -> Option<Result<Batch, Failure>> {
        let cx = context(job);
        let first = self.plugin.normalize(job, page, &cx).await;
        let first = self.heard(place, Call::Normalize, first)?;
        let again = self.plugin.normalize(job, page, &cx).await;
        let again = self.heard(place, Call::Normalize, again)?;
        // As text: a number that is none does not equal itself.
        let written = |answer: &Result<Batch, Failure>| serde_json::to_string(answer).unwrap_or_default();
        let text = written(&first);
        if text != written(&again) {
            self.differs(place, Call::Normalize);
        }
        self.room(place, "the answer", text.len(), limits::ANSWER_BYTES, "bytes");
        if let Ok(batch) = &first {
            self.accepted(place, job, page, batch.clone());
        }
        Some(first)
    }

    fn accepted(&mut self, place: &str, job: &Job, page: &Page, batch: Batch) {
        let status = if let PageContent::Http(response) = &page.content { Some(response.status) } else { None };
        let (items, own, warnings) = (batch.items.len(), batch.rejects.len(), batch.warnings.len());
        self.room(place, "the batch", items, limits::BATCH_ITEMS, "items");
        match item::accept(batch, status, UtcMillis::parse(&job.now).unwrap_or_default()) {
            Err(bad) => {
                let remedy = "the host refuses the whole batch; keep to the limits in wit/";
                self.note("bad output", Finding::error(place, format!("bad output: {bad}"), remedy));
            }
            Ok(accepted) => {
                for reject in accepted.rejects.into_iter().skip(own) {
                    let what = format!("the host rejects element {}: {}", reject.element, reject.reason);
                    let remedy = "an item that breaks a rule of its fields becomes a dead letter; see `item` in wit/";
                    self.note("rejected", Finding::error(place, what, remedy));
                }
                for what in accepted.warnings.into_iter().skip(warnings) {
                    let remedy = "what the host cannot take of an item is left out or cut; see `item` in wit/";
                    self.note("mended", Finding::warning(place, what, remedy));
                }
            }
        }
    }

    fn differs(&mut self, place: &str, call: Call) {
        let what = format!("`{call}` gave two different answers to the same question");
        let remedy =
            "leave out what differs from instance to instance: random numbers, hash maps' order, addresses, the clock";
        self.note("determinism", Finding::error(place, what, remedy));
    }

    /// The answer, once it was measured; a fault is a finding.
    fn heard<T>(&mut self, place: &str, call: Call, asked: Result<Answer<T>, Box<Fault>>) -> Option<T> {
        match asked {
            Ok(answer) => {
                self.took(place, call, answer.cpu, answer.memory);
                Some(answer.value)
            }
            Err(fault) => {
                self.took(place, call, fault.cpu, 0);
                let what = format!("`{}` {}", fault.call, fault.kind);
                self.note("fault", Finding::error(place, what, fault.kind.correction()));
                None
            }
        }
    }

    fn took(&mut self, place: &str, call: Call, cpu: Duration, memory: usize) {
        let used = self.used.entry(call.as_str()).or_default();
        used.calls += 1;
        used.memory = used.memory.max(memory);
        if cpu >= used.cpu {
            (used.cpu, used.at) = (cpu, place.to_owned());
        }
        if cpu > limits::CALL_CPU / SPARE {
            let what = format!(
                "`{call}` took {:.0} ms of CPU time; {} s end it",
                cpu.as_secs_f64() * 1e3,
                limits::CALL_CPU.as_secs()
            );
            let remedy =
                "a slower machine or a larger page would end it; ask for smaller pages or do less for each element";
            self.note("speed", Finding::warning(place, what, remedy));
        }
        self.room(place, "its memory", memory, limits::MEMORY_BYTES, "bytes");
    }

    /// Warns where more than half of a limit is used.
    fn room(&mut self, place: &str, what: &str, used: usize, limit: usize, unit: &str) {
        if used > limit / SPARE as usize {
            let what = format!("{what} has {used} {unit}; {limit} are the most");
            self.note(
                "limits",
                Finding::warning(place, what, "a larger page would break the limit; ask for smaller ones"),
            );
        }
    }
}

fn context(job: &Job) -> CallContext {
    CallContext::at(UtcMillis::parse(&job.now).unwrap_or_default())
}
