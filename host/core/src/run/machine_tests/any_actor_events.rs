//! What holds for every run with an actor, whatever happens in whatever order, over all its claims.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::any_events::{any_batch, any_failure, any_fetched, any_overload, any_stop};
use super::*;
use crate::actor::{RemoteRun, RemoteStatus};
use crate::claim::Generation;
use crate::contract::ActorRun;
use crate::fixtures::actors::{RESERVED, actor_claim, actor_profile, actor_step, remote, slice};
use crate::fixtures::{paused, secs};
use crate::id::IntentId;
use crate::money::MicroUsd;
use crate::run::intent::{Intent, Resume};
use crate::run::step::Started;
use crate::source::{PausedBy, Source};

fn any_wish() -> impl Strategy<Value = Step> {
    let unpriced =
        ActorRun { input: "{}".to_owned(), max_elements: 1, extra: Some(r#"{"events":{"x":1}}"#.to_owned()) };
    prop_oneof![
        // 38 elements are all that is reserved.
        6 => (0_u32..45).prop_map(actor_step),
        1 => Just(Step { fetch: Fetch::Actor(unpriced), ..step("/") }),
        1 => Just(step("/1")),
    ]
}

fn any_run() -> impl Strategy<Value = RemoteRun> {
    use RemoteStatus::{Aborted, Aborting, Failed, Ready, Running, Succeeded, TimedOut, TimingOut, Unknown};
    let status = prop::sample::select(vec![
        Ready, Running, TimingOut, Aborting, Unknown, Failed, TimedOut, Aborted, Succeeded, Succeeded, Succeeded,
        Succeeded,
    ]);
    (status, prop::option::of(0_u64..5))
        .prop_map(|(status, charged_elements)| RemoteRun { charged_elements, ..remote(status) })
}

fn any_look() -> impl Strategy<Value = Result<Option<RemoteRun>, Failure>> {
    prop_oneof![4 => any_run().prop_map(|run| Ok(Some(run))), 1 => Just(Ok(None)), 1 => any_failure().prop_map(Err)]
}

fn any_started() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => any_run().prop_map(Started::Run),
        2 => any_failure().prop_map(Started::Refused),
        1 => any_failure().prop_map(Started::Unknown),
    ]
    .prop_map(Event::Started)
}

fn any_sliced() -> impl Strategy<Value = Event> {
    prop_oneof![8 => (0_u32..3).prop_map(|count| Ok(slice(0, count))), 1 => any_failure().prop_map(Err)]
        .prop_map(Event::Sliced)
}

fn any_page() -> impl Strategy<Value = Event> {
    let next = prop_oneof![1 => Just(None), 2 => any_wish().prop_map(Some)];
    let good = Just(()).prop_map(|()| batch(vec![item("a")]));
    let batch = (prop_oneof![3 => good, 1 => any_batch()], next).prop_map(|(batch, next)| Ok(Batch { next, ..batch }));
    let said = prop_oneof![12 => batch, 1 => any_failure().prop_map(Err)].prop_map(Event::Normalized);
    prop_oneof![12 => said, 1 => any_overload()]
}

fn any_told() -> impl Strategy<Value = Event> {
    prop_oneof![3 => Just(Ok(())), 1 => any_failure().prop_map(Err)].prop_map(Event::Aborted)
}

fn any_planned() -> impl Strategy<Value = Event> {
    prop_oneof![8 => any_wish().prop_map(Ok), 1 => any_failure().prop_map(Err)].prop_map(Event::Planned)
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(()).prop_map(|()| Event::Begin),
        3 => any_planned(),
        2 => Just(()).prop_map(|()| Event::WaitOver),
        1 => any_fetched(),
        3 => any_page(),
        3 => (0_u32..12).prop_map(stored),
        3 => Just(()).prop_map(|()| Event::Intended),
        3 => any_started(),
        2 => any_look().prop_map(Event::Found),
        2 => any_look().prop_map(Event::Inspected),
        1 => any_told(),
        3 => any_sliced(),
        1 => any_stop(),
    ]
}

/// What must hold over all claims of a run.
#[derive(Default)]
struct Watcher {
    /// The order of each intent of this reservation, and its cap.
    caps: BTreeMap<IntentId, MicroUsd>,
    /// Ids that are done with, whatever reservation they belonged to.
    closed: Vec<IntentId>,
    /// Stored, and not started since.
    wished: Option<Intent>,
    /// The intent the store has, not yet told to be done with.
    open: Option<Intent>,
    over: bool,
    asked: &'static str,
}

