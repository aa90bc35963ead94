//! The adapter of an artificial track, newer than every released one: `wit/` in this folder on one side,
//! `tidegate_core::contract` on the other. Compiled for tests alone.
//!
//! Owns: what a further track costs, and the proof that two of them live side by side. Must not know: any real plugin. A real
//! track looks the same; only its records are longer.

mod tests;

use tidegate_core::contract::{
    Batch, BodyForm, Delivery, Failure, FailureCategory, Fetch, Header, HttpRequest, Item, Job, Kind, Manifest,
    Outcome, OutcomeStatus, Page, PageContent, Problem, Step, Valid,
};
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
    reason = "generated from wit/ in this folder; what is unsafe in it is wasmtime's own"
)]
mod bindings {
    wasmtime::component::bindgen!({ path: "src/plugins/v0_9/wit", world: "plugin", exports: { default: async } });
}

use bindings::tidegate::plugin::log as wit_log;

const SOURCE: &str = "tidegate:plugin/source@0.9.0";

impl wit_log::Host for CallState {
    fn line(&mut self, message: String) {
        self.log.write(LogLevel::Info, &message);
    }
}

/// Links what components of this track may import.
pub(super) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit_log::add_to_linker::<_, HasSelf<_>>(linker, |state| state)
}

/// A component of this track, ready to be called.
pub(super) struct Adapter {
    sandbox: Sandbox,
    describe: ComponentExportIndex,
    validate: ComponentExportIndex,
    plan: ComponentExportIndex,
    normalize: ComponentExportIndex,
}

type Described = ((String, String, Vec<String>, Vec<String>),);
type Text = (Result<String, String>,);
type Titles = (Result<Vec<(String, String)>, String>,);

impl Adapter {
    pub(super) fn new(sandbox: Sandbox) -> Result<Self, RefusalKind> {
        let component = sandbox.component();
        let find = |name: &str| export(component, SOURCE, name).ok_or_else(|| missing(name));
        Ok(Self {
            describe: find("describe")?,
            validate: find("validate")?,
            plan: find("plan")?,
            normalize: find("normalize")?,
            sandbox,
        })
    }

    /// The track has no deliveries.
    #[expect(clippy::unused_self, reason = "as the adapters of other tracks")]
    pub(super) const fn takes_deliveries(&self) -> bool {
        false
    }

    pub(super) async fn signatures(&self, cx: &CallContext) -> Result<Option<String>, Box<Failed>> {
        let mut look = Signatures::of(self.sandbox.instance(cx).await?);
        look.function::<(), Described>("describe", &self.describe);
        look.function::<(&str,), Text>("validate", &self.validate);
        look.function::<(&str,), Text>("plan", &self.plan);
        look.function::<(&str,), Titles>("normalize", &self.normalize);
        Ok(look.wrong())
    }

    pub(super) async fn describe(&self, cx: &CallContext) -> Result<Answer<Manifest>, Box<Failed>> {
        let answer = self.sandbox.call::<_, Described>(Call::Describe, &self.describe, (), cx).await?;
        Ok(answer.map(|((name, version, kinds, hosts),)| Manifest {
            name,
            version,
            description: String::new(),
            kinds: kinds.into_iter().map(|name| kind(name, &hosts)).collect(),
            extra: None,
        }))
    }

    pub(super) async fn validate(
        &self,
        _kind: &str,
        identifier: &str,
        _overrides: &str,
        cx: &CallContext,
    ) -> Result<Answer<Result<Valid, Vec<Problem>>>, Box<Failed>> {
        let answer = self.sandbox.call::<_, Text>(Call::Validate, &self.validate, (identifier,), cx).await?;
        let problem = |message| vec![Problem { pointer: String::new(), message }];
        Ok(answer.map(|(text,)| text.map(|identifier| Valid { identifier, extra: None }).map_err(problem)))
    }

    pub(super) async fn plan(&self, job: &Job, cx: &CallContext) -> Result<Answer<Result<Step, Failure>>, Box<Failed>> {
        let params = (job.identifier.as_str(),);
        let answer = self.sandbox.call::<_, Text>(Call::Plan, &self.plan, params, cx).await?;
        let step = |url| Step { fetch: Fetch::Http(get(url)), state: None, extra: None };
        Ok(answer.map(|(url,)| url.map(step).map_err(|message| failure(FailureCategory::Config, message))))
    }

    pub(super) async fn normalize(
        &self,
        _job: &Job,
        page: &Page,
        cx: &CallContext,
    ) -> Result<Answer<Result<Batch, Failure>>, Box<Failed>> {
        let body = match &page.content {
            PageContent::Http(response) => String::from_utf8_lossy(response.body.as_bytes()),
            // The track knows of nothing else, and asked for nothing else.
            PageContent::Dataset(_) | PageContent::Other(_) => "".into(),
        };
        let answer = self.sandbox.call::<_, Titles>(Call::Normalize, &self.normalize, (body.as_ref(),), cx).await?;
        Ok(answer.map(|(titles,)| titles.map(batch).map_err(|message| failure(FailureCategory::BadAnswer, message))))
    }

    pub(super) async fn normalize_delivery(
        &self,
        _job: &Job,
        _delivery: &Delivery,
        _cx: &CallContext,
    ) -> Result<Option<Answer<Result<Batch, Failure>>>, Box<Failed>> {
        Ok(None)
    }
}

/// What the track does not say of a kind is what 0.1 would say for it.
fn kind(name: String, hosts: &[String]) -> Kind {
    Kind {
        name,
        description: String::new(),
        overrides_schema: String::new(),
        examples: Vec::new(),
        hosts: hosts.to_vec(),
        methods: vec!["GET".to_owned()],
        actors: Vec::new(),
        deltas: Vec::new(),
        deliveries: false,
        extra: None,
    }
}

fn get(url: String) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url,
        headers: vec![Header { name: "accept".to_owned(), value: "text/plain".to_owned() }],
        body: None,
        want: BodyForm::Text,
        pass_statuses: Vec::new(),
        extra: None,
    }
}

fn failure(category: FailureCategory, message: String) -> Failure {
    Failure { category, message, retry_after_s: None, pointer: None, extra: None }
}

fn batch(titles: Vec<(String, String)>) -> Batch {
    let items = (0..).zip(titles).map(|(element, (external_id, title))| Item {
        element,
        external_id,
        partial: false,
        kind: "post".to_owned(),
        url: None,
        authors: Vec::new(),
        title: Some(title),
        text: None,
        html: None,
        summary: None,
        published_at: None,
        updated_at: None,
        language: None,
        media: Vec::new(),
        metrics: Vec::new(),
        references: Vec::new(),
        tags: Vec::new(),
        data: None,
        extra: None,
    });
    Batch {
        items: items.collect(),
        removals: Vec::new(),
        rejects: Vec::new(),
        fillers: 0,
        outcome: Outcome { status: OutcomeStatus::Ok, detail: String::new(), extra: None },
        facts: None,
        watermark: None,
        trouble: None,
        state: None,
        hints: None,
        warnings: Vec::new(),
        next: None,
        extra: None,
    }
}
