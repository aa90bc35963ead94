//! Rates, turns at hosts, and shares of tenants.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use tidegate_core::claim::{ClaimRequest, NotClaimed};
use tidegate_core::id::SourceId;
use tidegate_core::rate::{Because, Outcome, Period, RateScope, Rates, RunRate, TurnId, Turned};

use super::Place;
use super::actor_runs::paid;
use super::world::{at, claim_as, commit, done, empty, fresh, me, named, one_of, request, source, success};
use crate::ports::{Store, TurnAsk, TurnBack};

fn rates(per_minute: u32, concurrency: u32) -> Rates {
    Rates { per_minute: NonZeroU32::new(per_minute), per_hour: None, concurrency: NonZeroU32::new(concurrency) }
}

fn feeds(rates: Rates) -> RunRate {
    let profile: tidegate_core::id::ProfileName = "feeds".parse().unwrap();
    RunRate { scope: RateScope::Profile(profile.clone()), rates, profiles: vec![profile] }
}

async fn sources(store: &dyn Store, count: usize) -> Vec<SourceId> {
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(source(store, &format!("s{n}")).await.id);
    }
    ids
}

async fn wishes(store: &dyn Store, ids: &[SourceId], rate: &RunRate) -> Vec<ClaimRequest> {
    let mut wishes = Vec::new();
    for id in ids {
        wishes.push(ClaimRequest { rates: vec![rate.clone()], ..request(store, *id, at(0)).await });
    }
    wishes
}

/// Eight who claim at once: a hundred in a minute, ten of them at once, and no two who wait are told the same time.
pub(crate) async fn a_rate_holds_however_many_claim(place: &dyn Place) {
    let store = empty(place).await;
    let ids = sources(&*store, 40).await;
    let all = wishes(&*store, &ids, &feeds(rates(100, 0))).await;
    let claims = all.chunks(5).map(|some| store.claim(some.to_vec(), at(0)));
    let answers: Vec<_> = futures_all(claims).await.into_iter().flatten().collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 10);
    let mut told = BTreeSet::new();
    for answer in answers {
        let Err(NotClaimed::Rate(refused)) = answer else { continue };
        assert_eq!((refused.period, refused.limit), (Some(Period::Minute), 100));
        assert!(refused.until > at(0) && told.insert(refused.until), "{refused:?}");
    }
    assert_eq!(told.len(), 30);
    let spent: u64 = store.ledger(at(0)).await.unwrap().iter().map(|row| row.balance.reserved).sum();
    assert_eq!(spent, 10, "who is refused reserves nothing");
    let next = wishes(&*store, &ids[39..], &feeds(rates(100, 0))).await.remove(0);
    let first = *told.first().unwrap();
    assert!(matches!(claim_as(&*store, next.clone(), at(0)).await, Err(NotClaimed::Rate(_) | NotClaimed::Taken)));
    store.close().await;
    drop(store);
    let store = place.open(me(), first).await;
    let answer = claim_as(&*store, next, first).await;
    assert!(!matches!(answer, Err(NotClaimed::Rate(_))), "its time has come: {answer:?}");
}

async fn futures_all<T, F: Future<Output = Result<Vec<T>, crate::ports::StoreError>>>(
    all: impl Iterator<Item = F>,
) -> Vec<Vec<T>> {
    let mut open: Vec<_> = all.map(Box::pin).collect();
    let mut ready: Vec<Option<Vec<T>>> = open.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, ready) in open.iter_mut().zip(&mut ready).filter(|(_, ready)| ready.is_none()) {
            if let std::task::Poll::Ready(answer) = future.as_mut().poll(context) {
                *ready = Some(answer.unwrap());
            }
        }
        if ready.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    ready.into_iter().flatten().collect()
}

pub(crate) async fn runs_at_once_are_counted(place: &dyn Place) {
    let store = empty(place).await;
    let ids = sources(&*store, 5).await;
    let all = wishes(&*store, &ids, &feeds(rates(0, 3))).await;
    let answers = store.claim(all.clone(), at(0)).await.unwrap();
    let claims: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(claims.len(), 3);
    let Err(NotClaimed::Rate(refused)) = &answers[4] else { panic!("{:?}", answers[4]) };
    assert_eq!((refused.period, refused.limit, refused.until > at(0)), (None, 3, true));
    done(&*store, commit(claims[0], None, Some(success())), at(0)).await;
    assert!(claim_as(&*store, all[3].clone(), at(0)).await.is_ok());
    assert!(claim_as(&*store, all[4].clone(), at(0)).await.is_err());

    // An account is counted over all profiles, and refuses before a budget is asked.
    let account =
        RunRate { scope: RateScope::Credential("apify".parse().unwrap()), rates: rates(0, 1), profiles: Vec::new() };
    let (one, two) = (source(&*store, "x1").await.id, source(&*store, "x2").await.id);
    let wish = |id| {
        let account = account.clone();
        let store = &store;
        async move { ClaimRequest { rates: vec![account], ..paid(&**store, id, at(0)).await } }
    };
    assert!(claim_as(&*store, wish(one).await, at(0)).await.is_ok());
    let second = ClaimRequest { reservations: vec![one_of(0)], ..wish(two).await };
    assert!(matches!(claim_as(&*store, second, at(0)).await, Err(NotClaimed::Rate(_))));
}

