//! Dead letters: written with what they are from, taken up once, bounded.

use std::time::Duration;

use serde_json::json;
use tidegate_core::claim::Claim;
use tidegate_core::contract::{Batch, Reject};
use tidegate_core::eligibility::SkipReason;
use tidegate_core::extra::NotQueued;
use tidegate_core::failure::Class;
use tidegate_core::id::SourceId;
use tidegate_core::limits;
use tidegate_core::run::Finish;
use tidegate_core::source::{PausedBy, Trigger};
use tidegate_core::time::UtcMillis;

use super::Place;
use super::commits::raw;
use super::world::{
    at, batch, claim, commit, done, empty, failure, fresh, item, items, named, page, run_once, source, success,
};
use crate::ports::{
    Commit, DeadFilter, DeadKind, DeadLetter, ItemFilter, LetterId, Queued, Replay, Replayed, RunPlugin, RunStage,
    Store,
};

fn reject(element: u32, reason: &str) -> Reject {
    Reject { element, reason: reason.to_owned(), extra: Some("{\"at\":1}".to_owned()) }
}

/// A run that leaves these elements of a kept page behind.
async fn leave(store: &dyn Store, id: SourceId, rejects: Vec<Reject>, now: UtcMillis) -> Claim {
    let live = claim(store, id, now).await;
    let page = page(Batch { rejects, ..batch(items("a", 2)) });
    let kept = Commit { raw: Some(raw(at(999))), ..commit(&live, Some(page), Some(success())) };
    done(store, kept, now).await;
    live
}

/// A run that nothing tries again.
async fn give_up(store: &dyn Store, id: SourceId, now: UtcMillis) -> Claim {
    let live = claim(store, id, now).await;
    let request = Some("{\"http\":{\"url\":\"https://a.example/\"}}".to_owned());
    let dead = Finish { request, ..failure(Class::Abandoned, "the daemon died 4 times") };
    done(store, commit(&live, None, Some(dead)), now).await;
    live
}

async fn all(store: &dyn Store) -> Vec<DeadLetter> {
    store.dead_letters(&DeadFilter { retried: true, ..DeadFilter::default() }).await.unwrap()
}

async fn open(store: &dyn Store) -> Vec<LetterId> {
    let letters = store.dead_letters(&DeadFilter::default()).await.unwrap();
    letters.into_iter().map(|letter| letter.id).collect()
}

/// The plugin that pages are normalized again with.
pub(super) fn mender() -> RunPlugin {
    RunPlugin { name: "rss".to_owned(), version: "1.0.1".to_owned(), digest: "bb".to_owned() }
}

/// What the plugin of now makes of the letters of a page: one item for each.
fn again(store_page: tidegate_core::id::PageId, id: SourceId, letters: &[LetterId], ids: &[&str]) -> Replay {
    let given = ids.iter().map(|external| item(external, "mended", None)).collect();
    let page = page(batch(given));
    let item_ids = page.items.iter().map(|_| fresh()).collect();
    Replay {
        run: fresh(),
        plugin: mender(),
        letters: letters.to_vec(),
        source: id,
        from: store_page,
        fetched_at: at(1),
        page,
        item_ids,
    }
}