impl Watcher {
    /// Whether an actor run of this reservation is done with.
    fn has_paid(&self) -> bool {
        self.caps.keys().any(|intent| self.closed.contains(intent))
    }

    fn event(&mut self, event: &Event) {
        let none = match event {
            Event::Started(Started::Refused(_)) => self.asked == "start",
            // There is none, says the platform; what the run makes of it ends the intent or stores it again.
            Event::Found(Ok(None)) => self.asked == "find",
            _ => false,
        };
        if none {
            self.open = None;
        }
        self.asked = event.word();
    }

    fn effect(&mut self, effect: &Effect) -> Result<(), TestCaseError> {
        prop_assert!(!self.over || *effect == Effect::Done, "{effect:?} after the end");
        let known =
            |open: &Option<Intent>, intent: &Intent| open.as_ref().is_some_and(|open| open.order == intent.order);
        match effect {
            Effect::Intend(intent, _) => {
                prop_assert!(self.open.is_none(), "{intent:?} while another is open");
                let id = intent.order.intent;
                prop_assert!(!self.closed.contains(&id), "{id} was done with");
                self.caps.insert(id, intent.order.charge_cap);
                let sum = self.caps.values().fold(MicroUsd::ZERO, |sum, cap| sum.plus(*cap));
                prop_assert!(sum <= RESERVED, "{sum} of {RESERVED}");
                (self.open, self.wished) = (Some((**intent).clone()), Some((**intent).clone()));
            }
            Effect::Start(intent) => {
                prop_assert_eq!(self.wished.take(), Some((**intent).clone()), "not intended just before");
                prop_assert_eq!(self.asked, "intended");
                self.asked = "start";
            }
            Effect::Find(intent) => {
                prop_assert!(known(&self.open, intent));
                self.asked = "find";
            }
            Effect::Inspect(intent) | Effect::Abort(intent) | Effect::Read(intent, _) => {
                prop_assert!(known(&self.open, intent));
                prop_assert!(!matches!(intent.stage, crate::run::IntentStage::Intended), "{intent:?} has no run");
            }
            Effect::Commit { ended, finish, .. } => {
                if let Some(ended) = ended {
                    let open = self.open.take().map(|open| open.order.intent);
                    prop_assert_eq!(open, Some(ended.intent));
                    self.closed.push(ended.intent);
                }
                prop_assert!(finish.is_none() || self.open.is_none(), "{:?} is left behind", self.open);
            }
            Effect::Park(park) => {
                // One that was found to be none may be looked for again.
                prop_assert!(self.open.is_none() || known(&self.open, &park.intent));
                self.open = Some(park.intent.clone());
                self.over = true;
            }
            Effect::Release(_) => {
                prop_assert!(self.open.is_some() || !self.has_paid(), "it begins anew, and pays again");
                self.over = true;
            }
            Effect::Done => self.over = true,
            Effect::AskPlan | Effect::Wait(_) | Effect::Fetch(_) | Effect::Normalize(_) | Effect::Await => {}
        }
        Ok(())
    }
}

/// One answer of each sort; the effect picks. With it the seconds that pass before.
#[derive(Debug)]
struct Answers {
    planned: Event,
    fetched: Event,
    page: Event,
    stored: Event,
    started: Event,
    look: Result<Option<RemoteRun>, Failure>,
    told: Event,
    sliced: Event,
    stop: Option<Event>,
    dies: bool,
    seconds: u64,
}

fn any_answers() -> impl Strategy<Value = Answers> {
    let stop = prop_oneof![30 => Just(()).prop_map(|()| None), 1 => any_stop().prop_map(Some)];
    let asked = (any_planned(), any_fetched(), any_page(), any_started(), any_look(), any_told(), any_sliced());
    let seconds = prop_oneof![4 => 0_u64..5, 2 => 10_u64..400, 1 => 1_000_u64..100_000];
    (asked, 0_u32..12, stop, prop::bool::weighted(0.05), seconds).prop_map(|(asked, new, stop, dies, seconds)| {
        let (planned, fetched, page, started, look, told, sliced) = asked;
        Answers { planned, fetched, page, stored: stored(new), started, look, told, sliced, stop, dies, seconds }
    })
}

