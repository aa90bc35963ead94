#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
//! Tables for the machine: events in, effects out, both as lines of words.
//!
//! A run reads like this: `plan | fetch /1 | normalize 0 | end ok with page | done`. The tables stand in one file for each
//! thing that can happen to a run; `any_events` holds what is true of every run.

mod actor_looks;
mod actor_stops;
mod actors;
mod any_actor_events;
mod any_events;
mod dataset_ends;
mod datasets;
mod failures;
mod pages;
mod paid;
mod reading_on;
mod stops;

use core::time::Duration;

use super::finish::{Finish, RunResult};
use super::intent::IntentEnd;
use super::machine::Machine;
use super::step::{Effect, Event, Stop};
use crate::claim::Claim;
use crate::contract::{Batch, Fetch, OutcomeStatus, PageContent, Step};
use crate::failure::{Class, Failure};
use crate::fixtures::{batch, claim, item, kind, now, outcome, profile, response, source, step, watermark};
use crate::item::Counts;
use crate::plan::Wanted;
use crate::profile::Profile;
use crate::source::Trigger;

/// A machine of a source that has succeeded before.
fn machine() -> Machine {
    machine_of(&claim(source(), Trigger::Schedule), profile())
}

fn machine_of(claim: &Claim, profile: Profile) -> Machine {
    Machine::new(claim, profile, kind(), now(), 0)
}

fn planned(path: &str) -> Event {
    Event::Planned(Ok(step(path)))
}

fn fetched(status: u16) -> Event {
    Event::Fetched(Ok(response(status)))
}

fn not_fetched(class: Class, told: Option<u64>) -> Event {
    Event::Fetched(Err(Failure { retry_after: told.map(Duration::from_secs), ..Failure::new(class, "it broke") }))
}

fn normalized(batch: Batch) -> Event {
    Event::Normalized(Ok(batch))
}

/// A page with one item that leads on to `next`, or ends the run.
fn page(next: Option<&str>) -> Event {
    normalized(Batch { next: next.map(step), ..batch(vec![item("a")]) })
}

/// So many new items are stored in all.
fn stored(new: u32) -> Event {
    Event::Committed(Counts { new, ..Counts::default() })
}

