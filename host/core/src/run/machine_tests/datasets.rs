//! The datasets that actor runs leave: read to their end, page by page, whatever the platform's counts say.

use super::actors::{again, waiting};
use super::*;
use crate::actor::{Element, RemoteRun, RemoteStatus, Slice};
use crate::contract::{DatasetPage, FailureCategory, Page};
use crate::fixtures::actors::{actor_step, remote, slice};
use crate::fixtures::plugin_failure;
use crate::limits;

pub(super) fn sliced(from: u32, count: u32) -> Event {
    Event::Sliced(Ok(slice(from, count)))
}

/// The run of [`waiting`], ended like this, having charged for so many elements.
pub(super) fn ended(status: RemoteStatus, charged: impl Into<Option<u64>>) -> Event {
    Event::Inspected(Ok(Some(RemoteRun { charged_elements: charged.into(), ..remote(status) })))
}

pub(super) fn succeeded(charged: impl Into<Option<u64>>) -> Event {
    ended(RemoteStatus::Succeeded, charged)
}

/// A page of two items that proposes to start after them, and leads on to `next`.
pub(super) fn proposing(next: Option<Step>) -> Batch {
    Batch { watermark: Some(watermark("new")), next, ..batch(vec![item("a"), item("b")]) }
}

/// Runs each row on a run whose actor run has ended.
fn check_ended(table: Vec<(&str, Vec<Event>, &str)>) {
    for (case, events, expected) in table {
        assert_eq!(line(&mut again(waiting()), events), format!("inspect 0 | {expected}"), "{case}");
    }
}

#[test]
fn a_dataset_is_read_until_a_read_is_empty() {
    let page = || normalized(batch(vec![item("a")]));
    check_ended(vec![
        (
            "empty, and nothing was charged for",
            vec![succeeded(0), sliced(0, 0), Event::WaitOver, sliced(0, 0), page(), stored(0)],
            "read 0 from 0 | wait 5 | read 0 from 0 | normalize 0 | end ok with page closing succeeded with 0 | done",
        ),
        (
            "one page",
            vec![succeeded(3), sliced(0, 3), sliced(3, 0), page(), stored(1)],
            "read 0 from 0 | read 0 from 3 | normalize 0 | end ok with page closing succeeded with 3 | done",
        ),
        (
            "three pages; each is stored when the one behind it is here",
            vec![
                succeeded(7),
                sliced(0, 3),
                sliced(3, 3),
                page(),
                stored(1),
                sliced(6, 1),
                page(),
                stored(2),
                sliced(7, 0),
                page(),
                stored(3),
            ],
            "read 0 from 0 | read 0 from 3 | normalize 0 | store | read 0 from 6 | normalize 1 | store | read 0 from 7 \
             | normalize 2 | end ok with page closing succeeded with 7 | done",
        ),
        (
            "more than was charged for",
            vec![succeeded(1), sliced(0, 3), sliced(3, 1), page()],
            "read 0 from 0 | read 0 from 3 | normalize 0 | store",
        ),
        (
            "the cap of new items is reached: it is paid for, and read all the same",
            vec![succeeded(6), sliced(0, 3), sliced(3, 3), page(), stored(10), sliced(6, 0), page(), stored(10)],
            "read 0 from 0 | read 0 from 3 | normalize 0 | store | read 0 from 6 | normalize 1 \
             | end ok with page closing succeeded with 6 | done",
        ),
    ]);
}

