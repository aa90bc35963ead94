//! What a rehearsal finds, with plugins that order what they are told to.
#![expect(clippy::unwrap_used, reason = "tests")]

use async_trait::async_trait;
use serde_json::json;
use tidegate_core::contract::{
    ActorRun, Batch, Failure as Given, FailureCategory, Job, Manifest, Page, Problem, Step, Valid,
};

use super::*;
use crate::config::parse_profile;
use crate::ports::Asked;

/// Orders `elements` for each item it may bring, with an event for each once there is a watermark.
struct Scripted {
    manifest: Manifest,
    elements: u32,
    event: Option<&'static str>,
    refuses: bool,
}

fn asked<T>(answer: T) -> Asked<T> {
    Asked { answer: Ok(answer), log: Vec::new(), cpu: core::time::Duration::ZERO }
}

#[async_trait]
impl Plugin for Scripted {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn digest(&self) -> String {
        "the only one".to_owned()
    }

    fn check_overrides(&self, _: &str, overrides: &Value) -> Vec<Problem> {
        let missing = Problem { pointer: "/must".to_owned(), message: "is required".to_owned() };
        if overrides.get("must").is_some() { Vec::new() } else { vec![missing] }
    }

    async fn validate(&self, _: &str, identifier: &str, _: &str) -> Asked<Result<Valid, Vec<Problem>>> {
        let problem = Problem { pointer: "/since".to_owned(), message: "is no day".to_owned() };
        let valid = Valid { identifier: identifier.to_lowercase(), extra: None };
        asked(if self.refuses { Err(vec![problem]) } else { Ok(valid) })
    }

    async fn plan(&self, job: &Job) -> Asked<Result<Step, Given>> {
        assert_eq!((job.identifier.as_str(), job.actor.as_deref()), ("nasa", Some("a/b")));
        assert!(job.overrides.contains("must"), "what the schema requires is given: {}", job.overrides);
        let elements = job.max_items * self.elements;
        let events = self.event.filter(|_| job.watermark.is_some());
        let extra = events.map(|event| json!({ "events": { event: elements } }).to_string());
        let run = ActorRun { input: "{}".to_owned(), max_elements: elements, extra };
        asked(Ok(Step { fetch: Fetch::Actor(run), state: None, extra: None }))
    }

    async fn normalize(&self, _: &Job, _: Page) -> Asked<Result<Batch, Given>> {
        let message = "nothing is fetched here".to_owned();
        asked(Err(Given { category: FailureCategory::Other, message, retry_after_s: None, pointer: None, extra: None }))
    }
}

fn scripted(elements: u32, event: Option<&'static str>, refuses: bool) -> Scripted {
    let example = Example { identifier: "NASA".to_owned(), overrides: r#"{"must":1}"#.to_owned(), note: String::new() };
    let kind = Kind {
        name: "account".to_owned(),
        description: String::new(),
        overrides_schema:
            r#"{"type":"object","additionalProperties":false,"properties":{"must":{}},"required":["must"]}"#.to_owned(),
        examples: vec![example],
        hosts: vec![],
        methods: vec![],
        actors: vec!["a/b".to_owned()],
        deltas: vec![],
        deliveries: false,
        extra: None,
    };
    let (name, version) = ("p".to_owned(), "1.0.0".to_owned());
    let manifest = Manifest { name, version, description: String::new(), kinds: vec![kind], extra: None };
    Scripted { manifest, elements, event, refuses }
}

async fn found(events: &str, plugin: &Scripted) -> Option<String> {
    let text = format!(
        "plugin = \"p\"\nkind = \"account\"\nschedule = {{ every = \"1h\" }}\n[actor]\nname = \"a/b\"\nbuild = \"1\"\n\
         [actor.price]\nas_of = \"2026-08-20\"\nelement = 0.001\n{events}"
    );
    let profile = parse_profile("a", &text, "a.toml").unwrap();
    let file = ProfileFile { place: "a.toml".to_owned(), profile };
    let now = UtcMillis::parse("2026-11-22T12:00:00Z").unwrap();
    rehearse(&file, plugin, now).await.map(|error| error.to_string())
}

#[tokio::test]
async fn what_a_plugin_would_order_is_checked_before_anything_runs() {
    let dated = "[actor.price.events]\ndate-filter = 0.001\n";
    let table = [
        ("", scripted(1, None, false), ""),
        (dated, scripted(1, Some("date-filter"), false), ""),
        (
            "",
            scripted(1, Some("date-filter"), false),
            "a later run of a source such as \"nasa\": profile a: its price table has no price",
        ),
        ("", scripted(2, None, false), "the first run of a source such as \"nasa\": the actor run may cost $0.04"),
        ("", scripted(1, None, true), "[overrides] /since is no day"),
    ];
    for (events, plugin, message) in table {
        let error = found(events, &plugin).await;
        assert_eq!(error.is_none(), message.is_empty(), "{message:?}: {error:?}");
        assert!(error.clone().unwrap_or_default().contains(message), "{message:?}: {error:?}");
    }
}
