//! Rates by table and by property.
#![expect(clippy::unwrap_used, reason = "tests")]

use core::num::NonZeroU32;
use core::time::Duration;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::limits;
use crate::time::UtcMillis;

fn at(millis: i64) -> UtcMillis {
    UtcMillis::from_millis(1_800_000_000_000 + millis)
}

fn rates(per_minute: u32, per_hour: u32, concurrency: u32) -> Rates {
    Rates {
        per_minute: NonZeroU32::new(per_minute),
        per_hour: NonZeroU32::new(per_hour),
        concurrency: NonZeroU32::new(concurrency),
    }
}

/// The most of these instants that lie in any stretch of that length.
fn most_within(passed: &[i64], length: Duration) -> usize {
    let length = i64::try_from(length.as_millis()).unwrap();
    let within = |from: &i64| passed.iter().filter(|at| (*from..from + length).contains(at)).count();
    passed.iter().map(within).max().unwrap_or(0)
}

proptest! {
    /// Whenever one asks: no minute and no hour ever sees more than was allowed; and who asks again when told to passes.
    #[test]
    fn no_stretch_sees_more_than_was_allowed(
        minute in 0_u32..70, hour in 0_u32..400, gaps in prop::collection::vec(0_i64..20_000, 1..400),
    ) {
        let rates = rates(minute, hour, 0);
        let (mut pace, mut now, mut passed) = (Pace::default(), 0, Vec::new());
        for gap in gaps {
            now += gap;
            match pace.take(&rates, at(now)) {
                Ok(()) => passed.push(now),
                Err((until, _)) => {
                    prop_assert!(until > at(now));
                    prop_assert!(pace.take(&rates, until.minus(Duration::from_millis(1))).is_err());
                    let mut later = pace;
                    prop_assert!(later.take(&rates, until).is_ok());
                }
            }
        }
        for (limit, period) in [(minute, Period::Minute), (hour, Period::Hour)] {
            if limit > 0 {
                prop_assert!(most_within(&passed, period.length()) <= usize::try_from(limit).unwrap());
            }
        }
    }
}

#[test]
fn a_rate_is_used_to_nine_tenths_and_a_tenth_comes_at_once() {
    for (limit, at_once) in [(1, 1), (2, 1), (10, 1), (11, 2), (60, 6), (100, 10), (600, 60)] {
        let rates = rates(limit, 0, 0);
        let (mut pace, mut now, mut passed) = (Pace::default(), at(0), Vec::new());
        while now < at(600_000) {
            match pace.take(&rates, now) {
                Ok(()) => passed.push(now.as_millis()),
                Err((until, period)) => {
                    assert_eq!(period, Period::Minute);
                    now = until;
                }
            }
        }
        let first = passed.iter().filter(|at| **at == passed[0]).count();
        assert_eq!(first, at_once, "{limit}");
        assert!(passed.len() * 10 >= usize::try_from(limit).unwrap() * 10 * 9, "{limit}: {}", passed.len());
        assert!(most_within(&passed, Duration::from_secs(60)) <= usize::try_from(limit).unwrap(), "{limit}");
    }
}

#[test]
fn a_clock_set_back_keeps_nobody_waiting_for_long() {
    let rates = rates(10, 0, 0);
    let mut pace = Pace::default();
    pace.take(&rates, at(3_600_000)).unwrap();
    let (until, _) = pace.take(&rates, at(0)).unwrap_err();
    assert!(until <= at(12_000), "{until}");
    assert_eq!(Pace::interval(&rates), Duration::from_secs(6));
}

fn feeds(rates: Rates) -> RunRate {
    RunRate { scope: RateScope::Profile("feeds".parse().unwrap()), rates, profiles: Vec::new() }
}

/// A thousand are due at once, sixty a minute may run: each is put off once or twice, not a thousand times.
#[test]
fn those_who_wait_stand_in_line() {
    let rate = [feeds(rates(60, 0, 0))];
    let mut due: BTreeMap<UtcMillis, Vec<u32>> = BTreeMap::from([(at(0), (0..1_000).collect())]);
    let (mut line, mut asked, mut passed) = (Line::default(), 0, Vec::new());
    while let Some((now, sources)) = due.pop_first() {
        for source in sources {
            asked += 1;
            match line.ask(&rate, now) {
                Ok(()) => {
                    line.take(&rate, now);
                    passed.push(now.as_millis());
                }
                Err(refused) => {
                    assert_eq!((refused.period, refused.limit), (Some(Period::Minute), 60));
                    assert!(refused.until > now && refused.until <= now.plus(2 * limits::RATE_LINE), "{refused:?}");
                    due.entry(refused.until).or_default().push(source);
                }
            }
        }
    }
    assert_eq!(passed.len(), 1_000);
    assert!(asked < 3_000, "{asked}");
    assert!(most_within(&passed, Duration::from_secs(60)) <= 60);
    assert!(passed[999] - passed[0] < 20 * 60_000, "the rate is used");
    assert_eq!(line.changed().count(), 1);
}

#[test]
fn a_run_has_to_fit_into_all_its_rates_or_takes_of_none() {
    let account =
        RunRate { scope: RateScope::Credential("apify".parse().unwrap()), rates: rates(0, 0, 2), profiles: Vec::new() };
    let both = [feeds(rates(600, 0, 0)), account.clone()];
    let mut line = Line::default();
    line.put_under_way(account.scope.clone(), 1);
    line.ask(&both, at(0)).unwrap();
    line.take(&both, at(0));
    let before: Vec<_> = line.changed().map(|(scope, place)| (scope.clone(), *place)).collect();
    let refused = line.ask(&both, at(0)).unwrap_err();
    assert_eq!(refused, Refused { scope: account.scope, period: None, limit: 2, until: at(10_000) });
    assert_eq!(line.changed().map(|(scope, place)| (scope.clone(), *place)).collect::<Vec<_>>(), before);
    line.ask(&[feeds(Rates::default())], at(0)).unwrap();
}

