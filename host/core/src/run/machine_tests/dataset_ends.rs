//! What the end of an actor run means for its run, and the next actor run that a dataset leads to.

use super::actors::{again, inspected, no_answer, waiting, wish};
use super::datasets::{ended, proposing, sliced, succeeded};
use super::*;
use crate::actor::RemoteStatus;
use crate::fixtures::actors::{RESERVED, actor_claim, actor_claim_of, actor_profile, actor_step, claimed_again};
use crate::fixtures::fresh_source;
use crate::money::MicroUsd;

/// Only a run that ended by itself is complete. Items are stored whatever it was; nothing else of the page counts.
#[test]
fn ends_that_are_no_success_move_no_watermark_and_lead_to_no_next_run() {
    use RemoteStatus::{Aborted, Failed, Succeeded, TimedOut};
    let table = [
        (Succeeded, 3, "ok", true, None),
        (Succeeded, 0, "ok", true, None),
        (
            TimedOut,
            3,
            "ok",
            false,
            Some("the actor run timed-out (it did not say why): what it left may be incomplete"),
        ),
        (TimedOut, 0, "transient", false, None),
        (Failed, 3, "transient", false, None),
        (Failed, 0, "transient", false, None),
        (Aborted, 3, "ok", false, Some("the actor run aborted (it did not say why): what it left may be incomplete")),
        (Aborted, 0, "ok", false, Some("the actor run aborted (it did not say why): what it left may be incomplete")),
    ];
    for (status, elements, expected, proposes, warning) in table {
        let case = format!("{status:?} with {elements}");
        let next = (status != Succeeded).then(|| actor_step(15));
        let mut events = vec![ended(status, u64::from(elements)), sliced(0, elements)];
        events.extend((elements > 0).then(|| sliced(elements, 0)));
        if status == Succeeded && elements == 0 {
            // A count of nothing may be early.
            events.extend([Event::WaitOver, sliced(0, 0)]);
        }
        events.push(normalized(proposing(next)));
        let effects = effects(&mut again(waiting()), events);
        let finish = end_of(&effects).unwrap();
        assert_eq!((ending(finish).as_str(), finish.watermark.is_some()), (expected, proposes), "{case}");
        assert_eq!(finish.warnings.iter().map(String::as_str).next(), warning, "{case}");
        assert!(
            matches!(effects.last(), Some(Effect::Commit { page: Some(page), .. }) if page.items.len() == 2),
            "{case}"
        );
    }
}

/// An actor run that we had to end ourselves, and that left nothing, has failed; one that somebody else ended has not.
#[test]
fn who_aborted_it_decides_whose_failure_it_is() {
    let mut told = waiting();
    if let crate::run::IntentStage::Started { aborted, .. } = &mut told.intent.stage {
        *aborted = true;
    }
    for (case, park, expected) in [("ourselves", told, "transient"), ("its cap, or an operator", waiting(), "ok")] {
        let events = vec![ended(RemoteStatus::Aborted, 0), sliced(0, 0), normalized(batch(vec![]))];
        let effects = effects(&mut again(park), events);
        assert_eq!(ending(end_of(&effects).unwrap()), expected, "{case}");
    }
}

/// The first page's words do not count where the last one is missing.
#[test]
fn a_page_before_the_last_is_only_believed_with_the_last() {
    let events = |status| {
        let last = normalized(batch(vec![]));
        vec![ended(status, 6), sliced(0, 3), sliced(3, 3), normalized(proposing(None)), stored(2), sliced(6, 0), last]
    };
    for (status, proposes) in [(RemoteStatus::Succeeded, true), (RemoteStatus::TimedOut, false)] {
        let effects = effects(&mut again(waiting()), events(status));
        assert_eq!(end_of(&effects).unwrap().watermark.is_some(), proposes, "{status:?}");
    }
}

/// The events up to a stored page that wants `next`; then what follows is up to the budgets.
fn wanting(next: Step) -> Vec<Event> {
    vec![succeeded(3), sliced(0, 3), sliced(3, 0), normalized(proposing(Some(next))), stored(2)]
}

