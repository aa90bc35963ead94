//! What holds for every run, whatever happens in whatever order.

use proptest::prelude::*;

use super::*;
use crate::contract::FailureCategory;
use crate::fixtures::plugin_failure;
use crate::money::MicroUsd;
use crate::plan;

fn any_class() -> impl Strategy<Value = Class> {
    (0..Class::ALL.len()).prop_map(|n| Class::ALL[n])
}

pub(super) fn any_failure() -> impl Strategy<Value = Failure> {
    // Transient failures are frequent: they are what keeps a run busy.
    let class = prop_oneof![Just(Class::Transient), any_class()];
    (class, prop::option::of(0_u64..30)).prop_map(|(class, told)| {
        let retry_after = told.map(Duration::from_secs);
        Failure { retry_after, ..Failure::new(class, "it broke") }
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    let elsewhere = Step { fetch: Fetch::Http(elsewhere()), ..step("/") };
    let other = Step { fetch: Fetch::Other(String::new()), ..step("/") };
    prop_oneof![
        6 => Just(step("/1")),
        2 => (0_u32..100).prop_map(|seconds| delayed("/1", seconds)),
        1 => Just(Step { fetch: Fetch::Nothing, ..step("/") }),
        1 => Just(elsewhere),
        1 => Just(other),
    ]
}

fn elsewhere() -> crate::contract::HttpRequest {
    match step("/").fetch {
        Fetch::Http(request) => crate::contract::HttpRequest { url: "https://elsewhere.test/".to_owned(), ..request },
        other => panic!("{other:?}"),
    }
}

pub(super) fn any_batch() -> impl Strategy<Value = Batch> {
    let status = prop_oneof![
        6 => Just(OutcomeStatus::Ok),
        2 => Just(OutcomeStatus::NoNew),
        1 => Just(OutcomeStatus::Other),
        1 => Just(OutcomeStatus::NotFound),
    ];
    let next = prop_oneof![1 => Just(None), 4 => any_step().prop_map(Some)];
    (status, next, any::<bool>(), prop::bool::weighted(0.1)).prop_map(|(status, next, proposes, trouble)| Batch {
        outcome: outcome(status),
        next,
        watermark: proposes.then(|| watermark("new")),
        trouble: trouble.then(|| plugin_failure(FailureCategory::Transient)),
        ..batch(vec![item("a")])
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(()).prop_map(|()| Event::Begin),
        3 => prop_oneof![any_step().prop_map(Ok), any_failure().prop_map(Err)].prop_map(Event::Planned),
        3 => Just(()).prop_map(|()| Event::WaitOver),
        3 => any_fetched(),
        3 => any_normalized(),
        3 => (0_u32..12).prop_map(stored),
        1 => any_stop(),
    ]
}

pub(super) fn any_fetched() -> impl Strategy<Value = Event> {
    prop_oneof![Just(Ok(response(200))), any_failure().prop_map(Err)].prop_map(Event::Fetched)
}

fn any_normalized() -> impl Strategy<Value = Event> {
    let said = prop_oneof![3 => any_batch().prop_map(Ok), 1 => any_failure().prop_map(Err)].prop_map(Event::Normalized);
    prop_oneof![12 => said, 1 => any_overload()]
}

pub(super) fn any_overload() -> impl Strategy<Value = Event> {
    Just(()).prop_map(|()| Event::Overloaded(Failure::new(Class::Transient, "no core was free")))
}

pub(super) fn any_stop() -> impl Strategy<Value = Event> {
    prop_oneof![Just(Stop::Deadline), Just(Stop::Drain)].prop_map(Event::Stop)
}

/// What must hold for the effects of any run, in the order they came, with whether a commit was answered before each.
#[derive(Default)]
struct Watcher {
    ends: u32,
    committing: bool,
    over: bool,
}

impl Watcher {
    fn event(&mut self, event: &Event) {
        if matches!(event, Event::Committed(_)) {
            self.committing = false;
        }
    }

    fn effect(&mut self, effect: &Effect) -> Result<(), TestCaseError> {
        prop_assert!(!self.over || *effect == Effect::Done, "{effect:?} after the end");
        if self.committing {
            prop_assert_eq!(effect, &Effect::Await, "a commit is under way");
        }
        match effect {
            Effect::Fetch(plan) => {
                let Wanted::Http(request) = plan.wanted() else { panic!("an actor run is never fetched: {plan:?}") };
                let step = Step { fetch: Fetch::Http(request.clone()), ..step("/") };
                prop_assert!(plan::check(step, &kind(), &profile(), MicroUsd::ZERO).is_ok(), "{plan:?}");
            }
            Effect::Commit { page, ended, finish } => {
                prop_assert!(page.is_some() || ended.is_some() || finish.is_some(), "a commit of nothing");
                self.ends += u32::from(finish.is_some());
                self.committing = true;
            }
            Effect::Await => prop_assert!(self.committing, "there is nothing to wait for"),
            Effect::Release(_) => {
                prop_assert_eq!(self.ends, 0, "released after its end");
                self.over = true;
            }
            Effect::Done => self.over = true,
            Effect::AskPlan | Effect::Wait(_) | Effect::Normalize(_) => {}
            other => prop_assert!(false, "{other:?} without an actor"),
        }
        prop_assert!(self.ends <= 1, "a run ends once");
        Ok(())
    }
}

/// One answer of each sort; the effect picks.
type Answers = (Event, Event, Event, Event, Option<Event>);

fn any_answers() -> impl Strategy<Value = Answers> {
    let planned = prop_oneof![4 => any_step().prop_map(Ok), 1 => any_failure().prop_map(Err)].prop_map(Event::Planned);
    let stop = prop_oneof![30 => Just(()).prop_map(|()| None), 1 => any_stop().prop_map(Some)];
    (planned, any_fetched(), any_normalized(), (0_u32..12).prop_map(stored), stop)
}

/// Effects of a run of 10 pages, each fetched 3 times with a wait before, normalized 3 times, stored once; with plan, end,
/// done and one stop.
const MOST_EFFECTS: usize = 10 * (3 + 3 + 3 + 1) + 4;

proptest! {
    /// Events in any order at all, most of them nonsense: no panic, no second end, no unchecked fetch.
    #[test]
    fn nonsense_breaks_nothing(events in prop::collection::vec(any_event(), 0..60)) {
        let (mut machine, mut watcher) = (machine(), Watcher::default());
        for event in events {
            watcher.event(&event);
            watcher.effect(&machine.on(event, now()))?;
        }
    }

    /// Each effect gets an answer of its sort, a stop now and then: the run is over within bounds.
    #[test]
    fn every_run_ends(answers in prop::collection::vec(any_answers(), MOST_EFFECTS)) {
        let (mut machine, mut watcher) = (machine(), Watcher::default());
        let mut effect = machine.on(Event::Begin, now());
        watcher.effect(&effect)?;
        for (planned, fetched, normalized, committed, stop) in answers {
            let answer = match &effect {
                _ if stop.is_some() && !matches!(effect, Effect::Done | Effect::Release(_)) => stop.unwrap(),
                Effect::AskPlan => planned,
                Effect::Wait(wait) => {
                    prop_assert!(*wait <= crate::limits::STEP_DELAY_MOST);
                    Event::WaitOver
                }
                Effect::Fetch(_) => fetched,
                Effect::Normalize(_) => normalized,
                Effect::Commit { .. } | Effect::Await => committed,
                Effect::Release(_) | Effect::Done => return Ok(()),
                other => panic!("{other:?} without an actor"),
            };
            watcher.event(&answer);
            effect = machine.on(answer, now());
            watcher.effect(&effect)?;
        }
        prop_assert!(watcher.over, "not over after {MOST_EFFECTS} effects; the last one is {effect:?}");
    }
}
