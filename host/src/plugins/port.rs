//! The room as the engine's ports see it.
//!
//! Owns: turning answers and faults into the ports' shapes. Must not know: what the engine does with them. Called by the
//! engine, through `ports::Plugins`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tidegate_core::contract::{Batch, Failure, Job, Manifest, Page, Problem, Step, Valid};
use tidegate_core::time::UtcMillis;

use super::answer::{Answer, CallContext};
use super::catalogue::Catalogue;
use super::fault::Fault;
use super::log::LogLine;
use super::plugin::Plugin;
use crate::ports;

impl ports::Plugins for Catalogue {
    fn find(&self, name: &str) -> Option<Arc<dyn ports::Plugin>> {
        self.get(name).ok().map(|plugin| plugin as Arc<dyn ports::Plugin>)
    }

    fn names(&self) -> Vec<String> {
        Self::names(self)
    }
}

#[async_trait]
impl ports::Plugin for Plugin {
    fn manifest(&self) -> &Manifest {
        self.manifest()
    }

    fn digest(&self) -> String {
        self.digest().to_string()
    }

    fn check_overrides(&self, kind: &str, overrides: &Value) -> Vec<Problem> {
        self.check_overrides(kind, overrides)
    }

    async fn validate(
        &self,
        kind: &str,
        identifier: &str,
        overrides: &str,
    ) -> ports::Asked<Result<Valid, Vec<Problem>>> {
        // Two spellings of a source must give the same text at all times: there is no time to look at.
        let cx = CallContext::at(UtcMillis::from_millis(0));
        asked(self.validate(kind, identifier, overrides, &cx).await)
    }

    async fn plan(&self, job: &Job) -> ports::Asked<Result<Step, Failure>> {
        asked(self.plan(job, &context(job)).await)
    }

    async fn normalize(&self, job: &Job, page: Page) -> ports::Asked<Result<Batch, Failure>> {
        asked(self.normalize(job, &page, &context(job)).await)
    }
}

/// The usual limits, with the clock at the job's `now`.
fn context(job: &Job) -> CallContext {
    CallContext::at(UtcMillis::parse(&job.now).unwrap_or_default())
}

fn asked<T>(outcome: Result<Answer<T>, Box<Fault>>) -> ports::Asked<T> {
    match outcome {
        Ok(Answer { value, log, cpu, .. }) => ports::Asked { answer: Ok(value), log: lines(log), cpu },
        Err(fault) => {
            let (kind, is_plugins) = (fault.kind.word(), fault.kind.is_plugins());
            let answer = Err(ports::PluginFault { kind, message: fault.to_string(), is_plugins });
            ports::Asked { answer, log: lines(fault.log), cpu: fault.cpu }
        }
    }
}

fn lines(log: Vec<LogLine>) -> Vec<ports::PluginLine> {
    log.into_iter().map(|line| ports::PluginLine { level: line.level.as_str(), message: line.message }).collect()
}
