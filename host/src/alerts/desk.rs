//! The desk: judges what was heard, keeps it in the store, and has it told.
//!
//! Owns: the order of writing and telling, and the sweep that ends what nobody says is over. Must not know: how notices are
//! written or sent. While the database cannot be written, it remembers what it has told, so that nothing is told twice.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::actor::gate::GateKey;
use tidegate_core::alert::{self, Alert, AlertKey, Change, Notice, OpenAlert, Recent, Threshold};
use tidegate_core::id::SourceId;
use tidegate_core::limits;
use tidegate_core::source::{Source, SourceState};
use tidegate_core::time::UtcMillis;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::ear::Inbox;
use super::post::Post;
use super::signal::Signal;
use crate::ports::{Clock, Event, Observer, Store, StoreError};

/// What the desk works with.
pub struct DeskConfig {
    /// Keeps alerts.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Told of each notice: the log. Not the ear.
    pub observer: Arc<dyn Observer>,
    /// How long after it was told a condition that lasts is told again.
    pub remind: Option<Duration>,
    /// The webhooks.
    pub posts: Vec<Post>,
}

/// What may change while the desk works.
pub struct Sinks {
    /// As in [`DeskConfig`].
    pub remind: Option<Duration>,
    /// Other webhooks than before. `None`: the same.
    pub posts: Option<Vec<Post>>,
}

/// The desk.
pub struct Desk {
    pub(super) config: DeskConfig,
    inbox: Inbox,
    sinks: (mpsc::Sender<Sinks>, mpsc::Receiver<Sinks>),
    /// Webhooks that are no longer told anything, with what waited for them.
    closing: JoinSet<()>,
    /// What is open, as far as this daemon knows, and when it was last noted.
    open: HashMap<AlertKey, UtcMillis>,
    /// What was told but could not be written.
    unwritten: HashMap<AlertKey, OpenAlert>,
    passes: HashMap<&'static str, Recent>,
}

impl Desk {
    /// A desk that has heard nothing yet.
    #[must_use]
    pub fn new(config: DeskConfig, inbox: Inbox) -> Self {
        Self {
            config,
            inbox,
            sinks: mpsc::channel(1),
            closing: JoinSet::new(),
            open: HashMap::new(),
            unwritten: HashMap::new(),
            passes: HashMap::new(),
        }
    }

    /// Where other sinks are handed in.
    #[must_use]
    pub fn sinks(&self) -> mpsc::Sender<Sinks> {
        self.sinks.0.clone()
    }

    /// Tells these from now on. What waits for the others is delivered within [`limits::ALERT_FLUSH`].
    fn turn(&mut self, sinks: Sinks) {
        self.config.remind = sinks.remind;
        if let Some(posts) = sinks.posts {
            for post in std::mem::replace(&mut self.config.posts, posts) {
                self.closing.spawn(post.close(limits::ALERT_FLUSH));
            }
        }
    }

