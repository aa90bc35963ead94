//! A document through the feed plugin as the daemon runs it: the shipped component, loaded, planned and normalized by the
//! plugin room, its batch checked by the core.
//!
//! Owns: that way. Must not know: the corpus. Called by the binary `feeds` and by the tests of all fixtures and of the
//! samples of actors. The batch that is judged is the plugin's own;
//! the core's check of it has to pass too, because a batch that breaks the contract never reaches the store.

use std::sync::Arc;

use serde_json::{Value, json};
use tidegate::plugins::shipped::shipped;
use tidegate::plugins::{CallContext, Origin, Plugin, PluginRoom, RoomConfig};
use tidegate_core::contract::{ActorEnd, Body, DatasetPage, Fetch, Header, HttpResponse, Job, Page, PageContent};
use tidegate_core::item;
use tidegate_core::time::UtcMillis;
use tidegate_plugin_kit as kit;
use tokio::runtime::Runtime;

use crate::Trouble;
use crate::corpus::Refused;

/// When everything in here happens.
const NOW: &str = "2026-01-01T00:00:00Z";

/// A plugin in its room.
pub struct Component {
    runtime: Runtime,
    plugin: Arc<Plugin>,
}

impl Component {
    /// Loads the shipped plugin of that name.
    ///
    /// # Errors
    /// When the room cannot be set up or refuses the plugin.
    pub fn load(name: &str) -> Result<Self, Trouble> {
        let bytes = shipped().iter().find(|(shipped, _)| *shipped == name).map(|(_, bytes)| bytes.to_vec());
        Self::of(bytes.ok_or_else(|| Trouble::printed("a shipped plugin of that name", name))?, name)
    }

    /// Loads a component.
    ///
    /// # Errors
    /// When the room cannot be set up or refuses the component.
    pub fn of(bytes: Vec<u8>, name: &str) -> Result<Self, Trouble> {
        let trouble = |printed: String| Trouble::printed(format!("loading the plugin {name}"), &printed);
        let runtime = Runtime::new().map_err(Trouble::io("starting the async runtime"))?;
        let plugin = runtime.block_on(async {
            let room = PluginRoom::new(RoomConfig::default()).map_err(|error| trouble(error.to_string()))?;
            room.load(bytes, Origin::Shipped(name.to_owned())).await.map_err(|refusal| trouble(refusal.to_string()))
        })?;
        Ok(Self { runtime, plugin })
    }

    /// The plugin itself.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// The normal form of an identifier, or what is wrong with it, as JSON.
    ///
    /// # Errors
    /// The problems; a fault as text.
    pub fn validate(&self, kind: &str, identifier: &str, overrides: &str) -> Result<String, Value> {
        let context = CallContext::at(UtcMillis::parse(NOW).unwrap_or_default());
        let asked = self.runtime.block_on(self.plugin.validate(kind, identifier, overrides, &context));
        let valid = asked.map_err(|fault| json!(fault.to_string()))?.value;
        valid.map(|valid| valid.identifier).map_err(|problems| json!(problems))
    }

    /// What the plugin wants fetched first: the request and the step's state, as JSON and text.
    ///
    /// # Errors
    /// The plugin's failure, as JSON; a fault as text.
    pub fn plan(&self, job: &Job) -> Result<(Value, Option<String>), Value> {
        let asked = self.runtime.block_on(self.plugin.plan(job, &context(job)));
        let step = asked.map_err(|fault| json!(fault.to_string()))?.value.map_err(|failure| json!(failure))?;
        let request = match &step.fetch {
            Fetch::Http(request) => json!(request),
            other => json!(other),
        };
        Ok((request, step.state))
    }

    /// What comes of a page, as JSON.
    ///
    /// # Errors
    /// The plugin's failure, as JSON; a fault as text.
    pub fn normalize(&self, job: &Job, page: &Page) -> Result<Value, Value> {
        let asked = self.runtime.block_on(self.plugin.normalize(job, page, &context(job)));
        asked
            .map_err(|fault| json!(fault.to_string()))?
            .value
            .map(|batch| json!(batch))
            .map_err(|failure| json!(failure))
    }

