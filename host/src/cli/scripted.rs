//! A daemon's surroundings for tests: a real database, and ports that answer as they are told to.
//!
//! Owns: the clock that stands still, a plugin that reads a page line by line (`NAME` is an item, `!NAME` an element that it can
//! read only once it is mended, `~NAME` one whose title it gets wrong until then), a way out that answers with such a page or not at all. Used by the tests of commands beside it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tidegate_core::contract::{
    self, Batch, Body, BodyForm, Failure as Told, FailureCategory, Fetch, HttpRequest, HttpResponse, Item, Job, Kind,
    Manifest, Outcome, OutcomeStatus, Page, PageContent, Problem, Reject, Step, Valid,
};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{DaemonId, RunId, SourceId};
use tidegate_core::profile::{Net, Profile};
use tidegate_core::rate::RateBook;
use tidegate_core::source::NewSource;
use tidegate_core::time::UtcMillis;

use crate::config::{Config, Credentials, Surroundings, parse_profile};
use crate::egress::{ApifyClient, EgressConfig};
use crate::engine::{Engine, Ports, Settings};
use crate::ports::{Asked, Clock, Created, Dice, Egress, Event, Observer, Plugin, Plugins, Store};
use crate::store::sqlite::{OpenOptions, SqliteStore};

/// Feeds that are read an hour apart, kept, and given up at the first failure.
pub(super) const PROFILE: &str = r#"
plugin = "lines"
kind = "feed"
keep_pages = "2d"
schedule = { every = "1h" }
retry = { in_run = [], runs = [], max_failures = 3 }
"#;

/// The clock, the dice and what the outside world does.
pub(super) struct World {
    now: AtomicI64,
    thrown: AtomicU64,
    /// Whether the plugin can read what it could not.
    pub(super) mended: AtomicBool,
    /// Whether the plugin is loaded.
    pub(super) loaded: AtomicBool,
    /// What is answered. `None`: nothing.
    pub(super) answer: Mutex<Option<String>>,
    pub(super) fetches: AtomicU64,
}

impl Clock for World {
    fn now(&self) -> UtcMillis {
        UtcMillis::from_millis(self.now.load(Ordering::SeqCst))
    }
}

impl Dice for World {
    /// Never the same twice, and small: jitter is next to nothing.
    fn throw(&self) -> u128 {
        u128::from(self.thrown.fetch_add(1, Ordering::SeqCst)) << 40
    }
}

impl Observer for World {
    fn see(&self, event: &Event) {
        assert!(!matches!(event, Event::PassFailed { .. }), "{event:?}");
    }
}

#[async_trait]
impl Egress for World {
    async fn fetch(&self, request: &HttpRequest, _: &Net, _: UtcMillis) -> Result<HttpResponse, Failure> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap().clone();
        let body = answer.ok_or_else(|| Failure::new(Class::Transient, "no answer"))?;
        Ok(HttpResponse {
            status: 200,
            final_url: request.url.clone(),
            redirects: vec![],
            headers: vec![],
            body: Body::Text(body),
            extra: None,
        })
    }
}

/// The plugin "lines" of a world.
struct Lines(Arc<World>, Manifest);

/// The room it is in.
struct Room(Arc<Lines>);

impl Plugins for Room {
    fn find(&self, name: &str) -> Option<Arc<dyn Plugin>> {
        let there = name == "lines" && self.0.0.loaded.load(Ordering::SeqCst);
        there.then(|| Arc::<Lines>::clone(&self.0) as Arc<dyn Plugin>)
    }

    fn names(&self) -> Vec<String> {
        vec!["lines".to_owned()]
    }
}

fn asked<T>(answer: T) -> Asked<T> {
    Asked { answer: Ok(answer), log: vec![], cpu: Duration::ZERO }
}

#[async_trait]
impl Plugin for Lines {
    fn manifest(&self) -> &Manifest {
        &self.1
    }

    fn digest(&self) -> String {
        "the only one".to_owned()
    }

