//! Trying a component before it may serve.
//!
//! Owns: what is tried, in this order: an instance, the signatures, `describe` twice, the manifest, the schemas, and
//! every example against its schema and against `validate`. Must not know: where the component came from. Called by
//! `room`, with the limits of loading instead of those of a call.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tidegate_core::contract::{Example, Kind, Problem};
use tidegate_core::limits;
use tidegate_core::manifest::{self, ManifestFault};
use tidegate_core::time::UtcMillis;

use super::adapter::Adapter;
use super::answer::{Answer, Call, CallContext};
use super::call::Failed;
use super::digest::Digest;
use super::fault::FaultKind;
use super::imports::Contract;
use super::plugin::Plugin;
use super::refusal::{Origin, RefusalKind};
use super::schema::Schema;
use super::tally::Tally;

/// The limits of a call that tries a component. Its clock stands at the epoch, so that trying gives the same result
/// every time.
pub(super) fn context(cpu: Duration) -> CallContext {
    CallContext { cpu, wall: cpu + limits::CALL_WALL, ..CallContext::at(UtcMillis::from_millis(0)) }
}

/// What is left of the CPU time for trying a component.
struct Trial {
    cx: CallContext,
    left: Duration,
    all: Duration,
}

impl Trial {
    fn new(cx: CallContext) -> Self {
        let all = cx.cpu * limits::PROBE_CALLS;
        Self { cx, left: all, all }
    }

    /// The context of the next call.
    fn next(&self, call: Call) -> Result<CallContext, RefusalKind> {
        if self.left.is_zero() {
            return Err(RefusalKind::Probe { call, fault: FaultKind::DeadlineCpu { limit: self.all } });
        }
        Ok(CallContext { cpu: self.cx.cpu.min(self.left), ..self.cx })
    }

    /// Takes off what a call has cost.
    fn heard<T>(&mut self, outcome: Result<Answer<T>, Box<Failed>>) -> Result<T, RefusalKind> {
        let answer = outcome.map_err(failed)?;
        self.left = self.left.saturating_sub(answer.cpu);
        Ok(answer.value)
    }
}

/// A plugin, if the component passes.
pub(super) async fn probe(
    adapter: Adapter,
    digest: Digest,
    contract: Contract,
    origin: &Origin,
    cx: &CallContext,
    tally: impl FnOnce(&str, &str) -> Arc<Tally>,
) -> Result<Plugin, RefusalKind> {
    if let Some(what) = adapter.signatures(cx).await.map_err(failed)? {
        return Err(RefusalKind::Signature { what });
    }
    let mut trial = Trial::new(*cx);
    let manifest = trial.heard(adapter.describe(&trial.next(Call::Describe)?).await)?;
    if trial.heard(adapter.describe(&trial.next(Call::Describe)?).await)? != manifest {
        return Err(RefusalKind::NotConstant { call: Call::Describe });
    }
    let faults = manifest::faults(&manifest);
    if !faults.is_empty() {
        return Err(RefusalKind::Manifest { faults });
    }
    let mut schemas = HashMap::new();
    let mut patterns = 0;
    for (i, kind) in manifest.kinds.iter().enumerate() {
        let schema = Schema::compile(&kind.overrides_schema).map_err(|message| RefusalKind::Manifest {
            faults: vec![ManifestFault { place: format!("kinds[{i}].overrides-schema"), message }],
        })?;
        patterns += schema.patterns();
        if patterns > limits::SCHEMA_PATTERNS {
            let message =
                format!("with it the plugin has {patterns} patterns; at most {} are allowed", limits::SCHEMA_PATTERNS);
            let place = format!("kinds[{i}].overrides-schema");
            return Err(RefusalKind::Manifest { faults: vec![ManifestFault { place, message }] });
        }
        for example in &kind.examples {
            if let Err(what) = try_example(&adapter, kind, example, &schema, &mut trial).await? {
                return Err(RefusalKind::Example {
                    kind: kind.name.clone(),
                    identifier: example.identifier.clone(),
                    what,
                });
            }
        }
        schemas.insert(kind.name.clone(), schema);
    }
    let tally = tally(&manifest.name, &manifest.version);
    Ok(Plugin { adapter, manifest, schemas, digest, contract, origin: origin.clone(), tally })
}

/// An example has to fit its schema, be accepted, and stay the same when it is validated again.
async fn try_example(
    adapter: &Adapter,
    kind: &Kind,
    example: &Example,
    schema: &Schema,
    trial: &mut Trial,
) -> Result<Result<(), String>, RefusalKind> {
    let overrides = if example.overrides.is_empty() { "{}" } else { &example.overrides };
    let value: Value = match serde_json::from_str(overrides) {
        Ok(value) => value,
        Err(error) => return Ok(Err(format!("its overrides are not JSON: {error}"))),
    };
    let problems = schema.problems(&value);
    if !problems.is_empty() {
        return Ok(Err(format!("its overrides do not fit the schema: {}", words(&problems))));
    }
    let cx = trial.next(Call::Validate)?;
    let first = trial.heard(adapter.validate(&kind.name, &example.identifier, overrides, &cx).await)?;
    let normal = match first {
        Ok(valid) => valid.identifier,
        Err(problems) => return Ok(Err(format!("`validate` refuses it: {}", words(&problems)))),
    };
    if let Err(what) = super::plugin::normal_form(&normal) {
        return Ok(Err(format!("`validate` makes {normal:?} of it: {what}")));
    }
    let cx = trial.next(Call::Validate)?;
    let second = trial.heard(adapter.validate(&kind.name, &normal, overrides, &cx).await)?;
    Ok(match second {
        Ok(valid) if valid.identifier == normal => Ok(()),
        Ok(valid) => Err(format!("`validate` makes {normal:?} of it, and {:?} of that", valid.identifier)),
        Err(problems) => Err(format!("`validate` makes {normal:?} of it, and refuses that: {}", words(&problems))),
    })
}

fn words(problems: &[Problem]) -> String {
    let words: Vec<String> = problems.iter().take(4).map(|p| format!("{:?}: {}", p.pointer, p.message)).collect();
    words.join("; ")
}

#[expect(clippy::boxed_local, reason = "boxed where it is made, to keep the results of calls small")]
fn failed(failed: Box<Failed>) -> RefusalKind {
    RefusalKind::Probe { call: failed.call, fault: failed.kind }
}