/// What the platform shows lags behind what it charges for by some seconds (`reference`: apify, section 7).
#[test]
fn a_dataset_that_lags_is_read_again() {
    let page = || normalized(batch(vec![]));
    check_ended(vec![
        (
            "three of five, then all",
            vec![
                succeeded(5),
                sliced(0, 3),
                sliced(3, 0),
                Event::WaitOver,
                sliced(3, 2),
                page(),
                stored(0),
                sliced(5, 0),
            ],
            "read 0 from 0 | read 0 from 3 | wait 5 | read 0 from 3 | normalize 0 | store | read 0 from 5 | normalize 1",
        ),
        (
            "it never shows: after 15 s what is there counts",
            vec![
                succeeded(5),
                sliced(0, 3),
                sliced(3, 0),
                Event::WaitOver,
                sliced(3, 0),
                Event::WaitOver,
                sliced(3, 0),
                page(),
            ],
            "read 0 from 0 | read 0 from 3 | wait 5 | read 0 from 3 | wait 10 | read 0 from 3 | normalize 0 \
             | end ok with page closing succeeded with 3",
        ),
        (
            "counts are absent and nothing shows",
            vec![succeeded(None), sliced(0, 0), Event::WaitOver, sliced(0, 2), sliced(2, 0), page()],
            "read 0 from 0 | wait 5 | read 0 from 0 | read 0 from 2 | normalize 0 \
             | end ok with page closing succeeded with 2",
        ),
        (
            "counts are absent and something shows",
            vec![succeeded(None), sliced(0, 2), sliced(2, 0), page()],
            "read 0 from 0 | read 0 from 2 | normalize 0 | end ok with page closing succeeded with 2",
        ),
        (
            "counts are absent, and it did not succeed: nothing is waited for",
            vec![ended(RemoteStatus::Failed, None), sliced(0, 0), page()],
            "read 0 from 0 | normalize 0 | end transient with page closing failed with 0",
        ),
        (
            "nothing is counted and nothing shows: the count may be early",
            vec![succeeded(0), sliced(0, 0), Event::WaitOver, sliced(0, 2), sliced(2, 0), Event::WaitOver],
            "read 0 from 0 | wait 5 | read 0 from 0 | read 0 from 2 | normalize 0 | end transient closing succeeded with 2",
        ),
        (
            "more shows than is counted: the count is early, and so may be what shows",
            vec![
                succeeded(1),
                sliced(0, 2),
                sliced(2, 0),
                Event::WaitOver,
                sliced(2, 1),
                page(),
                stored(0),
                sliced(3, 0),
            ],
            "read 0 from 0 | read 0 from 2 | wait 5 | read 0 from 2 | normalize 0 | store | read 0 from 3 | normalize 1",
        ),
        (
            "nothing is counted of a run that failed: nothing is waited for",
            vec![ended(RemoteStatus::Failed, 0), sliced(0, 0), page()],
            "read 0 from 0 | normalize 0 | end transient with page closing failed with 0",
        ),
        (
            "each wait is made once, not once a page",
            vec![
                succeeded(9),
                sliced(0, 0),
                Event::WaitOver,
                sliced(0, 3),
                sliced(3, 0),
                Event::WaitOver,
                sliced(3, 0),
                page(),
            ],
            "read 0 from 0 | wait 5 | read 0 from 0 | read 0 from 3 | wait 10 | read 0 from 3 | normalize 0 \
             | end ok with page closing succeeded with 3",
        ),
    ]);
}

/// What is paid for is asked for again, not given up.
#[test]
fn a_dataset_that_cannot_be_read_is_read_later() {
    let failed = |class| Event::Sliced(Err(Failure::new(class, "no")));
    let page = || normalized(batch(vec![item("a")]));
    check_ended(vec![
        ("no answer", vec![succeeded(3), failed(Class::Transient)], "read 0 from 0 | park for 15"),
        ("a refused token", vec![succeeded(3), failed(Class::Credential)], "read 0 from 0 | park for 15"),
        (
            "on its second page",
            vec![succeeded(3), sliced(0, 3), failed(Class::Transient)],
            "read 0 from 0 | read 0 from 3 | park for 15",
        ),
        (
            "it is gone",
            vec![succeeded(3), failed(Class::NotFound)],
            "read 0 from 0 | end bad-answer closing succeeded with 0",
        ),
        (
            "after a page was stored",
            vec![succeeded(9), sliced(0, 3), sliced(3, 3), page(), stored(1), failed(Class::Transient)],
            "read 0 from 0 | read 0 from 3 | normalize 0 | store | read 0 from 6 | park for 15",
        ),
    ]);
}

fn pages(effects: &[Effect]) -> Vec<&Page> {
    effects.iter().filter_map(|effect| if let Effect::Normalize(page) = effect { Some(page) } else { None }).collect()
}