    fn check_overrides(&self, _: &str, _: &Value) -> Vec<Problem> {
        vec![]
    }

    async fn validate(&self, _: &str, identifier: &str, _: &str) -> Asked<Result<Valid, Vec<Problem>>> {
        asked(Ok(Valid { identifier: identifier.to_owned(), extra: None }))
    }

    async fn plan(&self, job: &Job) -> Asked<Result<Step, Told>> {
        let request = HttpRequest {
            method: "GET".to_owned(),
            url: job.identifier.clone(),
            headers: vec![contract::Header { name: "X-Token".to_owned(), value: "hunter2".to_owned() }],
            body: None,
            want: BodyForm::Text,
            pass_statuses: vec![],
            extra: None,
        };
        asked(Ok(Step { fetch: Fetch::Http(request), state: Some("first".to_owned()), extra: None }))
    }

    async fn normalize(&self, _: &Job, page: Page) -> Asked<Result<Batch, Told>> {
        let broken = |message: &str| Told {
            category: FailureCategory::BadAnswer,
            message: message.to_owned(),
            retry_after_s: None,
            pointer: None,
            extra: None,
        };
        let PageContent::Http(HttpResponse { body: Body::Text(text), .. }) = page.content else {
            return asked(Err(broken("not as it was given first: text was asked for")));
        };
        if page.state.as_deref() != Some("first") {
            return asked(Err(broken("not as it was given first: the state is lost")));
        }
        let mut batch =
            Batch { outcome: Outcome { status: OutcomeStatus::Ok, detail: String::new(), extra: None }, ..empty() };
        for (element, line) in (0_u32..).zip(text.lines()) {
            let (name, hard) = line.strip_prefix('!').map_or((line, false), |name| (name, true));
            if hard && !self.0.mended.load(Ordering::SeqCst) {
                batch.rejects.push(Reject { element, reason: format!("{name} is too hard"), extra: None });
            } else if let Some(name) = name.strip_prefix('~') {
                let title = if self.0.mended.load(Ordering::SeqCst) { name.to_owned() } else { format!("[{name}]") };
                batch.items.push(Item { title: Some(title), ..item(element, name) });
            } else {
                batch.items.push(item(element, name));
            }
        }
        asked(Ok(batch))
    }
}

fn empty() -> Batch {
    Batch {
        items: vec![],
        removals: vec![],
        rejects: vec![],
        fillers: 0,
        outcome: Outcome { status: OutcomeStatus::NoNew, detail: String::new(), extra: None },
        facts: None,
        watermark: None,
        trouble: None,
        state: None,
        hints: None,
        warnings: vec![],
        next: None,
        extra: None,
    }
}

fn item(element: u32, name: &str) -> Item {
    Item {
        element,
        external_id: name.to_owned(),
        partial: false,
        kind: "entry".to_owned(),
        url: None,
        authors: vec![],
        title: Some(name.to_owned()),
        text: None,
        html: None,
        summary: None,
        published_at: None,
        updated_at: None,
        language: None,
        media: vec![],
        metrics: vec![],
        references: vec![],
        tags: vec![],
        data: None,
        extra: None,
    }
}

/// Has no variables and no files.
struct Nothing;

