//! Runs that have paid for an actor run and cannot have the next step: they end well with what they brought. To begin again
//! would pay for the first one twice.

use super::actors::{again, inspected, no_answer, refused, started, unknown, waiting};
use super::datasets::{proposing, sliced, succeeded};
use super::*;
use crate::actor::RemoteStatus;
use crate::fixtures::actors::{actor_claim, actor_profile, actor_step, claimed_again};
use crate::fixtures::{paused, secs};
use crate::run::intent::Park;
use crate::source::{PausedBy, Source};

const DEADLINE: Event = Event::Stop(Stop::Deadline);
const DRAIN: Event = Event::Stop(Stop::Drain);

/// A run whose first actor run has been read, and whose last page wants this.
fn then(next: Step, more: Vec<Event>) -> Vec<Event> {
    let page = normalized(proposing(Some(next)));
    let mut events = vec![succeeded(3), sliced(0, 3), sliced(3, 0), page, stored(2)];
    events.extend(more);
    events
}

/// The effects of the first actor run up to its end.
const FIRST: &str = "inspect 0 | read 0 from 0 | read 0 from 3 | normalize 0 | store closing succeeded with 3";

/// Ends well, says why, and leaves the rest to the next run, which goes on behind what was read.
fn kept(case: &str, effects: &[Effect], why: &str) {
    let finish = end_of(effects).unwrap();
    assert_eq!(ending(finish), "ok", "{case}");
    assert!(finish.unread, "{case}");
    assert_eq!(finish.warnings, [format!("more follows, but was not fetched: {why}")], "{case}");
    assert!(finish.watermark.is_some(), "{case}");
}

fn check_kept(table: Vec<(&str, Vec<Event>, &str, &str)>) {
    for (case, events, expected, why) in table {
        let effects = effects(&mut again(waiting()), events);
        let line = effects.iter().map(words).collect::<Vec<_>>().join(" | ");
        assert_eq!(line, format!("{FIRST} | {expected}"), "{case}");
        kept(case, &effects, why);
    }
}

#[test]
fn a_refused_second_start_by_its_class() {
    for class in Class::ALL {
        let refusals = if class == Class::Transient { 3 } else { 1 };
        let mut more = vec![];
        for n in 0..refusals {
            more.extend((n > 0).then_some(Event::WaitOver));
            more.extend([Event::Intended, refused(class, Some(60))]);
        }
        let effects = effects(&mut again(waiting()), then(actor_step(15), more));
        if class == Class::Transient || class.is_beyond_source() {
            kept(class.word(), &effects, "no");
        } else {
            assert_eq!(ending(end_of(&effects).unwrap()), class.word());
        }
        let ended = effects.last().map(words).unwrap();
        assert!(!ended.contains("closing"), "{class}: what was refused is void: {ended}");
    }
}

