//! Turns at hosts that a store keeps.
//!
//! Owns: gathering what is asked and given back, so that however many requests are under way, one transaction at a time takes
//! all their turns. Must not know: the rules, or what a turn is for. Called by `gate`.
//!
//! A store that does not answer gives no turn: whoever asks waits and asks again for as long as a turn is waited for. A turn that
//! could not be given back ends by itself.

use std::collections::HashMap;
use std::sync::Arc;

use tidegate_core::limits;
use tidegate_core::rate::{Because, Outcome, TurnId, Turned};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::ports::{Clock, Store, TurnAsk, TurnBack};

/// The way to the store. Clones lead to the same one.
#[derive(Clone)]
pub(super) struct Desk {
    // Bounded by turns: each has one question or one return under way.
    to: mpsc::UnboundedSender<Letter>,
    is_shared: bool,
    clock: Arc<dyn Clock>,
}

enum Letter {
    Ask(TurnAsk, oneshot::Sender<Turned>),
    Back(TurnBack),
}

impl Desk {
    /// A desk before this store, which works as long as somebody may ask it.
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let (to, from) = mpsc::unbounded_channel();
        let is_shared = store.is_shared();
        #[expect(clippy::disallowed_methods, reason = "ends with the last one who may ask; it is no run")]
        tokio::spawn(work(store, Arc::clone(&clock), from));
        Self { to, is_shared, clock }
    }

    /// Whether other daemons take turns there too.
    pub(super) const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Asks for a turn.
    pub(super) async fn ask(&self, ask: TurnAsk) -> Turned {
        let (answer, answered) = oneshot::channel();
        let sent = self.to.send(Letter::Ask(ask, answer));
        let lost = Turned::Wait { until: self.clock.now().plus(limits::HOST_AGAIN), because: Because::Busy };
        match sent {
            Ok(()) => answered.await.unwrap_or(lost),
            Err(_) => lost,
        }
    }

    /// Gives one back.
    pub(super) fn give_back(&self, back: TurnBack) {
        // Without anybody at the desk the daemon is ending; the turn ends by itself.
        let _ended = self.to.send(Letter::Back(back));
    }
}

async fn work(store: Arc<dyn Store>, clock: Arc<dyn Clock>, mut from: mpsc::UnboundedReceiver<Letter>) {
    let (mut letters, mut out) = (Vec::new(), Out::default());
    let mut beat = tokio::time::interval(limits::HEARTBEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let (asked, mut backs) = tokio::select! {
            count = from.recv_many(&mut letters, limits::HOST_LETTERS) => {
                if count == 0 {
                    return;
                }
                sort(letters.drain(..))
            }
            _ = beat.tick() => (Vec::new(), out.lasting()),
        };
        out.come_back(&backs);
        let (asks, waiting): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        if asks.is_empty() && backs.is_empty() {
            continue;
        }
        let names: Vec<_> = asks.iter().map(|ask: &TurnAsk| (ask.host.clone(), ask.id)).collect();
        let answers = match store.turns(asks, core::mem::take(&mut backs), clock.now()).await {
            Ok(answers) => answers,
            Err(error) => {
                tracing::debug!("turns at hosts could not be taken, and are asked for again: {error}");
                continue;
            }
        };
        for (((host, id), answer), turned) in names.into_iter().zip(waiting).zip(answers) {
            let heard = answer.send(turned).is_ok();
            match turned {
                Turned::Go if heard => out.go(host, id),
                Turned::Go => backs.push(TurnBack { host, id, outcome: Outcome::Unknown }),
                Turned::Wait { .. } => {}
            }
        }
        if !backs.is_empty()
            && let Err(error) = store.turns(Vec::new(), backs, clock.now()).await
        {
            tracing::debug!("turns at hosts that nobody wants any more could not be given back: {error}");
        }
    }
}

type Asked = (TurnAsk, oneshot::Sender<Turned>);

fn sort(letters: impl Iterator<Item = Letter>) -> (Vec<Asked>, Vec<TurnBack>) {
    let (mut asked, mut backs) = (Vec::new(), Vec::new());
    for letter in letters {
        match letter {
            // Somebody who has gone away would keep his turn until it ends by itself.
            Letter::Ask(_, answer) if answer.is_closed() => {}
            Letter::Ask(ask, answer) => asked.push((ask, answer)),
            Letter::Back(back) => backs.push(back),
        }
    }
    (asked, backs)
}

/// Turns that are out. Those that last are spoken for at every beat, as leases of runs are.
#[derive(Default)]
struct Out(HashMap<(String, TurnId), Instant>);

impl Out {
    fn go(&mut self, host: String, id: TurnId) {
        self.0.insert((host, id), Instant::now());
    }

    fn come_back(&mut self, backs: &[TurnBack]) {
        for back in backs.iter().filter(|back| back.outcome != Outcome::Pending) {
            self.0.remove(&(back.host.clone(), back.id));
        }
    }

    /// What is to be said of those that have been out for a beat.
    fn lasting(&self) -> Vec<TurnBack> {
        let lasting = self.0.iter().filter(|(_, since)| since.elapsed() >= limits::HEARTBEAT);
        lasting.map(|((host, id), _)| TurnBack { host: host.clone(), id: *id, outcome: Outcome::Pending }).collect()
    }
}
