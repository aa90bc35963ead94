//! The platforms of a simulated world: one that is asked over HTTP, and one whose actors are paid for.
//!
//! Owns: what they answer and when: each fetch takes its time, some fail, all of them during an outage. The engine reaches
//! them through its own ports; there is no socket. Must not know: who asks, or why.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tidegate_core::actor::{Account, Element, Order, RemoteId, RemoteRun, RemoteStatus, Slice};
use tidegate_core::contract::{Body, HttpRequest, HttpResponse};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{CredentialName, IntentId};
use tidegate_core::money::MicroUsd;
use tidegate_core::profile::Net;
use tidegate_core::time::UtcMillis;

use super::dice::Chance;
use super::publisher::Publisher;
use super::world::{Outage, Prices, Weather};
use crate::ports::{Actors, Clock, Egress, NotStarted};

/// Where sources are, as their plugin writes it: this and the identifier.
pub(super) const PLACE: &str = "https://platform.simulate.example/";

/// What a page says that no plugin can read.
pub(super) const GARBAGE: &str = "<html>one moment, please</html>";

/// Both platforms.
pub(super) struct Platform {
    clock: Arc<dyn Clock>,
    weather: Weather,
    prices: Prices,
    /// When the world began; outages count from here.
    start: UtcMillis,
    state: Mutex<State>,
}

struct State {
    chance: Chance,
    publishers: BTreeMap<String, Publisher>,
    runs: BTreeMap<RemoteId, ActorRun>,
    intents: BTreeMap<IntentId, RemoteId>,
    started: u64,
}

/// A run of an actor.
struct ActorRun {
    identifier: String,
    most: usize,
    ends_at: UtcMillis,
    fails: bool,
    aborted: bool,
    charge_cap: MicroUsd,
    /// Made when it has ended and somebody looks.
    elements: Option<Vec<String>>,
}

impl Platform {
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        weather: Weather,
        prices: Prices,
        chance: Chance,
        publishers: BTreeMap<String, Publisher>,
    ) -> Self {
        let start = clock.now();
        let runs = BTreeMap::new();
        let state = Mutex::new(State { chance, publishers, runs, intents: BTreeMap::new(), started: 0 });
        Self { clock, weather, prices, start, state }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of a fetch that begins now: how long it takes, and whether it fails.
    fn fate(&self) -> (Duration, Option<Class>) {
        let now = self.clock.now();
        let down = |outage: &&Outage| {
            let since = now.since(self.start.plus(outage.from));
            now >= self.start.plus(outage.from) && since < outage.lasts
        };
        let mut state = self.state();
        let latency = state.chance.latency(self.weather.latency);
        if self.weather.outages.iter().find(down).is_some() {
            return (latency, Some(Class::Transient));
        }
        let mut left = state.chance.unit();
        let drawn = self.weather.failures.iter().find(|(_, rate)| {
            left -= **rate;
            left < 0.0
        });
        (latency, drawn.map(|(class, _)| *class))
    }
}

fn failure(class: Class) -> Failure {
    let mut failure = Failure::new(class, format!("the simulated platform answered: {}", class.word()));
    if class == Class::RateLimited {
        failure.retry_after = Some(Duration::from_secs(60));
    }
    failure
}

impl State {
    /// The newest posts of a source as they are told: one JSON object each, newest first.
    fn elements(&mut self, identifier: &str, most: usize, now: UtcMillis) -> Vec<String> {
        let Some(publisher) = self.publishers.get_mut(identifier) else { return Vec::new() };
        let told = publisher.shown(now).take(most);
        told.map(|post| format!("{{\"number\":{},\"at\":{}}}", post.number, post.at.as_millis())).collect()
    }
}

#[async_trait]
impl Egress for Platform {
    async fn fetch(&self, request: &HttpRequest, _net: &Net, _now: UtcMillis) -> Result<HttpResponse, Failure> {
        let (latency, fails) = self.fate();
        tokio::time::sleep(latency).await;
        let body = match fails {
            // What cannot be read is found by the plugin.
            Some(Class::BadAnswer) => GARBAGE.to_owned(),
            Some(class) => return Err(failure(class)),
            None => {
                let identifier = request.url.strip_prefix(PLACE).unwrap_or_default();
                let now = self.clock.now();
                self.state().elements(identifier, super::publisher::SHOWN, now).join("\n")
            }
        };
        Ok(HttpResponse {
            status: 200,
            final_url: request.url.clone(),
            redirects: Vec::new(),
            headers: Vec::new(),
            body: Body::Text(body),
            extra: None,
        })
    }
}

