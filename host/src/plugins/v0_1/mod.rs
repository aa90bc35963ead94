//! The adapter of track 0.1: `wit/v0.1` on one side, `tidegate_core::contract` on the other.
//!
//! Owns: the generated types, the names of the functions, the calls. Must not know: deadlines and limits (`call` has
//! them), what an answer is good for. Called by [`super::adapter`]. A later track gets a folder like this one.

mod give;
mod take;

use tidegate_core::contract::{Batch, Delivery, Failure, Job, Manifest, Page, Problem, Step, Valid};
use wasmtime::component::{ComponentExportIndex, HasSelf, Linker};

use super::adapter::{Signatures, export, missing};
use super::answer::{Answer, Call, CallContext};
use super::call::{Failed, Sandbox};
use super::log::LogLevel;
use super::refusal::RefusalKind;
use super::state::CallState;

#[allow(
    missing_docs,
    dead_code,
    unsafe_code,
    unreachable_pub,
    unused_variables,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::semicolon_if_nothing_returned,
    clippy::disallowed_methods,
    reason = "generated from wit/v0.1, where everything is documented; what is unsafe in it is wasmtime's own"
)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit/v0.1",
        world: "plugin-with-deliveries",
        // Arguments are lent, so that a page of 10 MiB is copied once: into the guest.
        ownership: Borrowing { duplicate_if_necessary: true },
        exports: { default: async },
    });
}

use bindings::exports::tidegate::plugin::deliveries as wit_deliveries;
use bindings::tidegate::plugin::{log as wit_log, types as wit};

/// What every component of this track exports, without its version.
const SOURCE: &str = "tidegate:plugin/source@0.1.0";
const DELIVERIES: &str = "tidegate:plugin/deliveries@0.1.0";

impl wit_log::Host for CallState {
    fn line(&mut self, level: wit_log::Level, message: String) {
        let level = match level {
            wit_log::Level::Debug => LogLevel::Debug,
            wit_log::Level::Info => LogLevel::Info,
            wit_log::Level::Warn => LogLevel::Warn,
            wit_log::Level::Error => LogLevel::Error,
        };
        self.log.write(level, &message);
    }
}

/// Links what components of this track may import.
pub(super) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit_log::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    wit::add_to_linker::<_, HasSelf<_>>(linker, |state| state)
}

impl wit::Host for CallState {}

/// A component of this track, ready to be called.
pub(super) struct Adapter {
    sandbox: Sandbox,
    describe: ComponentExportIndex,
    validate: ComponentExportIndex,
    plan: ComponentExportIndex,
    normalize: ComponentExportIndex,
    normalize_delivery: Option<ComponentExportIndex>,
}

type PlanAnswer = (Result<wit::Step, wit::Failure>,);
type ValidateAnswer = (Result<wit::Valid, Vec<wit::Problem>>,);
type BatchAnswer = (Result<wit::Batch, wit::Failure>,);

impl Adapter {
    /// Finds the functions of the contract in a component; their signatures are looked at by [`Self::signatures`].
    pub(super) fn new(sandbox: Sandbox) -> Result<Self, RefusalKind> {
        let component = sandbox.component();
        let find = |name: &str| export(component, SOURCE, name).ok_or_else(|| missing(name));
        Ok(Self {
            describe: find("describe")?,
            validate: find("validate")?,
            plan: find("plan")?,
            normalize: find("normalize")?,
            normalize_delivery: match component.get_export_index(None, DELIVERIES) {
                None => None,
                Some(_) => {
                    let name = "normalize-delivery";
                    Some(export(component, DELIVERIES, name).ok_or_else(|| missing(name))?)
                }
            },
            sandbox,
        })
    }

    /// Whether the plugin understands webhook deliveries.
    pub(super) const fn takes_deliveries(&self) -> bool {
        self.normalize_delivery.is_some()
    }

    /// The first function whose signature is not the contract's, and how it differs. Makes one instance.
    pub(super) async fn signatures(&self, cx: &CallContext) -> Result<Option<String>, Box<Failed>> {
        let mut look = Signatures::of(self.sandbox.instance(cx).await?);
        look.function::<(), (wit::Manifest,)>("describe", &self.describe);
        look.function::<(&str, &str, &str), ValidateAnswer>("validate", &self.validate);
        look.function::<(wit::Job<'_>,), PlanAnswer>("plan", &self.plan);
        look.function::<(wit::Job<'_>, wit::Page<'_>), BatchAnswer>("normalize", &self.normalize);
        if let Some(index) = &self.normalize_delivery {
            look.function::<(wit::Job<'_>, wit_deliveries::Delivery<'_>), BatchAnswer>("normalize-delivery", index);
        }
        Ok(look.wrong())
    }

    pub(super) async fn describe(&self, cx: &CallContext) -> Result<Answer<Manifest>, Box<Failed>> {
        let answer = self.sandbox.call::<_, (wit::Manifest,)>(Call::Describe, &self.describe, (), cx).await?;
        Ok(answer.map(|(manifest,)| take::manifest(manifest)))
    }

    pub(super) async fn validate(
        &self,
        kind: &str,
        identifier: &str,
        overrides: &str,
        cx: &CallContext,
    ) -> Result<Answer<Result<Valid, Vec<Problem>>>, Box<Failed>> {
        let params = (kind, identifier, overrides);
        let answer = self.sandbox.call::<_, ValidateAnswer>(Call::Validate, &self.validate, params, cx).await?;
        Ok(answer.map(|(result,)| {
            result.map(take::valid).map_err(|problems| problems.into_iter().map(take::problem).collect())
        }))
    }

    pub(super) async fn plan(&self, job: &Job, cx: &CallContext) -> Result<Answer<Result<Step, Failure>>, Box<Failed>> {
        let answer = self.sandbox.call::<_, PlanAnswer>(Call::Plan, &self.plan, (give::job(job),), cx).await?;
        Ok(answer.map(|(result,)| result.map(take::step).map_err(take::failure)))
    }

    pub(super) async fn normalize(
        &self,
        job: &Job,
        page: &Page,
        cx: &CallContext,
    ) -> Result<Answer<Result<Batch, Failure>>, Box<Failed>> {
        let lists = give::PageLists::of(page);
        let params = (give::job(job), lists.page(page));
        let answer = self.sandbox.call::<_, BatchAnswer>(Call::Normalize, &self.normalize, params, cx).await?;
        Ok(answer.map(|(result,)| result.map(take::batch).map_err(take::failure)))
    }

    /// `None` if the plugin does not take deliveries.
    pub(super) async fn normalize_delivery(
        &self,
        job: &Job,
        delivery: &Delivery,
        cx: &CallContext,
    ) -> Result<Option<Answer<Result<Batch, Failure>>>, Box<Failed>> {
        let Some(index) = &self.normalize_delivery else { return Ok(None) };
        let (query, headers) = (give::headers(&delivery.query), give::headers(&delivery.headers));
        let params = (give::job(job), give::delivery(delivery, &query, &headers));
        let answer = self.sandbox.call::<_, BatchAnswer>(Call::NormalizeDelivery, index, params, cx).await?;
        Ok(Some(answer.map(|(result,)| result.map(take::batch).map_err(take::failure))))
    }
}
