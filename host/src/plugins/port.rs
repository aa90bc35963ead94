//! The room as the engine's ports see it.
//!
//! Owns: turning answers and faults into the ports' shapes, and the limits a profile gives its calls. Must not know: what the
//! engine does with them. Called by the engine, through `ports::Plugins`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tidegate_core::contract::{Batch, Failure, Job, Manifest, Page, Problem, Step, Valid};
use tidegate_core::profile::Profile;
use tidegate_core::sandbox::CallLimits;
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

    fn of(&self, profile: &Profile) -> Result<Arc<dyn ports::Plugin>, ports::Absent> {
        let plugin = self.pinned_or_live(&profile.plugin, profile.plugin_digest.as_ref());
        let plugin = plugin.ok_or(ports::Absent::Plugin)?;
        ports::fits(&*plugin, profile)?;
        if profile.limits == CallLimits::default() {
            return Ok(plugin);
        }
        Ok(Arc::new(Limited { plugin, limits: profile.limits }))
    }

    fn names(&self) -> Vec<String> {
        Self::names(self)
    }

    fn take_used(&self) -> Vec<ports::Used> {
        Self::take_used(self)
    }

    fn serving(&self) -> Vec<ports::Version> {
        let version = |plugin: Arc<Plugin>| ports::Version {
            plugin: plugin.name().to_owned(),
            digest: plugin.digest().to_string(),
            version: plugin.version().to_owned(),
            origin: plugin.origin().to_string(),
        };
        self.all_serving().into_iter().map(version).collect()
    }
}

/// A plugin within the limits of a profile.
struct Limited {
    plugin: Arc<Plugin>,
    limits: CallLimits,
}

impl Limited {
    fn context(&self, job: &Job) -> CallContext {
        CallContext::within(self.limits, time(job))
    }
}

#[async_trait]
impl ports::Plugin for Limited {
    fn manifest(&self) -> &Manifest {
        self.plugin.manifest()
    }

    fn digest(&self) -> String {
        self.plugin.digest().to_string()
    }

    fn check_overrides(&self, kind: &str, overrides: &Value) -> Vec<Problem> {
        self.plugin.check_overrides(kind, overrides)
    }

    async fn validate(
        &self,
        kind: &str,
        identifier: &str,
        overrides: &str,
    ) -> ports::Asked<Result<Valid, Vec<Problem>>> {
        let cx = CallContext::within(self.limits, UtcMillis::from_millis(0));
        asked(self.plugin.validate(kind, identifier, overrides, &cx).await)
    }

    async fn plan(&self, job: &Job) -> ports::Asked<Result<Step, Failure>> {
        asked(self.plugin.plan(job, &self.context(job)).await)
    }

    async fn normalize(&self, job: &Job, page: Page) -> ports::Asked<Result<Batch, Failure>> {
        asked(self.plugin.normalize(job, &page, &self.context(job)).await)
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
        asked(self.plan(job, &CallContext::at(time(job))).await)
    }

    async fn normalize(&self, job: &Job, page: Page) -> ports::Asked<Result<Batch, Failure>> {
        asked(self.normalize(job, &page, &CallContext::at(time(job))).await)
    }
}

/// The job's `now`, which is the clock of its calls.
fn time(job: &Job) -> UtcMillis {
    UtcMillis::parse(&job.now).unwrap_or_default()
}

fn asked<T>(outcome: Result<Answer<T>, Box<Fault>>) -> ports::Asked<T> {
    match outcome {
        Ok(Answer { value, log, cpu, .. }) => ports::Asked { answer: Ok(value), log: lines(log), cpu },
        Err(fault) => {
            let (kind, is_plugins) = (fault.kind.word(), fault.kind.is_plugins());
            let (message, for_author) = (fault.to_string(), fault.for_author());
            let answer = Err(ports::PluginFault { kind, message, for_author, is_plugins });
            ports::Asked { answer, log: lines(fault.log), cpu: fault.cpu }
        }
    }
}

fn lines(log: Vec<LogLine>) -> Vec<ports::PluginLine> {
    log.into_iter().map(|line| ports::PluginLine { level: line.level.as_str(), message: line.message }).collect()
}