impl Surroundings for Nothing {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// A database with a world around it.
pub(super) struct Scene {
    pub(super) world: Arc<World>,
    pub(super) store: Arc<SqliteStore>,
    pub(super) ports: Ports,
    pub(super) settings: Settings,
    folder: tempfile::TempDir,
}

impl Scene {
    /// At noon, with one profile, "feeds".
    pub(super) async fn new(profile: &str) -> Self {
        let noon = UtcMillis::parse("2026-11-21T12:00:00Z").unwrap();
        let world = Arc::new(World {
            now: AtomicI64::new(noon.as_millis()),
            thrown: AtomicU64::new(1),
            mended: AtomicBool::new(false),
            loaded: AtomicBool::new(true),
            answer: Mutex::new(Some("one\ntwo\n".to_owned())),
            fetches: AtomicU64::new(0),
        });
        let kind = Kind {
            name: "feed".to_owned(),
            description: "A feed".to_owned(),
            overrides_schema: String::new(),
            examples: vec![],
            hosts: vec!["*".to_owned()],
            methods: vec!["GET".to_owned()],
            actors: vec![],
            deltas: vec![],
            deliveries: false,
            extra: None,
        };
        let (name, version) = ("lines".to_owned(), "1.0.0".to_owned());
        let manifest = Manifest { name, version, description: "Lines".to_owned(), kinds: vec![kind], extra: None };
        let folder = tempfile::tempdir().unwrap();
        let daemon = DaemonId::from_bits(7);
        let options = OpenOptions { create: true, daemon, now: noon };
        let store = Arc::new(SqliteStore::open(&folder.path().join("tidegate.db"), options).await.unwrap());
        let (clock, dice) = (Arc::<World>::clone(&world), Arc::<World>::clone(&world));
        let actors = ApifyClient::new(EgressConfig::default(), vec![], None, clock, dice).unwrap();
        let ports = Ports {
            store: Arc::<SqliteStore>::clone(&store) as Arc<dyn Store>,
            plugins: Arc::new(Room(Arc::new(Lines(Arc::clone(&world), manifest)))),
            egress: Arc::<World>::clone(&world) as Arc<dyn Egress>,
            actors: Arc::new(actors),
            clock: Arc::<World>::clone(&world) as Arc<dyn Clock>,
            dice: Arc::<World>::clone(&world) as Arc<dyn Dice>,
            observer: Arc::<World>::clone(&world) as Arc<dyn Observer>,
        };
        let profile: Profile = parse_profile("feeds", profile, "feeds.toml").unwrap();
        let config = Config::default();
        let credentials = Credentials::load(&config, folder.path(), std::iter::empty(), &Nothing);
        let settings = Settings {
            rates: RateBook::default(),
            daemon,
            profiles: BTreeMap::from([(profile.name.clone(), profile)]),
            budget: config.global_budget(),
            runs_at_once: 4,
            watch: Duration::from_secs(5),
            active_within: config.scheduler.active_within.duration(),
            catch_up_window: config.scheduler.catch_up_window.duration(),
            credentials: credentials.usable().into_iter().map(|one| (one.name, one.runs_at_once)).collect(),
        };
        Self { world, store, ports, settings, folder }
    }

    /// A source that is there from now on.
    pub(super) async fn add(&self, identifier: &str) -> SourceId {
        let now = self.ports.clock.now();
        let new = NewSource {
            id: SourceId::new(now, self.ports.dice.throw()),
            tenant: "acme".parse().unwrap(),
            profile: "feeds".parse().unwrap(),
            identifier: identifier.to_owned(),
            overrides: serde_json::Map::new(),
            schedule: None,
            active: true,
        };
        let bootstrap = RunId::new(now, self.ports.dice.throw());
        match self.store.create_source(new, bootstrap, now).await.unwrap() {
            Created::New(source) | Created::Existing(source) => source.id,
        }
    }

    /// Somebody else writes into the database.
    pub(super) async fn tamper(&self, sql: &'static str) {
        crate::store::sqlite::tamper::tamper(&self.folder.path().join("tidegate.db"), sql).await;
    }

    /// A tick, and its runs to their ends; gives how many were started.
    pub(super) async fn tick(&self) -> usize {
        let engine = Engine::new(self.ports.clone(), self.settings.clone());
        engine.run_once(std::future::pending()).await.started
    }

    /// So many minutes pass.
    pub(super) fn pass(&self, minutes: i64) {
        self.world.now.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }

    /// What is answered from now on.
    pub(super) fn answers(&self, text: Option<&str>) {
        *self.world.answer.lock().unwrap() = text.map(str::to_owned);
    }

    pub(super) fn fetches(&self) -> u64 {
        self.world.fetches.load(Ordering::SeqCst)
    }
}