fn dataset(page: &Page) -> &DatasetPage {
    let PageContent::Dataset(dataset) = &page.content else { panic!("{page:?}") };
    dataset
}

/// State goes from page to page; offset and `more` say where each stands.
#[test]
fn a_plugin_is_told_where_a_page_stands() {
    let mut machine = actors::actor_machine();
    machine.on(Event::Begin, now());
    let step = Step { state: Some("s0".to_owned()), ..actor_step(15) };
    machine.on(Event::Planned(Ok(step)), now());
    machine.on(Event::Intended, now());
    let Effect::Park(park) = machine.on(actors::started(RemoteStatus::Running), now()) else { panic!() };
    let said = |state: Option<&str>| normalized(Batch { state: state.map(str::to_owned), ..batch(vec![]) });
    let run = RemoteRun {
        build: Some("1.2.3".to_owned()),
        message: Some("that is all".to_owned()),
        charged_elements: Some(7),
        ..remote(RemoteStatus::TimedOut)
    };
    let events = vec![
        Event::Inspected(Ok(Some(run))),
        sliced(0, 3),
        sliced(3, 3),
        said(Some("s1")),
        stored(0),
        sliced(6, 1),
        said(None),
        stored(0),
        sliced(7, 0),
    ];
    let effects = effects(&mut again(*park), events);
    let stands: Vec<(u32, usize, bool, Option<&str>)> = pages(&effects)
        .into_iter()
        .map(|page| {
            let dataset = dataset(page);
            assert_eq!(dataset.ended, crate::contract::ActorEnd::TimedOut);
            let extra = r#"{"actor":"acme/posts","build":"1.2.3","status-message":"that is all"}"#;
            assert_eq!(dataset.extra.as_deref(), Some(extra));
            (dataset.offset, dataset.elements.len(), dataset.more, page.state.as_deref())
        })
        .collect();
    assert_eq!(stands, [(0, 3, true, Some("s0")), (3, 3, true, Some("s1")), (6, 1, false, Some("s1"))]);
}

