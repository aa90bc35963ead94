//! The plugin of a simulated world.
//!
//! Owns: the same work a real plugin does, without a sandbox: it says what to fetch and reads what comes. Must not know: the
//! platform's state. Called by the engine through its port.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use tidegate_core::contract::{
    ActorRun, Batch, BodyForm, Failure, FailureCategory, Fetch, HttpRequest, Item, Job, Kind, Manifest, Outcome,
    OutcomeStatus, Page, PageContent, Problem, Step, Valid, Watermark,
};
use tidegate_core::time::UtcMillis;

use super::platform::PLACE;
use crate::ports::{Asked, Plugin, Plugins};

/// Its name.
pub(super) const NAME: &str = "simulated";
/// What its actor is called.
pub(super) const ACTOR: &str = "simulated/posts";

/// The room with the one plugin in it.
pub(super) struct Room(Arc<dyn Plugin>);

impl Room {
    pub(super) fn new() -> Self {
        let kind = |name: &str, methods: &[&str], actors: &[&str]| Kind {
            name: name.to_owned(),
            description: String::new(),
            overrides_schema: String::new(),
            examples: Vec::new(),
            hosts: vec!["platform.simulate.example".to_owned()],
            methods: methods.iter().map(|method| (*method).to_owned()).collect(),
            actors: actors.iter().map(|actor| (*actor).to_owned()).collect(),
            deltas: vec!["newest-id".to_owned()],
            deliveries: false,
            extra: None,
        };
        let manifest = Manifest {
            name: NAME.to_owned(),
            version: "0.1.0".to_owned(),
            description: "Reads the platforms of a simulated world".to_owned(),
            kinds: vec![kind("feed", &["GET"], &[]), kind("account", &[], &[ACTOR])],
            extra: None,
        };
        Self(Arc::new(Scripted { manifest }))
    }
}

impl Plugins for Room {
    fn find(&self, name: &str) -> Option<Arc<dyn Plugin>> {
        (name == NAME).then(|| Arc::clone(&self.0))
    }

    fn names(&self) -> Vec<String> {
        vec![NAME.to_owned()]
    }
}

struct Scripted {
    manifest: Manifest,
}

/// A post as the platform tells it.
#[derive(Deserialize)]
struct Told {
    number: u64,
    at: i64,
}

fn asked<T>(answer: T) -> Asked<T> {
    Asked { answer: Ok(answer), log: Vec::new(), cpu: Duration::ZERO }
}

#[async_trait]
impl Plugin for Scripted {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn digest(&self) -> String {
        "the only one".to_owned()
    }

    fn check_overrides(&self, _kind: &str, _overrides: &Value) -> Vec<Problem> {
        Vec::new()
    }

    async fn validate(&self, _: &str, identifier: &str, _: &str) -> Asked<Result<Valid, Vec<Problem>>> {
        asked(Ok(Valid { identifier: identifier.to_owned(), extra: None }))
    }

    async fn plan(&self, job: &Job) -> Asked<Result<Step, Failure>> {
        let fetch = if job.actor.is_some() {
            let input = serde_json::json!({ "source": job.identifier, "most": job.max_items }).to_string();
            Fetch::Actor(ActorRun { input, max_elements: job.max_items, extra: None })
        } else {
            Fetch::Http(HttpRequest {
                method: "GET".to_owned(),
                url: format!("{PLACE}{}", job.identifier),
                headers: Vec::new(),
                body: None,
                want: BodyForm::Text,
                pass_statuses: Vec::new(),
                extra: None,
            })
        };
        asked(Ok(Step { fetch, state: None, extra: None }))
    }

    async fn normalize(&self, job: &Job, page: Page) -> Asked<Result<Batch, Failure>> {
        let lines: Vec<String> = match page.content {
            PageContent::Http(response) => {
                String::from_utf8_lossy(response.body.as_bytes()).lines().map(str::to_owned).collect()
            }
            PageContent::Dataset(dataset) => dataset.elements,
            PageContent::Other(_) => Vec::new(),
        };
        let told: Result<Vec<Told>, _> = lines.iter().map(|line| serde_json::from_str(line)).collect();
        asked(match told {
            Ok(told) => Ok(batch(job, &told)),
            Err(error) => Err(Failure {
                category: FailureCategory::BadAnswer,
                message: format!("no list of posts: {error}"),
                retry_after_s: None,
                pointer: None,
                extra: None,
            }),
        })
    }
}

/// What is newer than the watermark.
fn batch(job: &Job, told: &[Told]) -> Batch {
    let known = job.watermark.as_ref().and_then(|watermark| watermark.newest_id.as_ref()?.parse().ok()).unwrap_or(0);
    let time = |told: &Told| UtcMillis::from_millis(told.at).to_string();
    let watermark = told.iter().max_by_key(|told| told.number).map(|newest| Watermark {
        newest_id: Some(newest.number.to_string()),
        newest_published_at: Some(time(newest)),
        cursor: None,
    });
    let new = (0..).zip(told).filter(|(_, told)| told.number > known);
    let items: Vec<Item> = new.map(|(element, told)| item(element, told.number, time(told))).collect();
    let status = if items.is_empty() { OutcomeStatus::NoNew } else { OutcomeStatus::Ok };
    Batch {
        items,
        removals: Vec::new(),
        rejects: Vec::new(),
        fillers: 0,
        outcome: Outcome { status, detail: String::new(), extra: None },
        facts: None,
        watermark,
        trouble: None,
        state: None,
        hints: None,
        warnings: Vec::new(),
        next: None,
        extra: None,
    }
}

fn item(element: u32, number: u64, published_at: String) -> Item {
    Item {
        element,
        external_id: number.to_string(),
        partial: false,
        kind: "post".to_owned(),
        url: None,
        authors: Vec::new(),
        title: None,
        text: None,
        html: None,
        summary: None,
        published_at: Some(published_at),
        updated_at: None,
        language: None,
        media: Vec::new(),
        metrics: Vec::new(),
        references: Vec::new(),
        tags: Vec::new(),
        data: None,
        extra: None,
    }
}
