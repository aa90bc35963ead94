//! Datasets that are read in several parts: by a machine that is busy, late or stopped, and by whoever claims the run next.
//! What is stored is not read again, and what is paid for is not given up.

use super::actors::{again, as_stored, waiting};
use super::datasets::{sliced, succeeded};
use super::*;
use crate::fixtures::actors::{RESERVED, actor_step};
use crate::fixtures::{plugin_failure, secs};
use crate::run::intent::Park;

fn busy() -> Event {
    Event::Overloaded(Failure::new(Class::Transient, "no core was free"))
}

fn put_away(mut effects: Vec<Effect>) -> Park {
    let Some(Effect::Park(park)) = effects.pop() else { panic!("not put away: {effects:?}") };
    *park
}

/// A page with these fillers that wants to find `state` with the next one.
fn saying(fillers: u32, state: Option<&str>) -> Event {
    normalized(Batch { fillers, state: state.map(str::to_owned), ..batch(vec![item("a")]) })
}

/// Events up to the question about the second page; the first is stored.
fn one_stored() -> Vec<Event> {
    vec![succeeded(9), sliced(0, 3), sliced(3, 3), saying(2, Some("s1")), stored(1), sliced(6, 3)]
}

const ONE_STORED: &str =
    "inspect 0 | read 0 from 0 | read 0 from 3 | normalize 0 | store | read 0 from 6 | normalize 1";

/// A busy machine is no fault of a page: nothing is paid for anew because of it.
#[test]
fn a_busy_machine_reads_later() {
    let table = vec![
        ("the only page", vec![succeeded(3), sliced(0, 3), sliced(3, 0), busy()], "park for 15"),
        ("the first page", vec![succeeded(6), sliced(0, 3), sliced(3, 3), busy()], "park for 15"),
    ];
    for (case, events, expected) in table {
        let line = line(&mut again(waiting()), events);
        assert!(line.ends_with(&format!("| normalize 0 | {expected}")), "{case}: {line}");
    }
    let mut events = one_stored();
    events.push(busy());
    assert_eq!(line(&mut again(waiting()), events), format!("{ONE_STORED} | park for 15"));
    let mut planning = actors::actor_machine();
    assert_eq!(line(&mut planning, vec![busy()]), "plan | end transient", "nothing is paid for yet");
    let mut fetching = machine();
    let events = vec![planned("/1"), fetched(200), busy()];
    assert_eq!(
        line(&mut fetching, events),
        "plan | fetch /1 | normalize 0 | wait 5",
        "as a fetch that failed in passing"
    );
}

/// Each look in vain is twice as far from the next, although the platform answers.
#[test]
fn pauses_grow_until_a_page_is_stored() {
    let mut park = waiting();
    for pause in [15, 30, 60] {
        let events = vec![succeeded(9), sliced(0, 3), sliced(3, 3), busy()];
        park = put_away(effects(&mut again(park), events));
        assert_eq!(park.wake_at.since(now()).as_secs(), pause);
    }
    let mut events = one_stored();
    events.push(busy());
    park = put_away(effects(&mut again(park), events));
    assert_eq!(park.wake_at.since(now()).as_secs(), 15);
}

/// Offset, state, counts and what pages said are those of the stored pages, whatever ended the part.
#[test]
fn the_next_part_goes_on_behind_what_is_stored() {
    for (case, last) in [("late", Event::Stop(Stop::Deadline)), ("drained", Event::Stop(Stop::Drain)), ("busy", busy())]
    {
        let mut events = one_stored();
        events.push(last);
        let park = as_stored(put_away(effects(&mut again(waiting()), events)));
        let events = vec![succeeded(9), sliced(3, 3), sliced(6, 3), saying(1, None), stored(2), sliced(9, 0)];
        let mut machine = again(park);
        let mut effects = effects(&mut machine, events);
        let states: Vec<_> = effects
            .iter()
            .filter_map(|effect| if let Effect::Normalize(page) = effect { page.state.as_deref() } else { None })
            .collect();
        assert_eq!(states, ["s1", "s1"], "{case}");
        let PageContent::Dataset(page) = (match effects.pop() {
            Some(Effect::Normalize(page)) => page.content,
            other => panic!("{case}: {other:?}"),
        }) else {
            panic!("{case}")
        };
        assert_eq!((page.offset, page.elements.len(), page.more), (6, 3, false), "{case}");
        let line = effects.iter().map(words).collect::<Vec<_>>().join(" | ");
        assert_eq!(line, "inspect 0 | read 0 from 3 | read 0 from 6 | normalize 1 | store | read 0 from 9", "{case}");
        let Effect::Commit { finish: Some(finish), ended: Some(ended), .. } = machine.on(saying(0, None), now()) else {
            panic!("{case}")
        };
        assert_eq!((ending(&finish).as_str(), ended.elements), ("ok", 9), "{case}");
        assert_eq!(finish.warnings, ["3 of the 9 elements that acme/posts was paid for hold nothing"], "{case}");
    }
}

