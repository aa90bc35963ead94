//! Turns at hosts that a store keeps.
//!
//! Owns: gathering what is asked and given back, so that however many requests are under way, one transaction at a time takes
//! all their turns. Must not know: the rules, or what a turn is for. Called by `gate`.
//!
//! A store that does not answer gives no turn: whoever asks waits and asks again for as long as a turn is waited for. A turn that
//! could not be given back ends by itself.

use std::sync::Arc;

use tidegate_core::limits;
use tidegate_core::rate::{Because, Turned};
use tokio::sync::{mpsc, oneshot};

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
    let mut letters = Vec::new();
    while from.recv_many(&mut letters, limits::HOST_LETTERS).await > 0 {
        let (mut asks, mut waiting, mut backs) = (Vec::new(), Vec::new(), Vec::new());
        for letter in letters.drain(..) {
            match letter {
                // Somebody who has gone away would keep his turn until it ends by itself.
                Letter::Ask(_, answer) if answer.is_closed() => {}
                Letter::Ask(ask, answer) => {
                    waiting.push((ask.host.clone(), ask.id, answer));
                    asks.push(ask);
                }
                Letter::Back(back) => backs.push(back),
            }
        }
        let answers = match store.turns(asks, backs, clock.now()).await {
            Ok(answers) => answers,
            Err(error) => {
                tracing::debug!("turns at hosts could not be taken, and are asked for again: {error}");
                continue;
            }
        };
        let mut unwanted = Vec::new();
        for ((host, id, answer), turned) in waiting.into_iter().zip(answers) {
            if answer.send(turned).is_err() && turned == Turned::Go {
                unwanted.push(TurnBack { host, id, outcome: tidegate_core::rate::Outcome::Unknown });
            }
        }
        if !unwanted.is_empty()
            && let Err(error) = store.turns(Vec::new(), unwanted, clock.now()).await
        {
            tracing::debug!("turns at hosts that nobody wants any more could not be given back: {error}");
        }
    }
}