fn go(host: &mut HostState, id: u64, rates: &Rates, now: UtcMillis) -> bool {
    host.ask(TurnId(id), rates, now) == Turned::Go
}

#[test]
fn turns_are_given_back_or_taken_back() {
    let two = rates(0, 0, 2);
    let mut host = HostState::default();
    assert!(go(&mut host, 1, &two, at(0)) && go(&mut host, 2, &two, at(1_000)));
    let wait = Turned::Wait { until: at(1_200), because: Because::Busy };
    assert_eq!(host.ask(TurnId(3), &two, at(1_000)), wait);
    host.give_back(TurnId(1), Outcome::Answered, at(1_100));
    assert!(go(&mut host, 3, &two, at(1_100)));
    // The daemon of the second one has died.
    assert!(!go(&mut host, 4, &two, at(20_999)));
    assert!(go(&mut host, 4, &two, at(21_000)));
    assert_eq!(host.under_way(at(21_000)), 2);
}

#[test]
fn a_request_that_lasts_keeps_its_turn_as_long_as_somebody_speaks_for_it() {
    let one = rates(0, 0, 1);
    let mut host = HostState::default();
    assert!(go(&mut host, 1, &one, at(0)));
    for beat in 1..=12 {
        host.give_back(TurnId(1), Outcome::Pending, at(beat * 5_000));
        assert!(!go(&mut host, 2, &one, at(beat * 5_000 + 4_999)));
    }
    assert!(go(&mut host, 2, &one, at(80_000)), "nobody has spoken for 20 s");
    host.give_back(TurnId(1), Outcome::Pending, at(80_001));
    assert_eq!(host.under_way(at(80_001)), 1, "it is another one's by now");
}

#[test]
fn a_host_that_asks_to_be_left_alone_is() {
    let mut host = HostState::default();
    assert!(go(&mut host, 1, &Rates::default(), at(0)) && go(&mut host, 2, &Rates::default(), at(0)));
    host.give_back(TurnId(1), Outcome::Told(at(60_000)), at(10));
    host.give_back(TurnId(2), Outcome::Told(at(30_000)), at(20));
    let wait = Turned::Wait { until: at(60_000), because: Because::Asked };
    assert_eq!(host.ask(TurnId(3), &Rates::default(), at(59_999)), wait);
    assert!(go(&mut host, 3, &Rates::default(), at(60_000)));
    host.give_back(TurnId(3), Outcome::Told(at(86_400_000)), at(60_000));
    let most = at(60_000).plus(limits::GATE_MOST);
    assert_eq!(host.closed(at(60_001)).unwrap().0, Closed { until: most, asked: true });
}

#[test]
fn a_host_that_only_fails_rests_ever_longer_and_one_goes_ahead() {
    let mut host = HostState::default();
    let (mut now, mut rests) = (at(0), Vec::new());
    for id in 0..limits::HOST_FAILURES - 1 {
        assert!(go(&mut host, id.into(), &Rates::default(), now));
        host.give_back(TurnId(id.into()), Outcome::Failed, now);
    }
    for id in 100..107 {
        assert!(go(&mut host, id, &Rates::default(), now));
        if id > 100 {
            assert!(!go(&mut host, 99, &Rates::default(), now), "one at a time, while it is tried");
        }
        host.give_back(TurnId(id), Outcome::Failed, now);
        // Late news of the same trouble.
        host.give_back(TurnId(98), Outcome::Failed, now);
        let (closed, _) = host.closed(now).unwrap();
        assert!(!closed.asked);
        rests.push(closed.until.since(now).as_secs());
        assert!(!go(&mut host, 99, &Rates::default(), closed.until.minus(Duration::from_millis(1))));
        now = closed.until;
    }
    assert_eq!(rests, [30, 60, 120, 240, 480, 600, 600]);
    assert!(go(&mut host, 200, &Rates::default(), now));
    host.give_back(TurnId(200), Outcome::Answered, now);
    assert!((300..320).all(|id| go(&mut host, id, &Rates::default(), now)));
}

#[test]
fn a_host_keeps_its_state_as_text() {
    let mut host = HostState::default();
    host.ask(TurnId(7), &rates(5, 5, 5), at(0));
    host.give_back(TurnId(8), Outcome::Told(at(1_000)), at(0));
    let text = serde_json::to_string(&host).unwrap();
    assert_eq!(serde_json::from_str::<HostState>(&text).unwrap(), host);
    assert_eq!(serde_json::from_str::<HostState>("{}").unwrap(), HostState::default());
}

#[test]
fn the_nearest_word_about_a_host_holds() {
    let named = BTreeMap::from([
        ("api.example.com".to_owned(), rates(1, 0, 0)),
        ("*.example.com".to_owned(), rates(2, 0, 0)),
        ("*.com".to_owned(), rates(3, 0, 9)),
    ]);
    let hosts = HostRates { default: rates(7, 0, 4), named };
    for (host, per_minute, concurrency) in [
        ("api.example.com", 1, 4),
        ("API.Example.COM.", 1, 4),
        ("www.example.com", 2, 4),
        ("a.b.example.com", 2, 4),
        ("example.com", 3, 9),
        ("example.org", 7, 4),
        ("127.0.0.1", 7, 4),
    ] {
        assert_eq!(hosts.of(host), rates(per_minute, 0, concurrency), "{host}");
    }
    assert_eq!(rates(1, 2, 3).to_string(), "1 per minute, 2 per hour, 3 at once");
    assert_eq!(Rates::default().to_string(), "no limit");
}
