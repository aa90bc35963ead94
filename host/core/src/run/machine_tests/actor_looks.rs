//! Actor runs that are waited for: looked at, lost, told to end.

use super::actors::{again, ambiguous, as_stored, found, inspected, line_at, no_answer, waiting};
use super::datasets::{ended, sliced};
use super::*;
use crate::actor::RemoteStatus;
use crate::fixtures::actors::{actor_claim, actor_profile, claimed_again};
use crate::fixtures::{paused, secs};
use crate::limits;
use crate::run::intent::Park;
use crate::source::{PausedBy, Source};

/// The same for a source that was paused while the run waited.
fn again_paused(park: Park) -> Machine {
    let paused = Source { state: paused(PausedBy::Operator), ..source() };
    machine_of(&Claim { source: paused, ..claimed_again(&actor_claim(), park) }, actor_profile())
}

#[test]
fn a_run_is_looked_at_when_it_is_claimed_again() {
    use RemoteStatus::{Aborted, Aborting, Failed, Ready, Running, Succeeded, TimedOut, TimingOut, Unknown};
    let no_end =
        [(100, "park for 400"), (300, "park for 480"), (479, "park for 480"), (480, "abort 0"), (481, "abort 0")];
    for status in [Ready, Running, TimingOut, Aborting, Unknown] {
        for (at, expected) in no_end {
            let line = line_at(&mut again(waiting()), vec![(at, inspected(status))]);
            assert_eq!(line, format!("inspect 0 | {expected}"), "{status:?} after {at} s");
        }
    }
    for status in [Succeeded, Failed, TimedOut, Aborted] {
        for at in [1, 481, 100_000] {
            let line = line_at(&mut again(waiting()), vec![(at, inspected(status))]);
            assert_eq!(line, "inspect 0 | read 0 from 0", "{status:?} after {at} s");
        }
    }
}

#[test]
fn a_run_that_the_platform_does_not_know_or_does_not_tell() {
    let table = vec![
        ("404, young", 59, Event::Inspected(Ok(None)), "park for 64"),
        ("404, later: once says nothing", 60, Event::Inspected(Ok(None)), "park for 75"),
        ("no answer", 60, Event::Inspected(Err(no_answer())), "park for 75"),
        ("no answer for a day", 360 + 86_400, Event::Inspected(Err(no_answer())), "park for 86775"),
        (
            "no answer for longer",
            361 + 86_400,
            Event::Inspected(Err(no_answer())),
            "end transient closing unknown with 0",
        ),
        ("a token that is refused", 60, Event::Inspected(Err(Failure::new(Class::Credential, "401"))), "park for 75"),
    ];
    for (case, at, event, expected) in table {
        assert_eq!(line_at(&mut again(waiting()), vec![(at, event)]), format!("inspect 0 | {expected}"), "{case}");
    }
    let mut park = waiting();
    for pause in [15, 30, 60, 120, 240, 480, 600, 600] {
        let mut machine = again(park);
        machine.on(Event::Begin, now());
        let Effect::Park(next) = machine.on(Event::Inspected(Err(no_answer())), now()) else { panic!("{machine:?}") };
        assert_eq!(next.wake_at.since(now()).as_secs(), pause, "in doubling pauses");
        park = *next;
    }
    let mut machine = again(park);
    machine.on(Event::Begin, now());
    let Effect::Park(park) = machine.on(inspected(RemoteStatus::Running), now()) else { panic!("{machine:?}") };
    assert_eq!(park.intent.troubles, 0, "an answer ends the row");
}