pub(crate) async fn letters_tell_what_they_are_from(place: &dyn Place) {
    let store = empty(place).await;
    let one = source(&*store, "one").await;
    let left = leave(&*store, one.id, vec![reject(7, "no id"), reject(9, "no date")], at(1)).await;
    let dead = give_up(&*store, one.id, at(90)).await;
    let letters = all(&*store).await;
    let kinds: Vec<_> =
        letters.iter().map(|letter| (letter.what.word(), letter.class, letter.reason.as_str())).collect();
    assert_eq!(
        kinds,
        [
            ("run", Class::Abandoned, "the daemon died 4 times"),
            ("element", Class::BadAnswer, "no date"),
            ("element", Class::BadAnswer, "no id"),
        ]
    );
    assert_eq!((letters[0].run, letters[0].created_at, letters[0].attempt), (dead.run, at(90), 1));
    assert_eq!(letters[0].what, DeadKind::Run { request: Some(json!({ "http": { "url": "https://a.example/" } })) });
    let pages = store.pages(left.run).await.unwrap();
    let DeadKind::Element { page: Some(kept), element: 7, extra } = &letters[2].what else { panic!("{letters:?}") };
    assert_eq!((pages.len(), pages[0].id, extra), (1, *kept, &Some(json!({ "at": 1 }))));
    let whole = store.page(*kept).await.unwrap().unwrap();
    assert_eq!((whole.id, whole.body, whole.status), (*kept, vec![0, 159, 146, 150], 200));
    assert_eq!((store.page(fresh()).await.unwrap(), store.pages(dead.run).await.unwrap()), (None, vec![]));
    for letter in &letters {
        assert_eq!((&letter.identifier, &letter.tenant, &letter.profile), (&one.identifier, &one.tenant, &one.profile));
        assert_eq!((letter.source, letter.retried), (one.id, None));
    }
}

pub(crate) async fn only_what_nothing_tries_again_is_a_dead_run(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    // The ladder: a regular run, and retries after it.
    for (n, trigger) in [Trigger::Schedule, Trigger::Retry, Trigger::Retry, Trigger::Retry].into_iter().enumerate() {
        assert!(all(&*store).await.is_empty(), "before run {n}");
        let live = claim(&*store, id, at(u64::try_from(n).unwrap() * 100 + 1)).await;
        let bad = Finish { trigger, ..failure(Class::Transient, "no answer") };
        done(&*store, commit(&live, None, Some(bad)), at(u64::try_from(n).unwrap() * 100 + 1)).await;
    }
    let letters = all(&*store).await;
    assert_eq!((letters.len(), letters[0].class), (1, Class::Transient));
    let live = claim(&*store, id, at(900)).await;
    done(&*store, commit(&live, None, Some(failure(Class::Gone, "410"))), at(900)).await;
    assert_eq!(all(&*store).await.len(), 1, "a source that is gone says so itself");
}

pub(crate) async fn filters_narrow_and_count(place: &dyn Place) {
    let store = empty(place).await;
    let one = source(&*store, "one").await.id;
    let two = named("other", "two");
    let other = two.id;
    store.create_source(two, fresh(), at(0)).await.unwrap();
    leave(&*store, one, vec![reject(1, "no ID"), reject(2, "no date")], at(1)).await;
    leave(&*store, other, vec![reject(1, "no id")], at(2)).await;
    give_up(&*store, one, at(90)).await;
    let whole = all(&*store).await;
    assert!(whole.windows(2).all(|pair| pair[0].id > pair[1].id));
    let is = DeadFilter::default;
    let table = [
        ("all", is(), 4),
        ("tenant", DeadFilter { tenant: Some("other".parse().unwrap()), ..is() }, 1),
        ("profile", DeadFilter { profile: Some("feeds".parse().unwrap()), ..is() }, 4),
        ("another profile", DeadFilter { profile: Some("none".parse().unwrap()), ..is() }, 0),
        ("source", DeadFilter { source: Some(one), ..is() }, 3),
        ("kind", DeadFilter { kind: Some("run".to_owned()), ..is() }, 1),
        ("class", DeadFilter { class: Some(Class::BadAnswer), ..is() }, 3),
        ("reason, in any case", DeadFilter { reason: Some("No id".to_owned()), ..is() }, 2),
        ("reason that is a pattern elsewhere", DeadFilter { reason: Some("%".to_owned()), ..is() }, 0),
        ("since", DeadFilter { since: Some(at(2)), ..is() }, 2),
        ("before", DeadFilter { before: Some(whole[1].id), ..is() }, 2),
        ("up to", DeadFilter { up_to: Some(whole[1].id), ..is() }, 3),
        ("by number", DeadFilter { id: Some(whole[2].id), ..is() }, 1),
        ("together", DeadFilter { source: Some(one), reason: Some("date".to_owned()), ..is() }, 1),
    ];
    for (case, filter, expected) in table {
        assert_eq!(store.dead_letters(&filter).await.unwrap().len(), expected, "{case}");
        let counts = store.dead_counts(&filter).await.unwrap();
        assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), expected as u64, "{case}");
        assert!(counts.iter().all(|count| count.count > 0 && count.last <= whole[0].id), "{case}");
    }
    assert_eq!(store.dead_letters(&DeadFilter { limit: 2, ..is() }).await.unwrap().len(), 2);
    let counts = store.dead_counts(&is()).await.unwrap();
    let said: Vec<_> = counts.iter().map(|c| (c.tenant.as_str(), c.kind.as_str(), c.class, c.count)).collect();
    assert_eq!(
        said,
        [
            ("acme", "element", Class::BadAnswer, 2),
            ("acme", "run", Class::Abandoned, 1),
            ("other", "element", Class::BadAnswer, 1),
        ]
    );
}