    /// What comes of a page, as JSON, if the core accepts every item of it.
    ///
    /// # Errors
    /// The plugin's failure or fault, or what the core rejects.
    pub fn accepted(&self, job: &Job, page: &Page) -> Result<Value, String> {
        let asked = self.runtime.block_on(self.plugin.normalize(job, page, &context(job)));
        let batch = asked.map_err(|fault| fault.to_string())?.value.map_err(|failure| failure.message)?;
        let (judged, own) = (json!(batch), batch.rejects.len());
        let now = UtcMillis::parse(&job.now).unwrap_or_default();
        let accepted = item::accept(batch, None, now).map_err(|bad| format!("bad output: {bad}"))?;
        match accepted.rejects.get(own) {
            Some(reject) => Err(format!("the core rejects element {}: {}", reject.element, reject.reason)),
            None => Ok(judged),
        }
    }

    /// Plans and normalizes one document as if `document_url` had answered with it.
    ///
    /// # Errors
    /// The plugin's failure, or its fault.
    pub fn run(&self, document: &[u8], document_url: &str, content_type: &str) -> Result<Value, Refused> {
        self.runtime.block_on(self.run_async(document, document_url, content_type))
    }

    async fn run_async(&self, document: &[u8], document_url: &str, content_type: &str) -> Result<Value, Refused> {
        let now = UtcMillis::parse(NOW).unwrap_or_default();
        let context = CallContext::at(now);
        let fault = |fault: Box<tidegate::plugins::Fault>| Refused::Fault(fault.to_string());
        let valid = self.plugin.validate("feed", document_url, "{}", &context).await.map_err(fault)?.value;
        let identifier =
            valid.map_err(|problems| Refused::Failure(format!("validate: {:?}", problems.first())))?.identifier;
        let job = Job {
            kind: "feed".to_owned(),
            identifier,
            overrides: "{}".to_owned(),
            watermark: None,
            max_items: 10_000,
            max_pages: 10,
            now: NOW.to_owned(),
            actor: None,
            platform_id: None,
            extra: None,
        };
        let step = self.plugin.plan(&job, &context).await.map_err(fault)?.value;
        let step = step.map_err(|failure| Refused::Failure(failure.message))?;
        let Fetch::Http(_) = step.fetch else { return Err(Refused::Fault("no request was planned".to_owned())) };
        let page = Page {
            state: step.state,
            content: PageContent::Http(HttpResponse {
                status: 200,
                final_url: document_url.to_owned(),
                redirects: Vec::new(),
                headers: vec![Header { name: "content-type".to_owned(), value: content_type.to_owned() }],
                body: Body::Bytes(document.to_vec()),
                extra: None,
            }),
            number: 0,
            extra: None,
        };
        let batch = self.plugin.normalize(&job, &page, &context).await.map_err(fault)?.value;
        let batch = batch.map_err(|failure| Refused::Failure(failure.message))?;
        let judged = serde_json::to_value(&batch).map_err(|error| Refused::Fault(error.to_string()))?;
        let accepted =
            item::accept(batch, Some(200), now).map_err(|bad| Refused::Fault(format!("bad output: {bad}")))?;
        match accepted.rejects.first() {
            Some(reject) => {
                Err(Refused::Fault(format!("{} items rejected; first: {}", accepted.rejected, reject.reason)))
            }
            None => Ok(judged),
        }
    }
}

/// A page of a dataset, from the guest's side of the contract to the host's.
#[must_use]
pub fn dataset_page(given: &kit::DatasetPage) -> DatasetPage {
    let ended = match given.ended {
        kit::ActorEnd::Succeeded => ActorEnd::Succeeded,
        kit::ActorEnd::Failed => ActorEnd::Failed,
        kit::ActorEnd::TimedOut => ActorEnd::TimedOut,
        kit::ActorEnd::Aborted => ActorEnd::Aborted,
        kit::ActorEnd::Running => ActorEnd::Running,
        kit::ActorEnd::Other => ActorEnd::Other,
    };
    DatasetPage {
        elements: given.elements.clone(),
        offset: given.offset,
        more: given.more,
        ended,
        extra: given.extra.clone(),
    }
}

/// The usual limits at the job's time.
fn context(job: &Job) -> CallContext {
    CallContext::at(UtcMillis::parse(&job.now).unwrap_or_default())
}
