//! Runs in which something breaks.

use super::*;
use crate::contract::{FailureCategory, Item};
use crate::fixtures::plugin_failure;
use crate::limits;

#[test]
fn what_is_likely_to_pass_is_tried_again_inside_the_run() {
    use Class::{RateLimited, Transient};
    let not_normalized = || Event::Normalized(Err(Failure::new(Transient, "cut short")));
    check(vec![
        (
            "passes at the third try",
            vec![
                planned("/1"),
                not_fetched(Transient, None),
                Event::WaitOver,
                not_fetched(Transient, None),
                Event::WaitOver,
                fetched(200),
                page(None),
            ],
            "plan | fetch /1 | wait 5 | fetch /1 | wait 15 | fetch /1 | normalize 0 | end ok with page",
        ),
        (
            "does not pass",
            vec![
                planned("/1"),
                not_fetched(Transient, None),
                Event::WaitOver,
                not_fetched(Transient, None),
                Event::WaitOver,
                not_fetched(Transient, None),
                stored(0),
            ],
            "plan | fetch /1 | wait 5 | fetch /1 | wait 15 | fetch /1 | end transient | done",
        ),
        (
            "the plugin sees that the body was cut",
            vec![planned("/1"), fetched(200), not_normalized(), Event::WaitOver, fetched(200), page(None)],
            "plan | fetch /1 | normalize 0 | wait 5 | fetch /1 | normalize 0 | end ok with page",
        ),
        (
            "tries of the fetch and of what it brought are counted together",
            vec![
                planned("/1"),
                not_fetched(Transient, None),
                Event::WaitOver,
                fetched(200),
                not_normalized(),
                Event::WaitOver,
                fetched(200),
                not_normalized(),
            ],
            "plan | fetch /1 | wait 5 | fetch /1 | normalize 0 | wait 15 | fetch /1 | normalize 0 | end transient",
        ),
        (
            "each page has its own tries",
            vec![
                planned("/1"),
                not_fetched(Transient, None),
                Event::WaitOver,
                fetched(200),
                page(Some("/2")),
                stored(1),
                not_fetched(Transient, None),
            ],
            "plan | fetch /1 | wait 5 | fetch /1 | normalize 0 | store | fetch /2 | wait 5",
        ),
        ("told to wait less", vec![planned("/1"), not_fetched(Transient, Some(5))], "plan | fetch /1 | wait 5"),
        ("told to wait more", vec![planned("/1"), not_fetched(Transient, Some(6))], "plan | fetch /1 | end transient"),
        ("slow down", vec![planned("/1"), not_fetched(RateLimited, None)], "plan | fetch /1 | end rate-limited"),
    ]);
}

#[test]
fn what_does_not_pass_ends_the_run_at_once() {
    for class in Class::ALL.into_iter().filter(|class| *class != Class::Transient) {
        let failure = || Failure::new(class, "it broke");
        let table = [
            (vec![Event::Planned(Err(failure())), stored(0)], format!("plan | end {class} | done")),
            (vec![planned("/1"), not_fetched(class, None), stored(0)], format!("plan | fetch /1 | end {class} | done")),
            (
                vec![planned("/1"), fetched(200), Event::Normalized(Err(failure())), stored(0)],
                format!("plan | fetch /1 | normalize 0 | end {class} | done"),
            ),
        ];
        for (events, expected) in table {
            assert_eq!(line(&mut machine(), events), expected);
        }
    }
    // The same call gives the same answer: asking the plugin again would be of no use.
    let planned = Event::Planned(Err(Failure::new(Class::Transient, "it broke")));
    assert_eq!(line(&mut machine(), vec![planned]), "plan | end transient");
}

#[test]
fn steps_that_may_not_be_taken_are_not_taken() {
    let bad = || Step { fetch: Fetch::Other(String::new()), ..step("/") };
    let elsewhere = || {
        let mut step = step("/");
        if let Fetch::Http(request) = &mut step.fetch {
            request.url = "https://elsewhere.test/".to_owned();
        }
        step
    };
    let next = |step| normalized(Batch { next: Some(step), ..batch(vec![item("a")]) });
    check(vec![
        ("by the contract", vec![Event::Planned(Ok(bad()))], "plan | end plugin-fault"),
        ("by the profile", vec![Event::Planned(Ok(elsewhere()))], "plan | end config"),
        (
            "the next one; the page before it is stored",
            vec![planned("/1"), fetched(200), next(bad()), stored(1), stored(1)],
            "plan | fetch /1 | normalize 0 | store | end plugin-fault | done",
        ),
        (
            "the next one, by the profile",
            vec![planned("/1"), fetched(200), next(elsewhere()), stored(1)],
            "plan | fetch /1 | normalize 0 | store | end config",
        ),
        (
            "nobody looks at it once the cap is reached",
            vec![planned("/1"), fetched(200), next(bad()), stored(10)],
            "plan | fetch /1 | normalize 0 | store | end ok",
        ),
    ]);
}

#[test]
fn output_that_breaks_the_contract_is_the_plugins_fault() {
    let many: Vec<Item> = vec![item("a"); limits::BATCH_ITEMS + 1];
    let effects = effects(&mut machine(), vec![planned("/1"), fetched(200), normalized(batch(many))]);
    assert_eq!(words(effects.last().unwrap()), "end plugin-fault", "nothing of it is stored");
    let RunResult::Failed(failure) = &end_of(&effects).unwrap().result else { panic!("{effects:?}") };
    assert_eq!(failure.message, "bad output: items: 10001 given, at most 10000 are allowed");
}

#[test]
fn trouble_and_outcomes_store_the_page_and_fail() {
    let trouble = |category| normalized(Batch { trouble: Some(plugin_failure(category)), ..batch(vec![item("a")]) });
    let said =
        |status| normalized(Batch { outcome: outcome(status), next: Some(step("/2")), ..batch(vec![item("a")]) });
    let table = [
        (trouble(FailureCategory::RateLimited), "end rate-limited with page"),
        (trouble(FailureCategory::Transient), "end transient with page"),
        (trouble(FailureCategory::Other), "end bad-answer with page"),
        (said(OutcomeStatus::NotFound), "end gone with page"),
        (said(OutcomeStatus::Private), "end private with page"),
        (said(OutcomeStatus::Blocked), "end blocked with page"),
        (said(OutcomeStatus::PlanLimited), "end plan-limited with page"),
        (said(OutcomeStatus::UnknownError), "end bad-answer with page"),
        (said(OutcomeStatus::PrivateOrEmpty), "end PrivateOrEmpty with page"),
        (said(OutcomeStatus::Other), "end Other with page"),
    ];
    for (event, expected) in table {
        let effects = effects(&mut machine(), vec![planned("/1"), fetched(200), event]);
        assert_eq!(words(effects.last().unwrap()), expected);
    }
}

/// Whatever an earlier page proposed: a run that fails moves nothing.
#[test]
fn a_failed_run_proposes_no_watermark_but_keeps_what_it_learnt() {
    let first = Batch {
        watermark: Some(watermark("new")),
        facts: Some(crate::contract::Facts::default()),
        next: Some(step("/2")),
        ..batch(vec![])
    };
    let events = vec![planned("/1"), fetched(200), normalized(first), stored(1), not_fetched(Class::Blocked, None)];
    let effects = effects(&mut machine(), events);
    let finish = end_of(&effects).unwrap();
    assert_eq!((ending(finish).as_str(), finish.watermark.is_none(), finish.facts.is_some()), ("blocked", true, true));
}