    /// Works until `stop` is cancelled, then judges what was heard and delivers what waits, within [`limits::ALERT_FLUSH`].
    pub async fn work(mut self, stop: CancellationToken) {
        let mut sweep = interval_at(Instant::now(), limits::ALERT_SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                // Before what was heard: a storm must not put it off, and it comes once a minute.
                _ = sweep.tick() => self.sweep().await,
                Some(sinks) = self.sinks.1.recv() => self.turn(sinks),
                Some(_) = self.closing.join_next() => {}
                signal = self.inbox.0.recv() => match signal {
                    Some(signal) => self.handle(signal).await,
                    None => break,
                },
            }
        }
        while let Ok(signal) = self.inbox.0.try_recv() {
            self.handle(signal).await;
        }
        self.turn(Sinks { remind: self.config.remind, posts: Some(Vec::new()) });
        while self.closing.join_next().await.is_some() {}
    }

    fn now(&self) -> UtcMillis {
        self.config.clock.now()
    }

    pub(super) async fn handle(&mut self, signal: Signal) {
        match signal {
            Signal::Raise(alert) => self.raise(alert).await,
            Signal::Hit { alert, what } => self.hit(alert, what).await,
            Signal::PassFailed { pass, error } => {
                let now = self.now();
                let recent = self
                    .passes
                    .entry(pass)
                    .or_insert_with(|| Recent::new(limits::ALERT_PASS_FAILURES, limits::ALERT_PASS_WINDOW));
                if recent.note(now) {
                    self.raise(alert::pass_failing(pass, &error)).await;
                }
            }
            Signal::Works(source) => {
                let keys = [AlertKey::SourcePaused, AlertKey::SourceInvalid, AlertKey::RetriesExhausted];
                for key in keys.map(|key| key(source)) {
                    if self.open.contains_key(&key) || self.unwritten.contains_key(&key) {
                        self.resolve(key, None).await;
                    }
                }
            }
            Signal::Over(key) => self.resolve(key, None).await,
        }
    }

    /// Whether it was noted a moment ago: a storm of the same must not become a storm of writes.
    fn is_fresh(&self, key: &AlertKey) -> bool {
        self.open.get(key).is_some_and(|noted| self.now().since(*noted) < limits::ALERT_TOUCH)
    }

    async fn hit(&mut self, alert: Alert, what: String) {
        let Some(threshold) = Threshold::of(alert.key.kind()) else { return self.raise(alert).await };
        if self.is_fresh(&alert.key) {
            return;
        }
        // What cannot be counted now is counted next time: the store tells of its own troubles.
        let hits = self.config.store.note_hit(alert.key.clone(), what, threshold, self.now()).await;
        if hits.is_ok_and(|hits| hits >= threshold.most) {
            self.raise(alert).await;
        }
    }

    async fn raise(&mut self, alert: Alert) {
        if self.is_fresh(&alert.key) {
            return;
        }
        let now = self.now();
        match self.config.store.raise_alert(alert.clone(), self.config.remind, now).await {
            Ok((open, change)) => {
                self.open.insert(open.alert.key.clone(), now);
                let told_before = self.unwritten.remove(&open.alert.key).is_some();
                match change {
                    Some(Change::Opened) if told_before => {}
                    Some(change) => self.tell(change, open, now),
                    None => {}
                }
            }
            Err(error) => self.raise_unwritten(alert, &error, now),
        }
    }

    /// The database does not take it, which may be what it is about.
    fn raise_unwritten(&mut self, alert: Alert, error: &StoreError, now: UtcMillis) {
        tracing::debug!(key = %alert.key, %error, "an alert is kept in memory only");
        if self.unwritten.len() >= limits::ALERTS_OPEN {
            return;
        }
        let before = self.unwritten.get(&alert.key).cloned();
        let key = alert.key.clone();
        let known = before.is_some() || self.open.contains_key(&key);
        let (open, change) = alert::raise(before, alert, now, self.config.remind);
        self.unwritten.insert(key, open.clone());
        match change {
            Some(Change::Opened) if known => {}
            Some(change) => self.tell(change, open, now),
            None => {}
        }
    }

    async fn resolve(&mut self, key: AlertKey, seen_until: Option<UtcMillis>) {
        self.open.remove(&key);
        let unwritten = self.unwritten.remove(&key);
        let resolved = self.config.store.resolve_alert(key, seen_until).await;
        let open = match resolved {
            Ok(open) => open.or(unwritten),
            Err(error) => {
                tracing::debug!(%error, "an alert that is over cannot be taken out yet; the next sweep does");
                unwritten
            }
        };
        if let Some(open) = open {
            let now = self.now();
            self.tell(Change::Resolved, open, now);
        }
    }

    fn tell(&self, change: Change, open: OpenAlert, at: UtcMillis) {
        let notice = Notice { change, open, at };
        for post in &self.config.posts {
            post.put(&notice);
        }
        self.config.observer.see(&Event::Alerted { notice: Box::new(notice) });
    }

    /// Compares what is open with what there is: another process may have resumed a source, another daemon opened a gate,
    /// and some causes end by silence only.
    pub(super) async fn sweep(&mut self) {
        let written: Vec<Alert> = self.unwritten.values().map(|open| open.alert.clone()).collect();
        for alert in written {
            self.open.remove(&alert.key);
            self.raise(alert).await;
        }
        if let Err(error) = self.compare().await {
            tracing::debug!(%error, "open alerts could not be looked at; the next sweep does");
        }
    }

    async fn compare(&mut self) -> Result<(), StoreError> {
        let open = self.config.store.alerts(limits::ALERTS_OPEN).await?;
        let closed: HashSet<GateKey> = self.config.store.gates().await?.into_iter().map(|gate| gate.key).collect();
        let held: HashSet<String> = self.config.store.quarantines().await?.into_iter().map(|one| one.plugin).collect();
        let now = self.now();
        let mut known = HashMap::with_capacity(open.len());
        for one in open {
            let key = one.alert.key.clone();
            let (over, lasts) = match &key {
                AlertKey::SourcePaused(source)
                | AlertKey::SourceInvalid(source)
                | AlertKey::RetriesExhausted(source) => self.source(*source, &one).await?,
                AlertKey::PluginQuarantined(plugin) => (!held.contains(plugin), true),
                AlertKey::Gate(gate) if closed.contains(gate) => (false, true),
                AlertKey::Gate(GateKey::Credential(_)) => (true, false),
                _ => (alert::is_over(&one, now), true),
            };
            if over {
                self.resolve(key, Some(one.seen_at)).await;
                continue;
            }
            let noted = self.open.get(&key).copied().unwrap_or(UtcMillis::default());
            known.insert(key.clone(), noted);
            if lasts
                && alert::reminder_due(&one, now, self.config.remind)
                && self.config.store.remind_alert(key, one.told_at, now).await?
            {
                self.tell(Change::Reminder, OpenAlert { told_at: now, ..one }, now);
            }
        }
        self.open = known;
        Ok(())
    }

    /// Whether an alert about a source is over, and whether its cause is still there.
    async fn source(&self, id: SourceId, open: &OpenAlert) -> Result<(bool, bool), StoreError> {
        Ok(match self.config.store.source(id).await? {
            None => (true, false),
            Some(Source { state: SourceState::Active, last_success_at, .. }) => {
                (last_success_at.is_some_and(|at| at > open.opened_at), false)
            }
            Some(_) => (false, true),
        })
    }
}