fn answer(effect: &Effect, answers: Answers) -> Option<Event> {
    let over = matches!(effect, Effect::Park(_) | Effect::Release(_) | Effect::Done);
    if answers.stop.is_some() && !over && !matches!(effect, Effect::Intend(..)) {
        return answers.stop;
    }
    Some(match effect {
        Effect::AskPlan => answers.planned,
        Effect::Wait(_) => Event::WaitOver,
        Effect::Fetch(_) => answers.fetched,
        Effect::Normalize(_) => answers.page,
        Effect::Commit { .. } | Effect::Await => answers.stored,
        Effect::Intend(..) => Event::Intended,
        Effect::Start(_) => answers.started,
        Effect::Find(_) => Event::Found(answers.look),
        Effect::Inspect(_) => Event::Inspected(answers.look),
        Effect::Abort(_) => answers.told,
        Effect::Read(..) => answers.sliced,
        Effect::Park(_) | Effect::Release(_) | Effect::Done => return None,
    })
}

/// A run in the hands of one daemon after the other, as a store keeps it between them.
struct Life {
    watcher: Watcher,
    resume: Option<Resume>,
    generation: i64,
    ended: bool,
}

impl Life {
    fn claim(&mut self, stopped: bool) -> Machine {
        self.generation += 1;
        self.watcher.over = false;
        self.watcher.wished = None;
        if self.resume.is_none() {
            // Nothing is open: it begins anew, with a reservation of its own.
            self.watcher.closed.extend(core::mem::take(&mut self.watcher.caps).into_keys());
        }
        let resume = self.resume.clone().map(Box::new);
        let state = if stopped && resume.is_some() { paused(PausedBy::Operator) } else { source().state };
        let claim = Claim {
            source: Source { state, ..source() },
            generation: Generation(self.generation),
            resume,
            ..actor_claim()
        };
        machine_of(&claim, actor_profile())
    }

    /// What the store keeps of an effect.
    fn keep(&mut self, effect: &Effect) {
        match effect {
            Effect::Intend(intent, progress) => {
                self.resume = Some(Resume { intent: (**intent).clone(), progress: (**progress).clone() });
            }
            Effect::Park(park) => {
                self.resume = Some(Resume { intent: park.intent.clone(), progress: park.progress.clone() });
            }
            Effect::Commit { ended, finish, .. } => {
                self.ended = finish.is_some();
                if ended.is_some() {
                    self.resume = None;
                }
            }
            _ => {}
        }
    }
}

proptest! {
    /// Events in any order at all, most of them nonsense: no panic, nothing ordered twice or unstored, nothing left behind.
    #[test]
    fn nonsense_breaks_nothing(events in prop::collection::vec((any_event(), 0_u64..1_000), 0..60)) {
        let (mut machine, mut watcher) = (machine_of(&actor_claim(), actor_profile()), Watcher::default());
        let mut at = now();
        for (event, seconds) in events {
            at = at.plus(secs(seconds));
            watcher.event(&event);
            watcher.effect(&machine.on(event, at))?;
        }
    }

    /// Each effect gets an answer of its sort; now and then a stop, or the daemon's death. Over all claims of the run no
    /// intent is started that was not stored just before, none while another is open, none twice, and all charge caps of
    /// one reservation stay within it.
    #[test]
    fn a_run_keeps_its_books_over_all_its_claims(answers in prop::collection::vec(any_answers(), 1..80), stopped in any::<bool>()) {
        let mut life = Life { watcher: Watcher::default(), resume: None, generation: 0, ended: false };
        let mut at = now();
        let mut machine = life.claim(false);
        let mut effect = machine.on(Event::Begin, at);
        life.watcher.effect(&effect)?;
        for answers in answers {
            at = at.plus(secs(answers.seconds));
            let event = if answers.dies { None } else { answer(&effect, answers) };
            effect = match event {
                Some(event) => {
                    if matches!((&effect, &event), (Effect::Start(_), Event::Started(Started::Refused(_)))) {
                        life.resume = None;
                    }
                    life.watcher.event(&event);
                    machine.on(event, at)
                }
                // Nothing is open and something is paid for: the store ends a run that dies there.
                None if life.resume.is_none() && life.watcher.has_paid() => break,
                None => {
                    machine = life.claim(stopped);
                    machine.on(Event::Begin, at)
                }
            };
            life.watcher.effect(&effect)?;
            life.keep(&effect);
            if life.ended {
                break;
            }
        }
    }
}
