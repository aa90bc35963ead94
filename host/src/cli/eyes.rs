//! The operator's eyes, put together: metrics, health, alerts and the listener around an engine.
//!
//! Owns: who is told of events, and when the daemon is ready. Must not know: what is measured or alerted of. Called by
//! `serve` and `run-scheduled`.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::error::CliError;
use super::home::Home;
use crate::alerts::{Desk, DeskConfig, Form, Inbox, Post, ear};
use crate::config::{Listen, Process, WebhookFormat};
use crate::engine::Engine;
use crate::http::{Face, Listener};
use crate::ports::{Clock, Event, Observer};
use crate::system::SystemClock;
use crate::telemetry::{Fan, LogObserver, Metrics, Watched};

/// What stands around an engine.
pub(super) struct Eyes {
    /// Everybody who is told of events.
    pub(super) observer: Arc<dyn Observer>,
    /// The same without alerts, which tell it themselves.
    told: Arc<dyn Observer>,
    inbox: Inbox,
    health: Arc<Health>,
    listener: Option<(CancellationToken, JoinHandle<()>)>,
}

/// The eyes of an engine that works.
pub(super) struct Watch {
    pub(super) health: Arc<Health>,
    desk: (CancellationToken, JoinHandle<()>),
    listener: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Eyes {
    /// Opens the listener, if one is configured and this daemon stays. From then on it says that the daemon is starting.
    pub(super) async fn open(home: &Home, stays: bool) -> Result<Self, CliError> {
        let now = SystemClock.now();
        let metrics = Metrics::new(now).map_err(|error| CliError::failed(format!("setting up metrics: {error}")))?;
        let health = Arc::new(Health::new(Arc::new(metrics)));
        let log = Arc::new(LogObserver) as Arc<dyn Observer>;
        let metrics = Arc::<Metrics>::clone(&health.metrics) as Arc<dyn Observer>;
        let told = Arc::new(Fan(vec![log, metrics])) as Arc<dyn Observer>;
        let (ear, inbox) = ear();
        let also_told = Arc::<Health>::clone(&health) as Arc<dyn Observer>;
        let observer = Arc::new(Fan(vec![Arc::clone(&told), also_told, Arc::new(ear)]));
        let listener = match home.config.http.listen {
            Listen::At(address) if stays => {
                let listener = Listener::bind(address).await.map_err(|error| {
                    CliError::failed(error.to_string()).hint("free the port, or choose another in http.listen")
                })?;
                tracing::info!("listening on http://{}: /metrics, /healthz, /readyz", listener.address);
                let stop = CancellationToken::new();
                let serve = listener.serve(Arc::<Health>::clone(&health), stop.clone());
                Some((stop, beside(serve)))
            }
            _ => None,
        };
        Ok(Self { observer, told, inbox, health, listener })
    }

    /// Begins to judge and send alerts, and to say that the daemon is ready.
    pub(super) fn begin(self, home: &Home, engine: &Engine) -> Result<Watch, CliError> {
        let ports = engine.ports();
        let config = DeskConfig {
            store: Arc::clone(&ports.store),
            clock: Arc::clone(&ports.clock),
            remind: home.config.alerts.remind.after(),
            posts: posts(home, &self.told)?,
            observer: self.told,
        };
        let stop = CancellationToken::new();
        let desk = beside(Desk::new(config, self.inbox).work(stop.clone()));
        self.health.enter(Stage::Serving(Watched {
            store: Arc::clone(&ports.store),
            plugins: Arc::clone(&ports.plugins),
            profiles: engine.settings().profiles.clone(),
            budget: engine.settings().budget.clone(),
        }));
        Ok(Watch { health: self.health, desk: (stop, desk), listener: self.listener })
    }
}

impl Watch {
    /// Delivers what waits, then closes the listener.
    pub(super) async fn end(self) {
        for (stop, task) in std::iter::once(self.desk).chain(self.listener) {
            stop.cancel();
            if let Err(error) = task.await {
                tracing::error!("a task beside the engine broke down: {error}");
            }
        }
    }
}

/// A task that its owner ends and waits for.
#[expect(clippy::disallowed_methods, reason = "ended and awaited by `Watch::end`; it is no run")]
fn beside<F: Future<Output = ()> + Send + 'static>(task: F) -> JoinHandle<()> {
    tokio::spawn(task)
}

