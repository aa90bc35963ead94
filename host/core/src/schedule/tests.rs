//! Every rule in a table of cases, and a herd that wakes.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::activity::Activity;
use super::adaptive::{Published, Wishes};
use super::*;
use crate::limits;

const HOUR: Duration = Duration::from_secs(3_600);

fn at(text: &str) -> UtcMillis {
    UtcMillis::parse(text).unwrap()
}

fn schedule(json: &str) -> Schedule {
    serde_json::from_str(json).unwrap()
}

/// Last attempt and now.
const LAST: &str = "2026-11-21T10:00:00Z";

fn given(facts: &Facts) -> Given<'_> {
    Given { facts, last_attempt: Some(at(LAST)), now: at(LAST), min_interval: MIN_INTERVAL, dice: 0, pause: None }
}

fn due(json: &str, given: &Given<'_>) -> String {
    match schedule(json).next_run(given).due {
        Due::At(at) => at.to_string(),
        Due::Dormant => "dormant".to_owned(),
    }
}

#[test]
fn rhythms_without_any_facts() {
    let table = [
        (r#"{"every":"6h"}"#, 0, "2026-11-21T16:00:00Z"),
        (r#"{"every":"6h"}"#, u32::MAX, "2026-11-21T16:05:00Z"),
        (r#"{"every":"10m"}"#, u32::MAX, "2026-11-21T10:11:00Z"),
        (r#"{"every":"10s"}"#, 0, "2026-11-21T10:01:00Z"),
        (r#"{"every":"6h","jitter":"none"}"#, u32::MAX, "2026-11-21T16:00:00Z"),
        (r#"{"every":"6h","jitter":"1h"}"#, u32::MAX, "2026-11-21T17:00:00Z"),
        (r#"{"cron":"0 9,17 * * 1-5","timezone":"Europe/Berlin"}"#, u32::MAX, "2026-11-23T08:00:00Z"),
        (r#"{"cron":"0 * * * *"}"#, 0, "2026-11-21T11:00:00Z"),
        (r#"{"cron":"0 * * * *","jitter":"10m"}"#, u32::MAX, "2026-11-21T11:10:00Z"),
        (r#"{"cron":"0 * * * *","jitter":"2h"}"#, u32::MAX, "2026-11-21T11:30:00Z"),
        (r#"{"cron":"*/10 * * * * *"}"#, 0, "2026-11-21T10:01:00Z"),
        (r#"{"tiers":"default"}"#, 0, "2026-11-21T12:00:00Z"),
        // Nothing to adapt to.
        (r#"{"every":"6h","adaptive":true,"activity":true}"#, 0, "2026-11-21T16:00:00Z"),
    ];
    for (json, dice, expected) in table {
        assert_eq!(due(json, &Given { dice, ..given(&Facts::default()) }), expected, "{json} {dice}");
    }
}

#[test]
fn followers_decide_the_tier() {
    let own = r#"{"tiers":[{"followers":10,"every":"1m"},{"followers":3,"every":"4h"}]}"#;
    let table = [
        (r#"{"tiers":"default"}"#, Some(100), "2026-11-21T10:03:00Z"),
        (r#"{"tiers":"default"}"#, Some(7), "2026-11-21T10:30:00Z"),
        (r#"{"tiers":"default"}"#, Some(0), "dormant"),
        (r#"{"tiers":"default"}"#, None, "2026-11-21T12:00:00Z"),
        (own, Some(10), "2026-11-21T10:01:00Z"),
        (own, Some(9), "2026-11-21T14:00:00Z"),
        (own, Some(2), "dormant"),
        (r#"{"every":"1h"}"#, Some(0), "2026-11-21T11:00:00Z"),
    ];
    for (json, followers, expected) in table {
        let facts = Facts { followers, ..Facts::default() };
        assert_eq!(due(json, &given(&facts)), expected, "{json} {followers:?}");
        assert_eq!(schedule(json).is_dormant(&facts), expected == "dormant", "{json} {followers:?}");
    }
}

#[test]
fn nothing_is_faster_than_the_source_wants_or_the_profile_allows() {
    let hours = |hour: u32| at(LAST).minus(HOUR * hour);
    let every_ten_hours = Published::of([0, 10, 20, 30].map(hours));
    let silent = Published::of([200, 210, 220, 230].map(hours));
    let wishes = Wishes::default();
    let adaptive = r#"{"every":"1h","adaptive":true}"#;
    let cron = r#"{"cron":"30 * * * *","adaptive":true}"#;
    let with = |wishes| Facts { wishes, ..Facts::default() };
    let not_before = |text| Wishes { not_before: Some(at(text)), ..wishes };
    let table: [(&str, Facts, &str); 15] = [
        (adaptive, Facts { published: every_ten_hours, ..Facts::default() }, "2026-11-21T20:00:00Z"),
        (r#"{"every":"1h"}"#, Facts { published: every_ten_hours, ..Facts::default() }, "2026-11-21T11:00:00Z"),
        (
            r#"{"every":"11h","adaptive":true}"#,
            Facts { published: every_ten_hours, ..Facts::default() },
            "2026-11-21T21:00:00Z",
        ),
        (adaptive, Facts { published: silent, ..Facts::default() }, "2026-11-22T10:00:00Z"),
        (cron, Facts { published: every_ten_hours, ..Facts::default() }, "2026-11-21T20:30:00Z"),
        (adaptive, with(Wishes { ttl_ms: Some(7_200_000), ..wishes }), "2026-11-21T12:00:00Z"),
        (
            adaptive,
            with(Wishes { max_age_ms: Some(10_800_000), ttl_ms: Some(7_200_000), ..wishes }),
            "2026-11-21T13:00:00Z",
        ),
        (adaptive, with(Wishes { ttl_ms: Some(u64::MAX), ..wishes }), "2026-11-22T10:00:00Z"),
        (adaptive, with(Wishes { skip_hours: 1 << 11, ..wishes }), "2026-11-21T12:00:00Z"),
        (
            r#"{"every":"1h"}"#,
            with(Wishes { skip_hours: 1 << 11, ttl_ms: Some(u64::MAX), ..wishes }),
            "2026-11-21T11:00:00Z",
        ),
        (adaptive, with(Wishes { skip_days: 1 << 6, ..wishes }), "2026-11-22T00:00:00Z"),
        // Retry-After holds for all.
        (r#"{"every":"1h"}"#, with(not_before("2026-11-21T11:30:00Z")), "2026-11-21T11:30:00Z"),
        (r#"{"cron":"0 * * * *"}"#, with(not_before("2026-11-21T11:30:00Z")), "2026-11-21T11:30:00Z"),
        (r#"{"every":"1h"}"#, with(not_before("2030-01-01T00:00:00Z")), "2026-11-22T10:00:00Z"),
        (r#"{"every":"1h"}"#, with(not_before("2026-11-21T09:00:00Z")), "2026-11-21T11:00:00Z"),
    ];
    for (json, facts, expected) in table {
        assert_eq!(due(json, &given(&facts)), expected, "{json} {facts:?}");
    }
    let none = Facts::default();
    let slow = Given { min_interval: HOUR * 3, ..given(&none) };
    for json in [r#"{"every":"1h"}"#, r#"{"cron":"0 * * * *"}"#, r#"{"tiers":"default"}"#] {
        assert_eq!(due(json, &slow), "2026-11-21T13:00:00Z", "{json}");
    }
}

#[test]
fn a_first_attempt_is_due_at_once_and_with_cron_at_its_time() {
    let facts = Facts { followers: Some(1), ..Facts::default() };
    let table = [
        (r#"{"every":"6h"}"#, LAST),
        (r#"{"tiers":"default"}"#, LAST),
        (r#"{"cron":"0 11 * * *"}"#, "2026-11-21T11:00:00Z"),
        (r#"{"cron":"0 10 * * *"}"#, LAST),
    ];
    for (json, expected) in table {
        assert_eq!(due(json, &Given { last_attempt: None, dice: u32::MAX, ..given(&facts) }), expected, "{json}");
    }
}

#[test]
fn every_verdict_says_what_it_decided_by() {
    let facts = Facts {
        followers: Some(7),
        activity: Some(Activity::default()),
        published: Published::of([0, 1, 2, 3, 4].map(|hour| at(LAST).minus(HOUR * hour))),
        wishes: Wishes { ttl_ms: Some(1_800_000), skip_hours: 1 << 11, ..Wishes::default() },
    };
    let pause = Pause { from: at("2026-11-21T11:00:00Z"), until: at("2026-11-21T20:00:00Z"), window: HOUR };
    let asked = Given { dice: u32::MAX, now: at("2026-11-21T20:00:00Z"), pause: Some(pause), ..given(&facts) };
    let told = schedule(r#"{"tiers":"default","activity":true,"adaptive":true}"#).next_run(&asked);
    let lines: Vec<String> = told.verdicts.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "7 active followers: every 30m, more often from 10 on: due 2026-11-21T10:30:00Z",
            "activity of its followers: the hour counts 1.000: leaves it",
            "publishes every 1h (its last 5 times): due 2026-11-21T11:00:00Z",
            "asks for 30m between fetches: leaves it",
            "min_interval 1m: leaves it",
            "asks to be left alone at certain hours or days (UTC): due 2026-11-21T12:00:00Z",
            "jitter 3m: due 2026-11-21T12:03:00Z",
            "overdue when runs began again at 2026-11-21T20:00:00Z: due 2026-11-21T20:30:00Z",
        ]
    );
    let dormant = schedule(r#"{"tiers":"default"}"#).next_run(&given(&Facts { followers: Some(0), ..facts }));
    assert_eq!(dormant.verdicts.last().unwrap().to_string(), "dormant: 0 active followers, fetched from 1 on: not due");
    let cron = schedule(r#"{"cron":"0 9 * * *","timezone":"Europe/Berlin"}"#).next_run(&given(&facts));
    let told = cron.verdicts.first().unwrap().to_string();
    assert!(
        told.starts_with(r#"cron "0 9 * * *" in Europe/Berlin (then 2026-11-23T08:00:00Z): due 2026-11-22T08"#),
        "{told}"
    );
}

#[test]
fn a_clock_set_back_or_forward_runs_nothing_twice_and_loses_nothing() {
    let facts = Facts::default();
    let asked = |last: &str, now: &str| Given { last_attempt: Some(at(last)), now: at(now), ..given(&facts) };
    let (hourly, six) = (r#"{"cron":"0 * * * *"}"#, r#"{"every":"6h"}"#);
    let table = [
        // The run of 11:00 was made; the clock says 10:00 again: the next one is that of 12:00.
        (hourly, "2026-11-21T11:00:05Z", "2026-11-21T10:00:06Z", "2026-11-21T12:00:00Z"),
        // A clock that was wrong by a year does not stop a source for a year.
        (hourly, "2027-11-21T11:00:05Z", "2026-11-21T10:00:06Z", "2026-11-21T11:00:00Z"),
        (six, "2026-11-21T11:00:00Z", "2026-11-21T10:00:00Z", "2026-11-21T16:00:00Z"),
        (six, "2027-11-21T11:00:00Z", "2026-11-21T10:00:00Z", "2026-11-21T16:00:00Z"),
        // Set forward: what was due meanwhile is due now, once.
        (hourly, "2026-11-21T09:00:05Z", "2026-11-21T13:30:00Z", "2026-11-21T10:00:00Z"),
        (six, "2026-11-20T09:00:00Z", "2026-11-21T13:30:00Z", "2026-11-20T15:00:00Z"),
    ];
    for (json, last, now, expected) in table {
        assert_eq!(due(json, &asked(last, now)), expected, "{json} {last} {now}");
    }
}

/// A year and a month in three zones, each of which changes its clocks both ways: one run on each day of the wall, at its time, or
/// where the change skips that, right after it.
#[test]
fn a_daily_run_is_daily_over_both_changes_in_three_zones() {
    for (zone, time, skipped_to) in [
        ("Europe/Berlin", "30 2 * * *", "03:00"),
        ("America/New_York", "30 2 * * *", "03:00"),
        ("Australia/Sydney", "30 2 * * *", "03:00"),
    ] {
        let schedule = schedule(&format!(r#"{{"cron":"{time}","timezone":"{zone}"}}"#));
        let clock = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap();
        let facts = Facts::default();
        let mut ended = at("2026-01-01T12:00:00Z");
        let (mut days, mut odd) = (Vec::new(), Vec::new());
        for _ in 0..400 {
            // Asked right after the end, and each attempt takes a minute and a half.
            let given = Given { last_attempt: Some(ended), now: ended, ..given(&facts) };
            let due = schedule.next_run(&given).due.at().unwrap();
            let wall = clock.to_datetime(jiff::Timestamp::from_millisecond(due.as_millis()).unwrap());
            days.push(wall.date());
            if wall.time() != jiff::civil::time(2, 30, 0, 0) {
                odd.push(wall.time().to_string());
            }
            ended = due.plus(Duration::from_secs(90));
        }
        assert!(
            days.windows(2).all(|pair| pair[0].tomorrow().unwrap() == pair[1]),
            "{zone}: a day is left out or comes twice"
        );
        assert!(odd.iter().all(|time| time.starts_with(skipped_to)) && (1..=2).contains(&odd.len()), "{zone}: {odd:?}");
    }
}

#[test]
fn a_hundred_thousand_that_slept_eight_hours_wake_evenly() {
    let (asleep, awake) = (at("2026-11-21T00:00:00Z"), at("2026-11-21T08:00:00Z"));
    let pause = Pause { from: asleep, until: awake, window: limits::CATCH_UP_WINDOW };
    let facts = Facts::default();
    let six = schedule(r#"{"every":"6h"}"#);
    let hourly = schedule(r#"{"cron":"0 * * * *"}"#);
    let mut minutes = [0_u32; 10];
    for source in 0..100_000_u32 {
        // Every one was due once to eight times meanwhile. Fibonacci hashing stands in for a uniform dice.
        let dice = source.wrapping_mul(2_654_435_769);
        let last = asleep.minus(Duration::from_millis(u64::from(dice) % 21_000_000));
        let schedule = if source % 2 == 0 { &six } else { &hourly };
        let asked = Given { last_attempt: Some(last), now: awake, dice, pause: Some(pause), ..given(&facts) };
        let due = schedule.next_run(&asked).due.at().unwrap();
        assert!(due >= awake, "{due}");
        let minute = usize::try_from(due.since(awake).as_millis() / 60_000).unwrap().min(9);
        minutes[minute] += 1;
        if source % 16 > 1 {
            continue;
        }
        let later = Given { now: awake.plus(HOUR), ..asked };
        assert_eq!(schedule.next_run(&later).due.at(), Some(due), "asking again moves nothing");
        // Once: after its run it is back at its rhythm.
        let ran = Given { last_attempt: Some(due), now: due, ..asked };
        assert!(schedule.next_run(&ran).due.at().unwrap() > awake.plus(limits::CATCH_UP_WINDOW));
    }
    assert_eq!(minutes.iter().sum::<u32>(), 100_000, "none is lost");
    assert!(minutes.iter().all(|count| (9_500..=10_500).contains(count)), "{minutes:?}");
}

#[test]
fn a_short_pause_is_caught_up_in_as_short_a_time() {
    let pause =
        |seconds: u64| Pause { from: at(LAST), until: at(LAST).plus(Duration::from_secs(seconds)), window: HOUR };
    let overdue = at(LAST).minus(HOUR);
    let table = [
        (10, None, "2026-11-21T10:00:20Z"),
        (600, None, "2026-11-21T10:20:00Z"),
        (36_000, None, "2026-11-21T21:00:00Z"),
        (36_000, Some(180), "2026-11-21T20:03:00Z"),
    ];
    for (seconds, interval, latest) in table {
        let pause = pause(seconds);
        let interval = interval.map(Duration::from_secs);
        assert_eq!(pause.spread(overdue, interval, u32::MAX), at(latest), "{seconds}");
        assert_eq!(pause.spread(overdue, interval, 0), pause.until);
        let later = pause.until.plus(Duration::from_millis(1));
        assert_eq!(pause.spread(later, interval, u32::MAX), later, "what is not overdue keeps its time");
    }
}

#[test]
fn runs_are_counted_up_to_a_time() {
    let (every, none) = ("{\"every\":\"6h\"}", Facts::default());
    let followed = |count| Facts { followers: Some(count), ..none };
    let tiers = r#"{"tiers":"default"}"#;
    let weekdays = r#"{"cron":"0 9,17 * * 1-5"}"#;
    let table = [
        (every, none, "1m", "2026-11-21T10:00:00Z", 0, "2026-11-21T10:00:00Z"),
        (every, none, "1m", "2026-11-21T10:00:01Z", 1, "2026-11-21T16:00:00Z"),
        (every, none, "1m", "2026-11-22T10:00:00Z", 4, "2026-11-22T10:00:00Z"),
        (every, none, "1m", "2026-11-22T10:00:01Z", 5, "2026-11-22T16:00:00Z"),
        (r#"{"every":"1m"}"#, none, "1h", "2026-11-21T12:30:00Z", 3, "2026-11-21T13:00:00Z"),
        (every, none, "1m", "2026-11-20T10:00:00Z", 0, "2026-11-21T10:00:00Z"),
        (tiers, followed(100), "1m", "2026-11-21T11:00:00Z", 20, "2026-11-21T11:00:00Z"),
        (tiers, followed(1), "1m", "2026-11-21T11:00:00Z", 1, "2026-11-21T12:00:00Z"),
        (tiers, none, "1m", "2026-11-21T11:00:00Z", 20, "2026-11-21T11:00:00Z"),
        (tiers, followed(0), "1m", "2026-11-21T11:00:00Z", 0, "2026-11-21T11:00:00Z"),
        (weekdays, none, "1m", "2026-11-30T00:00:00Z", 11, "2026-11-30T09:00:00Z"),
        (r#"{"cron":"* * * * *"}"#, none, "1m", "2026-11-21T11:00:00Z", 60, "2026-11-21T11:00:00Z"),
        (r#"{"cron":"* * * * *"}"#, none, "2m", "2026-11-21T11:00:00Z", 30, "2026-11-21T11:00:00Z"),
        // More than are counted one by one.
        (r#"{"cron":"* * * * *"}"#, none, "1m", "2026-12-21T10:00:00Z", 43_200, "2026-12-21T10:00:00Z"),
        (r#"{"cron":"* * * * * *"}"#, none, "1s", "2026-11-22T10:00:00Z", 86_400, "2026-11-22T10:00:00Z"),
    ];
    for (json, facts, least, until, runs, next) in table {
        let least: Span = least.parse().unwrap();
        let counted = schedule(json).most_runs(at(LAST), at(until), least.duration(), &facts);
        assert_eq!(counted, (runs, at(next)), "{json} {least} {until}");
    }
}

#[test]
fn what_is_stored_is_what_was_written() {
    for json in [
        r#"{"every":"6h"}"#,
        r#"{"every":"1h30m","activity":true,"adaptive":true,"jitter":"none"}"#,
        r#"{"cron":"0 9,17 * * 1-5","timezone":"Europe/Berlin"}"#,
        r#"{"cron":"@daily","timezone":"UTC","adaptive":true,"jitter":"2m"}"#,
        r#"{"tiers":"default","activity":true}"#,
        r#"{"tiers":[{"followers":100,"every":"3m"},{"followers":1,"every":"1d"}]}"#,
    ] {
        let read = schedule(json);
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
    assert_eq!(schedule(r#"{"cron":"@daily"}"#), schedule(r#"{"cron":"@daily","timezone":"utc"}"#));
    let shown = [
        (r#"{"every":"90m"}"#, "every 1h30m"),
        (
            r#"{"cron":"0 9 * * *","timezone":"Europe/Berlin","jitter":"2m"}"#,
            "cron \"0 9 * * *\" (Europe/Berlin), jitter up to 2m",
        ),
        (
            r#"{"tiers":"default","activity":true,"adaptive":true,"jitter":"none"}"#,
            "tiers, activity, adaptive, no jitter",
        ),
    ];
    for (json, text) in shown {
        assert_eq!(schedule(json).to_string(), text);
    }
}

#[test]
fn what_is_wrong_is_refused_with_the_remedy() {
    let table = [
        ("{}", "one of every, cron and tiers; this one has none"),
        (r#"{"every":"1h","cron":"@daily"}"#, "has several of them"),
        (r#"{"evry":"1h"}"#, "did you mean \"every\"?"),
        (r#"{"every":"1h","min_interval":"1m"}"#, "known: every, cron, timezone"),
        (r#"{"every":"soon"}"#, "a unit needs a number before it"),
        (r#"{"every":"1h","timezone":"UTC"}"#, "timezone belongs to cron"),
        (r#"{"cron":"@daily","activity":true}"#, "activity belongs to every and tiers"),
        (r#"{"cron":"61 * * * *"}"#, "column 1: minutes: 61 is out of range"),
        (r#"{"cron":"@daily","timezone":"Berlin"}"#, "not in the IANA time zone database"),
        (r#"{"tiers":"mine"}"#, "write \"default\" or a list"),
        (r#"{"tiers":5}"#, "tiers is \"default\" or a list"),
        (r#"{"tiers":[]}"#, "it needs 1 to 16"),
        (r#"{"every":"1h","jitter":"5"}"#, "the unit is missing"),
        (r#"{"every":"1h","adaptive":"yes"}"#, "expected a boolean"),
        ("[]", "expected a map"),
    ];
    for (json, message) in table {
        let error = serde_json::from_str::<Schedule>(json).unwrap_err().to_string();
        assert!(error.contains(message), "{json}: {error}");
    }
}
