//! Follows and activity: who counts, what wakes a source, what puts it to sleep; and the daemons' own signs of life.

use std::time::Duration;

use tidegate_core::id::{SourceId, Tenant, UserId};
use tidegate_core::schedule::Schedule;
use tidegate_core::source::{NewSource, NextRun, PausedBy, Trigger};
use tidegate_core::time::UtcMillis;

use super::Place;
use super::claims::skipped;
use super::world::{at, claim, commit, done, empty, fresh, items, named, run_once, source, success};
use crate::ports::{Changed, Created, Moved, Retier, Store};

fn acme() -> Tenant {
    "acme".parse().unwrap()
}

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn follow(store: &dyn Store, name: &str, sources: &[SourceId], now: UtcMillis) -> Changed {
    store.follow(acme(), user(name), sources.to_vec(), now).await.unwrap()
}

async fn unfollow(store: &dyn Store, name: &str, sources: &[SourceId], now: UtcMillis) -> Changed {
    store.unfollow(acme(), user(name), sources.to_vec(), now).await.unwrap()
}

/// A source with a schedule by followers that has run at minute 1.
async fn tiered(store: &dyn Store, identifier: &str) -> SourceId {
    let schedule: Schedule = serde_json::from_str(r#"{"tiers":"default"}"#).unwrap();
    let new = NewSource { schedule: Some(schedule), ..named("acme", identifier) };
    let Created::New(made) = store.create_source(new, fresh(), at(0)).await.unwrap() else {
        panic!("it was there already")
    };
    run_once(store, made.id, items("a", 1), at(1)).await;
    made.id
}

/// Counts as the engine does, and writes them without moving anything.
async fn count(store: &dyn Store, since: UtcMillis, now: UtcMillis) -> Vec<(SourceId, u32)> {
    let found = store.recount(since, 1_000).await.unwrap();
    let retier = |one: &crate::ports::Recounted| {
        let (before, after) = (one.source.next_run, one.source.next_run);
        Retier { source: one.source.id, followers: one.followers, before, after }
    };
    store.retier(found.iter().map(retier).collect(), now).await.unwrap();
    let mut counts: Vec<_> = found.iter().map(|one| (one.source.id, one.followers)).collect();
    counts.sort();
    counts
}

async fn followers(store: &dyn Store, id: SourceId) -> Option<u32> {
    store.source(id).await.unwrap().unwrap().facts.followers
}

pub(crate) async fn follows_are_made_and_ended_once(place: &dyn Place) {
    let store = empty(place).await;
    let (one, two) = (source(&*store, "one").await.id, source(&*store, "two").await.id);
    let other = named("other", "three");
    let (others, absent) = (other.id, fresh());
    store.create_source(other, fresh(), at(0)).await.unwrap();
    assert_eq!(store.follower(acme(), user("ann")).await.unwrap(), None);
    let done = follow(&*store, "ann", &[one, two, one, others, absent], at(1)).await;
    assert_eq!((done.changed, done.absent), (2, 2), "what is another tenant's is not there");
    assert_eq!(follow(&*store, "ann", &[one], at(2)).await.changed, 0);
    let known = store.follower(acme(), user("ann")).await.unwrap().unwrap();
    let mut both = vec![one, two];
    both.sort();
    assert_eq!((known.seen_at, known.sources), (at(2), both));
    let stranger = store.follower("other".parse().unwrap(), user("ann")).await.unwrap();
    assert_eq!(stranger, None, "a user is a tenant's");
    assert_eq!(unfollow(&*store, "ann", &[two, absent], at(3)).await, Changed { changed: 1, absent: 1 });
    assert_eq!(unfollow(&*store, "ann", &[two], at(3)).await.changed, 0);
    assert_eq!(unfollow(&*store, "bob", &[one], at(3)).await.changed, 0);
    assert_eq!(store.follower(acme(), user("ann")).await.unwrap().unwrap().sources, [one]);
    store.remove(one).await.unwrap();
    assert_eq!(store.follower(acme(), user("ann")).await.unwrap().unwrap().sources, []);
    assert_eq!(follow(&*store, "bob", &[absent], at(4)).await.changed, 0);
    assert_eq!(store.follower(acme(), user("bob")).await.unwrap(), None, "nothing was followed");
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn active_followers_are_counted(place: &dyn Place) {
    let store = empty(place).await;
    let (one, two) = (source(&*store, "one").await.id, source(&*store, "two").await.id);
    assert_eq!(followers(&*store, one).await, None, "nobody has counted");
    for (name, minute) in [("ann", 10), ("bob", 20), ("cid", 30)] {
        follow(&*store, name, &[one], at(minute)).await;
    }
    follow(&*store, "ann", &[two], at(10)).await;
    assert_eq!(count(&*store, at(10), at(31)).await, [(one, 3), (two, 1)]);
    assert_eq!(followers(&*store, one).await, Some(3));
    assert_eq!(count(&*store, at(10), at(31)).await, [], "nothing has changed");
    assert_eq!(count(&*store, at(11), at(31)).await, [(one, 2), (two, 0)], "seen before that: not active");
    assert!(store.seen(acme(), user("ann"), at(40)).await.unwrap());
    assert!(!store.seen(acme(), user("dan"), at(40)).await.unwrap(), "nobody knows dan");
    assert_eq!(followers(&*store, two).await, Some(1), "known at once");
    assert_eq!(count(&*store, at(25), at(41)).await, [], "ann came, bob has gone");
    store.seen(acme(), user("ann"), at(5)).await.unwrap();
    assert_eq!(store.follower(acme(), user("ann")).await.unwrap().unwrap().seen_at, at(40), "never moved back");
    assert_eq!(count(&*store, at(35), at(41)).await, [(one, 1)]);
    assert_eq!(count(&*store, at(15), at(41)).await, [(one, 3)], "a clock that was set back counts them again");
    unfollow(&*store, "ann", &[one], at(42)).await;
    assert_eq!(count(&*store, at(15), at(43)).await, [(one, 2)]);
    assert_eq!(store.recount(at(99), 1).await.unwrap().len(), 1, "no more than asked");
}

pub(crate) async fn the_first_follower_wakes_a_source(place: &dyn Place) {
    let store = empty(place).await;
    let id = tiered(&*store, "one").await;
    assert_eq!(count(&*store, at(1), at(2)).await, [(id, 0)]);
    let before = store.source(id).await.unwrap().unwrap().next_run;
    let now = before.unwrap().at;
    // The admit pass finds it dormant, and nobody looks at it any more.
    let dormant = skipped(&store.source(id).await.unwrap().unwrap(), "dormant", None);
    store.skip(vec![dormant], now).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), None);
    follow(&*store, "ann", &[id], at(300)).await;
    let awake = store.source(id).await.unwrap().unwrap();
    assert_eq!(awake.facts.followers, Some(1));
    assert_eq!(store.candidates(at(300), 10).await.unwrap().len(), 1, "it is due at once");
    // A second one changes nothing, nor does coming again.
    follow(&*store, "bob", &[id], at(301)).await;
    store.seen(acme(), user("ann"), at(302)).await.unwrap();
    assert_eq!(store.source(id).await.unwrap().unwrap(), awake);
    assert_eq!(count(&*store, at(1), at(303)).await, [(id, 2)]);
}

