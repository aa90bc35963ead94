//! Ends: what is written of a run's settlement.

use tidegate_core::contract::{Facts, Hints, Watermark};
use tidegate_core::failure::Class;
use tidegate_core::run::{Ending, Finish, Notice};
use tidegate_core::source::{NextRun, PausedBy, SourceState, Trigger};

use super::Place;
use super::world::{at, batch, claim, commit, done, empty, failure, item, items, page, run_once, source, success};
use crate::ports::RunFilter;

fn watermark(cursor: &str) -> Watermark {
    Watermark {
        newest_id: Some("a0".to_owned()),
        newest_published_at: Some("2026-11-21T12:00:00Z".to_owned()),
        cursor: Some(cursor.to_owned()),
    }
}

pub(crate) async fn success_moves_the_watermark(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    let finish = Finish {
        watermark: Some(watermark("{\"etag\":\"\\\"x\\\"\"}")),
        facts: Some(Facts {
            display_name: Some("Näme".to_owned()),
            platform_id: Some("1".to_owned()),
            ..Facts::default()
        }),
        hints: Some(Hints { min_interval_s: Some(7.5), skip_hours: vec![1, 2], ..Hints::default() }),
        ..success()
    };
    let (_, settled) =
        done(&*store, commit(&live, Some(page(batch(items("a", 1)))), Some(finish.clone())), at(2)).await;
    let settled = settled.unwrap();
    assert_eq!((settled.ending, settled.notice, settled.failure), (Ending::Ok, None, None));
    let after = store.source(id).await.unwrap().unwrap();
    assert_eq!(after, settled.source);
    assert_eq!((after.watermark, after.hints), (finish.watermark, finish.hints));
    assert_eq!((after.display_name.as_deref(), after.platform_id.as_deref()), (Some("Näme"), Some("1")));
    assert_eq!((after.last_success_at, after.last_fetched_at), (Some(at(2)), Some(at(2))));
    assert_eq!(after.next_run, Some(NextRun { at: at(62), trigger: Trigger::Schedule }));
    assert_eq!(store.next_due().await.unwrap(), Some(at(62)));
    let claimed = claim(&*store, id, at(62)).await;
    assert_eq!(claimed.watermark(), Some(&watermark("{\"etag\":\"\\\"x\\\"\"}")));
    done(&*store, commit(&claimed, None, Some(success())), at(63)).await;
    assert_eq!(store.run(claimed.run).await.unwrap().unwrap().ending, Some(Ending::NoNew));
}

pub(crate) async fn failure_moves_neither(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    let first = Finish { watermark: Some(watermark("1")), ..success() };
    done(&*store, commit(&live, None, Some(first)), at(2)).await;
    let live = claim(&*store, id, at(90)).await;
    let bad = failure(Class::BadAnswer, "not a feed");
    let (_, settled) = done(&*store, commit(&live, Some(page(batch(items("a", 2)))), Some(bad)), at(91)).await;
    assert_eq!(settled.unwrap().ending, Ending::Failed);
    let after = store.source(id).await.unwrap().unwrap();
    assert_eq!((after.watermark, after.last_success_at), (Some(watermark("1")), Some(at(2))));
    assert_eq!((after.failure_count, after.last_fetched_at, after.total_runs), (1, Some(at(91)), 2));
    let row = store.run(live.run).await.unwrap().unwrap();
    assert_eq!((row.ending, row.failure), (Some(Ending::Failed), Some((Class::BadAnswer, "not a feed".to_owned()))));
    assert_eq!(row.counts.new, 2, "items that came with the failure are kept");
}

pub(crate) async fn failures_pause_in_the_end(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let mut notice = None;
    for n in 1..=3 {
        let live = claim(&*store, id, at(n * 100)).await;
        let bad = failure(Class::BadAnswer, "not a feed");
        let (_, settled) = done(&*store, commit(&live, None, Some(bad)), at(n * 100)).await;
        notice = settled.unwrap().notice;
        assert_eq!(store.source(id).await.unwrap().unwrap().failure_count, u32::try_from(n).unwrap());
    }
    let paused = store.source(id).await.unwrap().unwrap();
    let SourceState::Paused { since, by: PausedBy::Automatic, reason } = paused.state else { panic!("{paused:?}") };
    assert_eq!((since, Some(Notice::Paused(reason))), (at(300), notice));
    assert!(store.candidates(at(9999), 10).await.unwrap().is_empty());
    let resumed = store.resume(id, at(400)).await.unwrap().unwrap();
    assert_eq!((resumed.failure_count, resumed.retries), (0, 0));
    let live = claim(&*store, id, at(400)).await;
    let limited = failure(Class::RateLimited, "slow down");
    let (_, settled) = done(&*store, commit(&live, None, Some(limited)), at(400)).await;
    assert_eq!(settled.unwrap().source.next_run, Some(NextRun { at: at(401), trigger: Trigger::Retry }));
    assert_eq!(store.next_due().await.unwrap(), Some(at(401)));
}