/// The webhooks that have an address. One without is told of, and does not hold up the daemon.
fn posts(home: &Home, told: &Arc<dyn Observer>) -> Result<Vec<Post>, CliError> {
    let found = home.config.alerts.webhooks(&home.dir, &Process);
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let egress = home.egress()?;
    let mut posts = Vec::with_capacity(found.len());
    for webhook in found {
        match webhook.url {
            Ok(url) => {
                let way = egress.webhook(url, webhook.grant, home.config.net.contact.clone());
                let form = form(webhook.format);
                posts.push(Post::open(webhook.name.to_string(), form, Arc::new(way), Arc::clone(told)));
            }
            Err(why) => tracing::warn!("alerts cannot be sent to webhook {}: {why}", webhook.name),
        }
    }
    Ok(posts)
}

/// The form of a format.
pub(super) const fn form(format: WebhookFormat) -> Form {
    match format {
        WebhookFormat::Generic => Form::Generic,
        WebhookFormat::Slack => Form::Slack,
    }
}

/// What the listener shows.
pub(super) struct Health {
    metrics: Arc<Metrics>,
    stage: RwLock<Stage>,
    /// The last pass that failed: when, which and why.
    failed: RwLock<Option<(UtcMillis, &'static str, String)>>,
}

#[derive(Clone)]
enum Stage {
    Starting,
    Serving(Watched),
    Draining(Watched),
}

impl Health {
    fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, stage: RwLock::new(Stage::Starting), failed: RwLock::default() }
    }

    fn stage(&self) -> Stage {
        self.stage.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn enter(&self, stage: Stage) {
        *self.stage.write().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// From now on nothing new starts.
    pub(super) fn drain(&self) {
        if let Stage::Serving(watched) = self.stage() {
            self.enter(Stage::Draining(watched));
        }
    }

    /// A pass that failed is repeated at once; one that has not failed for so long works again.
    fn failing(&self, now: UtcMillis) -> Option<String> {
        let failed = self.failed.read().unwrap_or_else(PoisonError::into_inner);
        let (at, pass, error) = failed.as_ref()?;
        (now.since(*at) < limits::POLL * 10).then(|| format!("pass {pass} fails: {error}"))
    }
}

impl Observer for Health {
    fn see(&self, event: &Event) {
        // The scheduler's passes; a single run that could not be written is that run's affair.
        if let Event::PassFailed { pass: pass @ ("recover" | "admit" | "upkeep"), error } = event {
            let failed = Some((SystemClock.now(), *pass, error.clone()));
            *self.failed.write().unwrap_or_else(PoisonError::into_inner) = failed;
        }
    }
}

#[async_trait]
impl Face for Health {
    async fn metrics(&self) -> String {
        let watched = match self.stage() {
            Stage::Starting => None,
            Stage::Serving(watched) | Stage::Draining(watched) => Some(watched),
        };
        self.metrics.scrape(watched.as_ref(), SystemClock.now()).await
    }

    async fn unready(&self) -> Vec<String> {
        let watched = match self.stage() {
            Stage::Starting => return vec!["the daemon is starting: database and plugins are being opened".to_owned()],
            Stage::Draining(_) => return vec!["the daemon is draining: nothing new starts".to_owned()],
            Stage::Serving(watched) => watched,
        };
        let mut reasons = Vec::new();
        match timeout(limits::READY_TIMEOUT, watched.store.next_due()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => reasons.push(format!("the database cannot be read: {error}")),
            Err(_) => {
                reasons.push(format!("the database does not answer within {} s", limits::READY_TIMEOUT.as_secs()));
            }
        }
        if watched.plugins.names().is_empty() {
            reasons.push("no plugin is loaded".to_owned());
        }
        reasons.extend(self.failing(SystemClock.now()));
        reasons
    }
}
