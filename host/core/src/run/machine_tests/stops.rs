//! Runs that are stopped from outside, and events that do not fit.

use super::*;
use crate::contract::Watermark;

const DEADLINE: Event = Event::Stop(Stop::Deadline);
const DRAIN: Event = Event::Stop(Stop::Drain);

/// The events that lead into each state, and that state's effects.
fn states() -> Vec<(&'static str, Vec<Event>, &'static str)> {
    vec![
        ("planning", vec![], "plan"),
        ("waiting", vec![Event::Planned(Ok(delayed("/1", 7)))], "plan | wait 7"),
        ("fetching", vec![planned("/1")], "plan | fetch /1"),
        ("waiting again", vec![planned("/1"), not_fetched(Class::Transient, None)], "plan | fetch /1 | wait 5"),
        ("normalizing", vec![planned("/1"), fetched(200)], "plan | fetch /1 | normalize 0"),
    ]
}

#[test]
fn a_run_is_stopped_in_every_state() {
    for (case, mut events, before) in states() {
        events.extend([DEADLINE, stored(0), DRAIN]);
        assert_eq!(line(&mut machine(), events), format!("{before} | end transient | done | done"), "{case}");
    }
    for (case, mut events, before) in states() {
        events.extend([DRAIN, DEADLINE, stored(0)]);
        assert_eq!(line(&mut machine(), events), format!("{before} | release | done | done"), "{case}");
    }
    let mut ready = machine();
    assert_eq!(words(&ready.on(DRAIN, now())), "release", "before it begins");
    let mut ready = machine();
    assert_eq!(words(&ready.on(DEADLINE, now())), "end transient", "before it begins");
}

#[test]
fn the_deadline_names_itself() {
    let effects = effects(&mut machine(), vec![DEADLINE]);
    let RunResult::Failed(failure) = &end_of(&effects).unwrap().result else { panic!("{effects:?}") };
    assert_eq!(failure.message, "not done after 300 s, the run's deadline");
}

/// A commit is never interrupted: there is one end, and no release of a run whose end is being written.
#[test]
fn a_stop_waits_for_the_commit_under_way() {
    let paging = || vec![planned("/1"), fetched(200), page(Some("/2"))];
    let ending = || vec![planned("/1"), fetched(200), page(None)];
    let then = |mut events: Vec<Event>, more: Vec<Event>| {
        events.extend(more);
        events
    };
    check(vec![
        (
            "deadline while a page is stored",
            then(paging(), vec![DEADLINE, stored(1), stored(1)]),
            "plan | fetch /1 | normalize 0 | store | await | end transient | done",
        ),
        (
            "drain while a page is stored",
            then(paging(), vec![DRAIN, stored(1), stored(1)]),
            "plan | fetch /1 | normalize 0 | store | await | release | done",
        ),
        (
            "the first stop counts",
            then(paging(), vec![DRAIN, DEADLINE, stored(1)]),
            "plan | fetch /1 | normalize 0 | store | await | await | release",
        ),
        (
            "nothing more was to come: the run ended well",
            then(paging(), vec![DEADLINE, stored(10)]),
            "plan | fetch /1 | normalize 0 | store | await | end ok",
        ),
        (
            "deadline while the end is stored",
            then(ending(), vec![DEADLINE, stored(1)]),
            "plan | fetch /1 | normalize 0 | end ok with page | await | done",
        ),
        (
            "drain while the end is stored",
            then(ending(), vec![DRAIN, DRAIN, stored(1)]),
            "plan | fetch /1 | normalize 0 | end ok with page | await | await | done",
        ),
        (
            "drain while a deadline's end is stored",
            vec![planned("/1"), DEADLINE, DRAIN, stored(0)],
            "plan | fetch /1 | end transient | await | done",
        ),
    ]);
}

/// A page that leads on to `next`, and proposes `cursor` for the next run.
fn proposing(cursor: &str, next: Option<&str>) -> Event {
    normalized(Batch { next: next.map(step), watermark: Some(watermark(cursor)), ..batch(vec![item("a")]) })
}

/// What the plugin has proposed is right if its page is the last one. As a failure the run would begin at the top again, and
/// be cut at the same place for ever.
#[test]
fn a_run_whose_time_is_up_ends_well_where_the_next_one_can_go_on() {
    let before = || vec![planned("/1"), fetched(200), proposing("at 2", Some("/2"))];
    let table = [
        ("while the page is stored", vec![DEADLINE, stored(1)], "ok"),
        ("fetching the next one", vec![stored(1), DEADLINE], "ok"),
        ("normalizing the next one", vec![stored(1), fetched(200), DEADLINE], "ok"),
        (
            "a page without a proposal between",
            vec![stored(1), fetched(200), page(Some("/3")), stored(2), DEADLINE],
            "ok",
        ),
        ("it broke before its time was up", vec![stored(1), not_fetched(Class::Blocked, None)], "blocked"),
    ];
    for (case, more, end) in table {
        let effects = effects(&mut machine(), before().into_iter().chain(more).collect());
        let finish = end_of(&effects).unwrap();
        let warning = "more follows, but was not fetched: not done after 300 s, the run's deadline".to_owned();
        let well = end == "ok";
        assert_eq!(ending(finish), end, "{case}");
        assert_eq!(finish.watermark, well.then(|| watermark("at 2")), "{case}");
        assert_eq!((finish.unread, finish.warnings.contains(&warning)), (false, well), "{case}");
    }
}