pub(crate) async fn a_pause_meanwhile_stands(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let live = claim(&*store, id, at(1)).await;
    store.pause(id, PausedBy::Operator, "tea", at(2)).await.unwrap();
    done(&*store, commit(&live, Some(page(batch(items("a", 1)))), Some(success())), at(3)).await;
    let after = store.source(id).await.unwrap().unwrap();
    assert_eq!(after.state, SourceState::Paused { since: at(2), by: PausedBy::Operator, reason: "tea".to_owned() });
    assert_eq!((after.next_run, after.last_success_at), (None, Some(at(3))));
    assert!(store.candidates(at(9999), 10).await.unwrap().is_empty());
}

pub(crate) async fn a_moved_source_keeps_to_itself(place: &dyn Place) {
    let store = empty(place).await;
    let (one, two) = (source(&*store, "one").await.id, source(&*store, "two").await.id);
    let moved = |to: &str| Finish { moved_to: Some(to.to_owned()), ..success() };
    let live = claim(&*store, one, at(1)).await;
    done(&*store, commit(&live, None, Some(moved("two"))), at(1)).await;
    assert_eq!(store.source(one).await.unwrap().unwrap().identifier, "one");
    let warnings = store.run(live.run).await.unwrap().unwrap().warnings;
    assert!(warnings.len() == 1 && warnings[0].contains(&two.to_string()), "{warnings:?}");
    let live = claim(&*store, one, at(90)).await;
    done(&*store, commit(&live, None, Some(moved("three"))), at(90)).await;
    assert_eq!(store.source(one).await.unwrap().unwrap().identifier, "three");
    assert!(store.run(live.run).await.unwrap().unwrap().warnings.is_empty());
    // Its old place is free again, and moving to where it is already is no collision.
    source(&*store, "one").await;
    let live = claim(&*store, one, at(180)).await;
    done(&*store, commit(&live, None, Some(moved("three"))), at(180)).await;
    assert!(store.run(live.run).await.unwrap().unwrap().warnings.is_empty());
}

pub(crate) async fn an_adaptive_schedule_is_told_the_rhythm(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    run_once(&*store, id, items("a", 40), at(1)).await;
    assert_eq!(store.source(id).await.unwrap().unwrap().facts.published, None, "nobody asked");
    let live = claim(&*store, id, at(90)).await;
    let mut adaptive = success();
    adaptive.policy.schedule = serde_json::from_str(r#"{"every":"1m","adaptive":true,"jitter":"none"}"#).unwrap();
    // The newest 32 of 40, one a minute; the same moment twice is one publication.
    let new = vec![item("new", "text", Some(at(0))), item("undated", "text", None)];
    let (_, settled) = done(&*store, commit(&live, Some(page(batch(new))), Some(adaptive)), at(90)).await;
    let published = store.source(id).await.unwrap().unwrap().facts.published.unwrap();
    assert_eq!((published.times, published.newest), (31, at(0)));
    assert_eq!(published.newest.since(published.oldest), std::time::Duration::from_secs(30 * 60));
    // Silence since then counts: 120 minutes for 31 publications is more than one a minute.
    let next = settled.unwrap().source.next_run.unwrap();
    assert!(next.at > at(92) && next.at < at(95), "{next:?}");
}

pub(crate) async fn gone_means_invalid(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    run_once(&*store, id, items("a", 1), at(1)).await;
    let live = claim(&*store, id, at(90)).await;
    done(&*store, commit(&live, None, Some(failure(Class::Gone, "410"))), at(90)).await;
    let after = store.source(id).await.unwrap().unwrap();
    assert_eq!(after.state, SourceState::Invalid { since: at(90), reason: "410".to_owned() });
    let failed = RunFilter { ending: Some(Ending::Failed), ..RunFilter::default() };
    assert_eq!(store.runs(&failed).await.unwrap().len(), 1);
    assert_eq!(store.resume(id, at(91)).await.unwrap().unwrap().state, SourceState::Active);
}
