//! A plugin that serves.
//!
//! Owns: [`Plugin`]: what is known of it, and its calls. Must not know: which track it speaks beyond holding the adapter.
//! Called by the engine's plugin port and by the CLI.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tidegate_core::contract::{Batch, Delivery, Failure, Job, Manifest, Page, Problem, Step, Valid};
use tidegate_core::limits;
use tidegate_core::one_line::one_line;

use super::adapter::Adapter;
use super::answer::{Answer, Call, CallContext};
use super::call::Failed;
use super::digest::Digest;
use super::fault::{Fault, FaultKind};
use super::imports::{Contract, Track};
use super::refusal::Origin;
use super::schema::Schema;
use super::tally::Tally;
use super::weight;

/// A component that passed every check. Every call runs in an instance of its own.
pub struct Plugin {
    pub(super) adapter: Adapter,
    pub(super) manifest: Manifest,
    pub(super) schemas: HashMap<String, Schema>,
    pub(super) digest: Digest,
    pub(super) contract: Contract,
    pub(super) origin: Origin,
    pub(super) tally: Arc<Tally>,
}

/// What a call gives: the plugin's answer, or why there is none.
type CallResult<T> = Result<Answer<T>, Box<Fault>>;

impl Plugin {
    /// What it says about itself; checked.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.manifest.version
    }

    /// SHA-256 of the component.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The track of the contract it speaks.
    #[must_use]
    pub const fn track(&self) -> Track {
        self.contract.track
    }

    /// Where it came from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The WASI interfaces it imports; all of them are empty.
    #[must_use]
    pub fn wasi_imports(&self) -> &[String] {
        &self.contract.wasi
    }

    /// Whether it understands webhook deliveries.
    #[must_use]
    pub const fn takes_deliveries(&self) -> bool {
        self.adapter.takes_deliveries()
    }

    /// What is wrong with overrides by the kind's JSON Schema; empty if they are right. To be asked before
    /// [`Self::validate`], which relies on it. An unknown kind is a problem too.
    #[must_use]
    pub fn check_overrides(&self, kind: &str, overrides: &Value) -> Vec<Problem> {
        match self.schemas.get(kind) {
            Some(schema) => schema.problems(overrides),
            None => {
                let kinds: Vec<&str> = self.manifest.kinds.iter().map(|kind| kind.name.as_str()).collect();
                let message = format!("plugin {} has no kind {kind:?}; it has {}", self.name(), kinds.join(", "));
                vec![Problem { pointer: String::new(), message }]
            }
        }
    }

    /// The identifier in its normal form, or what is wrong. `overrides` is a JSON object that fits the kind's schema.
    ///
    /// # Errors
    /// A fault of the plugin or of the machine.
    pub async fn validate(
        &self,
        kind: &str,
        identifier: &str,
        overrides: &str,
        cx: &CallContext,
    ) -> CallResult<Result<Valid, Vec<Problem>>> {
        self.tally.asked(identifier.len() + overrides.len());
        let answer = self.adapter.validate(kind, identifier, overrides, cx).await;
        let answer = self.heard(Call::Validate, answer)?;
        let wrong = match &answer.value {
            Ok(valid) => normal_form(&valid.identifier).err(),
            Err(problems) => wrong_problems(problems),
        };
        match wrong {
            None => {
                self.tally.gave(answer.value.as_ref().map_or(0, |valid| valid.identifier.len()), 0);
                Ok(answer.map(|value| value.map_err(told_problems)))
            }
            Some(what) => {
                let Answer { log, cpu, .. } = answer;
                let kind = FaultKind::BadOutput { what };
                // Its CPU time is counted already.
                self.tally.faulted(&kind);
                Err(self.fault(Call::Validate, Failed { call: Call::Validate, kind, log, cpu }))
            }
        }
    }

    /// What to fetch first.
    ///
    /// # Errors
    /// A fault of the plugin or of the machine.
    pub async fn plan(&self, job: &Job, cx: &CallContext) -> CallResult<Result<Step, Failure>> {
        self.tally.asked(weight::job(job));
        let answer = self.heard(Call::Plan, self.adapter.plan(job, cx).await)?;
        self.tally.gave(answer.value.as_ref().map_or(0, weight::step), 0);
        Ok(answer)
    }

    /// What came of one page. Not yet checked against the contract's limits: `tidegate_core::item` does that.
    ///
    /// # Errors
    /// A fault of the plugin or of the machine.
    pub async fn normalize(&self, job: &Job, page: &Page, cx: &CallContext) -> CallResult<Result<Batch, Failure>> {
        self.tally.asked(weight::job(job) + weight::page(page));
        let answer = self.heard(Call::Normalize, self.adapter.normalize(job, page, cx).await)?;
        self.normalized(&answer.value);
        Ok(answer)
    }

    /// What came of one webhook delivery; `None` if the plugin does not take any.
    ///
    /// # Errors
    /// A fault of the plugin or of the machine.
    pub async fn normalize_delivery(
        &self,
        job: &Job,
        delivery: &Delivery,
        cx: &CallContext,
    ) -> Result<Option<Answer<Result<Batch, Failure>>>, Box<Fault>> {
        if !self.takes_deliveries() {
            return Ok(None);
        }
        self.tally.asked(weight::job(job) + weight::delivery(delivery));
        let answer = match self.adapter.normalize_delivery(job, delivery, cx).await {
            Ok(None) => return Ok(None),
            Ok(Some(answer)) => self.heard(Call::NormalizeDelivery, Ok(answer))?,
            Err(failed) => self.heard(Call::NormalizeDelivery, Err(failed))?,
        };
        self.normalized(&answer.value);
        Ok(Some(answer))
    }

    /// Counts what a call has taken, and says whose fault it was if there is no answer.
    fn heard<T>(&self, call: Call, answer: Result<Answer<T>, Box<Failed>>) -> CallResult<T> {
        match answer {
            Ok(answer) => {
                self.tally.took(answer.cpu);
                Ok(answer)
            }
            Err(failed) => {
                self.tally.took(failed.cpu);
                self.tally.faulted(&failed.kind);
                Err(self.fault(call, *failed))
            }
        }
    }

    fn normalized(&self, answer: &Result<Batch, Failure>) {
        if let Ok(batch) = answer {
            self.tally.gave(weight::batch(batch), batch.items.len());
        }
    }

    fn fault(&self, call: Call, failed: Failed) -> Box<Fault> {
        let Failed { kind, log, cpu, .. } = failed;
        let (plugin, version) = (self.name().to_owned(), self.version().to_owned());
        Box::new(Fault { plugin, version, call, kind, log, cpu })
    }
}