/// A dataset that takes longer than a part of the run may is read, a page a part if need be.
#[test]
fn a_slow_dataset_is_read_to_its_end() {
    let pages = 40;
    let (mut park, mut at, mut parts) = (waiting(), now().plus(secs(100)), 0);
    let finish = 'run: loop {
        parts += 1;
        assert!(parts <= 2 * pages, "it does not get on");
        let mut machine = again(as_stored(park));
        let mut effect = machine.on(Event::Begin, at);
        let deadline = at.plus(secs(300));
        park = loop {
            let event = match &effect {
                Effect::Park(park) => break (**park).clone(),
                Effect::Commit { finish: Some(finish), .. } => break 'run finish.clone(),
                Effect::Commit { .. } => stored(0),
                _ if at > deadline => Event::Stop(Stop::Deadline),
                Effect::Inspect(_) => succeeded(u64::from(3 * pages)),
                Effect::Read(_, from) => sliced(*from, if *from < 3 * pages { 3 } else { 0 }),
                Effect::Normalize(_) => {
                    at = at.plus(secs(200));
                    normalized(batch(vec![]))
                }
                other => panic!("{other:?}"),
            };
            effect = machine.on(event, at);
        };
        at = at.max(park.wake_at);
    };
    assert_eq!(ending(&finish), "ok");
    assert!(parts > 10, "{parts} parts: it was not slow");
}

/// What is left of a dataset is paid for: it is read and stored before the first trouble ends the run.
#[test]
fn trouble_on_an_early_page_waits_for_the_rest() {
    use crate::contract::FailureCategory::{RateLimited, Transient};
    let troubled = |category| {
        normalized(Batch {
            trouble: Some(plugin_failure(category)),
            next: Some(actor_step(15)),
            ..batch(vec![item("a")])
        })
    };
    let good = || {
        normalized(Batch { watermark: Some(watermark("new")), next: Some(actor_step(15)), ..batch(vec![item("b")]) })
    };
    let table = [
        ("the first", troubled(RateLimited), good(), "rate-limited"),
        ("both: the first counts", troubled(RateLimited), troubled(Transient), "rate-limited"),
        ("the last", good(), troubled(Transient), "transient"),
    ];
    for (case, first, last, expected) in table {
        let before = vec![succeeded(6), sliced(0, 3), sliced(3, 3), first, stored(1), Event::Stop(Stop::Drain)];
        let park = as_stored(put_away(effects(&mut again(waiting()), before)));
        assert!(park.progress.caps < RESERVED);
        let effects = effects(&mut again(park), vec![succeeded(6), sliced(3, 3), sliced(6, 0), last]);
        let finish = end_of(&effects).unwrap();
        assert_eq!((ending(finish).as_str(), finish.watermark.is_some()), (expected, false), "{case}");
        assert!(matches!(effects.last(), Some(Effect::Commit { page: Some(_), .. })), "{case}: its items are stored");
    }
}

/// What was there once and is not now lags, or is gone; no plugin is told that the dataset was empty.
#[test]
fn a_dataset_that_shows_less_than_before_is_read_later() {
    let mut events = one_stored();
    events.push(busy());
    let park = put_away(effects(&mut again(waiting()), events));
    for charged in [Some(9), Some(3), None] {
        let events =
            vec![succeeded(charged), sliced(3, 0), Event::WaitOver, sliced(3, 0), Event::WaitOver, sliced(3, 0)];
        let expected = "inspect 0 | read 0 from 3 | wait 5 | read 0 from 3 | wait 10 | read 0 from 3 | park for 30";
        assert_eq!(line(&mut again(park.clone()), events), expected, "{charged:?}");
    }
}