impl Platform {
    /// The run as it stands now.
    fn look(&self, state: &mut State, id: &RemoteId) -> Option<RemoteRun> {
        let now = self.clock.now();
        let (identifier, most) = match state.runs.get(id)? {
            run if run.elements.is_none() && now >= run.ends_at && !run.fails && !run.aborted => {
                (run.identifier.clone(), run.most)
            }
            _ => (String::new(), 0),
        };
        let elements = state.elements(&identifier, most, now);
        let run = state.runs.get_mut(id)?;
        if most > 0 {
            run.elements = Some(elements);
        }
        let status = match (run.aborted, now >= run.ends_at, run.fails) {
            (true, ..) => RemoteStatus::Aborted,
            (false, false, _) => RemoteStatus::Running,
            (false, true, true) => RemoteStatus::Failed,
            (false, true, false) => RemoteStatus::Succeeded,
        };
        let count = u64::try_from(run.elements.as_ref().map_or(0, Vec::len)).unwrap_or(0);
        let cost = self.prices.start.plus(self.prices.element.times(count)).min(run.charge_cap);
        Some(RemoteRun {
            id: id.clone(),
            dataset: id.clone(),
            status,
            message: None,
            build: None,
            cost: Some(cost),
            charged_elements: Some(count),
        })
    }
}

#[async_trait]
impl Actors for Platform {
    async fn start(&self, order: &Order) -> Result<RemoteRun, NotStarted> {
        let (latency, fails) = self.fate();
        tokio::time::sleep(latency).await;
        if let Some(class) = fails.filter(|class| *class == Class::RateLimited) {
            return Err(NotStarted::Refused(failure(class)));
        }
        let input: serde_json::Value = serde_json::from_str(&order.input).unwrap_or_default();
        let identifier = input.get("source").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let most = input.get("most").and_then(serde_json::Value::as_u64).unwrap_or(1);
        let now = self.clock.now();
        let mut state = self.state();
        state.started += 1;
        let Ok(id) = format!("run-{}", state.started).parse::<RemoteId>() else {
            return Err(NotStarted::Refused(failure(Class::Transient)));
        };
        let ends_at = now.plus(state.chance.latency(self.weather.actor));
        let run = ActorRun {
            identifier,
            most: usize::try_from(most).unwrap_or(1).clamp(1, super::publisher::SHOWN),
            ends_at,
            fails: fails.is_some(),
            aborted: false,
            charge_cap: order.charge_cap,
            elements: None,
        };
        state.runs.insert(id.clone(), run);
        state.intents.insert(order.intent, id.clone());
        let looked = self.look(&mut state, &id);
        drop(state);
        looked.ok_or_else(|| NotStarted::Unknown(failure(Class::Transient)))
    }

    async fn find(&self, order: &Order, _since: UtcMillis, _taken: &[RemoteId]) -> Result<Option<RemoteRun>, Failure> {
        let mut state = self.state();
        let id = state.intents.get(&order.intent).cloned();
        Ok(id.and_then(|id| self.look(&mut state, &id)))
    }

    async fn inspect(&self, _credential: &CredentialName, run: &RemoteId) -> Result<Option<RemoteRun>, Failure> {
        Ok(self.look(&mut self.state(), run))
    }

    async fn statuses(
        &self,
        _credential: &CredentialName,
        runs: &[RemoteId],
        _since: UtcMillis,
    ) -> Result<Vec<(RemoteId, RemoteStatus)>, Failure> {
        let mut state = self.state();
        Ok(runs.iter().filter_map(|id| Some((id.clone(), self.look(&mut state, id)?.status))).collect())
    }

    async fn abort(&self, _credential: &CredentialName, run: &RemoteId) -> Result<(), Failure> {
        let now = self.clock.now();
        if let Some(run) = self.state().runs.get_mut(run).filter(|run| run.ends_at > now) {
            run.aborted = true;
        }
        Ok(())
    }

    async fn read(&self, _credential: &CredentialName, dataset: &RemoteId, offset: u32) -> Result<Slice, Failure> {
        let state = self.state();
        let elements = state.runs.get(dataset).and_then(|run| run.elements.as_ref());
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let elements: Vec<Element> =
            elements.into_iter().flatten().skip(from).map(|text| Element::Text(text.clone())).collect();
        let bytes = elements.iter().map(|element| match element {
            Element::Text(text) => u64::try_from(text.len()).unwrap_or(0),
            Element::TooLarge { bytes } => *bytes,
        });
        Ok(Slice { bytes: bytes.sum(), elements })
    }

    async fn account(&self, _credential: &CredentialName) -> Result<Account, Failure> {
        Ok(Account { used: None, most: None, cycle_end: None, runs: None, memory_gb: None })
    }
}
