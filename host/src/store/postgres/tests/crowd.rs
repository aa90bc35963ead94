//! Many daemons on one database.

use std::collections::BTreeMap;

use super::*;
use crate::ports::{Committed, RunFilter, RunStage};

/// Sixteen daemons, all of which want all that is due; a third of what they claim dies with them. The budget is used up and
/// not passed, and no source has two live runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_daemons_share_a_budget() {
    const SOURCES: u128 = 400;
    const LIMIT: u64 = 150;
    let Some(place) = Served::new().await else { return };
    let first = place.daemon().await;
    for n in 1..=SOURCES {
        let (new, run) = new_source(n);
        first.create_source(new, run, noon()).await.unwrap();
    }
    let daemons: Vec<_> = (0..16)
        .map(|daemon| {
            let url = place.url();
            tokio::spawn(async move {
                let store = PostgresStore::open(&url, 2, noon()).await.unwrap();
                let mut claims = Vec::new();
                for start in 0..SOURCES / 20 {
                    // Each begins elsewhere, and all meet.
                    let wanted = (0..20).map(|n| (daemon * 25 + start * 20 + n) % SOURCES + 1);
                    let requests = wanted.map(|n| first_run(n, daemon, LIMIT)).collect();
                    let made = store.claim(requests, noon()).await.unwrap();
                    for claim in made.into_iter().filter_map(Result::ok) {
                        if claim.source.id.bits() % 3 != 0 {
                            let done = store.commit(end_of(&claim), noon()).await.unwrap();
                            assert!(matches!(done, Committed::Done { .. }));
                        }
                        claims.push(claim);
                    }
                }
                store.close().await;
                claims
            })
        })
        .collect();
    let mut runs = BTreeMap::new();
    for daemon in daemons {
        for claim in daemon.await.unwrap() {
            assert!(runs.insert(claim.run, claim.generation).is_none(), "claimed twice: {claim:?}");
        }
    }
    assert_eq!(u64::try_from(runs.len()).unwrap(), LIMIT, "all that was granted, and not one more");
    let balance = first.ledger(noon()).await.unwrap()[0].balance;
    assert_eq!(balance.reserved + balance.spent, LIMIT);
    assert_eq!(first.check().await.unwrap(), Vec::<String>::new());
    let live = RunFilter { stage: Some(RunStage::Running), limit: 1000, ..RunFilter::default() };
    assert_eq!(u64::try_from(first.runs(&live).await.unwrap().len()).unwrap(), balance.reserved);
    // The leases of those that died pass, and one of the others takes each up, once.
    let later = noon().plus(limits::LEASE * 2);
    let stuck = first.stuck(DaemonId::from_bits(1), later, 1000).await.unwrap();
    assert_eq!(u64::try_from(stuck.len()).unwrap(), balance.reserved);
    let second = place.daemon().await;
    for one in stuck {
        let (a, b) = tokio::join!(
            first.requeue(one.run, one.generation, true, later, later),
            second.requeue(one.run, one.generation, true, later, later)
        );
        assert!(a.unwrap() ^ b.unwrap(), "one of the two");
    }
    let balance = first.ledger(noon()).await.unwrap()[0].balance;
    assert_eq!((balance.reserved, balance.spent), (0, LIMIT));
}

#[tokio::test]
async fn what_one_process_adds_wakes_the_other() {
    let Some(place) = Served::new().await else { return };
    let (daemon, person) = (place.daemon().await, place.daemon().await);
    // Being connected counts as being told.
    daemon.woken().await;
    let (new, run) = new_source(1);
    person.create_source(new, run, noon()).await.unwrap();
    daemon.woken().await;
    person.pause(SourceId::from_bits(1), tidegate_core::source::PausedBy::Operator, "", noon()).await.unwrap();
    person.resume(SourceId::from_bits(1), noon()).await.unwrap();
    daemon.woken().await;
}

/// The lower bound hides nothing for long: what becomes due below it is found when the index is next read from its beginning.
#[tokio::test]
async fn a_look_for_due_sources_begins_where_the_last_one_did() {
    let Some(place) = Served::new().await else { return };
    let (store, other) = (place.daemon().await, place.daemon().await);
    let create = async |n: u128, at: UtcMillis| {
        let (new, run) = new_source(n);
        other.create_source(new, run, at).await.unwrap();
    };
    let minute = |n: u64| noon().plus(std::time::Duration::from_secs(n * 60));
    for n in 1..=4 {
        create(n, minute(u64::try_from(n).unwrap())).await;
    }
    let due = async |now| {
        let found = store.candidates(now, 2).await.unwrap();
        found.into_iter().map(|one| one.source.id.bits()).collect::<Vec<_>>()
    };
    assert_eq!(due(minute(9)).await, [1, 2]);
    create(5, minute(0)).await;
    assert_eq!(due(minute(9)).await, [1, 2], "from where the last look began");
    assert_eq!(due(minute(9).plus(limits::PG_WHOLE_LOOK)).await, [5, 1]);
    // Less than was asked for: it looks from the beginning at once.
    let all = store.candidates(minute(9).plus(limits::PG_WHOLE_LOOK), 9).await.unwrap();
    assert_eq!(all.len(), 5);
}

/// Plans that are kept are made while a new database is empty, those of foreign keys too.
#[tokio::test]
async fn no_table_of_a_new_database_is_walked_over() {
    let Some(place) = Served::new().await else { return };
    let store = place.daemon().await;
    for n in 1..=60 {
        let (new, run) = new_source(n);
        store.create_source(new, run, noon()).await.unwrap();
    }
    for batch in 0..6 {
        let due = store.candidates(noon(), 10).await.unwrap();
        assert_eq!(due.len(), 10, "batch {batch}");
        let requests = due.iter().map(|one| first_run(one.source.id.bits(), 1, 1_000)).collect();
        for claim in store.claim(requests, noon()).await.unwrap() {
            let done = store.commit(end_of(&claim.unwrap()), noon()).await.unwrap();
            assert!(matches!(done, Committed::Done { .. }));
        }
    }
    // Its sessions tell what they have read when they end.
    store.close().await;
    let sql =
        "SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables WHERE relname IN ('run', 'source')";
    assert_eq!(ask(&place.url(), sql).await, 0);
}