impl core::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.name())
            .field("version", &self.version())
            .field("digest", &self.digest)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// What is wrong with problems that a plugin tells, if something is.
fn wrong_problems(problems: &[Problem]) -> Option<String> {
    let most = limits::MESSAGE_BYTES;
    if problems.is_empty() {
        return Some("it refused the source without naming a problem".to_owned());
    }
    problems.iter().find_map(|problem| {
        let (pointer, message) = (problem.pointer.len(), problem.message.len());
        let long = pointer > most || message > most;
        long.then(|| {
            format!("a problem has a pointer of {pointer} and a message of {message} bytes, at most {most} are allowed")
        })
    })
}

/// The first problems, as they may be printed.
fn told_problems(problems: Vec<Problem>) -> Vec<Problem> {
    let line = |text: String| one_line(&text, limits::MESSAGE_BYTES);
    let told = |problem: Problem| Problem { pointer: line(problem.pointer), message: line(problem.message) };
    problems.into_iter().take(limits::PROBLEMS).map(told).collect()
}

/// Whether a text may be the normal form of an identifier; the error says why not.
pub(super) fn normal_form(identifier: &str) -> Result<(), String> {
    if identifier.is_empty() {
        return Err("an identifier's normal form is not empty".to_owned());
    }
    if identifier.len() > limits::IDENTIFIER_BYTES {
        return Err(format!("an identifier has at most {} bytes, not {}", limits::IDENTIFIER_BYTES, identifier.len()));
    }
    if identifier.chars().any(char::is_control) {
        return Err("an identifier's normal form holds no control characters".to_owned());
    }
    Ok(())
}