fn ask(host: &str, id: u64, rates: Rates) -> TurnAsk {
    TurnAsk { host: host.to_owned(), id: TurnId(id), rates }
}

fn back(host: &str, id: u64, outcome: Outcome) -> TurnBack {
    TurnBack { host: host.to_owned(), id: TurnId(id), outcome }
}

pub(crate) async fn turns_at_a_host_are_given_and_given_back(place: &dyn Place) {
    const HOST: &str = "feeds.example:443";
    let store = empty(place).await;
    let two = rates(0, 2);
    let asks = vec![ask(HOST, 1, two), ask(HOST, 2, two), ask(HOST, 3, two), ask("other.example:80", 4, two)];
    let answers = store.turns(asks, vec![], at(0)).await.unwrap();
    assert_eq!([answers[0], answers[1], answers[3]], [Turned::Go; 3]);
    assert!(matches!(answers[2], Turned::Wait { because: Because::Busy, .. }));
    let answers = store.turns(vec![ask(HOST, 3, two)], vec![back(HOST, 1, Outcome::Answered)], at(0)).await.unwrap();
    assert_eq!(answers, [Turned::Go], "what is given back is given out at once");
    assert_eq!(store.closed_hosts(at(0)).await.unwrap(), []);
    store.turns(vec![], vec![back(HOST, 2, Outcome::Told(at(5)))], at(0)).await.unwrap();
    store.close().await;
    drop(store);
    let store = place.open(me(), at(1)).await;
    let answers = store.turns(vec![ask(HOST, 5, two)], vec![], at(1)).await.unwrap();
    assert_eq!(answers, [Turned::Wait { until: at(5), because: Because::Asked }], "remembered");
    let closed = store.closed_hosts(at(1)).await.unwrap();
    assert_eq!(closed.len(), 1);
    assert_eq!((closed[0].host.as_str(), closed[0].closed_until, closed[0].asked), (HOST, Some(at(5)), true));
    assert_eq!(store.closed_hosts(at(5)).await.unwrap(), []);
    assert_eq!(store.turns(vec![ask(HOST, 5, two)], vec![], at(5)).await.unwrap(), [Turned::Go]);
}

pub(crate) async fn a_rate_at_a_host_holds_for_all(place: &dyn Place) {
    let store = empty(place).await;
    let twenty = rates(20, 0);
    let mut passed = 0;
    for second in 0..60 {
        let now = at(0).plus(Duration::from_secs(second));
        for who in 0..3 {
            let id = second * 10 + who;
            let answers = store.turns(vec![ask("a.example:443", id, twenty)], vec![], now).await.unwrap();
            passed += usize::from(answers == [Turned::Go]);
        }
    }
    assert!((18..=20).contains(&passed), "{passed}");
    let day = at(0).plus(Duration::from_secs(86_400));
    store.expire(day, 100).await.unwrap();
    assert_eq!(store.closed_hosts(day).await.unwrap(), []);
}

/// One tenant has more due than there is room for, and was first.
pub(crate) async fn tenants_get_their_share(place: &dyn Place) {
    let store = empty(place).await;
    for (tenant, count) in [("big", 20), ("mid", 2), ("small", 1)] {
        for n in 0..count {
            store.create_source(named(tenant, &format!("{tenant}{n}")), fresh(), at(0)).await.unwrap();
        }
    }
    let tenants = |found: Vec<crate::ports::Candidate>| -> Vec<String> {
        found.into_iter().map(|candidate| candidate.source.tenant.to_string()).collect()
    };
    let mut four = tenants(store.candidates(at(1), 4).await.unwrap());
    four.sort();
    assert_eq!(four.len(), 4);
    assert!(four.contains(&"mid".to_owned()) && four.contains(&"small".to_owned()), "{four:?}");
    let mut circle = BTreeSet::new();
    for _ in 0..3 {
        let one = tenants(store.candidates(at(1), 1).await.unwrap());
        assert_eq!(one.len(), 1);
        circle.extend(one);
    }
    assert_eq!(circle.len(), 3, "each has had a turn: {circle:?}");
    assert_eq!(store.candidates(at(1), 100).await.unwrap().len(), 23, "where there is room all are there");
    assert_eq!(store.candidates(at(1), 23).await.unwrap().len(), 23);
}
