//! The engine's ports, each of which tells the journal what is asked of it and what it answers.
//!
//! Owns: what is told of a call, a request, an actor run. Must not know: what is behind a port, or what becomes of an answer.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tidegate_core::actor::{Account, Order, RemoteId, RemoteRun, RemoteStatus, Slice};
use tidegate_core::contract::{
    Batch, Failure as Told, Fetch, HttpRequest, HttpResponse, Job, Manifest, Page, PageContent, Problem, Step, Valid,
};
use tidegate_core::failure::Failure;
use tidegate_core::id::CredentialName;
use tidegate_core::item;
use tidegate_core::profile::Net;
use tidegate_core::time::UtcMillis;

use super::journal::{Journal, item_facts};
use crate::plugins;
use crate::ports::{self, Actors, Asked, Egress, NotStarted, PluginLine};

/// The one plugin there is.
pub(super) struct One(pub(super) Arc<TellingPlugin>);

impl ports::Plugins for One {
    fn find(&self, name: &str) -> Option<Arc<dyn ports::Plugin>> {
        (name == self.0.plugin.name()).then(|| Arc::<TellingPlugin>::clone(&self.0) as Arc<dyn ports::Plugin>)
    }

    fn names(&self) -> Vec<String> {
        vec![self.0.plugin.name().to_owned()]
    }
}

/// A plugin whose calls are told.
pub(super) struct TellingPlugin {
    pub(super) plugin: Arc<plugins::Plugin>,
    pub(super) journal: Arc<Journal>,
}

impl TellingPlugin {
    fn port(&self) -> &dyn ports::Plugin {
        &*self.plugin
    }
}

/// What a fetch is, for a person.
pub(super) fn fetch_facts(fetch: &Fetch) -> Value {
    match fetch {
        Fetch::Http(request) => json!({ "http": request_facts(request) }),
        other => json!(other),
    }
}

fn request_facts(request: &HttpRequest) -> Value {
    json!({
        "method": request.method,
        "url": request.url,
        "headers": request.headers.iter().map(|header| format!("{}: {}", header.name, header.value)).collect::<Vec<_>>(),
        "body_bytes": request.body.as_ref().map(|body| body.as_bytes().len()),
    })
}

fn lines(log: &[PluginLine]) -> Vec<String> {
    log.iter().map(|line| format!("{} {}", line.level, line.message)).collect()
}

/// Who tries a plugin out writes it: what it must be told is how to correct it, also where the engine quotes it.
fn to_author<T>(mut asked: Asked<T>) -> Asked<T> {
    if let Err(fault) = &mut asked.answer {
        fault.message.clone_from(&fault.for_author);
    }
    asked
}

fn cpu<T>(asked: &Asked<T>) -> f64 {
    (asked.cpu.as_secs_f64() * 1e6).round() / 1e3
}

#[async_trait]
impl ports::Plugin for TellingPlugin {
    fn manifest(&self) -> &Manifest {
        self.port().manifest()
    }

    fn digest(&self) -> String {
        self.port().digest()
    }

    fn check_overrides(&self, kind: &str, overrides: &Value) -> Vec<Problem> {
        self.port().check_overrides(kind, overrides)
    }

    async fn validate(&self, kind: &str, identifier: &str, overrides: &str) -> Asked<Result<Valid, Vec<Problem>>> {
        let asked = to_author(self.port().validate(kind, identifier, overrides).await);
        let mut facts = json!({ "kind": kind, "identifier": identifier, "overrides": overrides, "cpu_ms": cpu(&asked), "log": lines(&asked.log) });
        match &asked.answer {
            Ok(Ok(valid)) => facts["normal_form"] = json!(valid.identifier),
            Ok(Err(problems)) => facts["problems"] = json!(problems),
            Err(fault) => facts["fault"] = json!(fault.message),
        }
        self.journal.step("validate", facts);
        asked
    }

    async fn plan(&self, job: &Job) -> Asked<Result<Step, Told>> {
        let asked = to_author(self.port().plan(job).await);
        let mut facts = json!({
            "now": job.now, "max_items": job.max_items, "max_pages": job.max_pages, "actor": job.actor,
            "cpu_ms": cpu(&asked), "log": lines(&asked.log)
        });
        match &asked.answer {
            Ok(Ok(step)) => {
                facts["fetch"] = fetch_facts(&step.fetch);
                facts["state"] = json!(step.state);
            }
            Ok(Err(failure)) => facts["failure"] = json!(failure),
            Err(fault) => facts["fault"] = json!(fault.message),
        }
        self.journal.step("plan", facts);
        asked
    }

    async fn normalize(&self, job: &Job, page: Page) -> Asked<Result<Batch, Told>> {
        self.journal.page(job, &page);
        let (number, status) = (page.number, status(&page));
        let asked = to_author(self.port().normalize(job, page).await);
        let mut facts = json!({ "page": number, "cpu_ms": cpu(&asked), "log": lines(&asked.log) });
        match &asked.answer {
            Ok(Ok(batch)) => batch_facts(&mut facts, batch, status, &job.now),
            Ok(Err(failure)) => facts["failure"] = json!(failure),
            Err(fault) => facts["fault"] = json!(fault.message),
        }
        self.journal.step("normalize", facts);
        asked
    }
}