pub(crate) async fn a_reader_who_returns_wakes_a_source(place: &dyn Place) {
    let store = empty(place).await;
    let id = tiered(&*store, "one").await;
    follow(&*store, "ann", &[id], at(2)).await;
    assert_eq!(count(&*store, at(100), at(101)).await, [(id, 0)], "she is not active any more");
    let row = store.source(id).await.unwrap().unwrap();
    store.skip(vec![skipped(&row, "dormant", None)], at(120)).await.unwrap();
    store.seen(acme(), user("ann"), at(200)).await.unwrap();
    assert_eq!(followers(&*store, id).await, Some(1));
    assert_eq!(store.next_due().await.unwrap().map(|due| due <= at(200)), Some(true));
    assert_eq!(count(&*store, at(150), at(201)).await, []);
}

pub(crate) async fn the_last_one_to_leave_puts_a_source_to_sleep(place: &dyn Place) {
    let store = empty(place).await;
    let id = tiered(&*store, "one").await;
    follow(&*store, "ann", &[id], at(2)).await;
    follow(&*store, "bob", &[id], at(2)).await;
    assert_eq!(count(&*store, at(1), at(3)).await, [(id, 2)]);
    unfollow(&*store, "ann", &[id], at(4)).await;
    assert_ne!(followers(&*store, id).await, Some(0), "bob is there");
    unfollow(&*store, "bob", &[id], at(5)).await;
    assert_eq!(followers(&*store, id).await, Some(0), "at once");
    assert_eq!(count(&*store, at(1), at(6)).await, []);
    let row = store.source(id).await.unwrap().unwrap();
    assert_eq!(row.total_runs, 1, "its state is kept");
}

/// The last one leaves while the next one comes: whichever is first, somebody is there in the end.
pub(crate) async fn one_who_comes_while_the_last_one_leaves_counts(place: &dyn Place) {
    let store = empty(place).await;
    let id = tiered(&*store, "one").await;
    for round in 0..40 {
        let (leaves, comes) = if round % 2 == 0 { ("ann", "bob") } else { ("bob", "ann") };
        follow(&*store, leaves, &[id], at(2)).await;
        count(&*store, at(1), at(3)).await;
        let which = [id];
        let (left, came) =
            tokio::join!(unfollow(&*store, leaves, &which, at(4)), follow(&*store, comes, &which, at(4)));
        assert_eq!((left.changed, came.changed), (1, 1), "round {round}");
        assert_ne!(followers(&*store, id).await, Some(0), "round {round}");
        unfollow(&*store, comes, &[id], at(5)).await;
    }
}

