//! Actor runs from the wish to the start: ordered once, refused, found again.

use super::*;
use crate::actor::{RemoteRun, RemoteStatus};
use crate::contract::ActorRun;
use crate::fixtures::actors::{RESERVED, actor_claim, actor_profile, actor_step, claimed_again, remote};
use crate::fixtures::secs;
use crate::money::MicroUsd;
use crate::run::intent::{IntentStage, Park};
use crate::run::step::Started;

/// A machine of a source that is run with an actor.
pub(super) fn actor_machine() -> Machine {
    machine_of(&actor_claim(), actor_profile())
}

pub(super) fn wish(max_elements: u32) -> Event {
    Event::Planned(Ok(actor_step(max_elements)))
}

pub(super) fn started(status: RemoteStatus) -> Event {
    Event::Started(Started::Run(remote(status)))
}

pub(super) fn refused(class: Class, told: Option<u64>) -> Event {
    let retry_after = told.map(Duration::from_secs);
    Event::Started(Started::Refused(Failure { retry_after, ..Failure::new(class, "no") }))
}

pub(super) fn unknown() -> Event {
    Event::Started(Started::Unknown(Failure::new(Class::Transient, "the answer was lost")))
}

pub(super) fn found(status: RemoteStatus) -> Event {
    Event::Found(Ok(Some(remote(status))))
}

pub(super) fn inspected(status: RemoteStatus) -> Event {
    Event::Inspected(Ok(Some(remote(status))))
}

pub(super) fn no_answer() -> Failure {
    Failure::new(Class::Transient, "502")
}

/// Feeds each event so many seconds after [`now`], `Begin` with the first, and gives the effects as a line.
pub(super) fn line_at(machine: &mut Machine, events: Vec<(u64, Event)>) -> String {
    let first = events.first().map_or(0, |(second, _)| *second);
    let mut said = vec![words(&machine.on(Event::Begin, now().plus(secs(first))))];
    said.extend(events.into_iter().map(|(second, event)| words(&machine.on(event, now().plus(secs(second))))));
    said.join(" | ")
}

/// How a run was put away by these events, the last of which does it.
pub(super) fn parked(events: Vec<(u64, Event)>) -> Park {
    let mut machine = actor_machine();
    machine.on(Event::Begin, now());
    let last = events.into_iter().map(|(second, event)| machine.on(event, now().plus(secs(second)))).last();
    let Some(Effect::Park(park)) = last else { panic!("{last:?}") };
    *park
}

/// A run whose actor run was started at noon.
pub(super) fn waiting() -> Park {
    parked(vec![(0, wish(15)), (0, Event::Intended), (0, started(RemoteStatus::Running))])
}

/// A run of which it is not known whether its actor run was started; the platform was asked for so many seconds.
pub(super) fn ambiguous(asked_for: u64) -> Park {
    parked(vec![(0, wish(15)), (0, Event::Intended), (asked_for, unknown())])
}

/// A run whose daemon died while the platform was asked: what its store kept.
fn died_asking() -> Park {
    let mut machine = actor_machine();
    machine.on(Event::Begin, now());
    let Effect::Intend(intent, progress) = machine.on(wish(15), now()) else { panic!("no intent") };
    Park { intent: *intent, progress: *progress, wake_at: now() }
}

/// What a store gives back of it.
pub(super) fn as_stored(park: Park) -> Park {
    let progress = serde_json::from_str(&serde_json::to_string(&park.progress).unwrap()).unwrap();
    assert_eq!(park.progress, progress);
    Park { progress, ..park }
}

pub(super) fn again(park: Park) -> Machine {
    machine_of(&claimed_again(&actor_claim(), park), actor_profile())
}

