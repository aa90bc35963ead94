//! Actor runs that are stopped from outside: what is paid for is put away, never given up.

use super::actors::{actor_machine, again, found, inspected, refused, started, unknown, waiting, wish};
use super::datasets::{sliced, succeeded};
use super::*;
use crate::actor::RemoteStatus;
use crate::fixtures::secs;
use crate::run::intent::Park;

const DEADLINE: Event = Event::Stop(Stop::Deadline);
const DRAIN: Event = Event::Stop(Stop::Drain);

/// A state: the machine, the events that lead into it, its effects, and what the deadline leads to there.
type State = (&'static str, fn() -> Machine, Vec<Event>, &'static str, &'static str);

fn intended() -> Park {
    let mut machine = actor_machine();
    let effects = effects(&mut machine, vec![wish(15), Event::Intended, unknown()]);
    let Some(Effect::Park(park)) = effects.into_iter().next_back() else { panic!("not put away") };
    *park
}

fn states() -> Vec<State> {
    let resumed = || again(waiting());
    let looked_for = || again(intended());
    let page = || normalized(batch(vec![item("a")]));
    vec![
        // Nothing was asked yet, so there is nothing to keep.
        ("intending", actor_machine, vec![wish(15)], "plan | intend 0", "end transient closing unknown with 0"),
        ("starting", actor_machine, vec![wish(15), Event::Intended], "plan | intend 0 | start 0", "park for 15"),
        (
            "waiting for another start",
            actor_machine,
            vec![wish(15), Event::Intended, refused(Class::Transient, None)],
            "plan | intend 0 | start 0 | wait 5",
            "end transient",
        ),
        ("finding", looked_for, vec![], "find 0", "park for 15"),
        ("found", looked_for, vec![found(RemoteStatus::Succeeded)], "find 0 | read 0 from 0", "park for 15"),
        ("inspecting", resumed, vec![], "inspect 0", "park for 15"),
        ("reading", resumed, vec![succeeded(3)], "inspect 0 | read 0 from 0", "park for 15"),
        (
            "waiting for the dataset",
            resumed,
            vec![succeeded(3), sliced(0, 0)],
            "inspect 0 | read 0 from 0 | wait 5",
            "park for 15",
        ),
        (
            "normalizing",
            resumed,
            vec![succeeded(3), sliced(0, 3), sliced(3, 0)],
            "inspect 0 | read 0 from 0 | read 0 from 3 | normalize 0",
            "park for 15",
        ),
        (
            "reading on",
            resumed,
            vec![succeeded(6), sliced(0, 3), sliced(3, 3), page(), stored(1)],
            "inspect 0 | read 0 from 0 | read 0 from 3 | normalize 0 | store | read 0 from 6",
            // It gets on: no trouble at all.
            "park for 0",
        ),
    ]
}

#[test]
fn the_deadline_puts_away_what_is_paid_for() {
    for (case, machine, mut events, before, expected) in states() {
        events.extend([DEADLINE, DRAIN]);
        let after = if expected.starts_with("end") { "await" } else { "done" };
        assert_eq!(line(&mut machine(), events), format!("{before} | {expected} | {after}"), "{case}");
    }
}

/// The store knows whether a run has an intent: one that has goes on from it. One that reads says how far it is.
#[test]
fn a_drain_lets_go_in_every_state() {
    for (case, machine, mut events, before, _) in states() {
        events.extend([DRAIN, DEADLINE]);
        let expected = if before.contains("read") { "park for 0" } else { "release" };
        assert_eq!(line(&mut machine(), events), format!("{before} | {expected} | done"), "{case}");
    }
}

#[test]
fn a_stop_waits_for_the_page_that_is_being_stored() {
    let storing = || {
        let page = normalized(batch(vec![item("a")]));
        vec![succeeded(6), sliced(0, 3), sliced(3, 3), page]
    };
    let before = "inspect 0 | read 0 from 0 | read 0 from 3 | normalize 0 | store";
    for stop in [DEADLINE, DRAIN] {
        let mut events = storing();
        events.extend([stop, stored(10)]);
        assert_eq!(line(&mut again(waiting()), events), format!("{before} | await | park for 0"));
    }
}

/// Told to end, and the deadline of this part of the run comes first.
#[test]
fn the_deadline_while_the_platform_is_told_to_end_a_run() {
    let mut machine = again(waiting());
    let at = now().plus(Duration::from_secs(500));
    machine.on(Event::Begin, at);
    assert_eq!(words(&machine.on(inspected(RemoteStatus::Running), at)), "abort 0");
    let Effect::Park(park) = machine.on(DEADLINE, at) else { panic!("{machine:?}") };
    assert_eq!(park.intent.stage, waiting().intent.stage, "not known to be told: told again");
}

/// Before anything was asked, too: the run is as it was.
#[test]
fn a_stop_before_a_run_goes_on() {
    for (stop, expected) in [(DEADLINE, "park for 15"), (DRAIN, "release")] {
        assert_eq!(words(&again(waiting()).on(stop, now())), expected);
    }
    let mut machine = again(waiting());
    assert_eq!(words(&machine.on(started(RemoteStatus::Running), now())), "end transient closing unknown with 0");
}

/// An event that does not fit ends the run and closes its intent: nothing is left behind that nobody waits for.
#[test]
fn events_that_do_not_fit() {
    for (case, machine, mut events, before, _) in states() {
        events.extend([Event::Begin, stored(0)]);
        let line = line(&mut machine(), events);
        let end = line.strip_prefix(&format!("{before} | ")).unwrap();
        let waits = case == "waiting for another start";
        assert!(end.starts_with("end transient") && end.ends_with(" | done"), "{case}: {line}");
        assert_eq!(end.contains("closing"), !waits, "{case}: {line}");
    }
}

/// A start that was cut short was being made until then, however long ago it was written down; and what it may have started
/// is no older than the order. A machine that was suspended, or a database that was blocked, moves one and not the other.
#[test]
fn a_start_that_was_cut_short_was_asked_for_until_then() {
    let minute = crate::limits::ACTOR_ASK_TIMEOUT;
    for (case, after, asked) in
        [("as it was", secs(40), now()), ("suspended for an hour", secs(3_600), now().plus(secs(3_600)).minus(minute))]
    {
        let mut machine = actor_machine();
        for event in [Event::Begin, wish(15), Event::Intended] {
            machine.on(event, now());
        }
        let Effect::Park(park) = machine.on(DEADLINE, now().plus(after)) else { panic!("{case}: {machine:?}") };
        assert_eq!((park.intent.ordered_at, park.intent.asked_at), (now(), asked), "{case}");
    }
    let mut machine = actor_machine();
    for event in [Event::Begin, wish(15), Event::Intended] {
        machine.on(event, now());
    }
    let back = now().minus(secs(3_600));
    let Effect::Park(park) = machine.on(DEADLINE, back) else { panic!("{machine:?}") };
    assert_eq!((park.intent.earliest(), park.intent.asked_at), (back, back), "a clock that was set back");
}