/// A page that breaks each time takes a run's whole deadline: the word of it is not lost. The next run begins with that page, and fails.
#[test]
fn the_deadline_tells_what_was_tried_last() {
    let broke = || not_fetched(Class::Transient, None);
    let said = ", the run's deadline; the last try: it broke";
    let later = vec![planned("/1"), fetched(200), proposing("at 2", Some("/2")), stored(1), broke(), DEADLINE];
    let later = effects(&mut machine(), later);
    let warnings = &end_of(&later).unwrap().warnings;
    assert!(warnings.len() == 1 && warnings[0].ends_with(said), "{warnings:?}");
    let first = effects(&mut machine(), vec![planned("/1"), broke(), DEADLINE]);
    let RunResult::Failed(failure) = &end_of(&first).unwrap().result else { panic!("{first:?}") };
    assert!(failure.message.ends_with(said), "{failure:?}");
    let passed =
        vec![planned("/1"), broke(), Event::WaitOver, fetched(200), proposing("at 2", Some("/2")), stored(1), DEADLINE];
    let passed = effects(&mut machine(), passed);
    assert!(!end_of(&passed).unwrap().warnings[0].contains("last try"), "it has passed");
}

/// A name was looked up, or the plugin keeps no place.
#[test]
fn a_run_whose_time_is_up_fails_without_a_place_to_go_on_from() {
    let newest = Watermark { newest_id: Some("a".to_owned()), ..Watermark::default() };
    let newest = normalized(Batch { next: Some(step("/2")), watermark: Some(newest), ..batch(vec![item("a")]) });
    check(vec![
        (
            "a lookup before the real fetch",
            vec![planned("/1"), fetched(200), page(Some("/2")), stored(0), DEADLINE],
            "plan | fetch /1 | normalize 0 | store | fetch /2 | end transient",
        ),
        (
            "only how far it has come, for a run that reads down to there",
            vec![planned("/1"), fetched(200), newest, stored(1), DEADLINE],
            "plan | fetch /1 | normalize 0 | store | fetch /2 | end transient",
        ),
    ]);
}

/// Nobody meant to cut it: what follows is not left for good, as it is behind a first run's budget.
#[test]
fn a_first_run_whose_time_is_up_leaves_nothing_for_good() {
    let first = claim(crate::fixtures::fresh_source(), Trigger::Bootstrap);
    let events = vec![planned("/1"), fetched(200), proposing("at 2", Some("/2")), stored(1), DEADLINE];
    let effects = effects(&mut machine_of(&first, profile()), events);
    let finish = end_of(&effects).unwrap();
    assert_eq!((ending(finish).as_str(), finish.unread), ("ok", false));
    assert_eq!(finish.watermark, Some(watermark("at 2")));
}

/// A rate of ours is used up, a gate was closed by another run, or the platform asks to slow down.
#[test]
fn a_run_that_may_not_ask_on_ends_well_where_the_next_one_can_go_on() {
    let before = || vec![planned("/1"), fetched(200), proposing("at 2", Some("/2")), stored(1)];
    let slow_down = |told| vec![not_fetched(Class::RateLimited, told)];
    let said = || vec![fetched(200), Event::Normalized(Err(Failure::new(Class::RateLimited, "it broke")))];
    for (case, more, not_before) in [
        ("not told when", slow_down(None), None),
        ("told when", slow_down(Some(90)), Some(now().plus(Duration::from_secs(90)).to_string())),
        ("said in the body", said(), None),
    ] {
        let effects = effects(&mut machine(), before().into_iter().chain(more).collect());
        let finish = end_of(&effects).unwrap();
        assert_eq!((ending(finish).as_str(), finish.unread), ("ok", false), "{case}");
        assert_eq!(finish.watermark, Some(watermark("at 2")), "{case}");
        assert_eq!(finish.warnings, ["more follows, but was not fetched: it broke"], "{case}");
        assert_eq!(finish.hints.as_ref().and_then(|hints| hints.not_before.clone()), not_before, "{case}");
    }
}

#[test]
fn events_that_do_not_fit_end_the_run_without_being_guessed_about() {
    check(vec![
        ("begin twice", vec![Event::Begin], "plan | end transient"),
        ("an answer nobody asked for", vec![fetched(200)], "plan | end transient"),
        ("the wait of another", vec![planned("/1"), Event::WaitOver], "plan | fetch /1 | end transient"),
        ("stored, but nothing was to be", vec![planned("/1"), stored(1)], "plan | fetch /1 | end transient"),
        (
            "while a page is stored",
            vec![planned("/1"), fetched(200), page(Some("/2")), fetched(200), stored(1), stored(1)],
            "plan | fetch /1 | normalize 0 | store | await | end transient | done",
        ),
        (
            "while the end is stored",
            vec![planned("/1"), fetched(200), page(None), page(None), Event::Begin, stored(1)],
            "plan | fetch /1 | normalize 0 | end ok with page | await | await | done",
        ),
        (
            "after the end",
            vec![planned("/1"), DRAIN, Event::Begin, planned("/1"), fetched(200)],
            "plan | fetch /1 | release | done | done | done",
        ),
    ]);
    let effects = effects(&mut machine(), vec![page(None)]);
    let RunResult::Failed(failure) = &end_of(&effects).unwrap().result else { panic!("{effects:?}") };
    assert_eq!(failure.message, "internal: event normalized does not fit state planning", "names, no content");
}