pub(crate) async fn the_hours_of_followers_are_told_to_a_schedule_that_asks(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    follow(&*store, "ann", &[id], at(0)).await;
    for _ in 0..50 {
        store.seen(acme(), user("ann"), at(5)).await.unwrap();
    }
    let live = claim(&*store, id, at(6)).await;
    done(&*store, commit(&live, None, Some(success())), at(6)).await;
    assert_eq!(store.source(id).await.unwrap().unwrap().facts.activity, None, "nobody asked");
    let live = claim(&*store, id, at(90)).await;
    let mut asks = success();
    asks.policy.schedule = serde_json::from_str(r#"{"every":"1h","activity":true}"#).unwrap();
    done(&*store, commit(&live, None, Some(asks)), at(90)).await;
    let activity = store.source(id).await.unwrap().unwrap().facts.activity.unwrap();
    assert!(activity.at(at(0)) > 1_000 && activity.at(at(12 * 60)) < 1_000, "{activity:?}");
    let read = store.candidates(at(9_999), 1).await.unwrap().remove(0).source;
    assert_eq!(read.facts.activity, Some(activity), "it is stored");
}

pub(crate) async fn counts_move_only_what_was_seen(place: &dyn Place) {
    let store = empty(place).await;
    let id = tiered(&*store, "one").await;
    let first = store.source(id).await.unwrap().unwrap().next_run;
    let soon = |minute| Some(NextRun { at: at(minute), trigger: Trigger::Schedule });
    let retier = |before, after| vec![Retier { source: id, followers: 7, before, after }];
    store.retier(retier(soon(1), soon(2)), at(2)).await.unwrap();
    let row = store.source(id).await.unwrap().unwrap();
    assert_eq!((row.next_run, row.facts.followers), (first, Some(7)), "something else is due by now");
    store.retier(retier(first, soon(3)), at(2)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(3)));
    let live = claim(&*store, id, at(3)).await;
    assert_eq!(live.source.facts.followers, Some(7));
    store.retier(retier(None, soon(4)), at(4)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), None, "it runs");
    done(&*store, commit(&live, None, Some(success())), at(5)).await;
    let ended = store.source(id).await.unwrap().unwrap();
    assert_eq!(ended.facts.followers, Some(7), "an end keeps the count");
    store.pause(id, PausedBy::Operator, "tea", at(6)).await.unwrap();
    assert_eq!(store.recount(at(1), 10).await.unwrap().len(), 1, "it is counted all the same");
    let gone = vec![Retier { source: fresh(), followers: 1, before: None, after: None }];
    store.retier(gone, at(7)).await.unwrap();
}

pub(crate) async fn what_is_due_moves_unless_something_else_is(place: &dyn Place) {
    let store = empty(place).await;
    let (one, live) = (tiered(&*store, "one").await, tiered(&*store, "live").await);
    let due = store.source(one).await.unwrap().unwrap().next_run.unwrap();
    let moved = |source, before: NextRun, minute| Moved { source, before, after: NextRun { at: at(minute), ..before } };
    let running = claim(&*store, live, due.at).await;
    let wishes = vec![moved(one, NextRun { at: at(7), ..due }, 3), moved(live, due, 3), moved(fresh(), due, 3)];
    store.reschedule(wishes).await.unwrap();
    assert_eq!(store.source(one).await.unwrap().unwrap().next_run, Some(due), "something else is due");
    assert_eq!(store.source(live).await.unwrap().unwrap().next_run, None, "it runs");
    store.put_off(vec![(one, at(9_999))]).await.unwrap();
    store.reschedule(vec![moved(one, due, 3)]).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(3)), "and it is a candidate then");
    assert_eq!(store.source(one).await.unwrap().unwrap().next_run.unwrap().at, at(3));
    done(&*store, commit(&running, None, Some(success())), due.at).await;
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn sources_are_put_off_and_daemons_give_signs_of_life(place: &dyn Place) {
    let store = empty(place).await;
    assert_eq!(store.alive_at().await.unwrap(), None);
    store.alive(at(1)).await.unwrap();
    store.alive(at(3)).await.unwrap();
    assert_eq!(store.alive_at().await.unwrap(), Some(at(3)));
    let (one, two) = (source(&*store, "one").await.id, source(&*store, "two").await.id);
    let live = claim(&*store, two, at(1)).await;
    let off = vec![(one, at(50)), (two, at(50)), (fresh(), at(50))];
    store.put_off(off).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(50)), "and what runs is not due at all");
    assert_eq!(store.candidates(at(50), 10).await.unwrap().len(), 1);
    assert_eq!(store.last_skip(one).await.unwrap(), None, "no skip");
    assert_eq!(count(&*store, at(0), at(2)).await.len(), 2);
    assert_eq!(store.next_due().await.unwrap(), Some(at(50)), "a count that moves nothing leaves it put off");
    done(&*store, commit(&live, None, Some(success())), at(2)).await;
    let due = store.candidates(at(50).plus(Duration::from_secs(9_999)), 10).await.unwrap();
    assert_eq!(due.len(), 2);
    assert_eq!(store.skips(at(1)).await.unwrap(), []);
}