pub(crate) async fn discarded_letters_are_gone_and_no_others(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    leave(&*store, id, (0..5).map(|n| reject(n, "no id")).collect(), at(1)).await;
    let letters = open(&*store).await;
    let old = DeadFilter { up_to: Some(letters[2]), ..DeadFilter::default() };
    assert_eq!(store.discard(&old, 2).await.unwrap(), 2, "no more than asked");
    assert_eq!(store.discard(&old, 2).await.unwrap(), 1);
    assert_eq!(open(&*store).await, letters[..2]);
    assert_eq!(store.discard(&old, 2).await.unwrap(), 0);
    let newest = letters[0];
    store.discard(&DeadFilter::default(), 10).await.unwrap();
    leave(&*store, id, vec![reject(1, "no id")], at(90)).await;
    assert!(open(&*store).await[0] > newest, "a number is never given twice");
}

pub(crate) async fn an_element_is_taken_up_once(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let left = leave(&*store, id, vec![reject(7, "no id"), reject(9, "no date")], at(1)).await;
    let (kept, letters) = (store.pages(left.run).await.unwrap()[0].id, open(&*store).await);
    let before = store.source(id).await.unwrap().unwrap();
    let replay = again(kept, id, &letters, &["x", "y"]);
    let run = replay.run;
    let Replayed::Done(counts) = store.replay(replay.clone(), at(50)).await.unwrap() else { panic!("they are open") };
    assert_eq!((counts.new, counts.duplicate, counts.rejected), (2, 0, 0));
    assert_eq!(store.items(&ItemFilter::default()).await.unwrap().len(), 4);
    let row = store.run(run).await.unwrap().unwrap();
    assert_eq!((row.trigger, row.stage, row.counts, row.fetches), (Trigger::Replay, RunStage::Ended, counts, 0));
    assert_eq!(row.plugin, Some(mender()), "it says by what it was done");
    assert_eq!((row.started_at, row.ended_at), (Some(at(50)), Some(at(50))));
    let after = store.source(id).await.unwrap().unwrap();
    assert_eq!(after, before, "neither its schedule nor its watermark nor its count of runs");
    for letter in all(&*store).await {
        assert_eq!(letter.retried.map(|retried| (retried.at, retried.run)), Some((at(50), run)));
    }
    // Again, all or some: nothing happens.
    let twice = Replay { run: fresh(), ..replay.clone() };
    assert_eq!(store.replay(twice, at(51)).await.unwrap(), Replayed::NotOpen(letters.clone()));
    leave(&*store, id, vec![reject(3, "no id")], at(90)).await;
    let third = open(&*store).await[0];
    let half = Replay { run: fresh(), letters: vec![letters[0], third], ..replay.clone() };
    assert_eq!(store.replay(half, at(91)).await.unwrap(), Replayed::NotOpen(vec![letters[0]]));
    assert_eq!(open(&*store).await, [third], "all of them or none");
    store.remove(id).await.unwrap();
    let gone = Replay { letters: vec![third], ..replay };
    assert_eq!(store.replay(gone, at(92)).await.unwrap(), Replayed::NotOpen(vec![third]));
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn a_replay_sets_nothing_back(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let left = leave(&*store, id, vec![reject(7, "no id"), reject(8, "no id")], at(1)).await;
    let (kept, letters) = (store.pages(left.run).await.unwrap()[0].id, open(&*store).await);
    run_once(&*store, id, vec![item("x", "newer than the page", None)], at(90)).await;
    let replay = again(kept, id, &letters, &["x", "y"]);
    let Replayed::Done(counts) = store.replay(replay, at(100)).await.unwrap() else { panic!("they are open") };
    assert_eq!((counts.new, counts.updated, counts.duplicate), (1, 0, 1));
    let items = store.items(&ItemFilter::default()).await.unwrap();
    let text = |id: &str| items.iter().find(|row| row.item.external_id == id).unwrap().item.text.clone();
    assert_eq!(text("x").as_deref(), Some("newer than the page"));
    assert_eq!(text("y").as_deref(), Some("mended"));
    assert!(open(&*store).await.is_empty());
}

pub(crate) async fn a_dead_run_is_queued_once_more(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    run_once(&*store, id, vec![], at(1)).await;
    give_up(&*store, id, at(61)).await;
    give_up(&*store, id, at(200)).await;
    let letters = open(&*store).await;
    let run = fresh();
    assert_eq!(store.retry_run(letters[0], run, at(201)).await.unwrap(), Queued::New);
    assert_eq!(
        store.queued(id, at(201)).await.unwrap().map(|queued| (queued.run, queued.trigger)),
        Some((run, Trigger::OneOff))
    );
    // The second letter is left to the same run; neither is taken up twice.
    let left = store.retry_run(letters[1], fresh(), at(202)).await.unwrap();
    assert_eq!(left, Queued::Not(NotQueued::Already { run, trigger: Trigger::OneOff }));
    for letter in all(&*store).await {
        assert_eq!(letter.retried.map(|retried| retried.run), Some(run));
        assert_eq!(store.retry_run(letter.id, fresh(), at(203)).await.unwrap(), Queued::Absent);
    }
    assert_eq!(store.retry_run(9_999, fresh(), at(203)).await.unwrap(), Queued::Absent);
    let live = claim(&*store, id, at(204)).await;
    assert_eq!((live.run, live.trigger), (run, Trigger::OneOff));
    done(&*store, commit(&live, None, Some(success())), at(205)).await;
    // What may not run is not taken up: its letter stays.
    give_up(&*store, id, at(300)).await;
    store.pause(id, PausedBy::Operator, "tea", at(301)).await.unwrap();
    let letter = open(&*store).await[0];
    let why = SkipReason::Paused { by: PausedBy::Operator, why: "tea".to_owned() };
    let refused = store.retry_run(letter, fresh(), at(302)).await.unwrap();
    assert_eq!(refused, Queued::Not(NotQueued::Stopped(why)));
    assert_eq!(open(&*store).await, [letter]);
}

pub(crate) async fn letters_are_bounded_in_number_and_time(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let two = named("other", "two");
    let other = two.id;
    store.create_source(two, fresh(), at(0)).await.unwrap();
    leave(&*store, other, vec![reject(1, "of another tenant")], at(1)).await;
    let (most, each) = (limits::DEAD_LETTERS_MOST, u32::try_from(limits::BATCH_REJECTS).unwrap());
    for n in 0..=most / each {
        leave(&*store, id, (0..each).map(|n| reject(n, "no id")).collect(), at(u64::from(n) * 90 + 1)).await;
    }
    let counts = store.dead_counts(&DeadFilter::default()).await.unwrap();
    let said: Vec<_> = counts.iter().map(|count| (count.tenant.as_str(), count.count)).collect();
    assert_eq!(said, [("acme", u64::from(most)), ("other", 1)], "the oldest go, and nobody else's");
    let later = at(1).plus(limits::DEAD_LETTERS_KEPT).plus(Duration::from_millis(1));
    // The kept pages of all these runs go first.
    assert!(store.expire(later, 1_000).await.unwrap() >= 1);
    assert_eq!(store.dead_counts(&DeadFilter::default()).await.unwrap().len(), 1);
}