/// A step that waits before it fetches.
fn delayed(path: &str, seconds: u32) -> Step {
    Step { extra: Some(format!(r#"{{"delay-s": {seconds}}}"#)), ..step(path) }
}

/// An effect in words.
fn words(effect: &Effect) -> String {
    match effect {
        Effect::AskPlan => "plan".to_owned(),
        Effect::Wait(wait) => format!("wait {}", wait.as_secs()),
        Effect::Fetch(plan) => match plan.wanted() {
            Wanted::Http(request) => format!("fetch {}", request.url.trim_start_matches("https://a.example")),
            Wanted::Actor(wish) => panic!("an actor run is never fetched: {wish:?}"),
        },
        Effect::Normalize(page) => format!("normalize {}", page.number),
        Effect::Commit { page, ended, finish } => {
            assert!(page.is_some() || ended.is_some() || finish.is_some(), "a commit of nothing");
            let end = finish.as_deref().map(|finish| format!("end {}", ending(finish)));
            let page = page.as_deref().map(|_| if end.is_some() { "with page" } else { "store" }.to_owned());
            [end, page, ended.as_ref().map(closing)].into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        Effect::Intend(intent, _) => format!("intend {}", intent.number),
        Effect::Start(intent) => format!("start {}", intent.number),
        Effect::Find(intent) => format!("find {}", intent.number),
        Effect::Inspect(intent) => format!("inspect {}", intent.number),
        Effect::Abort(intent) => format!("abort {}", intent.number),
        Effect::Read(intent, from) => format!("read {} from {from}", intent.number),
        Effect::Park(park) => format!("park for {}", park.wake_at.since(now()).as_secs()),
        Effect::Await => "await".to_owned(),
        Effect::Release(None) => "release".to_owned(),
        Effect::Release(Some(at)) => format!("release for {}", at.since(now()).as_secs()),
        Effect::Done => "done".to_owned(),
    }
}

/// The end of an actor run in words: where it stood, and how much of it was read.
fn closing(ended: &IntentEnd) -> String {
    let status = ended.status.map_or("unknown", |status| status.word());
    format!("closing {status} with {}", ended.elements)
}

fn ending(finish: &Finish) -> String {
    match &finish.result {
        RunResult::Succeeded(OutcomeStatus::Ok) => "ok".to_owned(),
        RunResult::Succeeded(status) => format!("{status:?}"),
        RunResult::Failed(failure) => failure.class.to_string(),
    }
}

/// Feeds the events, `Begin` first, and gives the effects.
fn effects(machine: &mut Machine, events: Vec<Event>) -> Vec<Effect> {
    let mut effects = vec![machine.on(Event::Begin, now())];
    effects.extend(events.into_iter().map(|event| machine.on(event, now())));
    effects
}

/// Feeds the events, `Begin` first, and gives the effects as a line.
fn line(machine: &mut Machine, events: Vec<Event>) -> String {
    effects(machine, events).iter().map(words).collect::<Vec<_>>().join(" | ")
}

/// The end among these effects; there is at most one.
fn end_of(effects: &[Effect]) -> Option<&Finish> {
    let mut ends = effects.iter().filter_map(|effect| match effect {
        Effect::Commit { finish, .. } => finish.as_deref(),
        _ => None,
    });
    let end = ends.next();
    assert!(ends.next().is_none(), "a run ends once");
    end
}

/// Runs each row on a machine of its own.
fn check(table: Vec<(&str, Vec<Event>, &str)>) {
    for (case, events, expected) in table {
        assert_eq!(line(&mut machine(), events), expected, "{case}");
    }
}

#[test]
fn the_job_says_where_and_how_much() {
    let fresh = crate::fixtures::fresh_source();
    let table = [
        ("later run", claim(source(), Trigger::Schedule), 10, 10, true),
        ("first run", claim(fresh.clone(), Trigger::Bootstrap), 20, 20, false),
        ("first success may come from any trigger", claim(fresh.clone(), Trigger::Retry), 20, 20, false),
        (
            "second attempt of the first run",
            Claim { attempt: 2, items_before: 15, ..claim(fresh.clone(), Trigger::Bootstrap) },
            20,
            5,
            false,
        ),
        (
            "second attempt, full: still asks for one",
            Claim { attempt: 2, items_before: 30, ..claim(fresh, Trigger::Bootstrap) },
            20,
            1,
            false,
        ),
    ];
    for (case, claim, cap, max_items, watermark) in table {
        let machine = machine_of(&claim, profile());
        assert_eq!((machine.cap(), machine.job().max_items, machine.job().max_pages), (cap, max_items, 10), "{case}");
        assert_eq!(machine.job().watermark.is_some(), watermark, "{case}");
    }
}

/// What was stored by an attempt that died may be older than what this one leaves out: the end says so.
#[test]
fn a_first_run_taken_up_again_says_so() {
    let said = || normalized(Batch { watermark: Some(watermark("new")), ..batch(vec![item("a")]) });
    let first = claim(crate::fixtures::fresh_source(), Trigger::Bootstrap);
    let table = [
        ("first attempt", first.clone(), false),
        ("second, nothing was stored", Claim { attempt: 2, ..first.clone() }, false),
        ("second, items were stored", Claim { attempt: 2, items_before: 5, ..first }, true),
        ("not its first run", Claim { attempt: 2, items_before: 5, ..claim(source(), Trigger::Schedule) }, false),
    ];
    for (case, claim, resumed) in table {
        let effects = effects(&mut machine_of(&claim, profile()), vec![planned("/1"), fetched(200), said()]);
        let finish = end_of(&effects).unwrap();
        assert_eq!((finish.resumed, finish.watermark.is_some()), (resumed, true), "{case}");
    }
}
