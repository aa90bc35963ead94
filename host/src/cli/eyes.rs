//! The operator's eyes, put together: metrics, health, alerts and the listener around an engine.
//!
//! Owns: who is told of events, and how all of it turns to other settings. Must not know: what is measured or alerted of. Called by
//! `serve` and `run-scheduled`.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::error::CliError;
use super::health::{Health, Stage};
use super::home::Home;
use crate::alerts::{Desk, DeskConfig, Form, Inbox, Post, Sinks, ear};
use crate::config::{FoundWebhook, Listen, Process, WebhookFormat};
use crate::engine::{Engine, Settings};
use crate::http::Listener;
use crate::ports::{Clock, Observer};
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
    stays: bool,
    listener: Option<Task>,
}

/// A task, and what ends it.
type Task = (CancellationToken, JoinHandle<()>);

/// The eyes of an engine that works.
pub(super) struct Watch {
    pub(super) health: Arc<Health>,
    told: Arc<dyn Observer>,
    desk: Task,
    sinks: mpsc::Sender<Sinks>,
    /// Those that are told.
    webhooks: Vec<FoundWebhook>,
    /// Whether this daemon listens, should it be told where.
    stays: bool,
    listen: Listen,
    listener: Option<Task>,
    /// Listeners that close.
    closing: Vec<Task>,
}

/// What was opened for other settings, before they hold. Dropped, it is closed again.
pub(super) struct Opened {
    listener: Turn,
    /// `None`: the webhooks are the same.
    posts: Option<(Vec<FoundWebhook>, Vec<Post>)>,
}

/// What becomes of the listener.
enum Turn {
    /// It stays.
    Same,
    /// There is none any more.
    Off,
    /// It listens there.
    To(Listener),
}

impl Eyes {
    /// Opens the listener, if one is configured and this daemon stays. From then on it says that the daemon is starting.
    pub(super) async fn open(home: &Home, stays: bool) -> Result<Self, CliError> {
        let now = SystemClock.now();
        let metrics = Metrics::new(now).map_err(|error| CliError::failed(format!("setting up metrics: {error}")))?;
        let health = Arc::new(Health::new(Arc::new(metrics)));
        let log = Arc::new(LogObserver) as Arc<dyn Observer>;
        let metrics = Arc::<Metrics>::clone(&health.metrics) as Arc<dyn Observer>;
        // Who reads of something in the log finds it in the metrics and in the state of health.
        let told = Arc::new(Fan(vec![metrics, log])) as Arc<dyn Observer>;
        let (ear, inbox) = ear();
        let also_told = Arc::<Health>::clone(&health) as Arc<dyn Observer>;
        let observer = Arc::new(Fan(vec![also_told, Arc::clone(&told), Arc::new(ear)]));
        let listener = match home.config.http.listen {
            Listen::At(address) if stays => Some(serving(bound(address).await?, &health)),
            _ => None,
        };
        Ok(Self { observer, told, inbox, health, stays, listener })
    }

    /// Begins to judge and send alerts, and to say that the daemon is ready.
    pub(super) fn begin(self, home: &Home, engine: &Engine) -> Result<Watch, CliError> {
        let ports = engine.ports();
        let found = home.config.alerts.webhooks(&home.dir, &Process);
        let config = DeskConfig {
            store: Arc::clone(&ports.store),
            clock: Arc::clone(&ports.clock),
            remind: home.config.alerts.remind.after(),
            posts: posts(home, &found, &self.told)?,
            observer: Arc::clone(&self.told),
        };
        let stop = CancellationToken::new();
        let desk = Desk::new(config, self.inbox);
        let sinks = desk.sinks();
        let desk = beside(desk.work(stop.clone()));
        self.health.enter(Stage::Serving(Watched {
            store: Arc::clone(&ports.store),
            plugins: Arc::clone(&ports.plugins),
            profiles: engine.settings().profiles.clone(),
            budget: engine.settings().budget.clone(),
        }));
        Ok(Watch {
            health: self.health,
            told: self.told,
            desk: (stop, desk),
            sinks,
            webhooks: found,
            stays: self.stays,
            listen: home.config.http.listen,
            listener: self.listener,
            closing: Vec::new(),
        })
    }
}

impl Watch {
    /// Opens what other settings ask for, while everything goes on as it is. `found`: the webhooks of those settings.
    pub(super) async fn open(&self, home: &Home, found: Vec<FoundWebhook>) -> Result<Opened, CliError> {
        let listener = match home.config.http.listen {
            _ if !self.stays => Turn::Same,
            listen if listen == self.listen => Turn::Same,
            Listen::Off => Turn::Off,
            Listen::At(address) => Turn::To(bound(address).await?),
        };
        let posts = match found == self.webhooks {
            true => None,
            false => Some((found.clone(), posts(home, &found, &self.told)?)),
        };
        Ok(Opened { listener, posts })
    }

    /// Turns to other settings, and to what was opened for them.
    pub(super) async fn renew(&mut self, home: &Home, settings: &Settings, opened: Opened) {
        self.health.renew(settings);
        let old = match opened.listener {
            Turn::Same => None,
            Turn::Off => self.listener.take(),
            Turn::To(listener) => self.listener.replace(serving(listener, &self.health)),
        };
        if let Some((stop, task)) = old {
            stop.cancel();
            self.closing.push((stop, task));
        }
        self.closing.retain(|(_, task)| !task.is_finished());
        self.listen = home.config.http.listen;
        let posts = opened.posts.map(|(found, posts)| {
            self.webhooks = found;
            posts
        });
        let sinks = Sinks { remind: home.config.alerts.remind.after(), posts };
        // It ends only after this.
        let _taken = self.sinks.send(sinks).await;
    }

    /// Turns to other settings that open nothing: profiles.
    pub(super) fn renew_settings(&self, settings: &Settings) {
        self.health.renew(settings);
    }

    /// Delivers what waits, then closes the listener.
    pub(super) async fn end(self) {
        for (stop, task) in std::iter::once(self.desk).chain(self.listener).chain(self.closing) {
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

/// Listens at an address.
async fn bound(address: std::net::SocketAddr) -> Result<Listener, CliError> {
    let listener = Listener::bind(address)
        .await
        .map_err(|error| CliError::failed(error.to_string()).hint("free the port, or choose another in http.listen"))?;
    tracing::info!("listening on http://{}: /metrics, /healthz, /readyz", listener.address);
    Ok(listener)
}

/// Answers there.
fn serving(listener: Listener, health: &Arc<Health>) -> Task {
    let stop = CancellationToken::new();
    let serve = listener.serve(Arc::<Health>::clone(health), stop.clone());
    (stop, beside(serve))
}

/// The webhooks that have an address. One without is told of, and does not hold up the daemon.
fn posts(home: &Home, found: &[FoundWebhook], told: &Arc<dyn Observer>) -> Result<Vec<Post>, CliError> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let egress = home.egress()?;
    let mut posts = Vec::with_capacity(found.len());
    for webhook in found {
        match &webhook.url {
            Ok(url) => {
                let contact = home.config.net.contact.clone();
                let way = egress.webhook(url.clone(), webhook.grant.clone(), contact);
                posts.push(Post::open(webhook.name.to_string(), form(webhook.format), Arc::new(way), Arc::clone(told)));
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
