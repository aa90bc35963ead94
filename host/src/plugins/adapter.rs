//! The tracks of the contract, each with its adapter.
//!
//! Owns: which adapter a component gets, and what the adapters share: finding exports, comparing signatures. Must not know: any
//! track's types. Called by `room`, which makes one, by `probe` and by `plugin`, which do not ask which it is.
//!
//! A new track is a case of [`Track`], a folder beside `v0_1`, and a case here; what is missing then does not compile.

use tidegate_core::contract::{Batch, Delivery, Failure, Job, Manifest, Page, Problem, Step, Valid};
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, Lift, Linker, Lower};

use super::answer::{Answer, CallContext};
use super::call::{Failed, Idle, Sandbox};
use super::imports::Track;
use super::refusal::RefusalKind;
use super::state::CallState;
use super::v0_1;
#[cfg(test)]
use super::v0_9;

/// A component, ready to be called in the words of its track.
pub(super) enum Adapter {
    V0_1(v0_1::Adapter),
    /// Artificial, so that tests have two.
    #[cfg(test)]
    V0_9(v0_9::Adapter),
}

/// The same for whatever track.
macro_rules! whichever {
    ($adapter:expr, $it:ident => $said:expr) => {
        match $adapter {
            Adapter::V0_1($it) => $said,
            #[cfg(test)]
            Adapter::V0_9($it) => $said,
        }
    };
}

/// What a call gives before anybody has said whose fault a fault is.
type Came<T> = Result<Answer<T>, Box<Failed>>;

/// Links what components of any served track may import. Their names carry the track, so that they do not meet.
pub(super) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    v0_1::link(linker)?;
    #[cfg(test)]
    v0_9::link(linker)?;
    Ok(())
}

impl Adapter {
    /// Finds the functions of the track in a component.
    pub(super) fn new(track: Track, sandbox: Sandbox) -> Result<Self, RefusalKind> {
        match track {
            Track::V0_1 => v0_1::Adapter::new(sandbox).map(Self::V0_1),
            #[cfg(test)]
            Track::V0_9 => v0_9::Adapter::new(sandbox).map(Self::V0_9),
        }
    }

    /// Whether the plugin understands webhook deliveries.
    pub(super) const fn takes_deliveries(&self) -> bool {
        whichever!(self, it => it.takes_deliveries())
    }

    /// The first function whose signature is not the track's, and how it differs. Makes one instance.
    pub(super) async fn signatures(&self, cx: &CallContext) -> Result<Option<String>, Box<Failed>> {
        whichever!(self, it => it.signatures(cx).await)
    }

    pub(super) async fn describe(&self, cx: &CallContext) -> Came<Manifest> {
        whichever!(self, it => it.describe(cx).await)
    }

    pub(super) async fn validate(
        &self,
        kind: &str,
        identifier: &str,
        overrides: &str,
        cx: &CallContext,
    ) -> Came<Result<Valid, Vec<Problem>>> {
        whichever!(self, it => it.validate(kind, identifier, overrides, cx).await)
    }

    pub(super) async fn plan(&self, job: &Job, cx: &CallContext) -> Came<Result<Step, Failure>> {
        whichever!(self, it => it.plan(job, cx).await)
    }

    pub(super) async fn normalize(&self, job: &Job, page: &Page, cx: &CallContext) -> Came<Result<Batch, Failure>> {
        whichever!(self, it => it.normalize(job, page, cx).await)
    }

    /// `None` if the plugin does not take deliveries.
    pub(super) async fn normalize_delivery(
        &self,
        job: &Job,
        delivery: &Delivery,
        cx: &CallContext,
    ) -> Result<Option<Answer<Result<Batch, Failure>>>, Box<Failed>> {
        whichever!(self, it => it.normalize_delivery(job, delivery, cx).await)
    }
}

/// A function of an interface that the component exports.
pub(super) fn export(component: &Component, interface: &str, function: &str) -> Option<ComponentExportIndex> {
    let interface = component.get_export_index(None, interface)?;
    component.get_export_index(Some(&interface), function)
}

/// What a component is told that lacks a function of its track.
pub(super) fn missing(name: &str) -> RefusalKind {
    RefusalKind::Signature { what: format!("the function {name} is missing") }
}

/// Compares signatures, function by function, and keeps the first that differs.
pub(super) struct Signatures<'a> {
    idle: Idle<'a>,
    wrong: Option<String>,
}

impl<'a> Signatures<'a> {
    pub(super) const fn of(idle: Idle<'a>) -> Self {
        Self { idle, wrong: None }
    }

    pub(super) fn function<P: ComponentNamedList + Lower, R: ComponentNamedList + Lift>(
        &mut self,
        name: &str,
        index: &ComponentExportIndex,
    ) {
        let function = self.idle.instance.get_typed_func::<P, R>(&mut self.idle.store, index);
        if let (Err(error), None) = (function, &self.wrong) {
            let why = super::fault::chain(&error);
            let why = why.trim_start_matches("failed to convert function to given type: ");
            self.wrong = Some(format!("the function {name} has another signature: {why}"));
        }
    }

    pub(super) fn wrong(self) -> Option<String> {
        self.wrong
    }
}