#[test]
fn an_element_that_is_too_large_is_warned_of_and_handed_over_as_null() {
    let mut odd = slice(0, 3);
    odd.elements[1] = Element::TooLarge { bytes: 9_437_185 };
    let events = vec![succeeded(3), Event::Sliced(Ok(odd)), sliced(3, 0), normalized(batch(vec![]))];
    let effects = effects(&mut again(waiting()), events);
    let page = pages(&effects)[0];
    assert_eq!(dataset(page).elements, [r#"{"id":"e0"}"#, "null", r#"{"id":"e2"}"#]);
    let warnings = &end_of(&effects).unwrap().warnings;
    assert_eq!(*warnings, ["element 1 of the dataset has 9437185 bytes and was not read"]);
}

/// The mark moves only where all that was paid for was read; what was paid for nothing is told.
#[test]
fn what_was_paid_for_and_is_not_there() {
    let empty = || Event::WaitOver;
    let fillers = || normalized(Batch { fillers: 2, ..proposing(None) });
    let short = "5 elements were paid for and 3 could be read: the next run reads again";
    let hollow = "2 of the 3 elements that acme/posts was paid for hold nothing";
    for (case, events, moves, told) in [
        ("all", vec![succeeded(3), sliced(0, 3), sliced(3, 0), normalized(proposing(None))], true, vec![]),
        (
            "counts are absent",
            vec![succeeded(None), sliced(0, 3), sliced(3, 0), normalized(proposing(None))],
            true,
            vec![],
        ),
        (
            "two of five never show",
            vec![
                succeeded(5),
                sliced(0, 3),
                sliced(3, 0),
                empty(),
                sliced(3, 0),
                empty(),
                sliced(3, 0),
                normalized(proposing(None)),
            ],
            false,
            vec![short],
        ),
        ("fillers", vec![succeeded(3), sliced(0, 3), sliced(3, 0), fillers()], true, vec![hollow]),
    ] {
        let effects = effects(&mut again(waiting()), events);
        let finish = end_of(&effects).unwrap();
        assert_eq!(
            (finish.watermark.is_some(), finish.warnings.iter().map(String::as_str).collect()),
            (moves, told),
            "{case}"
        );
    }
}

/// Whether they come in one piece or in pieces that a plugin takes.
#[test]
fn so_many_elements_are_read_and_no_more() {
    let most = limits::DATASET_ELEMENTS;
    for piece in [most, most / 2, most / 4] {
        let mut machine = again(waiting());
        machine.on(Event::Begin, now());
        let mut effect = machine.on(succeeded(u64::from(most) * 2), now());
        let mut read = 0;
        let finish = loop {
            effect = match effect {
                Effect::Read(_, from) => {
                    assert!(from < most, "read from {from}");
                    assert_eq!(from, read);
                    read += piece;
                    let elements = vec![Element::Text("0".to_owned()); usize::try_from(piece).unwrap()];
                    machine.on(Event::Sliced(Ok(Slice { elements, bytes: 0 })), now())
                }
                Effect::Normalize(page) => {
                    assert_eq!(dataset(&page).more, read - dataset(&page).offset > piece || read < most);
                    machine.on(normalized(batch(vec![])), now())
                }
                Effect::Commit { finish: None, .. } => machine.on(stored(0), now()),
                Effect::Commit { finish: Some(finish), ended, .. } => {
                    assert_eq!(ended.map(|end| end.elements), Some(most));
                    break finish;
                }
                other => panic!("{other:?}"),
            };
        };
        assert_eq!(finish.warnings, ["the actor left 100000 elements or more, the most that are read"]);
    }
}

#[test]
fn what_goes_wrong_with_a_page_ends_the_run_and_its_actor_run() {
    let page = || normalized(batch(vec![item("a")]));
    let fails = |class| Event::Normalized(Err(Failure::new(class, "it broke")));
    let trouble = |category| normalized(Batch { trouble: Some(plugin_failure(category)), ..proposing(None) });
    let said = |status| normalized(Batch { outcome: outcome(status), ..proposing(Some(actor_step(15))) });
    let one = |event| vec![succeeded(3), sliced(0, 3), sliced(3, 0), event];
    let first_of_two = |event| vec![succeeded(6), sliced(0, 3), sliced(3, 3), event];
    let read_on = |event| vec![succeeded(6), sliced(0, 3), sliced(3, 3), event, stored(1), sliced(6, 0), page()];
    let second_of_two = |event| vec![succeeded(6), sliced(0, 3), sliced(3, 3), page(), stored(1), sliced(6, 0), event];
    let before = "read 0 from 0 | read 0 from 3 | normalize 0";
    let behind = "store | read 0 from 6 | normalize 1";
    let (three, six) = ("closing succeeded with 3", "closing succeeded with 6");
    let table = vec![
        ("the plugin fails", one(fails(Class::PluginFault)), format!("{before} | end plugin-fault {three}")),
        (
            "not repeated: the dataset stays what it is",
            one(fails(Class::Transient)),
            format!("{before} | end transient {three}"),
        ),
        ("the first page fails", first_of_two(fails(Class::BadAnswer)), format!("{before} | end bad-answer {six}")),
        (
            "the last page fails",
            second_of_two(fails(Class::BadAnswer)),
            format!("{before} | {behind} | end bad-answer {six}"),
        ),
        (
            "trouble",
            one(trouble(FailureCategory::RateLimited)),
            format!("{before} | end rate-limited with page {three}"),
        ),
        (
            "trouble on the first page",
            read_on(trouble(FailureCategory::Transient)),
            format!("{before} | {behind} | end transient with page {six}"),
        ),
        (
            "the account is private",
            one(said(OutcomeStatus::Private)),
            format!("{before} | end private with page {three}"),
        ),
        (
            "gone, says the first page",
            read_on(said(OutcomeStatus::NotFound)),
            format!("{before} | {behind} | end gone with page {six}"),
        ),
    ];
    for (case, events, expected) in table {
        let effects = effects(&mut again(waiting()), events);
        let line = effects.iter().map(words).collect::<Vec<_>>().join(" | ");
        assert_eq!(line, format!("inspect 0 | {expected}"), "{case}");
        assert_eq!(end_of(&effects).unwrap().watermark, None, "{case}");
    }
}