fn status(page: &Page) -> Option<u16> {
    if let PageContent::Http(response) = &page.content { Some(response.status) } else { None }
}

/// What came of a page, as the host takes it.
fn batch_facts(facts: &mut Value, batch: &Batch, status: Option<u16>, now: &str) {
    let now = UtcMillis::parse(now).unwrap_or_default();
    match item::accept(batch.clone(), status, now) {
        Err(bad) => facts["bad_output"] = json!(bad.to_string()),
        Ok(page) => {
            facts["outcome"] = json!(page.outcome.status);
            facts["detail"] = json!(Some(&page.outcome.detail).filter(|detail| !detail.is_empty()));
            facts["items"] = json!(page.items.len());
            facts["item"] = page.items.iter().map(item_facts).collect();
            facts["rejected"] = json!(page.rejected);
            let reject =
                |reject: &tidegate_core::contract::Reject| format!("element {}: {}", reject.element, reject.reason);
            facts["reject"] = page.rejects.iter().map(reject).collect();
            facts["removals"] = json!(page.removals.len());
            facts["fillers"] = json!(page.fillers);
            facts["trouble"] = json!(page.trouble.map(|failure| failure.message));
            facts["watermark"] = json!(page.watermark);
            facts["facts"] = json!(page.facts);
            facts["hints"] = json!(page.hints);
            facts["warning"] = json!(page.warnings);
            facts["next"] = page.next.map_or(Value::Null, |next| fetch_facts(&next.fetch));
        }
    }
    if let Value::Object(object) = facts {
        object.retain(|_, value| !value.is_null());
    }
}

/// A way out whose requests are told.
pub(super) struct TellingEgress {
    pub(super) egress: Arc<dyn Egress>,
    pub(super) journal: Arc<Journal>,
}

#[async_trait]
impl Egress for TellingEgress {
    async fn fetch(&self, request: &HttpRequest, net: &Net, now: UtcMillis) -> Result<HttpResponse, Failure> {
        self.journal.step("request", request_facts(request));
        let answer = self.egress.fetch(request, net, now).await;
        match &answer {
            Ok(response) => self.journal.step(
                "answer",
                json!({
                    "status": response.status,
                    "url": response.final_url,
                    "redirects": response.redirects.iter().map(|hop| format!("{} {}", hop.status, hop.url)).collect::<Vec<_>>(),
                    "bytes": response.body.as_bytes().len(),
                    "header": response.headers.iter().map(|header| format!("{}: {}", header.name, header.value)).collect::<Vec<_>>(),
                }),
            ),
            Err(failure) => {
                let facts = json!({ "class": failure.class, "message": failure.message });
                self.journal.step("no answer", facts);
            }
        }
        answer
    }
}

/// An actor platform whose runs are told.
pub(super) struct TellingActors {
    pub(super) actors: Arc<dyn Actors>,
    pub(super) journal: Arc<Journal>,
}

#[async_trait]
impl Actors for TellingActors {
    async fn start(&self, order: &Order) -> Result<RemoteRun, NotStarted> {
        let facts =
            json!({ "actor": order.actor, "build": order.build, "charge_cap": order.charge_cap, "input": order.input });
        self.journal.step("start actor", facts);
        let started = self.actors.start(order).await;
        match &started {
            Ok(run) => self.journal.step("actor started", json!({ "remote": run.id, "status": run.status })),
            Err(NotStarted::Refused(failure)) => {
                self.journal.step("actor refused", json!({ "message": failure.message }));
            }
            Err(NotStarted::Unknown(failure)) => {
                self.journal.step("actor unknown", json!({ "message": failure.message }));
            }
        }
        started
    }

    async fn find(&self, order: &Order, since: UtcMillis, taken: &[RemoteId]) -> Result<Option<RemoteRun>, Failure> {
        self.actors.find(order, since, taken).await
    }

    async fn inspect(&self, credential: &CredentialName, run: &RemoteId) -> Result<Option<RemoteRun>, Failure> {
        let found = self.actors.inspect(credential, run).await;
        if let Ok(Some(run)) = &found {
            self.journal.step(
                "actor",
                json!({ "remote": run.id, "status": run.status, "cost": run.cost, "message": run.message }),
            );
        }
        found
    }

    async fn statuses(
        &self,
        credential: &CredentialName,
        runs: &[RemoteId],
        since: UtcMillis,
    ) -> Result<Vec<(RemoteId, RemoteStatus)>, Failure> {
        self.actors.statuses(credential, runs, since).await
    }

    async fn abort(&self, credential: &CredentialName, run: &RemoteId) -> Result<(), Failure> {
        self.journal.step("abort actor", json!({ "remote": run }));
        self.actors.abort(credential, run).await
    }

    async fn read(&self, credential: &CredentialName, dataset: &RemoteId, offset: u32) -> Result<Slice, Failure> {
        let slice = self.actors.read(credential, dataset, offset).await;
        match &slice {
            Ok(slice) => self.journal.step("dataset", json!({ "offset": offset, "elements": slice.elements.len() })),
            Err(failure) => self.journal.step("dataset", json!({ "offset": offset, "message": failure.message })),
        }
        slice
    }

    async fn account(&self, credential: &CredentialName) -> Result<Account, Failure> {
        self.actors.account(credential).await
    }
}