#[test]
fn an_actor_run_is_ordered_started_and_waited_for() {
    let delayed = Step { extra: Some(r#"{"delay-s": 7}"#.to_owned()), ..actor_step(15) };
    let next = || normalized(Batch { next: Some(actor_step(15)), ..batch(vec![]) });
    let table = vec![
        (
            "the safety net is nearer than its end",
            vec![wish(15), Event::Intended, started(RemoteStatus::Running)],
            "plan | intend 0 | start 0 | park for 300",
        ),
        (
            "ended already: whoever watches says so",
            vec![wish(15), Event::Intended, started(RemoteStatus::Succeeded)],
            "plan | intend 0 | start 0 | park for 300",
        ),
        (
            "a wait before it",
            vec![Event::Planned(Ok(delayed)), Event::WaitOver, Event::Intended],
            "plan | wait 7 | intend 0 | start 0",
        ),
        (
            "a lookup before it",
            vec![planned("/1"), fetched(200), next(), stored(0), Event::Intended],
            "plan | fetch /1 | normalize 0 | store | intend 1 | start 1",
        ),
        (
            "stored, then what it costs",
            vec![wish(15), Event::Intended, Event::Intended],
            "plan | intend 0 | start 0 | end transient closing unknown with 0",
        ),
        (
            "nothing follows",
            vec![wish(15), Event::Intended, unknown(), Event::WaitOver],
            "plan | intend 0 | start 0 | park for 10 | done",
        ),
    ];
    for (case, events, expected) in table {
        assert_eq!(line(&mut actor_machine(), events), expected, "{case}");
    }
    let mut short = actor_profile();
    short.actor.as_mut().unwrap().timeout = secs(60);
    let mut machine = machine_of(&actor_claim(), short);
    let events = vec![wish(15), Event::Intended, started(RemoteStatus::Running)];
    assert_eq!(line(&mut machine, events), "plan | intend 0 | start 0 | park for 180", "its end, and two minutes");
}

#[test]
fn what_cannot_be_paid_for_is_not_ordered() {
    let with_events = |extra: &str| {
        let run = ActorRun { input: "{}".to_owned(), max_elements: 15, extra: Some(extra.to_owned()) };
        Event::Planned(Ok(Step { fetch: Fetch::Actor(run), ..step("/") }))
    };
    let table = vec![
        ("all that is reserved", wish(38), "plan | intend 0"),
        ("one element more", wish(39), "plan | end config"),
        ("a priced event", with_events(r#"{"events": {"date-filter": 15}}"#), "plan | intend 0"),
        ("an event without a price", with_events(r#"{"events": {"comment": 1}}"#), "plan | end config"),
    ];
    for (case, event, expected) in table {
        assert_eq!(line(&mut actor_machine(), vec![event]), expected, "{case}");
    }
    let mut machine = machine_of(&actor_claim(), profile());
    assert_eq!(line(&mut machine, vec![wish(1)]), "plan | end config", "a profile without an actor");
}

#[test]
fn an_intent_holds_all_that_is_needed_later() {
    let mut machine = actor_machine();
    let step = Step { state: Some("s1".to_owned()), ..actor_step(15) };
    let effects = effects(&mut machine, vec![Event::Planned(Ok(step))]);
    let Some(Effect::Intend(intent, progress)) = effects.last() else { panic!("{effects:?}") };
    assert_eq!((intent.number, intent.max_elements, intent.state.as_deref()), (0, 15, Some("s1")));
    assert_eq!((intent.job_now, intent.job_max_items, intent.asked_at), (now(), 10, now()));
    assert_eq!((&intent.stage, intent.troubles), (&IntentStage::Intended, 0));
    let order = &intent.order;
    assert_eq!((order.actor.as_str(), order.build.as_str(), order.memory_mb), ("acme/posts", "1.2.3", Some(1_024)));
    assert_eq!(
        (order.credential.as_str(), order.timeout, order.charge_cap),
        ("apify", secs(360), MicroUsd::new(31_000))
    );
    assert_eq!(order.input, r#"{"handle":"acme"}"#);
    assert_eq!((progress.fetches, progress.pages, progress.caps), (1, 0, order.charge_cap));
    assert!(progress.caps <= RESERVED);
}

/// A refused start has cost nothing. What refuses everybody lets the run go; what may pass is tried again; the rest fails.
#[test]
fn a_refused_start_by_its_class() {
    for class in Class::ALL {
        let expected = match class {
            Class::Transient => "wait 5".to_owned(),
            Class::Credential | Class::Quota | Class::Capacity | Class::Actor | Class::RateLimited => {
                "release for 10".to_owned()
            }
            class => format!("end {class}"),
        };
        let line = line(&mut actor_machine(), vec![wish(15), Event::Intended, refused(class, None)]);
        assert_eq!(line, format!("plan | intend 0 | start 0 | {expected}"), "{class}");
    }
    for (told, waits) in [(45, 45), (120, 120), (100_000, 120)] {
        let line = line(&mut actor_machine(), vec![wish(15), Event::Intended, refused(Class::RateLimited, Some(told))]);
        assert_eq!(line, format!("plan | intend 0 | start 0 | release for {waits}"), "told to wait {told} s");
    }
}

/// Each new try is stored before it is made; the ladder is that of any fetch.
#[test]
fn a_start_that_did_not_get_through_is_made_again_inside_the_run() {
    let refused = || refused(Class::Transient, None);
    let twice = || {
        vec![
            wish(15),
            Event::Intended,
            refused(),
            Event::WaitOver,
            Event::Intended,
            refused(),
            Event::WaitOver,
            Event::Intended,
        ]
    };
    let before = "plan | intend 0 | start 0 | wait 5 | intend 0 | start 0 | wait 15 | intend 0 | start 0";
    let table =
        [(started(RemoteStatus::Ready), "park for 300"), (refused(), "end transient"), (unknown(), "park for 10")];
    for (last, expected) in table {
        let mut events = twice();
        events.push(last);
        assert_eq!(line(&mut actor_machine(), events), format!("{before} | {expected}"));
    }
}

/// The platform may have been asked until its answer was lost; its lists lag by half a minute after that.
#[test]
fn a_start_of_unknown_outcome_is_looked_for_before_it_is_made_again() {
    let none = || Event::Found(Ok(None));
    let table = [
        ("answered at once, young", ambiguous(0), 10, "find 0 | park for 20"),
        ("answered at once, at last", ambiguous(0), 30, "find 0 | intend 0"),
        ("answer lost after a minute, first look", ambiguous(60), 70, "find 0 | park for 80"),
        ("answer lost after a minute, just before", ambiguous(60), 89, "find 0 | park for 99"),
        ("answer lost after a minute, at last", ambiguous(60), 90, "find 0 | intend 0"),
        ("died, first look", died_asking(), 20, "find 0 | park for 30"),
        ("died, it may have asked for a minute", died_asking(), 89, "find 0 | park for 99"),
        ("died, at last", died_asking(), 90, "find 0 | intend 0"),
    ];
    for (case, park, at, expected) in table {
        assert_eq!(line_at(&mut again(park), vec![(at, none())]), expected, "{case}");
    }
}

#[test]
fn what_is_made_again_is_the_same_order_under_the_same_id() {
    let park = ambiguous(1);
    let mut machine = again(park.clone());
    let at = now().plus(secs(60));
    machine.on(Event::Begin, at);
    let Effect::Intend(intent, progress) = machine.on(Event::Found(Ok(None)), at) else { panic!("{machine:?}") };
    assert_eq!((&intent.order, intent.asked_at, &intent.stage), (&park.intent.order, at, &IntentStage::Intended));
    assert_eq!(*progress, park.progress, "its charge cap counts once");
    let Effect::Start(again) = machine.on(Event::Intended, at) else { panic!("{machine:?}") };
    assert_eq!(again, intent);
}

#[test]
fn a_run_that_was_found_goes_on_as_if_it_had_been_started() {
    let table: Vec<(&str, u64, Event, &str)> = vec![
        ("running", 10, found(RemoteStatus::Running), "find 0 | park for 310"),
        ("ended", 10, found(RemoteStatus::Succeeded), "find 0 | read 0 from 0"),
        ("found late", 7_200, found(RemoteStatus::Running), "find 0 | park for 7500"),
        ("after days in which nobody looked", 400_000, found(RemoteStatus::Succeeded), "find 0 | read 0 from 0"),
        ("none in days in which nobody looked", 400_000, Event::Found(Ok(None)), "find 0 | end transient"),
        ("no answer", 10, Event::Found(Err(no_answer())), "find 0 | park for 25"),
        ("no answer all day", 86_401, Event::Found(Err(no_answer())), "find 0 | end transient closing unknown with 0"),
    ];
    for (case, at, event, expected) in table {
        assert_eq!(line_at(&mut again(died_asking()), vec![(at, event)]), expected, "{case}");
    }
    let mut machine = again(ambiguous(0));
    machine.on(Event::Begin, now().plus(secs(10)));
    let Effect::Park(park) = machine.on(found(RemoteStatus::Running), now().plus(secs(10))) else { panic!() };
    let stage = IntentStage::Started {
        remote: "run1".parse().unwrap(),
        dataset: "dataset1".parse().unwrap(),
        at: now().plus(secs(10)),
        aborted: false,
    };
    assert_eq!(park.intent.stage, stage);
}

/// Every call of a run has the same job, whoever claims it and however much later.
#[test]
fn the_job_is_the_same_after_a_wait() {
    let first = actor_machine();
    let claim = Claim { items_before: 7, ..claimed_again(&actor_claim(), waiting()) };
    let later = Machine::new(&claim, actor_profile(), kind(), now().plus(secs(7_200)), 1);
    assert_eq!(first.job(), later.job());
    assert_eq!((first.cap(), later.cap()), (10, 10));
}

/// A profile that names another actor by now does not make the rows of the old one the new one's.
#[test]
fn the_job_names_the_actor_that_was_ordered() {
    let mut edited = actor_profile();
    edited.actor.as_mut().unwrap().name = "acme/other".parse().unwrap();
    let job = |park| machine_of(&claimed_again(&actor_claim(), park), edited.clone()).job().actor.clone();
    for (case, park) in [("started", waiting()), ("not known to be started", ambiguous(0))] {
        assert_eq!(job(park).as_deref(), Some("acme/posts"), "{case}");
    }
    let begun = machine_of(&actor_claim(), edited);
    assert_eq!(begun.job().actor.as_deref(), Some("acme/other"), "a run that begins");
}

/// An attempt that begins anew has nothing open: what it orders is another thing than what an earlier one has paid for.
#[test]
fn no_two_orders_share_an_id() {
    let id = |generation| {
        let claim = Claim { generation: crate::claim::Generation(generation), ..actor_claim() };
        let mut machine = machine_of(&claim, actor_profile());
        machine.on(Event::Begin, now());
        let Effect::Intend(intent, _) = machine.on(wish(15), now()) else { panic!("{machine:?}") };
        intent.order.intent
    };
    assert_ne!(id(1), id(2));
    assert_eq!(id(1), id(1));
}

/// A lost start that is found when its run has ended is read at once: its end is the first that the store hears of it.
#[test]
fn the_end_names_the_run_that_was_found() {
    for (what, events, expected) in [
        ("found, and ended", vec![found(RemoteStatus::Succeeded)], Some(remote(RemoteStatus::Succeeded).id)),
        ("given up unfound", vec![], None),
    ] {
        let mut machine = again(ambiguous(0));
        machine.on(Event::Begin, now());
        for event in events {
            machine.on(event, now());
        }
        assert_eq!(machine.open.as_ref().unwrap().remote, expected, "{what}");
    }
    let mut machine = again(waiting());
    machine.on(Event::Begin, now());
    assert_eq!(machine.open.as_ref().unwrap().remote, Some(remote(RemoteStatus::Running).id), "known from its start");
}

/// What a remote run says is kept for its end.
#[test]
fn the_end_says_what_the_platform_said_last() {
    let run = RemoteRun { cost: Some(MicroUsd::new(5_000)), ..remote(RemoteStatus::Failed) };
    let mut machine = again(waiting());
    machine.on(Event::Begin, now());
    machine.on(Event::Inspected(Ok(Some(run))), now());
    let gone = Failure::new(Class::NotFound, "no dataset");
    let Effect::Commit { ended: Some(end), finish: Some(finish), .. } = machine.on(Event::Sliced(Err(gone)), now())
    else {
        panic!("{machine:?}")
    };
    assert_eq!((end.status, end.cost, end.elements), (Some(RemoteStatus::Failed), Some(MicroUsd::new(5_000)), 0));
    assert_eq!(end.intent, waiting().intent.order.intent);
    assert_eq!(ending(&finish), "bad-answer");
}