/// What is paid for is not given up for a copy that lags, nor for two answers with an outage between them.
#[test]
fn a_run_is_lost_when_the_platform_has_said_so_for_ten_minutes() {
    let none = || Event::Inspected(Ok(None));
    let run = |status| inspected(status);
    let lost = "end transient closing unknown with 0";
    let table = vec![
        ("nothing else for ten minutes", vec![(100, none()), (400, none()), (699, none()), (700, none())], lost),
        ("a second less", vec![(100, none()), (699, none())], "park for 729"),
        (
            "no answer is none",
            vec![(100, none()), (400, Event::Inspected(Err(no_answer()))), (701, none())],
            "park for 761",
        ),
        ("known again", vec![(100, none()), (200, run(RemoteStatus::Running)), (800, none())], "park for 815"),
        ("known again, and ended", vec![(100, none()), (800, run(RemoteStatus::Succeeded))], "read 0 from 0"),
    ];
    for (case, looks, expected) in table {
        let (mut park, mut last) = (Some(waiting()), String::new());
        for (at, event) in looks {
            let mut machine = again(as_stored(park.take().unwrap()));
            machine.on(Event::Begin, now().plus(secs(at)));
            let effect = machine.on(event, now().plus(secs(at)));
            last = words(&effect);
            park = if let Effect::Park(park) = effect { Some(*park) } else { None };
        }
        assert_eq!(last, expected, "{case}");
    }
}

/// Told to end two minutes after its own timeout; given up on six minutes after it.
#[test]
fn a_run_that_does_not_end_is_told_to() {
    let told = |at: u64| {
        let mut machine = again(waiting());
        machine.on(Event::Begin, now().plus(secs(at)));
        machine.on(inspected(RemoteStatus::Running), now().plus(secs(at)));
        let Effect::Park(park) = machine.on(Event::Aborted(Ok(())), now().plus(secs(at))) else {
            panic!("{machine:?}")
        };
        assert_eq!(park.wake_at.since(now()).as_secs(), at + limits::ABORT_PAUSE.as_secs());
        *park
    };
    let table = vec![
        (486, inspected(RemoteStatus::Aborted), "read 0 from 0"),
        (486, inspected(RemoteStatus::Succeeded), "read 0 from 0"),
        (486, inspected(RemoteStatus::Aborting), "park for 491"),
        (486, inspected(RemoteStatus::Running), "park for 491"),
        (720, inspected(RemoteStatus::Unknown), "park for 725"),
        (721, inspected(RemoteStatus::Unknown), "end transient closing unknown with 0"),
        (721, inspected(RemoteStatus::Aborting), "end transient closing aborting with 0"),
    ];
    for (at, event, expected) in table {
        assert_eq!(line_at(&mut again(told(481)), vec![(at, event)]), format!("inspect 0 | {expected}"));
    }
    let events = vec![(481, inspected(RemoteStatus::Running)), (481, Event::Aborted(Err(no_answer())))];
    assert_eq!(line_at(&mut again(waiting()), events), "inspect 0 | abort 0 | park for 496", "asked again");
}

#[test]
fn a_source_that_was_stopped_meanwhile_has_its_run_ended() {
    let told = vec![(100, inspected(RemoteStatus::Running)), (100, Event::Aborted(Ok(())))];
    assert_eq!(line_at(&mut again_paused(waiting()), told), "inspect 0 | abort 0 | park for 105");
    let table = vec![
        ("it had ended: paid for, so read", waiting(), inspected(RemoteStatus::Succeeded), "inspect 0 | read 0 from 0"),
        ("found running", ambiguous(0), found(RemoteStatus::Running), "find 0 | abort 0"),
        ("not found yet", ambiguous(80), Event::Found(Ok(None)), "find 0 | park for 110"),
        ("never started: nothing to end", ambiguous(0), Event::Found(Ok(None)), "find 0 | end transient"),
    ];
    for (case, park, event, expected) in table {
        assert_eq!(line_at(&mut again_paused(park), vec![(100, event)]), expected, "{case}");
    }
}

/// The record says that it was a person's wish, not the platform's.
#[test]
fn a_run_that_a_pause_has_ended_says_so() {
    let mut told = waiting();
    if let crate::run::IntentStage::Started { aborted, .. } = &mut told.intent.stage {
        *aborted = true;
    }
    let events = vec![ended(RemoteStatus::Aborted, 0), sliced(0, 0), normalized(batch(vec![]))];
    let effects = effects(&mut again_paused(told), events);
    let finish = end_of(&effects).unwrap();
    let said = "the actor run aborted (its source was paused or switched off): what it left may be incomplete";
    assert_eq!((ending(finish).as_str(), finish.warnings.as_slice()), ("ok", [said.to_owned()].as_slice()));
}