#[test]
fn a_second_actor_run_is_ordered_within_what_is_reserved_and_the_page_budget() {
    let before = "inspect 0 | read 0 from 0 | read 0 from 3 | normalize 0";
    let left = "more follows for $0.047, but of $0.077 for this run $0.046 are left";
    let pages = "more pages follow, but 1 is the most for one run";
    let follows = "store closing succeeded with 3 | intend 1";
    let ends = "end ok with page closing succeeded with 3 | done";
    let table = vec![
        ("it fits to the micro-dollar: 46,000 are left", actor_step(22), 10, follows, None),
        ("it does not fit", actor_step(23), 10, ends, Some(left)),
        ("the page budget", actor_step(1), 1, ends, Some(pages)),
        ("an HTTP page is never too dear", step("/2"), 10, "store closing succeeded with 3 | fetch /2", None),
    ];
    for (case, next, max_pages, expected, warning) in table {
        let mut profile = actor_profile();
        profile.caps.max_pages = max_pages;
        let mut machine = machine_of(&claimed_again(&actor_claim(), waiting()), profile);
        let effects = effects(&mut machine, wanting(next));
        let line = effects.iter().map(words).collect::<Vec<_>>().join(" | ");
        assert_eq!(line, format!("{before} | {expected}"), "{case}");
        let finish = end_of(&effects);
        let said = finish.and_then(|finish| finish.warnings.first()).map(String::as_str);
        assert_eq!((said, finish.is_some_and(|finish| finish.unread)), (warning, warning.is_some()), "{case}");
    }
}

#[test]
fn the_caps_of_all_intents_add_up() {
    let mut machine = again(waiting());
    let effects = effects(&mut machine, wanting(actor_step(22)));
    let Some(Effect::Intend(second, progress)) = effects.last() else { panic!("{effects:?}") };
    let first = waiting().intent;
    assert_ne!(first.order.intent, second.order.intent);
    assert_eq!(progress.caps, first.order.charge_cap.plus(second.order.charge_cap));
    assert!(progress.caps <= RESERVED);
    assert_eq!((second.number, progress.fetches, progress.pages), (1, 2, 1));
    let end = effects.iter().find_map(|effect| match effect {
        Effect::Commit { ended: Some(end), .. } => Some(end),
        _ => None,
    });
    assert_eq!(
        end.map(|end| end.intent),
        Some(first.order.intent),
        "the first is done with before the second is ordered"
    );
    assert_eq!(first.order.charge_cap, MicroUsd::new(31_000));
}

/// A first run that needs two actor runs stores items before it is put away for the second: it has not died.
#[test]
fn a_first_run_of_two_actor_runs_proposes_its_watermark() {
    let first = actor_claim_of(fresh_source(), &actor_profile(), Trigger::Bootstrap);
    let ends = |claim: Claim| {
        let mut machine = machine_of(&claim, actor_profile());
        let begun = effects(&mut machine, vec![wish(15), Event::Intended, actors::started(RemoteStatus::Running)]);
        let Some(Effect::Park(park)) = begun.into_iter().next_back() else { panic!("not put away") };
        let later = Claim { items_before: 5, ..claimed_again(&claim, *park) };
        let events = vec![succeeded(1), sliced(0, 1), sliced(1, 0), normalized(proposing(None))];
        let effects = effects(&mut machine_of(&later, actor_profile()), events);
        let end = end_of(&effects).unwrap();
        assert!(end.watermark.is_some());
        !end.resumed
    };
    assert!(ends(first.clone()), "what it stored before the wait is its own");
    assert!(!ends(Claim { attempt: 2, items_before: 5, ..first }), "what an attempt stored that died is not");
}

/// What the pages before a pause said is known after it.
#[test]
fn what_pages_said_survives_a_pause() {
    let facts = crate::contract::Facts { display_name: Some("Acme".to_owned()), ..Default::default() };
    let first = normalized(Batch { facts: Some(facts.clone()), ..proposing(None) });
    let mut machine = again(waiting());
    let events = vec![succeeded(9), sliced(0, 3), sliced(3, 3), first, stored(2), Event::Sliced(Err(no_answer()))];
    let Some(Effect::Park(park)) = effects(&mut machine, events).pop() else { panic!("not put away") };
    let kept = serde_json::to_string(&park.progress).unwrap();
    let progress = serde_json::from_str(&kept).unwrap();
    assert_eq!(park.progress, progress, "as a store keeps it");
    let park = Box::new(crate::run::Park { progress, ..*park });
    let events = vec![inspected(RemoteStatus::Succeeded), sliced(0, 1), sliced(1, 0), normalized(batch(vec![]))];
    let effects = effects(&mut again(*park), events);
    let page = effects.iter().find_map(|effect| if let Effect::Normalize(page) = effect { Some(page) } else { None });
    assert_eq!(page.map(|page| page.number), Some(1), "pages are counted on");
    assert_eq!(end_of(&effects).unwrap().facts, Some(facts));
}
