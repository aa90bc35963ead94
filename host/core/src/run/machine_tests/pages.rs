//! Runs in which nothing breaks: pages, their order, and what they add up to.

use super::*;
use crate::contract::{Facts, Hints};
use crate::limits;

#[test]
fn a_run_from_begin_to_done() {
    let no_new = || normalized(Batch { outcome: outcome(OutcomeStatus::NoNew), ..batch(vec![]) });
    let nothing = || Step { fetch: Fetch::Nothing, ..step("/") };
    let next_nothing = || normalized(Batch { next: Some(nothing()), ..batch(vec![]) });
    check(vec![
        (
            "one page",
            vec![planned("/1"), fetched(200), page(None), stored(1), stored(1)],
            "plan | fetch /1 | normalize 0 | end ok with page | done | done",
        ),
        (
            "304",
            vec![planned("/1"), fetched(304), no_new(), stored(0)],
            "plan | fetch /1 | normalize 0 | end NoNew with page | done",
        ),
        ("nothing to fetch", vec![Event::Planned(Ok(nothing())), stored(0)], "plan | end NoNew | done"),
        (
            "nothing more to fetch",
            vec![planned("/1"), fetched(200), next_nothing(), stored(0), stored(0)],
            "plan | fetch /1 | normalize 0 | store | end ok | done",
        ),
        (
            "the step asks for a wait",
            vec![Event::Planned(Ok(delayed("/1", 7))), Event::WaitOver, fetched(200), page(None), stored(1)],
            "plan | wait 7 | fetch /1 | normalize 0 | end ok with page | done",
        ),
        (
            "a lookup before the real fetch",
            vec![planned("/1"), fetched(200), page(Some("/2")), stored(0), fetched(200), page(None), stored(3)],
            "plan | fetch /1 | normalize 0 | store | fetch /2 | normalize 1 | end ok with page | done",
        ),
        (
            "the cap is reached: the next page is left unread",
            vec![planned("/1"), fetched(200), page(Some("/2")), stored(10), stored(10)],
            "plan | fetch /1 | normalize 0 | store | end ok | done",
        ),
        (
            "one below the cap",
            vec![planned("/1"), fetched(200), page(Some("/2")), stored(9)],
            "plan | fetch /1 | normalize 0 | store | fetch /2",
        ),
    ]);
}

#[test]
fn the_page_budget_ends_a_run_well_with_a_warning() {
    let mut profile = profile();
    profile.caps.max_pages = 2;
    let mut machine = machine_of(&claim(source(), Trigger::Schedule), profile);
    let events = vec![planned("/1"), fetched(200), page(Some("/2")), stored(0), fetched(200), page(Some("/3"))];
    let effects = effects(&mut machine, events);
    let finish = end_of(&effects).unwrap();
    assert_eq!(ending(finish), "ok");
    assert!(finish.unread);
    assert_eq!(finish.warnings, ["more pages follow, but 2 is the most for one run"]);
}

#[test]
fn the_end_says_whether_pages_were_left_unread() {
    let table = [
        ("last page", vec![planned("/1"), fetched(200), page(None)], false),
        ("cap reached on the last page", vec![planned("/1"), fetched(200), page(None), stored(10)], false),
        ("cap reached, more pages", vec![planned("/1"), fetched(200), page(Some("/2")), stored(10)], true),
    ];
    for (case, events, unread) in table {
        let effects = effects(&mut machine(), events);
        assert_eq!(end_of(&effects).map(|finish| finish.unread), Some(unread), "{case}");
    }
}

/// The page carries what its step wanted to find again.
#[test]
fn a_page_comes_with_the_state_of_its_step() {
    let with_state = Step { state: Some("s1".to_owned()), ..step("/1") };
    let effects = effects(&mut machine(), vec![Event::Planned(Ok(with_state)), fetched(404)]);
    let Some(Effect::Normalize(page)) = effects.last() else { panic!("{effects:?}") };
    assert_eq!((page.state.as_deref(), page.number), (Some("s1"), 0));
    assert!(
        matches!(&page.content, PageContent::Http(response) if response.status == 404),
        "404 is the plugin's business"
    );
}