#[test]
fn a_stop_between_two_steps() {
    let later = Step { extra: Some(r#"{"delay-s": 7}"#.to_owned()), ..actor_step(15) };
    let page = || step("/2");
    let late = "not done after 300 s, the run's deadline";
    let stopped = "the daemon was stopped";
    let storing = |stop| {
        let mut events = then(actor_step(15), vec![]);
        events.insert(4, stop);
        events
    };
    let table = vec![
        ("waits, drained", then(later.clone(), vec![DRAIN]), "wait 7 | end ok", stopped),
        ("waits, late", then(later, vec![DEADLINE]), "wait 7 | end ok", late),
        (
            "refused in passing, drained",
            then(actor_step(15), vec![Event::Intended, refused(Class::Transient, None), DRAIN]),
            "intend 1 | start 1 | wait 5 | end ok",
            stopped,
        ),
        (
            "refused in passing, late",
            then(actor_step(15), vec![Event::Intended, refused(Class::Transient, None), DEADLINE]),
            "intend 1 | start 1 | wait 5 | end ok",
            late,
        ),
        ("stored, drained", storing(DRAIN), "await | end ok", stopped),
        ("stored, late", storing(DEADLINE), "await | end ok", late),
        ("a page, drained", then(page(), vec![DRAIN]), "fetch /2 | end ok", stopped),
        ("a page, late", then(page(), vec![DEADLINE]), "fetch /2 | end ok", late),
        (
            "a page that cannot be had",
            then(page(), vec![not_fetched(Class::RateLimited, None)]),
            "fetch /2 | end ok",
            "it broke",
        ),
        (
            "a page that nobody could be asked about, drained",
            then(page(), vec![fetched(200), Event::Overloaded(no_answer()), DRAIN]),
            "fetch /2 | normalize 1 | wait 5 | end ok",
            stopped,
        ),
    ];
    check_kept(table);
}

/// What may have been carried out is put away, whatever was paid for before.
#[test]
fn a_stop_while_the_second_is_asked_for_puts_it_away() {
    for (stop, expected) in [(DEADLINE, "park for 15"), (DRAIN, "release")] {
        let events = then(actor_step(15), vec![Event::Intended, stop]);
        assert_eq!(line(&mut again(waiting()), events), format!("{FIRST} | intend 1 | start 1 | {expected}"));
    }
}

/// A run that is put away for its second actor run.
fn second(events: Vec<Event>) -> Park {
    let Some(Effect::Park(park)) = effects(&mut again(waiting()), then(actor_step(15), events)).pop() else {
        panic!("not put away")
    };
    *park
}

#[test]
fn a_second_actor_run_that_brings_nothing() {
    let lost = || second(vec![Event::Intended, unknown()]);
    let begun = || second(vec![Event::Intended, started(RemoteStatus::Running)]);
    let id = begun().intent.order.intent;
    let missing = |mut park: Park| {
        park.progress.place.missing_since = Some(now());
        park
    };
    let day = "the actor platform did not answer for a day about a run it was asked for";
    let lost_it = format!("the actor platform has lost the run it started for {id}");
    let none = || Event::Found(Ok(None));
    let table = vec![
        (
            "never started, and its source stopped",
            lost(),
            true,
            100,
            none(),
            "stopped before the actor run was started",
        ),
        ("not started for a day", lost(), false, 90_000, none(), "the actor run was not started for a day"),
        ("no answer for a day", begun(), false, 90_000, Event::Inspected(Err(no_answer())), day),
        ("lost", missing(begun()), false, 700, Event::Inspected(Ok(None)), &lost_it),
    ];
    for (case, park, stopped, at, event, why) in table {
        let state = if stopped { paused(PausedBy::Operator) } else { source().state };
        let claim = Claim { source: Source { state, ..source() }, ..claimed_again(&actor_claim(), park) };
        let mut machine = machine_of(&claim, actor_profile());
        let at = now().plus(secs(at));
        let effects = [machine.on(Event::Begin, at), machine.on(event, at)];
        kept(case, &effects, why);
    }
    let told = second(vec![Event::Intended, started(RemoteStatus::Running)]);
    let events = vec![inspected(RemoteStatus::Running)];
    assert_eq!(line(&mut again(told), events), "inspect 1 | park for 300", "as any other");
}

/// Pages of a dataset that was not read to its end move no watermark.
#[test]
fn what_part_of_a_second_dataset_proposed_does_not_count() {
    let mut park = second(vec![Event::Intended, started(RemoteStatus::Running)]);
    park.progress.place.offset = 3;
    let mut machine = again(park);
    let late = now().plus(secs(90_000));
    let effects = [machine.on(Event::Begin, late), machine.on(Event::Inspected(Err(no_answer())), late)];
    let finish = end_of(&effects).unwrap();
    assert_eq!((ending(finish).as_str(), finish.unread, finish.watermark.is_some()), ("ok", true, false));
}

/// A step is meant for the actor that the run began with; another one would be paid for what it cannot read.
#[test]
fn no_other_actor_is_asked_for_what_was_meant_for_the_first() {
    let mut edited = actor_profile();
    edited.actor.as_mut().unwrap().name = "acme/other".parse().unwrap();
    for (case, profile) in [("another", edited), ("none", profile())] {
        let mut machine = machine_of(&claimed_again(&actor_claim(), waiting()), profile);
        let effects = effects(&mut machine, then(actor_step(15), vec![]));
        let finish = end_of(&effects).unwrap();
        assert_eq!((ending(finish).as_str(), finish.unread), ("ok", true), "{case}");
        let said = "more follows, but the profile names another actor by now: the next run asks that one";
        assert_eq!(finish.warnings, [said], "{case}");
    }
}
