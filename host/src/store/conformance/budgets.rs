//! Budgets: reserved with the claim, settled with the end, never over.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tidegate_core::budget::{Balance, Measure, Reservation, Scope, Window};
use tidegate_core::claim::{ClaimRequest, NotClaimed};
use tidegate_core::id::SourceId;
use tidegate_core::time::UtcMillis;
use tidegate_core::zone::Zone;

use super::Place;
use super::world::{at, claim, claim_as, commit, done, empty, one_of, request, source, success};
use crate::ports::Store;

/// One run of the day for the cases' profile, of at most so many.
fn one_of_profile(limit: u64) -> Reservation {
    let scope = Scope::Profile("acme".parse().unwrap(), "feeds".parse().unwrap());
    Reservation {
        window: Window { scope, measure: Measure::RunsPerDay, start: at(0).day_start(), zone: Zone::UTC },
        amount: 1,
        limit,
    }
}

pub(crate) async fn a_full_window_refuses_and_books_nothing(place: &dyn Place) {
    let store = empty(place).await;
    let mut requests = Vec::new();
    for n in 0..4 {
        let id = source(&*store, &n.to_string()).await.id;
        let wish = request(&*store, id, at(1)).await;
        requests.push(ClaimRequest { reservations: vec![one_of(100), one_of_profile(2)], ..wish });
    }
    let answers = store.claim(requests.clone(), at(1)).await.unwrap();
    assert!(answers[0].is_ok() && answers[1].is_ok());
    for answer in &answers[2..] {
        let balance = Balance { reserved: 2, spent: 0 };
        assert_eq!(*answer, Err(NotClaimed::Budget { reservation: one_of_profile(2), balance }));
    }
    let ledger = store.ledger(at(1)).await.unwrap();
    assert_eq!(ledger.len(), 2);
    assert!(ledger.iter().all(|row| (row.balance.reserved, row.balance.spent) == (2, 0)), "{ledger:?}");
    assert_eq!(store.candidates(at(1), 10).await.unwrap().len(), 2);
    // The limit is what holds now, not what held then.
    let raised = ClaimRequest { reservations: vec![one_of(100), one_of_profile(3)], ..requests[2].clone() };
    assert!(claim_as(&*store, raised, at(1)).await.is_ok());
    let absurd = Reservation { amount: u64::MAX, limit: u64::MAX, ..one_of(1) };
    let greedy = ClaimRequest { reservations: vec![absurd.clone()], ..requests[3].clone() };
    let balance = Balance { reserved: 3, spent: 0 };
    assert_eq!(claim_as(&*store, greedy, at(1)).await, Err(NotClaimed::Budget { reservation: absurd, balance }));
}

pub(crate) async fn what_is_reserved_is_settled(place: &dyn Place) {
    let store = empty(place).await;
    let id = source(&*store, "one").await.id;
    let balance =
        async || store.ledger(at(1)).await.unwrap().first().map(|row| (row.balance.reserved, row.balance.spent));
    assert_eq!(balance().await, None);
    let live = claim(&*store, id, at(1)).await;
    assert_eq!(balance().await, Some((1, 0)));
    done(&*store, commit(&live, None, None), at(1)).await;
    assert_eq!(balance().await, Some((1, 0)));
    done(&*store, commit(&live, None, Some(success())), at(1)).await;
    assert_eq!(balance().await, Some((0, 1)));
    assert_eq!(store.ledger(at(60 * 24)).await.unwrap(), [], "tomorrow is another window");
}

/// Several tasks claim, end and give back as their dice say; whatever they do, the window is never over, and in the end
/// nothing is reserved.
pub(crate) async fn concurrent_claims_stay_within(place: &dyn Place) {
    const LIMIT: u64 = 25;
    let store = empty(place).await;
    let mut sources = Vec::new();
    for n in 0..12 {
        sources.push(source(&*store, &n.to_string()).await.id);
    }
    let tasks: Vec<_> =
        (0..6).map(|seed| tokio::spawn(play(Arc::clone(&store), sources.clone(), LIMIT, seed))).collect();
    let mut ended = 0;
    for task in tasks {
        ended += task.await.unwrap();
    }
    let balance = store.ledger(at(1)).await.unwrap()[0].balance;
    assert_eq!((balance.reserved, balance.spent), (0, ended));
    assert_eq!(ended, LIMIT, "there was enough to do to reach the limit");
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

/// Gives how many runs it has ended.
async fn play(store: Arc<dyn Store>, sources: Vec<SourceId>, limit: u64, seed: u64) -> u64 {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut ended = 0;
    for _ in 0..40 {
        let mut requests = Vec::new();
        for _ in 0..dice.random_range(1..4) {
            let wish = request(&*store, sources[dice.random_range(0..sources.len())], at(1000)).await;
            requests.push(ClaimRequest { reservations: vec![one_of(limit)], ..wish });
        }
        let answers = store.claim(requests, at(1000)).await.unwrap();
        for claim in answers.into_iter().filter_map(Result::ok) {
            within(&*store, limit).await;
            if dice.random_bool(0.3) {
                assert!(store.requeue(claim.run, claim.generation, false, at(0), at(1000)).await.unwrap());
            } else {
                done(&*store, commit(&claim, None, Some(success())), at(900)).await;
                // Due again at once, for more to do.
                store.pause(claim.source.id, tidegate_core::source::PausedBy::Operator, "", at(900)).await.unwrap();
                store.resume(claim.source.id, at(900)).await.unwrap();
                ended += 1;
            }
            within(&*store, limit).await;
        }
    }
    ended
}

async fn within(store: &dyn Store, limit: u64) {
    for row in store.ledger(at(1)).await.unwrap() {
        assert!(row.balance.reserved + row.balance.spent <= limit, "{row:?}");
    }
}

/// Berlin's days begin at another instant than Greenwich's, and end by its clock: this one has 25 hours.
pub(crate) async fn windows_end_by_their_own_clock(place: &dyn Place) {
    let store = empty(place).await;
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let utc = |text: &str| UtcMillis::parse(text).unwrap();
    let noon = utc("2026-10-25T12:00:00Z");
    let scope = || Scope::Tenant("acme".parse().unwrap());
    let window = |measure| Window::at(scope(), measure, &zone, noon);
    let need = |measure| Reservation { window: window(measure), amount: 1, limit: 2 };
    let id = source(&*store, "one").await.id;
    let both = vec![one_of(100), need(Measure::RunsPerDay), need(Measure::UsdPerMonth)];
    let wish = ClaimRequest { reservations: both, ..request(&*store, id, at(1)).await };
    let live = claim_as(&*store, wish, noon).await.unwrap();
    done(&*store, commit(&live, None, Some(success())), noon).await;
    let open = async |now: &str| {
        let ledger = store.ledger(utc(now)).await.unwrap();
        let told =
            |row: &crate::ports::LedgerRow| (row.window.measure.word(), row.window.zone.to_string(), row.window.end());
        ledger.iter().filter(|row| row.window.scope == scope()).map(told).collect::<Vec<_>>()
    };
    let day = ("runs-per-day", "Europe/Berlin".to_owned(), utc("2026-10-25T23:00:00Z"));
    let month = ("usd-per-month", "Europe/Berlin".to_owned(), utc("2026-10-31T23:00:00Z"));
    assert_eq!(open("2026-10-24T22:00:00Z").await, [month.clone(), day.clone()]);
    assert_eq!(open("2026-10-25T22:59:59Z").await, [month.clone(), day]);
    assert_eq!(open("2026-10-25T23:00:00Z").await, [month]);
    assert_eq!(open("2026-10-31T23:00:00Z").await, []);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