/// A plugin that could go on in another way than with a page that fails whenever it is asked for has to know when nobody asks again.
#[test]
fn a_page_says_whether_it_is_asked_for_again() {
    let broke = || not_fetched(Class::Transient, None);
    let not_normalized = || Event::Normalized(Err(Failure::new(Class::Transient, "cut short")));
    let events =
        vec![planned("/1"), fetched(500), not_normalized(), Event::WaitOver, broke(), Event::WaitOver, fetched(500)];
    let effects = effects(&mut machine(), events);
    let extras = effects.iter().filter_map(|effect| match effect {
        Effect::Normalize(page) => Some(page.extra.as_deref()),
        _ => None,
    });
    assert_eq!(extras.collect::<Vec<_>>(), [None, Some(r#"{"last-try":true}"#)], "of three tries");
}

/// Two pages and what the end says about both.
fn end_of_two(first: Batch, second: Batch) -> Finish {
    let first = Batch { next: Some(step("/2")), ..first };
    let events =
        vec![planned("/1"), fetched(200), normalized(first), stored(1), fetched(200), normalized(second), stored(2)];
    let effects = effects(&mut machine(), events);
    end_of(&effects).unwrap().clone()
}

#[test]
fn the_watermark_of_the_last_page_that_proposed_one_counts() {
    let said = |cursor: Option<&str>| Batch { watermark: cursor.map(watermark), ..batch(vec![]) };
    let table = [
        (Some("1"), Some("2"), Some("2")),
        (Some("1"), None, Some("1")),
        (None, Some("2"), Some("2")),
        (None, None, None),
    ];
    for (first, second, expected) in table {
        let finish = end_of_two(said(first), said(second));
        assert_eq!(finish.watermark, expected.map(watermark), "{first:?} {second:?}");
    }
}

/// The pages after such an answer were not read; what an earlier page proposed may cover them.
#[test]
fn a_run_that_ends_neither_ok_nor_no_new_proposes_nothing() {
    use OutcomeStatus::{NoNew, Ok, Other, PrivateOrEmpty};
    for (status, proposes) in [(Ok, true), (NoNew, true), (PrivateOrEmpty, false), (Other, false)] {
        let first = Batch { watermark: Some(watermark("1")), ..batch(vec![]) };
        let finish = end_of_two(first, Batch { outcome: outcome(status), ..batch(vec![]) });
        assert_eq!(finish.watermark.is_some(), proposes, "{status:?}");
    }
}

#[test]
fn no_new_is_said_by_all_pages_or_by_none() {
    use OutcomeStatus::{NoNew, Ok, Other, PrivateOrEmpty};
    let said = |status| Batch { outcome: outcome(status), ..batch(vec![]) };
    let table = [
        (NoNew, NoNew, NoNew),
        (NoNew, Ok, Ok),
        (Ok, NoNew, Ok),
        (Ok, Other, Other),
        (NoNew, PrivateOrEmpty, PrivateOrEmpty),
    ];
    for (first, second, expected) in table {
        assert_eq!(
            end_of_two(said(first), said(second)).result,
            RunResult::Succeeded(expected),
            "{first:?} {second:?}"
        );
    }
}

#[test]
fn facts_hints_and_warnings_add_up() {
    let text = |text: &str| Some(text.to_owned());
    let first = Batch {
        facts: Some(Facts { display_name: text("one"), url: text("u"), followers: Some(1.0), ..Facts::default() }),
        hints: Some(Hints {
            min_interval_s: Some(60.0),
            complete: true,
            hubs: vec!["h".to_owned()],
            ..Hints::default()
        }),
        warnings: (0..10).map(|n| format!("w1 {n}")).collect(),
        ..batch(vec![])
    };
    let second = Batch {
        facts: Some(Facts { display_name: text("two"), followers: Some(2.0), ..Facts::default() }),
        hints: Some(Hints { min_interval_s: Some(90.0), skip_hours: vec![3], ..Hints::default() }),
        // Said before: said once.
        warnings: (5..15)
            .map(|n| format!("w{} {n}", if n < 10 { 1 } else { 2 }))
            .chain(["w2 15".to_owned(), "w2 16".to_owned()])
            .collect(),
        ..batch(vec![])
    };
    let finish = end_of_two(first, second);
    let facts = Facts { display_name: text("two"), url: text("u"), followers: Some(2.0), ..Facts::default() };
    assert_eq!(finish.facts, Some(facts));
    let hints = Hints {
        min_interval_s: Some(90.0),
        complete: true,
        hubs: vec!["h".to_owned()],
        skip_hours: vec![3],
        ..Hints::default()
    };
    assert_eq!(finish.hints, Some(hints));
    assert_eq!((finish.warnings.len(), finish.warnings[15].as_str()), (limits::BATCH_WARNINGS, "w2 15"));
}
